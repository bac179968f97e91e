"""Personal values beside the log: commitments in entries, keys of subjects, encrypted values, erasures.

Revision 0010. The types are written out here: what the code declares tomorrow must not change history.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# SQLite gives a row number only to a column declared INTEGER.
_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# timestamptz on PostgreSQL; whole microseconds since 1970 on SQLite.
_TIME = sa.BigInteger().with_variant(sa.DateTime(timezone=True), "postgresql")


def upgrade() -> None:
    """A column, three tables, and the refusal to change what only grows."""
    # Empty in every entry of before: their leaves stay what they are, to the byte.
    op.add_column("audit", sa.Column("commitments", sa.Text()))
    op.create_table(
        "subject_keys",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("subject_id", sa.String(32), nullable=False),
        sa.Column("wrapped", sa.LargeBinary()),
        sa.Column("master_key", sa.String(16), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("destroyed_at", _TIME),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subject_keys")),
        sa.ForeignKeyConstraint(["subject_id"], ["subjects.id"], name=op.f("fk_subject_keys_subject_id")),
        sa.CheckConstraint("(wrapped IS NULL) = (destroyed_at IS NOT NULL)", name=op.f("ck_subject_keys_destroyed")),
    )
    op.create_index("ix_subject_keys_subject_id", "subject_keys", ["subject_id"])
    op.create_table(
        "audit_values",
        sa.Column("audit_id", _ID, autoincrement=False, nullable=False),
        sa.Column("key_id", sa.String(32), nullable=False),
        sa.Column("nonce", sa.LargeBinary(12), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("audit_id", name=op.f("pk_audit_values")),
    )
    _create_erasures()
    if op.get_bind().dialect.name == "postgresql":
        _protect_on_postgresql()
    else:
        _protect_on_sqlite()


def downgrade() -> None:
    """Refuse: the values would be lost, and what was committed to could never be shown again.

    Raises:
        RuntimeError: always.
    """
    message = "this migration is not undone, it would drop the keys of subjects; restore a backup instead"
    raise RuntimeError(message)


def _create_erasures() -> None:
    op.create_table(
        "erasures",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("subject_id", sa.String(32), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("asked_by", sa.String(100), nullable=False),
        sa.Column("agency", sa.String(60), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("legal_basis", sa.String(200), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("decided_at", _TIME),
        sa.Column("decided_by", sa.String(100)),
        sa.Column("note", sa.Text()),
        sa.Column("keys_destroyed", sa.Integer()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasures")),
        sa.ForeignKeyConstraint(["subject_id"], ["subjects.id"], name=op.f("fk_erasures_subject_id")),
    )
    asked = sa.text("state = 'asked'")
    op.create_index(
        "ix_erasures_asked", "erasures", ["subject_id"], unique=True, postgresql_where=asked, sqlite_where=asked
    )


def _protect_on_postgresql() -> None:
    # Names with their schema, and a path of their own: neither a temporary table of the same name nor an operator of
    # somebody's own making must answer in their place.
    op.execute("""
        CREATE FUNCTION refuse_value_change() RETURNS trigger LANGUAGE plpgsql
        SET search_path = pg_catalog, pg_temp AS $$
        DECLARE stands boolean := true;
        BEGIN
            IF TG_OP = 'DELETE' THEN
                EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I.audit WHERE id = $1)', TG_TABLE_SCHEMA)
                INTO stands USING OLD.audit_id;
            END IF;
            IF stands THEN
                RAISE EXCEPTION '%: % refused', TG_TABLE_NAME, TG_OP;
            END IF;
            RETURN OLD;
        END $$
    """)
    op.execute("""
        CREATE FUNCTION values_go_with_entry() RETURNS trigger LANGUAGE plpgsql
        SET search_path = pg_catalog, pg_temp AS $$
        BEGIN
            EXECUTE format('DELETE FROM %I.audit_values WHERE audit_id = $1', TG_TABLE_SCHEMA) USING OLD.id;
            RETURN NULL;
        END $$
    """)
    # ALWAYS: also for a session that plays a replica, where ordinary triggers sleep.
    for name, table, event, each, function in (
        ("append_only", "audit_values", "BEFORE UPDATE OR DELETE", "ROW", "refuse_value_change"),
        ("never_emptied", "audit_values", "BEFORE TRUNCATE", "STATEMENT", "refuse_change"),
        ("takes_values_along", "audit", "AFTER DELETE", "ROW", "values_go_with_entry"),
        ("never_deleted", "subject_keys", "BEFORE DELETE", "ROW", "refuse_change"),
        ("never_emptied", "subject_keys", "BEFORE TRUNCATE", "STATEMENT", "refuse_change"),
    ):
        op.execute(f"""
            CREATE TRIGGER {table}_{name} {event} ON {table}
            FOR EACH {each} EXECUTE FUNCTION {function}()
        """)
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_{name}")


def _protect_on_sqlite() -> None:
    for table, verb, when in (
        ("audit_values", "UPDATE", ""),
        ("audit_values", "DELETE", "WHEN EXISTS (SELECT 1 FROM main.audit WHERE id = OLD.audit_id)"),
        ("subject_keys", "DELETE", ""),
    ):
        op.execute(f"""
            CREATE TRIGGER {table}_refuses_{verb.lower()} BEFORE {verb} ON {table} {when}
            BEGIN SELECT RAISE(ABORT, '{table}: {verb} refused'); END
        """)
    # INSERT OR REPLACE deletes the old row without asking the delete trigger.
    for table, key in (("audit_values", "audit_id"), ("subject_keys", "id")):
        op.execute(f"""
            CREATE TRIGGER {table}_refuses_replace BEFORE INSERT ON {table}
            WHEN EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key})
            BEGIN SELECT RAISE(ABORT, '{table}: REPLACE refused'); END
        """)  # noqa: S608 - the names stand above
    op.execute("""
        CREATE TRIGGER audit_takes_values_along AFTER DELETE ON audit
        BEGIN DELETE FROM audit_values WHERE audit_id = OLD.id; END
    """)
