"""Way D, straight to C06: who asks is proved by a hash over the service, the account, the time and a secret."""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from typing import Final, cast

from mock_national.tables import document

DRIFT_SECONDS: Final = 300
#: A time stamp from here on is in milliseconds: as seconds it would lie thousands of years ahead.
_MILLISECONDS_FROM: Final = 100_000_000_000
_CLIENT: Final = re.compile(r"[^/\s]+(/[^/\s]+){3}")
_STAMP: Final = re.compile(r"[0-9]{1,16}")


class DirectAccess:
    """Accounts of way D; `service_path` is what the hash binds, "" for the path as called."""

    def __init__(self, service_path: str, clock: Callable[[], float]) -> None:
        """Read the account from the rules."""
        account = cast("dict[str, str]", document("population_direct"))
        self._username, self._secret, self._key = account["username"], account["secret"], account["api_key"]
        self._service_path = service_path
        self._clock = clock

    def client(self, path: str, headers: Mapping[str, str]) -> str | None:
        """The `X-Road-Client` of a call that may come in; None when any of the headers is missing or wrong."""
        stamp, client = headers.get("timestamp", ""), headers.get("x-road-client", "")
        known = hmac.compare_digest(headers.get("apikey", "").encode(), self._key.encode())
        proved = hmac.compare_digest(headers.get("authorization", "").encode(), self._proof(path, stamp).encode())
        if not (known and proved and self._in_time(stamp) and _CLIENT.fullmatch(client)):
            return None
        return client

    def _proof(self, path: str, stamp: str) -> str:
        text = f"{self._service_path or path}{self._username}{stamp}{self._secret}"
        digest = hashlib.sha256(text.encode()).hexdigest()
        return "Basic " + base64.b64encode(f"{self._username}:{digest}".encode()).decode()

    def _in_time(self, stamp: str) -> bool:
        if not _STAMP.fullmatch(stamp):
            return False
        seconds = int(stamp) / 1000 if int(stamp) >= _MILLISECONDS_FROM else int(stamp)
        return abs(seconds - self._clock()) <= DRIFT_SECONDS
