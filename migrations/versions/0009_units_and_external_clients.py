"""Units of tokens and clients, single permissions as scopes, and software that another issuer vouches for.

Revision 0009. The types are written out here: what the code declares tomorrow must not change history.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# SQLite gives a row number only to a column declared INTEGER.
_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# timestamptz on PostgreSQL; whole microseconds since 1970 on SQLite.
_TIME = sa.BigInteger().with_variant(sa.DateTime(timezone=True), "postgresql")


def upgrade() -> None:
    """Widen scopes, add units, and make the table of external clients."""
    for table in ("tokens", "clients"):
        # SQLite changes no column: the table is written anew, and holds few rows.
        with op.batch_alter_table(table) as batch:
            batch.alter_column("scopes", existing_type=sa.String(200), existing_nullable=False, type_=sa.String(1000))
            batch.add_column(sa.Column("units", sa.Text(), nullable=False, server_default=sa.text("''")))
    op.create_table(
        "external_clients",
        sa.Column("id", _ID, nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("agency", sa.String(60), nullable=False),
        sa.Column("issuer", sa.String(500), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("scopes", sa.String(1000), nullable=False),
        sa.Column("units", sa.Text(), nullable=False, server_default=sa.text("''")),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("revoked_at", _TIME),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_external_clients")),
        sa.UniqueConstraint("name", name=op.f("uq_external_clients_name")),
    )
    op.create_index(
        "uq_external_clients_living",
        "external_clients",
        ["issuer", "subject"],
        unique=True,
        postgresql_where=sa.text("revoked_at IS NULL"),
        sqlite_where=sa.text("revoked_at IS NULL"),
    )


def downgrade() -> None:
    """Refuse: whoever was of some units only would be of the whole province.

    Raises:
        RuntimeError: always.
    """
    message = "this migration is not undone, it would give units' software the whole province; restore a backup instead"
    raise RuntimeError(message)
