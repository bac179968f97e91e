"""The folder of backups on the disk: names, hashes, manifests, keys apart. Blocks: call in a thread.

``<folder>/<name>/`` is one backup; ``<folder>/documents/`` holds the files of all of them once each, under their
hashes. What is being made lies in ``<folder>/.incoming-<name>`` and gets its name when it is whole.
"""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from app.domain.manifest import KIND, MANIFEST, BadManifest, FileMark, Manifest, age_order, is_name, overlap
from app.errors import LienThongError
from app.tlog import KeyKind, Signer, TlogError, Verifier, open_note, sign
from app.vault.base import OBJECTS

DATABASE: Final = "database"
DOCUMENTS: Final = "documents"
DOCUMENT_LIST: Final = "documents.txt"
ARCHIVE_LIST: Final = "archives.txt"
SIGNATURE: Final = "manifest.note"
DRILL: Final = ".drill-"
_INCOMING: Final = ".incoming-"
_MINE: Final = 0o700


class BackupRefused(LienThongError):
    """A backup cannot be made, read or put back so; says why."""


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Let one process at a time work on a folder of backups, which is made when it is not there.

    Raises:
        BackupRefused: another is at work there, or the folder cannot be written.
    """
    try:
        folder.mkdir(mode=_MINE, parents=True, exist_ok=True)
        handle = os.open(folder / ".lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        message = f"{folder}: {error.strerror}"
        raise BackupRefused(message) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        message = f"{folder}: another backup is being made or checked there"
        raise BackupRefused(message) from error
    try:
        yield
    finally:
        os.close(handle)


def names(folder: Path) -> list[str]:
    """The backups in a folder, the oldest first."""
    found = [path.name for path in folder.iterdir() if is_name(path.name)] if folder.is_dir() else []
    return age_order(found)


def clear_broken(folder: Path) -> int:
    """Take away what broken-off backups and drills left; how many."""
    left = [*folder.glob(f"{_INCOMING}*"), *folder.glob(f"{DRILL}*")]
    for path in left:
        shutil.rmtree(path)
    return len(left)


def begin(folder: Path, name: str) -> Path:
    """The folder in which a backup is made, with one for the database."""
    work = folder / f"{_INCOMING}{name}"
    (work / DATABASE).mkdir(mode=_MINE, parents=True)
    work.chmod(_MINE)
    return work


def to_disk(*paths: Path) -> None:
    """See files and folders to the disk."""
    for path in paths:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def finish(work: Path, folder: Path, name: str) -> None:
    """Give it its name: what has one was whole when it was read again."""
    inside = list(work.rglob("*"))
    for path in inside:
        path.chmod(_MINE if path.is_dir() else 0o600)
    to_disk(*inside, work)
    work.rename(folder / name)
    to_disk(folder)


def prune(folder: Path, gone: Sequence[str]) -> None:
    """Take backups away, and the files that none of those that stay speaks of."""
    for name in gone:
        shutil.rmtree(folder / name)
    spoken = {sha256 for name in names(folder) for sha256, _ in document_list(folder / name)}
    spoken |= {sha256 for name in names(folder) for sha256, _ in archive_list(folder / name)}
    for path in (folder / DOCUMENTS / OBJECTS).rglob("*"):
        if path.is_file() and path.name not in spoken:
            path.unlink()


def marks(work: Path) -> dict[str, FileMark]:
    """Hash and size of each file below, by its path."""
    return {
        path.relative_to(work).as_posix(): FileMark(sha256_of(path), path.stat().st_size)
        for path in sorted(work.rglob("*"))
        if path.is_file()
    }


def sha256_of(path: Path) -> str:
    """The hash of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_manifest(work: Path, manifest: Manifest, signer: Signer | None) -> str:
    """Write the manifest, and beside it the log's signature where there is a key; gives the manifest's SHA-256."""
    text = manifest.to_text()
    (work / MANIFEST).write_text(text, "utf-8")
    digest = hashlib.sha256(text.encode()).hexdigest()
    if signer is not None:
        (work / SIGNATURE).write_text(sign(f"{KIND}\n{digest}\n", signer), "utf-8")
    return digest


def read_manifest(at: Path, name: str, verifiers: Sequence[Verifier]) -> tuple[Manifest, str, bool]:
    """The manifest of the backup that lies ``at`` a folder, its SHA-256, and whether a known key has signed it.

    Raises:
        BackupRefused: there is none, it says another name, or a signature is there and does not hold.
    """
    try:
        raw = (at / MANIFEST).read_bytes()
        manifest = Manifest.parse(raw.decode("utf-8"))
    except (OSError, UnicodeError, BadManifest) as error:
        message = f"{at}: no readable manifest: {error}"
        raise BackupRefused(message) from error
    if manifest.name != name:
        message = f"{at}: the manifest is that of the backup {manifest.name}"
        raise BackupRefused(message)
    digest = hashlib.sha256(raw).hexdigest()
    return manifest, digest, _is_signed(at / SIGNATURE, digest, verifiers)


def _is_signed(note: Path, digest: str, verifiers: Sequence[Verifier]) -> bool:
    keys = [each for each in verifiers if each.kind is KeyKind.ED25519]
    if not keys:
        return False
    try:
        opened = open_note(note.read_bytes(), keys)
    except (OSError, TlogError) as error:
        # With a key at hand, a manifest without its signature may be anybody's.
        message = f"{note}: the manifest is not signed by a known key of the log: {error}"
        raise BackupRefused(message) from error
    if not opened.signatures or opened.text != f"{KIND}\n{digest}\n":
        message = f"{note}: the signature is not over this manifest"
        raise BackupRefused(message)
    return True


def document_list(folder: Path) -> list[tuple[str, int]]:
    """The documents of one backup: SHA-256 and size in bytes."""
    lines = (folder / DOCUMENT_LIST).read_text("ascii").splitlines()
    return [(line.partition(" ")[0], int(line.partition(" ")[2])) for line in lines]


def archive_list(folder: Path) -> list[tuple[str, str]]:
    """The archives of one backup: SHA-256 and name; a backup of before there were any has none."""
    path = folder / ARCHIVE_LIST
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    return [(line.partition(" ")[0], line.partition(" ")[2]) for line in lines]


def check_apart(places: Mapping[str, Path]) -> None:
    """Refuse places of which one is within another.

    Raises:
        BackupRefused: names the two.
    """
    real = {what: path.resolve() for what, path in places.items()}
    for what, path in real.items():
        for other, place in real.items():
            if what < other and overlap(path, place):
                message = f"the {what} ({path}) and the {other} ({place}) must not lie in one another"
                raise BackupRefused(message)


def copy_keys(key_files: Mapping[str, Path], target: Path) -> list[str]:
    """Copy each key file that is there into a new folder, for its owner only; gives what was copied.

    Raises:
        BackupRefused: the folder is there already, or a file cannot be read.
    """
    try:
        target.parent.mkdir(mode=_MINE, parents=True, exist_ok=True)
        target.mkdir(mode=_MINE)
        copied = []
        for what, source in sorted(key_files.items()):
            if source.is_file():
                handle = os.open(target / what, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(handle, "wb") as file:
                    file.write(source.read_bytes())
                    file.flush()
                    os.fsync(file.fileno())
                copied.append(what)
    except OSError as error:
        message = f"the keys cannot be copied: {error.filename}: {error.strerror}"
        raise BackupRefused(message) from error
    return copied
