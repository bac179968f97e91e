"""The composition root: settings to engine, connectors and context. The only file that names concrete connectors."""

from collections.abc import Callable
from dataclasses import dataclass

from app.config import Settings
from app.domain.delivery import Target
from app.domain.retry import Schedule
from app.errors import ConfigurationError
from app.reference import Catalogue, CatalogueError, ProcedureFacts, UnitFacts, load_catalogue
from app.store.session import Clock, Database
from app.usecases.context import Context, DeliveryPolicy
from connectors.base import Capacity, Connector
from connectors.http import HttpSettings, build_client
from connectors.population import OfficerKey, PopulationConnector, PopulationSettings, PopulationWay
from connectors.portal import DossierFacts, PortalConnector, PortalSettings, Profile, encode_dossier, encode_step
from schemas.provincial import DossierIn, StepIn


@dataclass(frozen=True, slots=True)
class PortalEncoder:
    """Promises in the national portal's own form."""

    profile: Profile

    def dossier(
        self, code: str, dossier: DossierIn, procedure: ProcedureFacts, field_code: str, unit: UnitFacts
    ) -> str:
        """JSON text of a snapshot."""
        facts = DossierFacts(procedure.name, field_code, procedure.field_name, unit.name)
        return encode_dossier(code, dossier, facts, self.profile)

    def step(self, dossier_code: str, step: StepIn) -> str:
        """JSON text of a progress step."""
        return encode_step(dossier_code, step)


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


def _portal(settings: Settings) -> Connector:
    http = http_settings(settings)
    return PortalConnector(portal_settings(settings), build_client(http), http)


CONNECTORS: dict[Target, Callable[[Settings], Connector]] = {Target.PORTAL: _portal}


def _population(settings: Settings) -> PopulationConnector | None:
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
        service_path=settings.population_service_path,
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
    return PopulationConnector(wanted, build_client(http), http)


def policy(settings: Settings) -> DeliveryPolicy:
    """Bounds of the delivery engine."""
    return DeliveryPolicy(
        schedule=Schedule(settings.retry_waits_seconds, settings.retry_attempts_max, settings.retry_age_seconds),
        lanes_per_claim=settings.worker_lanes_per_claim,
        steps_per_lane=settings.worker_steps_per_lane,
        calls_in_flight=settings.worker_calls_in_flight,
        lease_seconds=settings.worker_lease_seconds,
        call_seconds=settings.call_seconds + settings.call_tries_seconds,
    )


def _catalogue(settings: Settings) -> Catalogue:
    try:
        return load_catalogue(settings.reference_dir)
    except CatalogueError as error:
        message = f"LIENTHONG_REFERENCE_DIR: {error}"
        raise ConfigurationError(message) from error


def build_context(settings: Settings, *, clock: Clock | None = None) -> Context:
    """Everything the use cases need, from settings. ``close_context`` lets go of it."""
    subject_key = settings.subject_key.get_secret_value().encode()
    procedures = frozenset(settings.population_procedures)
    return Context(
        database=Database(settings.database_url, clock=clock, pool_size=settings.database_pool),
        catalogue=_catalogue(settings),
        agency=settings.agency,
        encoders={Target.PORTAL: PortalEncoder(Profile(settings.portal_profile))},
        connectors={target: build(settings) for target, build in CONNECTORS.items()},
        policies={target: policy(settings) for target in Target},
        population=_population(settings),
        person_procedures=None if "*" in procedures else procedures,
        subject_key=subject_key or None,
    )


async def close_context(context: Context) -> None:
    """Close connections to everything."""
    for connector in context.connectors.values():
        await connector.aclose()
    if isinstance(context.population, PopulationConnector):
        await context.population.aclose()
    await context.database.aclose()
