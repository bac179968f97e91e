"""Tables of people's accounts and their sessions. An account is disabled, never deleted: the log speaks of its name."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, Table, Text

from app.store.tables import Id, UtcTime, metadata

accounts = Table(
    "accounts",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(60), nullable=False, unique=True),
    Column("full_name", String(200), nullable=False),
    Column("agency", String(60), nullable=False),
    Column("kind", String(20), nullable=False),
    # Names of roles and codes of units, with spaces between; no unit: the whole province.
    Column("roles", String(200), nullable=False),
    Column("units", Text, nullable=False),
    Column("password_hash", String(250), nullable=False),
    Column("password_changed_at", UtcTime, nullable=False),
    Column("must_change", Boolean, nullable=False),
    # When a one-time password ends.
    Column("stale_at", UtcTime),
    Column("tries", Integer, nullable=False),
    Column("locked_until", UtcTime),
    Column("disabled_at", UtcTime),
    Column("disabled_reason", String(500)),
    # The secret of the second factor, sealed; the one that is being enrolled; the last step whose code was used.
    Column("totp_sealed", String(300)),
    Column("totp_offered", String(300)),
    Column("totp_step", BigInteger, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    # What idle days are counted from: a login, or being made or enabled.
    Column("active_at", UtcTime, nullable=False),
    Column("last_login_at", UtcTime),
)

account_passwords = Table(
    "account_passwords",
    metadata,
    Column("id", Id, primary_key=True),
    Column("account_id", ForeignKey("accounts.id"), nullable=False),
    Column("password_hash", String(250), nullable=False),
    Index("ix_account_passwords_account_id_id", "account_id", "id"),
)

account_recovery_codes = Table(
    "account_recovery_codes",
    metadata,
    Column("id", Id, primary_key=True),
    Column("account_id", ForeignKey("accounts.id"), nullable=False),
    Column("code_hash", String(64), nullable=False),
    Column("used_at", UtcTime),
    Index("ix_account_recovery_codes_account_id_code_hash", "account_id", "code_hash"),
)

account_sessions = Table(
    "account_sessions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("account_id", ForeignKey("accounts.id"), nullable=False),
    Column("secret_hash", String(64), nullable=False, unique=True),
    Column("began_at", UtcTime, nullable=False),
    Column("seen_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
    Column("ended_by", String(20)),
    Index("ix_account_sessions_account_id", "account_id"),
    Index("ix_account_sessions_ended_at_seen_at", "ended_at", "seen_at"),
)
