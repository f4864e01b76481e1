"""The ledger's pages in a real browser: for everyone, on a phone, with keys."""

from datetime import UTC, datetime

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from accounts.account import Account
from accounts.web_session import Stage, open_session
from api.signed_in import COOKIE
from storage.database import Database
from tests.browser.test_appearance import choose, findings
from tests.fixtures.ledger import Cast, fill

WIDTHS = (320, 390)
PAGES = {
    "handler": (
        "/staff",
        "/staff/entries",
        "/staff/indicators",
        "/staff/indicators/M3c",
        "/staff/persons",
        "/staff/persons/2",
        "/staff/mentor-work",
    ),  # fmt: skip
    "reviewer": ("/staff/sessions?state=pending_review", "/staff/sessions/2"),
    "signer": ("/staff/periods/2026Q1", "/staff/reports"),
    "auditor": ("/staff/audit",),
}


@pytest.fixture
def cast(sqlite_database: Database) -> Cast:
    return fill(sqlite_database, 14)


def enter_as(context: BrowserContext, site: str, database: Database, account: Account) -> None:
    with database.writing() as db:
        _, token = open_session(db, account, Stage.OPEN, "测试", datetime.now(UTC))
    context.add_cookies([{"name": COOKIE, "value": token, "url": site}])


def test_pages_are_for_everyone_and_fit_a_phone(
    page: Page, context: BrowserContext, site: str, sqlite_database: Database, cast: Cast
) -> None:
    for role, paths in PAGES.items():
        enter_as(context, site, sqlite_database, getattr(cast, role))
        for path in paths:
            page.goto(site + path)
            assert findings(page) == [], path
            expect(page.locator("h1")).to_have_count(1)
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 800})
                assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


@pytest.mark.parametrize("theme", ["standard", "elder"])
def test_clients_pages_are_for_everyone(
    page: Page, context: BrowserContext, site: str, theme: str
) -> None:
    choose(context, site, theme)
    for path in ("/confirm", "/confirm/12?code=123456", "/me/privacy"):
        page.goto(site + path)
        assert findings(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


def test_keys_walk_through_a_list_and_from_record_to_record(
    page: Page, context: BrowserContext, site: str, sqlite_database: Database, cast: Cast
) -> None:
    enter_as(context, site, sqlite_database, cast.handler)
    page.goto(f"{site}/staff/sessions?state=counted")
    page.get_by_text("筛选").click()
    box = page.get_by_label("季度或年份")
    box.press("j")  # typing is not walking
    expect(box).to_have_value("j")
    page.reload()
    rows = page.locator("a.ledger-row")
    page.keyboard.press("j")
    expect(rows.nth(0)).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(rows.nth(1)).to_be_focused()
    second, third = (rows.nth(place).inner_text() for place in (1, 2))
    page.keyboard.press("o")
    expect(page.locator("h1")).to_contain_text(f"咨询记录 {second}")
    page.keyboard.press("j")
    expect(page.locator("h1")).to_contain_text(f"咨询记录 {third}")
    page.keyboard.press("k")
    expect(page.locator("h1")).to_contain_text(f"咨询记录 {second}")
    page.get_by_role("button", name="关闭快捷键").click()
    page.keyboard.press("j")
    page.reload()  # switched off for good
    page.keyboard.press("j")
    expect(page.locator("h1")).to_contain_text(f"咨询记录 {second}")
