"""Every table of the first release, and a log that the database itself keeps append-only.

Revision 0001. The types are written out here: what the code declares tomorrow must not change history.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# SQLite gives a row number only to a column declared INTEGER.
_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# timestamptz on PostgreSQL; whole microseconds since 1970 on SQLite.
_TIME = sa.BigInteger().with_variant(sa.DateTime(timezone=True), "postgresql")
_ZERO = sa.text("0")


def upgrade() -> None:
    """Create everything."""
    _create_dossiers()
    _create_steps()
    _create_lanes()
    _create_messages()
    _create_calls_and_attempts()
    _create_audit()
    _create_tokens()
    if op.get_bind().dialect.name == "postgresql":
        _tune_postgresql()
        _protect_audit_on_postgresql()
    else:
        _protect_audit_on_sqlite()


def downgrade() -> None:
    """Refuse: below this there is nothing but an empty database.

    Raises:
        RuntimeError: always; it would drop the audit log.
    """
    message = "the first migration is not undone, it would drop the audit log; restore a backup instead"
    raise RuntimeError(message)


def _create_dossiers() -> None:
    op.create_table(
        "dossiers",
        sa.Column("id", _ID, nullable=False),
        sa.Column("code", sa.String(60), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.String(64), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("procedure_code", sa.String(50), nullable=False),
        sa.Column("unit_code", sa.String(35), nullable=False),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("rule_set", sa.String(40), nullable=False),
        sa.Column("received_at", _TIME, nullable=False),
        sa.Column("due_at", _TIME),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("source", sa.String(100), nullable=False),
        sa.Column("last_step_status", sa.String(20)),
        sa.Column("last_step_at", _TIME),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dossiers")),
        sa.UniqueConstraint("code", name=op.f("uq_dossiers_code")),
    )
    op.create_index("ix_dossiers_unit_code_procedure_code", "dossiers", ["unit_code", "procedure_code"])


def _create_steps() -> None:
    op.create_table(
        "steps",
        sa.Column("id", _ID, nullable=False),
        sa.Column("dossier_code", sa.String(60), nullable=False),
        sa.Column("step_id", sa.String(100), nullable=False),
        sa.Column("content_hash", sa.String(64), nullable=False),
        sa.Column("wire_hash", sa.String(64), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("processed_at", _TIME, nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_steps")),
        sa.ForeignKeyConstraint(["dossier_code"], ["dossiers.code"], name=op.f("fk_steps_dossier_code")),
        sa.UniqueConstraint("dossier_code", "step_id", name=op.f("uq_steps_dossier_code_step_id")),
        sa.UniqueConstraint("dossier_code", "wire_hash", name=op.f("uq_steps_dossier_code_wire_hash")),
    )


def _create_lanes() -> None:
    op.create_table(
        "lanes",
        sa.Column("id", _ID, nullable=False),
        sa.Column("target", sa.String(30), nullable=False),
        sa.Column("dossier_code", sa.String(60), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("hold_reason", sa.String(20)),
        sa.Column("known", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.Column("fence", sa.BigInteger(), nullable=False, server_default=_ZERO),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default=_ZERO),
        sa.Column("failing_since", _TIME),
        sa.Column("next_at", _TIME),
        sa.Column("lease_until", _TIME),
        sa.Column("worker", sa.String(100)),
        sa.Column("due_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lanes")),
        sa.UniqueConstraint("target", "dossier_code", name=op.f("uq_lanes_target_dossier_code")),
    )
    _create_partial_index("ix_lanes_ready", "lanes", ["target", "due_at", "id"], "state = 'ready'")
    _create_partial_index("ix_lanes_scheduled", "lanes", ["next_at"], "state = 'scheduled'")
    _create_partial_index("ix_lanes_leased", "lanes", ["lease_until"], "state = 'leased'")


def _create_messages() -> None:
    op.create_table(
        "messages",
        sa.Column("id", _ID, nullable=False),
        sa.Column("lane_id", _ID, nullable=False),
        sa.Column("target", sa.String(30), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("dossier_code", sa.String(60), nullable=False),
        sa.Column("procedure_code", sa.String(50), nullable=False),
        sa.Column("unit_code", sa.String(35), nullable=False),
        sa.Column("ref", sa.String(100), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("payload_hash", sa.String(64), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default=_ZERO),
        sa.Column("correlation_id", sa.String(64), nullable=False),
        sa.Column("reason", sa.String(40)),
        sa.Column("answer_code", sa.String(40)),
        sa.Column("answer_message", sa.Text()),
        sa.Column("answer_field", sa.String(60)),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("settled_at", _TIME),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sa.ForeignKeyConstraint(["lane_id"], ["lanes.id"], name=op.f("fk_messages_lane_id")),
    )
    pending = "state IN ('waiting', 'sending', 'unknown')"
    _create_partial_index("ix_messages_pending", "messages", ["lane_id", "id"], pending)
    op.create_index("ix_messages_dossier_code_id", "messages", ["dossier_code", "id"])
    op.create_index("ix_messages_state_id", "messages", ["state", "id"])


def _create_calls_and_attempts() -> None:
    op.create_table(
        "calls",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("target", sa.String(30), nullable=False),
        sa.Column("service", sa.String(60), nullable=False),
        sa.Column("worker", sa.String(100), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("elapsed_ms", sa.Integer(), nullable=False),
        sa.Column("parcels", sa.Integer(), nullable=False),
        sa.Column("http_status", sa.Integer()),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calls")),
    )
    op.create_table(
        "attempts",
        sa.Column("id", _ID, nullable=False),
        sa.Column("message_id", _ID, nullable=False),
        sa.Column("call_id", sa.String(32), nullable=False),
        sa.Column("outcome", sa.String(12), nullable=False),
        sa.Column("code", sa.String(40)),
        sa.Column("message", sa.Text()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempts")),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_attempts_message_id")),
    )
    op.create_index(op.f("ix_attempts_message_id"), "attempts", ["message_id"])


def _create_audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", _ID, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("outcome", sa.String(40), nullable=False),
        sa.Column("actor", sa.String(100), nullable=False),
        sa.Column("agency", sa.String(60), nullable=False),
        sa.Column("provider", sa.String(60), nullable=False),
        sa.Column("purpose", sa.String(500), nullable=False),
        sa.Column("legal_basis", sa.String(200), nullable=False),
        sa.Column("dossier_code", sa.String(60)),
        sa.Column("procedure_code", sa.String(50)),
        sa.Column("unit_code", sa.String(35)),
        sa.Column("subject_ref", sa.String(64)),
        sa.Column("payload_hash", sa.String(64)),
        sa.Column("correlation_id", sa.String(64), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_dossier_code_id", "audit", ["dossier_code", "id"])


def _create_tokens() -> None:
    op.create_table(
        "tokens",
        sa.Column("id", _ID, nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("agency", sa.String(60), nullable=False),
        sa.Column("secret_hash", sa.String(64), nullable=False),
        sa.Column("scopes", sa.String(200), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("revoked_at", _TIME),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tokens")),
        sa.UniqueConstraint("name", name=op.f("uq_tokens_name")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_tokens_secret_hash")),
    )


def _create_partial_index(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, postgresql_where=sa.text(where), sqlite_where=sa.text(where))


def _tune_postgresql() -> None:
    # Every delivery rewrites its lane about three times, and always in an indexed column, so the dead rows pile up
    # in the small partial indexes that claims walk. The default (a fifth of the table dead) would let a claim wade
    # through 200,000 dead entries per million lanes: clean up early and without pause, and leave room on the page.
    op.execute(
        "ALTER TABLE lanes SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.01, "
        "autovacuum_vacuum_threshold = 1000, autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0)"
    )
    # Messages are rewritten twice each and then rest for ever; new ones only are hot.
    op.execute(
        "ALTER TABLE messages SET (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.02, "
        "autovacuum_vacuum_threshold = 1000, autovacuum_analyze_scale_factor = 0.02)"
    )


def _protect_audit_on_postgresql() -> None:
    # Not a class 23 error: those are taken for a lost race, and tried again.
    op.execute("""
        CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
                USING ERRCODE = 'insufficient_privilege';
        END
        $$
    """)
    op.execute("""
        CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON audit
        FOR EACH ROW EXECUTE FUNCTION refuse_change()
    """)
    op.execute("""
        CREATE TRIGGER audit_never_emptied BEFORE TRUNCATE ON audit
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """)
    # ALWAYS: also for a session that plays a replica, where ordinary triggers sleep.
    op.execute("ALTER TABLE audit ENABLE ALWAYS TRIGGER audit_append_only")
    op.execute("ALTER TABLE audit ENABLE ALWAYS TRIGGER audit_never_emptied")


def _protect_audit_on_sqlite() -> None:
    for verb in ("UPDATE", "DELETE"):
        op.execute(f"""
            CREATE TRIGGER audit_refuses_{verb.lower()} BEFORE {verb} ON audit
            BEGIN SELECT RAISE(ABORT, 'audit is append-only: {verb} refused'); END
        """)
    # INSERT OR REPLACE deletes the old row without asking the delete trigger.
    op.execute("""
        CREATE TRIGGER audit_refuses_replace BEFORE INSERT ON audit
        WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)
        BEGIN SELECT RAISE(ABORT, 'audit is append-only: REPLACE refused'); END
    """)
