"""The tables of "ask once": questions about persons, decisions of the gate, what was asked for, forms, anomalies.

No value of a person stands here: names of fields, outcomes, reasons and references only. Nothing is ever deleted.
"""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, text
from sqlalchemy import UniqueConstraint as Unique

from app.store.tables import Id, UtcTime, metadata

# Every question about a person: those that were refused here too. ``outcome`` is ``asked`` while the answer is out.
person_queries = Table(
    "person_queries",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("request_id", String(40), nullable=False, unique=True),
    Column("at", UtcTime, nullable=False),
    Column("caller", String(100), nullable=False),
    Column("agency", String(60), nullable=False),
    Column("officer", String(100), nullable=False),
    Column("unit_code", String(35), nullable=False),
    Column("dossier_code", String(100)),
    Column("procedure_code", String(50)),
    Column("subject_id", String(32), ForeignKey("subjects.id")),
    Column("service", String(10), nullable=False),
    Column("purpose", String(500), nullable=False),
    Column("legal_basis", String(500), nullable=False),
    Column("fields_asked", Text, nullable=False),
    Column("fields_returned", Text, nullable=False, server_default=text("'[]'")),
    Column("outcome", String(40), nullable=False),
    Column("reason", String(200)),
    Column("in_office_hours", Boolean, nullable=False),
    Column("answered_at", UtcTime),
    Column("valid_until", UtcTime),
)
# Those whose answer is out: few, and looked for now and then.
Index(
    "ix_person_queries_asked",
    person_queries.c.at,
    postgresql_where=text("outcome = 'asked'"),
    sqlite_where=text("outcome = 'asked'"),
)
Index("ix_person_queries_officer_at", person_queries.c.officer, person_queries.c.at)
Index("ix_person_queries_unit_code_at", person_queries.c.unit_code, person_queries.c.at)
Index("ix_person_queries_dossier_code_at", person_queries.c.dossier_code, person_queries.c.at)
Index(
    "ix_person_queries_subject_id_dossier_code",
    person_queries.c.subject_id,
    person_queries.c.dossier_code,
    postgresql_where=text("subject_id IS NOT NULL"),
    sqlite_where=text("subject_id IS NOT NULL"),
)

# One answer of the gate: for a procedure, a subject and what an officer was about to ask.
once_only_checks = Table(
    "once_only_checks",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("caller", String(100), nullable=False),
    Column("agency", String(60), nullable=False),
    Column("officer", String(100), nullable=False),
    Column("unit_code", String(35), nullable=False),
    Column("dossier_code", String(60)),
    Column("procedure_code", String(50), nullable=False),
    Column("subject_id", String(32), ForeignKey("subjects.id"), nullable=False),
    Column("rules_version", String(12), nullable=False),
    Column("sources", Text, nullable=False),
)
Index("ix_once_only_checks_unit_code_at", once_only_checks.c.unit_code, once_only_checks.c.at)

# One decision an item; a component that was asked for refers to it by ``id``.
once_only_decisions = Table(
    "once_only_decisions",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("check_id", String(32), ForeignKey("once_only_checks.id"), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("place", Integer, nullable=False),
    Column("kind", String(10), nullable=False),
    Column("code", Text, nullable=False),
    Column("decision", String(20), nullable=False),
    Column("source", String(30)),
    Column("pointer", Text),
    Column("incident", String(60)),
    Column("discrepancy_id", String(32)),
    Column("citation", Text),
    Column("reason", Text),
    Column("used_by", String(60)),
    Column("used_at", UtcTime),
)
Index("ix_once_only_decisions_check_id", once_only_decisions.c.check_id, once_only_decisions.c.place)

# Every component that a citizen was asked for, judged by the decision it refers to. ``why`` says what is wrong.
paper_requests = Table(
    "paper_requests",
    metadata,
    Column("id", Id, primary_key=True),
    Column("dossier_code", String(60), ForeignKey("dossiers.code"), nullable=False),
    Column("paper", String(140), nullable=False),
    Column("component_code", String(100)),
    Column("name", Text, nullable=False),
    Column("unit_code", String(35), nullable=False),
    Column("procedure_code", String(50), nullable=False),
    Column("officer", String(100)),
    Column("asked_at", UtcTime, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("decision_id", String(32)),
    Column("redundant", Boolean, nullable=False),
    Column("why", String(20)),
    Unique("dossier_code", "paper"),
)
Index(
    "ix_paper_requests_redundant",
    paper_requests.c.unit_code,
    paper_requests.c.id,
    postgresql_where=text("redundant"),
    sqlite_where=text("redundant"),
)
# The same for all units, newest first.
Index(
    "ix_paper_requests_redundant_id",
    paper_requests.c.id,
    postgresql_where=text("redundant"),
    sqlite_where=text("redundant"),
)
Index("ix_paper_requests_unit_code_at", paper_requests.c.unit_code, paper_requests.c.at)

# Something that a source says and that is not so, with the term for its answer (NĐ 278/2025: reported promptly).
discrepancies = Table(
    "discrepancies",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("source", String(30), nullable=False),
    Column("item", Text, nullable=False),
    Column("dossier_code", String(60)),
    Column("unit_code", String(35), nullable=False),
    Column("officer", String(100), nullable=False),
    Column("subject_id", String(32), ForeignKey("subjects.id"), nullable=False),
    Column("reason", Text, nullable=False),
    Column("due_at", UtcTime, nullable=False),
    Column("answered_at", UtcTime),
    Column("answered_by", String(100)),
    Column("answer", Text),
)
Index("ix_discrepancies_subject_id", discrepancies.c.subject_id)
# Those that wait for an answer: what is on record about them is not let go.
Index(
    "ix_discrepancies_open",
    discrepancies.c.dossier_code,
    postgresql_where=text("answered_at IS NULL"),
    sqlite_where=text("answered_at IS NULL"),
)

# A form that was filled for an officer: what each field came from, what the citizen said, what was handed in.
prefills = Table(
    "prefills",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("caller", String(100), nullable=False),
    Column("agency", String(60), nullable=False),
    Column("officer", String(100), nullable=False),
    Column("unit_code", String(35), nullable=False),
    Column("dossier_code", String(60), nullable=False),
    Column("procedure_code", String(50), nullable=False),
    Column("subject_id", String(32), ForeignKey("subjects.id"), nullable=False),
    Column("form", String(60), nullable=False),
    Column("rules_version", String(12), nullable=False),
    Column("fields", Text, nullable=False),
    Column("baseline", Integer, nullable=False),
    Column("filled", Integer, nullable=False),
    Column("preview", String(10)),
    Column("preview_at", UtcTime),
    Column("handed_in_at", UtcTime),
    Column("handed_in", Text),
    Column("asked", Integer),
    Column("kept", Integer),
    Column("asked_needlessly", Integer),
    Column("month", String(7)),
)
Index("ix_prefills_month_form_unit_code", prefills.c.month, prefills.c.form, prefills.c.unit_code)
Index("ix_prefills_dossier_code", prefills.c.dossier_code)

# What looks like browsing, until somebody has signed it off.
anomalies = Table(
    "anomalies",
    metadata,
    Column("id", Id, primary_key=True),
    Column("rule", String(30), nullable=False),
    Column("officer", String(100), nullable=False),
    Column("unit_code", String(35), nullable=False),
    Column("first_at", UtcTime, nullable=False),
    Column("last_at", UtcTime, nullable=False),
    Column("times", BigInteger, nullable=False),
    Column("threshold", Integer, nullable=False),
    Column("window_seconds", Integer, nullable=False),
    Column("locked", Boolean, nullable=False),
    Column("signed_off_at", UtcTime),
    Column("signed_off_by", String(100)),
    Column("note", Text),
)
Index(
    "uq_anomalies_open",
    anomalies.c.officer,
    anomalies.c.rule,
    unique=True,
    postgresql_where=text("signed_off_at IS NULL"),
    sqlite_where=text("signed_off_at IS NULL"),
)

# Officers who may not ask until an administrator lifts it.
officer_locks = Table(
    "officer_locks",
    metadata,
    Column("id", Id, primary_key=True),
    Column("officer", String(100), nullable=False),
    Column("anomaly_id", Id, ForeignKey("anomalies.id"), nullable=False),
    Column("since", UtcTime, nullable=False),
    Column("lifted_at", UtcTime),
    Column("lifted_by", String(100)),
    Column("note", Text),
)
Index(
    "uq_officer_locks_active",
    officer_locks.c.officer,
    unique=True,
    postgresql_where=text("lifted_at IS NULL"),
    sqlite_where=text("lifted_at IS NULL"),
)
