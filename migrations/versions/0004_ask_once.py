"""Ask once: questions about persons, the gate's decisions, requests, discrepancies, prefills, anomalies, locks.

Revision 0004. The types are written out here: what the code declares tomorrow must not change history.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# SQLite gives a row number only to a column declared INTEGER.
_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# timestamptz on PostgreSQL; whole microseconds since 1970 on SQLite.
_TIME = sa.BigInteger().with_variant(sa.DateTime(timezone=True), "postgresql")


def upgrade() -> None:
    """A column for dossiers, and the tables of once-only."""
    op.add_column("dossiers", sa.Column("subject_id", sa.String(32)))
    _create_partial_index("ix_dossiers_subject_id", "dossiers", ["subject_id", "id"], "subject_id IS NOT NULL")
    _create_person_queries()
    _create_once_only_checks()
    _create_once_only_decisions()
    _create_paper_requests()
    _create_discrepancies()
    _create_prefills()
    _create_anomalies()
    _create_officer_locks()


def downgrade() -> None:
    """Refuse: what was asked and decided would be lost.

    Raises:
        RuntimeError: always.
    """
    message = "this migration is not undone, it would drop what was asked and decided; restore a backup instead"
    raise RuntimeError(message)


def _create_person_queries() -> None:
    op.create_table(
        "person_queries",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("request_id", sa.String(40), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("caller", sa.String(100), nullable=False),
        sa.Column("agency", sa.String(60), nullable=False),
        sa.Column("officer", sa.String(100), nullable=False),
        sa.Column("unit_code", sa.String(35), nullable=False),
        sa.Column("dossier_code", sa.String(100)),
        sa.Column("procedure_code", sa.String(50)),
        sa.Column("subject_id", sa.String(32)),
        sa.Column("service", sa.String(10), nullable=False),
        sa.Column("purpose", sa.String(500), nullable=False),
        sa.Column("legal_basis", sa.String(500), nullable=False),
        sa.Column("fields_asked", sa.Text(), nullable=False),
        sa.Column("fields_returned", sa.Text(), nullable=False, server_default=sa.text("'[]'")),
        sa.Column("outcome", sa.String(40), nullable=False),
        sa.Column("reason", sa.String(200)),
        sa.Column("in_office_hours", sa.Boolean(), nullable=False),
        sa.Column("answered_at", _TIME),
        sa.Column("valid_until", _TIME),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_queries")),
        sa.ForeignKeyConstraint(["subject_id"], ["subjects.id"], name=op.f("fk_person_queries_subject_id")),
        sa.UniqueConstraint("request_id", name=op.f("uq_person_queries_request_id")),
    )
    _create_partial_index("ix_person_queries_asked", "person_queries", ["at"], "outcome = 'asked'")
    op.create_index(op.f("ix_person_queries_dossier_code_at"), "person_queries", ["dossier_code", "at"])
    op.create_index(op.f("ix_person_queries_officer_at"), "person_queries", ["officer", "at"])
    op.create_index(op.f("ix_person_queries_unit_code_at"), "person_queries", ["unit_code", "at"])


def _create_once_only_checks() -> None:
    op.create_table(
        "once_only_checks",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("caller", sa.String(100), nullable=False),
        sa.Column("agency", sa.String(60), nullable=False),
        sa.Column("officer", sa.String(100), nullable=False),
        sa.Column("unit_code", sa.String(35), nullable=False),
        sa.Column("dossier_code", sa.String(60)),
        sa.Column("procedure_code", sa.String(50), nullable=False),
        sa.Column("subject_id", sa.String(32), nullable=False),
        sa.Column("rules_version", sa.String(12), nullable=False),
        sa.Column("sources", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_once_only_checks")),
        sa.ForeignKeyConstraint(["subject_id"], ["subjects.id"], name=op.f("fk_once_only_checks_subject_id")),
    )
    op.create_index(op.f("ix_once_only_checks_unit_code_at"), "once_only_checks", ["unit_code", "at"])


def _create_once_only_decisions() -> None:
    op.create_table(
        "once_only_decisions",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("check_id", sa.String(32), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("decision", sa.String(20), nullable=False),
        sa.Column("source", sa.String(30)),
        sa.Column("pointer", sa.Text()),
        sa.Column("incident", sa.String(60)),
        sa.Column("discrepancy_id", sa.String(32)),
        sa.Column("citation", sa.Text()),
        sa.Column("reason", sa.Text()),
        sa.Column("used_by", sa.String(60)),
        sa.Column("used_at", _TIME),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_once_only_decisions")),
        sa.ForeignKeyConstraint(["check_id"], ["once_only_checks.id"], name=op.f("fk_once_only_decisions_check_id")),
    )
    op.create_index(op.f("ix_once_only_decisions_check_id"), "once_only_decisions", ["check_id", "place"])


def _create_paper_requests() -> None:
    op.create_table(
        "paper_requests",
        sa.Column("id", _ID, nullable=False),
        sa.Column("dossier_code", sa.String(60), nullable=False),
        sa.Column("paper", sa.String(140), nullable=False),
        sa.Column("component_code", sa.String(100)),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("unit_code", sa.String(35), nullable=False),
        sa.Column("procedure_code", sa.String(50), nullable=False),
        sa.Column("officer", sa.String(100)),
        sa.Column("asked_at", _TIME, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("decision_id", sa.String(32)),
        sa.Column("redundant", sa.Boolean(), nullable=False),
        sa.Column("why", sa.String(20)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper_requests")),
        sa.ForeignKeyConstraint(["dossier_code"], ["dossiers.code"], name=op.f("fk_paper_requests_dossier_code")),
        sa.UniqueConstraint("dossier_code", "paper", name=op.f("uq_paper_requests_dossier_code_paper")),
    )
    _create_partial_index("ix_paper_requests_redundant", "paper_requests", ["unit_code", "id"], "redundant")
    _create_partial_index("ix_paper_requests_redundant_id", "paper_requests", ["id"], "redundant")
    op.create_index(op.f("ix_paper_requests_unit_code_at"), "paper_requests", ["unit_code", "at"])


def _create_discrepancies() -> None:
    op.create_table(
        "discrepancies",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("source", sa.String(30), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("dossier_code", sa.String(60)),
        sa.Column("unit_code", sa.String(35), nullable=False),
        sa.Column("officer", sa.String(100), nullable=False),
        sa.Column("subject_id", sa.String(32), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("due_at", _TIME, nullable=False),
        sa.Column("answered_at", _TIME),
        sa.Column("answered_by", sa.String(100)),
        sa.Column("answer", sa.Text()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_discrepancies")),
        sa.ForeignKeyConstraint(["subject_id"], ["subjects.id"], name=op.f("fk_discrepancies_subject_id")),
    )
    op.create_index(op.f("ix_discrepancies_subject_id"), "discrepancies", ["subject_id"])


def _create_prefills() -> None:
    op.create_table(
        "prefills",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("caller", sa.String(100), nullable=False),
        sa.Column("agency", sa.String(60), nullable=False),
        sa.Column("officer", sa.String(100), nullable=False),
        sa.Column("unit_code", sa.String(35), nullable=False),
        sa.Column("dossier_code", sa.String(60), nullable=False),
        sa.Column("procedure_code", sa.String(50), nullable=False),
        sa.Column("subject_id", sa.String(32), nullable=False),
        sa.Column("form", sa.String(60), nullable=False),
        sa.Column("rules_version", sa.String(12), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("baseline", sa.Integer(), nullable=False),
        sa.Column("filled", sa.Integer(), nullable=False),
        sa.Column("preview", sa.String(10)),
        sa.Column("preview_at", _TIME),
        sa.Column("handed_in_at", _TIME),
        sa.Column("handed_in", sa.Text()),
        sa.Column("asked", sa.Integer()),
        sa.Column("kept", sa.Integer()),
        sa.Column("asked_needlessly", sa.Integer()),
        sa.Column("month", sa.String(7)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prefills")),
        sa.ForeignKeyConstraint(["subject_id"], ["subjects.id"], name=op.f("fk_prefills_subject_id")),
    )
    op.create_index(op.f("ix_prefills_dossier_code"), "prefills", ["dossier_code"])
    op.create_index(op.f("ix_prefills_month_form_unit_code"), "prefills", ["month", "form", "unit_code"])


def _create_anomalies() -> None:
    op.create_table(
        "anomalies",
        sa.Column("id", _ID, nullable=False),
        sa.Column("rule", sa.String(30), nullable=False),
        sa.Column("officer", sa.String(100), nullable=False),
        sa.Column("unit_code", sa.String(35), nullable=False),
        sa.Column("first_at", _TIME, nullable=False),
        sa.Column("last_at", _TIME, nullable=False),
        sa.Column("times", sa.BigInteger(), nullable=False),
        sa.Column("threshold", sa.Integer(), nullable=False),
        sa.Column("window_seconds", sa.Integer(), nullable=False),
        sa.Column("locked", sa.Boolean(), nullable=False),
        sa.Column("signed_off_at", _TIME),
        sa.Column("signed_off_by", sa.String(100)),
        sa.Column("note", sa.Text()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_anomalies")),
    )
    _create_partial_index("uq_anomalies_open", "anomalies", ["officer", "rule"], "signed_off_at IS NULL", unique=True)


def _create_officer_locks() -> None:
    op.create_table(
        "officer_locks",
        sa.Column("id", _ID, nullable=False),
        sa.Column("officer", sa.String(100), nullable=False),
        sa.Column("anomaly_id", _ID, nullable=False),
        sa.Column("since", _TIME, nullable=False),
        sa.Column("lifted_at", _TIME),
        sa.Column("lifted_by", sa.String(100)),
        sa.Column("note", sa.Text()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_officer_locks")),
        sa.ForeignKeyConstraint(["anomaly_id"], ["anomalies.id"], name=op.f("fk_officer_locks_anomaly_id")),
    )
    _create_partial_index("uq_officer_locks_active", "officer_locks", ["officer"], "lifted_at IS NULL", unique=True)


def _create_partial_index(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    op.create_index(name, table, columns, unique=unique, postgresql_where=sa.text(where), sqlite_where=sa.text(where))
