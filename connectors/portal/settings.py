"""How to reach the portal: adapter, paths, account."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from connectors.base import Capacity
from connectors.portal.encode import Profile


@dataclass(frozen=True, slots=True)
class PortalSettings:
    """Address and account. ``unit_code`` is the calling body (``madonvi``).

    ``session_seconds`` lies below the ten minutes for which clients were seen to keep a session; the true life
    is unknown.
    """

    adapter_url: str
    username: str
    password: str = field(repr=False)
    unit_code: str
    login_path: str = "mapi/login"
    share_path: str = "mapi/share"
    integration_path: str = "mapi/integration"
    provider_url: str | None = None
    dstcode: str = "VN:GOV:000.00.00.G22:vpcpdvcprovider"
    dstcode_in: Literal["query", "header"] = "query"
    profile: Profile = Profile.V2
    session_seconds: int = 540
    capacity: Capacity = field(default_factory=Capacity)

    def url(self, path: str) -> str:
        """The address of a path behind the adapter."""
        return f"{self.adapter_url.rstrip('/')}/{path.lstrip('/')}"

    def params(self) -> Mapping[str, str]:
        """Query of every call."""
        params = {"dstcode": self.dstcode} if self.dstcode_in == "query" else {}
        return params | ({"providerurl": self.provider_url} if self.provider_url else {})

    def headers(self) -> Mapping[str, str]:
        """Headers of every call."""
        headers = {"Content-Type": "application/json", "Accept": "application/json", "Charset": "utf-8"}
        return headers | ({"dstcode": self.dstcode} if self.dstcode_in == "header" else {})
