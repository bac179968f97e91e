"""What is known of backups and restores, and the last judgement of whether the population database may be asked."""

from sqlalchemy import BigInteger, Boolean, Column, Integer, String, Table, Text

from app.store.tables import Id, UtcTime, metadata

# One row a backup, written before anything is copied. Of a backup that was restored only its beginning is known here:
# the rest was written after the picture had been taken.
backups = Table(
    "backups",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(60), nullable=False),
    Column("folder", String(500), nullable=False),
    Column("state", String(12), nullable=False),
    Column("begun_by", String(100), nullable=False),
    Column("begun_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
    Column("manifest_sha256", String(64)),
    Column("log_size", BigInteger),
    Column("size_bytes", BigInteger),
    Column("missing", Integer),
    Column("fault", Text),
    Column("drilled_at", UtcTime),
    Column("drill_fault", Text),
)

# Each time this database was put back from a backup. What was delivered between ``taken_at`` and ``at`` is not known
# here, so a record from before ``at`` is asked about before it is sent.
restores = Table(
    "restores",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("by", String(100), nullable=False),
    Column("reason", String(500), nullable=False),
    Column("backup_name", String(60), nullable=False),
    Column("taken_at", UtcTime, nullable=False),
    Column("manifest_sha256", String(64), nullable=False),
    Column("log_size", BigInteger, nullable=False),
)

# What was judged last, so that a change is put on record once and not by each process.
compliance = Table(
    "compliance",
    metadata,
    Column("name", String(20), primary_key=True),
    Column("allowed", Boolean, nullable=False),
    Column("red", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
)
