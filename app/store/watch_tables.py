"""The tables of what is watched: events, who is told of them, answers of a new shape."""

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, Text, UniqueConstraint, text

from app.store.tables import Id, UtcTime, metadata

# Transitions that somebody wants to hear of: told once when they begin, once when they end.
events = Table(
    "events",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", String(30), nullable=False),
    Column("subject", String(100), nullable=False),
    Column("target", String(30), nullable=False),
    Column("dossier_code", String(60)),
    Column("started_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
    Column("detail", Text, nullable=False),
)
Index(
    "uq_events_open",
    events.c.kind,
    events.c.subject,
    unique=True,
    postgresql_where=text("ended_at IS NULL"),
    sqlite_where=text("ended_at IS NULL"),
)

# Who wants to be told. ``owner`` is the token that registered it; it hears of its own dossiers only.
webhooks = Table(
    "webhooks",
    metadata,
    Column("id", Id, primary_key=True),
    Column("owner", String(100), nullable=False),
    Column("agency", String(60), nullable=False),
    Column("url", Text, nullable=False),
    Column("secret", Text, nullable=False),
    Column("kinds", Text, nullable=False),
    Column("system_events", Boolean, nullable=False, server_default=text("false")),
    Column("created_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
)

# Answers whose shape nobody had seen: one row a shape, with the first example.
sightings = Table(
    "sightings",
    metadata,
    Column("id", Id, primary_key=True),
    Column("target", String(30), nullable=False),
    Column("service", String(60), nullable=False),
    Column("shape", String(200), nullable=False),
    Column("example", Text, nullable=False),
    Column("times", Integer, nullable=False, server_default=text("1")),
    Column("first_at", UtcTime, nullable=False),
    Column("last_at", UtcTime, nullable=False),
    UniqueConstraint("target", "service", "shape"),
)
