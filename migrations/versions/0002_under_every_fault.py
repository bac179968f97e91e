"""The engine under every fault: gates, holds, shared sessions, replays, events, webhooks, sightings.

Revision 0002. The types are written out here: what the code declares tomorrow must not change history.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# SQLite gives a row number only to a column declared INTEGER.
_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# timestamptz on PostgreSQL; whole microseconds since 1970 on SQLite.
_TIME = sa.BigInteger().with_variant(sa.DateTime(timezone=True), "postgresql")
_ZERO = sa.text("0")


def upgrade() -> None:
    """Add columns to what is there, fill them where they can be known, and create the new tables."""
    _widen()
    _create_gates_and_holds()
    _create_sessions_and_replays()
    _create_events_and_webhooks()
    _create_sightings()


def downgrade() -> None:
    """Refuse: decisions of people and promises to webhooks would be lost.

    Raises:
        RuntimeError: always.
    """
    message = "this migration is not undone, it would drop people's decisions; restore a backup instead"
    raise RuntimeError(message)


def _widen() -> None:
    for table, columns in {
        "lanes": (
            sa.Column("procedure_code", sa.String(50)),
            sa.Column("unit_code", sa.String(35)),
            sa.Column("failure_class", sa.String(12)),
        ),
        "messages": (
            sa.Column("failure_class", sa.String(12)),
            sa.Column("doubtful_since", _TIME),
            sa.Column("decided_by", sa.String(100)),
            sa.Column("decision_note", sa.Text()),
            sa.Column("trace_context", sa.String(80)),
        ),
        "calls": (
            sa.Column("queue_ms", sa.Integer()),
            sa.Column("connect_ms", sa.Integer()),
            sa.Column("first_byte_ms", sa.Integer()),
        ),
        "attempts": (sa.Column("failure_class", sa.String(12)),),
    }.items():
        for column in columns:
            op.add_column(table, column)
    for name in ("procedure_code", "unit_code"):
        op.execute(f"UPDATE lanes SET {name} = (SELECT {name} FROM dossiers WHERE code = lanes.dossier_code)")  # noqa: S608
    _create_partial_index("ix_lanes_held", "lanes", ["target", "hold_reason", "id"], "state = 'held'")


def _create_gates_and_holds() -> None:
    op.create_table(
        "gates",
        sa.Column("target", sa.String(30), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("since", _TIME, nullable=False),
        sa.Column("retry_at", _TIME),
        sa.Column("trips", sa.Integer(), nullable=False, server_default=_ZERO),
        sa.Column("window_from", _TIME, nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False, server_default=_ZERO),
        sa.Column("failures", sa.Integer(), nullable=False, server_default=_ZERO),
        sa.Column("calls_before", sa.Integer(), nullable=False, server_default=_ZERO),
        sa.Column("failures_before", sa.Integer(), nullable=False, server_default=_ZERO),
        sa.Column("ramp_lanes", sa.Integer(), nullable=False, server_default=_ZERO),
        sa.Column("reason", sa.String(40)),
        sa.Column("reason_message", sa.Text()),
        sa.Column("delivered_rate", sa.Float()),
        sa.Column("rate_at", _TIME),
        sa.PrimaryKeyConstraint("target", name=op.f("pk_gates")),
    )
    op.create_table(
        "holds",
        sa.Column("id", _ID, nullable=False),
        sa.Column("target", sa.String(30), nullable=False),
        sa.Column("procedure_code", sa.String(50)),
        sa.Column("unit_code", sa.String(35)),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("held_by", sa.String(100), nullable=False),
        sa.Column("held_at", _TIME, nullable=False),
        sa.Column("released_by", sa.String(100)),
        sa.Column("released_at", _TIME),
        sa.Column("release_note", sa.Text()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holds")),
    )
    _create_partial_index("ix_holds_active", "holds", ["target"], "released_at IS NULL")


def _create_sessions_and_replays() -> None:
    op.create_table(
        "far_sessions",
        sa.Column("target", sa.String(30), nullable=False),
        sa.Column("token", sa.Text()),
        sa.Column("generation", sa.Integer(), nullable=False, server_default=_ZERO),
        sa.Column("ends_at", _TIME),
        sa.Column("login_by", sa.String(100)),
        sa.Column("login_until", _TIME),
        sa.Column("failed_until", _TIME),
        sa.Column("failure_reason", sa.String(40)),
        sa.Column("failure_message", sa.Text()),
        sa.PrimaryKeyConstraint("target", name=op.f("pk_far_sessions")),
    )
    op.create_table(
        "replays",
        sa.Column("id", _ID, nullable=False),
        sa.Column("key", sa.String(100), nullable=False),
        sa.Column("selection", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("per_second", sa.Integer(), nullable=False),
        sa.Column("asked_by", sa.String(100), nullable=False),
        sa.Column("agency", sa.String(60), nullable=False),
        sa.Column("correlation_id", sa.String(64), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("last_id", _ID, nullable=False, server_default=_ZERO),
        sa.Column("until_id", _ID, nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("revived", sa.Integer(), nullable=False, server_default=_ZERO),
        sa.Column("skipped", sa.Integer(), nullable=False, server_default=_ZERO),
        sa.Column("last_run_at", _TIME),
        sa.Column("ended_at", _TIME),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_replays")),
        sa.UniqueConstraint("key", name=op.f("uq_replays_key")),
    )


def _create_events_and_webhooks() -> None:
    op.create_table(
        "events",
        sa.Column("id", _ID, nullable=False),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("subject", sa.String(100), nullable=False),
        sa.Column("target", sa.String(30), nullable=False),
        sa.Column("dossier_code", sa.String(60)),
        sa.Column("started_at", _TIME, nullable=False),
        sa.Column("ended_at", _TIME),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
    )
    _create_partial_index("uq_events_open", "events", ["kind", "subject"], "ended_at IS NULL", unique=True)
    op.create_table(
        "webhooks",
        sa.Column("id", _ID, nullable=False),
        sa.Column("owner", sa.String(100), nullable=False),
        sa.Column("agency", sa.String(60), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("kinds", sa.Text(), nullable=False),
        sa.Column("system_events", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("ended_at", _TIME),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
    )


def _create_sightings() -> None:
    op.create_table(
        "sightings",
        sa.Column("id", _ID, nullable=False),
        sa.Column("target", sa.String(30), nullable=False),
        sa.Column("service", sa.String(60), nullable=False),
        sa.Column("shape", sa.String(200), nullable=False),
        sa.Column("example", sa.Text(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False, server_default=sa.text("1")),
        sa.Column("first_at", _TIME, nullable=False),
        sa.Column("last_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sightings")),
        sa.UniqueConstraint("target", "service", "shape", name=op.f("uq_sightings_target_service_shape")),
    )


def _create_partial_index(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    op.create_index(name, table, columns, unique=unique, postgresql_where=sa.text(where), sqlite_where=sa.text(where))
