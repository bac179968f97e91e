"""Each way in: the headers and hashes of a question, its address, and a line that nobody can leave unchecked."""

import ast
import asyncio
import base64
import dataclasses
import hashlib
import ipaddress
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

import connectors.population
from connectors.http import HttpSettings, build_client
from connectors.population import (
    OfficerKey,
    PersonOutcome,
    PersonQuestion,
    PopulationConnector,
    PopulationService,
    PopulationSettings,
    PopulationWay,
)
from connectors.population.soap import envelope
from connectors.population.ways import direct_headers, lgsp_headers, wire_question
from schemas.persons import PersonField
from schemas.population import CitizenQuestion

VERIFY, RECORD = PopulationService.VERIFY, PopulationService.RECORD
AT = datetime(2026, 7, 1, 8, 15, 0, 123456, timezone(timedelta(hours=7)))
ASKED = PersonQuestion("H15-1", "1.001193", "canbo01", "H15.16", "003190123456", "Nguyễn Văn Bí", "1990-01-31")


def population_settings(way: PopulationWay = PopulationWay.DIRECT, **changes: Any) -> PopulationSettings:
    """Settings of any way."""
    usual: dict[str, Any] = {
        "way": way,
        "base_url": "https://c06.example/gateway/",
        "service_path": "",
        "token_path": "token",
        "unit_code": "H15",
        "access_key": "a",
        "secret_key": "s",
        "app_name": "Một cửa",
        "partner_code": "H15",
        "partner_code_cus": "000.00.00.H15",
        "officers": {},
        "direct_username": "tài khoản",
        "direct_secret": "mật",
        "direct_api_key": "k-1",
        "direct_client": "VN/GOV/H15/mot-cua",
    }
    return PopulationSettings(**(usual | changes))


def test_the_headers_of_way_d() -> None:
    headers = direct_headers(population_settings(), RECORD, AT)
    moment = "1782868500123"
    bound = f"/gateway/c06/TraCuuThongTinCongDantài khoản{moment}mật"
    assert headers == {
        "Content-Type": "application/xml; charset=utf-8",
        "SOAPAction": '""',
        "Authorization": "Basic " + base64.b64encode(f"tài khoản:{_sha256(bound)}".encode()).decode(),
        "Timestamp": moment,
        "X-Road-Client": "VN/GOV/H15/mot-cua",
        "ApiKey": "k-1",
    }


def test_the_hash_binds_the_path_that_the_settings_name_and_each_service_its_own() -> None:
    named = population_settings(direct_record_hash_path="/C06/037", direct_client="", direct_api_key="")
    headers = direct_headers(named, RECORD, AT)
    expected = _sha256(f"/C06/037tài khoản{headers['Timestamp']}mật")
    assert base64.b64decode(headers["Authorization"].removeprefix("Basic ")).decode() == f"tài khoản:{expected}"
    assert headers.keys() == {"Content-Type", "SOAPAction", "Authorization", "Timestamp"}
    assert named.hash_path(VERIFY) == "/gateway/c06/XacThucThongTinCongDan"
    assert population_settings(direct_verify_hash_path="x").hash_path(VERIFY) == "x"


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_the_headers_of_way_a() -> None:
    headers = lgsp_headers(population_settings(PopulationWay.LGSP), "t", OfficerKey("canbo01", "bí mật"))
    partner = (
        '{"AccessKey":"a","SecretKey":"s","AppName":"Một cửa","PartnerCode":"H15","PartnerCodeCus":"000.00.00.H15"}'
    )
    assert headers == {
        "Content-Type": "text/xml; charset=utf-8",
        "Authorization": "Bearer t",
        "lgspaccesstoken": base64.b64encode(partner.encode()).decode(),
        "AuthHash": base64.b64encode("canbo01:bí mật".encode()).decode(),
    }


@pytest.mark.parametrize(
    ("way", "verify", "record"),
    [
        (PopulationWay.LGSP, "csdldc/XacThucThongTinCongDan", "csdldc/TraCuuThongTinCongDan"),
        (PopulationWay.JSON, "apiCSDLDanCu/XacThucThongTinCongDan", "apiCSDLDanCu/ChiaSeThongTinCongDan"),
        (PopulationWay.DIRECT, "c06/XacThucThongTinCongDan", "c06/TraCuuThongTinCongDan"),
    ],
)
def test_each_service_has_its_address(way: PopulationWay, verify: str, record: str) -> None:
    usual = population_settings(way)
    assert usual.service_url(VERIFY) == f"https://c06.example/gateway/{verify}"
    assert usual.service_url(RECORD) == f"https://c06.example/gateway/{record}"
    named = population_settings(way, service_path="/v", record_path="/r")
    assert [named.service_url(service).rpartition("/")[2] for service in (VERIFY, RECORD)] == ["v", "r"]


@pytest.mark.parametrize(
    "changes",
    [
        {"direct_username": ""},
        {"direct_secret": ""},
        {"direct_api_key": "a\nb"},
        {"direct_client": "VN/GOV/một cửa"},
    ],
)
def test_settings_that_fail_every_call_are_refused_at_the_start(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="direct_"):
        population_settings(**changes)


def test_no_secret_is_shown() -> None:
    shown = repr(population_settings(officers={"canbo01": OfficerKey("canbo01", "geheim")}, access_key="geheim"))
    assert not any(secret in shown for secret in ("geheim", "mật", "k-1"))
    assert not any(value in repr(ASKED) for value in (ASKED.number, ASKED.full_name, ASKED.birth_date))


@pytest.mark.parametrize("service", PopulationService)
@pytest.mark.parametrize("is_old", [False, True])
def test_elements_stand_in_their_order(service: PopulationService, is_old: bool) -> None:  # noqa: FBT001
    asked = dataclasses.replace(ASKED, number="987654321", birth_date="1950") if is_old else ASKED
    text = envelope(wire_question(service, asked, "H15-1"))
    number, birth = ("SoCMND>987654321", "Nam>1950") if is_old else ("SoDinhDanh>003190123456", "NgayThangNam>19900131")
    order = ["MaYeuCau", "MaDVC", f"MaTichHop>{service.value}", "MaCanBo", "MaDonVi", number, "HoVaTen>NGUYENVANBI"]
    places = [text.index(f"<dan:{name}") for name in [*order, "NgayThangNamSinh", birth]]
    assert places == sorted(places)
    operation = {VERIFY: "XacThuc", RECORD: "TraCuu"}[service]
    assert f"<dan:{operation}ThongTinCongDan><dan:MaYeuCau>" in text
    assert text.count("<dan:") == 10


@pytest.mark.parametrize(
    "changes",
    [
        {"number": ""},
        {"number": "12345"},
        {"number": "٠٠٣١٩٠١٢٣٤٥٦"},
        {"birth_date": ""},
        {"birth_date": "31.01.1990"},
        # Nothing of it is left for the database to compare.
        {"full_name": "李小龙"},
        {"officer": "canbo\x01"},
        {"unit": "H15\ufffe"},
        {"procedure_code": "\ud800"},
    ],
)
async def test_a_question_that_must_not_be_asked_is_our_bug_and_names_nobody(changes: Mapping[str, str]) -> None:
    asked = dataclasses.replace(ASKED, **changes)
    far = httpx.MockTransport(lambda _: pytest.fail("asked"))
    connector = PopulationConnector(population_settings(), httpx.AsyncClient(transport=far))
    for call in (connector.verify(asked), connector.read(asked, frozenset(PersonField))):
        with pytest.raises(ValueError, match=r"question|validation error") as caught:
            await call
        assert isinstance(caught.value, ValidationError) or "a number, a name and a birth date" in str(caught.value)
        assert not any(value in str(caught.value) for value in changes.values() if value)


@settings(max_examples=40)
@given(st.text(max_size=20))
def test_only_what_xml_can_carry_is_taken(value: str) -> None:
    def is_of_xml(character: str) -> bool:
        code = ord(character)
        ranges = ((0x20, 0xD7FF), (0xE000, 0xFFFD), (0x10000, 0x10FFFF))
        return character in "\t\n\r" or any(first <= code <= last for first, last in ranges)

    texts = dict.fromkeys(("MaYeuCau", "MaDVC", "MaCanBo", "MaDonVi"), "1")
    if all(map(is_of_xml, value)):
        assert CitizenQuestion(MaTichHop="037", HoVaTen=value, **texts).HoVaTen == value
    else:
        with pytest.raises(ValidationError):
            CitizenQuestion(MaTichHop="037", HoVaTen=value, **texts)


_SWITCHES = {"verify", "verify_mode", "check_hostname", "ssl", "ssl_context", "CERT_NONE", "_create_unverified_context"}


def test_no_setting_and_no_line_can_leave_the_far_side_unchecked() -> None:
    names = {field.name for kind in (PopulationSettings, HttpSettings) for field in dataclasses.fields(kind)}
    suspicious = {name for name in names if any(word in name for word in ("verif", "ssl", "tls", "insecure", "cert"))}
    assert suspicious == {"direct_verify_hash_path"}
    folder = Path(next(iter(connectors.population.__path__)))
    for path in [*folder.glob("*.py"), folder.parent / "http.py"]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.keyword) and node.arg in _SWITCHES:
                # The one context, which checks as Python does unless told otherwise.
                assert isinstance(node.value, ast.Name), f"{path.name}:{node.value.lineno}"
                assert node.value.id == "context"
            elif isinstance(node, ast.Attribute):
                assert node.attr not in _SWITCHES - {"verify"}, f"{path.name}:{node.lineno}"


@pytest.mark.parametrize("transport", ["aiohttp", "httpx"])
async def test_a_far_side_that_cannot_prove_itself_is_told_nothing(
    tmp_path: Path, transport: Literal["aiohttp", "httpx"]
) -> None:
    heard: list[bytes] = []

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read())
        writer.close()

    http = HttpSettings(tries_max=1, total_seconds=60, transport=transport)
    async with (
        await asyncio.start_server(meet, "127.0.0.1", 0, ssl=_self_signed(tmp_path)) as server,
        build_client(http) as client,
    ):
        base = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        connector = PopulationConnector(population_settings(base_url=base, retries_max=0), client, http)
        answer = await connector.read(ASKED, frozenset(PersonField))
    assert (answer.outcome, answer.reason) == (PersonOutcome.UNAVAILABLE, "out of reach")
    assert not any(heard)


def _self_signed(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "far.pem"
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context
