"""``/v1/compliance``: the self-check of security level 3, row by row, with its evidence."""

from typing import Annotated, Any

from fastapi import APIRouter

from app.api import examples
from app.deps import ContextDep, may
from app.domain.access import Permission
from app.domain.compliance import NOT_OURS, Judged, Mark
from app.texts import text
from app.usecases import compliance
from app.usecases.compliance import Report
from app.usecases.context import Caller
from schemas.compliance import CheckOut, ComplianceOut, DutyOut, Words

router = APIRouter(tags=["compliance"])
_EXAMPLE: dict[str, Any] = {
    "at": "2026-07-01T01:05:02Z",
    "mode": "production",
    "may_ask_population": False,
    "red": ["backup"],
    "checks": [
        {
            "id": "backup",
            "point": "G8",
            "title": {
                "vi": "Có bản sao lưu đã kiểm tra trong 26 giờ, không thiếu tệp giấy tờ",
                "en": "A verified backup within 26 hours, no document missing in it",
            },
            "legal_basis": "QCVN 12:2026/BCA 2.2.12.2",
            "required": True,
            "mark": "red",
            "evidence": {"verified_hours_ago": 40.2, "documents_missing": 0},
            "to_do": {
                "vi": "Chạy `lienthong backup make` hằng ngày; khôi phục tệp bị thiếu.",
                "en": "Run `lienthong backup make` daily; bring missing files back.",
            },
        }
    ],
    "not_ours": [
        {
            "id": "malware_scan",
            "point": "G8",
            "legal_basis": "QCVN 12:2026/BCA 2.2.12.2",
            "to_do": {
                "vi": "Quét mã độc các bản sao lưu mỗi 6 tháng.",
                "en": "Scan backups for malware every six months.",
            },
        }
    ],
}


@router.get(
    "/v1/compliance",
    summary="The self-check of security level 3",
    responses={200: examples.good(_EXAMPLE), **examples.problems(401, 403, 503)},
)
async def get_compliance(
    context: ContextDep, _caller: Annotated[Caller, may(Permission.COMPLIANCE_READ)]
) -> ComplianceOut:
    """Looks anew at each request, and changes nothing. What no program sees is listed with what a person must do."""
    return told(await compliance.report(context))


def told(report: Report) -> ComplianceOut:
    """The report as it is answered, here and on the command line."""
    return ComplianceOut(
        at=report.at,
        mode=report.mode.value,
        may_ask_population=report.may_ask,
        red=list(report.red),
        checks=[_check(each) for each in report.judged],
        not_ours=[
            DutyOut(id=duty.id, point=duty.point, legal_basis=duty.basis, to_do=_words(f"not_ours.{duty.id}"))
            for duty in NOT_OURS
        ],
    )


def _check(judged: Judged) -> CheckOut:
    check, found = judged.check, judged.found
    return CheckOut(
        id=check.id,
        point=check.point,
        title=_words(f"check.{check.id}"),
        legal_basis=check.basis,
        required=check.required,
        mark=found.mark.value,
        evidence=dict(found.evidence),
        to_do=None if found.mark is Mark.GREEN else _words(f"check.{check.id}.do"),
    )


def _words(key: str) -> Words:
    found = text(key)
    return Words(vi=found.vi, en=found.en)
