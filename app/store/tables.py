"""Every table of the gateway, on SQLite and PostgreSQL alike.

Times are aware and UTC. Bodies are JSON text exactly as promised or received, never re-serialised.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.types import TypeDecorator, TypeEngine

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class UtcTime(TypeDecorator[datetime]):
    """An aware time: ``timestamptz`` on PostgreSQL, whole microseconds since 1970 on SQLite (ordered, exact)."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column type of the engine."""
        native: TypeEngine[Any] = DateTime(timezone=True) if dialect.name == "postgresql" else BigInteger()
        return dialect.type_descriptor(native)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | int | None:
        """Refuse naive times: a time without a zone is a guess."""
        if value is None:
            return None
        if value.tzinfo is None:
            message = "a time without a zone cannot be stored"
            raise ValueError(message)
        return value if dialect.name == "postgresql" else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: datetime | int | None, dialect: Dialect) -> datetime | None:
        """Give every time back in UTC."""
        del dialect
        if value is None or isinstance(value, datetime):
            return value.astimezone(UTC) if value else None
        return _EPOCH + timedelta(microseconds=value)


# SQLite gives a row number only to a column declared INTEGER.
Id = BigInteger().with_variant(Integer(), "sqlite")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

dossiers = Table(
    "dossiers",
    metadata,
    Column("id", Id, primary_key=True),
    Column("code", String(60), nullable=False, unique=True),
    Column("revision", BigInteger, nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("status", String(20), nullable=False),
    Column("procedure_code", String(50), nullable=False),
    Column("unit_code", String(35), nullable=False),
    Column("channel", String(20), nullable=False),
    Column("rule_set", String(40), nullable=False),
    Column("received_at", UtcTime, nullable=False),
    Column("due_at", UtcTime),
    Column("facts", Text, nullable=False),
    Column("source", String(100), nullable=False),
    Column("last_step_status", String(20)),
    Column("last_step_at", UtcTime),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("papers_version", Integer, nullable=False, server_default=text("0")),
    Column("e_result", Boolean, nullable=False, server_default=text("false")),
    # Whose dossier it is; without a foreign key, since the table of subjects stands with the documents.
    Column("subject_id", String(32)),
)
Index(
    "ix_dossiers_subject_id",
    dossiers.c.subject_id,
    dossiers.c.id,
    postgresql_where=text("subject_id IS NOT NULL"),
    sqlite_where=text("subject_id IS NOT NULL"),
)
Index("ix_dossiers_unit_code_procedure_code", dossiers.c.unit_code, dossiers.c.procedure_code)

steps = Table(
    "steps",
    metadata,
    Column("id", Id, primary_key=True),
    Column("dossier_code", String(60), ForeignKey("dossiers.code"), nullable=False),
    Column("step_id", String(100), nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("wire_hash", String(64), nullable=False),
    Column("status", String(20), nullable=False),
    Column("processed_at", UtcTime, nullable=False),
    Column("facts", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    UniqueConstraint("dossier_code", "step_id"),
    UniqueConstraint("dossier_code", "wire_hash"),
)

lanes = Table(
    "lanes",
    metadata,
    Column("id", Id, primary_key=True),
    Column("target", String(30), nullable=False),
    Column("dossier_code", String(60), nullable=False),
    Column("state", String(12), nullable=False),
    Column("hold_reason", String(20)),
    Column("known", Boolean, nullable=False, server_default=text("false")),
    Column("fence", BigInteger, nullable=False, server_default=text("0")),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("failing_since", UtcTime),
    Column("next_at", UtcTime),
    Column("lease_until", UtcTime),
    Column("worker", String(100)),
    Column("due_at", UtcTime, nullable=False),
    Column("procedure_code", String(50)),
    Column("unit_code", String(35)),
    Column("failure_class", String(12)),
    UniqueConstraint("target", "dossier_code"),
)
# A claim walks ready lanes only, in legal order: what waits for later must not make it slower.
Index(
    "ix_lanes_ready",
    lanes.c.target,
    lanes.c.due_at,
    lanes.c.id,
    postgresql_where=text("state = 'ready'"),
    sqlite_where=text("state = 'ready'"),
)
Index(
    "ix_lanes_scheduled",
    lanes.c.next_at,
    postgresql_where=text("state = 'scheduled'"),
    sqlite_where=text("state = 'scheduled'"),
)
Index(
    "ix_lanes_leased",
    lanes.c.lease_until,
    postgresql_where=text("state = 'leased'"),
    sqlite_where=text("state = 'leased'"),
)
Index(
    "ix_lanes_held",
    lanes.c.target,
    lanes.c.hold_reason,
    lanes.c.id,
    postgresql_where=text("state = 'held'"),
    sqlite_where=text("state = 'held'"),
)

# One text for the partial index and for every query that is meant to use it: SQLite recognises it by its words.
PENDING = "state IN ('waiting', 'sending', 'unknown')"

messages = Table(
    "messages",
    metadata,
    Column("id", Id, primary_key=True),
    Column("lane_id", Id, ForeignKey("lanes.id"), nullable=False),
    Column("target", String(30), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("dossier_code", String(60), nullable=False),
    Column("procedure_code", String(50), nullable=False),
    Column("unit_code", String(35), nullable=False),
    Column("ref", String(100), nullable=False),
    Column("payload", Text, nullable=False),
    Column("payload_hash", String(64), nullable=False),
    Column("state", String(12), nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("correlation_id", String(64), nullable=False),
    Column("reason", String(40)),
    Column("answer_code", String(40)),
    Column("answer_message", Text),
    Column("answer_field", String(60)),
    Column("created_at", UtcTime, nullable=False),
    Column("settled_at", UtcTime),
    Column("failure_class", String(12)),
    Column("doubtful_since", UtcTime),
    Column("decided_by", String(100)),
    Column("decision_note", Text),
    Column("trace_context", String(80)),
)
Index(
    "ix_messages_pending",
    messages.c.lane_id,
    messages.c.id,
    postgresql_where=text(PENDING),
    sqlite_where=text(PENDING),
)
Index("ix_messages_dossier_code_id", messages.c.dossier_code, messages.c.id)
Index("ix_messages_state_id", messages.c.state, messages.c.id)

calls = Table(
    "calls",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("target", String(30), nullable=False),
    Column("service", String(60), nullable=False),
    Column("worker", String(100), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("elapsed_ms", Integer, nullable=False),
    Column("parcels", Integer, nullable=False),
    Column("http_status", Integer),
    Column("request", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("queue_ms", Integer),
    Column("connect_ms", Integer),
    Column("first_byte_ms", Integer),
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", Id, primary_key=True),
    Column("message_id", Id, ForeignKey("messages.id"), nullable=False, index=True),
    Column("call_id", String(32), nullable=False),
    Column("outcome", String(12), nullable=False),
    Column("code", String(40)),
    Column("message", Text),
    Column("failure_class", String(12)),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("kind", String(30), nullable=False),
    Column("outcome", String(40), nullable=False),
    Column("actor", String(100), nullable=False),
    Column("agency", String(60), nullable=False),
    Column("provider", String(60), nullable=False),
    Column("purpose", String(500), nullable=False),
    Column("legal_basis", String(200), nullable=False),
    Column("dossier_code", String(60)),
    Column("procedure_code", String(50)),
    Column("unit_code", String(35)),
    Column("subject_ref", String(64)),
    Column("payload_hash", String(64)),
    Column("correlation_id", String(64), nullable=False),
    Column("detail", Text, nullable=False),
    # What the entry commits to in place of personal values (app.domain.commitments); the values stand beside.
    Column("commitments", Text),
)
Index("ix_audit_dossier_code_id", audit.c.dossier_code, audit.c.id)
Index(
    "ix_audit_subject_ref_id",
    audit.c.subject_ref,
    audit.c.id,
    postgresql_where=text("subject_ref IS NOT NULL"),
    sqlite_where=text("subject_ref IS NOT NULL"),
)

# Scopes and units with spaces between; without units, all of the province.
tokens = Table(
    "tokens",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(100), nullable=False, unique=True),
    Column("agency", String(60), nullable=False),
    Column("secret_hash", String(64), nullable=False, unique=True),
    Column("scopes", String(1000), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("revoked_at", UtcTime),
    Column("units", Text, nullable=False, server_default=text("''")),
)

# One row a destination: whether anything may go there now. All workers share it; the rules are app.domain.breaker.
gates = Table(
    "gates",
    metadata,
    Column("target", String(30), primary_key=True),
    Column("state", String(10), nullable=False),
    Column("since", UtcTime, nullable=False),
    Column("retry_at", UtcTime),
    Column("trips", Integer, nullable=False, server_default=text("0")),
    Column("window_from", UtcTime, nullable=False),
    Column("calls", Integer, nullable=False, server_default=text("0")),
    Column("failures", Integer, nullable=False, server_default=text("0")),
    Column("calls_before", Integer, nullable=False, server_default=text("0")),
    Column("failures_before", Integer, nullable=False, server_default=text("0")),
    Column("ramp_lanes", Integer, nullable=False, server_default=text("0")),
    Column("reason", String(40)),
    Column("reason_message", Text),
    Column("delivered_rate", Float),
    Column("rate_at", UtcTime),
)

# What operators hold: a whole destination (procedure and unit empty), one procedure, one unit, or one of both.
holds = Table(
    "holds",
    metadata,
    Column("id", Id, primary_key=True),
    Column("target", String(30), nullable=False),
    Column("procedure_code", String(50)),
    Column("unit_code", String(35)),
    Column("reason", Text, nullable=False),
    Column("held_by", String(100), nullable=False),
    Column("held_at", UtcTime, nullable=False),
    Column("released_by", String(100)),
    Column("released_at", UtcTime),
    Column("release_note", Text),
)
Index(
    "ix_holds_active",
    holds.c.target,
    postgresql_where=text("released_at IS NULL"),
    sqlite_where=text("released_at IS NULL"),
)

# One session a national system, shared by every worker. ``login_until`` says that somebody is logging in.
far_sessions = Table(
    "far_sessions",
    metadata,
    Column("target", String(30), primary_key=True),
    Column("token", Text),
    Column("generation", Integer, nullable=False, server_default=text("0")),
    Column("ends_at", UtcTime),
    Column("login_by", String(100)),
    Column("login_until", UtcTime),
    Column("failed_until", UtcTime),
    Column("failure_reason", String(40)),
    Column("failure_message", Text),
)

# A selection that is sent again, oldest first, at a bounded rate, by the upkeep of whichever worker comes by.
replays = Table(
    "replays",
    metadata,
    Column("id", Id, primary_key=True),
    Column("key", String(100), nullable=False, unique=True),
    Column("selection", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("per_second", Integer, nullable=False),
    Column("asked_by", String(100), nullable=False),
    Column("agency", String(60), nullable=False),
    Column("correlation_id", String(64), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("state", String(10), nullable=False),
    Column("last_id", Id, nullable=False, server_default=text("0")),
    Column("until_id", Id, nullable=False),
    Column("total", Integer, nullable=False),
    Column("revived", Integer, nullable=False, server_default=text("0")),
    Column("skipped", Integer, nullable=False, server_default=text("0")),
    Column("last_run_at", UtcTime),
    Column("ended_at", UtcTime),
)
