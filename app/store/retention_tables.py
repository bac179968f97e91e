"""The tables of retention: what was proposed and decided, what is held, what was archived, how far a run has come.

All but ``retention_progress`` only grow; the database refuses anything else. It lets a row of ``audit`` go only when
these tables cover it: archived, by a run that another approved, old enough by the database's own clock, not held.
"""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, Table, Text

from app.store.tables import Id, UtcTime, metadata

# What somebody proposes to archive and remove: entries of ``kinds`` (joined by ``;``) from before a time.
retention_runs = Table(
    "retention_runs",
    metadata,
    Column("id", Id, primary_key=True),
    Column("class_code", String(40), nullable=False),
    Column("kinds", Text, nullable=False),
    Column("days", Integer, nullable=False),
    Column("before", UtcTime, nullable=False),
    Column("until_id", BigInteger, nullable=False),
    Column("entries", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("proposed_by", String(100), nullable=False),
    Column("agency", String(60), nullable=False),
    Column("proposed_at", UtcTime, nullable=False),
)

retention_decisions = Table(
    "retention_decisions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("run_id", Id, ForeignKey("retention_runs.id"), nullable=False, unique=True),
    Column("approved", Boolean, nullable=False),
    Column("decided_by", String(100), nullable=False),
    Column("agency", String(60), nullable=False),
    Column("decided_at", UtcTime, nullable=False),
    Column("note", Text, nullable=False),
)

# How far an approved run has come: the highest entry that was looked at. The only table here that changes.
retention_progress = Table(
    "retention_progress",
    metadata,
    Column("run_id", Id, ForeignKey("retention_runs.id"), primary_key=True, autoincrement=False),
    Column("last_id", BigInteger, nullable=False),
    Column("archived", BigInteger, nullable=False),
    Column("kept", BigInteger, nullable=False),
    Column("last_run_at", UtcTime),
    Column("ended_at", UtcTime),
)

# Entries that stay beyond their class: those of a dossier, of a person, or of a range of numbers. No ``until``: open.
retention_holds = Table(
    "retention_holds",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", String(10), nullable=False),
    Column("dossier_code", String(60)),
    Column("subject_ref", String(64)),
    Column("first_id", BigInteger),
    Column("last_id", BigInteger),
    Column("until", UtcTime),
    Column("reason", Text, nullable=False),
    Column("legal_basis", String(200), nullable=False),
    Column("made_by", String(100), nullable=False),
    Column("agency", String(60), nullable=False),
    Column("at", UtcTime, nullable=False),
)

# A breach that was mended: what it holds stays until ``until``.
retention_hold_ends = Table(
    "retention_hold_ends",
    metadata,
    Column("id", Id, primary_key=True),
    Column("hold_id", Id, ForeignKey("retention_holds.id"), nullable=False, unique=True),
    Column("until", UtcTime, nullable=False),
    Column("reason", Text, nullable=False),
    Column("ended_by", String(100), nullable=False),
    Column("agency", String(60), nullable=False),
    Column("at", UtcTime, nullable=False),
)

# One archive file. ``ranges`` are the places in the tree that it holds, as JSON; ``entry_id`` is the entry of the log
# that says the same, and that who checks believes.
log_archives = Table(
    "log_archives",
    metadata,
    Column("id", Id, primary_key=True),
    Column("run_id", Id, ForeignKey("retention_runs.id"), nullable=False),
    Column("name", String(120), nullable=False, unique=True),
    Column("sha256", String(64), nullable=False),
    Column("entries", Integer, nullable=False),
    Column("ranges", Text, nullable=False),
    Column("entry_id", BigInteger, nullable=False, unique=True),
    Column("at", UtcTime, nullable=False),
)

log_archived = Table(
    "log_archived",
    metadata,
    Column("audit_id", BigInteger, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False, unique=True),
    Column("archive_id", Id, ForeignKey("log_archives.id"), nullable=False),
)

# Where to look for what was archived about a dossier or a person: once an archive, not once an entry.
log_archive_about = Table(
    "log_archive_about",
    metadata,
    Column("what", String(20), primary_key=True),
    Column("value", String(64), primary_key=True),
    Column("archive_id", Id, ForeignKey("log_archives.id"), primary_key=True, autoincrement=False),
)
Index("ix_retention_holds_dossier_code", retention_holds.c.dossier_code)
Index("ix_retention_holds_subject_ref", retention_holds.c.subject_ref)
