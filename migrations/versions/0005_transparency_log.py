"""The transparency log: leaves, tiles, checkpoints, cosignatures, who leads, gaps, foreign logs that are witnessed.

Revision 0005. The types are written out here: what the code declares tomorrow must not change history.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# SQLite gives a row number only to a column declared INTEGER.
_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# timestamptz on PostgreSQL; whole microseconds since 1970 on SQLite.
_TIME = sa.BigInteger().with_variant(sa.DateTime(timezone=True), "postgresql")
# What only grows, and what tells on SQLite that a row is there already.
_ONLY_GROW = {
    "log_leaves": "seq = NEW.seq OR audit_id = NEW.audit_id",
    "log_checkpoints": "id = NEW.id",
    "log_cosignatures": "id = NEW.id",
}


def upgrade() -> None:
    """The tables of the log, and the refusal to change what only grows."""
    _create_tree()
    _create_checkpoints()
    _create_keeping()
    protect = _protect_on_postgresql if op.get_bind().dialect.name == "postgresql" else _protect_on_sqlite
    for table, present in _ONLY_GROW.items():
        protect(table, present)


def downgrade() -> None:
    """Refuse: what was signed would be lost.

    Raises:
        RuntimeError: always.
    """
    message = "this migration is not undone, it would drop what was signed; restore a backup instead"
    raise RuntimeError(message)


def _create_tree() -> None:
    op.create_table(
        "log_leaves",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("audit_id", sa.BigInteger(), nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_log_leaves")),
        sa.UniqueConstraint("audit_id", name=op.f("uq_log_leaves_audit_id")),
    )
    op.create_table(
        "log_tiles",
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "index", name=op.f("pk_log_tiles")),
    )


def _create_checkpoints() -> None:
    op.create_table(
        "log_checkpoints",
        sa.Column("id", _ID, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(32), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_checkpoints")),
    )
    op.create_table(
        "log_cosignatures",
        sa.Column("id", _ID, nullable=False),
        sa.Column("checkpoint_id", _ID, nullable=False),
        sa.Column("witness", sa.String(255), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_cosignatures")),
        sa.ForeignKeyConstraint(
            ["checkpoint_id"], ["log_checkpoints.id"], name=op.f("fk_log_cosignatures_checkpoint_id")
        ),
        sa.UniqueConstraint("checkpoint_id", "witness", name=op.f("uq_log_cosignatures_checkpoint_id_witness")),
    )


def _create_keeping() -> None:
    op.create_table(
        "log_lease",
        sa.Column("name", sa.String(20), nullable=False),
        sa.Column("holder", sa.String(100), nullable=False),
        sa.Column("until", _TIME, nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_log_lease")),
    )
    op.create_table(
        "log_gaps",
        sa.Column("first_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("last_id", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", _TIME, nullable=False),
        sa.Column("horizon", sa.BigInteger()),
        sa.PrimaryKeyConstraint("first_id", name=op.f("pk_log_gaps")),
    )
    op.create_table(
        "log_witnessed",
        sa.Column("origin", sa.String(255), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(32), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("origin", name=op.f("pk_log_witnessed")),
    )


def _protect_on_postgresql(table: str, _present: str) -> None:
    # The function of revision 0001.
    op.execute(f"""
        CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
        FOR EACH ROW EXECUTE FUNCTION refuse_change()
    """)
    op.execute(f"""
        CREATE TRIGGER {table}_never_emptied BEFORE TRUNCATE ON {table}
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """)
    # ALWAYS: also for a session that plays a replica, where ordinary triggers sleep.
    op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_append_only")
    op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_never_emptied")


def _protect_on_sqlite(table: str, present: str) -> None:
    for verb in ("UPDATE", "DELETE"):
        op.execute(f"""
            CREATE TRIGGER {table}_refuses_{verb.lower()} BEFORE {verb} ON {table}
            BEGIN SELECT RAISE(ABORT, '{table} is append-only: {verb} refused'); END
        """)
    # INSERT OR REPLACE deletes the old row without asking the delete trigger.
    op.execute(f"""
        CREATE TRIGGER {table}_refuses_replace BEFORE INSERT ON {table}
        WHEN EXISTS (SELECT 1 FROM {table} WHERE {present})
        BEGIN SELECT RAISE(ABORT, '{table} is append-only: REPLACE refused'); END
    """)  # noqa: S608 - names of ours
