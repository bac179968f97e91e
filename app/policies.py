"""From settings to rules that use cases go by: delivery, documents, asking once, log, tokens, people, keys."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from importlib import metadata
from pathlib import Path

from pydantic import SecretStr

from app.config import Settings, secrets_in_environment
from app.domain.access import Role
from app.domain.accounts import Limits, SessionLimits
from app.domain.breaker import BreakerPolicy
from app.domain.delivery import Target
from app.domain.documents import GateMode, SignerKind, Verdict
from app.domain.failures import FailureClass
from app.domain.retry import Schedule, Schedules
from app.domain.standing import Mode
from app.errors import ConfigurationError
from app.reference import CatalogueError
from app.reference.retention import load_classes
from app.sealing import MasterKey, MasterKeys, SealingError
from app.tlog import KeyKind, KeyRing, Signer, TlogError, Verifier, load_signer, load_verifiers
from app.usecases.access_tokens import KeyFiles
from app.usecases.context import (
    DeliveryPolicy,
    LogPolicy,
    OncePolicy,
    PaperPolicy,
    Posture,
    RetentionPolicy,
    StampPolicy,
    TokenPolicy,
)
from app.usecases.hashing import HashCost, Passwords
from app.usecases.people import PeoplePolicy
from app.usecases.second_factor import SecretBox
from connectors.timestamp import BadRoots, load_roots

_WEBHOOKS_AT_ONCE = 8
_PACKAGE = "lienthong"
_HOUR, _DAY = 3600.0, 86400.0
# Beside the ordinary schedule of the settings. A technician is slower than a network; an answer that means nothing
# to us is not asked for again and again; what is in doubt is asked about soon, and a person after a day.
_SCHEDULES: dict[Target, dict[FailureClass, Schedule]] = {
    Target.PORTAL: {
        FailureClass.TECHNICAL: Schedule((60, 300, 900, _HOUR), attempts_max=400, age_max_seconds=14 * _DAY),
        FailureClass.CONTRACT: Schedule((60, 300, 1800, _HOUR), attempts_max=12, age_max_seconds=2 * _DAY),
        FailureClass.UNKNOWN: Schedule((5, 15, 60, 300, 900, _HOUR), attempts_max=60, age_max_seconds=_DAY),
    },
    Target.WEBHOOK: {},
}
_WEBHOOK_SCHEDULE = Schedule((5, 30, 120, 600, 1800, 7200, 5 * _HOUR), attempts_max=30, age_max_seconds=3 * _DAY)


def version() -> str:
    """The version of this software, as it is installed."""
    try:
        return metadata.version(_PACKAGE)
    except metadata.PackageNotFoundError:
        return "not installed"


def schedules(settings: Settings, target: Target) -> Schedules:
    """The retry schedules of a kind of destination: ours, those of the settings in their place.

    Raises:
        ConfigurationError: ``LIENTHONG_RETRY_SCHEDULES`` names a target or class that there is not, or
            one that is not tried again, or a schedule that cannot be.
    """
    ordinary = _WEBHOOK_SCHEDULE
    if target is Target.PORTAL:
        ordinary = Schedule(settings.retry_waits_seconds, settings.retry_attempts_max, settings.retry_age_seconds)
    by_class = dict(_SCHEDULES[target])
    for key, wanted in settings.retry_schedules.items():
        named, _, failure = key.partition(".")
        if failure == FailureClass.PERMANENT.value:
            message = f"LIENTHONG_RETRY_SCHEDULES: '{key}': what was refused is never sent again by itself"
            raise ConfigurationError(message)
        try:
            schedule = Schedule(wanted.waits_seconds, wanted.attempts_max, wanted.age_max_seconds)
            if Target(named) is target:
                by_class[FailureClass(failure)] = schedule
        except ValueError as error:
            message = f"LIENTHONG_RETRY_SCHEDULES: '{key}': {error}"
            raise ConfigurationError(message) from error
    return Schedules(ordinary, by_class)


def policy(settings: Settings, target: Target) -> DeliveryPolicy:
    """Bounds of the delivery engine towards a kind of destination."""
    national = target is not Target.WEBHOOK
    return DeliveryPolicy(
        schedules=schedules(settings, target),
        lanes_per_claim=settings.worker_lanes_per_claim if national else _WEBHOOKS_AT_ONCE,
        steps_per_lane=settings.worker_steps_per_lane,
        calls_in_flight=settings.worker_calls_in_flight if national else _WEBHOOKS_AT_ONCE,
        lease_seconds=settings.worker_lease_seconds,
        call_seconds=settings.call_seconds + settings.call_tries_seconds,
        settle_seconds=settings.portal_settle_seconds if national else 0.0,
        breaker=replace(_breaker(settings), trial_seconds=settings.worker_lease_seconds),
    )


def _breaker(settings: Settings) -> BreakerPolicy:
    return BreakerPolicy(
        window_seconds=settings.breaker_window_seconds,
        calls_min=settings.breaker_calls_min,
        failure_share=settings.breaker_failure_share,
        waits_seconds=settings.breaker_waits_seconds,
    )


def paper_policy(settings: Settings) -> PaperPolicy:
    """The rules about documents."""
    return PaperPolicy(
        public_url=settings.public_url.rstrip("/"),
        bytes_max=settings.document_bytes_max,
        signers={code: frozenset(map(SignerKind, kinds)) for code, kinds in settings.result_signers.items()},
        verdicts=frozenset(map(Verdict, settings.result_verdicts)),
        gate_mode=GateMode(settings.result_gate),
        gate_statuses=frozenset(settings.result_gate_statuses),
        retry_seconds=settings.link_retry_seconds,
        recheck_seconds=settings.link_recheck_seconds,
        upload_life_seconds=settings.upload_life_seconds,
        check_bytes_per_second=settings.document_check_bytes_per_second,
    )


def once_policy(settings: Settings) -> OncePolicy:
    """The rules about asking once."""
    return OncePolicy(
        unit_calls_per_second=settings.population_unit_calls_per_second,
        officer_calls_per_day=settings.population_officer_calls_per_day,
        answer_seconds=settings.population_answer_seconds,
        seconds=settings.once_only_seconds,
        decision_seconds=settings.once_only_decision_seconds,
        counted_from=settings.once_only_from,
        vneid_login_seconds=settings.vneid_login_seconds,
        breaker=_breaker(settings),
    )


def log_policy(settings: Settings) -> LogPolicy:
    """The rules of the transparency log, with its keys.

    Raises:
        ConfigurationError: names the setting whose key cannot be used; never what is in a key file.
    """
    witnesses = {url: _vkeys("LOG_WITNESSES", [key])[0] for url, key in settings.log_witnesses.items()}
    policy = LogPolicy(
        checkpoint_seconds=settings.log_checkpoint_seconds,
        age_max_seconds=settings.log_age_seconds,
        witnesses={url.rstrip("/"): key for url, key in witnesses.items()},
        witnessed={origin: _vkeys("LOG_WITNESSED", keys) for origin, keys in settings.log_witnessed.items()},
        cosigner=_signer("LOG_WITNESS_KEY", settings.log_witness_key, KeyKind.COSIGNATURE_V1),
        stamps=_stamps(settings),
        check_rows_per_second=settings.log_check_rows_per_second,
        check_days=settings.log_check_days,
    )
    signer = _signer("LOG_KEY", settings.log_key, KeyKind.ED25519)
    if signer is None or settings.log_key is None:
        return policy
    if settings.log_origin not in {None, signer.name}:
        message = f"LIENTHONG_LOG_ORIGIN: the key is that of the log '{signer.name}'"
        raise ConfigurationError(message)
    ring = KeyRing.of(signer, _vkeys("LOG_OLD_KEYS", settings.log_old_keys))
    memory = log_memory_path(settings)
    earlier = {key.name for key in ring.verifiers if key.kind is KeyKind.ED25519} - {signer.name}
    return replace(
        policy,
        origin=signer.name,
        signer=signer,
        verifiers=ring.verifiers,
        earlier=tuple(sorted(earlier)),
        memory=memory,
    )


def _stamps(settings: Settings) -> StampPolicy:
    try:
        roots = load_roots([Path(name) for name in settings.log_timestamp_roots])
    except BadRoots as error:
        message = f"LIENTHONG_LOG_TIMESTAMP_ROOTS: {error}"
        raise ConfigurationError(message) from error
    if settings.log_timestamps is not None and not roots:
        message = "LIENTHONG_LOG_TIMESTAMPS needs LIENTHONG_LOG_TIMESTAMP_ROOTS, to which each reply is held"
        raise ConfigurationError(message)
    if settings.log_timestamp_limit_seconds and settings.log_timestamps is None:
        message = "LIENTHONG_LOG_TIMESTAMP_LIMIT_SECONDS is set and LIENTHONG_LOG_TIMESTAMPS is not: all would stop"
        raise ConfigurationError(message)
    return StampPolicy(roots, settings.log_timestamp_seconds, settings.log_timestamp_limit_seconds)


def retention_policy(settings: Settings) -> RetentionPolicy:
    """How long entries are kept, and where they go.

    Raises:
        ConfigurationError: the table of classes cannot be meant, or the folder of the archives is none.
    """
    try:
        classes = load_classes(settings.reference_dir)
    except CatalogueError as error:
        message = f"LIENTHONG_REFERENCE_DIR: {error}"
        raise ConfigurationError(message) from error
    folder = settings.archive_dir
    if folder is not None and not folder.is_dir():
        message = f"LIENTHONG_ARCHIVE_DIR: {folder} is no folder; make one that only the service may read"
        raise ConfigurationError(message)
    return RetentionPolicy(classes, folder, disk_free_share_min=settings.disk_free_share_min)


def token_policy(settings: Settings) -> TokenPolicy:
    """The rules of short-lived tokens, with their keys.

    Raises:
        ConfigurationError: names the setting whose key cannot be used; never what is in a key file.
    """
    keys = None
    if settings.oauth_key is not None:
        if settings.oauth_key in {settings.log_key, settings.log_witness_key}:
            message = "LIENTHONG_OAUTH_KEY: the key of the log signs no tokens; make one with `lienthong client keygen`"
            raise ConfigurationError(message)
        try:
            keys = KeyFiles(settings.oauth_key, public_keys_path(settings.oauth_key, settings.oauth_public_keys))
        except (TlogError, OSError) as error:
            message = f"LIENTHONG_OAUTH_KEY: {error}"
            raise ConfigurationError(message) from error
    return TokenPolicy(
        issuer=settings.oauth_issuer or settings.public_url,
        keys=keys,
        life_seconds=settings.access_token_seconds,
        static=settings.static_tokens,
    )


_PLAIN_HTTP = ("webhook_plain_http", "s3_plain_http")
_MOCK = "mock-only"


def posture(settings: Settings) -> Posture:
    """What the self-check must know of the settings."""
    named = {name: getattr(settings, name) for name in type(settings).model_fields}
    secrets = {name: value.get_secret_value() for name, value in named.items() if isinstance(value, SecretStr)}
    private = ("log_key", "log_witness_key", "oauth_key", "bundle_seal", "master_key")
    private_files = {_setting(name): named[name] for name in private if named[name] is not None}
    private_files |= {f"{_setting('master_old_keys')}[{at}]": path for at, path in enumerate(settings.master_old_keys)}
    return Posture(
        mode=Mode(settings.mode),
        # Whoever else gives tokens here gives short-lived ones, too.
        token_key=settings.oauth_key is not None or settings.oidc_issuer is not None,
        mock_secrets=tuple(_setting(name) for name, value in secrets.items() if value.startswith(_MOCK)),
        plain_http=tuple(_setting(name) for name in _PLAIN_HTTP if named[name]),
        environment_secrets=secrets_in_environment(),
        private_files=private_files,
        weakness_report=settings.weakness_report,
    )


def refuse_unsafe(settings: Settings) -> None:
    """Let no process of a production begin that would do harm with its first request or call.

    Raises:
        ConfigurationError: names every such setting.
    """
    if settings.mode != "production":
        return
    found = posture(settings)
    faults = [f"{name} still holds the mock's" for name in found.mock_secrets]
    faults += [f"{name} is on" for name in found.plain_http]
    if settings.log_key is None:
        faults.append("LIENTHONG_LOG_KEY is not set, so nothing would be signed")
    if settings.static_tokens:
        faults.append("LIENTHONG_STATIC_TOKENS is on")
    if faults:
        message = f"LIENTHONG_MODE is production, and: {'; '.join(faults)}"
        raise ConfigurationError(message)


def _setting(name: str) -> str:
    return f"LIENTHONG_{name.upper()}"


def key_files(settings: Settings) -> dict[str, Path]:
    """Every file that a restored gateway cannot do without and no copy of the data may hold, by the name of a copy."""
    log = log_memory_path(settings)
    found = {
        "log.key": settings.log_key,
        "log.key.signed": log,
        "witness.key": settings.log_witness_key,
        "oauth.key": settings.oauth_key,
        "oauth.key.pub": settings.oauth_key and public_keys_path(settings.oauth_key, settings.oauth_public_keys),
        "bundle-seal.p12": settings.bundle_seal,
        "master.key": settings.master_key,
    } | {f"master-old-{place}.key": path for place, path in enumerate(settings.master_old_keys)}
    secrets = settings.model_config.get("secrets_dir")
    if isinstance(secrets, str):
        found |= {path.name: path for path in Path(secrets).glob("lienthong_*") if path.is_file()}
    return {name: path for name, path in found.items() if path is not None}


def log_memory_path(settings: Settings) -> Path | None:
    """Where the log's memory is; None: nobody signs here."""
    if settings.log_key is None:
        return None
    return settings.log_memory or settings.log_key.with_name(f"{settings.log_key.name}.signed")


def master_keys(settings: Settings) -> MasterKeys | None:
    """What wraps the keys of persons; None: nothing of a person is kept beside the log, nor committed to.

    Raises:
        ConfigurationError: names the setting whose file cannot be used; never what is in it.
    """
    if settings.master_key is None:
        if settings.master_old_keys:
            message = "LIENTHONG_MASTER_OLD_KEYS: there is no LIENTHONG_MASTER_KEY that wraps"
            raise ConfigurationError(message)
        return None
    name = "MASTER_KEY"
    try:
        current = MasterKey.load(settings.master_key)
        name = "MASTER_OLD_KEYS"
        return MasterKeys.of(current, [MasterKey.load(path) for path in settings.master_old_keys])
    except SealingError as error:
        message = f"LIENTHONG_{name}: {error}"
        raise ConfigurationError(message) from error


def public_keys_path(key: Path, given: Path | None) -> Path:
    """Where the public keys of tokens are listed."""
    return given or key.with_name(f"{key.name}.pub")


def people_policy(settings: Settings) -> PeoplePolicy:
    """The rules of people's accounts, with the keys of their second factors.

    Raises:
        ConfigurationError: names the setting whose key cannot be used; never the key.
    """
    keys = [settings.account_key, *settings.account_old_keys]
    held = [_key(key.get_secret_value()) for key in keys if key.get_secret_value()]
    if held and not settings.account_key.get_secret_value():
        message = "LIENTHONG_ACCOUNT_OLD_KEYS: old keys only open; LIENTHONG_ACCOUNT_KEY is the one that seals"
        raise ConfigurationError(message)
    try:
        box = SecretBox(held) if held else None
    except ValueError as error:
        message = f"LIENTHONG_ACCOUNT_KEY, LIENTHONG_ACCOUNT_OLD_KEYS: {error}, in base64 (`lienthong account keygen`)"
        raise ConfigurationError(message) from error
    return PeoplePolicy(
        passwords=Passwords(
            HashCost(settings.password_memory_kib, settings.password_passes, settings.passwords_at_once)
        ),
        box=box,
        second_factor_roles=frozenset(map(Role, settings.second_factor_roles)),
        limits=Limits(settings.login_tries_max, timedelta(seconds=settings.login_lock_seconds)),
        sessions=SessionLimits(
            timedelta(seconds=settings.session_idle_seconds), timedelta(seconds=settings.session_seconds)
        ),
        idle=timedelta(days=settings.account_idle_days),
    )


def _key(text: str) -> bytes:
    try:
        return base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _signer(name: str, path: Path | None, kind: KeyKind) -> Signer | None:
    try:
        signer = None if path is None else load_signer(path)
    except TlogError as error:
        message = f"LIENTHONG_{name}: {error}"
        raise ConfigurationError(message) from error
    if signer is not None and signer.kind is not kind:
        message = f"LIENTHONG_{name}: the key must be of the kind {kind.name.lower()}"
        raise ConfigurationError(message)
    return signer


def _vkeys(name: str, texts: Sequence[str]) -> tuple[Verifier, ...]:
    try:
        return load_verifiers(texts)
    except TlogError as error:
        message = f"LIENTHONG_{name}: {error}"
        raise ConfigurationError(message) from error
