"""Settings: the only reader of the environment. Every name is ``LIENTHONG_…``; secrets may come from files.

A secret ``X`` can be put in a file ``lienthong_x`` in the folder named by ``LIENTHONG_SECRETS_DIR``. No error names a
value: what is wrong beside a secret may be the secret itself, on the wrong line.
"""

import os
import re
import stat
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.errors import ConfigurationError

_SECRET_PARTS = re.compile(r"(?<=//)[^/@\s]*(?=@)|(?<=password=)[^&\s]*", re.IGNORECASE)
# Keys that come in the open could be anybody's; on the machine itself nobody listens.
_SAFE_ISSUER = re.compile(r"https://[^/?#]|http://(127\.0\.0\.1|localhost)[:/]")
_FILES = "lienthong_"
FileKind = Literal["pdf", "png", "jpeg", "tiff", "xml"]
Verdict = Literal["VALID", "MODIFIED", "EXPIRED", "REVOKED", "UNTRUSTED", "UNSIGNED", "INCOMPLETE"]

RoleName = Literal["administrator", "operator", "officer", "approver", "auditor"]


class RetrySchedule(BaseModel):
    """One schedule of retries: an explicit list of waits, the last of which repeats, and two ends."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    waits_seconds: tuple[float, ...]
    attempts_max: int = Field(ge=1)
    age_max_seconds: float = Field(gt=0)


class Settings(BaseSettings):
    """All settings with their defaults: an office that runs one process and a file needs to set only the portal."""

    model_config = SettingsConfigDict(
        env_prefix="LIENTHONG_",
        extra="forbid",
        frozen=True,
        secrets_dir=os.environ.get("LIENTHONG_SECRETS_DIR"),
        hide_input_in_errors=True,
    )

    # production: nobody is asked about persons before the self-check lets it (lienthong doctor).
    mode: Literal["development", "production"] = "development"
    # What the last check of the pinned packages for known weaknesses has found: JSON of pip-audit.
    weakness_report: Path | None = None

    # May hold a password.
    database_url: str = Field(default="sqlite:///var/lienthong.sqlite3", repr=False)
    database_pool: int = Field(default=10, ge=1, le=100)
    agency: str = "H15"
    reference_dir: Path | None = None
    # By the wall clock of Vietnam; the working days come from app.reference.workdays.
    office_hours: str = "07:30-11:30,13:00-17:00"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    # OTLP/HTTP address of a trace collector; needs the extra "otel".
    traces_endpoint: str | None = None
    # Was the key of references to persons in the log; entries refer by ids that mean nothing now, so it keys nothing.
    subject_key: SecretStr = SecretStr("")
    # The file of the master key that wraps the keys of persons; without one the log commits to no personal value.
    master_key: Path | None = None
    # Files of master keys that wrapped before; they only unwrap.
    master_old_keys: tuple[Path, ...] = ()

    record_bytes_max: int = Field(default=1_000_000, ge=10_000)
    intake_lines_per_commit: int = Field(default=200, ge=1, le=2000)

    portal_adapter_url: str = "http://127.0.0.1:8099/XrdAdapter/RestService/forward"
    portal_login_path: str = "mapi/login"
    portal_share_path: str = "mapi/share"
    portal_integration_path: str = "mapi/integration"
    portal_provider_url: str | None = None
    portal_dstcode: str = "VN:GOV:000.00.00.G22:vpcpdvcprovider"
    portal_dstcode_in: Literal["query", "header"] = "query"
    portal_username: str = "000.00.00.H15"
    portal_password: SecretStr = SecretStr("mock-only-password")
    portal_unit_code: str = "000.00.00.H15"
    portal_profile: Literal["v1.4", "v2"] = "v2"
    # No source gives the portal's limit; one client sends steps in tens. A refused array is halved until it fits.
    portal_dossiers_per_call: int = Field(default=50, ge=1, le=1000)
    portal_steps_per_call: int = Field(default=100, ge=1, le=1000)
    portal_session_seconds: int = Field(default=540, ge=30)

    # Two retries, one budget (docs/decisions/0006). Inside one call, only when nothing was sent:
    call_tries_max: int = Field(default=3, ge=1, le=3)
    call_tries_seconds: float = Field(default=10.0, gt=0, le=10.0)
    connect_seconds: float = Field(default=5.0, gt=0)
    read_seconds: float = Field(default=30.0, gt=0)
    call_seconds: float = Field(default=60.0, gt=0)
    # Across calls, the lane's schedule:
    retry_waits_seconds: tuple[float, ...] = (5, 30, 120, 600, 1800, 3600, 7200, 18000, 36000)
    retry_attempts_max: int = Field(default=60, ge=1)
    retry_age_seconds: float = Field(default=14 * 86400.0, gt=0)
    # Other schedules by target and class of failure, as JSON: {"portal.unknown": {"waits_seconds": [5, 60], …}}.
    retry_schedules: dict[str, RetrySchedule] = Field(default_factory=dict)
    # How long the portal may still be at work on a call that we gave up: what it lacks is not sent again before.
    portal_settle_seconds: float = Field(default=120.0, ge=0)
    # The gate that all workers share; see app/domain/breaker.py.
    breaker_window_seconds: float = Field(default=60.0, gt=0)
    breaker_calls_min: int = Field(default=4, ge=1)
    breaker_failure_share: float = Field(default=0.5, gt=0, le=1)
    breaker_waits_seconds: tuple[float, ...] = (5, 15, 30, 60, 120, 300)

    # Age of the oldest record that may go, after which people are told.
    backlog_age_seconds: float = Field(default=3600.0, gt=0)
    # For tries on one machine only: webhooks may be http, and lead to this machine or a private address.
    webhook_plain_http: bool = False

    http_transport: Literal["aiohttp", "httpx"] = "aiohttp"
    worker_lanes_per_claim: int = Field(default=100, ge=1, le=1000)
    worker_steps_per_lane: int = Field(default=50, ge=1, le=1000)
    worker_calls_in_flight: int = Field(default=8, ge=1, le=64)
    worker_rounds: int = Field(default=2, ge=1, le=16)
    worker_poll_seconds: float = Field(default=0.5, gt=0)
    worker_lease_seconds: float = Field(default=180.0, gt=0)

    # Documents: a folder, or s3://bucket/prefix with the extra "s3".
    documents_url: str = "var/documents"
    documents_scratch_dir: Path | None = None
    s3_endpoint: str | None = None
    s3_region: str = "us-east-1"
    s3_access_key: SecretStr = SecretStr("")
    s3_secret_key: SecretStr = SecretStr("")
    s3_plain_http: bool = False
    document_bytes_max: int = Field(default=100 * 1024 * 1024, ge=1024)
    document_pages_max: int = Field(default=2000, ge=1)
    document_pixels_max: int = Field(default=100_000_000, ge=1000)
    document_component_kinds: tuple[FileKind, ...] = ("pdf", "png", "jpeg", "tiff", "xml")
    document_result_kinds: tuple[FileKind, ...] = ("pdf", "xml")
    # Children that open files, in each API process; what one may take before its file is called a bomb.
    document_workers: int = Field(default=2, ge=1, le=32)
    document_seconds: float = Field(default=30.0, gt=0)
    upload_life_seconds: float = Field(default=2 * 86400.0, gt=0)
    # clamd: tcp://host:port or unix:///path. With one set, nothing is taken that it has not seen.
    scanner_url: str | None = None
    # How much of the store is read again a second, beside everything else; 0: nothing is.
    document_check_bytes_per_second: int = Field(default=5_000_000, ge=0)

    # Whose signatures count: files or folders of PEM or DER certificates and revocation lists.
    trust_roots: tuple[str, ...] = ()
    trust_intermediates: tuple[str, ...] = ()
    trust_revocation_lists: tuple[str, ...] = ()
    # soft: what is known of a revocation counts. hard: who cannot be looked up is not trusted.
    trust_revocation: Literal["soft", "hard"] = "soft"
    trust_online: bool = False
    # A PKCS#12 file that seals the covers of bundles; without one they say that they are not signed.
    bundle_seal: Path | None = None
    bundle_seal_passphrase: SecretStr = SecretStr("")
    # Who must sign, by result code; "*" is for all others. As JSON: {"*": ["person", "agency"]}.
    result_signers: dict[str, tuple[Literal["person", "agency"], ...]] = {"*": ("person", "agency")}
    result_verdicts: tuple[Verdict, ...] = ("VALID",)
    # For units that no administrator has switched (PUT /v1/units/{code}/result-gate).
    result_gate: Literal["report", "enforce"] = "report"
    result_gate_statuses: tuple[Literal["done", "returned"], ...] = ("returned",)

    # The address under which the portal reaches our /files; links are probed there before they are sent.
    public_url: str = "http://127.0.0.1:8080"
    link_retry_seconds: tuple[float, ...] = Field(default=(10, 60, 300, 1800, 3600), min_length=1)
    # The first time; a link that goes on working is tried at twice the wait each time, up to 30 days.
    link_recheck_seconds: float = Field(default=86400.0, gt=0)

    # The national store of digitised papers; without an address it is not asked. Only the login's path was ever seen.
    papers_adapter_url: str | None = None
    papers_login_path: str = "bndp/public/v1/login"
    papers_list_path: str = "bndp/public/v1/papers"
    papers_file_path: str = "bndp/public/v1/papers/file"
    papers_provider_url: str = "https://apigiaytocanhan.dichvucong.gov.vn"
    papers_username: str = "000.00.00.H15"
    papers_password: SecretStr = SecretStr("")
    papers_file_bytes_max: int = Field(default=25 * 1024 * 1024, ge=1024)

    population_way: Literal["off", "lgsp", "json", "direct"] = "off"
    population_base_url: str = "http://127.0.0.1:8099"
    population_token_path: str = "oauth2/token"  # noqa: S105 - a path
    population_service_path: str | None = None
    population_record_path: str | None = None
    population_access_key: SecretStr = SecretStr("")
    population_secret_key: SecretStr = SecretStr("")
    population_app_name: str = "LienThong"
    population_partner_code: str = "H15"
    population_partner_code_cus: str = "H15"
    # Officer account -> "key name:key password", as JSON. The account a question is asked under is the officer's own.
    population_officers: dict[str, SecretStr] = Field(default_factory=dict)
    # Procedures that are licensed to ask; empty means that none is.
    population_procedures: tuple[str, ...] = ()
    # The direct way: one account of the province, its secret, and the caller's name on the exchange layer.
    population_direct_username: str | None = None
    population_direct_secret: SecretStr = SecretStr("")
    population_direct_api_key: SecretStr = SecretStr("")
    population_direct_client: str | None = None
    # Kept on our side, so that no officer is stopped by the far one; 0: none.
    population_unit_calls_per_second: int = Field(default=5, ge=0)
    population_officer_calls_per_day: int = Field(default=200, ge=0)
    # How long an answer may feed decisions about its dossier.
    population_answer_seconds: float = Field(default=86400.0, gt=0)

    # Ask once. All sources of a check together; how long a decision allows a request.
    once_only_seconds: float = Field(default=10.0, gt=0, le=60.0)
    once_only_decision_seconds: float = Field(default=7 * 86400.0, gt=0)
    # Dossiers received before this day (Vietnamese) are not judged; without one all are.
    once_only_from: date | None = None
    # How long before it was filed a dossier's login by VNeID may have been.
    vneid_login_seconds: float = Field(default=86400.0, gt=0)

    # The transparency log. The file of the private key that signs; without one nothing is signed and nothing late.
    log_key: Path | None = None
    # Name of the log in its checkpoints; without one, the name of the key. They must be the same.
    log_origin: str | None = None
    # Public keys that have signed before, as texts.
    log_old_keys: tuple[str, ...] = ()
    # What was signed last, out of the database's reach; without one, beside the key.
    log_memory: Path | None = None
    log_checkpoint_seconds: float = Field(default=60.0, gt=0)
    # Past this age of the oldest entry that no checkpoint covers, nothing is exchanged.
    log_age_seconds: float = Field(default=14400.0, gt=0)
    # Who is asked to cosign: public key by address, as JSON.
    log_witnesses: dict[str, str] = Field(default_factory=dict)
    # Whose checkpoints are cosigned here: public keys by origin, as JSON; and the file of the key that does it.
    log_witnessed: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    log_witness_key: Path | None = None
    # Who stamps the time on checkpoints (RFC 3161): its address, and PEM files of the roots its replies must lead to.
    log_timestamps: str | None = None
    log_timestamp_roots: tuple[str, ...] = ()
    # Least time between two time-stamps: as often as X-Road archives.
    log_timestamp_seconds: float = Field(default=21600.0, gt=0)
    # How long the next time-stamp may be overdue, past which nothing is exchanged; 0: that stops nothing.
    log_timestamp_limit_seconds: float = Field(default=0.0, ge=0)
    # How much of the log is read again in the background, beside everything else; 0: nothing is.
    log_check_rows_per_second: int = Field(default=200, ge=0)
    # Each row is read again at least once in this time, or people are told.
    log_check_days: float = Field(default=30.0, gt=0)

    # Where entries of the log go when their class lets them; without a folder none is removed.
    archive_dir: Path | None = None
    # Below this free share of the disk under the database's file or the archives, people are told.
    disk_free_share_min: float = Field(default=0.1, ge=0, lt=1)

    # Short-lived tokens for software. The file of the key that signs them; without one none are given.
    oauth_key: Path | None = None
    # Public keys that verify, one a line; without one, beside the key.
    oauth_public_keys: Path | None = None
    # Who gives the tokens, as they say it; without one, public_url.
    oauth_issuer: str | None = None
    access_token_seconds: float = Field(default=600.0, ge=30, le=3600)
    # Another who gives tokens, as they name it (OpenID Connect), and what they call us; both or neither.
    oidc_issuer: str | None = None
    oidc_audience: str | None = None
    # For development; switched off, only short-lived tokens let in.
    static_tokens: bool = True

    # Accounts of people. The key under which second factors are sealed: 32 bytes in base64; and those before it.
    account_key: SecretStr = SecretStr("")
    account_old_keys: tuple[SecretStr, ...] = ()
    second_factor_roles: tuple[RoleName, ...] = ("administrator", "operator", "officer", "approver", "auditor")
    session_idle_seconds: float = Field(default=900.0, ge=60, le=900)
    session_seconds: float = Field(default=28800.0, ge=300, le=43200)
    login_tries_max: int = Field(default=5, ge=1, le=5)
    login_lock_seconds: float = Field(default=43200.0, ge=43200, le=30 * 86400)
    account_idle_days: int = Field(default=45, ge=1, le=45)
    # Tries to log in from one address, whosever name it is.
    logins_per_minute: int = Field(default=30, ge=1)
    # What one hash of a password costs (argon2id), and how many are made at once in a process.
    password_memory_kib: int = Field(default=65536, ge=19456, le=2**20)
    password_passes: int = Field(default=3, ge=2, le=100)
    passwords_at_once: int = Field(default=2, ge=1, le=32)

    # What one process takes. Requests a minute of one caller, and of one address without a token; 0: no limit.
    caller_requests_per_minute: int = Field(default=6000, ge=0)
    address_requests_per_minute: int = Field(default=6000, ge=0)
    requests_in_flight: int = Field(default=500, ge=1)
    # A record's whole body, and the longest silence within a stream.
    body_seconds: float = Field(default=60.0, gt=0)
    # Addresses of proxies that may say whom they speak for (X-Forwarded-For).
    proxies: tuple[str, ...] = ("127.0.0.1",)

    @cached_property
    def is_sqlite(self) -> bool:
        """Whether the embedded database is used."""
        return self.database_url.startswith("sqlite")


def told(settings: Settings) -> dict[str, str]:
    """Every setting that is not as shipped, as it may be shown: a secret is ``set``, an address is without its user."""
    shown = {}
    for name in sorted(Settings.model_fields):
        value = getattr(settings, name)
        if value != Settings.model_fields[name].get_default(call_default_factory=True):
            shown[name] = _shown(value)
    return shown


def _shown(value: object) -> str:
    match value:
        case SecretStr():
            return "set" if value.get_secret_value() else ""
        case dict():
            inner = (f"{key}: {_shown(each)}" for key, each in value.items())
            return f"{{{', '.join(inner)}}}"
        case tuple():
            return f"[{', '.join(map(_shown, value))}]"
        case str():
            return _SECRET_PARTS.sub("***", value)
    return str(value)


def secrets_in_environment() -> tuple[str, ...]:
    """Names of secrets that stand in the environment, where a file would keep them from whoever sees the process."""
    secret = [name for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)]
    return tuple(wanted for name in secret if (wanted := f"LIENTHONG_{name.upper()}") in os.environ)


def secret_files(folder: object = None) -> dict[str, Path]:
    """The secrets that lie in files, by the name of the file; ``folder`` is that of the environment by default."""
    chosen = folder or Settings.model_config.get("secrets_dir")
    if chosen is None:
        return {}
    return {path.name.lower(): path for path in Path(str(chosen)).iterdir() if path.name.lower().startswith(_FILES)}


def open_secrets(folder: object = None) -> list[str]:
    """Names of the secret files that every account of the machine may read."""
    return sorted(name for name, path in secret_files(folder).items() if path.stat().st_mode & stat.S_IROTH)


def _check_secrets_folder(folder: object) -> None:
    """Refuse what would silently leave a secret at its default, and what others could change.

    That others may read is told, not refused (``app.wiring``): Docker and Kubernetes mount secrets so by default,
    into a container where there are no others.
    """
    try:
        files = secret_files(folder)
    except OSError as error:
        message = f"LIENTHONG_SECRETS_DIR: {error.strerror}"
        raise ConfigurationError(message) from error
    for name, path in files.items():
        if name.removeprefix(_FILES) not in Settings.model_fields:
            message = f"LIENTHONG_SECRETS_DIR: '{name}' names no setting"
            raise ConfigurationError(message)
        if path.stat().st_mode & stat.S_IWOTH:
            message = f"LIENTHONG_SECRETS_DIR: '{name}' may be written by every account of this machine"
            raise ConfigurationError(message)


def load_settings(**overrides: object) -> Settings:
    """Read the environment once.

    Raises:
        ConfigurationError: names the setting and what is wrong with it.
    """
    _check_secrets_folder(overrides.get("_secrets_dir"))
    try:
        settings = Settings(**overrides)  # type: ignore[arg-type]
    except ValueError as error:
        message = f"settings: {error}"
        raise ConfigurationError(message) from error
    # Shorter, a round could end before its first call is allowed to begin.
    if settings.worker_lease_seconds < 1.5 * (settings.call_seconds + settings.call_tries_seconds):
        message = "LIENTHONG_WORKER_LEASE_SECONDS must be at least one and a half times a call with its tries"
        raise ConfigurationError(message)
    if (settings.oidc_issuer is None) != (settings.oidc_audience is None):
        message = "LIENTHONG_OIDC_ISSUER and LIENTHONG_OIDC_AUDIENCE go together: set both, or neither"
        raise ConfigurationError(message)
    if settings.oidc_issuer is not None and not _SAFE_ISSUER.match(settings.oidc_issuer):
        message = "LIENTHONG_OIDC_ISSUER must begin with https://, unless it is on this machine"
        raise ConfigurationError(message)
    if settings.oidc_issuer == (settings.oauth_issuer or settings.public_url):
        message = "LIENTHONG_OIDC_ISSUER is the name under which tokens are given here (LIENTHONG_OAUTH_ISSUER)"
        raise ConfigurationError(message)
    if not settings.static_tokens and settings.oauth_key is None and settings.oidc_issuer is None:
        message = "LIENTHONG_STATIC_TOKENS is off and LIENTHONG_OAUTH_KEY is not set: nobody could come in"
        raise ConfigurationError(message)
    return settings
