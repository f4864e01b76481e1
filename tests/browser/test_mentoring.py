"""One mentoring from the request to the rating, each on a phone."""

import os
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, expect

from accounts.account import Account
from accounts.role import Role
from accounts.web_session import Stage, open_session
from api.policies.validity import today
from api.signed_in import COOKIE
from matching.mentors.pack import load_mentors
from storage.database import Database
from tests.browser.conftest import PHONE
from tests.browser.test_appearance import findings
from tests.fixtures.people import add_person

CODE = "MS01"
PICTURES = os.environ.get("QICHUANG_TEST_PICTURES", "")


def phone_of(browser: Browser, site: str, database: Database, account: Account) -> Page:
    """A phone on which an account is signed in."""
    with database.writing() as db:
        _, token = open_session(db, account, Stage.OPEN, "手机", datetime.now(UTC))
    context: BrowserContext = browser.new_context(viewport=PHONE, locale="zh-CN")  # type: ignore[arg-type]
    context.add_cookies([{"name": COOKIE, "value": token, "url": site}])
    return context.new_page()


def look(page: Page, name: str) -> None:
    """Nothing serious for screen readers, nothing that scrolls sideways."""
    assert findings(page) == [], name
    width = page.evaluate("() => document.documentElement.scrollWidth")
    assert width <= PHONE["width"], (name, width)
    if PICTURES:
        for wide in (390, 1280):
            page.set_viewport_size({"width": wide, "height": 844})
            page.screenshot(path=str(Path(PICTURES) / f"{name}-{wide}.png"), full_page=True)
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]


def test_from_three_taps_to_a_rated_meeting(
    page: Page, browser: Browser, site: str, sqlite_database: Database
) -> None:
    with sqlite_database.writing() as db:
        load_mentors(db, datetime.now(UTC), today())
    handler = phone_of(browser, site, sqlite_database, add_person(sqlite_database, Role.HANDLER))
    own = add_person(sqlite_database, Role.MENTOR, mentor_code=CODE)
    mentor = phone_of(browser, site, sqlite_database, own)
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]

    page.goto(f"{site}/mentors")
    look(page, "list")
    page.goto(f"{site}/mentors/{CODE}")
    page.get_by_role("link", name="申请这位导师").click()
    look(page, "request")
    page.get_by_role("button", name="提交申请").first.click()
    expect(page.get_by_text("等候安排")).to_be_visible()
    look(page, "waiting")

    handler.goto(f"{site}/staff/mentoring")
    look(handler, "staff")
    handler.get_by_role("link", name="N1").first.click()
    look(handler, "need")
    handler.goto(f"{site}/staff/mentoring")
    handler.get_by_role("button", name="发出勾选的邀请").click()
    expect(handler.get_by_role("button", name="发出勾选的邀请")).to_have_count(0)

    mentor.goto(f"{site}/mentor")
    look(mentor, "desk-invited")
    mentor.get_by_role("button", name="接受").click()
    mentor.get_by_text("建议见面时间", exact=True).click()
    mentor.get_by_label("什么时间").fill("周三下午三点")
    mentor.get_by_role("button", name="发给申请人").click()
    look(mentor, "desk")
    page.reload()
    page.get_by_role("button", name="可以，就这个时间").click()
    expect(page.get_by_text("约好的时间")).to_be_visible()
    look(page, "accepted")

    mentor.get_by_role("link", name="记一次见面").click()
    look(mentor, "meeting")
    mentor.get_by_label("一两句话").fill("算了开店的成本，定了先试卖一个月。")
    mentor.get_by_role("button", name="保存").click()
    expect(mentor.get_by_text("确认码", exact=True)).to_be_visible()
    look(mentor, "met")
    mentor.go_back()  # and saves it a second time
    mentor.get_by_label("一两句话").fill("算了开店的成本，定了先试卖一个月。")
    mentor.get_by_role("button", name="保存").click()
    expect(mentor.get_by_role("link", name="是同一次，返回")).to_be_visible()
    look(mentor, "held")
    page.reload()
    look(page, "confirm")
    page.get_by_role("button", name="是的，谈过").click()
    page.get_by_label("很有帮助").check()
    page.get_by_role("button", name="提交评价").click()
    expect(page.get_by_role("button", name="提交评价")).to_have_count(0)
    for path in ("terms", "ranking"):
        mentor.goto(f"{site}/mentor/{path}")
        look(mentor, path)
    for path in ("", "/workload", "/calls"):
        handler.goto(f"{site}/staff/mentoring{path}")
        look(handler, f"staff{path.replace('/', '-')}-after")
