"""The ledger's pages in a real browser: for everyone, on a phone, with keys."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from sqlalchemy import select

from accounts.account import Account
from accounts.role import Role
from accounts.web_session import Stage, open_session
from api.policies.validity import today
from api.signed_in import COOKIE
from guidance.review.decisions import submit
from matching.mentors.mentor import Mentor
from matching.mentors.pack import load_mentors
from storage.database import Database
from tests.browser.test_appearance import choose, findings
from tests.fixtures.ledger import Cast, ask, fill
from tests.fixtures.people import add_person

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
    "auditor": ("/staff/audit", "/staff/restricted"),
}
# Who is not in the cast, with pages of theirs; a mentor's own have a test in test_mentoring.
OTHERS = {
    Role.ADMINISTRATOR: (
        "/staff",
        "/staff/accounts",
        "/staff/definitions",
        "/staff/counting-rules",
        "/staff/values",
        "/staff/proposals",
    ),
    Role.PRIVACY_OFFICER: ("/staff/privacy", "/staff/restricted", "/staff/sessions"),
    Role.MENTOR: ("/mentor", "/mentor/terms"),
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


def test_a_record_is_approved_and_one_returned_without_a_mouse(
    page: Page, context: BrowserContext, site: str, sqlite_database: Database, cast: Cast
) -> None:
    then = datetime.now(UTC) - timedelta(days=1)
    for number in (50, 51):
        session_id = ask(sqlite_database, number, then)
        with sqlite_database.writing() as db:
            submit(db, session_id, cast.staff("handler"), then)
    enter_as(context, site, sqlite_database, cast.reviewer)
    page.goto(f"{site}/staff/sessions/next")
    expect(page.locator(".ledger-keys")).to_contain_text("A 填写通过")
    approved = page.url
    page.keyboard.press("a")
    boxes = page.get_by_role("group", name="核对清单").get_by_role("checkbox")
    expect(boxes.first).to_be_focused()
    for _ in range(boxes.count()):
        page.keyboard.press("Space")
        page.keyboard.press("Tab")
    page.keyboard.type("核对过原文")  # a, r, j and k are letters here
    page.keyboard.press("Enter")
    page.wait_for_url("**saved=1*")
    page.goto(approved)
    expect(page.locator("h1")).to_contain_text("已通过")
    page.goto(f"{site}/staff/sessions/next")
    returned = page.url
    page.keyboard.press("r")
    expect(page.get_by_label("退回原因")).to_be_focused()
    assert page.url == returned  # nothing is decided by a key alone
    page.get_by_label("退回原因").select_option(index=1)
    page.keyboard.press("Tab")
    page.keyboard.type("请补充服务地点")
    page.keyboard.press("Enter")
    page.wait_for_url("**saved=1*")
    page.goto(returned)
    expect(page.locator("h1")).to_contain_text("退回")


def test_the_other_roles_find_their_pages_whole(
    page: Page, context: BrowserContext, site: str, sqlite_database: Database
) -> None:
    fill(sqlite_database, 14)
    with sqlite_database.writing() as db:
        load_mentors(db, datetime.now(UTC), today())
        code = db.scalars(select(Mentor.code)).first()
    for role, paths in OTHERS.items():
        own = code if role is Role.MENTOR else None
        account = add_person(sqlite_database, role, mentor_code=own)
        enter_as(context, site, sqlite_database, account)
        for path in paths:
            response = page.goto(site + path)
            assert response is not None, path
            assert response.status == 200, path
            assert findings(page) == [], path
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 800})
                assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
    for path in ("/staff", "/staff/sessions"):  # the mentor is still signed in
        response = page.goto(site + path)
        assert response is not None
        assert response.status == 403
        assert findings(page) == []
