"""Backups, restores, and the last judgement of whether the population database may be asked.

Revision 0013. The types are written out here: what the code declares tomorrow must not change history.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# SQLite gives a row number only to a column declared INTEGER.
_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# timestamptz on PostgreSQL; whole microseconds since 1970 on SQLite.
_TIME = sa.BigInteger().with_variant(sa.DateTime(timezone=True), "postgresql")


def upgrade() -> None:
    """The three tables."""
    op.create_table(
        "backups",
        sa.Column("id", _ID, nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("folder", sa.String(500), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("begun_by", sa.String(100), nullable=False),
        sa.Column("begun_at", _TIME, nullable=False),
        sa.Column("ended_at", _TIME),
        sa.Column("manifest_sha256", sa.String(64)),
        sa.Column("log_size", sa.BigInteger),
        sa.Column("size_bytes", sa.BigInteger),
        sa.Column("missing", sa.Integer),
        sa.Column("fault", sa.Text),
        sa.Column("drilled_at", _TIME),
        sa.Column("drill_fault", sa.Text),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backups")),
    )
    op.create_table(
        "restores",
        sa.Column("id", _ID, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("by", sa.String(100), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("backup_name", sa.String(60), nullable=False),
        sa.Column("taken_at", _TIME, nullable=False),
        sa.Column("manifest_sha256", sa.String(64), nullable=False),
        sa.Column("log_size", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_restores")),
    )
    op.create_table(
        "compliance",
        sa.Column("name", sa.String(20), nullable=False),
        sa.Column("allowed", sa.Boolean, nullable=False),
        sa.Column("red", sa.Text, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_compliance")),
    )


def downgrade() -> None:
    """Drop them; what they say of happenings stands in the audit log as well."""
    for table in ("compliance", "restores", "backups"):
        op.drop_table(table)
