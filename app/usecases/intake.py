"""Take a stream of records in: bounded memory, one commit for some hundred lines, an answer for every line."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from app.errors import BodyTooLarge, Fault, Refusal
from app.usecases.context import Caller, Context
from app.usecases.parsing import parse_line
from app.usecases.receive import Receipt, Record, receive, refuse


@dataclass(frozen=True, slots=True)
class LineAnswer:
    """What became of one line; lines are counted from 1, blank ones too."""

    line: int
    answer: Receipt | Refusal


async def take_stream(
    context: Context,
    caller: Caller,
    chunks: AsyncIterator[bytes],
    correlation_id: str,
    *,
    line_bytes_max: int,
    lines_per_commit: int,
) -> AsyncIterator[Sequence[LineAnswer]]:
    """Take a stream line by line; yields the answers of each commit, in the order of the lines.

    What has been yielded is durable, whatever happens to the rest of the stream.
    """
    batch: list[tuple[int, Record | Refusal]] = []
    async for number, line in _lines(chunks, line_bytes_max):
        batch.append((number, line if isinstance(line, Refusal) else parse_line(line)))
        if len(batch) >= lines_per_commit:
            yield await _commit(context, caller, batch, correlation_id)
            batch = []
    if batch:
        yield await _commit(context, caller, batch, correlation_id)


async def _lines(chunks: AsyncIterator[bytes], line_bytes_max: int) -> AsyncIterator[tuple[int, bytes | Refusal]]:
    number, rest, too_long = 0, b"", False
    async for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            number += 1
            if too_long or len(line) > line_bytes_max:
                yield number, _too_long(line_bytes_max)
                too_long = False
            elif line.strip():
                yield number, line
        if len(rest) > line_bytes_max:
            # The rest of this line is thrown away as it comes, so that no line can fill the memory.
            rest, too_long = b"", True
    if too_long:
        yield number + 1, _too_long(line_bytes_max)
    elif rest.strip():
        yield number + 1, rest


def _too_long(line_bytes_max: int) -> Refusal:
    message = f"the line is longer than {line_bytes_max} bytes"
    return BodyTooLarge(message, faults=(Fault("", message),))


async def _commit(
    context: Context, caller: Caller, batch: Sequence[tuple[int, Record | Refusal]], correlation_id: str
) -> list[LineAnswer]:
    records = [item for _, item in batch if not isinstance(item, Refusal)]
    answers = iter(await receive(context, caller, records, correlation_id) if records else [])
    result = []
    for number, item in batch:
        if isinstance(item, Refusal):
            await refuse(context, caller, item, correlation_id)
            result.append(LineAnswer(number, item))
        else:
            result.append(LineAnswer(number, next(answers)))
    return result
