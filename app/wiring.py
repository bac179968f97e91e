"""The composition root: settings to engine, connectors and context. The only file that names concrete connectors."""

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import time

import structlog

from app.config import Settings, open_secrets
from app.domain.delivery import Target
from app.domain.documents import FileKind, Marks
from app.domain.worktime import OfficeSession, WorkingCalendar
from app.errors import ConfigurationError
from app.papers import Bench, Limits
from app.papers.bundle_facts import Seal
from app.papers.trust import TrustSettings, load_trust
from app.policies import (
    log_policy,
    master_keys,
    once_policy,
    paper_policy,
    people_policy,
    policy,
    posture,
    retention_policy,
    token_policy,
)
from app.reference import Catalogue, CatalogueError, ProcedureFacts, UnitFacts, load_catalogue
from app.reference.places import Places, load_places
from app.reference.rules import RuleBook, check, load_rules
from app.reference.workdays import load_calendar
from app.store.session import Clock, Database
from app.usecases.context import Context, ExternalIssuer, Files, LogPolicy
from app.usecases.far_session import SharedSessions
from app.usecases.issuer_keys import KeyBook
from app.usecases.webhooks import Endpoints
from app.vault import LocalVault, S3Options, open_vault
from connectors.base import Capacity, Connector
from connectors.http import HttpSettings, build_client
from connectors.links import LinkProber
from connectors.national_store import NationalStoreConnector, NationalStoreSettings
from connectors.national_store.client import STORE_HTTP
from connectors.oidc import HTTP as OIDC_HTTP
from connectors.oidc import OidcConnector
from connectors.population import OfficerKey, PopulationConnector, PopulationSettings, PopulationWay
from connectors.portal import DossierFacts, PortalConnector, PortalSettings, Profile, Used, encode_dossier, encode_step
from connectors.portal.papers import Paper, Papers, ResultPaper
from connectors.scanner import ClamdScanner, Scanner, ScannerSettings
from connectors.timestamp import HTTP as TIMESTAMP_HTTP
from connectors.timestamp import TimestampConnector
from connectors.webhook import HTTP as WEBHOOK_HTTP
from connectors.webhook import WebhookConnector
from connectors.witness import HTTP as WITNESS_HTTP
from connectors.witness import WitnessConnector
from schemas.provincial import Database as ConsultedDatabase
from schemas.provincial import DossierIn, Reuse, StepIn

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PortalEncoder:
    """Promises in the national portal's own form."""

    profile: Profile

    def dossier(
        self,
        code: str,
        dossier: DossierIn,
        procedure: ProcedureFacts,
        field_code: str,
        unit: UnitFacts,
        marks: Marks,
    ) -> str:
        """JSON text of a snapshot; of its papers it says what ``marks`` say."""
        facts = DossierFacts(procedure.name, field_code, procedure.field_name, unit.name)
        used = Used(tuple(map(ConsultedDatabase, marks.databases)), marks.vneid)
        return encode_dossier(code, dossier, facts, self.profile, _papers(marks), used)

    def step(self, dossier_code: str, step: StepIn) -> str:
        """JSON text of a progress step."""
        return encode_step(dossier_code, step)


def _papers(marks: Marks) -> Papers:
    return Papers(
        tuple(
            Paper(
                file_id=mark.document_id,
                name=mark.name,
                component_code=mark.component_code,
                url=mark.url,
                digitised=mark.digitised,
                reuse=Reuse(mark.reused.value),
                from_national_store=mark.from_national_store,
                replacing_result_code=mark.replacing_result_code,
            )
            for mark in marks.components
        ),
        tuple(ResultPaper(mark.document_id, mark.name, mark.result_code, mark.url) for mark in marks.results),
    )


def portal_settings(settings: Settings) -> PortalSettings:
    """The portal's part of the settings."""
    return PortalSettings(
        adapter_url=settings.portal_adapter_url,
        login_path=settings.portal_login_path,
        share_path=settings.portal_share_path,
        integration_path=settings.portal_integration_path,
        provider_url=settings.portal_provider_url,
        dstcode=settings.portal_dstcode,
        dstcode_in=settings.portal_dstcode_in,
        username=settings.portal_username,
        password=settings.portal_password.get_secret_value(),
        unit_code=settings.portal_unit_code,
        profile=Profile(settings.portal_profile),
        session_seconds=settings.portal_session_seconds,
        capacity=Capacity(settings.portal_dossiers_per_call, settings.portal_steps_per_call),
    )


def http_settings(settings: Settings) -> HttpSettings:
    """Time-outs and tries of one call to the portal."""
    return HttpSettings(
        connect_seconds=settings.connect_seconds,
        read_seconds=settings.read_seconds,
        write_seconds=settings.read_seconds,
        pool_seconds=settings.connect_seconds,
        total_seconds=settings.call_seconds,
        tries_max=settings.call_tries_max,
        tries_seconds=settings.call_tries_seconds,
        max_connections=settings.worker_calls_in_flight * settings.worker_rounds + 2,
        transport=settings.http_transport,
    )


def _portal(settings: Settings, database: Database) -> Connector:
    http = http_settings(settings)
    return PortalConnector(portal_settings(settings), build_client(http), http, _book(database, Target.PORTAL.value))


def process_name() -> str:
    """Who this is in leases, attempts and the log; unique among living processes of a machine."""
    return f"{socket.gethostname()}-{os.getpid()}"


def _book(database: Database, far_side: str) -> SharedSessions:
    return SharedSessions(database, far_side, worker=process_name())


def _webhook(settings: Settings, database: Database) -> Connector:
    http = replace(WEBHOOK_HTTP, transport=settings.http_transport)
    return WebhookConnector(Endpoints(database), build_client(http), http, plain_http=settings.webhook_plain_http)


CONNECTORS: dict[Target, Callable[[Settings, Database], Connector]] = {
    Target.PORTAL: _portal,
    Target.WEBHOOK: _webhook,
}


def _population(settings: Settings, database: Database) -> PopulationConnector | None:
    if settings.population_way == "off":
        return None
    keys = {
        officer: OfficerKey(*secret.get_secret_value().split(":", 1))
        for officer, secret in settings.population_officers.items()
    }
    wanted = PopulationSettings(
        way=PopulationWay(settings.population_way),
        base_url=settings.population_base_url,
        token_path=settings.population_token_path,
        service_path=settings.population_service_path or "",
        record_path=settings.population_record_path or "",
        direct_username=settings.population_direct_username or "",
        direct_secret=settings.population_direct_secret.get_secret_value(),
        direct_api_key=settings.population_direct_api_key.get_secret_value(),
        direct_client=settings.population_direct_client or "",
        access_key=settings.population_access_key.get_secret_value(),
        secret_key=settings.population_secret_key.get_secret_value(),
        app_name=settings.population_app_name,
        partner_code=settings.population_partner_code,
        partner_code_cus=settings.population_partner_code_cus,
        officers=keys,
        unit_code=settings.agency,
    )
    http = HttpSettings(
        connect_seconds=3.0, read_seconds=15.0, total_seconds=15.0, tries_max=1, transport=settings.http_transport
    )
    return PopulationConnector(wanted, build_client(http), http, _book(database, "population"))


def _files(settings: Settings, database: Database) -> Files:
    limits = Limits(
        bytes_max=settings.document_bytes_max,
        pages_max=settings.document_pages_max,
        pixels_max=settings.document_pixels_max,
        component_kinds=frozenset(map(FileKind, settings.document_component_kinds)),
        result_kinds=frozenset(map(FileKind, settings.document_result_kinds)),
        seconds_max=settings.document_seconds,
    )
    trust = TrustSettings(
        roots=settings.trust_roots,
        intermediates=settings.trust_intermediates,
        crls=settings.trust_revocation_lists,
        revocation=settings.trust_revocation,
        online=settings.trust_online,
    )
    prober = HttpSettings(connect_seconds=3.0, read_seconds=15.0, total_seconds=30.0, tries_max=2)
    # What cannot be read is said at the start, and not by the child that would judge the first file.
    load_trust(trust)
    vault = open_vault(settings.documents_url, settings.documents_scratch_dir, _s3(settings))
    return Files(
        vault=vault,
        examiner=Bench(settings.document_workers, limits, trust),
        prober=LinkProber(build_client(replace(prober, transport=settings.http_transport)), prober),
        scanner=_scanner(settings),
        national_store=_national_store(settings, database),
        seal=_seal(settings),
        spool_dir=settings.documents_scratch_dir or (vault.spool_dir if isinstance(vault, LocalVault) else None),
    )


def _seal(settings: Settings) -> Seal | None:
    if settings.bundle_seal is None:
        return None
    from app.papers.bundle_seal import Pkcs12Seal, SealSettings  # noqa: PLC0415 - loads what signs, which few do

    passphrase = settings.bundle_seal_passphrase.get_secret_value()
    return Pkcs12Seal.load(SealSettings(settings.bundle_seal, passphrase))


def _s3(settings: Settings) -> S3Options:
    return S3Options(
        endpoint=settings.s3_endpoint,
        region=settings.s3_region,
        access_key_id=settings.s3_access_key.get_secret_value() or None,
        secret_access_key=settings.s3_secret_key.get_secret_value() or None,
        allow_http=settings.s3_plain_http,
    )


def _scanner(settings: Settings) -> Scanner | None:
    if settings.scanner_url is None:
        return None
    try:
        return ClamdScanner(ScannerSettings(settings.scanner_url))
    except ValueError as error:
        message = f"LIENTHONG_SCANNER_URL: {error}"
        raise ConfigurationError(message) from error


def _national_store(settings: Settings, database: Database) -> NationalStoreConnector | None:
    if settings.papers_adapter_url is None:
        return None
    wanted = NationalStoreSettings(
        adapter_url=settings.papers_adapter_url,
        username=settings.papers_username,
        password=settings.papers_password.get_secret_value(),
        unit_code=settings.portal_unit_code,
        login_path=settings.papers_login_path,
        list_path=settings.papers_list_path,
        file_path=settings.papers_file_path,
        provider_url=settings.papers_provider_url,
        dstcode=settings.portal_dstcode,
        dstcode_in=settings.portal_dstcode_in,
        file_bytes_max=settings.papers_file_bytes_max,
    )
    http = replace(STORE_HTTP, transport=settings.http_transport)
    return NationalStoreConnector(wanted, build_client(http), http, _book(database, "papers"))


def _catalogue(settings: Settings) -> Catalogue:
    try:
        return load_catalogue(settings.reference_dir)
    except CatalogueError as error:
        message = f"LIENTHONG_REFERENCE_DIR: {error}"
        raise ConfigurationError(message) from error


def _rules(settings: Settings, catalogue: Catalogue) -> RuleBook:
    try:
        rules = load_rules(settings.reference_dir)
        check(rules, catalogue)
    except CatalogueError as error:
        message = f"LIENTHONG_REFERENCE_DIR: {error}"
        raise ConfigurationError(message) from error
    return rules


def _places(settings: Settings) -> Places:
    try:
        return load_places(settings.reference_dir)
    except CatalogueError as error:
        message = f"LIENTHONG_REFERENCE_DIR: {error}"
        raise ConfigurationError(message) from error


def _calendar(settings: Settings) -> WorkingCalendar:
    try:
        parts = [part.strip().split("-") for part in settings.office_hours.split(",")]
        sessions = tuple(OfficeSession(time.fromisoformat(start), time.fromisoformat(end)) for start, end in parts)
        return load_calendar(settings.reference_dir, sessions)
    except CatalogueError as error:
        message = f"LIENTHONG_REFERENCE_DIR: {error}"
        raise ConfigurationError(message) from error
    except ValueError as error:
        message = f"LIENTHONG_OFFICE_HOURS: {error}"
        raise ConfigurationError(message) from error


def _external_issuer(settings: Settings) -> ExternalIssuer | None:
    if settings.oidc_issuer is None or settings.oidc_audience is None:
        return None
    source = OidcConnector(settings.oidc_issuer, build_client(OIDC_HTTP), OIDC_HTTP)
    return ExternalIssuer(settings.oidc_issuer, settings.oidc_audience, KeyBook(source))


def _stamper(settings: Settings, log: LogPolicy) -> TimestampConnector | None:
    if settings.log_timestamps is None:
        return None
    http = replace(TIMESTAMP_HTTP, transport=settings.http_transport)
    return TimestampConnector(build_client(http), http, settings.log_timestamps, log.stamps.roots)


def build_context(settings: Settings, *, clock: Clock | None = None) -> Context:
    """Everything the use cases need, from settings. ``close_context`` lets go of it."""
    for name in open_secrets():
        _log.warning("secret_file_open", file=name)
    procedures = frozenset(settings.population_procedures)
    database = Database(
        settings.database_url, clock=clock, keys=master_keys(settings), pool_size=settings.database_pool
    )
    catalogue, log = _catalogue(settings), log_policy(settings)
    return Context(
        database=database,
        catalogue=catalogue,
        agency=settings.agency,
        encoders={Target.PORTAL: PortalEncoder(Profile(settings.portal_profile))},
        connectors={target: build(settings, database) for target, build in CONNECTORS.items()},
        policies={target: policy(settings, target) for target in Target},
        population=_population(settings, database),
        person_procedures=None if "*" in procedures else procedures,
        person_officers=frozenset(settings.population_officers) or None,
        backlog_age_seconds=settings.backlog_age_seconds,
        calendar=_calendar(settings),
        papers=paper_policy(settings),
        files=_files(settings, database),
        rules=_rules(settings, catalogue),
        places=_places(settings),
        once=once_policy(settings),
        log=log,
        access=replace(token_policy(settings), external=_external_issuer(settings)),
        people=people_policy(settings),
        retention=retention_policy(settings),
        posture=posture(settings),
        witness=WitnessConnector(build_client(WITNESS_HTTP), WITNESS_HTTP) if settings.log_witnesses else None,
        stamper=_stamper(settings, log),
    )


async def close_context(context: Context) -> None:
    """Close connections to everything."""
    for connector in context.connectors.values():
        await connector.aclose()
    if isinstance(context.population, PopulationConnector):
        await context.population.aclose()
    if context.witness is not None:
        await context.witness.aclose()
    if context.access.external is not None and isinstance(context.access.external.keys.source, OidcConnector):
        await context.access.external.keys.source.aclose()
    if context.stamper is not None:
        await context.stamper.aclose()
    if context.files is not None:
        await _close_files(context.files)
    await context.database.aclose()


async def _close_files(files: Files) -> None:
    await files.examiner.aclose()
    await files.prober.aclose()
    if files.national_store is not None:
        await files.national_store.aclose()
    await files.vault.aclose()
