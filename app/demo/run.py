"""``lienthong demo`` and ``lienthong run``: the whole house on this machine, in real processes."""

import json
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Final

from rich.console import Console

from app.demo import documents, drive, officers, persons, refusals, report
from app.demo.authority import Authority
from app.demo.client import Gateway, GatewayError, load, numbered_lines
from app.demo.compare import Record
from app.demo.documents import Documents, House
from app.demo.processes import Stack, StackError
from app.demo.signing import Signing
from app.demo.texts import both
from app.domain.rulesets import VIETNAM
from app.papers.trust import TrustSettings
from app.reference import load_catalogue

_DEMO_FOLDER: Final = Path("var/demo")
_RUN_FOLDER: Final = Path("var/run")
# For a look on one machine, nobody should need a telephone.
_ONE_FACTOR = {"LIENTHONG_SECOND_FACTOR_ROLES": "[]"}
# Some records go one by one through their own addresses, so that both doors are walked through.
_SINGLES: Final = 20
_SAMPLES: Final = "samples"
_FAILED, _BROKEN, _INTERRUPTED = 1, 2, 130
_WATCH_SECONDS: Final = 1.0
_DATABASE_SETTING: Final = "LIENTHONG_DATABASE_URL"
# Where the caller wants documents to lie, as with the database; an empty bucket or folder is best.
_STORE_SETTINGS: Final = ("LIENTHONG_DOCUMENTS_", "LIENTHONG_S3_")

_EXAMPLE: Final = {
    "revision": 1,
    "procedure": {"code": "1.001193"},
    "receiving_unit": "H15.50",
    "applicant": {
        "kind": "citizen",
        "full_name": "H'Bia Niê",
        "identities": [{"kind": "personal_number", "number": "003190123456"}],
    },
    "summary": "Đăng ký khai sinh",
    "channel": "online",
    "status": "received",
    "submitted_at": "2026-07-01T08:00:00+07:00",
    "received_at": "2026-07-01T08:05:00+07:00",
    "due_at": "2026-07-03T17:00:00+07:00",
}

_EXAMPLE_PAPER: Final = {
    "role": "result",
    "code": "KQ.G15.000031",
    "title": "Giấy khai sinh",
    "number_symbol": "215/2026",
    "issuing_body": "UBND phường Buôn Ma Thuột",
    "issued_on": "2026-07-02",
    "scope": "Toàn quốc",
    "source": "electronic",
    "owner": {"kind": "personal_number", "number": "003190123456"},
    "owner_name": "H'Bia Niê",
}


def demo(samples: Path, build: Path) -> int:
    """Load the sample quarter, deliver it to the mock, and hold the ledger against what was handed over.

    Returns:
        0 only if the ledger is exactly right and every wrong record was refused as foretold; 1 if not; 2 when a
        process did not do its work; 130 when interrupted.
    """
    console = Console()
    shutil.rmtree(_DEMO_FOLDER, ignore_errors=True)
    return _guarded(console, lambda: _demo(samples, build, console))


def stay_up() -> int:
    """Start everything, print the addresses and a token, and stay until a signal comes.

    Returns:
        0 when a signal came, which is the usual end; 2 when a process did not do its work.
    """
    console = Console()
    code = _guarded(console, lambda: _stay_up(console))
    return 0 if code == _INTERRUPTED else code


def _demo(samples: Path, build: Path, console: Console) -> int:
    began = time.monotonic()
    console.print(both("starting"))
    desk = Signing(Authority.make(datetime.now(UTC)))
    with (
        _stack(_DEMO_FOLDER, console, desk, _from_today()) as stack,
        Gateway(stack.api_url, stack.token(_token_name("demo"))) as gateway,
    ):
        if any(gateway.summary()["received"].values()):
            raise StackError(both("not_empty"))
        stack.start_worker()
        _say_where(console, stack)
        quarter = load(gateway, samples / "quarter.ndjson", console, both("loading"), _SINGLES)
        accepted, refused_lines = drive.read_answers(quarter)
        surprises = [f"quarter.ndjson:{answer.number}: {answer.slug}" for answer in refused_lines]
        wrong = load(gateway, samples / "wrong.ndjson", console, both("loading_wrong"))
        wrong_accepted, wrong_refused = drive.read_answers(wrong)
        accepted += wrong_accepted
        drive.settle(gateway, stack, console, both("draining"))
        checks = persons.ask(gateway, stack.mock_url, persons.open_dossiers(accepted))
        house = House(gateway, stack, load_catalogue(), desk, console)
        once = officers.work(house)
        accepted += once.records
        papers = _documents(house, accepted)
        once.wrong += officers.marks_wrong(stack.mock_url, once)
        console.print(both("comparing"))
        audit = drive.audit(gateway, stack.mock_url, accepted)
        wrong_lines = [line for _, line in numbered_lines(samples / "wrong.ndjson")]
        verdict = refusals.judge(refusals.foretold(samples / "expected.json"), wrong_lines, wrong_refused, audit.claims)
        made = report.make(
            audit,
            refused_lines + wrong_refused,
            (verdict.portal, verdict.door),
            surprises + verdict.surprises,
            (checks, papers, once),
            database=_kind_of_database(),
            worker_restarts=stack.restarts,
            seconds=time.monotonic() - began,
        )
    report.write(made, build)
    report.show(made, console)
    return 0 if made.right else _FAILED


def _documents(house: House, accepted: list[Record]) -> Documents:
    """The papers' part: hand over, look up, pass the gate, change, deliver, and let the nation fetch its links."""
    newest = documents.newest_of(accepted)
    done = documents.hand_over(house, newest)
    documents.look_up_first(house, newest, done)
    accepted += [json.loads(answer.line) for answer in documents.pass_the_gate(house, newest, done) if answer.taken]
    documents.change(house, done)
    documents.await_links(house)
    drive.settle(house.gateway, house.stack, house.console, both("draining"))
    documents.compare(house, done)
    return done


def _stay_up(console: Console) -> int:
    console.print(both("starting"))
    desk = Signing(Authority.make(datetime.now(UTC)))
    with _stack(_RUN_FOLDER, console, desk, _ONE_FACTOR) as stack:
        token = stack.token(_token_name("run"))
        person = _token_name("xem")
        password = stack.person(person)
        _write_samples(desk, _RUN_FOLDER / _SAMPLES)
        stack.start_worker()
        rows = {
            "address": stack.api_url,
            "docs": f"{stack.api_url}/docs",
            "page": f"{stack.api_url}/ ({both('login')}: {person}, {password})",
            "mock": stack.mock_url,
            "logs": str(stack.folder),
        }
        for name, value in rows.items():
            console.print(f"{both(name)}: {value}", markup=False, highlight=False, soft_wrap=True)
        console.print(f"Token: {token}", markup=False, highlight=False, soft_wrap=True)
        console.print(f"\n{both('try')}:", markup=False)
        console.print(_curl(stack.api_url, token), markup=False, highlight=False, soft_wrap=True)
        console.print(f"\n{both('try_paper')}:", markup=False)
        console.print(_curl_paper(stack.api_url, token), markup=False, highlight=False, soft_wrap=True)
        console.print(f"\n{both('stop')}")
        while True:
            stack.check()
            stack.wait(_WATCH_SECONDS)


def _curl(url: str, token: str) -> str:
    body = json.dumps(_EXAMPLE, ensure_ascii=False, indent=1).replace("'", "'\\''")
    return (
        f"curl -sS -X PUT {url}/v1/dossiers/H15.50-260701-9001 \\\n"
        f"  -H 'Authorization: Bearer {token}' -H 'Content-Type: application/json' \\\n"
        f"  -d '{body}'"
    )


def _write_samples(desk: Signing, folder: Path) -> None:
    """One signed paper for each verdict, to try the door with; this run trusts the authority that signed them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in desk.samples().items():
        (folder / f"{name}.pdf").write_bytes(content)


def _curl_paper(url: str, token: str) -> str:
    metadata = json.dumps(_EXAMPLE_PAPER, ensure_ascii=False, indent=1).replace("'", "'\\''")
    return (
        f"curl -sS -X POST {url}/v1/dossiers/H15.50-260701-9001/documents \\\n"
        f"  -H 'Authorization: Bearer {token}' \\\n"
        f"  -F 'metadata={metadata};type=application/json' \\\n"
        f"  -F 'file=@{_RUN_FOLDER / _SAMPLES}/valid.pdf;type=application/pdf'"
    )


def _from_today() -> dict[str, str]:
    """The sample quarter comes from before anybody asked the gate; what officers do here is judged."""
    return {"LIENTHONG_ONCE_ONLY_FROM": datetime.now(VIETNAM).date().isoformat()}


def _stack(folder: Path, console: Console, desk: Signing | None = None, more: Mapping[str, str] | None = None) -> Stack:
    trusted = {} if desk is None else trust_settings(desk.authority.write_trust((folder / "trust").absolute()))
    return Stack(
        folder,
        os.environ.get(_DATABASE_SETTING),
        say=lambda words: console.print(words, markup=False, highlight=False, soft_wrap=True),
        overrides=trusted
        | dict(more or {})
        | {name: value for name, value in os.environ.items() if name.startswith(_STORE_SETTINGS)},
    )


def trust_settings(trust: TrustSettings) -> dict[str, str]:
    """Settings of processes that are to trust an authority."""
    return {
        "LIENTHONG_TRUST_ROOTS": json.dumps(trust.roots),
        "LIENTHONG_TRUST_INTERMEDIATES": json.dumps(trust.intermediates),
        "LIENTHONG_TRUST_REVOCATION_LISTS": json.dumps(trust.crls),
    }


def _say_where(console: Console, stack: Stack) -> None:
    console.print(
        f"API {stack.api_url}, mock {stack.mock_url}, worker pid {stack.worker_pid}; {both('logs')}: {stack.folder}",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )


def _kind_of_database() -> str:
    return os.environ.get(_DATABASE_SETTING, "sqlite").partition(":")[0].partition("+")[0]


def _token_name(use: str) -> str:
    """Names of tokens are kept for ever, so each start takes a new one."""
    return f"{use}-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}"


def _guarded(console: Console, work: Callable[[], int]) -> int:
    try:
        with _signals_interrupt():
            return work()
    except KeyboardInterrupt:
        return _INTERRUPTED
    except (StackError, GatewayError) as error:
        console.print(f"lienthong: {error}", style="bold red", markup=False, soft_wrap=True)
        return _BROKEN


@contextmanager
def _signals_interrupt() -> Iterator[None]:
    """Make SIGTERM and SIGHUP what Ctrl-C is; a second one does not disturb the tidying up."""
    wanted = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        for each in wanted:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {each: signal.signal(each, interrupt) for each in wanted}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
