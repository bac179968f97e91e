"""Documents: subjects, the store's objects, judgements, changes, links, look-ups, gates, uploads.

Revision 0003. The types are written out here: what the code declares tomorrow must not change history.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# SQLite gives a row number only to a column declared INTEGER.
_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# timestamptz on PostgreSQL; whole microseconds since 1970 on SQLite.
_TIME = sa.BigInteger().with_variant(sa.DateTime(timezone=True), "postgresql")
_ZERO = sa.text("0")
_RESOLVED = "(status IN ('done', 'returned') OR last_step_status IN ('done', 'returned'))"


def upgrade() -> None:
    """Two columns for dossiers, and the tables of documents."""
    op.add_column("dossiers", sa.Column("papers_version", sa.Integer(), nullable=False, server_default=_ZERO))
    op.add_column("dossiers", sa.Column("e_result", sa.Boolean(), nullable=False, server_default=sa.text("false")))
    _create_partial_index(
        "ix_dossiers_resolved",
        "dossiers",
        ["unit_code", "procedure_code", "e_result", "id"],
        _RESOLVED,
    )
    _create_partial_index("ix_dossiers_lacking", "dossiers", ["id"], f"{_RESOLVED} AND NOT e_result")
    _create_subjects()
    _create_blobs()
    _create_documents()
    _create_judgements()
    _create_document_changes()
    _create_links()
    _create_lookups()
    _create_result_gates()
    _create_uploads()


def downgrade() -> None:
    """Refuse: documents and what was judged of them would be lost.

    Raises:
        RuntimeError: always.
    """
    message = "this migration is not undone, it would drop documents; restore a backup instead"
    raise RuntimeError(message)


def _create_subjects() -> None:
    op.create_table(
        "subjects",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("number", sa.String(20), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subjects")),
        sa.UniqueConstraint("kind", "number", name=op.f("uq_subjects_kind_number")),
    )


def _create_blobs() -> None:
    op.create_table(
        "blobs",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("checked_at", _TIME, nullable=False),
        sa.Column("fault", sa.Text()),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_blobs")),
    )
    op.create_index(op.f("ix_blobs_state_checked_at_size_bytes"), "blobs", ["state", "checked_at", "size_bytes"])


def _create_documents() -> None:
    op.create_table(
        "documents",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("dossier_code", sa.String(60), nullable=False),
        sa.Column("role", sa.String(10), nullable=False),
        sa.Column("code", sa.String(100)),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(5), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("file_name", sa.String(255), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("number_symbol", sa.String(100)),
        sa.Column("issuing_body", sa.String(500)),
        sa.Column("issued_on", sa.String(10)),
        sa.Column("valid_until", sa.String(10)),
        sa.Column("scope", sa.Text()),
        sa.Column("subject_id", sa.String(32)),
        sa.Column("owner_name", sa.String(300)),
        sa.Column("digitised_by", sa.String(300)),
        sa.Column("source", sa.String(20), nullable=False),
        sa.Column("origin_id", sa.String(32)),
        sa.Column("origin_role", sa.String(10)),
        sa.Column("origin_code", sa.String(100)),
        sa.Column("lookup_id", sa.String(32)),
        sa.Column("standing", sa.String(10), nullable=False),
        sa.Column("replaced_by", sa.String(32)),
        sa.Column("verdict", sa.String(10), nullable=False),
        sa.Column("content_hash", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, server_default=sa.text("1")),
        sa.Column("handed_over_by", sa.String(100), nullable=False),
        sa.Column("agency", sa.String(60), nullable=False),
        sa.Column("correlation_id", sa.String(64), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_documents")),
        sa.ForeignKeyConstraint(["dossier_code"], ["dossiers.code"], name=op.f("fk_documents_dossier_code")),
        sa.ForeignKeyConstraint(["sha256"], ["blobs.sha256"], name=op.f("fk_documents_sha256")),
        sa.ForeignKeyConstraint(["subject_id"], ["subjects.id"], name=op.f("fk_documents_subject_id")),
    )
    op.create_index(op.f("ix_documents_dossier_code_id"), "documents", ["dossier_code", "id"])
    op.create_index(op.f("ix_documents_number_symbol"), "documents", ["number_symbol"])
    op.create_index(op.f("ix_documents_sha256"), "documents", ["sha256"])
    op.create_index(op.f("ix_documents_subject_id_id"), "documents", ["subject_id", "id"])
    _create_partial_index("ix_documents_lookup_id", "documents", ["lookup_id"], "lookup_id IS NOT NULL")
    _create_partial_index("ix_documents_origin_id", "documents", ["origin_id"], "origin_id IS NOT NULL")
    _create_partial_index("ix_documents_replaced_by", "documents", ["replaced_by"], "replaced_by IS NOT NULL")


def _create_judgements() -> None:
    op.create_table(
        "judgements",
        sa.Column("id", _ID, nullable=False),
        sa.Column("document_id", sa.String(32), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("verdict", sa.String(10), nullable=False),
        sa.Column("signatures", sa.Text(), nullable=False),
        sa.Column("judged_by", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.String(100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_judgements")),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], name=op.f("fk_judgements_document_id")),
    )
    op.create_index(op.f("ix_judgements_document_id_id"), "judgements", ["document_id", "id"])


def _create_document_changes() -> None:
    op.create_table(
        "document_changes",
        sa.Column("id", _ID, nullable=False),
        sa.Column("document_id", sa.String(32), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("by", sa.String(100), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document_changes")),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], name=op.f("fk_document_changes_document_id")),
    )
    op.create_index(op.f("ix_document_changes_document_id"), "document_changes", ["document_id"])


def _create_links() -> None:
    op.create_table(
        "links",
        sa.Column("id", _ID, nullable=False),
        sa.Column("document_id", sa.String(32), nullable=False),
        sa.Column("capability", sa.String(64), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("next_probe_at", _TIME),
        sa.Column("probed_at", _TIME),
        sa.Column("failures", sa.Integer(), nullable=False, server_default=_ZERO),
        sa.Column("successes", sa.Integer(), nullable=False, server_default=_ZERO),
        sa.Column("reason", sa.String(40)),
        sa.Column("detail", sa.Text()),
        sa.Column("published_at", _TIME),
        sa.Column("fetches", sa.BigInteger(), nullable=False, server_default=_ZERO),
        sa.Column("last_fetched_at", _TIME),
        sa.Column("created_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_links")),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], name=op.f("fk_links_document_id")),
        sa.UniqueConstraint("document_id", name=op.f("uq_links_document_id")),
        sa.UniqueConstraint("capability", name=op.f("uq_links_capability")),
    )
    _create_partial_index("ix_links_due", "links", ["next_probe_at"], "next_probe_at IS NOT NULL")
    op.create_index(op.f("ix_links_state_failures"), "links", ["state", "failures"])


def _create_lookups() -> None:
    op.create_table(
        "lookups",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("by", sa.String(100), nullable=False),
        sa.Column("officer", sa.String(100), nullable=False),
        sa.Column("dossier_code", sa.String(60), nullable=False),
        sa.Column("unit_code", sa.String(35), nullable=False),
        sa.Column("subject_id", sa.String(32), nullable=False),
        sa.Column("wanted", sa.Text(), nullable=False),
        sa.Column("provincial", sa.Integer(), nullable=False),
        sa.Column("national_outcome", sa.String(20), nullable=False),
        sa.Column("national", sa.Integer(), nullable=False),
        sa.Column("candidates", sa.Text(), nullable=False),
        sa.Column("used_at", _TIME),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lookups")),
        sa.ForeignKeyConstraint(["dossier_code"], ["dossiers.code"], name=op.f("fk_lookups_dossier_code")),
        sa.ForeignKeyConstraint(["subject_id"], ["subjects.id"], name=op.f("fk_lookups_subject_id")),
    )
    op.create_index(op.f("ix_lookups_dossier_code"), "lookups", ["dossier_code"])


def _create_result_gates() -> None:
    op.create_table(
        "result_gates",
        sa.Column("id", _ID, nullable=False),
        sa.Column("unit_code", sa.String(35), nullable=False),
        sa.Column("mode", sa.String(10), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("set_by", sa.String(100), nullable=False),
        sa.Column("set_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_result_gates")),
    )
    op.create_index(op.f("ix_result_gates_unit_code"), "result_gates", ["unit_code"])


def _create_uploads() -> None:
    op.create_table(
        "uploads",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("owner", sa.String(100), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.Column("writer", sa.String(32)),
        sa.Column("writer_until", _TIME),
        sa.Column("document_id", sa.String(32)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploads")),
    )
    op.create_index(op.f("ix_uploads_state_expires_at"), "uploads", ["state", "expires_at"])


def _create_partial_index(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, postgresql_where=sa.text(where), sqlite_where=sa.text(where))
