"""How to reach the population database, and under whose names."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

# What fits in a header, and is the same in every encoding of one.
_HEADER = re.compile(r"[!-~]*")


class PopulationWay(StrEnum):
    """Way in: provincial LGSP with SOAP (A), a province's JSON face that carries SOAP (C), SOAP to C06 itself (D)."""

    LGSP = "lgsp"
    JSON = "json"
    DIRECT = "direct"


class PopulationService(StrEnum):
    """The numbers that the database gave its services."""

    VERIFY = "003"
    RECORD = "037"


#: Where each service is found when the settings name no path. Every gateway may choose its own.
PATHS: Final[Mapping[tuple[PopulationService, PopulationWay], str]] = {
    (PopulationService.VERIFY, PopulationWay.LGSP): "csdldc/XacThucThongTinCongDan",
    (PopulationService.VERIFY, PopulationWay.JSON): "apiCSDLDanCu/XacThucThongTinCongDan",
    (PopulationService.VERIFY, PopulationWay.DIRECT): "c06/XacThucThongTinCongDan",
    (PopulationService.RECORD, PopulationWay.LGSP): "csdldc/TraCuuThongTinCongDan",
    (PopulationService.RECORD, PopulationWay.JSON): "apiCSDLDanCu/ChiaSeThongTinCongDan",
    (PopulationService.RECORD, PopulationWay.DIRECT): "c06/TraCuuThongTinCongDan",
}


@dataclass(frozen=True, slots=True)
class OfficerKey:
    """The key of one officer. There is no shared account."""

    name: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PopulationSettings:
    """Addresses and accounts. ``officers`` maps an officer's account to the officer's own key (way A).

    ``service_path`` is that of service 003, ``record_path`` that of 037; "" is the usual one of the way. The
    ``direct_`` settings are for way D alone; ``direct_client`` (``X-Road-Client``: instance/class/code/subsystem) and
    ``direct_api_key`` are sent where they are given. The two hash paths are what the service wants bound by the hash
    in place of the path of its address.

    Raises:
        ValueError: way D without its account, or a value that fits in no header.
    """

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
    record_path: str = ""
    direct_username: str = ""
    direct_secret: str = field(default="", repr=False)
    direct_api_key: str = field(default="", repr=False)
    direct_client: str = ""
    direct_verify_hash_path: str = ""
    direct_record_hash_path: str = ""
    # A whole record has some five thousand bytes.
    answer_bytes_max: int = 256 * 1024

    def __post_init__(self) -> None:
        """Refuse at the start what would fail each call."""
        if self.way is PopulationWay.DIRECT and not (self.direct_username and self.direct_secret):
            message = "way 'direct' needs direct_username and direct_secret"
            raise ValueError(message)
        if not (_HEADER.fullmatch(self.direct_api_key) and _HEADER.fullmatch(self.direct_client)):
            message = "direct_api_key and direct_client must be printable ASCII without blanks"
            raise ValueError(message)

    def url(self, path: str) -> str:
        """The address of a path."""
        return f"{self.base_url.rstrip('/')}/{path.lstrip('/')}"

    def service_url(self, service: PopulationService) -> str:
        """The address of a service."""
        named = self.service_path if service is PopulationService.VERIFY else self.record_path
        return self.url(named or PATHS[service, self.way])

    def hash_path(self, service: PopulationService) -> str:
        """The path that the hash of way D binds."""
        is_verify = service is PopulationService.VERIFY
        named = self.direct_verify_hash_path if is_verify else self.direct_record_hash_path
        return named or urlsplit(self.service_url(service)).path
