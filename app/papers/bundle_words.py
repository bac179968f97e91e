"""What a bundle says, as a list of blocks in both languages; how it looks is up to who draws them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal, assert_never

from app.domain.documents import Signature, Standing, Verdict
from app.papers.bundle_facts import BundleFacts, shown_day, shown_time
from app.papers.bundle_names import safe_name
from app.texts import TEXTS

Form = Literal["pdf", "zip"]

_INDENT: Final = "    "


@dataclass(frozen=True, slots=True)
class Said:
    """One thing said: Vietnamese, and English when that is not the same. Printable, on one line."""

    vi: str
    en: str = ""


@dataclass(frozen=True, slots=True)
class Title:
    """The title of all."""

    text: Said


@dataclass(frozen=True, slots=True)
class Heading:
    """The heading of what follows."""

    text: Said


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text; ``number`` when it is a step."""

    text: Said
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """A label and what stands beside it."""

    label: Said
    values: tuple[Said, ...]
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict, to be seen at first sight."""

    verdict: Verdict
    word: Said
    meaning: Said
    when: Said


@dataclass(frozen=True, slots=True)
class Warned:
    """What must not be overlooked."""

    text: Said


@dataclass(frozen=True, slots=True)
class Command:
    """Something to compare or to type, alone on its line; ``label`` says where."""

    line: str
    label: Said | None = None


Block = Title | Heading | Paragraph | Field | Judgement | Warned | Command


def printable(value: str) -> str:
    """A value with a space for whatever would break the line, hide, or turn the direction of writing."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in value).split())


def said(key: str, **values: str) -> Said:
    """A text of the catalogue, under ``bundle.``, with these values in it."""
    text = TEXTS[f"bundle.{key}"]
    clean = {name: printable(value) for name, value in values.items()}
    return Said(text.vi.format(**clean), text.en.format(**clean))


def blocks(facts: BundleFacts, form: Form, sealed_by: str | None = None) -> Iterator[Block]:
    """All that is said of a document, in order. ``sealed_by`` names the seal that the PDF will get."""
    file = safe_name(facts.file_name, facts.media_type)
    yield Title(said("title"))
    yield Paragraph(said(f"intro.{form}", file=file))
    if sealed_by is None:
        yield Warned(said(f"unsealed.{form}"))
    else:
        yield Paragraph(said("sealed", name=sealed_by))
    yield Paragraph(said("made_at", at=shown_time(facts.made_at)))
    if facts.standing is not Standing.ACTIVE:
        yield Warned(said(f"standing.{facts.standing}"))
        if facts.replaced_by_link:
            yield Warned(said("replaced_by", link=facts.replaced_by_link))
    yield Heading(said("heading.verdict"))
    yield Judgement(
        facts.verdict,
        said(f"verdict.{facts.verdict}"),
        said(f"meaning.{facts.verdict}"),
        said("judged_at", at=shown_time(facts.judged_at)),
    )
    yield from _paper(facts, file)
    for number, signature in enumerate(facts.signatures, start=1):
        yield Heading(said("heading.signature", number=str(number), count=str(len(facts.signatures))))
        yield from _signature(signature)
    yield Heading(said("heading.judged_by"))
    yield from _judged_by(facts.judged_by)
    yield Heading(said("heading.check"))
    yield from _steps(facts, form, file)


def _paper(facts: BundleFacts, file: str) -> Iterator[Block]:
    yield Heading(said("heading.paper"))
    stated = {
        "name": facts.title,
        "number_symbol": facts.number_symbol,
        "issuing_body": facts.issuing_body,
        "issued_on": facts.issued_on and shown_day(facts.issued_on),
        "valid_until": facts.valid_until and shown_day(facts.valid_until),
        "scope": facts.scope,
        "owner": facts.owner_name,
        "dossier": facts.dossier_code,
        "procedure": facts.procedure_name,
        "unit": facts.unit_name,
    }
    for name, value in stated.items():
        shown = printable(value or "")
        yield Field(said(f"label.{name}"), (Said(shown) if shown else said("not_stated"),))
    yield Field(said("label.standing"), (said(f"standing.{facts.standing}"),))
    yield Field(said("label.file"), (Said(f"{file} ({printable(facts.media_type)}, {facts.size_bytes} byte)"),))
    yield Field(said("label.fingerprint"), (Said(facts.sha256),))
    yield Field(said("label.link"), (Said(printable(facts.link)),), link=facts.link)


def _signature(signature: Signature) -> Iterator[Block]:
    name = printable(signature.signer)
    agency = printable(signature.agency or "")
    who = [Said(name) if name else said("signer.unreadable")]
    if agency and agency != name:
        who.append(Said(agency))
    yield Field(said("label.signer"), (*who, said(f"signer.{signature.kind}")))
    verdict = said(f"verdict.{signature.verdict}")
    # The record of what was found is kept in English only.
    yield Field(said("label.finding"), (verdict, Said("", printable(signature.reason))))
    yield Field(said("label.signed_at"), _time_of(signature))
    covers = said("covers.whole" if signature.covers_whole_file else "covers.part")
    yield Field(said("label.coverage"), (covers, _known("later", signature.later_changes or "none")))
    # Without a fingerprint no certificate could be read, and its dates say nothing.
    if signature.certificate_sha256:
        valid = f"{shown_time(signature.valid_from)} – {shown_time(signature.valid_to)}"
        yield Field(said("label.issuer"), (Said(printable(signature.issuer)),))
        yield Field(said("label.validity"), (Said(valid),))
        yield Field(said("label.fingerprint"), (Said(signature.certificate_sha256),))
        yield Field(said("label.revocation"), (_known("revocation", signature.revocation),))


def _time_of(signature: Signature) -> tuple[Said, ...]:
    if signature.signed_at is None:
        return (said("no_time"),)
    how = said("stamped", by=signature.time_stamp_by or "?") if signature.time_stamped else said("claimed")
    return Said(shown_time(signature.signed_at)), how


def _known(area: str, word: str) -> Said:
    """What the catalogue says for a word of a judge, or the word itself: a newer judge may know more of them."""
    return said(f"{area}.{word}") if f"bundle.{area}.{word}" in TEXTS else Said(printable(word))


def _judged_by(judged_by: Mapping[str, object]) -> Iterator[Block]:
    for name, value in judged_by.items():
        if isinstance(value, bool):
            shown = said("yes" if value else "no")
        elif isinstance(value, str):
            shown = Said(printable(value))
        else:
            shown = Said(printable(json.dumps(value, ensure_ascii=False, default=str)))
        yield Field(_known("judged_by", name), (shown,))


def _steps(facts: BundleFacts, form: Form, file: str) -> Iterator[Block]:
    is_pdf = facts.media_type == "application/pdf"
    yield Paragraph(said(f"step.take.{form}", file=file), 1)
    yield Paragraph(said("step.reader" if is_pdf else "step.no_reader"), 2)
    yield Paragraph(said("step.hash"), 3)
    yield Command(facts.sha256)
    yield Command(f"sha256sum -- '{file}'", said("on.linux"))
    yield Command(f"Get-FileHash -Algorithm SHA256 -LiteralPath '{file}'", said("on.windows"))
    number = 4
    if is_pdf:
        yield Paragraph(said("step.pyhanko"), number)
        yield Command("pip install pyhanko-cli")
        yield Command(f"pyhanko sign validate --pretty-print --trust root.pem '{file}'")
        number += 1
    yield Paragraph(said("step.link"), number)
    yield Command(printable(facts.link))


def plain_text(facts: BundleFacts) -> str:
    """The whole as text: each Vietnamese line with its English one below; lines end with CR LF.

    The oldest Notepad of an office shows other endings as one long line.
    """
    lines = [line for block in blocks(facts, "zip") for line in _lines(block)]
    return "\r\n".join([*lines, ""])


def _lines(block: Block) -> Iterator[str]:
    match block:
        case Title(text):
            yield from (text.vi.upper(), text.en)
        case Heading(text):
            yield from ("", f"== {text.vi} / {text.en} ==")
        case Paragraph(text, number):
            yield f"{number}. {text.vi}" if number else text.vi
            yield _INDENT + text.en
        case Warned(text):
            yield from (f"!! {text.vi}", f"{_INDENT}{text.en}")
        case Judgement(_, word, meaning, when):
            yield f"{word.vi} / {word.en}"
            yield from (meaning.vi, meaning.en, when.vi, when.en)
        case Field(label, values):
            heading = f"{label.vi} / {label.en}" if label.en else label.vi
            yield f"{heading}: {'; '.join(_both(value) for value in values)}"
        case Command(line, label):
            if label:
                yield f"{_INDENT}{label.vi} / {label.en}"
            yield _INDENT * 2 + line
        case _ as never:
            assert_never(never)


def _both(value: Said) -> str:
    return " / ".join(part for part in (value.vi, value.en) if part)
