"""Staff in a real browser: sign in with the keyboard, add a colleague, sign out."""

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from accounts.account import get_account
from accounts.password import hash_password
from accounts.role import Role
from storage.database import Database
from tests.browser.test_appearance import THEMES, choose, findings
from tests.fixtures.people import add_person

PASSWORD = "walnut teapot 41 river"
PATHS = ("/account", "/account/password", "/account/code", "/staff/accounts/1")


def log_in(page: Page, site: str, database: Database, path: str = "/staff/accounts") -> None:
    account = add_person(database, Role.ADMINISTRATOR, login="admin")
    with database.writing() as db:
        get_account(db, account.id).password_hash = hash_password(PASSWORD)
    page.goto(site + path)
    expect(page.get_by_role("heading", name="工作人员和导师登录")).to_be_visible()
    page.get_by_label("登录名").fill("admin")
    page.get_by_label("密码").fill(PASSWORD)
    page.keyboard.press("Enter")


def test_administrator_adds_a_colleague_and_signs_out(
    page: Page, site: str, sqlite_database: Database
) -> None:
    log_in(page, site, sqlite_database)
    page.get_by_role("link", name="新建账号").click()
    page.get_by_label("登录名").fill("lihua")
    page.get_by_label("姓名").fill("李华")
    page.get_by_label("审计").check()
    page.get_by_label("经办").check()
    page.get_by_role("button", name="新建").click()
    expect(page.get_by_role("alert")).to_contain_text("没有保存")
    expect(page.get_by_role("group", name="角色")).to_contain_text("不能由同一个账号担任")
    page.get_by_label("审计").uncheck()
    page.get_by_role("button", name="新建").click()
    expect(page.get_by_text("/login/link/")).to_be_visible()
    page.get_by_role("link", name="完成").click()
    expect(page.get_by_role("region", name="最近的记录")).to_contain_text("新建账号")
    page.get_by_role("button", name="退出").click()
    expect(page.get_by_role("heading", name="工作人员和导师登录")).to_be_visible()
    page.goto(site + "/staff/accounts")
    expect(page.get_by_label("密码")).to_be_visible()


@pytest.mark.parametrize("theme", THEMES)
def test_pages_are_for_everyone_and_fit_a_phone(
    page: Page, context: BrowserContext, site: str, sqlite_database: Database, theme: str
) -> None:
    choose(context, site, theme)
    page.emulate_media(reduced_motion="reduce")
    log_in(page, site, sqlite_database)
    expect(page.get_by_role("heading", name="账号", exact=True)).to_be_visible()
    for path in ("/staff/accounts", *PATHS):
        page.goto(site + path)
        assert findings(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
