"""Every parser that reads what others have written, with something good to read and the errors that it may raise."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

from app.api.multipart import read_form
from app.api.ranges import Unsatisfiable, matches, part_of
from app.domain.identifiers import parse_dossier_code
from app.domain.merkle import leaf_hash, root_of
from app.domain.tiles import BadBundle, BadTilePath, parse_bundle, parse_entries_path, parse_tile_path, to_bundle
from app.errors import Refusal
from app.tlog import (
    Checkpoint,
    MalformedKey,
    Receipt,
    Signer,
    TlogError,
    Verifier,
    check_receipt,
    create_key_file,
    generate,
    issue_receipt,
    open_checkpoint,
    open_note,
    parse_signatures,
    sign,
    split,
)
from app.tracing import valid
from app.usecases import prove_log, token_requests, witnessing
from app.usecases.access_tokens import BadToken, Claims, KeyFiles
from app.usecases.access_tokens import read as read_jwt
from app.usecases.access_tokens import write as write_jwt
from app.usecases.parsing import parse_line
from app.usecases.prove_log import BadProof, Proof
from app.usecases.witnessing import WitnessRefused
from connectors import scanner
from connectors.http import Reply
from connectors.links import _total
from connectors.masking import mask
from connectors.national_store import answers as store_answers
from connectors.population import PersonQuestion, PopulationWay
from connectors.population.answers import Failure, Said, open_answer, read_object, read_yes_or_no
from connectors.population.record import read_record
from connectors.portal import answers as portal_answers
from connectors.portal.shapes import shape_of, strange
from connectors.webhook import url_fault
from schemas.persons import PersonField
from tests.worlds import code, dossier_body, step_body

ORIGIN, ISSUER = "log.example/h15", "https://lienthong.example"
SIGNER = Signer.parse(generate(ORIGIN))
_NUMBER = "003190123456"
_QUESTION = PersonQuestion("r-1", "1.000110", "canbo01", "H15.50", _NUMBER, "H'Bia Niê", "1990-05-17")


@dataclass(frozen=True)
class Parser:
    """``good`` is read without an error; of anything else, ``near`` too, only ``errors`` may come."""

    name: str
    read: Callable[[bytes], object]
    good: tuple[bytes, ...]
    errors: tuple[type[Exception], ...] = ()
    near: tuple[bytes, ...] = ()


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _words(read: Callable[[str], object]) -> Callable[[bytes], object]:
    """As an HTTP client decodes a body."""
    return lambda data: read(data.decode("utf-8", "replace"))


def _latin(read: Callable[[str], object]) -> Callable[[bytes], object]:
    """As a server decodes a header."""
    return lambda data: read(data.decode("latin-1"))


def _portal(text: str) -> object:
    answer = portal_answers.read_answer(text)
    told: list[object] = [shape_of(text), strange(text, answer)]
    if answer is not None:
        told += [portal_answers.meaning(answer), portal_answers.read_items(answer, [code(1), code(2)])]
    return told


def _store(text: str) -> object:
    answer = store_answers.read_answer(text)
    told: list[object] = [store_answers.read_file(text)]
    return told if answer is None else [*told, store_answers.read_token(answer), store_answers.read_papers(answer)]


def _population(text: str) -> object:
    said = [open_answer(way, Reply(200, {}, text, 0.1)) for way in PopulationWay]
    found = [one for one in said if isinstance(one, Said)]
    assert all(isinstance(one, Said | Failure) for one in said)
    wanted = frozenset(PersonField)
    return [read_object(text), *map(read_yes_or_no, found), *(read_record(one, _QUESTION, wanted) for one in found)]


def _form(data: bytes) -> object:
    class Nowhere:
        size_bytes = 0

        async def write(self, chunk: bytes) -> None:
            self.size_bytes += len(chunk)

    async def chunks() -> AsyncIterator[bytes]:
        yield data

    return asyncio.run(read_form("multipart/form-data; boundary=x", chunks(), Nowhere(), 10_000))


@cache
def _keys() -> KeyFiles:
    with TemporaryDirectory() as folder:
        create_key_file(Path(folder) / "key", "tokens")
        # Read once, and kept: the clock stands still.
        keys = KeyFiles(Path(folder) / "key", Path(folder) / "key.pub", monotonic=lambda: 0.0)
        keys.ring()
    return keys


def _note() -> bytes:
    return sign(_head(), SIGNER).encode()


def _head() -> str:
    return Checkpoint(ORIGIN, 2, root_of([leaf_hash(b"a"), leaf_hash(b"b")])).to_text()


def _proof() -> bytes:
    return Proof(b"a", 0, (leaf_hash(b"b"),), _note().decode()).to_text().encode()


def _receipt() -> bytes:
    # Of another's case: it names no leaf, so that what it tells is not held against one.
    told = {"id": 1, "what": "dossier_read"}
    receipt = Receipt(told, leaf_hash(b"a"), None, 0, (leaf_hash(b"b"),), _note().decode())
    return issue_receipt(receipt, SIGNER).encode()


def _jwt() -> bytes:
    claims = Claims(ISSUER, "mot-cua", "H15", "read", 1, 2, "j")
    return write_jwt(claims, _keys().ring().signer).encode()


def _witness(data: bytes) -> object:
    log = SimpleNamespace(witnessed={ORIGIN: (SIGNER.verifier,)}, cosigner=SIGNER)
    return witnessing._read(SimpleNamespace(log=log), data)  # type: ignore[arg-type]


_SOAP = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><r:traCuuResponse xmlns:r="urn:x">'
    f"<r:CongdanCollection><r:CongDan><r:SoDinhDanh>{_NUMBER}</r:SoDinhDanh><r:HoVaTen><r:Ten>H'Bia Niê</r:Ten>"
    "</r:HoVaTen><r:SoLuongCongDan>1</r:SoLuongCongDan></r:CongDan></r:CongdanCollection></r:traCuuResponse>"
    "</s:Body></s:Envelope>"
)
_PORTAL = {
    "error_code": "0",
    "message": "ok",
    "result": [{"error_code": "3", "message": "MaHoSo: x", "MaHoSo": code(1)}] * 2,
}
_STORE = {
    "errorCode": "0", "message": "ok", "accessToken": "t", "expiresIn": 60,
    "result": {"DanhSachGiayToKetQua": [{"MaKetQua": "KQ.G15.000031", "DanhSachTepDinhKem": [{"TenTep": "a"}]}]},
}  # fmt: skip
_FORM = (
    b'--x\r\nContent-Disposition: form-data; name="metadata"\r\n\r\n{}\r\n'
    b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\nx\r\n--x--\r\n'
)
_TOKEN = b"grant_type=client_credentials&scope=read&client_id=mot-cua&client_secret=lts_x"
_FORM_TYPE = "application/x-www-form-urlencoded"


def _segment(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


_NEAR_JWTS = tuple(
    b".".join((_segment(head), _segment(claims), b"AAAA"))
    for head in (b"[" * 20_000, b'{"a":' * 10_000, b"[]", b"null", b'{"alg":1,"kid":{}}', b'{"alg":"none"}', b"\xff")
    for claims in (b"{}", b"[" * 20_000)
)


def _near(good: dict[str, Any]) -> tuple[bytes, ...]:
    """Each of its values of another kind, or beyond all measure."""
    odd: tuple[object, ...] = (
        10**400,
        -1,
        1.5,
        float("inf"),
        float("nan"),
        True,
        None,
        {},
        [[]],
        [{}],
        "\ud800\0",
        "9" * 5000,
    )
    return tuple(json.dumps(good | {name: value}).encode() for name in good for value in odd)


def parsers() -> tuple[Parser, ...]:
    """All of them."""
    line = {"type": "dossier", "code": code(1)} | dossier_body()
    step = {"type": "step", "dossier": code(1)} | step_body()
    keys = [SIGNER.verifier]
    return (
        Parser("a line of a stream", parse_line, (_json(line), _json(step))),
        Parser("a form", _form, (_FORM,), (Refusal,)),
        Parser(
            "a dossier code", _words(parse_dossier_code), (code(1).encode(), b"000.00.16.H15-260701-0001"), (Refusal,)
        ),
        Parser("a range", _latin(lambda text: part_of(text, 1000)), (b"bytes=0-9", b"bytes=-5"), (Unsatisfiable,)),
        Parser("an If-None-Match", _latin(lambda text: matches(text, '"a"')), (b'"a", W/"b"', b"*")),
        Parser("a traceparent", _latin(valid), (b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",)),
        Parser("a token request", lambda data: token_requests.read(data, _FORM_TYPE, None), (_TOKEN,), (Refusal,)),
        Parser(
            "a Basic login",
            _latin(lambda text: token_requests.read(b"grant_type=client_credentials", _FORM_TYPE, text)),
            (b"Basic bW90LWN1YTpsdHNfeA==",),
            (Refusal,),
        ),
        Parser("a JWT", _latin(lambda text: read_jwt(text, ISSUER, _keys())), (_jwt(),), (BadToken,), _NEAR_JWTS),
        Parser("a signed note", lambda data: open_note(data, keys), (_note(),), (TlogError,)),
        Parser("a note's parts", split, (_note(),), (TlogError,)),
        Parser("signature lines", parse_signatures, (_note().partition(b"\n\n")[2],), (TlogError,)),
        Parser("a checkpoint", _words(Checkpoint.parse), (_head().encode(),), (TlogError,)),
        Parser("a log's checkpoint", lambda data: open_checkpoint(data, keys, ORIGIN), (_note(),), (TlogError,)),
        Parser("a receipt", lambda data: check_receipt(data, keys, ORIGIN), (_receipt(),), (TlogError,)),
        Parser("a proof", _words(lambda text: prove_log.check(text, keys, ORIGIN)), (_proof(),), (BadProof,)),
        Parser("a public key", _words(Verifier.parse), (SIGNER.verifier.vkey.encode(),), (MalformedKey,)),
        Parser("a private key", _words(Signer.parse), (generate(ORIGIN).encode(),), (MalformedKey,)),
        Parser("a tile's path", _words(parse_tile_path), (b"tile/0/x001/x234/067", b"tile/3/000.p/12"), (BadTilePath,)),
        Parser("an entry tile's path", _words(parse_entries_path), (b"tile/entries/x001/067",), (BadTilePath,)),
        Parser("a bundle of entries", parse_bundle, (to_bundle([b"a", b"bc"]),), (BadBundle,)),
        Parser("a request to a witness", _witness, (b"old 0\n\n" + _note(),), (WitnessRefused,)),
        Parser("an answer of the portal", _words(_portal), (_json(_PORTAL), b"<html>x</html>"), (), _near(_PORTAL)),
        Parser("an answer of the national store", _words(_store), (_json(_STORE), b"JVBERi0xLjc="), (), _near(_STORE)),
        Parser("an answer of the population database", _words(_population), (_SOAP.encode(), _json({"data": True}))),
        Parser("an answer of the scanner", _words(scanner._read), (b"stream: OK", b"stream: Eicar FOUND")),
        Parser(
            "a Retry-After",
            _latin(portal_answers.retry_after_seconds),
            (b"120", b"Wed, 01 Jul 2026 02:00:00 GMT", b"-1"),
        ),
        Parser("a Content-Range", _latin(lambda text: _total({"content-range": text})), (b"bytes 0-0/1000",)),
        Parser(
            "the address of a webhook", _words(lambda text: url_fault(text, plain_http=True)), (b"https://a.example/x",)
        ),
        Parser("what is masked", _words(mask), (_json(_PORTAL), _SOAP.encode(), b'{\\"session\\":\\"x\\"}')),
    )
