"""How to reach the population database, and under whose names."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class PopulationWay(StrEnum):
    """Way in: the provincial LGSP with SOAP (A), or a province's own JSON face that carries SOAP text (C)."""

    LGSP = "lgsp"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class OfficerKey:
    """The key of one officer. There is no shared account."""

    name: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PopulationSettings:
    """Addresses and accounts. ``officers`` maps an officer's account to the officer's own key (way A)."""

    way: PopulationWay
    base_url: str
    service_path: str
    token_path: str
    unit_code: str
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    app_name: str
    partner_code: str
    partner_code_cus: str
    officers: Mapping[str, OfficerKey] = field(repr=False)
    # At most two more tries after the first, and only where nothing was asked or the gateway was down.
    retries_max: int = 2

    def url(self, path: str) -> str:
        """The address of a path."""
        return f"{self.base_url.rstrip('/')}/{path.lstrip('/')}"
