"""The papers of the demo: signed results, digitised components, and one of every bad kind, each with what must be said.

All of them are made anew for each run, with real signatures of a throw-away authority.
"""

import hashlib
import io
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import pikepdf

from app.demo.authority import Who
from app.demo.signing import Signing, assembled, simple_pdf

Record = Mapping[str, Any]

RESULTS: Final = 160
COMPONENTS: Final = 420
#: Results with each bad verdict; the names are those of ``Signing.samples``.
BAD_VERDICTS: Final = {
    "modified": "MODIFIED",
    "modified_later": "MODIFIED",
    "expired": "EXPIRED",
    "revoked": "REVOKED",
    "untrusted": "UNTRUSTED",
    "unsigned": "UNSIGNED",
    "incomplete": "INCOMPLETE",
}
_BOMB_BYTES: Final = 2**30
_BLOCK_BYTES: Final = 2**24
_ISSUER_CHARACTERS_MAX: Final = 500


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file to be handed over: where to, what is said of it, and what must come of it.

    ``expected`` is a verdict, or the name of a refusal beginning with ``file-``; ``replaces`` names a sheet's key whose
    document it stands for.
    """

    key: str
    dossier: str
    metadata: dict[str, Any]
    content: bytes
    expected: str

    @property
    def sha256(self) -> str:
        """What the file hashes to."""
        return hashlib.sha256(self.content).hexdigest()


def owner_of(record: Record) -> tuple[dict[str, str], str]:
    """Whose papers these are: the applicant's first number, and the name."""
    return dict(record["applicant"]["identities"][0]), str(record["applicant"]["full_name"])


def result_metadata(record: Record, code: str, number: int, day: datetime) -> dict[str, Any]:
    """What is said of a result."""
    owner, name = owner_of(record)
    return {
        "role": "result",
        "code": code,
        "title": f"Kết quả {record['summary']}"[:300],
        "number_symbol": f"{number}/KQ-DEMO",
        "issuing_body": str(record["receiving_unit"])[:_ISSUER_CHARACTERS_MAX],
        "issued_on": day.date().isoformat(),
        "scope": "Toàn quốc",
        "source": "electronic",
        "owner": owner,
        "owner_name": name,
        "file_name": f"ket-qua-{number}.pdf",
    }


def component_metadata(record: Record, part: Record, number: int) -> dict[str, Any]:
    """What is said of a scanned component."""
    owner, name = owner_of(record)
    return {
        "role": "component",
        "title": str(part["name"])[:2000],
        "source": "scanned",
        "digitised_by": "Bộ phận Một cửa",
        "owner": owner,
        "owner_name": name,
        "file_name": f"thanh-phan-{number}.pdf",
    } | ({"code": part["component_code"]} if "component_code" in part else {})


def good_result(desk: Signing, record: Record, code: str, number: int) -> Sheet:
    """A result as the law wants it: signed by an officer and by the agency, time-stamped."""
    at = desk.authority.now - timedelta(hours=2)
    pdf = simple_pdf([f"Result {number}", f"Dossier {record['code']}"], f"r{number}")
    content = desk.result(pdf, at=at)
    key = f"{record['code']}!{number}"
    return Sheet(key, record["code"], result_metadata(record, code, number, at), content, "VALID")


def unfinished_result(desk: Signing, record: Record, code: str, number: int) -> Sheet:
    """A result that the officer has signed and the agency has not."""
    pdf = simple_pdf([f"Result {number}", "to be sealed"], f"u{number}")
    content = desk.result(pdf, at=desk.authority.now - timedelta(hours=1), by=(Who.OFFICER,))
    metadata = result_metadata(record, code, number, desk.authority.now)
    return Sheet(f"{record['code']}!{number}", record["code"], metadata, content, "INCOMPLETE")


def reissued(desk: Signing, kept: Record) -> Sheet:
    """A result issued anew in the place of one that is held (as the gateway tells it)."""
    names = ("role", "code", "title", "issuing_body", "issued_on", "scope", "source", "owner_name", "file_name")
    metadata = {name: kept[name] for name in names} | {
        "number_symbol": f"{kept['number_symbol']}-CL",
        "owner": {"kind": "personal_number", "number": "001000000099"},
        "supersedes": kept["id"],
        "supersede_reason": "Cấp lại do sai tên",
    }
    content = desk.result(simple_pdf(["Reissued"], f"n{kept['id']}"), at=desk.authority.now - timedelta(hours=1))
    return Sheet(f"{kept['dossier']}!again", kept["dossier"], metadata, content, "VALID")


def component(desk: Signing, record: Record, part: Record, number: int) -> Sheet:
    """A scan with the agency's signature (NĐ 30/2020/NĐ-CP, Điều 25)."""
    at = desk.authority.now - timedelta(hours=3)
    pdf = simple_pdf([f"Scan {number}", f"Dossier {record['code']}"], f"c{number}")
    content = desk.sign(pdf, Who.AGENCY, at=at, time_stamp=False)
    return Sheet(
        f"{record['code']}!c{number}", record["code"], component_metadata(record, part, number), content, "VALID"
    )


def bad_results(desk: Signing, records: Iterator[tuple[Record, str]], number: int) -> Iterator[Sheet]:
    """One result for each bad verdict, each in a dossier of its own."""
    samples = desk.samples()
    for name, verdict in BAD_VERDICTS.items():
        record, code = next(records)
        number += 1
        metadata = result_metadata(record, code, number, desk.authority.now)
        yield Sheet(f"{record['code']}!{number}", record["code"], metadata, samples[name], verdict)


def bad_files(record: Record, code: str, number: int, now: datetime) -> Iterator[Sheet]:
    """One file for each thing that is refused by name; none of them is kept."""
    pdf = simple_pdf(["A good page"], "bad-files")
    files = {
        "file-empty": b"",
        "file-unknown-type": "Đây không phải là tệp PDF.\n".encode(),
        "file-office-format": _word_document(),
        "file-password-protected": _locked(pdf),
        "file-truncated": pdf[: len(pdf) // 2],
        "file-polyglot": pdf + _archive(),
        "file-bomb": _bomb(),
    }
    for place, (slug, content) in enumerate(files.items(), 1):
        metadata = result_metadata(record, code, number + place, now)
        yield Sheet(f"{record['code']}!{slug}", record["code"], metadata, content, slug)


def _locked(pdf: bytes) -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as document:
        document.save(out, encryption=pikepdf.Encryption(user="mat-khau", owner="mat-khau"))
    return out.getvalue()


def _archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("la.txt", "something else")
    return out.getvalue()


def _word_document() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<document/>")
    return out.getvalue()


def _bomb() -> bytes:
    """A page of a megabyte that would be a gigabyte."""
    packer, block = zlib.compressobj(9), b" " * _BLOCK_BYTES
    content = b"".join(packer.compress(block) for _ in range(_BOMB_BYTES // _BLOCK_BYTES)) + packer.flush()
    stream = b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(content), content)
    return assembled(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R >>",
            stream,
        ],
        b"0" * 32,
    )
