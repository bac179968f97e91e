"""The page in a real browser: on a telephone and on an office screen, by keyboard, in light and in dark.

Pictures are kept in ``build/pictures`` for people to look at.
"""

import contextlib
import itertools
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize

from app.usecases.context import Context
from tests import page_world as world
from tests.browser.serving import CHROMIUM, FAINT, overflow, picture, running
from tests.factories import ManualClock

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine (apt-get install chromium)")


async def _build(context: Context) -> None:
    await world.let_in(context.database)
    await world.build_well(context.database)


async def _build_trouble(context: Context) -> None:
    await _build(context)
    await world.build_trouble(context.database)


@pytest.fixture(scope="module")
def troubled(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("troubled")
    with running(_sqlite_template, folder, ManualClock(world.LOOK_AT), _build_trouble) as address:
        yield address


@pytest.fixture(scope="module")
def calm(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(_sqlite_template, tmp_path_factory.mktemp("calm"), ManualClock(world.LOOK_AT), _build) as address:
        yield address


@contextlib.contextmanager
def _page(browser: Browser, width: int, scheme: str = "light") -> Iterator[tuple[Page, list[str]]]:
    """A page of a logged-in reader, and the complaints of its console."""
    size = ViewportSize(width=width, height=740 if width < 600 else 900)
    dark = scheme == "dark"
    context = browser.new_context(
        viewport=size,
        color_scheme="dark" if dark else "light",
        # By hand: a browser is led to the login, and never asked for a token.
        extra_http_headers={"Authorization": f"Basic {b64encode(f'an:{world.TOKEN}'.encode()).decode()}"},
    )
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    yield page, complaints
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_runs_off_the_side_and_nothing_is_blocked(
    chromium: Browser, troubled: str, width: int, scheme: str
) -> None:
    paths = {"trouble": "/", "dossier": f"/?code={world.REFUSED}", "unknown": f"/?code={'x' * 99}"}
    with _page(chromium, width, scheme) as (page, complaints):
        for name, path in paths.items():
            page.goto(troubled + path)
            assert overflow(page) <= 0, path
            picture(page, f"page-{name}-{width}-{scheme}")
        assert page.evaluate("getComputedStyle(document.body).fontSize") == "16px"
        assert page.evaluate("getComputedStyle(document.body).marginTop") == "0px"  # the stylesheet is there
        assert complaints == []


@pytest.mark.parametrize("width", [360, 1280])
def test_a_calm_day_looks_calm(chromium: Browser, calm: str, width: int) -> None:
    with _page(chromium, width) as (page, _):
        page.goto(calm)
        assert page.locator(".headline.well").is_visible()
        assert page.get_by_text("Không có gì kẹt.").is_visible()
        picture(page, f"page-calm-{width}-light")


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
                assert page.evaluate(FAINT) == []
