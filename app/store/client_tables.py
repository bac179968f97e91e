"""The table of software that gets short-lived tokens. A client is ended, never deleted: the log speaks of its name."""

from sqlalchemy import Column, String, Table

from app.store.tables import Id, UtcTime, metadata

clients = Table(
    "clients",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(100), nullable=False, unique=True),
    Column("agency", String(60), nullable=False),
    Column("secret_hash", String(64), nullable=False),
    Column("scopes", String(200), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("revoked_at", UtcTime),
)
