"""The register's pages in a real browser: for everyone, on a phone and on a desk."""

from datetime import UTC, date, datetime

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from api.policies.validity import today
from guidance.indicators.evidence import keep_file
from guidance.indicators.returns import list_units, receive
from guidance.indicators.standing import reported_quarter
from guidance.indicators.value import Reported, read_number, report_value, review_value
from storage.database import Database
from tests.browser.test_appearance import findings
from tests.browser.test_ledger import enter_as
from tests.fixtures.ledger import Cast, fill

WIDTHS = (390, 1280)
PAGES = (
    "/staff/indicators",
    "/staff/indicators/A1",
    "/staff/indicators/E5",
    "/staff/indicators/M10a",
    "/staff/indicators/M3c",
    "/staff/indicators/D1d",
    "/staff/indicators/M11/rows",
    "/staff/definitions",
    "/staff/returns",
)
BASES = {"东街创业孵化基地": "2600", "大学科技园孵化基地": "1900.5"}


@pytest.fixture
def cast(sqlite_database: Database) -> Cast:
    cast, now = fill(sqlite_database, 14), datetime.now(UTC)
    quarter = reported_quarter(today())
    values = [("K.streets", "12", ""), ("E1", "3", ""), ("K.average_1", "18.5", "")]
    values += [("M10a", area, name) for name, area in BASES.items()]
    with sqlite_database.writing() as db:
        handler, reviewer = cast.staff("handler"), cast.staff("reviewer")
        digest = keep_file(db, "证明.pdf", "application/pdf", b"proof", handler, now).digest
        for name, value, item in values:
            first = date(today().year, 1, 1)
            told = Reported(name, first, read_number(value), "区统计局", digest, item=item)
            stored = report_value(db, told, handler, now)
            review_value(db, stored.id, reviewer, now, accept=True)
        list_units(db, quarter, ["东街街道", "区财政局", "区人力资源和社会保障局"], handler, now)
        receive(db, quarter, "东街街道", handler, now)
    return cast


def test_the_register_is_for_everyone_and_fits(
    page: Page, context: BrowserContext, site: str, sqlite_database: Database, cast: Cast
) -> None:
    enter_as(context, site, sqlite_database, cast.handler)
    for path in PAGES:
        page.goto(site + path)
        assert findings(page) == [], path
        expect(page.locator("h1")).to_have_count(1)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


def test_a_report_that_came_is_taken_down_and_counts(
    page: Page, context: BrowserContext, site: str, sqlite_database: Database, cast: Cast
) -> None:
    enter_as(context, site, sqlite_database, cast.handler)
    page.goto(site + "/staff/indicators")
    page.get_by_role("row", name="季度报送").get_by_role("link", name="%").click()
    expect(page.locator("h1")).to_contain_text("季度报送")
    page.get_by_role("button", name="区财政局：登记收到").click()
    expect(page.get_by_role("row", name="区财政局")).to_contain_text("测试handler登记")


def test_a_target_is_proposed_with_its_file(
    page: Page, context: BrowserContext, site: str, sqlite_database: Database, cast: Cast
) -> None:
    enter_as(context, site, sqlite_database, cast.handler)
    page.goto(site + "/staff/indicators/B2")
    page.get_by_text("调整目标").click()
    page.get_by_label("从哪一年起").fill(str(today().year + 1))
    page.get_by_label("目标（人）").fill("650")
    page.get_by_label("确定目标的文件").set_input_files(
        {"name": "文件.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7"}
    )
    form = page.locator("form", has_text="确定目标的文件")
    form.get_by_label("理由").fill("按区政府文件")
    page.get_by_role("button", name="提请签发人签字").first.click()
    enter_as(context, site, sqlite_database, cast.signer)
    page.goto(site + "/staff/proposals")
    expect(page.get_by_text("创业培训人数从")).to_be_visible()
