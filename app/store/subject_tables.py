"""The tables of personal values beside the log: keys of subjects, encrypted values, who asked that a key be destroyed.

The database refuses to change values, and to delete them while their entry stands; with it they go. No key's row is
ever deleted.
"""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text, text

from app.store.tables import Id, UtcTime, metadata

# A key of a subject, wrapped by a master key; NULL once it was destroyed. A subject may have several: two processes may
# each make the first one, and who comes back after an erasure gets another.
subject_keys = Table(
    "subject_keys",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("subject_id", String(32), ForeignKey("subjects.id"), nullable=False),
    Column("wrapped", LargeBinary),
    Column("master_key", String(16), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("destroyed_at", UtcTime),
    CheckConstraint("(wrapped IS NULL) = (destroyed_at IS NOT NULL)", name="ck_subject_keys_destroyed"),
)
Index("ix_subject_keys_subject_id", subject_keys.c.subject_id)

# The salts and values of one entry. A trigger takes the place of a foreign key: they go with it, and only so.
audit_values = Table(
    "audit_values",
    metadata,
    Column("audit_id", Id, primary_key=True, autoincrement=False),
    Column("key_id", String(32), nullable=False),
    Column("nonce", LargeBinary(12), nullable=False),
    Column("ciphertext", LargeBinary, nullable=False),
)

# Requests to destroy the keys of a subject; state: asked, done or declined.
erasures = Table(
    "erasures",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("subject_id", String(32), ForeignKey("subjects.id"), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("asked_by", String(100), nullable=False),
    Column("agency", String(60), nullable=False),
    Column("reason", Text, nullable=False),
    Column("legal_basis", String(200), nullable=False),
    Column("state", String(10), nullable=False),
    Column("decided_at", UtcTime),
    Column("decided_by", String(100)),
    Column("note", Text),
    Column("keys_destroyed", Integer),
)
# One open request a subject; the condition is one text, since SQLite recognises it by its words.
_ASKED = "state = 'asked'"
Index(
    "ix_erasures_asked",
    erasures.c.subject_id,
    unique=True,
    postgresql_where=text(_ASKED),
    sqlite_where=text(_ASKED),
)
