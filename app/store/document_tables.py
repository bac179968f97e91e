"""The tables of documents: whose they are, what lies in the store, what was judged, changed, looked up and linked.

Nothing here is ever deleted: a document that no longer speaks says by what or why, and every judgement stays.
Days are ISO texts (``2026-07-01``): a day on a paper has no zone.
"""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint, text

from app.store.tables import Id, UtcTime, dossiers, metadata

# Whose papers they are. ``id`` is what others call this person by: numbers stand in no address and no log.
subjects = Table(
    "subjects",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("kind", String(24), nullable=False),
    Column("number", String(20), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    UniqueConstraint("kind", "number"),
)

# What lies in the store. A row is written, ``promised``, before its object: so no object is without a row, whatever
# dies between the two; ``kept`` together with the first document that speaks of it.
blobs = Table(
    "blobs",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("size_bytes", BigInteger, nullable=False),
    Column("state", String(10), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("checked_at", UtcTime, nullable=False),
    Column("fault", Text),
)
# What is to be read again, damaged objects and whole ones apart; with the size, so that figures come from it alone.
Index("ix_blobs_state_checked_at_size_bytes", blobs.c.state, blobs.c.checked_at, blobs.c.size_bytes)

documents = Table(
    "documents",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("dossier_code", String(60), ForeignKey("dossiers.code"), nullable=False),
    Column("role", String(10), nullable=False),
    Column("code", String(100)),
    Column("sha256", String(64), ForeignKey("blobs.sha256"), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("kind", String(5), nullable=False),
    Column("pages", Integer, nullable=False),
    Column("file_name", String(255), nullable=False),
    Column("title", Text, nullable=False),
    Column("number_symbol", String(100)),
    Column("issuing_body", String(500)),
    Column("issued_on", String(10)),
    Column("valid_until", String(10)),
    Column("scope", Text),
    Column("subject_id", String(32), ForeignKey("subjects.id")),
    Column("owner_name", String(300)),
    Column("digitised_by", String(300)),
    Column("source", String(20), nullable=False),
    Column("origin_id", String(32)),
    Column("origin_role", String(10)),
    Column("origin_code", String(100)),
    Column("lookup_id", String(32)),
    Column("standing", String(10), nullable=False),
    Column("replaced_by", String(32)),
    Column("verdict", String(10), nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("handed_over_by", String(100), nullable=False),
    Column("agency", String(60), nullable=False),
    Column("correlation_id", String(64), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
)
Index("ix_documents_dossier_code_id", documents.c.dossier_code, documents.c.id)
Index("ix_documents_subject_id_id", documents.c.subject_id, documents.c.id)
Index("ix_documents_sha256", documents.c.sha256)
Index("ix_documents_number_symbol", documents.c.number_symbol)
Index(
    "ix_documents_replaced_by",
    documents.c.replaced_by,
    postgresql_where=text("replaced_by IS NOT NULL"),
    sqlite_where=text("replaced_by IS NOT NULL"),
)
Index(
    "ix_documents_origin_id",
    documents.c.origin_id,
    postgresql_where=text("origin_id IS NOT NULL"),
    sqlite_where=text("origin_id IS NOT NULL"),
)
Index(
    "ix_documents_lookup_id",
    documents.c.lookup_id,
    postgresql_where=text("lookup_id IS NOT NULL"),
    sqlite_where=text("lookup_id IS NOT NULL"),
)

# Every judgement of a document's signatures, with what it was judged by.
judgements = Table(
    "judgements",
    metadata,
    Column("id", Id, primary_key=True),
    Column("document_id", String(32), ForeignKey("documents.id"), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("verdict", String(10), nullable=False),
    Column("signatures", Text, nullable=False),
    Column("judged_by", Text, nullable=False),
    Column("asked_by", String(100), nullable=False),
)
Index("ix_judgements_document_id_id", judgements.c.document_id, judgements.c.id)

# What people changed: what it said before and after, who and why.
document_changes = Table(
    "document_changes",
    metadata,
    Column("id", Id, primary_key=True),
    Column("document_id", String(32), ForeignKey("documents.id"), nullable=False, index=True),
    Column("at", UtcTime, nullable=False),
    Column("by", String(100), nullable=False),
    Column("kind", String(12), nullable=False),
    Column("reason", Text, nullable=False),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
)

# The address of a document that the nation is given. ``live`` only once it was seen to work. ``failures`` and
# ``successes`` are trials in a row; ``fetches`` are those of others, without our own trials.
links = Table(
    "links",
    metadata,
    Column("id", Id, primary_key=True),
    Column("document_id", String(32), ForeignKey("documents.id"), nullable=False, unique=True),
    Column("capability", String(64), nullable=False, unique=True),
    Column("state", String(10), nullable=False),
    Column("next_probe_at", UtcTime),
    Column("probed_at", UtcTime),
    Column("failures", Integer, nullable=False, server_default=text("0")),
    Column("successes", Integer, nullable=False, server_default=text("0")),
    Column("reason", String(40)),
    Column("detail", Text),
    Column("published_at", UtcTime),
    Column("fetches", BigInteger, nullable=False, server_default=text("0")),
    Column("last_fetched_at", UtcTime),
    Column("created_at", UtcTime, nullable=False),
)
Index(
    "ix_links_due",
    links.c.next_probe_at,
    postgresql_where=text("next_probe_at IS NOT NULL"),
    sqlite_where=text("next_probe_at IS NOT NULL"),
)
Index("ix_links_state_failures", links.c.state, links.c.failures)

# "Is it held already?": every question before a scan, its answer, and the document that it saved.
lookups = Table(
    "lookups",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("by", String(100), nullable=False),
    Column("officer", String(100), nullable=False),
    Column("dossier_code", String(60), ForeignKey("dossiers.code"), nullable=False),
    Column("unit_code", String(35), nullable=False),
    Column("subject_id", String(32), ForeignKey("subjects.id"), nullable=False),
    Column("wanted", Text, nullable=False),
    Column("provincial", Integer, nullable=False),
    Column("national_outcome", String(20), nullable=False),
    Column("national", Integer, nullable=False),
    Column("candidates", Text, nullable=False),
    Column("used_at", UtcTime),
)
Index("ix_lookups_dossier_code", lookups.c.dossier_code)

# Which units may call a dossier returned without a signed electronic result. The newest row of a unit counts.
result_gates = Table(
    "result_gates",
    metadata,
    Column("id", Id, primary_key=True),
    Column("unit_code", String(35), nullable=False, index=True),
    Column("mode", String(10), nullable=False),
    Column("reason", Text, nullable=False),
    Column("set_by", String(100), nullable=False),
    Column("set_at", UtcTime, nullable=False),
)

# Large files that come in several goes. The bytes lie in the store's folder of parts.
uploads = Table(
    "uploads",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("owner", String(100), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("state", String(10), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("writer", String(32)),
    Column("writer_until", UtcTime),
    Column("document_id", String(32)),
)
Index("ix_uploads_state_expires_at", uploads.c.state, uploads.c.expires_at)

# Resolved by its snapshot or by its last step: either tells the nation so. One text for the partial indexes and for
# every query that is meant to use them: SQLite recognises it by its words.
RESOLVED = "(status IN ('done', 'returned') OR last_step_status IN ('done', 'returned'))"
LACKING = "NOT e_result"
# Which resolved dossiers have a signed electronic result, by unit and procedure.
Index(
    "ix_dossiers_resolved",
    dossiers.c.unit_code,
    dossiers.c.procedure_code,
    dossiers.c.e_result,
    dossiers.c.id,
    postgresql_where=text(RESOLVED),
    sqlite_where=text(RESOLVED),
)
# The resolved dossiers that have none, in the order in which they are listed.
Index(
    "ix_dossiers_lacking",
    dossiers.c.id,
    postgresql_where=text(f"{RESOLVED} AND {LACKING}"),
    sqlite_where=text(f"{RESOLVED} AND {LACKING}"),
)
