"""Deciding on held rows, merging and the seed in a real browser, on a phone, without scripts."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import update

from guidance.periods.period import Quarter, shanghai_day
from guidance.review.decisions import submit
from guidance.session import GuidanceSession
from storage.database import Database
from tests.api.test_ledger_entries import row, sheet
from tests.browser.test_appearance import findings
from tests.browser.test_ledger import enter_as
from tests.fixtures.ledger import STREETS, Cast, add_cast, ask

SIZES = ((390, 844), (1280, 900))
NOW = datetime.now(UTC)
PAST = Quarter.of(shanghai_day(NOW)).preceding


@pytest.fixture
def cast(sqlite_database: Database) -> Cast:
    return add_cast(sqlite_database)


@pytest.fixture
def plain(browser: Browser) -> Iterator[BrowserContext]:
    """A browser that runs no scripts."""
    context = browser.new_context(java_script_enabled=False)
    yield context
    context.close()


def look(page: Page, name: str) -> None:
    """Keep pictures where somebody asked for them."""
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        if folder := os.environ.get("QICHUANG_TEST_PICTURES"):
            page.screenshot(path=Path(folder, f"{name}-{width}.png"), full_page=True)


def fits(page: Page) -> None:
    """Check the page for everyone and on a phone, which takes scripts."""
    assert findings(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_held_rows_are_decided_without_scripts(
    plain: BrowserContext, site: str, sqlite_database: Database, cast: Cast
) -> None:
    enter_as(plain, site, sqlite_database, cast.handler)
    page = plain.new_page()
    page.goto(f"{site}/staff/entries/sheets")
    name, content, kind = sheet(row(), row(), row(phone="13900002222"))["file"]
    page.get_by_label("签到表（").set_input_files(
        {"name": name, "mimeType": kind, "buffer": content}
    )
    page.get_by_role("button", name="上传并预览").click()
    look(page, "held")
    page.get_by_label("第 3 行的决定").select_option("录入")
    page.get_by_role("button", name="按上面的决定登记").click()
    expect(page.locator(".notice.wrong")).to_contain_text("录入要写理由")
    page.get_by_label("第 3 行的理由").fill("上午下午各来一次")
    page.get_by_role("button", name="按上面的决定登记").click()
    expect(page.locator("h1")).to_contain_text("台账")


def test_two_sessions_are_merged_on_a_phone(
    page: Page, plain: BrowserContext, site: str, sqlite_database: Database, cast: Cast
) -> None:
    ids = [ask(sqlite_database, n, NOW - timedelta(days=n), unit=STREETS[0]) for n in (1, 2)]
    with sqlite_database.writing() as db:
        db.execute(update(GuidanceSession).values(person="visitor:1", counts_for="visitor:1"))
    with sqlite_database.writing() as db:
        submit(db, ids[0], cast.staff("handler"), NOW)
    context = page.context
    enter_as(context, site, sqlite_database, cast.reviewer)
    for path in ("/staff/sessions?state=pending_review", f"/staff/sessions/{ids[0]}"):
        page.goto(site + path)
        fits(page)
        look(page, "queue" if "?" in path else "session")
    enter_as(plain, site, sqlite_database, cast.reviewer)
    without = plain.new_page()
    without.goto(f"{site}/staff/sessions/{ids[0]}")
    without.get_by_text("提议合并重复记录", exact=True).click()
    without.get_by_label("保留哪一条").select_option(str(ids[1]))
    form = without.locator("form", has=without.get_by_label("保留哪一条"))
    form.get_by_label("理由").fill("同一次咨询")
    form.get_by_role("button").click()
    without.goto(f"{site}/staff/proposals")
    expect(without.locator("main")).to_contain_text(f"编号 {ids[0]} 并入编号 {ids[1]}")


def test_a_missed_seed_is_asked_for_on_a_phone(
    page: Page, context: BrowserContext, site: str, sqlite_database: Database, cast: Cast
) -> None:
    ask(sqlite_database, 1, datetime.combine(PAST.last_day, NOW.timetz()) - timedelta(days=9))
    enter_as(context, site, sqlite_database, cast.handler)
    page.goto(f"{site}/staff")
    look(page, "desk")
    fits(page)
    page.get_by_role("link", name="去补公布").click()
    page.get_by_label("逾期的原因").fill("交接时遗漏")
    page.get_by_role("button", name="申请补公布").click()
    expect(page.locator("main")).to_contain_text("已申请补公布")
    look(page, "seed")
    fits(page)
