"""``lienthong conform``: start the house when no client is named, play the rows, print and write the matrix."""

import json
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final, TypeVar

from rich.console import Console

from app.conform import population, portal, report
from app.conform.catalogue import POPULATION, PORTAL, PersonRow, PortalRow
from app.conform.checks import Row
from app.conform.mock import Mock, MockUnreachable
from app.conform.population import Asker, NobodyToAskAbout
from app.conform.portal import Bench
from app.conform.records import Codes
from app.conform.texts import both
from app.demo.client import Gateway, GatewayError
from app.demo.processes import Stack, StackError

R = TypeVar("R", PortalRow, PersonRow)
_FAILED, _BROKEN, _INTERRUPTED = 1, 2, 130
# A running number has at most ten digits; three of them count the dossiers of this run.
_SERIALS: Final = 10_000_000
#: How long our own client waits for an answer here, so that the whole catalogue takes minutes and not hours.
OWN_TIME_OUT_SECONDS: Final = 2.0
#: The population database is asked while a person waits, with a fixed patience.
OWN_PERSON_TIME_OUT_SECONDS: Final = 15.0
_WAITS_SECONDS: Final = (0.3, 0.5, 1)
_ATTEMPTS_MAX: Final = 200
_QUICK: Final = {
    "LIENTHONG_CONNECT_SECONDS": "1",
    "LIENTHONG_READ_SECONDS": "1.5",
    "LIENTHONG_CALL_SECONDS": f"{OWN_TIME_OUT_SECONDS}",
    "LIENTHONG_CALL_TRIES_SECONDS": "0.5",
    "LIENTHONG_WORKER_LEASE_SECONDS": "5",
    "LIENTHONG_WORKER_POLL_SECONDS": "0.1",
    "LIENTHONG_RETRY_WAITS_SECONDS": json.dumps(_WAITS_SECONDS),
    "LIENTHONG_RETRY_ATTEMPTS_MAX": str(_ATTEMPTS_MAX),
    "LIENTHONG_RETRY_SCHEDULES": json.dumps(
        {
            f"portal.{failure}": {
                "waits_seconds": _WAITS_SECONDS,
                "attempts_max": _ATTEMPTS_MAX,
                "age_max_seconds": 3600,
            }
            for failure in ("technical", "contract", "unknown")
        }
    ),
    # Longer than a call of the catalogue goes on at the portal after we have given it up.
    "LIENTHONG_PORTAL_SETTLE_SECONDS": "4",
    "LIENTHONG_BREAKER_WAITS_SECONDS": "[0.5, 1]",
}


class ConnectorName(StrEnum):
    """What conform can be run against."""

    PORTAL = "portal"
    POPULATION = "population"


class UnknownFault(Exception):
    """No row of the catalogue has this name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked for. Without ``address`` our own stack is started, its files and logs in ``folder``.

    ``time_out_seconds``: how long the client under test waits for an answer; None: as long as ours does.
    ``patience_seconds``: how long it may take to settle what was handed over.
    """

    connector: ConnectorName
    faults: Sequence[str]
    build: Path
    address: str | None = None
    token: str = field(default="", repr=False)
    mock: str | None = None
    unit: str = "H15.50"
    folder: Path = Path("var/conform")
    time_out_seconds: float | None = None
    patience_seconds: float = 60.0

    @property
    def file(self) -> Path:
        """Where the rows are written."""
        ending = "" if self.connector is ConnectorName.PORTAL else f"-{self.connector.value}"
        return self.build / f"conform{ending}.json"


def conform(wanted: Wanted) -> int:
    """Play the catalogue.

    Returns:
        0 when everything held; 1 when something did not; 2 when client or mock cannot be used; 130 when interrupted.
    """
    console = Console()
    try:
        rows = rows_of(wanted, console)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except (StackError, GatewayError, MockUnreachable, NobodyToAskAbout, UnknownFault) as error:
        console.print(f"lienthong: {error}", style="bold red", markup=False, soft_wrap=True)
        return _BROKEN
    report.write(wanted.file, wanted.connector.value, rows)
    report.show(console, wanted.connector.value, rows, wanted.file)
    return 0 if all(row.held for row in rows) else _FAILED


def rows_of(wanted: Wanted, console: Console) -> list[Row]:
    """Play the rows that are asked for, all of them when none is named.

    Raises:
        UnknownFault: a name is in no row.
        StackError, GatewayError, MockUnreachable, NobodyToAskAbout: nothing can be played.
    """
    if wanted.connector is ConnectorName.PORTAL:
        return _portal_rows(wanted, _chosen(PORTAL, wanted.faults), console)
    chosen = _chosen(POPULATION, wanted.faults)
    if wanted.address:
        return _person_rows(wanted, chosen, "", console)
    plain, json_only = [r for r in chosen if not r.json_only], [r for r in chosen if r.json_only]
    return _person_rows(wanted, plain, "lgsp", console) + _person_rows(wanted, json_only, "json", console)


def _chosen(rows: Sequence[R], names: Sequence[str]) -> list[R]:
    """The rows of these names; the name of a kind means all its rows."""
    known = {name for row in rows for name in (row.fault, row.kind) if name}
    unknown = [name for name in names if name not in known]
    if unknown:
        message = f"no such fault: {', '.join(unknown)}; there are {', '.join(row.fault for row in rows)}"
        raise UnknownFault(message)
    return [row for row in rows if not names or row.fault in names or row.kind in names]


def _portal_rows(wanted: Wanted, chosen: Sequence[PortalRow], console: Console) -> list[Row]:
    rows: list[Row] = []
    with _bench(wanted, {}, console) as bench:
        for row in chosen:
            rows.append(portal.try_row(bench, row))
            report.tell(console, rows[-1])
    return rows


def _person_rows(wanted: Wanted, chosen: Sequence[PersonRow], way: str, console: Console) -> list[Row]:
    if not chosen:
        return []
    rows: list[Row] = []
    with _bench(wanted, _OWN_WAYS.get(way, {}), console) as bench:
        asker = Asker.ready(bench, foreign=wanted.address is not None)
        for row in chosen:
            played = population.try_row(asker, row)
            if played is None:
                console.print(f"– {row.fault}: {both('skipped')}", markup=False, highlight=False)
            else:
                rows.append(played)
                report.tell(console, played)
    return rows


_OWN_TIME_OUTS: Final = {
    ConnectorName.PORTAL: OWN_TIME_OUT_SECONDS,
    ConnectorName.POPULATION: OWN_PERSON_TIME_OUT_SECONDS,
}
_OWN_WAYS: Final = {
    "json": {
        "LIENTHONG_POPULATION_WAY": "json",
        "LIENTHONG_POPULATION_SERVICE_PATH": "apiCSDLDanCu/XacThucThongTinCongDan",
    }
}


@contextmanager
def _bench(wanted: Wanted, more: Mapping[str, str], console: Console) -> Iterator[Bench]:
    with ExitStack() as open_:
        address, token, mock_url = wanted.address, wanted.token, wanted.mock
        if not address or not mock_url:
            console.print(both("starting"))
            stack = open_.enter_context(own_stack(wanted.folder, more))
            address, token, mock_url = stack.api_url, stack.token("conform"), stack.mock_url
        bench = Bench(
            gateway=open_.enter_context(Gateway(address, token)),
            mock=open_.enter_context(Mock(mock_url)),
            codes=Codes(wanted.unit, int(time.time()) % _SERIALS),
            time_out_seconds=wanted.time_out_seconds or _OWN_TIME_OUTS[wanted.connector],
            patience_seconds=wanted.patience_seconds,
        )
        # What cannot be reached at all is no finding about a fault.
        bench.mock.check()
        list(bench.gateway.deliveries(dossier=bench.codes.fresh()))
        yield bench


@contextmanager
def own_stack(folder: Path, more: Mapping[str, str]) -> Iterator[Stack]:
    """Our own client with a mock behind it, short of patience so that a fault costs seconds.

    Raises:
        StackError: a process did not come up.
    """
    # Emptied before and not after: the logs say more about a row that failed than the matrix does.
    shutil.rmtree(folder, ignore_errors=True)
    with Stack(folder, say=lambda _: None, overrides={**_QUICK, **more}) as stack:
        stack.start_worker()
        yield stack
