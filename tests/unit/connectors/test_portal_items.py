"""Answers that speak of single items, what is new about an answer, and what goes with a call."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import Accepted, Kind, Rejected, Strange, TryLater, Unknown
from connectors.masking import mask
from connectors.portal.answers import read_answer, read_items
from connectors.portal.shapes import shape_of, strange
from tests.unit.connectors.test_portal_answers import (
    DUPLICATE,
    GOOD,
    SESSION_ENDED,
    Far,
    far,
    parcel,
    session,
    text,
)

CODES = [f"H15-260701-{number:04d}" for number in (1, 2, 3)]
OK = ("0", "thành công")
THERE = ("3", "MaHoSo: hồ sơ đã tồn tại")
BAD = ("6", "MaTTHC: không có")
__all__ = ["far"]  # a fixture, found by its name


def items(*parts: tuple[Any, str], code: object = "1", names: Sequence[str] | None = CODES) -> httpx.Response:
    """An answer with one entry an item."""
    result = [{"error_code": known, "message": message} for known, message in parts]
    if names is not None:
        result = [{"MaHoSo": name, **entry} for name, entry in zip(names, result, strict=False)]
    return text(json.dumps({"error_code": code, "message": "một phần", "result": result}))


@pytest.mark.parametrize("kind", [Kind.DOSSIER, Kind.STEP])
@pytest.mark.parametrize("names", [CODES, None])
async def test_each_parcel_gets_its_own_answer(far: Far, kind: Kind, names: Sequence[str] | None) -> None:
    far.push.side_effect = [items(OK, BAD, ("77", "?"), names=names)]
    sent = await far.connector.send([parcel(number, kind=kind, known=True) for number in (1, 2, 3)])
    assert sent.outcomes == (
        Accepted("0", "thành công"),
        Rejected("6", "MaTTHC: không có", "MaTTHC"),
        Unknown("unknown_code", "77: ?"),
    )
    assert (sent.array_refused, sent.earlier) == (False, ())


@pytest.mark.parametrize(
    "answer",
    [
        items(OK, BAD, code="-3"),
        items(OK, BAD, OK, code="-3", names=[CODES[0], CODES[2], CODES[1]]),
        text(json.dumps({"error_code": "-3", "message": "?", "result": [{"error_code": "0"}, {}, "x"]})),
        text(json.dumps({"error_code": "-3", "message": "?", "result": [{"error_code": None}] * 3})),
        text(json.dumps({"error_code": "-3", "message": "?", "result": {"0": {"error_code": "0"}}})),
    ],
)
async def test_a_list_that_does_not_fit_the_array_is_not_believed(far: Far, answer: httpx.Response) -> None:
    far.push.side_effect = [answer]
    sent = await far.connector.send([parcel(number) for number in (1, 2, 3)])
    assert [type(outcome) for outcome in sent.outcomes] == [Rejected] * 3
    assert sent.array_refused


async def test_of_inserts_only_what_is_there_already_goes_again_as_an_update(far: Far) -> None:
    far.push.side_effect = [items(OK, THERE, BAD), text(GOOD)]
    sent = await far.connector.send([parcel(number) for number in (1, 2, 3)])
    assert [type(outcome) for outcome in sent.outcomes] == [Accepted, Accepted, Rejected]
    assert not sent.array_refused
    assert [(body["isUpdating"], len(body["data"])) for body in far.pushed()] == [("False", 3), ("True", 1)]
    assert far.pushed()[1]["data"] == [{"MaHoSo": "2"}]
    assert [exchange.http_status for exchange in (*sent.earlier, sent.exchange)] == [200, 200]


async def test_updates_refused_as_an_array_go_one_by_one(far: Far) -> None:
    far.push.side_effect = [items(THERE, OK, THERE), text(DUPLICATE), text(GOOD), text("", 500)]
    sent = await far.connector.send([parcel(number) for number in (1, 2, 3)])
    assert [type(outcome) for outcome in sent.outcomes] == [Accepted, Accepted, Unknown]
    assert not sent.array_refused
    assert [[entry["MaHoSo"] for entry in body["data"]] for body in far.pushed()] == [
        ["1", "2", "3"],
        ["1", "3"],
        ["1"],
        ["3"],
    ]
    assert len(sent.earlier) == 3


async def test_an_update_whose_answer_is_lost_leaves_the_others_accepted(far: Far) -> None:
    far.push.side_effect = [items(OK, THERE, OK), httpx.ReadTimeout("late")]
    sent = await far.connector.send([parcel(number) for number in (1, 2, 3)])
    assert [type(outcome) for outcome in sent.outcomes] == [Accepted, Unknown, Accepted]
    assert not sent.array_refused


async def test_a_single_insert_may_be_answered_by_item_too(far: Far) -> None:
    far.push.side_effect = [items(THERE), items(OK, code="0")]
    sent = await far.connector.send([parcel(1)])
    assert sent.outcomes == (Accepted("0", "thành công"),)
    assert [body["isUpdating"] for body in far.pushed()] == ["False", "True"]
    assert len(sent.earlier) == 1


@pytest.mark.parametrize("kind", [Kind.DOSSIER, Kind.STEP])
async def test_an_array_with_a_code_that_means_nothing_is_taken_apart(far: Far, kind: Kind) -> None:
    far.push.side_effect = [text('{"error_code":"77","message":"Hệ thống bận"}')] * 2
    sent = await far.connector.send([parcel(number, kind=kind) for number in (1, 2)])
    assert (sent.outcomes, sent.array_refused) == ((Unknown("unknown_code", "77: Hệ thống bận"),) * 2, True)
    assert sent.exchange.strange is not None
    assert sent.exchange.strange.shape == "code 77"
    alone = await far.connector.send([parcel(1, kind=kind)])
    assert (alone.outcomes, alone.array_refused) == ((Unknown("unknown_code", "77: Hệ thống bận"),), False)


async def test_an_array_of_a_refused_unit_waits_and_is_not_taken_apart(far: Far) -> None:
    far.push.side_effect = [text('{"error_code":"5","message":"madonvi"}')]
    sent = await far.connector.send([parcel(1), parcel(2)])
    assert (sent.outcomes, sent.array_refused) == ((TryLater("unit_refused", "madonvi"),) * 2, False)


async def test_the_call_that_met_an_ended_session_is_on_record_too(far: Far) -> None:
    far.login.side_effect = [session("s1"), session("s2")]
    far.push.side_effect = [text(SESSION_ENDED), text(DUPLICATE), text(GOOD)]
    sent = await far.connector.send([parcel(1)])
    assert sent.outcomes == (Accepted("0", "Đồng bộ hồ sơ thành công"),)
    said = [exchange.answer for exchange in (*sent.earlier, sent.exchange)]
    assert said == [SESSION_ENDED, DUPLICATE, GOOD]
    assert "s2" not in "".join(exchange.request for exchange in (*sent.earlier, sent.exchange))


async def test_a_call_carries_the_ids_of_its_first_parcel(far: Far) -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    first = replace(parcel(1), correlation_id="door-1", trace_context=trace)
    await far.connector.send([first, parcel(2)])
    headers = far.push.calls[0].request.headers
    assert (headers["x-correlation-id"], headers["traceparent"]) == ("door-1", trace)


@pytest.mark.parametrize("bad", ["", "a\r\nX-Evil: 1", "Đ", "x" * 201])
async def test_an_id_that_fits_no_header_stays_at_home(far: Far, bad: str) -> None:
    sent = await far.connector.send([replace(parcel(1), correlation_id=bad, trace_context=bad)])
    assert isinstance(sent.outcomes[0], Accepted)
    headers = far.push.calls[0].request.headers
    assert not {"x-correlation-id", "traceparent", "x-evil"} & set(headers)


async def test_a_probe_shows_what_is_held_and_no_name(far: Far) -> None:
    held = {"MAHOSO": CODES[0], "CHUHOSO": "Nguyễn Thị Bịa", "TRANGTHAIHOSO": "4", "GHICHU": "\ud800"}
    far.push.side_effect = [text(json.dumps({"error_code": "0", "message": "ok", "result": [held]}))]
    probed = await far.connector.probe(CODES[0], [parcel(1)])
    assert probed.held is not None
    shown = json.loads(probed.held)
    assert (shown["MAHOSO"], shown["CHUHOSO"], shown["TRANGTHAIHOSO"]) == (CODES[0], "***", "4")
    probed.held.encode()


async def test_of_what_is_not_held_nothing_is_shown(far: Far) -> None:
    far.push.side_effect = [text('{"error_code":"0","message":"ok","result":[]}'), text("", 503)]
    for _ in range(2):
        assert (await far.connector.probe(CODES[0], [parcel(1)])).held is None


@pytest.mark.parametrize(
    ("body", "shape"),
    [
        ("", "empty"),
        (" \n", "empty"),
        ("<!DOCTYPE html><html></html>", "html"),
        ("\n<HTML>", "html"),
        ("<h1>Lỗi</h1>", "html"),
        ('<?xml version="1.0"?><a/>', "xml"),
        ("OK", "text"),
        ('{"error_code":"0","mess', "truncated json"),
        ('[{"a"', "truncated json"),
        ("[" * 100_000, "json too deep"),
        ("[]", "json list"),
        ('"0"', "json text"),
        ("7", "json number"),
        ("null", "json null"),
        ("{}", "json {}"),
        ('{"message":"thành công"}', "json {message}"),
        ('{"message":"x","error_code":"0","foo":1}', "json {error_code,foo,message}"),
        ('{"error_code":null,"message":"x"}', "json {error_code:null,message}"),
        ('{"error_code":{"a":1}}', "json {error_code:object}"),
        ('{"Nguyễn Thị Bịa":1,"003190123456":2}', "json {?}"),
    ],
)
def test_shapes_have_short_names(body: str, shape: str) -> None:
    assert shape_of(body) == shape


@given(
    st.text()
    | st.recursive(st.none() | st.text() | st.integers(), lambda x: st.dictionaries(st.text(), x)).map(json.dumps)
)
def test_every_text_has_a_shape(body: str) -> None:
    shape = shape_of(body)
    assert 0 < len(shape) <= 200
    shape.encode("ascii", errors="strict") if "…" not in shape else None
    found = strange(body, read_answer(body))
    assert found is None or len(found.shape) <= 200


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (GOOD, None),
        (DUPLICATE, None),
        ('{"error_code":"0","message":"ok","result":[]}', None),
        (json.dumps({"message": GOOD}), None),
        (json.dumps(GOOD), None),
        ('{"error_code":"0","message":"ok","TraceId":"1"}', "json {TraceId,error_code,message}"),
        ('{"error_code":"E 12","message":"ok"}', "code ?"),
        ('{"error_code":"003190123456","message":"ok"}', "code ?"),
        ('{"error_code":"ERR_12","message":"ok"}', "code ERR_12"),
        ('{"error_code":-99,"message":"ok"}', "code -99"),
        ("<html>", "html"),
    ],
)
async def test_what_is_new_about_an_answer_is_kept_with_an_example(far: Far, body: str, expected: str | None) -> None:
    far.push.side_effect = [text(body)]
    found = (await far.connector.send([parcel(1, known=True)])).exchange.strange
    assert found == (None if expected is None else Strange(expected, mask(body)))


async def test_an_example_shows_no_name_and_an_http_fault_is_not_strange(far: Far) -> None:
    far.push.side_effect = [text('{"ChuHoSo":"Nguyễn Thị Bịa"}'), text("<html>", 502), text("<html>", 503)]
    found = (await far.connector.send([parcel(1)])).exchange.strange
    assert found == Strange("json {ChuHoSo}", '{"ChuHoSo":"***"}')
    for _ in range(2):
        assert (await far.connector.send([parcel(1)])).exchange.strange is None


def test_items_are_read_only_from_a_list_as_long_as_the_array() -> None:
    answer = read_answer(items(OK, BAD, OK).text)
    assert answer is not None
    assert [item.code for item in read_items(answer, CODES) or ()] == ["0", "6", "0"]
    assert read_items(answer, CODES[:2]) is None


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_a_status_that_speaks_of_what_was_sent_is_of_the_array_and_not_of_each(far: Far, status: int) -> None:
    far.push.side_effect = [httpx.Response(status, text="too large")] * 2
    many = await far.connector.send([parcel(number) for number in (1, 2)])
    alone = await far.connector.send([parcel(1)])
    assert (many.array_refused, alone.array_refused) == (True, False)
    assert {type(outcome) for outcome in (*many.outcomes, *alone.outcomes)} == {TryLater}


async def test_a_refused_address_is_not_of_the_array(far: Far) -> None:
    far.push.side_effect = [httpx.Response(404, text="no such address")]
    assert not (await far.connector.send([parcel(number) for number in (1, 2)])).array_refused
