"""Retention: runs and who decided, holds, archives; and the one way in which a row of the log may go.

Revision 0012. The types are written out here: what the code declares tomorrow must not change history.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

# SQLite gives a row number only to a column declared INTEGER.
_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# timestamptz on PostgreSQL; whole microseconds since 1970 on SQLite.
_TIME = sa.BigInteger().with_variant(sa.DateTime(timezone=True), "postgresql")
# What only grows, and what tells on SQLite that a row is there already.
_ONLY_GROW = {
    "retention_runs": "id = NEW.id",
    "retention_decisions": "id = NEW.id OR run_id = NEW.run_id",
    "retention_holds": "id = NEW.id",
    "retention_hold_ends": "id = NEW.id OR hold_id = NEW.hold_id",
    "log_archives": "id = NEW.id OR name = NEW.name OR entry_id = NEW.entry_id",
    "log_archived": "audit_id = NEW.audit_id OR seq = NEW.seq",
    "log_archive_about": "what = NEW.what AND value = NEW.value AND archive_id = NEW.archive_id",
}
# A row may go when it was archived at its place in the tree, by a run that another than its proposer approved, when it
# is of a kind and an age that the run speaks of, when it is older than that by this machine's clock too, and when no
# hold is in force. 365 is the least of any class (QCVN 12:2026/BCA 3.9.2.1.9). What an archive is recorded by stays.
_MAY_GO = """
    SELECT 1 FROM {s}log_archived AS m
    JOIN {s}log_leaves AS l ON l.seq = m.seq AND l.audit_id = m.audit_id
    JOIN {s}log_archives AS a ON a.id = m.archive_id
    JOIN {s}audit AS e ON e.id = a.entry_id
    JOIN {s}retention_runs AS r ON r.id = a.run_id
    JOIN {s}retention_decisions AS d ON d.run_id = r.id
    WHERE m.audit_id = OLD.id AND e.kind = 'retention' AND e.outcome = 'archived'
      AND d.approved AND d.decided_by <> r.proposed_by
      AND OLD.kind NOT IN ('retention', 'erasure') AND {kind} AND OLD.at < r."before" AND r.days >= 365 AND {age}
      AND NOT EXISTS (
        SELECT 1 FROM {s}retention_holds AS h LEFT JOIN {s}retention_hold_ends AS x ON x.hold_id = h.id
        WHERE (h.dossier_code = OLD.dossier_code OR h.subject_ref = OLD.subject_ref
               OR OLD.id BETWEEN h.first_id AND h.last_id)
          AND (coalesce(x."until", h."until") IS NULL OR coalesce(x."until", h."until") > {now})
      )
"""


def upgrade() -> None:
    """The tables, their refusal to be changed, the narrow way out of the log, and an index for what keeps entries."""
    _create_runs()
    _create_holds()
    _create_archives()
    unanswered = sa.text("answered_at IS NULL")
    op.create_index(
        "ix_discrepancies_open",
        "discrepancies",
        ["dossier_code"],
        postgresql_where=unanswered,
        sqlite_where=unanswered,
    )
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    protect = _protect_on_postgresql if on_postgresql else _protect_on_sqlite
    for table, present in _ONLY_GROW.items():
        protect(table, present)
    (_let_archived_go_on_postgresql if on_postgresql else _let_archived_go_on_sqlite)()


def downgrade() -> None:
    """Refuse: what was removed from the log would look as if it had been stolen.

    Raises:
        RuntimeError: always.
    """
    message = "this migration is not undone, it would drop the record of what was archived; restore a backup instead"
    raise RuntimeError(message)


def _create_runs() -> None:
    op.create_table(
        "retention_runs",
        sa.Column("id", _ID, nullable=False),
        sa.Column("class_code", sa.String(40), nullable=False),
        sa.Column("kinds", sa.Text(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("before", _TIME, nullable=False),
        sa.Column("until_id", sa.BigInteger(), nullable=False),
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.String(100), nullable=False),
        sa.Column("agency", sa.String(60), nullable=False),
        sa.Column("proposed_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention_runs")),
    )
    op.create_table(
        "retention_decisions",
        sa.Column("id", _ID, nullable=False),
        sa.Column("run_id", _ID, nullable=False),
        sa.Column("approved", sa.Boolean(), nullable=False),
        sa.Column("decided_by", sa.String(100), nullable=False),
        sa.Column("agency", sa.String(60), nullable=False),
        sa.Column("decided_at", _TIME, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention_decisions")),
        sa.ForeignKeyConstraint(["run_id"], ["retention_runs.id"], name=op.f("fk_retention_decisions_run_id")),
        sa.UniqueConstraint("run_id", name=op.f("uq_retention_decisions_run_id")),
    )
    op.create_table(
        "retention_progress",
        sa.Column("run_id", _ID, autoincrement=False, nullable=False),
        sa.Column("last_id", sa.BigInteger(), nullable=False),
        sa.Column("archived", sa.BigInteger(), nullable=False),
        sa.Column("kept", sa.BigInteger(), nullable=False),
        sa.Column("last_run_at", _TIME),
        sa.Column("ended_at", _TIME),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_retention_progress")),
        sa.ForeignKeyConstraint(["run_id"], ["retention_runs.id"], name=op.f("fk_retention_progress_run_id")),
    )


def _create_holds() -> None:
    op.create_table(
        "retention_holds",
        sa.Column("id", _ID, nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("dossier_code", sa.String(60)),
        sa.Column("subject_ref", sa.String(64)),
        sa.Column("first_id", sa.BigInteger()),
        sa.Column("last_id", sa.BigInteger()),
        sa.Column("until", _TIME),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("legal_basis", sa.String(200), nullable=False),
        sa.Column("made_by", sa.String(100), nullable=False),
        sa.Column("agency", sa.String(60), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention_holds")),
    )
    op.create_index("ix_retention_holds_dossier_code", "retention_holds", ["dossier_code"])
    op.create_index("ix_retention_holds_subject_ref", "retention_holds", ["subject_ref"])
    op.create_table(
        "retention_hold_ends",
        sa.Column("id", _ID, nullable=False),
        sa.Column("hold_id", _ID, nullable=False),
        sa.Column("until", _TIME, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("ended_by", sa.String(100), nullable=False),
        sa.Column("agency", sa.String(60), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention_hold_ends")),
        sa.ForeignKeyConstraint(["hold_id"], ["retention_holds.id"], name=op.f("fk_retention_hold_ends_hold_id")),
        sa.UniqueConstraint("hold_id", name=op.f("uq_retention_hold_ends_hold_id")),
    )


def _create_archives() -> None:
    op.create_table(
        "log_archives",
        sa.Column("id", _ID, nullable=False),
        sa.Column("run_id", _ID, nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("ranges", sa.Text(), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_archives")),
        sa.ForeignKeyConstraint(["run_id"], ["retention_runs.id"], name=op.f("fk_log_archives_run_id")),
        sa.UniqueConstraint("name", name=op.f("uq_log_archives_name")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_log_archives_entry_id")),
    )
    op.create_table(
        "log_archived",
        sa.Column("audit_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("archive_id", _ID, nullable=False),
        sa.PrimaryKeyConstraint("audit_id", name=op.f("pk_log_archived")),
        sa.ForeignKeyConstraint(["archive_id"], ["log_archives.id"], name=op.f("fk_log_archived_archive_id")),
        sa.UniqueConstraint("seq", name=op.f("uq_log_archived_seq")),
    )
    op.create_table(
        "log_archive_about",
        sa.Column("what", sa.String(20), nullable=False),
        sa.Column("value", sa.String(64), nullable=False),
        sa.Column("archive_id", _ID, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("what", "value", "archive_id", name=op.f("pk_log_archive_about")),
        sa.ForeignKeyConstraint(["archive_id"], ["log_archives.id"], name=op.f("fk_log_archive_about_archive_id")),
    )


def _protect_on_postgresql(table: str, _present: str) -> None:
    # The function of revision 0001.
    op.execute(f"""
        CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
        FOR EACH ROW EXECUTE FUNCTION refuse_change()
    """)
    op.execute(f"""
        CREATE TRIGGER {table}_never_emptied BEFORE TRUNCATE ON {table}
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """)
    # ALWAYS: also for a session that plays a replica, where ordinary triggers sleep.
    op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_append_only")
    op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_never_emptied")


def _protect_on_sqlite(table: str, present: str) -> None:
    for verb in ("UPDATE", "DELETE"):
        op.execute(f"""
            CREATE TRIGGER {table}_refuses_{verb.lower()} BEFORE {verb} ON {table}
            BEGIN SELECT RAISE(ABORT, '{table} is append-only: {verb} refused'); END
        """)
    # INSERT OR REPLACE deletes the old row without asking the delete trigger.
    op.execute(f"""
        CREATE TRIGGER {table}_refuses_replace BEFORE INSERT ON {table}
        WHEN EXISTS (SELECT 1 FROM {table} WHERE {present})
        BEGIN SELECT RAISE(ABORT, '{table} is append-only: REPLACE refused'); END
    """)  # noqa: S608 - names of ours


def _let_archived_go_on_postgresql() -> None:
    # Named in full, and a path of its own: neither a temporary table of the same name nor a function or an operator of
    # somebody's own making must be asked in its place.
    schema = op.get_bind().execute(sa.text("SELECT quote_ident(current_schema())")).scalar_one()
    may_go = _MAY_GO.format(
        s=f"{schema}.",
        kind="OLD.kind = ANY (string_to_array(r.kinds, ';'))",
        age="OLD.at < clock_timestamp() - make_interval(days => r.days)",
        now="clock_timestamp()",
    )
    op.execute(f"""
        CREATE FUNCTION refuse_unarchived() RETURNS trigger LANGUAGE plpgsql
        SET search_path = pg_catalog, pg_temp AS $$
        BEGIN
            IF EXISTS ({may_go}) THEN
                RETURN OLD;
            END IF;
            RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
                USING ERRCODE = 'insufficient_privilege';
        END
        $$
    """)
    op.execute("DROP TRIGGER audit_append_only ON audit")
    op.execute("""
        CREATE TRIGGER audit_append_only BEFORE UPDATE ON audit
        FOR EACH ROW EXECUTE FUNCTION refuse_change()
    """)
    op.execute("""
        CREATE TRIGGER audit_goes_archived BEFORE DELETE ON audit
        FOR EACH ROW EXECUTE FUNCTION refuse_unarchived()
    """)
    op.execute("ALTER TABLE audit ENABLE ALWAYS TRIGGER audit_append_only")
    op.execute("ALTER TABLE audit ENABLE ALWAYS TRIGGER audit_goes_archived")


def _let_archived_go_on_sqlite() -> None:
    now = "CAST((julianday('now') - 2440587.5) * 86400000000.0 AS INTEGER)"
    may_go = _MAY_GO.format(
        s="",
        kind="instr(';' || r.kinds || ';', ';' || OLD.kind || ';') > 0",
        age=f"OLD.at < {now} - r.days * 86400000000",
        now=now,
    )
    op.execute("DROP TRIGGER audit_refuses_delete")
    op.execute(f"""
        CREATE TRIGGER audit_refuses_delete BEFORE DELETE ON audit WHEN NOT EXISTS ({may_go})
        BEGIN SELECT RAISE(ABORT, 'audit is append-only: DELETE refused'); END
    """)
