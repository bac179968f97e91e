"""The page in a real browser: on a telephone and on an office screen, by keyboard, in light and in dark.

Pictures are kept in ``build/pictures`` for people to look at.
"""

import asyncio
import contextlib
import itertools
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from app.main import create_app
from app.store.session import Database
from tests import page_world as world
from tests.factories import ManualClock

_CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
_PICTURES = Path(__file__).parents[2] / "build" / "pictures"
_START_SECONDS = 60

pytestmark = pytest.mark.skipif(_CHROMIUM is None, reason="no chromium on this machine (apt-get install chromium)")


class _Server(threading.Thread):
    """The HTTP process in a thread of its own: playwright's plain interface holds the main thread."""

    def __init__(self, database_file: Path, *, trouble: bool) -> None:
        super().__init__(daemon=True)
        self._file, self._trouble = database_file, trouble
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.server: uvicorn.Server | None = None

    def run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        database = Database(f"sqlite:///{self._file}", clock=ManualClock(world.LOOK_AT))
        try:
            await world.let_in(database)
            await world.build_well(database)
            if self._trouble:
                await world.build_trouble(database)
            app = create_app(world.settings(), world.context_of(database))
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
def _running(template: Path, folder: Path, *, trouble: bool) -> Iterator[str]:
    file = folder / "page.sqlite3"
    shutil.copyfile(template, file)
    thread = _Server(file, trouble=trouble)
    thread.start()
    try:
        thread.wait_until_ready()
        yield thread.address
    finally:
        thread.stop()


@pytest.fixture(scope="module")
def troubled(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with _running(_sqlite_template, tmp_path_factory.mktemp("troubled"), trouble=True) as address:
        yield address


@pytest.fixture(scope="module")
def calm(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with _running(_sqlite_template, tmp_path_factory.mktemp("calm"), trouble=False) as address:
        yield address


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=options)
        yield browser
        browser.close()


@contextlib.contextmanager
def _page(browser: Browser, width: int, scheme: str = "light") -> Iterator[tuple[Page, list[str]]]:
    """A page of a logged-in reader, and the complaints of its console."""
    size = ViewportSize(width=width, height=740 if width < 600 else 900)
    dark = scheme == "dark"
    context = browser.new_context(
        viewport=size,
        color_scheme="dark" if dark else "light",
        http_credentials={"username": "an", "password": world.TOKEN},
    )
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    yield page, complaints
    context.close()


def _picture(page: Page, name: str) -> None:
    _PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=_PICTURES / f"{name}.png", full_page=True)


def _overflow(page: Page) -> int:
    wide: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wide


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_runs_off_the_side_and_nothing_is_blocked(
    chromium: Browser, troubled: str, width: int, scheme: str
) -> None:
    paths = {"trouble": "/", "dossier": f"/?code={world.REFUSED}", "unknown": f"/?code={'x' * 99}"}
    with _page(chromium, width, scheme) as (page, complaints):
        for name, path in paths.items():
            page.goto(troubled + path)
            assert _overflow(page) <= 0, path
            _picture(page, f"page-{name}-{width}-{scheme}")
        assert page.evaluate("getComputedStyle(document.body).fontSize") == "16px"
        assert page.evaluate("getComputedStyle(document.body).marginTop") == "0px"  # the stylesheet is there
        assert complaints == []


@pytest.mark.parametrize("width", [360, 1280])
def test_a_calm_day_looks_calm(chromium: Browser, calm: str, width: int) -> None:
    with _page(chromium, width) as (page, _):
        page.goto(calm)
        assert page.locator(".headline.well").is_visible()
        assert page.get_by_text("Không có gì kẹt.").is_visible()
        _picture(page, f"page-calm-{width}-light")


@pytest.mark.parametrize("width", [360, 1280])
def test_a_dossier_is_looked_up_by_keyboard_only(chromium: Browser, troubled: str, width: int) -> None:
    with _page(chromium, width) as (page, _):
        page.goto(troubled)
        for _step in range(40):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.id") == "code":
                break
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"
        page.keyboard.type(world.DEAD.lower())
        page.keyboard.press("Enter")
        page.wait_for_url("**/?code=*")
        assert page.locator("#ho-so-ten").inner_text().endswith(world.DEAD)
        assert page.locator("#ho-so").is_visible()
        page.keyboard.press("Tab")
        page.goto(troubled)
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")  # the skip link
        page.wait_for_url("**/#chinh")


def test_the_words_on_the_stuck_table_can_be_seen_at_both_widths(chromium: Browser, troubled: str) -> None:
    for width in (360, 1280):
        with _page(chromium, width) as (page, _):
            page.goto(troubled)
            row = page.get_by_role("row").filter(has_text=world.REFUSED)
            box = row.get_by_text("Sửa hồ sơ trong phần mềm một cửa").bounding_box()
            assert box is not None
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width


def test_headings_go_down_one_by_one_and_there_is_one_on_top(chromium: Browser, troubled: str) -> None:
    with _page(chromium, 1280) as (page, _):
        for path in ("/", f"/?code={world.REFUSED}", "/?code=nothing"):
            page.goto(troubled + path)
            levels = [int(tag[1]) for tag in page.locator("h1,h2,h3,h4").evaluate_all("all => all.map(e => e.tagName)")]
            assert levels.count(1) == 1
            assert levels[0] == 1
            assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_every_text_stands_out_from_its_ground(chromium: Browser, troubled: str) -> None:
    for scheme in ("light", "dark"):
        with _page(chromium, 1280, scheme) as (page, _):
            for path in ("/", f"/?code={world.REFUSED}"):
                page.goto(troubled + path)
                assert page.evaluate(_FAINT) == []


# Text whose contrast with the ground it stands on is below 4.5 : 1 (WCAG AA).
_FAINT = """() => {
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
