"""What was handed over against what the nation's ledger holds, record by record. Pure functions.

The few national names and codes needed are written here a second time on purpose: a connector that encodes
wrongly must not be able to agree with itself.

Ids: ``CODE#3`` is revision 3 of a dossier, ``CODE/step-id`` a progress step.
"""

import unicodedata
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, Final

Record = Mapping[str, Any]
Print = tuple[str, ...]

_VIETNAM: Final = timezone(timedelta(hours=7))
_STATUS: Final = {
    "registered": "1",
    "received": "2",
    "refused": "3",
    "processing": "4",
    "supplement": "5",
    "fee_due": "6",
    "withdrawn": "7",
    "stopped": "8",
    "done": "9",
    "returned": "10",
}
_STEP_TEXTS: Final = {
    "NoiDungXuLy": "content",
    "NguoiXuLy": "officer_name",
    "ChucDanh": "officer_title",
    "PhongBanXuLy": "department",
}
_STEP_TIMES: Final = {"ThoiDiemXuLy": "processed_at", "NgayBatDau": "started_at", "NgayKetThucTheoQuyDinh": "due_at"}
_DOSSIER_TIMES: Final = {
    "NgayNopHoSo": "submitted_at",
    "NgayTiepNhan": "received_at",
    "NgayHenTra": "due_at",
    "NgayKetThucXuLy": "finished_at",
    "NgayTra": "returned_at",
    "NgayTuChoi": "refused_at",
}


@dataclass(slots=True)
class Handed:
    """The accepted records of one dossier: revisions by number, steps in the order they were handed over."""

    revisions: dict[int, Print] = field(default_factory=dict)
    steps: dict[str, Print] = field(default_factory=dict)


@dataclass(slots=True)
class Comparison:
    """The verdict. Each list holds ids; a clean ledger leaves the last five empty."""

    delivered: list[str] = field(default_factory=list)
    superseded: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    out_of_order: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    @property
    def exact(self) -> bool:
        """Whether the ledger is exactly right."""
        return not (self.lost or self.doubled or self.out_of_order or self.stale or self.foreign)


def id_of(record: Record) -> str:
    """The id of a handed-over record."""
    if record["type"] == "dossier":
        return f"{record['code']}#{record['revision']}"
    return f"{record['dossier']}/{record['step_id']}"


def collect(accepted: Iterable[Record]) -> dict[str, Handed]:
    """Accepted records by dossier; a record handed over twice is one record."""
    handed: dict[str, Handed] = {}
    for record in accepted:
        if record["type"] == "dossier":
            handed.setdefault(record["code"], Handed()).revisions[record["revision"]] = _dossier_print(record)
        else:
            steps = handed.setdefault(record["dossier"], Handed()).steps
            steps.setdefault(record["step_id"], _step_print(record))
    return handed


def compare(
    handed: Mapping[str, Handed], ledger: Iterable[Record], refused: frozenset[str], held: frozenset[str]
) -> Comparison:
    """Compare id by id.

    Args:
        handed: accepted records by dossier.
        ledger: the nation's ledger in order: ``{"kind": "insert|update|step", "dossier": code, "data": …}``.
        refused: ids that the nation refused for good; they must not be in the ledger.
        held: ids that wait behind a refused one; they must not be in the ledger either.
    """
    found = Comparison()
    entries: dict[str, list[Record]] = {}
    for entry in ledger:
        entries.setdefault(entry["dossier"], []).append(entry)
    out = refused | held
    for code, owed in handed.items():
        _compare_dossier(code, owed, entries.pop(code, []), out, found)
    for strangers in entries.values():
        found.foreign.extend(_ledger_id(entry) for entry in strangers)
    return found


def misreported(handed: Mapping[str, Handed], claims: Mapping[str, str], found: Comparison) -> list[str]:
    """Ids of which the gateway tells otherwise than the ledger.

    Args:
        handed: accepted records by dossier.
        claims: state of each delivery by record id, as the gateway tells it.
        found: the comparison with the ledger.

    Snapshots alike in every word compared cannot be told apart, so they are held against each other by number.
    One whose answer was lost and which a newer one overtook before anybody could ask is told as superseded, though
    the nation had it for a while; that a snapshot was delivered which the ledger lacks is never right.
    """
    delivered, superseded = set(found.delivered), set(found.superseded)
    wrong: list[str] = []
    for code, owed in handed.items():
        names = [f"{code}#{number}" for number in owed.revisions]
        told = [sum(claims.get(name) == state for name in names) for state in ("delivered", "superseded")]
        are = [sum(name in confirmed for name in names) for confirmed in (delivered, superseded)]
        newest = claims.get(f"{code}#{max(owed.revisions, default=0)}")
        if told[0] > are[0] or newest == "superseded" or (told[0] != are[0] and sum(told) != sum(are)):
            wrong.append(f"{code}#delivered")
        elif sum(told) != sum(are):
            wrong.append(f"{code}#superseded")
        names = [f"{code}/{step}" for step in owed.steps]
        wrong.extend(name for name in names if (claims.get(name) == "delivered") != (name in delivered))
    known = {f"{code}#{n}" for code, owed in handed.items() for n in owed.revisions}
    known |= {f"{code}/{step}" for code, owed in handed.items() for step in owed.steps}
    return wrong + sorted(known ^ claims.keys())


def _compare_dossier(
    code: str, owed: Handed, entries: Sequence[Record], out: frozenset[str], found: Comparison
) -> None:
    snapshots = _without_news_of_marks([entry for entry in entries if entry["kind"] != "step"])
    steps = [entry for entry in entries if entry["kind"] == "step"]
    revisions = {n: owed.revisions[n] for n in sorted(owed.revisions) if f"{code}#{n}" not in out}
    newest = max(owed.revisions, default=0)
    _compare_snapshots(code, revisions, newest, snapshots, found)
    if steps and entries[0]["kind"] != "insert":
        found.out_of_order.append(f"{code}#insert")
    wanted = {name: mark for name, mark in owed.steps.items() if f"{code}/{name}" not in out}
    _compare_steps(code, wanted, steps, found)


def fold(states: Iterable[tuple[str, str]]) -> dict[str, str]:
    """State by record id, where a revision promised anew because its papers changed (``CODE#3.2``) is one record.

    It has arrived when any of its promises has; otherwise the newest promise tells how it stands.
    """
    found: dict[str, tuple[int, str, bool]] = {}
    for name, state in states:
        head, mark, ref = name.rpartition("#")
        revision, _, version = ref.partition(".")
        record = f"{head}#{revision}" if mark else name
        version = version if mark else ""
        number = int(version or 0)
        held = found.get(record, (-1, "", False))
        newest = (number, state) if number > held[0] else held[:2]
        found[record] = (*newest, held[2] or state == "delivered")
    return {record: "delivered" if arrived else state for record, (_, state, arrived) in found.items()}


def _without_news_of_marks(snapshots: Sequence[Record]) -> list[Record]:
    """The snapshots, but for those that say what the one before says and only other marks (papers, databases)."""
    kept: list[Record] = []
    for entry in snapshots:
        before = kept[-1]["data"] if kept else None
        if before is not None and _wire_dossier(before) == _wire_dossier(entry["data"]):
            told = kept[-1].get("marks", _wire_marks(before))
            if told != _wire_marks(entry["data"]):
                kept[-1] = {**kept[-1], "marks": _wire_marks(entry["data"])}
                continue
        kept.append(entry)
    return kept


def _wire_marks(data: Record) -> list[object]:
    names = ("TaiLieuNop", "DanhSachGiayToKetQua", "HoSoCoThanhPhanSoHoa", "DSKetNoiCSDL")
    return [data.get(name) for name in names]


def _compare_snapshots(
    code: str, revisions: dict[int, Print], newest: int, snapshots: Sequence[Record], found: Comparison
) -> None:
    """Sent snapshots must be some of the revisions, in order, and the last of them the newest one."""
    inserts = [place for place, entry in enumerate(snapshots) if entry["kind"] == "insert"]
    found.doubled.extend(f"{code}#insert" for _ in inserts[1:])
    if inserts and inserts[0] > 0:
        found.out_of_order.append(f"{code}#insert")
    marks = [_wire_dossier(entry["data"]) for entry in snapshots]
    arrived = _match_snapshots(code, revisions, marks, found)
    found.delivered.extend(f"{code}#{number}" for number in arrived)
    found.superseded.extend(f"{code}#{n}" for n in revisions if n not in arrived and n != newest)
    # A newest revision that was refused or waits is not owed; it still makes the older ones needless.
    if newest not in revisions:
        return
    if newest not in arrived:
        found.lost.append(f"{code}#{newest}")
    if marks and marks[-1] != revisions[newest]:
        found.stale.append(f"{code}#{newest}")


def _match_snapshots(code: str, revisions: dict[int, Print], marks: Sequence[Print], found: Comparison) -> list[int]:
    """The revisions that arrived. From the last snapshot back, each takes the newest revision still free below."""
    free = sorted(revisions)
    arrived: list[int] = []
    for mark in reversed(marks):
        fitting = [number for number in free if revisions[number] == mark]
        if fitting:
            arrived.append(fitting[-1])
            free = [number for number in free if number < fitting[-1]]
        elif any(revisions[number] == mark for number in arrived):
            found.doubled.append(f"{code}#{next(n for n in arrived if revisions[n] == mark)}")
        elif mark in revisions.values():
            found.out_of_order.append(f"{code}#{next(n for n, m in revisions.items() if m == mark)}")
        else:
            found.foreign.append(f"{code}#?")
    return sorted(arrived)


def _compare_steps(code: str, wanted: dict[str, Print], steps: Sequence[Record], found: Comparison) -> None:
    """Each step once and in order. Steps alike in every word cannot be told apart and are counted instead."""
    places: dict[Print, list[tuple[int, str]]] = {}
    for place, (name, mark) in enumerate(wanted.items()):
        places.setdefault(mark, []).append((place, name))
    seen: Counter[Print] = Counter()
    order: list[tuple[int, str]] = []
    for entry in steps:
        mark = _wire_step(entry["data"])
        alike = places.get(mark)
        if alike is None:
            found.foreign.append(_ledger_id(entry))
        elif seen[mark] >= len(alike):
            found.doubled.append(f"{code}/{alike[-1][1]}")
        else:
            order.append(alike[seen[mark]])
            seen[mark] += 1
    arrived = {name for _, name in order}
    found.delivered.extend(f"{code}/{name}" for name in wanted if name in arrived)
    found.lost.extend(f"{code}/{name}" for name in wanted if name not in arrived)
    found.out_of_order.extend(f"{code}/{name}" for name in _misplaced(order))


def _misplaced(order: Sequence[tuple[int, str]]) -> list[str]:
    """The fewest names that would have to move for the places to rise: those outside a longest rising run."""
    ends: list[int] = []
    ranks: list[int] = []
    for place, _ in order:
        rank = bisect_left(ends, place)
        ends[rank : rank + 1] = [place]
        ranks.append(rank)
    wanted = len(ends) - 1
    misplaced: list[str] = []
    for (_, name), rank in zip(reversed(order), reversed(ranks), strict=True):
        if rank == wanted:
            wanted -= 1
        else:
            misplaced.append(name)
    return misplaced[::-1]


def _ledger_id(entry: Record) -> str:
    return f"{entry['dossier']}@{entry['seq']}"


def _dossier_print(record: Record) -> Print:
    return (
        _STATUS[record["status"]],
        record["procedure"]["code"],
        _text(record["summary"]),
        _text(record["applicant"]["full_name"]),
        *(_stamp(record.get(name)) for name in _DOSSIER_TIMES.values()),
    )


def _wire_dossier(data: Record) -> Print:
    names = ("TrangThaiHoSo", "MaTTHC", "TrichYeuHoSo", "ChuHoSo", *_DOSSIER_TIMES)
    return tuple(str(data.get(name) or "") for name in names)


def _step_print(record: Record) -> Print:
    return (
        _STATUS[record["status"]],
        *(_text(record.get(name)) for name in _STEP_TEXTS.values()),
        *(_stamp(record.get(name)) for name in _STEP_TIMES.values()),
    )


def _wire_step(data: Record) -> Print:
    return tuple(str(data.get(name) or "") for name in ("TrangThai", *_STEP_TEXTS, *_STEP_TIMES))


def _text(value: str | None) -> str:
    # The one-stop software may type a letter in two ways; the nation gets the composed form.
    return unicodedata.normalize("NFC", value) if value else ""


def _stamp(value: str | None) -> str:
    """``yyyyMMddHHmmss`` on the clocks of Viet Nam, which know no summer time; "" for no time."""
    return datetime.fromisoformat(value).astimezone(_VIETNAM).strftime("%Y%m%d%H%M%S") if value else ""
