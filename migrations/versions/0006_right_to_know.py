"""Right to know: the log by whom an entry is about, questions by person, disclosures that are told later.

Revision 0006. The types are written out here: what the code declares tomorrow must not change history.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# SQLite gives a row number only to a column declared INTEGER.
_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# timestamptz on PostgreSQL; whole microseconds since 1970 on SQLite.
_TIME = sa.BigInteger().with_variant(sa.DateTime(timezone=True), "postgresql")


def upgrade() -> None:
    """Two indexes and a table."""
    for name, table, columns in (
        ("ix_audit_subject_ref_id", "audit", ["subject_ref", "id"]),
        ("ix_person_queries_subject_id_dossier_code", "person_queries", ["subject_id", "dossier_code"]),
    ):
        where = sa.text(f"{columns[0]} IS NOT NULL")
        op.create_index(name, table, columns, postgresql_where=where, sqlite_where=where)
    op.create_table(
        "disclosure_delays",
        sa.Column("id", _ID, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("dossier_code", sa.String(60), nullable=False),
        sa.Column("until", sa.String(10), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("legal_basis", sa.String(200), nullable=False),
        sa.Column("made_by", sa.String(100), nullable=False),
        sa.Column("agency", sa.String(60), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disclosure_delays")),
        sa.ForeignKeyConstraint(["dossier_code"], ["dossiers.code"], name=op.f("fk_disclosure_delays_dossier_code")),
    )
    op.create_index("ix_disclosure_delays_dossier_code", "disclosure_delays", ["dossier_code", "id"])


def downgrade() -> None:
    """Refuse: what must not be told yet would be told.

    Raises:
        RuntimeError: always.
    """
    message = "this migration is not undone, it would tell what was to be told later; restore a backup instead"
    raise RuntimeError(message)
