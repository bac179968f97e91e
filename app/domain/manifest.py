"""What a backup says of itself: the facts of its manifest, their text form, and which backups may go.

The text is canonical enough to be hashed and signed: keys in order, one way to write each value.
"""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import PurePath
from typing import Any, Final

from app.errors import LienThongError

KIND: Final = "lienthong-backup@1"
MANIFEST: Final = "manifest.json"
_NAME = re.compile(r"\d{8}T\d{6}Z(-\d{1,3})?", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


class BadManifest(LienThongError):
    """It is not the manifest of a backup of ours."""


@dataclass(frozen=True, slots=True)
class FileMark:
    """One file of a backup: SHA-256 in hex, size in bytes."""

    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is in a backup.

    ``files`` are paths below the backup's own folder; ``tables`` are rows by table; ``log_size`` and ``checkpoint``
    (a signed note, or none) are the log's at that moment. ``documents`` lie beside all backups, in one folder that they
    share (``documents_kept`` false: in a bucket, and only their list is here); ``missing`` were spoken of and gone.
    """

    name: str
    version: str
    agency: str
    engine: str
    revision: str
    taken_at: datetime
    log_origin: str
    log_size: int
    checkpoint: str | None
    tables: Mapping[str, int]
    files: Mapping[str, FileMark]
    documents: int
    document_bytes: int
    documents_kept: bool
    missing: tuple[str, ...]

    def to_text(self) -> str:
        """The manifest as it lies in the folder."""
        told = asdict(self) | {"kind": KIND, "taken_at": self.taken_at.isoformat()}
        return json.dumps(told, ensure_ascii=False, indent=1, sort_keys=True) + "\n"

    @classmethod
    def parse(cls, text: str) -> "Manifest":
        """Read the text form.

        Raises:
            BadManifest: it is none, or names a file outside of its folder.
        """
        try:
            told = dict(json.loads(text))
            if told.pop("kind") != KIND:
                raise BadManifest(_NOT_ONE)
            files = {str(name): FileMark(**mark) for name, mark in dict(told.pop("files")).items()}
            taken_at = datetime.fromisoformat(told.pop("taken_at"))
            found = cls(taken_at=taken_at, files=files, missing=tuple(told.pop("missing")), **told)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise BadManifest(_NOT_ONE) from error
        if not is_name(found.name) or taken_at.tzinfo is None or not _are_sane(files):
            raise BadManifest(_NOT_ONE)
        return found


_NOT_ONE: Final = f"not a manifest of the kind {KIND}"


def _are_sane(files: Mapping[str, FileMark]) -> bool:
    paths = [PurePath(name) for name in files]
    inside = all(not path.is_absolute() and path.parts and ".." not in path.parts for path in paths)
    return inside and all(_is_mark(mark) for mark in files.values())


def _is_mark(mark: Any) -> bool:  # noqa: ANN401 - of a file that anybody may have written
    is_hash = isinstance(mark.sha256, str) and _SHA256.fullmatch(mark.sha256) is not None
    return is_hash and type(mark.size_bytes) is int and mark.size_bytes >= 0


def name_of(at: datetime, taken: Collection[str]) -> str:
    """A name for a backup of this moment (UTC) that is not taken: names sort as their times do."""
    plain = at.strftime("%Y%m%dT%H%M%SZ")
    return next(name for n in range(1000) if (name := f"{plain}-{n}" if n else plain) not in taken)


def is_name(text: Any) -> bool:  # noqa: ANN401 - of a file that anybody may have written
    """Whether this is the name of a backup."""
    return isinstance(text, str) and _NAME.fullmatch(text) is not None


def age_order(names: Collection[str]) -> list[str]:
    """Names of backups, the oldest first."""
    parts = ((name.partition("-")[0], int(name.partition("-")[2] or 0), name) for name in names)
    return [name for *_, name in sorted(parts)]


def to_prune(verified: Collection[str], keep: int) -> list[str]:
    """Which of the backups may go so that ``keep`` of the newest stay; never the last one."""
    ordered = age_order(verified)
    return ordered[: max(len(ordered) - max(keep, 1), 0)]


def overlap(one: PurePath, other: PurePath) -> bool:
    """Whether one folder is the other, or lies within it; both absolute and without links."""
    return one == other or one in other.parents or other in one.parents
