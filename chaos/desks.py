"""The one-stop software: hands records over through the REST door of any API process, again until acknowledged.

A dossier's records go in order, dossiers side by side. What went unanswered is handed over again, the same, as
the contract says; what was answered is remembered, since the gateway is bound by it.
"""

import asyncio
import json
import math
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final
from urllib.parse import quote

import httpx

from chaos.flow import Life, Record

# Some hand over record by record, which costs a request each; most do it in bulk.
_SINGLE_DESKS, _BULK_DESKS = 4, 6
_SINGLE_SHARE: Final = 0.04
_LIVES_AT_ONCE: Final = 60
_RECORDS_EACH: Final = (1, 4)
_TIMEOUT: Final = httpx.Timeout(10.0, connect=2.0)
_PAUSE_SECONDS, _PAUSE_SECONDS_MAX = 0.1, 2.0
_REFUSED: Final = 400
_TOO_MANY: Final = 429
_BROKEN: Final = 500
_STALE: Final = "/stale-revision"
_GROWN: Final = 4


@dataclass(slots=True)
class Acknowledged:
    """What the gateway has taken responsibility for, in the order of its answers, and what it refused."""

    records: list[Record] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    handed_over: Counter[str] = field(default_factory=Counter)
    again: Counter[str] = field(default_factory=Counter)


class Desks:
    """All desks together; ``work`` ends when every record is acknowledged."""

    def __init__(self, seed: int, lives: Sequence[Life], urls: Sequence[str], token: str, seconds: float) -> None:
        """Records are spread over ``seconds``; after that they go as fast as they can."""
        self.acknowledged = Acknowledged()
        self._random = Random(f"{seed}:desks")
        self._urls = list(urls)
        self._headers = {"Authorization": f"Bearer {token}"}
        self._seconds = seconds
        singles = math.ceil(len(lives) * _SINGLE_SHARE)
        self._shares = [(1, lives[place:singles:_SINGLE_DESKS]) for place in range(_SINGLE_DESKS)]
        self._shares += [(_LIVES_AT_ONCE, lives[singles + place :: _BULK_DESKS]) for place in range(_BULK_DESKS)]

    async def work(self) -> None:
        """Hand everything over."""
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for place, (at_once, share) in enumerate(self._shares):
                batches = list(_batches(Random(self._random.random()), share, at_once))
                group.create_task(self._desk(batches, began, place))

    async def _desk(self, batches: list[list[Record]], began: float, place: int) -> None:
        async with httpx.AsyncClient(headers=self._headers, timeout=_TIMEOUT, trust_env=False) as client:
            caller = _Caller(client, self._urls[place % len(self._urls) :] + self._urls[: place % len(self._urls)])
            for number, batch in enumerate(batches):
                ahead = began + self._seconds * number / len(batches) - time.monotonic()
                # The day's work comes in over the day; this is its pace, not a wait for something.
                await asyncio.sleep(max(0.0, ahead))
                if len(batch) == 1:
                    await self._hand_over_one(caller, batch[0])
                else:
                    await self._hand_over(caller, batch)

    async def _hand_over_one(self, caller: "_Caller", record: Record) -> None:
        fields = dict(record)
        if fields.pop("type") == "dossier":
            method, path = "PUT", f"/v1/dossiers/{quote(fields.pop('code'), safe='')}"
        else:
            method, path = "POST", f"/v1/dossiers/{quote(fields.pop('dossier'), safe='')}/steps"
        tries = 0
        while True:
            status, body = await caller.once(method, path, json.dumps(fields).encode(), "application/json")
            if status and status < _BROKEN and status != _TOO_MANY:
                break
            tries = await self._pause(tries, status)
        self._note(record, None if httpx.codes.is_success(status) else _words(status, body))

    async def _hand_over(self, caller: "_Caller", batch: list[Record]) -> None:
        """Hand lines over; of an answer that breaks off, the lines that came count."""
        tries, again = 0, False
        left = batch
        while left:
            lines = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in left)
            status, body = await caller.once("POST", "/v1/intake", lines.encode(), "application/x-ndjson")
            answers = list(_whole_lines(body)) if httpx.codes.is_success(status) else []
            if _REFUSED <= status < _BROKEN and status != _TOO_MANY:
                for record in left:
                    self._note(record, _words(status, body))
                return
            left = self.read_answers(left, answers, again=again)
            again = True
            if left:
                tries = await self._pause(0 if answers else tries, status)

    def read_answers(self, lines: list[Record], answers: list[dict[str, Any]], *, again: bool = False) -> list[Record]:
        """Note what was answered, in order; the lines that are to be handed over again.

        ``again``: they were handed over before. A snapshot that is then refused as older than the held one was
        taken the first time, and a newer one of the same lines after it: the gateway is bound by it.
        """
        busy: set[str] = set()
        left: list[Record] = []
        for record, answer in zip(lines, answers, strict=False):
            problem = answer.get("problem")
            code = _code(record)
            if again and problem is not None and problem["type"].endswith(_STALE):
                problem = None
            # A line that found no room holds back what follows of its dossier, lest that be taken before it.
            if code in busy or (problem is not None and problem["status"] >= _BROKEN):
                busy.add(code)
                left.append(record)
            else:
                self._note(record, None if problem is None else json.dumps(problem, ensure_ascii=False))
        return left + lines[len(answers) :]

    def _note(self, record: Record, refusal: str | None) -> None:
        if refusal is None:
            self.acknowledged.records.append(record)
            self.acknowledged.handed_over[record["type"]] += 1
        else:
            self.acknowledged.refused.append(f"{_code(record)} {record.get('step_id', 'dossier')}: {refusal}")

    async def _pause(self, tries: int, status: int) -> int:
        self.acknowledged.again[f"http_{status}" if status else "no answer"] += 1
        # A client that is told to come again waits a little; there is nothing to wait for but time.
        await asyncio.sleep(min(_PAUSE_SECONDS * 2 ** min(tries, _GROWN + 1), _PAUSE_SECONDS_MAX))
        return tries + 1


class _Caller:
    """One connection to one API process at a time; the next one is tried when it fails."""

    def __init__(self, client: httpx.AsyncClient, urls: list[str]) -> None:
        self._client = client
        self._urls = urls

    async def once(self, method: str, path: str, content: bytes, kind: str) -> tuple[int, bytes]:
        """Status and as much of the body as came; status 0 when there was no answer."""
        status, body = 0, b""
        try:
            request = self._client.stream(method, self._urls[0] + path, content=content, headers={"Content-Type": kind})
            async with request as response:
                status = response.status_code
                async for chunk in response.aiter_bytes():
                    body += chunk
        except httpx.TransportError:
            self._urls.append(self._urls.pop(0))
        else:
            if status >= _BROKEN:
                self._urls.append(self._urls.pop(0))
        return status, body


def _batches(random: Random, share: Sequence[Life], at_once: int) -> Iterator[list[Record]]:
    """The records of a desk's dossiers, a few dossiers at a time, each dossier's in order."""
    for start in range(0, len(share), at_once):
        rest = [list(life.records) for life in share[start : start + at_once]]
        while any(rest):
            batch: list[Record] = []
            for records in rest:
                take = 1 if at_once == 1 else random.randint(*_RECORDS_EACH)
                batch += records[:take]
                del records[:take]
            yield batch


def _whole_lines(body: bytes) -> Iterator[dict[str, Any]]:
    # Not splitlines(): texts may hold characters that it would take for the end of a line.
    *whole, _ = body.split(b"\n")
    for line in whole:
        yield json.loads(line)


def _code(record: Record) -> str:
    return str(record["code"] if record["type"] == "dossier" else record["dossier"])


def _words(status: int, body: bytes) -> str:
    return f"{status} {body.decode('utf-8', 'replace')[:300]}"
