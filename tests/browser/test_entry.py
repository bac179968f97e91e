"""The login pages in a real browser: a whole first login by keyboard, on a telephone and on an office screen.

Pictures are kept in ``build/pictures`` for people to look at.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, ViewportSize

from app.domain.access import Role
from app.store.session import SystemClock
from app.usecases.context import Context
from tests import people
from tests.browser.serving import CHROMIUM, FAINT, overflow, picture, running

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine (apt-get install chromium)")
_ONE_TIME: dict[str, str] = {}


async def _build(context: Context) -> None:
    for name, roles in {"an.nv-360": (Role.OFFICER, Role.AUDITOR), "an.nv-1280": (Role.ADMINISTRATOR,)}.items():
        _ONE_TIME[name] = await people.invited(context, name, *roles)


@pytest.fixture(scope="module")
def house(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The door by the machine's own clock: browsers have no other."""
    folder = tmp_path_factory.mktemp("entry")
    with running(_sqlite_template, folder, SystemClock(), _build, people.people_context) as address:
        yield address


def _look(page: Page, name: str) -> None:
    """Nothing runs off the side, every text stands out, and there is a picture."""
    assert overflow(page) <= 0, name
    assert page.evaluate(FAINT) == [], name
    assert page.locator("h1").count() == 1
    picture(page, name)


def _type(page: Page, **fields: str) -> None:
    for name, value in fields.items():
        page.locator(f"#{name}").fill(value)
    page.keyboard.press("Enter")


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1280, "dark")])
def test_a_first_login_from_the_page_to_the_logout(chromium: Browser, house: str, width: int, scheme: str) -> None:
    dark: Literal["dark", "light"] = "dark" if scheme == "dark" else "light"
    size = ViewportSize(width=width, height=740 if width < 600 else 900)
    # What needs no script must work without: the browser runs none. Ours are asked of it from outside.
    context = chromium.new_context(viewport=size, color_scheme=dark, java_script_enabled=False)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if "Content Security" in message.text else None)
    name, kept = f"an.nv-{width}", f"{width}-{dark}"
    page.goto(house)
    page.wait_for_url("**/login")
    assert page.evaluate("document.activeElement.id") == "account"
    _look(page, f"entry-login-{kept}")
    _type(page, account=name, password="Wrong-pass-1")
    page.get_by_role("alert").wait_for()
    _look(page, f"entry-refused-{kept}")
    _type(page, account=name, password=_ONE_TIME[name])
    page.wait_for_url("**/account/password")
    _look(page, f"entry-password-{kept}")
    _type(page, old=_ONE_TIME[name], new="Ngan-qua", again="Ngan-qua")
    assert "Thiếu chữ số" in page.get_by_role("alert").inner_text()
    _type(page, old=_ONE_TIME[name], new=people.CHOSEN, again=people.CHOSEN)
    page.wait_for_url("**/account/second-factor")
    _look(page, f"entry-second-factor-{kept}")
    _type(page, password=people.CHOSEN)
    secret = page.locator(".secret code").inner_text()
    _look(page, f"entry-secret-{kept}")
    _type(page, code=people.code_of(secret, SystemClock().now()))
    page.locator(".codes li").first.wait_for()
    codes = page.locator(".codes li").all_inner_texts()
    assert len(codes) == 10
    assert all(re.fullmatch(r"[A-Z2-7-]{19}", code) for code in codes)
    _look(page, f"entry-recovery-{kept}")
    page.get_by_role("link", name="Tôi đã cất mã").click()
    page.wait_for_url("**/account")
    _look(page, f"entry-account-{kept}")
    page.get_by_role("button", name="Đăng xuất").click()
    page.wait_for_url("**/login")
    page.goto(f"{house}/account")
    page.wait_for_url("**/login")
    _type(page, account=name, password=people.CHOSEN, code=codes[0])
    page.wait_for_url("**/account" if width > 600 else f"{house}/")
    assert complaints == []
    context.close()
