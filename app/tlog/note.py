"""Signed notes (C2SP signed-note) and cosignatures (C2SP tlog-cosignature, the Ed25519 form ``cosignature/v1``).

Signatures of unknown keys are passed over; one of a known key that does not verify condemns the whole note; a note
that no known key signed is refused. Nothing of a note's text is given before that.
"""

import base64
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from app.tlog.errors import BadSignature, MalformedKey, MalformedNote, NoKnownSignature
from app.tlog.keys import KeyKind, Signer, Verifier, check_name, strict_base64

#: Sixteen must be taken (signed-note, "Format"), post-quantum ones of 5 kB among them.
SIGNATURES_MAX = 64
NOTE_BYTES_MAX = 2**18
_DASH = "\u2014 "
_ID_BYTES, _TIME_BYTES, _ED25519_BYTES = 4, 8, 64
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_EPOCH_SECONDS_MAX = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line; ``value`` is what follows the key id, unverified unless ``open_note`` gave it."""

    name: str
    key_id: bytes
    value: bytes

    @property
    def line(self) -> str:
        """The line, with its newline."""
        return f"{_DASH}{self.name} {base64.b64encode(self.key_id + self.value).decode()}\n"

    @property
    def cosigned_seconds(self) -> int | None:
        """When, in seconds since 1970, if this is as long as a cosignature/v1; None otherwise."""
        if len(self.value) != _TIME_BYTES + _ED25519_BYTES:
            return None
        return int.from_bytes(self.value[:_TIME_BYTES])


@dataclass(frozen=True, slots=True)
class Verified:
    """A signature that its key has made; ``at`` is the time that a cosignature states."""

    verifier: Verifier
    signature: Signature
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Opened:
    """A note that may be believed: its text, and the known keys' signatures, at most one a key, in their order."""

    text: str
    signatures: tuple[Verified, ...]


def sign(text: str, signer: Signer) -> str:
    """The note: text, blank line, signature.

    Raises:
        MalformedNote: text that no note can hold.
        MalformedKey: the signer is a cosigner.
    """
    return attach(f"{check_text(text)}\n", [signature_of(text, signer)])


def signature_of(text: str, signer: Signer) -> Signature:
    """A signature on its own, for a note that has one already (two keys of one log while it is rotated).

    Raises:
        MalformedNote: text that no note can hold.
        MalformedKey: the signer is a cosigner.
    """
    _must_be(signer, KeyKind.ED25519)
    return Signature(signer.name, signer.verifier.key_id, signer.sign(check_text(text).encode()))


def cosign(text: str, signer: Signer, at: datetime) -> Signature:
    """A witness's statement that this checkpoint text is the largest consistent one it has seen at ``at``.

    Raises:
        MalformedNote: text that no note can hold.
        MalformedKey: the signer is not a cosigner.
        ValueError: a time without a zone, or before 1970.
    """
    _must_be(signer, KeyKind.COSIGNATURE_V1)
    if at.tzinfo is None or at.timestamp() < 0:
        message = "a cosignature needs an aware time from 1970 on"
        raise ValueError(message)
    seconds = int(at.timestamp())
    value = seconds.to_bytes(_TIME_BYTES) + signer.sign(_cosigned(check_text(text), seconds))
    return Signature(signer.name, signer.verifier.key_id, value)


def attach(note: str, signatures: Iterable[Signature]) -> str:
    """The note with further signature lines; one that is there already is not repeated."""
    lines = [each.line for each in signatures]
    return note + "".join(line for line in dict.fromkeys(lines) if f"\n{line}" not in note)


def open_note(note: str | bytes, verifiers: Iterable[Verifier]) -> Opened:
    """Verify a note.

    Raises:
        MalformedNote: not a signed note.
        BadSignature: a known key's signature does not verify.
        NoKnownSignature: no known key signed it.
    """
    text, signatures = split(note)
    known = {(each.name, each.key_id): each for each in verifiers}
    verified: dict[Verifier, Verified] = {}
    for signature in signatures:
        verifier = known.get((signature.name, signature.key_id))
        if verifier is not None:
            verified.setdefault(verifier, _verified(text, signature, verifier))
    if not verified:
        message = "no known key has signed this note"
        raise NoKnownSignature(message)
    return Opened(text, tuple(verified.values()))


def split(note: str | bytes) -> tuple[str, tuple[Signature, ...]]:
    """Text and signatures, none of them verified.

    Raises:
        MalformedNote: not a signed note.
    """
    whole = _decoded(note)
    end = whole.rfind("\n\n")
    if end < 0 or not whole.endswith("\n"):
        message = "a note is text, a blank line and signature lines, all of whole lines"
        raise MalformedNote(message)
    return check_text(whole[: end + 1]), parse_signatures(whole[end + 2 :])


def parse_signatures(lines: str | bytes) -> tuple[Signature, ...]:
    """Signature lines on their own, as a witness answers them: at least one, each with its newline.

    Raises:
        MalformedNote: a line that is none, none at all, or too many.
    """
    text = _decoded(lines)
    parts = text.split("\n")
    if parts.pop() or not 1 <= len(parts) <= SIGNATURES_MAX:
        message = f"1 to {SIGNATURES_MAX} signature lines, each with its newline"
        raise MalformedNote(message)
    return tuple(_signature(part) for part in parts)


def check_text(text: str) -> str:
    """The text, if a note can hold it: UTF-8, no control characters but newlines, a newline at its end.

    Raises:
        MalformedNote: it cannot.
    """
    if not _decoded(text).endswith("\n"):
        message = "a note's text ends with a newline"
        raise MalformedNote(message)
    return text


def _decoded(note: str | bytes) -> str:
    message = "not UTF-8 without control characters, or too large"
    try:
        data = note.encode() if isinstance(note, str) else note
        text = data.decode()
    except UnicodeError:
        raise MalformedNote(message) from None
    if len(data) > NOTE_BYTES_MAX or _CONTROL.search(text):
        raise MalformedNote(message)
    return text


def _signature(line: str) -> Signature:
    message = "not a signature line"
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    blob = strict_base64(encoded)
    if not line.startswith(_DASH) or not space or blob is None or len(blob) <= _ID_BYTES:
        raise MalformedNote(message)
    try:
        check_name(name)
    except MalformedKey:
        raise MalformedNote(message) from None
    return Signature(name, blob[:_ID_BYTES], blob[_ID_BYTES:])


def _verified(text: str, signature: Signature, verifier: Verifier) -> Verified:
    at = None
    message, value = text.encode(), signature.value
    if verifier.kind is KeyKind.COSIGNATURE_V1:
        seconds = signature.cosigned_seconds
        if seconds is None or seconds > _EPOCH_SECONDS_MAX:
            raise BadSignature(verifier.name)
        message, value, at = _cosigned(text, seconds), value[_TIME_BYTES:], _time(seconds)
    if not verifier.verifies(message, value):
        raise BadSignature(verifier.name)
    return Verified(verifier, signature, at)


def _time(seconds: int) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return datetime.max.replace(tzinfo=UTC)


def _cosigned(text: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


def _must_be(signer: Signer, kind: KeyKind) -> None:
    if signer.kind is not kind:
        message = f"the key of {signer.name} is not of the kind {kind.name.lower()}"
        raise MalformedKey(message)
