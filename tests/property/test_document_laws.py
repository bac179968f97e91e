"""Laws of documents: what the nation is told of them, what their signatures are worth, whose setting counts."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.documents import (
    Claim,
    ClaimKind,
    GateMode,
    Held,
    Role,
    SignerKind,
    Source,
    Standing,
    Verdict,
    acceptable,
    gate_of,
    marks_of,
    overall,
    undocumented,
)
from app.reference import ProcedureFacts, UnitFacts
from app.wiring import PortalEncoder
from connectors.portal import Profile
from schemas.provincial import DossierIn
from tests.papers_world import signature
from tests.unit.connectors.records import dossiers, maybe, texts

CODE = "H15.16-260701-0001"
TAKEN = {Source.PROVINCIAL_STORE, Source.NATIONAL_STORE}
_CODES = st.sampled_from(["000.00.00.G15-KQ003208", "000.00.00.G15-KQ1475", "KQ.G15.000031", "KQ.G15.000032"])
_JUDGED = st.sampled_from([v for v in Verdict if v not in {Verdict.UNSIGNED, Verdict.INCOMPLETE}])


@st.composite
def _rows(draw: st.DrawFn) -> Held:
    """A row as the door and the look-ups write them: what is taken from somewhere says what it was there."""
    source = draw(st.sampled_from(Source))
    role = Role.COMPONENT if source in TAKEN else draw(st.sampled_from(Role))
    origin = None
    if source in TAKEN:
        origin = Role.RESULT if source is Source.NATIONAL_STORE else draw(st.sampled_from(Role))
    name = draw(st.uuids()).hex
    return Held(
        id=name,
        role=role,
        code=draw(_CODES if role is Role.RESULT else maybe(_CODES)),
        name=draw(texts()),
        source=source,
        # Most of them speak: what is silent says little about the wire.
        standing=draw(st.sampled_from([*Standing, Standing.ACTIVE, Standing.ACTIVE, Standing.ACTIVE])),
        url=draw(st.sampled_from([None, *[f"https://kho.example/files/{name}"] * 4])),
        verdict=draw(st.sampled_from(Verdict)),
        origin_role=origin,
        origin_code=draw(maybe(_CODES)) if origin else None,
    )


_DOSSIERS_ROWS = st.lists(_rows(), min_size=1, max_size=8, unique_by=lambda row: row.id)


def _told(row: Held, role: Role) -> bool:
    bad = role is Role.RESULT and row.verdict in {Verdict.MODIFIED, Verdict.REVOKED}
    return row.role is role and row.standing is Standing.ACTIVE and row.url is not None and not bad


def _component_on_the_wire(row: Held, profile: Profile) -> dict[str, object]:
    """By the words of the interface alone, without our own rules."""
    said: dict[str, object] = {
        "TepDinhKemId": row.id,
        "TenTepDinhKem": row.name,
        "IsDeleted": "False",
        "DuongDanTaiTepTin": row.url,
    }
    if row.code is not None:
        said["MaThanhPhanHoSo"] = row.code
    if profile is Profile.V1_4:
        return said
    is_result = row.source in TAKEN and row.origin_role is Role.RESULT
    said["DuocSoHoa"] = "0" if row.source is Source.ELECTRONIC else "1"
    said["DuocTaiSuDung"] = "0" if row.source not in TAKEN else "2" if is_result else "1"
    said["DuocLayTuKhoDMQG"] = "1" if row.source is Source.NATIONAL_STORE else "0"
    if is_result and row.origin_code is not None:
        said["MaKetQuaThayThe"] = row.origin_code
    return said


def _result_on_the_wire(row: Held, profile: Profile) -> dict[str, object]:
    said: dict[str, object] = {"TenGiayTo": row.name, "GiayToId": row.id, "DuongDanTepTinKetQua": row.url}
    return said if profile is Profile.V1_4 else said | {"MaGiayToKetQua": row.code}


def _texts_of(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts_of(inner)
    else:
        yield str(value)


@given(dossiers(), _DOSSIERS_ROWS, st.sampled_from(Profile))
def test_every_mark_on_the_wire_can_be_traced_to_a_document_row_and_the_reverse(
    dossier: DossierIn, rows: list[Held], profile: Profile
) -> None:
    procedure = ProcedureFacts("1.001193", "Đăng ký khai sinh", "G15-TP07", "Hộ tịch", frozenset({"KQ.G15.000031"}))
    unit = UnitFacts("H15.16", "UBND phường Mẫu", "H15", assumed=False)
    encoder = PortalEncoder(profile)
    wire = json.loads(encoder.dossier(CODE, dossier, procedure, "G15-TP07", unit, marks_of(rows)))
    by_id = {row.id: row for row in rows}

    # From the wire to the rows: each entry has exactly one row that speaks, and says nothing that it does not.
    for entry in wire["TaiLieuNop"]:
        row = by_id[entry["TepDinhKemId"]]
        assert _told(row, Role.COMPONENT)
        assert entry == _component_on_the_wire(row, profile)
    for entry in wire["DanhSachGiayToKetQua"]:
        row = by_id[entry["GiayToId"]]
        assert _told(row, Role.RESULT)
        assert entry == _result_on_the_wire(row, profile)

    # From the rows to the wire: each that speaks is there once, in its place.
    components = [row.id for row in rows if _told(row, Role.COMPONENT)]
    assert [entry["TepDinhKemId"] for entry in wire["TaiLieuNop"]] == components
    results = [row.id for row in rows if _told(row, Role.RESULT)]
    assert [entry["GiayToId"] for entry in wire["DanhSachGiayToKetQua"]] == results
    if profile is Profile.V2:
        digitised = [row for row in rows if _told(row, Role.COMPONENT) and row.source is not Source.ELECTRONIC]
        assert wire["HoSoCoThanhPhanSoHoa"] == ("1" if digitised else "0")
    else:
        assert "HoSoCoThanhPhanSoHoa" not in wire

    # What the record itself claims is not told.
    claimed = {part.url for part in dossier.components if part.url} | {result.url for result in dossier.results}
    assert not claimed & set(_texts_of(wire))


@given(_DOSSIERS_ROWS, st.frozensets(st.sampled_from(Verdict)))
def test_a_dossier_has_a_result_only_when_one_that_speaks_is_acceptable(
    rows: list[Held], verdicts: frozenset[Verdict]
) -> None:
    wanted = [r for r in rows if r.role is Role.RESULT and r.standing is Standing.ACTIVE and r.verdict in verdicts]
    assert acceptable(rows, verdicts) is bool(wanted)


_SIGNATURES = st.lists(st.builds(signature, _JUDGED, st.sampled_from(SignerKind)), max_size=5)
_WANTED = st.frozensets(st.sampled_from([SignerKind.PERSON, SignerKind.AGENCY]))
_ORDER = [Verdict.MODIFIED, Verdict.REVOKED, Verdict.UNTRUSTED, Verdict.EXPIRED, Verdict.INCOMPLETE, Verdict.VALID]


@given(_SIGNATURES, _WANTED, st.randoms())
def test_a_file_is_worth_what_its_worst_signature_is(
    signatures: list[Any], wanted: frozenset[SignerKind], chance: Any
) -> None:
    found = overall(signatures, wanted)
    shuffled = list(signatures)
    chance.shuffle(shuffled)
    assert overall(shuffled, wanted) is found
    assert (found is Verdict.UNSIGNED) is (not signatures)
    if signatures:
        verdicts = {one.verdict for one in signatures}
        lacking = wanted - {one.kind for one in signatures}
        assert found is min(verdicts | ({Verdict.INCOMPLETE} if lacking else set()), key=_ORDER.index)


@given(_SIGNATURES.filter(bool), st.builds(signature, _JUDGED, st.sampled_from(SignerKind)), _WANTED)
def test_another_signature_heals_nothing_but_a_missing_one(
    signatures: list[Any], another: Any, wanted: frozenset[SignerKind]
) -> None:
    before, after = overall(signatures, wanted), overall([*signatures, another], wanted)
    if before is not Verdict.INCOMPLETE:
        assert _ORDER.index(after) <= _ORDER.index(before)


_UNITS = st.sampled_from("ABCDEF")


@given(
    _UNITS,
    st.dictionaries(_UNITS, maybe(_UNITS)),
    st.dictionaries(_UNITS, st.sampled_from(GateMode)),
)
def test_the_nearest_setting_above_a_unit_counts_even_where_units_lie_in_a_ring(
    unit: str, parents: dict[str, str | None], modes: dict[str, GateMode]
) -> None:
    chain: list[str] = []
    at: str | None = unit
    while at is not None and len(chain) <= len(parents):
        chain.append(at)
        at = parents.get(at)
    expected = next((name for name in chain if name in modes), None)
    assert gate_of(unit, parents, modes) == expected


_NAMES = st.sampled_from(["Tờ khai", "Giấy chứng sinh"])
_SHORT = maybe(st.sampled_from(["c1", "c2"]))
_CLAIMS = st.builds(Claim, st.uuids().map(str), st.sampled_from(ClaimKind), st.sampled_from(Role), _SHORT, _NAMES)
_BEARERS = st.builds(
    Held,
    id=st.uuids().map(str),
    role=st.sampled_from(Role),
    code=_SHORT,
    name=_NAMES,
    source=st.sampled_from(Source),
    standing=st.sampled_from(Standing),
    url=st.none(),
    verdict=st.just(Verdict.VALID),
)
_SOURCES: dict[ClaimKind, set[Source]] = {
    ClaimKind.REUSED: TAKEN,
    ClaimKind.FROM_NATIONAL_STORE: {Source.NATIONAL_STORE},
}


@given(st.lists(_CLAIMS, max_size=6), st.lists(_BEARERS, max_size=6))
def test_a_claim_stands_only_on_a_document_that_speaks_of_the_same_paper(claims: list[Claim], rows: list[Held]) -> None:
    found = undocumented(claims, rows)
    assert found == [claim for claim in claims if claim in found]
    for claim in claims:
        bearers = [
            row
            for row in rows
            if row.standing is Standing.ACTIVE
            and row.role is claim.role
            and (row.code == claim.code if claim.code else row.name == claim.name)
            and row.source in _SOURCES.get(claim.kind, set(Source))
        ]
        assert (claim in found) is (not bearers)


@pytest.mark.parametrize("standing", [Standing.SUPERSEDED, Standing.REVOKED])
def test_a_document_that_speaks_no_more_bears_no_claim_and_leaves_no_mark(standing: Standing) -> None:
    row = Held("1", Role.RESULT, "c", "n", Source.ELECTRONIC, standing, "https://x.example/1", Verdict.VALID)
    assert marks_of([row]).results == ()
    assert not acceptable([row], frozenset(Verdict))
    claim = Claim("/results/0", ClaimKind.RESULT, Role.RESULT, "c", "n")
    assert undocumented([claim], [row]) == [claim]
