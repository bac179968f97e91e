"""A furnished gateway served to Schemathesis over ASGI: nothing leaves the process."""

import asyncio
import shutil
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
import schemathesis
from hypothesis import strategies as st
from schemathesis.checks import (
    CheckFunction,
    allow_header_conformance,
    content_type_conformance,
    missing_required_header,
    negative_data_rejection,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.python import asgi
from starlette.types import Receive, Scope, Send

from app.store.session import Database
from tests.fuzz.furnished import Furnished, furnish

# Left out of the library's checks, each for what it cannot know:
# - positive_data_acceptance: no shape says which codes stand in our tables or which dossiers there are; what a shape
#   can say is asked of the published examples instead (test_a_published_example_has_the_published_shape);
# - use_after_free, ensure_resource_availability: they follow chains of calls, and here each call stands alone;
# - ignored_auth: it asks every operation again without and with a wrong token, for every case; here once
#   for each operation, see test_without_a_token_nothing_is_said in test_hostile.py;
# - object_level_authorization: it needs two callers with different reach, which tests of docs/access.md have.
CHECKS: tuple[CheckFunction, ...] = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    unsupported_method,
    allow_header_conformance,
    missing_required_header,
)

Operation = schemathesis.APIOperation[Any, Any, Any, Any]
Case = schemathesis.Case[Any]

_LINES = st.sampled_from([b"{}", b"", b"[]", b"\xff", b'{"type":"dossier"}', b'{"type":"step","dossier":"x"}', b"\0"])
schemathesis.openapi.media_type("application/x-ndjson", st.lists(_LINES, max_size=5).map(b"\n".join))
schemathesis.openapi.media_type("application/offset+octet-stream", st.binary(max_size=40))


def _config() -> schemathesis.Config:
    return schemathesis.Config.from_dict(
        {
            "seed": 6,
            "generation": {
                # Who calls is given to each call; how they say it has tests of its own.
                "with-security-parameters": False,
                # What nobody reads of a query or of headers is passed over, as proxies and browsers expect.
                "allow-extra-parameters": False,
            },
        }
    )


@dataclass
class Lifelong:
    """An application that is furnished in the loop that serves it, and closed there."""

    database_url: str
    root: Path
    made: Furnished | None = None

    @property
    def furnished(self) -> Furnished:
        """Once it has started."""
        assert self.made is not None
        return self.made

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or a life."""
        if scope["type"] != "lifespan":
            await self.furnished.app(scope, receive, send)
            return
        await receive()
        database = Database(self.database_url)
        self.made = await furnish(database, self.root)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await database.aclose()
        # Threads of the driver end in their own time.
        await asyncio.sleep(0)
        await send({"type": "lifespan.shutdown.complete"})


@dataclass
class Served:
    """The document, a client, and what was found wrong so far."""

    furnished: Furnished
    schema: schemathesis.BaseSchema
    session: requests.Session
    wrong: dict[tuple[str, str, int], list[str]] = field(default_factory=lambda: defaultdict(list))
    calls: int = 0

    def operations(self) -> list[Operation]:
        """All of them."""
        found = [read.ok() for read in self.schema.get_all_operations() if isinstance(read, Ok)]
        # None that cannot be read is left out in silence.
        assert len(found) == self.schema.statistic.operations.total
        return found

    def try_case(self, case: Case, headers: dict[str, str]) -> schemathesis.Response:
        """Send one request and check its answer."""
        self.calls += 1
        answer = case.call(session=self.session, headers=headers)
        try:
            case.validate_response(answer, checks=list(CHECKS), headers=headers)
        except FailureGroup as group:
            for failure in group.exceptions:
                said = f"{failure}\n{case.as_curl_command()}\n{answer.content[:500]!r}"
                self.wrong[case.operation.label, type(failure).__name__, answer.status_code].append(said)
        return answer

    def settle(self) -> None:
        """Fail with one example of each kind of fault."""
        told = "\n\n".join(f"{key}, {len(said)} times:\n{said[0]}" for key, said in sorted(self.wrong.items()))
        assert not self.wrong, told
        assert self.calls


@contextmanager
def served(database_url: str, root: Path) -> Iterator[Served]:
    """Serve a furnished gateway as long as the block lasts."""
    application: Any = Lifelong(database_url, root)
    try:
        schema = schemathesis.openapi.from_asgi("/openapi.json", application, config=_config())
        with asgi.get_client(application) as session:
            yield Served(application.furnished, schema, session)
    finally:
        asgi.shutdown_lifespans()
        shutil.rmtree(root, ignore_errors=True)
