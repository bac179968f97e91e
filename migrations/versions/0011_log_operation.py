"""The log's operation: time-stamps on checkpoints, and how far the log was read again.

Revision 0011. The types are written out here: what the code declares tomorrow must not change history.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# SQLite gives a row number only to a column declared INTEGER.
_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# timestamptz on PostgreSQL; whole microseconds since 1970 on SQLite.
_TIME = sa.BigInteger().with_variant(sa.DateTime(timezone=True), "postgresql")


def upgrade() -> None:
    """Two tables; of the first the database refuses any change."""
    op.create_table(
        "log_timestamps",
        sa.Column("id", _ID, nullable=False),
        sa.Column("checkpoint_id", _ID, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("stamped_at", _TIME, nullable=False),
        sa.Column("authority", sa.String(255), nullable=False),
        sa.Column("reply", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_timestamps")),
        sa.ForeignKeyConstraint(
            ["checkpoint_id"], ["log_checkpoints.id"], name=op.f("fk_log_timestamps_checkpoint_id")
        ),
        sa.UniqueConstraint("checkpoint_id", name=op.f("uq_log_timestamps_checkpoint_id")),
    )
    op.create_table(
        "log_check",
        sa.Column("name", sa.String(20), nullable=False),
        sa.Column("first_at", _TIME, nullable=False),
        sa.Column("moved_at", _TIME, nullable=False),
        sa.Column("progress", sa.Text()),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("lies", sa.BigInteger(), nullable=False),
        sa.Column("finding", sa.Text()),
        sa.Column("found_at", _TIME),
        sa.Column("ended_at", _TIME),
        sa.Column("whole_at", _TIME),
        sa.Column("whole_size", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_log_check")),
    )
    if op.get_bind().dialect.name == "postgresql":
        _protect_on_postgresql()
    else:
        _protect_on_sqlite()


def downgrade() -> None:
    """Refuse: proofs of when the log was what it was would be lost.

    Raises:
        RuntimeError: always.
    """
    message = "this migration is not undone, it would drop time-stamps; restore a backup instead"
    raise RuntimeError(message)


def _protect_on_postgresql() -> None:
    # The function of revision 0001.
    op.execute("""
        CREATE TRIGGER log_timestamps_append_only BEFORE UPDATE OR DELETE ON log_timestamps
        FOR EACH ROW EXECUTE FUNCTION refuse_change()
    """)
    op.execute("""
        CREATE TRIGGER log_timestamps_never_emptied BEFORE TRUNCATE ON log_timestamps
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """)
    # ALWAYS: also for a session that plays a replica, where ordinary triggers sleep.
    op.execute("ALTER TABLE log_timestamps ENABLE ALWAYS TRIGGER log_timestamps_append_only")
    op.execute("ALTER TABLE log_timestamps ENABLE ALWAYS TRIGGER log_timestamps_never_emptied")


def _protect_on_sqlite() -> None:
    for verb in ("UPDATE", "DELETE"):
        op.execute(f"""
            CREATE TRIGGER log_timestamps_refuses_{verb.lower()} BEFORE {verb} ON log_timestamps
            BEGIN SELECT RAISE(ABORT, 'log_timestamps is append-only: {verb} refused'); END
        """)
    # INSERT OR REPLACE deletes the old row without asking the delete trigger.
    op.execute("""
        CREATE TRIGGER log_timestamps_refuses_replace BEFORE INSERT ON log_timestamps
        WHEN EXISTS (SELECT 1 FROM log_timestamps WHERE id = NEW.id OR checkpoint_id = NEW.checkpoint_id)
        BEGIN SELECT RAISE(ABORT, 'log_timestamps is append-only: REPLACE refused'); END
    """)
