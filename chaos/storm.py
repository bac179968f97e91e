"""Carries a schedule out against the house, and tells what it does as it happens."""

import asyncio
import contextlib
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from chaos.database import Database
from chaos.house import House, Member
from chaos.schedule import HOUSE_AND_MOCK, Act, What

Say = Callable[[str], None]

_CREATED: Final = 201


@dataclass(slots=True)
class Damage:
    """What was done.

    ``kills`` counts every process of the house that was killed, those of the ``blackouts`` too. ``faults`` counts how
    often each kind has struck, ``missing`` holds the kinds that the mock lacks.
    """

    kills: int = 0
    blackouts: int = 0
    stops: int = 0
    database_restarts: int = 0
    mock_restarts: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    missing: set[str] = field(default_factory=set)


class Storm:
    """One storm over one house."""

    def __init__(self, house: House, database: Database, say: Say) -> None:
        """``say`` gets one line for each act."""
        self.damage = Damage()
        self._house = house
        self._database = database
        self._say = say
        self._struck: dict[int, Counter[str]] = {}
        self._mock_lives = 0
        self._database_busy = asyncio.Lock()
        self._one_blackout = asyncio.Lock()

    async def rage(self, acts: Sequence[Act]) -> None:
        """Carry all acts out at their times; ends when everything is up again and no fault is armed."""
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for act in acts:
                # The schedule is made of times; these are what is waited for.
                await asyncio.sleep(max(0.0, began + act.at_seconds - time.monotonic()))
                self._say(str(act))
                group.create_task(self._perform(act))
        await self._clear()
        for member in self._house.members.values():
            await asyncio.to_thread(self._house.await_ready, member)

    async def _perform(self, act: Act) -> None:
        if act.what is What.FAULT:
            await self._arm(act)
        elif act.what is What.DATABASE:
            await self._restart_database(act)
        elif act.what is What.BLACKOUT:
            await self._black_out(act)
        else:
            member = self._house.members[act.who]
            async with member.busy:
                await self._strike(act, member)

    async def _strike(self, act: Act, member: Member) -> None:
        house = self._house
        if act.what is What.STOP:
            self.damage.stops += house.signal(member, signal.SIGSTOP)
            try:
                await asyncio.sleep(act.lasts_seconds)
            finally:
                house.signal(member, signal.SIGCONT)
            return
        if act.what is What.MOCK:
            await self._before_the_mock_dies()
            self.damage.mock_restarts += house.kill(member)
        else:
            self.damage.kills += house.kill(member)
        await asyncio.sleep(act.lasts_seconds)
        await asyncio.to_thread(house.start, member)
        await asyncio.to_thread(house.await_ready, member)

    async def _black_out(self, act: Act) -> None:
        """Kill everything at once, a database server too, and start everything again, in no order."""
        house, server = self._house, self._database.server is not None
        names = [*house.victims(), *(["mock"] if act.who == HOUSE_AND_MOCK else [])]
        victims = [house.members[name] for name in names]
        async with self._one_blackout:
            if act.who == HOUSE_AND_MOCK:
                await self._before_the_mock_dies()
            killed = await asyncio.to_thread(house.go_dark, victims)
            async with self._database_busy:
                if server:
                    await asyncio.to_thread(self._database.stop, "immediate")
                self._say(f"           dark: {', '.join(killed)}{' and the database' if server else ''} are dead")
                try:
                    await asyncio.sleep(act.lasts_seconds)
                finally:
                    async with asyncio.TaskGroup() as group:
                        group.create_task(asyncio.to_thread(house.light_up, victims))
                        if server:
                            group.create_task(asyncio.to_thread(self._database.start))
            for member in victims:
                # What another act does to it by now is that act's to mend.
                async with member.busy:
                    await asyncio.to_thread(house.await_ready, member)
        self.damage.blackouts += 1
        self.damage.kills += len(set(killed) - {"mock"})
        self.damage.mock_restarts += "mock" in killed
        self.damage.database_restarts += server

    async def _restart_database(self, act: Act) -> None:
        async with self._database_busy:
            await asyncio.to_thread(self._database.stop, act.who)
            try:
                await asyncio.sleep(act.lasts_seconds)
            finally:
                await asyncio.to_thread(self._database.start)
            self.damage.database_restarts += 1

    async def _before_the_mock_dies(self) -> None:
        await self._read_struck()
        self._mock_lives += 1

    async def _arm(self, act: Act) -> None:
        """Arm a fault; a mock that is down gets none."""
        answer = await self._admin("POST", json=dict(act.fault))
        if answer is not None and answer.status_code != _CREATED:
            self.damage.missing.add(f"{act.who}: {answer.text}")

    async def _clear(self) -> None:
        await self._read_struck()
        await self._admin("DELETE")

    async def _read_struck(self) -> None:
        """Ask the mock which faults have struck; it forgets them when it is killed."""
        answer = await self._admin("GET")
        if answer is not None:
            struck = self._struck[self._mock_lives] = Counter[str]()
            for fault in answer.json()["faults"]:
                struck[fault["kind"]] += fault["fired"]
        self.damage.faults = sum(self._struck.values(), Counter[str]())

    async def _admin(self, method: str, json: dict[str, Any] | None = None) -> httpx.Response | None:
        async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
            with contextlib.suppress(httpx.TransportError):
                return await client.request(method, f"{self._house.mock_url}/__admin/faults", json=json)
        return None
