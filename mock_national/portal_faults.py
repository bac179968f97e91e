"""What an armed fault does inside the portal: to its sessions, to its list of procedures, to an array."""

import json
from collections.abc import Callable
from typing import Final

from mock_national.catalogue import Catalogue
from mock_national.faults import Fault, FaultBook
from mock_national.holdings import Holdings
from mock_national.kinds import BAD_ITEM_KINDS
from mock_national.policies import BY_FAULT
from mock_national.reception import ORDINARY, Terms
from mock_national.wire import Reply, dump

_SUCCESS: Final = frozenset({"0", "00"})

Body = dict[str, object]


class Bending:
    """Changes what a call does while a fault is on it; runs inside the transaction of the call."""

    def __init__(self, holdings: Holdings, faults: FaultBook, clock: Callable[[], float]) -> None:
        """Stand on what the portal holds."""
        self._holdings = holdings
        self._faults = faults
        self._clock = clock

    def answer(self, fault: Fault, body: Body, decide: Callable[[Body], Reply]) -> Reply:
        """The portal's answer under `fault`; `decide` is the portal itself."""
        if fault.kind == "session_expired":
            self._holdings.end_session(str(body.get("session")), self._clock())
        elif fault.kind == "wrong_unit":
            return decide({**body, "madonvi": ""})
        elif fault.kind == "duplicate_500":
            return self._duplicate(body, decide)
        reply = decide(body)
        if fault.kind == "clock_skew":
            session = json.loads(reply.body).get("session") or body.get("session")
            self._holdings.end_session(str(session), self._clock() + fault.delay_ms / 1000)
        elif fault.kind in BAD_ITEM_KINDS and reply.error_code in _SUCCESS:
            # There was no bad item: the fault waits for a call that has one.
            self._faults.put_back(fault)
        return reply

    def _duplicate(self, body: Body, decide: Callable[[Body], Reply]) -> Reply:
        data = body.get("data")
        codes = [str(item.get("MaHoSo")) for item in data if isinstance(item, dict)] if isinstance(data, list) else []
        held = next((code for code in codes if self._holdings.holds(code)), None)
        if held is not None:
            return _broken(f"Lỗi hệ thống: hồ sơ {held} đã tồn tại", len(codes))
        reply = decide(body)
        return _broken("Lỗi hệ thống", len(codes)) if reply.error_code in _SUCCESS else reply


def terms_of(fault: Fault) -> Terms:
    """How arrays are judged and lists are read under `fault`."""
    if fault.kind in BAD_ITEM_KINDS:
        return Terms(policy=BY_FAULT[fault.kind], refused=fault.dossier)
    if fault.kind == "code_table_changed":
        old, new = fault.procedure, fault.renamed_to
        return Terms(closed=frozenset({old or "*"}), renamed={new: old} if old and new else {})
    return ORDINARY


def closed_list(catalogue: Catalogue, terms: Terms) -> list[dict[str, str]]:
    """LayDanhSachTTHC after the change: closed codes are gone, renamed ones stand under their new code."""
    new_codes = {old: new for new, old in terms.renamed.items()}
    return [
        {**line, "MATTHC": new_codes.get(line["MATTHC"], line["MATTHC"])}
        for line in catalogue.procedure_list()
        if line["MATTHC"] in new_codes or line["MATTHC"] not in terms.closed
    ]


def closed_procedure(catalogue: Catalogue, code: str, terms: Terms) -> list[dict[str, object]]:
    """LayThuTuc after the change: a closed procedure says so, a renamed one stands under its new code."""
    if code in terms.renamed:
        return [{**found, "ID": code, "MATTHC": code} for found in catalogue.detail(terms.renamed[code])]
    if code in terms.closed or "*" in terms.closed:
        return [{**found, "TRANGTHAI": "CLOSED"} for found in catalogue.detail(code)]
    return catalogue.detail(code)


def _broken(text: str, items: int) -> Reply:
    return Reply(body=dump({"message": text}).encode(), status=500, service="DongBoHoSoMC", items=items)
