"""Our verdicts against pyHanko's own on signed papers that were not made here.

    python -m benchmarks.foreign_signatures FOLDER [--roots FOLDER] [--at now|claimed]

Reads every PDF below a folder. Trust is taken from ``--roots``, else from the files themselves: the last certificate
of each chain that a signature brings along is a root, so that paths are walked at all. ``--at claimed`` judges each
file as of a minute after the latest time that its signers claim, when most certificates were valid still.

Each signature is compared field by field with ``validate_pdf_signature`` (its default difference policy, revocation
information of the file, soft), asked at the moment that we judged at. A difference is printed, and named when it is
one that we mean. Signed papers for it: the source packages of pyHanko, the test files of the DSS of the European
Commission. No such file is part of this repository.
"""

import argparse
import io
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import (
    DocumentSecurityStore,
    EmbeddedPdfSignature,
    validate_pdf_signature,
)
from pyhanko.sign.validation.errors import NoDSSFoundError
from pyhanko.sign.validation.status import PdfSignatureStatus, SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from app.domain.documents import Signature, Verdict
from app.papers.revocation import BROKEN
from app.papers.signatures import judge
from app.papers.trust import Trust, TrustSettings, load_trust

_A_MINUTE = timedelta(minutes=1)


@dataclass
class Tally:
    """What was compared, and what came of it."""

    files: int = 0
    unreadable: int = 0
    signatures: int = 0
    fields: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    meant: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)


def main(arguments: list[str]) -> int:
    """Compare all files below a folder; 1 when a difference was found that is not meant."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--roots", type=Path)
    parser.add_argument("--at", choices=("now", "claimed"), default="now")
    options = parser.parse_args(arguments)
    files = sorted(options.folder.rglob("*.pdf"))
    tally = Tally()
    with TemporaryDirectory() as folder:
        roots = options.roots or _own_roots(files, Path(folder))
        trust = load_trust(TrustSettings(roots=(str(roots),)))
    for file in files:
        compare_file(file.read_bytes(), file.name, trust, tally, claimed=options.at == "claimed")
    print(f"{tally.files} files ({tally.unreadable} of them cannot be read), {tally.signatures} signatures")
    print(f"{tally.fields} fields compared; verdicts: {dict(tally.verdicts)}")
    print(f"meant differences: {dict(tally.meant)}; others: {len(tally.differences)}")
    for difference in tally.differences:
        print(" ", difference)
    return 1 if tally.differences else 0


def compare_file(pdf: bytes, name: str, trust: Trust, tally: Tally, *, claimed: bool = False) -> None:
    """Compare all signatures of one file; what differs is added to the tally."""
    tally.files += 1
    embedded = {one.field_name: one for one in _embedded(pdf)}
    at = datetime.now(UTC)
    if claimed:
        times = [time for one in embedded.values() if (time := _claimed(one)) is not None]
        at = max(times, default=at) + _A_MINUTE
    try:
        ours = judge(io.BytesIO(pdf), trust, at)
    except ValueError:
        tally.unreadable += 1
        if embedded:
            tally.differences.append(f"{name}: we cannot read it, pyHanko can")
        return
    for signature in ours:
        tally.signatures += 1
        tally.verdicts[signature.verdict.value] += 1
        one = embedded.get(signature.field)
        theirs = _theirs(one, trust, signature, at, "soft-fail")
        for what, mine, other in _compared(signature, theirs):
            tally.fields += 1
            if mine == other:
                continue
            if meaning := _meaning(signature, what, _theirs(one, trust, signature, at, "none")):
                tally.meant[meaning] += 1
            else:
                tally.differences.append(f"{name} {signature.field}: {what} {mine} != {other} ({signature.reason})")


def _theirs(
    embedded: EmbeddedPdfSignature | None, trust: Trust, ours: Signature, at: datetime, revocation: str
) -> PdfSignatureStatus | None:
    if embedded is None:
        return None
    moment = ours.signed_at if ours.time_stamped and ours.signed_at else at
    try:
        signers = _context(embedded.reader, trust, moment, revocation)
        return validate_pdf_signature(embedded, signers, _context(embedded.reader, trust, at, revocation))
    except BROKEN:
        return None


def _context(reader: PdfFileReader, trust: Trust, moment: datetime, revocation: str) -> ValidationContext:
    options: dict[str, Any] = {
        "trust_roots": list(trust.roots),
        "moment": moment,
        "revocation_mode": revocation,
        "retroactive_revinfo": True,
        "other_certs": [],
    }
    try:
        return DocumentSecurityStore.read_dss(reader).as_validation_context(options)
    except (NoDSSFoundError, *BROKEN):
        return ValidationContext(**options)


def _compared(ours: Signature, theirs: PdfSignatureStatus | None) -> Iterator[tuple[str, object, object]]:
    """What is compared: name, our value, pyHanko's value."""
    if theirs is None:
        yield "refused", ours.verdict is not Verdict.VALID, True
        return
    whole = theirs.coverage is not None and theirs.coverage >= SignatureCoverageLevel.ENTIRE_REVISION
    untouched = theirs.intact and theirs.valid and whole and bool(theirs.docmdp_ok)
    yield "unmodified", ours.verdict is not Verdict.MODIFIED, untouched
    yield "covers", ours.covers_whole_file, whole and bool(theirs.docmdp_ok)
    level = theirs.modification_level
    yield "later changes", ours.later_changes or "NONE", level.name if level else "NONE"
    yield "certificate", ours.certificate_sha256, theirs.signing_cert.sha256.hex()
    yield "revoked", ours.verdict is Verdict.REVOKED, theirs.revoked and untouched
    yield "valid", ours.verdict is Verdict.VALID, untouched and theirs.trusted and theirs.seed_value_ok


def _meaning(ours: Signature, what: str, without: PdfSignatureStatus | None) -> str | None:
    """Why we differ where we mean to; ``without`` is pyHanko's status when it asks nobody about revocation."""
    if ours.verdict is Verdict.REVOKED and what in {"revoked", "valid"}:
        return "revoked by information that pyHanko leaves out (no distribution point, or out of date)"
    if ours.verdict is Verdict.VALID and what == "valid" and without is not None and without.trusted:
        return "nobody revoked it; pyHanko refuses, even when soft, where the information found is out of date"
    if "does not cover the whole" in ours.reason and what in {"unmodified", "covers", "valid"}:
        return "the bytes left out are not the signature alone; pyHanko compares lengths"
    return None


def _embedded(pdf: bytes) -> list[EmbeddedPdfSignature]:
    try:
        reader = PdfFileReader(io.BytesIO(pdf), strict=False)
        if reader.encrypted:
            reader.decrypt(b"")
        return list(reader.embedded_regular_signatures)
    except BROKEN:
        return []


def _claimed(embedded: EmbeddedPdfSignature) -> datetime | None:
    try:
        time = embedded.self_reported_timestamp
    except BROKEN:
        return None
    return time if time is not None and time.tzinfo is not None else None


def _own_roots(files: Iterable[Path], folder: Path) -> Path:
    """Write the last certificate of each chain that the files bring along."""
    for file in files:
        for embedded in _embedded(file.read_bytes()):
            try:
                chain = {one.subject.hashable: one for one in (embedded.signer_cert, *embedded.other_embedded_certs)}
                top = embedded.signer_cert
                while top.self_issued is False and top.issuer.hashable in chain:
                    top = chain.pop(top.issuer.hashable)
                if top is not embedded.signer_cert:
                    (folder / f"{top.sha256.hex()}.der").write_bytes(top.dump())
            except BROKEN:
                continue
    return folder


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
