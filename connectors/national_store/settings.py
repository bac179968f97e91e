"""How to reach the national store: adapter, provider, paths, account."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class NationalStoreSettings:
    """Addresses and account. ``unit_code`` is the calling body.

    Of the paths only the login's was ever seen; those of the list and of the file, how the session travels and how
    the unit is told are the mock's until the real ones are known. ``session_seconds`` holds for a session that does
    not say how long it lives. ``file_bytes_max`` bounds every file, whatever a caller would take: while it is read, a
    file costs about four times its length in memory.
    """

    adapter_url: str
    username: str
    password: str = field(repr=False)
    unit_code: str
    login_path: str = "bndp/public/v1/login"
    list_path: str = "bndp/public/v1/papers"
    file_path: str = "bndp/public/v1/papers/file"
    provider_url: str = "https://apigiaytocanhan.dichvucong.gov.vn"
    dstcode: str = "VN:GOV:000.00.00.G22:vpcpdvcprovider"
    dstcode_in: Literal["query", "header"] = "query"
    session_seconds: float = 540.0
    list_seconds: float = 15.0
    file_seconds: float = 60.0
    file_bytes_max: int = 25 * 1024 * 1024

    def url(self, path: str) -> str:
        """The address of a path behind the adapter."""
        return f"{self.adapter_url.rstrip('/')}/{path.lstrip('/')}"

    def params(self) -> Mapping[str, str]:
        """Query of every call."""
        params = {"providerurl": self.provider_url} if self.provider_url else {}
        return params | ({"dstcode": self.dstcode} if self.dstcode_in == "query" else {})

    def headers(self, token: str | None = None) -> Mapping[str, str]:
        """Headers of every call; all but the login carry the session."""
        headers = {"Content-Type": "application/json", "Accept": "application/json, text/plain", "Charset": "utf-8"}
        if self.dstcode_in == "header":
            headers["dstcode"] = self.dstcode
        return headers | ({"Authorization": f"Bearer {token}", "madonvi": self.unit_code} if token else {})
