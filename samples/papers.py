"""What lies in a dossier: components, fees, results, with addresses on a host that does not exist."""

from random import Random
from typing import Final

from app.reference import Catalogue, ProcedureFacts
from samples.people import Json, chance
from samples.trades import Trade, usable

FILES: Final = "https://tep.daklak.example"
RESULTS: Final = "https://ketqua.daklak.example"
_FREE: Final = ("Giấy đề nghị", "Văn bản ủy quyền", "Điều lệ", "Danh sách thành viên", "Bản sao giấy tờ pháp lý")
_PAPERS_MAX: Final = 4
_NAME_LIMIT, _RESULT_LIMIT = 4000, 2000


def components(random: Random, catalogue: Catalogue, procedure: ProcedureFacts, code: str) -> list[Json]:
    """Some papers of the procedure's list; where no source lists any, papers without a component code."""
    listed = [
        (name, part)
        for part, name in catalogue.components.get(procedure.code, {}).items()
        if usable(part) and not name.endswith(":")
    ]
    chosen = random.sample(listed, min(len(listed), random.randint(1, _PAPERS_MAX)))
    named: list[Json] = [{"name": name, "component_code": part} for name, part in chosen]
    if not named:
        named = [{"name": name} for name in random.sample(_FREE, random.randint(1, _PAPERS_MAX))]
    return [paper | _file(random, code, place) for place, paper in enumerate(named, 1)]


def _file(random: Random, code: str, place: int) -> Json:
    address = {"file_id": f"{code}.{place}", "url": f"{FILES}/h/{code}/{place}.pdf"}
    if chance(random, 0.12):
        # A paper on paper: the office has it and no file of it.
        return {}
    if chance(random, 0.08):
        return address | {
            "digitised": True,
            "reuse": "result",
            "from_national_store": True,
            "replacing_result_code": "KQ.G15.000031",
        }
    if chance(random, 0.1):
        return address | {"digitised": True, "reuse": "component"}
    return address | ({"digitised": True} if chance(random, 0.9) else {})


def long_paper(code: str) -> Json:
    """A paper whose name is exactly as long as the contract and the nation allow."""
    words = "Giấy tờ khác kèm theo gồm nhiều loại do người nộp hồ sơ tự kê khai; "
    return {"name": filled(words, _NAME_LIMIT), "file_id": f"{code}.0", "url": f"{FILES}/h/{code}/0.pdf"}


def fees(random: Random, trade: Trade, status_chain: set[str]) -> list[Json]:
    """Fees where the trade has any; who passes through ``fee_due`` always has one."""
    if not trade.fee_vnd or ("fee_due" not in status_chain and chance(random, 0.45)):
        return []
    exempt = "fee_due" not in status_chain and chance(random, 0.25)
    amount = 0 if exempt else trade.fee_vnd * random.randint(1, 4)
    fee: Json = {"name": "Lệ phí giải quyết thủ tục", "code": "1", "amount_vnd": amount}
    return [fee | {"collection_code": random.choice(("1", "4")), "kind_code": "1"}]


def results(catalogue: Catalogue, procedure: ProcedureFacts, code: str, *, long: bool) -> list[Json]:
    """The procedure's first usable result with its link, or nothing where no source names one."""
    usable_codes = sorted(filter(usable, procedure.result_codes))
    if not usable_codes:
        return []
    name = catalogue.results[usable_codes[0]]
    if long:
        name = filled(f"{name}; kèm theo trích lục, sơ đồ và bảng kê, ", _RESULT_LIMIT)
    return [{"name": name, "result_code": usable_codes[0], "url": f"{RESULTS}/kq/{code}.pdf"}]


def filled(words: str, length: int) -> str:
    """``words`` again and again, exactly ``length`` characters, not ending in a blank."""
    text = (words * (length // len(words) + 1))[:length]
    return text[:-1] + "." if text.endswith(" ") else text
