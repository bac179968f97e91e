"""Records that our own door refuses, one for every reason it has."""

from collections.abc import Iterator

from samples.desk import Desk, Wrong, wrong
from samples.papers import RESULTS
from samples.people import Json
from samples.worktime import RECORDS_END, stamp

_DOOR = "door"
_INVALID, _UNKNOWN = "invalid-record", "unknown-code"


def shapes(desk: Desk) -> Iterator[Wrong]:
    """Lines that cannot be read, or do not have the published shape."""
    record = desk.new_dossier()
    cut = wrong("cut-line", _DOOR, "unreadable-line", "The line ends in the middle of its JSON.", record)
    yield Wrong(cut.name, _DOOR, cut.reason, cut.about, cut.text[: len(cut.text) // 2], None, None)
    naive = str(record["received_at"])[:19]
    yield _invalid("time-without-zone", "received_at has no time zone.", desk.new_dossier(received_at=naive))
    refused = {"status": "refused", "refused_at": record["received_at"]}
    yield _invalid("refusal-without-reason", "A refusal must tell the applicant why.", desk.new_dossier(**refused))
    short = desk.new_dossier()
    short["applicant"]["identities"][0]["number"] = short["applicant"]["identities"][0]["number"][:11]
    yield _invalid("number-of-eleven-digits", "A personal number has twelve digits, this one eleven.", short)
    yield _invalid("unknown-key", "The key 'priority' is not part of the contract.", desk.new_dossier(priority="high"))
    supplement = desk.new_dossier(status="supplement")
    yield _invalid("supplement-without-request", "Status supplement needs the request and its reason.", supplement)
    scan = {"name": "Tờ khai", "digitised": True}
    yield _invalid("digitised-without-file", "A digitised paper has no address.", desk.new_dossier(components=[scan]))
    step = desk.next_step(desk.told_dossier(), status="archived")
    yield _invalid("unknown-status", "A step in a status that does not exist.", step)


def _invalid(name: str, about: str, record: Json) -> Wrong:
    return wrong(name, _DOOR, _INVALID, about, record)


def codes(desk: Desk) -> Iterator[Wrong]:
    """Codes that no table holds, and a code of a dossier that is none."""
    result = {"name": "Giấy khai sinh", "result_code": "KQ.G15.999999", "url": f"{RESULTS}/kq/x.pdf"}
    paper = {"name": "Tờ khai", "component_code": "000.00.00.G15-KQ999999"}
    for name, about, changes in (
        ("procedure", "No such procedure.", {"procedure": {"code": "1.999999"}}),
        ("unit", "No such receiving unit.", {"receiving_unit": "H15.999"}),
        ("result", "No such result code.", {"results": [result]}),
        ("component", "The procedure has no such component.", {"components": [paper]}),
    ):
        yield wrong(f"unknown-{name}", _DOOR, _UNKNOWN, about, desk.new_dossier(**changes))
    invalid = desk.new_dossier(code="H15.101-261301-0001")
    yield wrong("month-thirteen", _DOOR, "invalid-dossier-code", "The code's date has a month 13.", invalid)


def history(desk: Desk) -> Iterator[Wrong]:
    """Records that do not fit what was handed over before."""
    code = desk.told_dossier()
    back = desk.history.newest(code) | {"revision": desk.history.newest(code)["revision"] + 1, "status": "processing"}
    yield _misfit("back-to-processing", "illegal-status-move", "Returned dossiers are not processed again.", back)
    old = desk.history.snapshots[desk.told_dossier()][0]
    yield _misfit("old-revision", "stale-revision", "The first revision again, after later ones.", old)
    other = desk.history.newest(desk.told_dossier()) | {"summary": "Nội dung khác dưới cùng một số phiên bản"}
    yield _misfit("same-revision-other-words", "revision-conflict", "The held revision with another summary.", other)

    code = desk.told_dossier()
    held = desk.history.steps[code][0]
    changed = held | {"content": "Nội dung khác dưới cùng một mã bước"}
    yield _misfit("same-step-other-words", "step-conflict", "A held step_id with other content.", changed)
    held = desk.history.steps[desk.told_dossier()][1]
    yield _misfit("step-twice", "duplicate-step", "A held step under another step_id.", held | {"step_id": "lai-01"})
    code = desk.told_dossier()
    early = desk.next_step(code, processed_at=desk.history.steps[code][0]["processed_at"])
    yield _misfit("step-of-the-past", "step-out-of-order", "A step of a time before the last one held.", early)
    stranger = desk.next_step(desk.told_dossier(), dossier="H15.101-260930-9999", step_id="b01")
    yield _misfit("step-of-no-dossier", "unknown-dossier", "A step of a dossier never handed over.", stranger)
    later = desk.next_step(desk.told_dossier(), processed_at=stamp(RECORDS_END), status="processing")
    yield _misfit("step-back-to-processing", "illegal-status-move", "A step that goes back from returned.", later)


def _misfit(name: str, reason: str, about: str, record: Json) -> Wrong:
    return wrong(name, _DOOR, reason, about, record)
