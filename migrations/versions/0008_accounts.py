"""Accounts of people, their earlier passwords, recovery codes and sessions.

Revision 0008. The types are written out here: what the code declares tomorrow must not change history.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# SQLite gives a row number only to a column declared INTEGER.
_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# timestamptz on PostgreSQL; whole microseconds since 1970 on SQLite.
_TIME = sa.BigInteger().with_variant(sa.DateTime(timezone=True), "postgresql")


def upgrade() -> None:
    """Four tables."""
    op.create_table(
        "accounts",
        sa.Column("id", _ID, nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("full_name", sa.String(200), nullable=False),
        sa.Column("agency", sa.String(60), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("roles", sa.String(200), nullable=False),
        sa.Column("units", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.String(250), nullable=False),
        sa.Column("password_changed_at", _TIME, nullable=False),
        sa.Column("must_change", sa.Boolean(), nullable=False),
        sa.Column("stale_at", _TIME),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("locked_until", _TIME),
        sa.Column("disabled_at", _TIME),
        sa.Column("disabled_reason", sa.String(500)),
        sa.Column("totp_sealed", sa.String(300)),
        sa.Column("totp_offered", sa.String(300)),
        sa.Column("totp_step", sa.BigInteger(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("active_at", _TIME, nullable=False),
        sa.Column("last_login_at", _TIME),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("name", name=op.f("uq_accounts_name")),
    )
    _of_an_account("account_passwords", sa.Column("password_hash", sa.String(250), nullable=False))
    op.create_index(op.f("ix_account_passwords_account_id_id"), "account_passwords", ["account_id", "id"])
    _of_an_account(
        "account_recovery_codes",
        sa.Column("code_hash", sa.String(64), nullable=False),
        sa.Column("used_at", _TIME),
    )
    op.create_index(
        op.f("ix_account_recovery_codes_account_id_code_hash"), "account_recovery_codes", ["account_id", "code_hash"]
    )
    _of_an_account(
        "account_sessions",
        sa.Column("secret_hash", sa.String(64), nullable=False),
        sa.Column("began_at", _TIME, nullable=False),
        sa.Column("seen_at", _TIME, nullable=False),
        sa.Column("ended_at", _TIME),
        sa.Column("ended_by", sa.String(20)),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_account_sessions_secret_hash")),
    )
    op.create_index(op.f("ix_account_sessions_account_id"), "account_sessions", ["account_id"])
    op.create_index(op.f("ix_account_sessions_ended_at_seen_at"), "account_sessions", ["ended_at", "seen_at"])


def _of_an_account(table: str, *columns: sa.Column[object] | sa.UniqueConstraint) -> None:
    op.create_table(
        table,
        sa.Column("id", _ID, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        *columns,
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f(f"fk_{table}_account_id")),
    )


def downgrade() -> None:
    """Refuse: the names that were given would be free again.

    Raises:
        RuntimeError: always.
    """
    message = "this migration is not undone, the log speaks of accounts by name; restore a backup instead"
    raise RuntimeError(message)
