"""The admin API of the mock national systems, as far as conform needs it."""

import time
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, Final, Self

import httpx

from app.demo.drive import ledger

_ANSWER_SECONDS: Final = 30.0
# A fault may shut the mock's door for some seconds, and the admin API is behind the same door.
_SHUT_SECONDS: Final = 30.0
_POLL_SECONDS: Final = 0.1


class MockUnreachable(Exception):
    """The mock did not answer, or not as its admin API does."""


class Mock:
    """One running mock."""

    def __init__(self, url: str) -> None:
        """``url`` without a path."""
        self.url = url
        self._http = httpx.Client(base_url=url, timeout=_ANSWER_SECONDS, trust_env=False)

    def __enter__(self) -> Self:
        """Use it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close connections."""
        self._http.close()

    def check(self) -> None:
        """Look whether it is there.

        Raises:
            MockUnreachable: it is not, or has no admin API.
        """
        self._call("GET", "faults", patience_seconds=0)

    def reset(self) -> None:
        """Forget all records, sessions and faults."""
        self._call("POST", "reset")

    def clear(self) -> None:
        """Forget all faults."""
        self._call("DELETE", "faults")

    def arm(self, fault: Mapping[str, object]) -> None:
        """Arm one fault."""
        self._call("POST", "faults", dict(fault))

    def fired(self) -> int:
        """How often the faults that are armed have fired."""
        return sum(int(fault["fired"]) for fault in self._call("GET", "faults")["faults"])

    def ledger(self, codes: Iterable[str]) -> list[dict[str, Any]]:
        """What was applied of these dossiers, in order."""
        wanted = set(codes)
        return [dict(entry) for entry in ledger(self.url) if entry["dossier"] in wanted]

    def people(self, count: int) -> list[dict[str, str]]:
        """Some of the people whom the mock knows."""
        found: list[dict[str, str]] = self._call("GET", f"people?limit={count}")["people"]
        return found

    def _call(  # the mock's own JSON
        self, method: str, path: str, body: object = None, patience_seconds: float = _SHUT_SECONDS
    ) -> Any:  # noqa: ANN401
        deadline = time.monotonic() + patience_seconds
        while True:
            try:
                response = self._http.request(method, f"/__admin/{path}", json=body)
            except httpx.TransportError as error:
                # Arming twice would fire twice, so that call is made again only when it was surely not taken.
                again = body is None or isinstance(error, httpx.ConnectError)
                if not again or time.monotonic() > deadline:
                    message = f"the mock at {self.url} does not answer: {error}"
                    raise MockUnreachable(message) from error
                time.sleep(_POLL_SECONDS)
                continue
            if not response.is_success:
                message = f"{method} /__admin/{path}: HTTP {response.status_code} {response.text[:300]}"
                raise MockUnreachable(message)
            return response.json()
