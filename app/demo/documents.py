"""The documents of the demo: handed over, judged, gated, looked up, replaced, published, and fetched by the nation."""

import base64
import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

import httpx
from rich.console import Console

from app.demo import papers
from app.demo.client import Gateway, Json, LineAnswer, progress, slug_of
from app.demo.papers import Record, Sheet
from app.demo.processes import Stack, StackError
from app.demo.signing import Signing
from app.demo.texts import both
from app.reference import Catalogue

_RESOLVED: Final = frozenset({"done", "returned"})
_OPEN: Final = frozenset({"received", "processing", "supplement", "fee_due"})
_AT_ONCE: Final = 4
_REUSED: Final = 10
_REQUESTER: Final = {"requester_name": "Nguyễn Văn Mẫu", "requester_number": "001000000001"}
_GONE: Final = 410
# A result that was changed, or signed by who may not sign any more, is not told to the nation.
_NEVER_TOLD: Final = frozenset({"MODIFIED", "REVOKED"})
_PATIENCE_SECONDS: Final = 60.0
_POLL_SECONDS: Final = 0.25
GATE_UNIT: Final = "H15.50"


@dataclass(slots=True)
class Documents:
    """What became of the demo's documents. ``wrong`` says in words what was otherwise than foretold."""

    documents: int = 0
    results: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    refused_files: Counter[str] = field(default_factory=Counter)
    gate: Counter[str] = field(default_factory=Counter)
    lookups: int = 0
    scans_avoided: int = 0
    e_result_share: float = 0.0
    links_published: int = 0
    links_fetched: int = 0
    links_wrong: int = 0
    wrong: list[str] = field(default_factory=list)
    kept: dict[str, Json] = field(default_factory=dict)
    hashes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class House:
    """The gateway under demonstration and all that is needed to hand papers over to it."""

    gateway: Gateway
    stack: Stack
    catalogue: Catalogue
    desk: Signing
    console: Console


def newest_of(accepted: Iterable[Record]) -> dict[str, Record]:
    """The newest snapshot of every dossier."""
    newest: dict[str, Record] = {}
    for record in accepted:
        if record["type"] == "dossier" and record["revision"] >= newest.get(record["code"], record)["revision"]:
            newest[record["code"]] = record
    return newest


def hand_over(house: House, newest: Mapping[str, Record]) -> Documents:
    """Hand over results and components, good ones and one of every bad kind; each must come out as foretold."""
    done = Documents()
    sheets = list(_sheets(house, newest))
    with progress(house.console, both("papers"), len(sheets)) as tell, ThreadPoolExecutor(_AT_ONCE) as pool:
        answers = pool.map(
            lambda sheet: house.gateway.post_document(sheet.dossier, sheet.metadata, sheet.content), sheets
        )
        for place, (sheet, answer) in enumerate(zip(sheets, answers, strict=True), 1):
            _judge(done, sheet, *answer)
            tell(place)
    return done


def _sheets(house: House, newest: Mapping[str, Record]) -> Iterator[Sheet]:
    desk = house.desk
    owing = _owing(house.catalogue, newest)
    gated = [pair for pair in owing if _is_gated(pair[0])]
    plain = [pair for pair in owing if pair[0]["status"] == "returned"]
    # Of those that wait at the gate half get a good result, one an unfinished one, the others none.
    half = max(1, len(gated) // 2)
    for number, (record, code) in enumerate([*gated[:half], *plain[: papers.RESULTS - half]], 1):
        yield papers.good_result(desk, record, code, number)
    rest = iter(plain[papers.RESULTS - half :])
    yield from papers.bad_results(desk, rest, 1000)
    if len(gated) > half:
        yield papers.unfinished_result(desk, *gated[half], 2000)
    record, code = next(rest)
    yield from papers.bad_files(record, code, 3000, desk.authority.now)
    parts = ((record, part) for record in newest.values() for part in record.get("components", ()))
    for number, (record, part) in enumerate(islice(parts, papers.COMPONENTS), 1):
        yield papers.component(desk, record, part, number)


def _owing(catalogue: Catalogue, newest: Mapping[str, Record]) -> list[tuple[Record, str]]:
    """Resolved dossiers whose procedure yields a paper, with the code of the first one."""
    found = []
    for record in newest.values():
        codes = sorted(catalogue.procedures[record["procedure"]["code"]].result_codes)
        if record["status"] in _RESOLVED and codes:
            found.append((record, codes[0]))
    return found


def _is_gated(record: Record) -> bool:
    return bool(record["status"] == "done" and record["receiving_unit"] == GATE_UNIT)


def _judge(done: Documents, sheet: Sheet, status: int, answer: Json) -> None:
    """What came of one file, held against what was foretold."""
    if status in {200, 201}:
        came = str(answer["verdict"])
        done.documents += 1
        done.kept[answer["id"]] = answer
        done.hashes[answer["id"]] = sheet.sha256
        if answer["role"] == "result":
            done.results += 1
            done.verdicts[came] += 1
        if answer["sha256"] != sheet.sha256:
            done.wrong.append(f"{sheet.key}: kept as other bytes")
    else:
        came = slug_of(answer)
        done.refused_files[came] += 1
    if came != sheet.expected:
        done.wrong.append(f"{sheet.key}: {came} instead of {sheet.expected}: {answer.get('detail', '')}")


def pass_the_gate(house: House, newest: Mapping[str, Record], done: Documents) -> list[LineAnswer]:
    """Enforce the rule for one unit, and call its finished dossiers returned; those without a good result must stay."""
    unit = f"/v1/units/{GATE_UNIT}/result-gate"
    house.gateway.ask("PUT", unit, {"mode": "enforce", "reason": "Đơn vị đã ký số toàn bộ kết quả"})
    good = {kept["dossier"] for kept in done.kept.values() if kept["role"] == "result" and kept["verdict"] == "VALID"}
    answers = []
    waiting = [record for record, _ in _owing(house.catalogue, newest) if record["status"] == "done"]
    for record in waiting:
        line = _returned(record, house)
        answer = house.gateway.hand_over_one(0, line)
        answers.append(answer)
        must_pass = not _is_gated(record) or record["code"] in good
        done.gate["passed" if answer.taken else "refused"] += 1
        if answer.taken is not must_pass or (answer.problem and answer.slug != "result-missing"):
            done.wrong.append(f"{record['code']}: the gate said {answer.slug or 'taken'}")
    return answers


def _returned(record: Record, house: House) -> bytes:
    now = house.desk.authority.now.isoformat()
    later = {**record, "revision": record["revision"] + 1, "status": "returned", "returned_at": now}
    return json.dumps(later, ensure_ascii=False).encode()


def look_up_first(house: House, newest: Mapping[str, Record], done: Documents) -> None:
    """Ask before scanning: some papers lie here, some with the nation, some nowhere; what is found is taken."""
    good = [kept for kept in done.kept.values() if kept["role"] == "result" and kept["verdict"] == "VALID"]
    places = list(islice(_open_places(house.catalogue, newest), 3 * _REUSED))
    here, nation, nowhere = (places[place::3] for place in range(3))
    owners = {code: papers.owner_of(record)[0] for code, record in newest.items()}
    for kept, (record, component) in zip(good, here, strict=False):
        found = _ask(house, record, component, owners[kept["dossier"]], kept["code"])
        _take(house, record, component, found, "provincial_store", done)
    code = good[0]["code"]
    wanted = [_national_paper(house, code, record, number) for number, (record, _) in enumerate(nation, 1)]
    loaded = httpx.put(f"{house.stack.mock_url}/__admin/papers", json={"papers": wanted}, trust_env=False, timeout=60)
    loaded.raise_for_status()
    for record, component in nation:
        found = _ask(house, record, component, owners[record["code"]], code)
        _take(house, record, component, found, "national_store", done)
    for record, component in nowhere:
        found = _ask(house, record, component, owners[record["code"]], code)
        if found["held"] or found["national_outcome"] != "nothing_held":
            done.wrong.append(f"{record['code']}: a paper was found that nobody holds")
    figures = house.gateway.ask("GET", "/v1/documents/store")
    done.lookups, done.scans_avoided = figures["lookups"], figures["scans_avoided"]


def _open_places(catalogue: Catalogue, newest: Mapping[str, Record]) -> Iterator[tuple[Record, str]]:
    """Open dossiers of citizens, each with a component code of its procedure."""
    for record in newest.values():
        listed = [code for code in catalogue.components.get(record["procedure"]["code"], {}) if code.isascii()]
        kind = record["applicant"]["identities"][0]["kind"] if record["applicant"].get("identities") else ""
        if record["status"] in _OPEN and listed and " " not in listed[0] and kind != "tax_number" and kind:
            yield record, listed[0]


def _ask(house: House, record: Record, component: str, owner: Json, code: str) -> Json:
    question = {
        "dossier": record["code"],
        "unit": record["receiving_unit"],
        "officer": "canbo01",
        "owner": owner,
        "component_code": component,
        "result_codes": [code],
        **_REQUESTER,
    }
    return house.gateway.ask("POST", "/v1/documents/lookup", question)


def _take(house: House, record: Record, component: str, found: Json, where: str, done: Documents) -> None:
    places = [candidate["place"] for candidate in found["candidates"] if candidate["held_in"] == where]
    if not places:
        done.wrong.append(f"{record['code']}: nothing was found in the {where} ({found['national_outcome']})")
        return
    body = {"lookup_id": found["id"], "candidate": places[0], "component_code": component, "officer": "canbo01"}
    taken = house.gateway.ask("POST", f"/v1/dossiers/{record['code']}/documents/reuse", body)
    done.documents += 1
    done.kept[taken["id"]] = taken
    done.hashes[taken["id"]] = taken["sha256"]


def _national_paper(house: House, code: str, record: Record, number: int) -> Json:
    owner, _ = papers.owner_of(record)
    sheet = papers.good_result(house.desk, record, code, 9000 + number)
    content = base64.b64encode(sheet.content).decode()
    return {
        "owner": owner["number"],
        "result_code": code,
        "issuing_body": "UBND tỉnh khác",
        "number_symbol": f"{number}/KQ-TW",
        "files": [{"name": "ket-qua.pdf", "content": content}],
    }


def change(house: House, done: Documents) -> None:
    """Withdraw one result and replace another: their links must say so, and the nation must be told."""
    good = [kept for kept in done.kept.values() if kept["role"] == "result" and kept["verdict"] == "VALID"]
    withdrawn, replaced = good[-1], good[-2]
    house.gateway.ask("POST", f"/v1/documents/{withdrawn['id']}/revoke", {"reason": "Cấp sai thẩm quyền"})
    newer = papers.reissued(house.desk, replaced)
    status, answer = house.gateway.post_document(newer.dossier, newer.metadata, newer.content)
    _judge(done, newer, status, answer)
    for kept in (withdrawn, replaced):
        told = httpx.get(kept["link"]["url"], trust_env=False)
        if told.status_code != _GONE:
            done.wrong.append(f"{kept['id']}: its link does not say that it is gone ({told.status_code})")


def await_links(house: House) -> None:
    """Wait until every link has been tried from outside.

    Raises:
        StackError: a process is gone, or nothing has moved for ``_PATIENCE_SECONDS``.
    """
    began, last = time.monotonic(), -1
    while left := house.gateway.ask("GET", "/v1/documents/store")["links"]["new"]:
        house.stack.check()
        if left != last:
            began, last = time.monotonic(), left
        elif time.monotonic() - began > _PATIENCE_SECONDS:
            message = f"{left} links have not been tried for {_PATIENCE_SECONDS:.0f} s"
            raise StackError(message)
        house.stack.wait(_POLL_SECONDS)


def compare(house: House, done: Documents) -> None:
    """Let the nation fetch every link it was given, and hold what it found and was told against what was kept."""
    fetched = httpx.post(f"{house.stack.mock_url}/__admin/links/fetch", json={}, trust_env=False, timeout=300)
    fetched.raise_for_status()
    listing = httpx.get(f"{house.stack.mock_url}/__admin/links", trust_env=False, timeout=60).text
    found = {link["url"]: link for link in map(json.loads, filter(None, listing.split("\n")))}
    owed = _owed(house, done)
    done.links_published = len(found)
    done.links_fetched = sum(link["status"] == httpx.codes.OK and not link["error"] for link in found.values())
    for url, sha256 in owed.items():
        link = found.get(url)
        if link is None or link["sha256"] != sha256:
            done.links_wrong += 1
            done.wrong.append(f"{url}: {_trouble(link) if link else 'the nation was not told'}")
    for url in found.keys() - owed.keys():
        done.links_wrong += 1
        done.wrong.append(f"{url}: the nation was told, and should not be")
    done.e_result_share = house.gateway.summary()["e_results"]["share"] or 0.0
    figures = house.gateway.ask("GET", "/v1/documents/store")
    if figures["damaged"] or figures["links"]["dead"] or figures["links"]["new"]:
        done.wrong.append(f"the store is not as it should be: {figures}")


def _trouble(link: Json) -> str:
    return f"HTTP {link['status']}, {link['size']} bytes, {link['error'] or 'other bytes than were handed over'}"


def _owed(house: House, done: Documents) -> dict[str, str]:
    """Address and hash of every document that speaks, as the gateway tells them by dossier, hashes as handed over."""
    owed = {}
    for code in sorted({kept["dossier"] for kept in done.kept.values()}):
        for item in house.gateway.ask("GET", f"/v1/dossiers/{code}/documents")["items"]:
            if item["id"] not in done.kept:
                done.wrong.append(f"{item['id']}: nobody handed it over")
            elif item["standing"] == "active" and not (item["role"] == "result" and item["verdict"] in _NEVER_TOLD):
                owed[item["link"]["url"]] = done.hashes[item["id"]]
    return owed
