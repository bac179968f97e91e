"""The page for administrators: what it says of a small world, and what it never lets through."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import pytest_asyncio

from app.dashboard import words
from app.domain.dossier import DossierStatus
from app.main import create_app
from app.store.session import Database
from app.texts import TEXTS
from tests import page_world as world
from tests.factories import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(world.LOOK_AT)


@pytest_asyncio.fixture
async def browser(clocked_database: Database) -> AsyncIterator[httpx.AsyncClient]:
    """A browser that is logged in; the world is empty yet."""
    await world.let_in(clocked_database)
    app = create_app(world.settings(), world.context_of(clocked_database))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://page", auth=("an", world.TOKEN)) as client:
        yield client


async def _words(browser: httpx.AsyncClient, path: str = "/") -> str:
    """What the page reads like: the text without the tags."""
    answer = await browser.get(path)
    assert answer.status_code == 200
    return re.sub(r"[ \n]+", " ", re.sub(r"<[^>]+>", " ", answer.text))


async def test_nobody_sees_the_page_without_a_token_that_may_read(browser: httpx.AsyncClient) -> None:
    stranger = await browser.get("/", auth=None)
    assert (stranger.status_code, stranger.headers["location"]) == (303, "/login")
    assert stranger.headers["cache-control"] == "no-store"
    assert (await browser.get("/", auth=("an", "lt_wrong"))).status_code == 401
    assert (await browser.get("/", auth=("an", "lt_intake"))).status_code == 403


async def test_the_page_forbids_scripts_frames_and_caches(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "style-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cache-control"] == "no-store"
    assert "<script" not in answer.text
    assert " style=" not in answer.text


async def test_the_stylesheet_is_public_and_is_not_sent_twice(browser: httpx.AsyncClient) -> None:
    page = await browser.get("/")
    address = re.search(r'href="(/static/[^"]+)"', page.text)
    assert address is not None
    first = await browser.get(address[1], auth=None)
    assert first.status_code == 200
    assert first.headers["content-type"].startswith("text/css")
    assert "max-age" in first.headers["cache-control"]
    again = await browser.get(address[1], auth=None, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_an_empty_house_says_so(browser: httpx.AsyncClient) -> None:
    told = await _words(browser)
    assert "Chưa nhận hồ sơ nào." in told
    assert "Không có gì kẹt." in told


async def test_when_the_nation_has_everything_the_page_is_calm(
    browser: httpx.AsyncClient, clocked_database: Database
) -> None:
    await world.build_well(clocked_database)
    told = await _words(browser)
    assert "Cổng quốc gia đã nhận 12 / 12 hồ sơ." in told
    assert "Ổn" in told
    assert "Không có gì kẹt." in told
    assert "100\N{NO-BREAK SPACE}%" in told
    assert "Cần bạn" not in told


async def test_the_headline_counts_what_needs_a_person_and_what_waits(
    browser: httpx.AsyncClient, clocked_database: Database
) -> None:
    await world.build_well(clocked_database)
    await world.build_trouble(clocked_database)
    told = await _words(browser)
    assert "Cổng quốc gia đã nhận 14 / 19 hồ sơ." in told
    assert "3 việc cần bạn xử lý." in told
    assert "10 bản ghi đang chờ gửi." in told
    assert "quá 24 giờ" not in told  # what waits that long waits behind what a person must correct


async def test_what_waits_for_a_day_and_is_held_up_by_nobody_calls_for_a_technician(
    browser: httpx.AsyncClient, clocked_database: Database, clock: ManualClock
) -> None:
    await world.hand_over(clocked_database, 1)
    assert "quá 24 giờ" not in await _words(browser)
    clock.advance(timedelta(hours=24).total_seconds())
    told = await _words(browser)
    assert "1 bản ghi chờ quá 24 giờ mà chưa gửi được: báo kỹ thuật" in told
    assert "Cần bạn" in told


async def test_every_stuck_thing_says_why_and_what_to_do(
    browser: httpx.AsyncClient, clocked_database: Database
) -> None:
    await world.build_trouble(clocked_database)
    rows = re.findall(r'<tr role="row" class="\w+">.*?</tr>', (await browser.get("/")).text, re.DOTALL)
    told = {code: row for row in rows for code in re.findall(r">(H15\.16-260701-\d+)</a>", row)}
    assert list(told)[:3] == [world.REFUSED, world.DEAD, world.STEP_REFUSED]
    assert "MaTTHC không tồn tại" in told[world.REFUSED]
    assert "Sửa hồ sơ trong phần mềm một cửa rồi gửi lại" in told[world.REFUSED]
    assert "2 bản ghi khác của hồ sơ này chờ phía sau" in told[world.REFUSED]
    assert "gửi thành một bước mới" in told[world.STEP_REFUSED]
    assert "Báo người vận hành" in told[world.DEAD]
    assert "Tự hỏi lại Cổng lúc 14:30 01/07/2026" in told[world.UNKNOWN]
    assert "Tự gửi lại lúc 15:15 01/07/2026" in told[world.FAILING]
    assert "3 bản ghi khác" in told[world.FAILING]
    assert "Người vận hành đang tạm giữ" in told[world.OPERATOR_HELD]
    assert "Tự gửi" not in told[world.OPERATOR_HELD]
    assert world.FRESH not in told
    assert world.WELL not in told


async def test_what_waits_past_its_hour_is_not_promised_for_the_past(
    browser: httpx.AsyncClient, clocked_database: Database, clock: ManualClock
) -> None:
    await world.build_trouble(clocked_database)
    clock.advance(timedelta(hours=2).total_seconds())
    told = await _words(browser)
    assert "Tự gửi lại lúc" not in told
    assert "Tự gửi khi đến lượt" in told


async def test_no_word_of_the_far_side_becomes_markup_or_shows_a_person(
    browser: httpx.AsyncClient, clocked_database: Database
) -> None:
    await world.build_trouble(clocked_database)
    for path in ("/", f"/?code={world.REFUSED}"):
        page = (await browser.get(path)).text
        assert world.ATTACK not in page
        assert "&lt;script&gt;" in page
        assert world.PERSON not in page


async def test_a_dossier_is_found_by_its_code_as_people_type_it(
    browser: httpx.AsyncClient, clocked_database: Database
) -> None:
    await world.build_trouble(clocked_database)
    answer = await browser.get("/", params={"code": f"  {world.STEP_REFUSED.lower()} "})
    told = re.sub(r"[ \n]+", " ", re.sub(r"<[^>]+>", " ", answer.text))
    assert world.STEP_REFUSED in told
    assert "Cổng đã có hồ sơ này." in told
    assert "1 bản ghi cần bạn xử lý." in told
    assert "Đang xử lý" in told
    assert "09:00 11/07/2026" in told
    assert "Thiếu ThoiDiemXuLy" in told
    assert told.index("s-1") < told.index("s-2")


@pytest.mark.parametrize("typed", ["H15.16-260701-9999", world.ATTACK, '"><b>', "\x00' OR 1=1 --", "x" * 5000])
async def test_an_unknown_code_is_kept_and_explained(browser: httpx.AsyncClient, typed: str) -> None:
    answer = await browser.get("/", params={"code": typed})
    assert answer.status_code == 200
    assert "Chưa nhận hồ sơ nào có mã này." in answer.text
    assert world.ATTACK not in answer.text
    assert "<b>" not in answer.text
    assert re.search(r'<input id="code"[^>]*value="[^"]+"', answer.text)


@pytest.mark.parametrize(
    ("part", "whole", "told"), [(0, 0, "–"), (0, 9, "0\N{NO-BREAK SPACE}%"), (9999, 10000, "99,9\N{NO-BREAK SPACE}%")]
)
def test_a_share_is_whole_only_when_nothing_is_missing(part: int, whole: int, told: str) -> None:
    assert words.share(part, whole) == told


def test_numbers_and_times_are_written_as_each_language_writes_them() -> None:
    told = words.say("page.headline-known", known=1234567, received=2000000)
    assert "1.234.567 / 2.000.000" in told.vi
    assert "1,234,567 of 2,000,000" in told.en
    assert words.moment(datetime(2026, 11, 23, 7, 5, tzinfo=UTC)) == "14:05 23/11/2026"


def test_every_status_has_the_words_of_the_national_table() -> None:
    assert {f"status.{status.value}" for status in DossierStatus} <= set(TEXTS)


async def test_units_with_trouble_come_first_and_the_rest_is_folded(
    browser: httpx.AsyncClient, clocked_database: Database
) -> None:
    await world.build_well(clocked_database)
    await world.build_trouble(clocked_database)
    page = (await browser.get("/")).text
    units = page[page.index('id="don-vi"') :]
    assert units.index("Sở Y tế Đắk Lắk") < units.index("Sở Giáo dục và Đào tạo Đắk Lắk")
    assert "<details>" not in units
