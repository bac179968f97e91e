"""What a bundle is made of: the facts about a document, the copying of its bytes, and who may seal the cover."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import BinaryIO, Final, Protocol

from app.domain.documents import Signature, Standing, Verdict
from app.domain.rulesets import VIETNAM
from app.errors import LienThongError

_CHUNK_BYTES: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class BundleFacts:
    """All that a bundle says, as plain values. What is not known is None and is shown as not stated.

    ``sha256`` (64 hexadecimal digits) and ``size_bytes`` are those of the original; times are aware. ``judged_by`` is
    what the judgement was stored with. ``link`` is the address of the original, ``replaced_by_link`` that of what
    replaced it. ``made_at`` dates everything in the bundle, so that equal facts make equal bytes.
    """

    title: str
    number_symbol: str | None
    issuing_body: str | None
    issued_on: date | None
    valid_until: date | None
    scope: str | None
    owner_name: str | None
    dossier_code: str
    procedure_name: str | None
    unit_name: str | None
    sha256: str
    size_bytes: int
    media_type: str
    file_name: str
    verdict: Verdict
    signatures: tuple[Signature, ...]
    judged_at: datetime
    judged_by: Mapping[str, object]
    link: str
    made_at: datetime
    standing: Standing = Standing.ACTIVE
    replaced_by_link: str | None = None


class OriginalDiffers(LienThongError):
    """The bytes handed over are not those the facts speak of; what was written of the bundle is to be thrown away."""

    def __init__(self, wanted_sha256: str, found_sha256: str, found_bytes: int) -> None:
        """Keep both hashes and the number of bytes found."""
        super().__init__(f"the original should hash to {wanted_sha256}; {found_bytes} bytes hash to {found_sha256}")
        self.wanted_sha256 = wanted_sha256
        self.found_sha256 = found_sha256
        self.found_bytes = found_bytes


class Seal(Protocol):
    """Signs a finished bundle."""

    @property
    def name(self) -> str:
        """Whose seal it is, as the cover says it."""
        ...

    def press(self, bundle: BinaryIO, at: datetime) -> None:
        """Sign a whole PDF in place (seekable, readable and writable), claiming a time. Blocks."""
        ...


def copy_original(original: BinaryIO, into: BinaryIO, facts: BundleFacts) -> None:
    """Copy the original, from where it stands to its end, and see that it is the one the facts speak of.

    Raises:
        OriginalDiffers: it is another one; by then its bytes are written.
    """
    digest, size_bytes = hashlib.sha256(), 0
    while chunk := original.read(_CHUNK_BYTES):
        digest.update(chunk)
        size_bytes += len(chunk)
        into.write(chunk)
    if digest.hexdigest() != facts.sha256 or size_bytes != facts.size_bytes:
        raise OriginalDiffers(facts.sha256, digest.hexdigest(), size_bytes)


def local(moment: datetime) -> datetime:
    """A moment in Viet Nam, to the second."""
    return moment.astimezone(VIETNAM).replace(microsecond=0)


def shown_time(moment: datetime) -> str:
    """A moment as NĐ 30/2020/NĐ-CP, Appendix I, shows the time of a signature: day, time and zone (ISO 8601)."""
    return f"{local(moment):%d-%m-%Y %H:%M:%S} +07:00"


def shown_day(day: date) -> str:
    """A day as it is written in Viet Nam."""
    return f"{day:%d-%m-%Y}"
