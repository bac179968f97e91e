"""Records as the contract allows them, made by hypothesis; texts are short enough for any portal."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from connectors.portal import DossierFacts
from connectors.portal.papers import Paper, Papers, ResultPaper
from schemas.provincial import (
    ApplicantKind,
    Channel,
    Database,
    DossierIn,
    FiledAt,
    OnlinePayment,
    PaperKind,
    ReturnMethod,
    Reuse,
    Status,
    StepIn,
)

FACTS = DossierFacts("Thủ tục đăng ký khai sinh", "G15-TP07", "Hộ tịch", "UBND phường Mẫu")
COMPONENTS = ("000.00.00.G15-KQ003208", "000.00.00.G15-KQ1475")
RESULT = "KQ.G15.000031"
START = datetime(2026, 1, 1, tzinfo=UTC)

Json = dict[str, Any]


def texts(longest: int = 50) -> st.SearchStrategy[str]:
    """Any text that a reader can see, in any script, quotes and angle brackets too."""
    letters = st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"))
    # Composing can lengthen a text a little, so a margin is left.
    return st.text(letters, min_size=1, max_size=longest // 3).filter(lambda text: bool(text.strip()))


def times() -> st.SearchStrategy[datetime]:
    """A moment of some years, in UTC."""
    return st.integers(0, 10**8).map(lambda seconds: START + timedelta(seconds=seconds))


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """The value or None."""
    return st.none() | strategy


URLS = st.integers(1, 10**6).map(lambda number: f"https://h15.example/t/{number}?x=%20&y=ă")
NUMBERS_12 = st.integers(0, 10**9 - 1).map(lambda number: f"003{number:09d}")


@st.composite
def identities(draw: st.DrawFn) -> Json:
    """An identity number of any kind."""
    kind = draw(st.sampled_from(PaperKind))
    number = draw(NUMBERS_12)
    cut = {PaperKind.PERSONAL_NUMBER: 12, PaperKind.OLD_IDENTITY_NUMBER: 9, PaperKind.TAX_NUMBER: 10}[kind]
    return {"kind": kind, "number": number[:cut]}


@st.composite
def applicants(draw: st.DrawFn) -> Json:
    """An applicant; a citizen has a number."""
    kind = draw(st.sampled_from(ApplicantKind))
    papers = draw(st.lists(identities(), max_size=4))
    if kind is ApplicantKind.CITIZEN:
        papers.append({"kind": PaperKind.PERSONAL_NUMBER, "number": draw(NUMBERS_12)})
    return {
        "kind": kind,
        "full_name": draw(texts()),
        "identities": papers,
        "phone": draw(maybe(st.just("+84 63 1234567"))),
        "email": draw(maybe(st.just("ai@example.vn"))),
        "fax": draw(maybe(st.just("063.1234567"))),
        "portal_account_id": draw(maybe(st.just("1b6d-TechID"))),
        "vneid_verified": draw(st.booleans()),
    }


@st.composite
def components(draw: st.DrawFn) -> Json:
    """A paper, with or without a file."""
    url, reuse = draw(maybe(URLS)), draw(st.sampled_from(Reuse))
    return {
        "name": draw(texts()),
        "component_code": draw(maybe(st.sampled_from(COMPONENTS))),
        "file_id": draw(maybe(st.just("f-1"))),
        "url": url,
        "digitised": url is not None and draw(st.booleans()),
        "reuse": reuse,
        "from_national_store": draw(st.booleans()),
        "replacing_result_code": RESULT if reuse is Reuse.RESULT else None,
    }


@st.composite
def _kept_papers(draw: st.DrawFn) -> Paper:
    reuse = draw(st.sampled_from(Reuse))
    return Paper(
        file_id=draw(st.uuids()).hex,
        name=draw(texts()),
        component_code=draw(maybe(st.sampled_from(COMPONENTS))),
        url=draw(URLS),
        digitised=True,
        reuse=reuse,
        from_national_store=draw(st.booleans()),
        replacing_result_code=RESULT if reuse is Reuse.RESULT else None,
    )


def kept_papers() -> st.SearchStrategy[Papers]:
    """Papers and results of which a file lies here."""
    results = st.builds(ResultPaper, st.uuids().map(lambda made: made.hex), texts(), st.just(RESULT), URLS)
    return st.builds(Papers, st.lists(_kept_papers(), max_size=3).map(tuple), st.lists(results, max_size=2).map(tuple))


def supplements() -> st.SearchStrategy[Json]:
    """A request to complete the dossier."""
    return st.fixed_dictionaries(
        {
            "number": st.integers(1, 2**31 - 1),
            "requested_by": texts(),
            "reason": texts(),
            "requested_at": times(),
            "received_by": maybe(texts()),
            "received_note": maybe(texts()),
            "received_at": maybe(times()),
            "previous_due_at": maybe(times()),
            "new_due_at": maybe(times()),
        }
    )


FEES = st.fixed_dictionaries(
    {
        "name": texts(),
        "code": st.just("1"),
        "amount_vnd": st.integers(0, 10**12),
        "collection_code": st.sampled_from(("1", "2", "4")),
        "kind_code": st.just("1"),
    }
)
RESULTS = st.fixed_dictionaries(
    {"name": texts(), "result_code": st.just(RESULT), "url": URLS, "component_code": maybe(st.sampled_from(COMPONENTS))}
)


@st.composite
def dossiers(draw: st.DrawFn) -> DossierIn:
    """A dossier as the door takes it."""
    status, submitted = draw(st.sampled_from(Status)), draw(times())
    body: Json = {
        "revision": 1,
        "procedure": {"code": "1.001193"},
        "receiving_unit": "H15.16",
        "applicant": draw(applicants()),
        "summary": draw(texts(150)),
        "channel": draw(st.sampled_from(Channel)),
        "filed_at": draw(st.sampled_from(FiledAt)),
        "status": status,
        "submitted_at": submitted,
        "received_at": submitted + draw(st.timedeltas(timedelta(0), timedelta(days=9))),
        "due_at": draw(maybe(times())),
        "finished_at": draw(times() if status in {Status.DONE, Status.RETURNED} else maybe(times())),
        "returned_at": draw(times() if status is Status.RETURNED else maybe(times())),
        "refused_at": draw(times() if status is Status.REFUSED else maybe(times())),
        "return_method": draw(st.sampled_from(ReturnMethod)),
        "return_note": draw(maybe(texts())),
        "note": draw(texts(150) if status in {Status.REFUSED, Status.STOPPED} else maybe(texts(150))),
        "online_payment": draw(st.sampled_from(OnlinePayment)),
        "databases_consulted": draw(st.lists(st.sampled_from(Database), max_size=2)),
        "components": draw(st.lists(components(), max_size=3)),
        "fees": draw(st.lists(FEES, max_size=2)),
        "supplements": draw(st.lists(supplements(), min_size=status is Status.SUPPLEMENT, max_size=2)),
        "results": draw(st.lists(RESULTS, max_size=2)),
    }
    return DossierIn.model_validate(body)


def steps() -> st.SearchStrategy[StepIn]:
    """A progress step as the door takes it."""
    return st.builds(
        StepIn,
        step_id=st.just("s1"),
        officer_name=texts(45),
        officer_title=maybe(texts()),
        department=maybe(texts()),
        content=texts(),
        status=st.sampled_from(Status),
        processed_at=times(),
        started_at=maybe(times()),
        due_at=maybe(times()),
    )
