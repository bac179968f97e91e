"""The tables of software that gets short-lived tokens, here or from another issuer.

A client is ended, never deleted: the log speaks of its name.
"""

from sqlalchemy import Column, Index, String, Table, Text, text

from app.store.tables import Id, UtcTime, metadata

clients = Table(
    "clients",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(100), nullable=False, unique=True),
    Column("agency", String(60), nullable=False),
    Column("secret_hash", String(64), nullable=False),
    Column("scopes", String(1000), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("revoked_at", UtcTime),
    Column("units", Text, nullable=False, server_default=text("''")),
)

# Software whose tokens another issuer gives; what it may do here stands here.
external_clients = Table(
    "external_clients",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(100), nullable=False, unique=True),
    Column("agency", String(60), nullable=False),
    Column("issuer", String(500), nullable=False),
    Column("subject", String(255), nullable=False),
    Column("scopes", String(1000), nullable=False),
    Column("units", Text, nullable=False, server_default=text("''")),
    Column("created_at", UtcTime, nullable=False),
    Column("revoked_at", UtcTime),
)
Index(
    "uq_external_clients_living",
    external_clients.c.issuer,
    external_clients.c.subject,
    unique=True,
    postgresql_where=text("revoked_at IS NULL"),
    sqlite_where=text("revoked_at IS NULL"),
)
