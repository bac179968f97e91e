"""The bundle that goes with a document: the original as it is, what it is worth, and how anybody can check that.

For the citizen one PDF with the original attached; for the office the same as a zip. The original is never written
anew: a single changed byte would break its signatures. Neither ever lies in memory whole. Building one takes about
a tenth of a second of computing and copies the original once: not for the event loop.
"""

import json
from dataclasses import asdict, fields
from datetime import datetime
from hashlib import sha256
from typing import Any, BinaryIO, Final
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from app.papers.bundle_cover import draw_cover
from app.papers.bundle_embed import write_with_original
from app.papers.bundle_facts import BundleFacts, OriginalDiffers, Seal, copy_original, local
from app.papers.bundle_names import RECORD, SUMS, WORDS, safe_name
from app.papers.bundle_words import plain_text

__all__ = ["RECORD", "SUMS", "WORDS", "BundleFacts", "OriginalDiffers", "Seal", "bundle_pdf", "bundle_zip", "safe_name"]

SCHEMA: Final = "lienthong/xac-minh/1"

_FILE: Final = 0o100644 << 16
_UNIX: Final = 3
_FIRST_YEAR, _LAST_YEAR = 1980, 2107  # what a zip can date


def bundle_pdf(facts: BundleFacts, original: BinaryIO, into: BinaryIO, seal: Seal | None = None) -> None:
    """Write the citizen's PDF into an empty file; readable and seekable too when there is a seal.

    ``original`` is read from where it stands to its end. Equal facts give equal bytes, but for what a seal adds.

    Raises:
        OriginalDiffers: its bytes are not those the facts speak of; throw away what was written.
    """
    write_with_original(draw_cover(facts, seal.name if seal else None), facts, original, into)
    if seal is not None:
        seal.press(into, local(facts.made_at))


def bundle_zip(facts: BundleFacts, original: BinaryIO, into: BinaryIO) -> None:
    """Write the office's archive: the original, what was found as text and as JSON, and the sums of all three.

    ``into`` need not be seekable, but then the bytes are others than with one that is; else equal facts give equal
    bytes. Nothing is compressed: a signed PDF hardly shrinks, and compressors differ from one machine to the next.

    Raises:
        OriginalDiffers: the bytes are not those the facts speak of; throw away what was written.
    """
    name = safe_name(facts.file_name, facts.media_type)
    made = {RECORD: _record(facts, name), WORDS: plain_text(facts).encode()}
    sums = {name: facts.sha256} | {other: sha256(content).hexdigest() for other, content in made.items()}
    made[SUMS] = "".join(f"{digest}  {other}\n" for other, digest in sums.items()).encode()
    with ZipFile(into, "w", ZIP_STORED) as archive:
        entry = _entry(name, facts.made_at, facts.size_bytes)
        with archive.open(entry, "w") as place:
            copy_original(original, place, facts)  # type: ignore[arg-type]
        for other, content in made.items():
            archive.writestr(_entry(other, facts.made_at, len(content)), content)


def _entry(name: str, made_at: datetime, size_bytes: int) -> ZipInfo:
    moment = local(made_at)
    moment = moment.replace(year=min(max(moment.year, _FIRST_YEAR), _LAST_YEAR))
    entry = ZipInfo(name, moment.timetuple()[:6])
    entry.create_system, entry.external_attr, entry.file_size = _UNIX, _FILE, size_bytes
    return entry


def _record(facts: BundleFacts, name: str) -> bytes:
    """All the facts for a machine, times as in Viet Nam (ISO 8601)."""
    values: dict[str, Any] = {"schema": SCHEMA, "original": name}
    values |= {field.name: getattr(facts, field.name) for field in fields(facts)}
    values |= {"signatures": [asdict(one) for one in facts.signatures], "judged_by": dict(facts.judged_by)}
    return json.dumps(values, ensure_ascii=False, indent=2, default=_plain).encode() + b"\n"


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return local(value).isoformat()
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
