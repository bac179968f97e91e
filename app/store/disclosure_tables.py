"""The table of what is told later: disclosures of a dossier that are kept back until a day, why and on which law."""

from sqlalchemy import Column, ForeignKey, Index, String, Table, Text

from app.store.tables import Id, UtcTime, metadata

# The newest row of a dossier counts; nothing is changed or deleted. ``until`` is an ISO day (Vietnamese time).
disclosure_delays = Table(
    "disclosure_delays",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("dossier_code", String(60), ForeignKey("dossiers.code"), nullable=False),
    Column("until", String(10), nullable=False),
    Column("reason", Text, nullable=False),
    Column("legal_basis", String(200), nullable=False),
    Column("made_by", String(100), nullable=False),
    Column("agency", String(60), nullable=False),
)
Index("ix_disclosure_delays_dossier_code", disclosure_delays.c.dossier_code, disclosure_delays.c.id)
