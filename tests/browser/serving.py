"""The HTTP process for a real browser, and what the browser's tests have in common."""

import asyncio
import contextlib
import shutil
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import uvicorn
from playwright.sync_api import Page

from app.main import create_app
from app.store.session import Clock, Database
from app.usecases.context import Context
from tests import page_world as world

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PICTURES = Path(__file__).parents[2] / "build" / "pictures"
_START_SECONDS = 60


class _Server(threading.Thread):
    """The HTTP process in a thread of its own: playwright's plain interface holds the main thread."""

    def __init__(
        self,
        database_file: Path,
        clock: Clock,
        build: Callable[[Context], Awaitable[None]],
        context_of: Callable[[Database], Context],
    ) -> None:
        super().__init__(daemon=True)
        self._file, self._clock, self._build, self._context_of = database_file, clock, build, context_of
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.server: uvicorn.Server | None = None

    def run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        database = Database(f"sqlite:///{self._file}", clock=self._clock)
        context = self._context_of(database)
        try:
            await self._build(context)
            app = create_app(world.settings(), context)
            self.server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
            await self.server.serve(sockets=[self._socket])
        finally:
            await database.aclose()

    def wait_until_ready(self) -> None:
        end = time.monotonic() + _START_SECONDS
        while not (self.server and self.server.started):
            assert self.is_alive(), "the server's thread has ended"
            assert time.monotonic() < end, "the server did not start"
            time.sleep(0.05)

    def stop(self) -> None:
        if self.server:
            self.server.should_exit = True
        self.join(timeout=_START_SECONDS)


@contextlib.contextmanager
def running(
    template: Path,
    folder: Path,
    clock: Clock,
    build: Callable[[Context], Awaitable[None]],
    context_of: Callable[[Database], Context] = world.context_of,
) -> Iterator[str]:
    """The address of the process on a copy of a database, in which ``build`` has put what is to be seen."""
    file = folder / "page.sqlite3"
    shutil.copyfile(template, file)
    thread = _Server(file, clock, build, context_of)
    thread.start()
    try:
        thread.wait_until_ready()
        yield thread.address
    finally:
        thread.stop()


def picture(page: Page, name: str) -> None:
    """Keep what the page looks like for people to look at."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}.png", full_page=True)


def overflow(page: Page) -> int:
    """How far the page runs off the side, in pixels."""
    wide: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wide


# Text whose contrast with the ground it stands on is below 4.5 : 1 (WCAG AA).
FAINT = """() => {
  const parts = colour => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = element => {
    for (let e = element; e; e = e.parentElement) {
      const found = parts(getComputedStyle(e).backgroundColor);
      if (found.length === 3 || found[3] > 0) return found;
    }
    return [255, 255, 255];
  };
  const faint = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility()) continue;
    const [a, b] = [light(parts(getComputedStyle(element).color)), light(ground(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) faint.push([walker.currentNode.data.trim().slice(0, 40), ratio.toFixed(2)]);
  }
  return faint;
}"""
