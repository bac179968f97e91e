"""Large files in several goes, as tus 1.0.0 has it: what was taken is durable, and goes on where it stopped."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_hex
from time import monotonic

from app.errors import BodyTooLarge, Fault, FileStoreSilent, UnknownUpload, UploadConflict, UploadIncomplete
from app.store import uploads
from app.store.session import Row, WriteSession
from app.usecases import papers
from app.usecases.context import Caller, Context
from app.vault import PartsDisagree, Scratch, Vault, VaultUnavailable, joined_bytes

# A sender who was silent for so long, or whose process died, is waited for no longer.
_SENDING_SECONDS = 30.0
_SENDING_AGAIN_SECONDS = 10.0
# Writing down what came takes no longer.
_KEEPING_SECONDS = 300.0
_UPLOADS_PER_LOOK = 50


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload that is open; ``offset`` bytes of ``size_bytes`` are durable."""

    id: str
    offset: int
    size_bytes: int
    expires_at: datetime


async def begin(context: Context, caller: Caller, size_bytes: int) -> Upload:
    """Announce a file.

    Raises:
        BodyTooLarge: no file may be so large.
        FileStoreSilent: this process has no store.
    """
    papers.files_of(context)
    if size_bytes > context.papers.bytes_max:
        message = f"a file has at most {context.papers.bytes_max} bytes, this one {size_bytes}"
        raise BodyTooLarge(message, faults=(Fault("/Upload-Length", message),))

    async def work(session: WriteSession) -> Upload:
        now = await session.now()
        expires_at = now + timedelta(seconds=context.papers.upload_life_seconds)
        upload_id = papers.new_id(now)
        row = {
            "id": upload_id,
            "owner": caller.name,
            "size_bytes": size_bytes,
            "created_at": now,
            "expires_at": expires_at,
        }
        await uploads.add(session, row)
        return Upload(upload_id, 0, size_bytes, expires_at)

    return await context.database.run(work)


async def find(context: Context, caller: Caller, upload_id: str) -> Upload:
    """How far an upload has come.

    Raises:
        UnknownUpload: there is none that is open and this caller's.
    """
    row = await _row(context, caller, upload_id)
    try:
        offset = joined_bytes(await papers.files_of(context).vault.parts(upload_id))
    except (PartsDisagree, VaultUnavailable) as error:
        raise _silent(error) from error
    return Upload(upload_id, offset, row["size_bytes"], row["expires_at"])


async def append(context: Context, caller: Caller, upload_id: str, offset: int, chunks: AsyncIterator[bytes]) -> Upload:
    """Take bytes from ``offset`` on. What came before the sender was cut off is kept, and counts.

    Raises:
        UnknownUpload: there is none that is open and this caller's.
        UploadConflict: another byte comes next, or somebody is sending now.
        BodyTooLarge: more came than was announced; nothing of this go is kept.
    """
    vault = papers.files_of(context).vault
    upload = await find(context, caller, upload_id)
    sender = _Sender(context, upload_id, token_hex(16))
    if not await sender.seize():
        message = "somebody is sending this upload now"
        raise UploadConflict(message, members={"offset": upload.offset}, retry_after_seconds=5)
    try:
        # Looked at again: somebody may have sent between the first look and the seizing.
        upload = await find(context, caller, upload_id)
        if offset != upload.offset:
            message = f"byte {upload.offset} comes next, not byte {offset}"
            raise UploadConflict(message, faults=(Fault("/Upload-Offset", message),), members={"offset": upload.offset})
        with vault.scratch() as scratch:
            try:
                await _fill(scratch, chunks, upload.size_bytes - offset, sender)
            finally:
                is_kept = await _keep(vault, upload, sender, scratch)
            if not is_kept:
                raise _overtaken()
            taken = scratch.size_bytes
    except VaultUnavailable as error:
        raise _silent(error) from error
    finally:
        if not await sender.release():
            # Ended while this came in, perhaps before a part of it was there to be dropped.
            await _drop_parts(context, upload_id)
    return Upload(upload_id, offset + taken, upload.size_bytes, upload.expires_at)


@dataclass(frozen=True, slots=True)
class _Sender:
    """The one who sends an upload now."""

    context: Context
    upload_id: str
    name: str

    async def seize(self) -> bool:
        """Become it; False: somebody else is."""

        async def work(session: WriteSession) -> bool:
            now = await session.now()
            until = now + timedelta(seconds=_SENDING_SECONDS)
            return await uploads.seize(session, self.upload_id, self.name, now, until)

        return await self.context.database.run(work)

    async def hold(self, seconds: float) -> bool:
        """Stay it for so long; False: somebody else is by now, or the upload was ended."""

        async def work(session: WriteSession) -> bool:
            until = await session.now() + timedelta(seconds=seconds)
            return await uploads.hold(session, self.upload_id, self.name, until)

        return await self.context.database.run(work)

    async def release(self) -> bool:
        """Let others send; False: the upload was ended."""

        async def work(session: WriteSession) -> bool:
            return await uploads.release(session, self.upload_id, self.name)

        return await self.context.database.run(work)


async def _keep(vault: Vault, upload: Upload, sender: _Sender, scratch: Scratch) -> bool:
    """Keep what came, unless somebody else sends by now: a late part would lie over theirs."""
    if not 0 < scratch.size_bytes <= upload.size_bytes - upload.offset:
        return True
    if not await sender.hold(_KEEPING_SECONDS):
        return False
    await vault.put_part(upload.id, upload.offset, scratch)
    return True


async def _fill(scratch: Scratch, chunks: AsyncIterator[bytes], room_bytes: int, sender: _Sender) -> None:
    held_at = monotonic()
    async for chunk in chunks:
        if scratch.size_bytes + len(chunk) > room_bytes:
            message = f"more came than was announced: there is room for {room_bytes} bytes"
            # Marked, so that nothing of it is taken for a part.
            await scratch.write(chunk)
            raise BodyTooLarge(message)
        await scratch.write(chunk)
        if monotonic() - held_at > _SENDING_AGAIN_SECONDS:
            held_at = monotonic()
            if not await sender.hold(_SENDING_SECONDS):
                raise _overtaken()


def _overtaken() -> UploadConflict:
    message = "this took so long that somebody else has gone on sending"
    return UploadConflict(message, retry_after_seconds=5)


async def read_into(context: Context, caller: Caller, upload_id: str, scratch: Scratch) -> None:
    """Put an upload together.

    Raises:
        UnknownUpload: there is none that is open and this caller's.
        UploadIncomplete: says how much has come.
    """
    upload = await find(context, caller, upload_id)
    if upload.offset != upload.size_bytes:
        message = f"{upload.offset} of {upload.size_bytes} bytes have come"
        raise UploadIncomplete(message, members={"offset": upload.offset})
    try:
        await papers.files_of(context).vault.read_parts(upload_id, scratch)
    except (PartsDisagree, VaultUnavailable) as error:
        raise _silent(error) from error


async def became(context: Context, caller: Caller, upload_id: str) -> str | None:
    """The document that an upload became already, for a sender who did not hear of it."""
    async with context.database.read() as session:
        return await uploads.document_of(session, upload_id, caller.name)


async def end(context: Context, upload_id: str, document_id: str | None) -> None:
    """Let go of an upload: it became a document, or nobody wants it. What was cut off in this is done by ``sweep``."""

    async def work(session: WriteSession) -> None:
        await uploads.end(session, upload_id, document_id)

    await context.database.run(work)
    await _drop_parts(context, upload_id)


async def _drop_parts(context: Context, upload_id: str) -> None:
    try:
        await papers.files_of(context).vault.drop_parts(upload_id)
    except VaultUnavailable as error:
        raise _silent(error) from error

    async def work(session: WriteSession) -> None:
        await uploads.close(session, upload_id)

    await context.database.run(work)


async def drop(context: Context, caller: Caller, upload_id: str) -> None:
    """Give an upload up.

    Raises:
        UnknownUpload: there is none that is open and this caller's.
    """
    await _row(context, caller, upload_id)
    await end(context, upload_id, None)


async def sweep(context: Context) -> int:
    """Let go of uploads that nobody went on with in time, and of what is left of those that were ended; how many."""
    if context.files is None:
        return 0
    async with context.database.read() as session:
        late = await uploads.expired(session, await session.now(), _UPLOADS_PER_LOOK)
        cut_off = await uploads.ending(session, _UPLOADS_PER_LOOK)
    for upload_id in (*late, *cut_off):
        await end(context, upload_id, None)
    return len(late)


async def _row(context: Context, caller: Caller, upload_id: str) -> Row:
    async with context.database.read() as session:
        row = await uploads.find(session, upload_id, caller.name)
        now = await session.now()
    if row is None or row["expires_at"] <= now:
        message = f"upload '{upload_id}' does not exist, is another's, or was ended"
        raise UnknownUpload(message)
    return row


def _silent(error: Exception) -> FileStoreSilent:
    message = f"the document store gave no answer: {error}"
    return FileStoreSilent(message, retry_after_seconds=30)
