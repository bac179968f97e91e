"""Records as they are handed over, and all that can be worked out of one without the database."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from app.domain import identity
from app.domain.delivery import Target
from app.domain.documents import NO_MARKS, Marks
from app.domain.identifiers import parse_dossier_code
from app.errors import Fault, Refusal, UnknownCode
from app.reference import ProcedureFacts
from app.usecases.context import Context
from connectors.errors import Unmapped
from schemas.provincial import DossierIn, PaperKind, StepIn


@dataclass(frozen=True, slots=True)
class DossierRecord:
    """A snapshot as handed over, with the code it was addressed to."""

    code: str
    body: DossierIn


@dataclass(frozen=True, slots=True)
class StepRecord:
    """A progress step as handed over, with the dossier it was addressed to."""

    code: str
    body: StepIn


Record = DossierRecord | StepRecord


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to a record that was taken; the same record again gets the same one."""

    dossier: str
    ref: str
    content_hash: str
    accepted_at: datetime
    kind: str
    status: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """A record with everything worked out that needs no database; or the refusal it met on the way."""

    record: Record
    content: str
    content_hash: str
    wires: dict[Target, str]
    wire_hash: str
    refusal: Refusal | None = None


def prepare(context: Context, record: Record) -> Prepared:
    """Work a record out; what is wrong with it stands in ``refusal``."""
    content = record.body.model_dump_json(exclude_defaults=True, exclude={"type", "code", "dossier"})
    content_hash = sha256(content)
    try:
        parse_dossier_code(record.code)
        encode = (
            _dossier_encoder(context, record) if isinstance(record, DossierRecord) else _step_encoder(context, record)
        )
        wires = {target: encode(target) for target in context.encoders}
    except Unmapped as error:
        fault = Fault(error.pointer, f"'{error.value}' has no code in '{error.table}'", error.table)
        refusal: Refusal = UnknownCode(fault.detail, faults=(fault,))
        return Prepared(record, content, content_hash, {}, "", refusal)
    except Refusal as error:
        return Prepared(record, content, content_hash, {}, "", error)
    return Prepared(record, content, content_hash, wires, sha256("\n".join(wires[t] for t in sorted(wires))))


def _dossier_encoder(context: Context, record: DossierRecord) -> Callable[[Target], str]:
    procedure, field_code = _known_codes(context, record.body)
    unit = context.catalogue.units[record.body.receiving_unit]
    marks = replace(NO_MARKS, vneid=logged_in(context, record.body))
    return lambda target: context.encoders[target].dossier(record.code, record.body, procedure, field_code, unit, marks)


def logged_in(context: Context, body: DossierIn) -> bool:
    """Whether the applicant's own login by VNeID stands behind a dossier; a flag alone says nothing."""
    said = body.applicant.vneid
    login = identity.Login(said.number, said.authenticated_at) if said else None
    numbers = {paper.number for paper in body.applicant.identities if paper.kind is PaperKind.PERSONAL_NUMBER}
    return identity.logged_in(login, numbers, body.submitted_at, context.once.vneid_login_seconds)


def _step_encoder(context: Context, record: StepRecord) -> Callable[[Target], str]:
    return lambda target: context.encoders[target].step(record.code, record.body)


def _known_codes(context: Context, body: DossierIn) -> tuple[ProcedureFacts, str]:
    """Look every code up; all that are missing are named at once, so that one correction is enough."""
    catalogue, faults = context.catalogue, []
    procedure = catalogue.procedures.get(body.procedure.code)
    if procedure is None:
        faults.append(_missing("/procedure/code", body.procedure.code, "procedures"))
    if body.receiving_unit not in catalogue.units:
        faults.append(_missing("/receiving_unit", body.receiving_unit, "units"))
    field_code = (procedure.field_code if procedure else None) or body.procedure.field_code
    if procedure and procedure.field_code and body.procedure.field_code not in {None, procedure.field_code}:
        faults.append(_missing("/procedure/field_code", str(body.procedure.field_code), "procedures.field_code"))
    if procedure and field_code is None:
        faults.append(_missing("/procedure/field_code", "(none)", "procedures.field_code"))
    faults.extend(_unknown_papers(context, body, procedure))
    if faults or procedure is None or field_code is None:
        raise UnknownCode("; ".join(fault.detail for fault in faults), faults=tuple(faults))
    return procedure, field_code


def _unknown_papers(context: Context, body: DossierIn, procedure: ProcedureFacts | None) -> list[Fault]:
    results = context.catalogue.results
    listed = context.catalogue.components.get(procedure.code, {}) if procedure else {}
    wanted = [
        (f"/results/{i}/result_code", result.result_code, results, "results") for i, result in enumerate(body.results)
    ] + [
        (f"/components/{i}/replacing_result_code", part.replacing_result_code, results, "results")
        for i, part in enumerate(body.components)
        if part.replacing_result_code
    ]
    # A procedure whose components no source lists cannot be checked; one with a list is held to it.
    if listed:
        wanted += [
            (f"/components/{i}/component_code", part.component_code, listed, f"components of {body.procedure.code}")
            for i, part in enumerate(body.components)
            if part.component_code
        ]
    return [_missing(pointer, code, table) for pointer, code, held, table in wanted if code not in held]


def _missing(pointer: str, code: str, table: str) -> Fault:
    return Fault(pointer, f"'{code}' is not in the table '{table}'", table)


def wires_of(context: Context, code: str, body: DossierIn, marks: Marks) -> Mapping[Target, str]:
    """A dossier as each target is promised it, with what may be said of its documents.

    Raises:
        UnknownCode: a code that its table does not hold any more.
    """
    procedure, field_code = _known_codes(context, body)
    unit = context.catalogue.units[body.receiving_unit]
    marks = replace(marks, vneid=logged_in(context, body))
    return {
        target: encoder.dossier(code, body, procedure, field_code, unit, marks)
        for target, encoder in context.encoders.items()
    }


def sha256(text: str) -> str:
    """SHA-256 of a text in UTF-8, as hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()
