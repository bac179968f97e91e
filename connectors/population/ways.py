"""What each way in wants around a question: headers, hashes, and the body of the JSON face."""

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime

from connectors.population.outcomes import PersonQuestion
from connectors.population.settings import OfficerKey, PopulationService, PopulationSettings, PopulationWay
from connectors.population.soap import envelope, fold_name
from schemas.population import CitizenQuestion

_JSON_ORDER = ("HoVaTen", "SoDinhDanh", "SoCMND", "NgayThangNam", "Nam", "MaTichHop", "MaDVC", "MaCanBo", "MaYeuCau")
#: Digits of a personal number; an old paper has 9.
LONG_NUMBER = 12
_YEAR = 4

JSON_HEADERS: Mapping[str, str] = {"Content-Type": "application/json; charset=utf-8"}


def wire_question(service: PopulationService, question: PersonQuestion, request_id: str) -> CitizenQuestion:
    """A question in the database's own names.

    Raises:
        ValueError: it holds what no question may: a number of another length, a name of which nothing is compared, or
            what XML cannot carry. Whoever let it come here has a bug; the message names the field and not the value.
    """
    birth, name = question.birth_date.replace("-", ""), fold_name(question.full_name)
    if not (question.number and name and birth):
        message = "a question needs a number, a name and a birth date"
        raise ValueError(message)
    return CitizenQuestion(
        MaYeuCau=request_id,
        MaDVC=question.procedure_code,
        MaTichHop=service.value,
        MaCanBo=question.officer,
        MaDonVi=question.unit,
        HoVaTen=name,
        **{"SoDinhDanh" if len(question.number) == LONG_NUMBER else "SoCMND": question.number},
        **{"Nam" if len(birth) == _YEAR else "NgayThangNam": birth},
    )


def body_of(way: PopulationWay, question: CitizenQuestion) -> str:
    """SOAP, or the JSON of way C with "" for what is absent."""
    if way is not PopulationWay.JSON:
        return envelope(question)
    values = question.model_dump()
    return json.dumps({name: values[name] for name in _JSON_ORDER}, ensure_ascii=False)


def access_token(settings: PopulationSettings) -> str:
    """``lgspaccesstoken``: the partner's keys as JSON, in the one order that gateways take, in base64."""
    parts = {
        "AccessKey": settings.access_key,
        "SecretKey": settings.secret_key,
        "AppName": settings.app_name,
        "PartnerCode": settings.partner_code,
        "PartnerCodeCus": settings.partner_code_cus,
    }
    return _base64(json.dumps(parts, ensure_ascii=False, separators=(",", ":")))


def lgsp_headers(settings: PopulationSettings, token: str, officer: OfficerKey) -> Mapping[str, str]:
    """Way A: the partner by its token, the officer by their own key."""
    return {
        "Content-Type": "text/xml; charset=utf-8",
        "Authorization": f"Bearer {token}",
        "lgspaccesstoken": access_token(settings),
        "AuthHash": _base64(f"{officer.name}:{officer.password}"),
    }


def direct_headers(settings: PopulationSettings, service: PopulationService, at: datetime) -> Mapping[str, str]:
    """Way D: Basic with a hash in place of the password, bound to the service and to the moment (milliseconds)."""
    timestamp = str(round(at.timestamp() * 1000))
    bound = f"{settings.hash_path(service)}{settings.direct_username}{timestamp}{settings.direct_secret}"
    digest = hashlib.sha256(bound.encode()).hexdigest()
    headers = {
        "Content-Type": "application/xml; charset=utf-8",
        "SOAPAction": '""',
        "Authorization": f"Basic {_base64(f'{settings.direct_username}:{digest}')}",
        "Timestamp": timestamp,
        "X-Road-Client": settings.direct_client,
        "ApiKey": settings.direct_api_key,
    }
    return {name: value for name, value in headers.items() if value}


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
