"""Every page of the staff, each as one of those who work with it: small, wide, large, by screen reader.

One installation in which everything belongs to somebody serves all of it.
"""

import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, FilePayload, Page, expect

from accounts.role import Role
from api.app import create_app
from api.settings import Settings
from api.signed_in import COOKIE
from api.snapshot import LiveSnapshot
from guidance.indicators.evidence import keep_file
from guidance.indicators.value import Reported, report_value
from guidance.review.decisions import submit
from guidance.review.staff import Staff
from storage.database import Database
from tests.api.test_ledger_entries import row, sheet
from tests.browser.conftest import PHONE, watch
from tests.browser.test_appearance import findings
from tests.fixtures.edge import StandIn, add_document, small_document
from tests.fixtures.ledger import ask, fill
from tests.fixtures.people import add_person
from tests.fixtures.world import HERE, World, build_world

PICTURES = os.environ.get("QICHUANG_TEST_PICTURES", "")
WIDE = {"width": 1280, "height": 900}
# Who works with which pages; numbers in braces are those of the world's objects.
PAGES = {
    "handler": (
        "/staff",
        "/staff/sessions/{session}",
        "/staff/entries/sheets",
        "/staff/handovers",
        "/staff/handovers/{handover}",
        "/staff/gaps",
        "/staff/gaps/{gap}",
        "/staff/mentoring",
        "/staff/mentoring/workload",
        "/staff/values",
        "/staff/indicators/B2",
    ),
    "reviewer": (
        "/staff/sessions?state=pending_review",
        "/staff/sessions/{session}",
        "/staff/samples/{session}",
        "/staff/proposals",
    ),
    "signer": ("/staff/definitions", "/staff/counting-rules", "/staff/periods", "/staff/proposals"),
    "administrator": ("/staff/definitions", "/staff/counting-rules", "/staff/duty"),
    "privacy_officer": ("/staff/privacy", "/staff/restricted"),
    "auditor": ("/staff/restricted", "/staff/audit"),
}
# Text that is cut off or lies outside: what hides what overflows it, and is no page corner.
LOST = """() => [...document.querySelectorAll("main *, nav *, header *")]
  .filter(e => e.childNodes.length && [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
  .filter(e => e.offsetParent !== null && e.clientWidth > 1 && e.clientHeight > 1)
  .filter(e => ["hidden", "clip"].includes(getComputedStyle(e).overflowX))
  .filter(e => e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 1)
  .map(e => e.outerHTML.slice(0, 120))"""
LARGE = "() => { document.documentElement.style.fontSize = '200%' }"
SIDEWAYS = "() => document.documentElement.scrollWidth - innerWidth"


@dataclass(frozen=True, slots=True)
class District:
    """The installation, where it is served, and who is in it."""

    world: World
    site: str

    def address(self, path: str) -> str:
        """Return a page's address with the numbers of the world's objects."""
        return self.site + path.format(**self.world.numbers)


@pytest.fixture(scope="module")
def district(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[District]:
    folder = tmp_path_factory.mktemp("district")
    shutil.copyfile(migrated_file, folder / "qichuang.db")
    database = Database(f"sqlite:///{folder}/qichuang.db")
    add_document(database, small_document())
    live = LiveSnapshot(database, StandIn().snapshot)
    app = create_app(Settings(data_dir=folder, rate_limit=0), database, live)
    world = build_world(app, database)
    fill(database, 14)
    hand_in(database)
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield District(world, f"http://127.0.0.1:{listening.getsockname()[1]}")
    server.should_exit = True
    thread.join()
    listening.close()
    database.close()


def hand_in(database: Database) -> None:
    """Add two consultations that wait for a reviewer, and a reported value."""
    then = datetime.now(UTC) - timedelta(days=1)
    account = add_person(database, Role.HANDLER, login="colleague", org_unit=HERE)
    by = Staff(account.id, account.roles, HERE)
    for number in (60, 61):
        session_id = ask(database, number, then, unit=HERE)
        with database.writing() as db:
            submit(db, session_id, by, then)
    with database.writing() as db:
        file = keep_file(db, "花名册.pdf", "application/pdf", b"%PDF-1.4 y", by, then)
        told = Reported("B2", then.date(), Decimal(120), "区人社局", file.digest)
        report_value(db, told, by, then)


@pytest.fixture
def tab(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport=PHONE, locale="zh-CN", reduced_motion="reduce")  # type: ignore[arg-type]
    context.set_default_timeout(5000)
    yield context
    context.close()


def enter(context: BrowserContext, district: District, name: str) -> Page:
    """Sign somebody of the world in; return a page of theirs."""
    client, _ = district.world.browsers[name]
    token = client.cookies.get(COOKIE) or ""
    context.add_cookies([{"name": COOKIE, "value": token, "url": district.site}])
    return context.new_page()


def look(page: Page, name: str) -> None:
    """Nothing serious for screen readers, nothing sideways, nothing lost in twice the size."""
    expect(page.locator("h1")).to_have_count(1)
    assert findings(page) == [], name
    for place, size in (("phone", PHONE), ("desk", WIDE)):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        assert page.evaluate(SIDEWAYS) <= 0, (name, place)
        if PICTURES:
            page.screenshot(path=f"{PICTURES}/{name}-{size['width']}.png", full_page=True)
    page.evaluate(LARGE)
    for place, size in (("desk", WIDE), ("phone", PHONE)):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        assert page.evaluate(SIDEWAYS) <= 0, (name, place, "large text")
        assert page.evaluate(LOST) == [], (name, place)
    if PICTURES:
        page.screenshot(path=f"{PICTURES}/{name}-large.png", full_page=True)


@pytest.mark.parametrize("role", PAGES)
def test_pages_of_each_role_are_for_everyone(
    role: str, district: District, tab: BrowserContext
) -> None:
    complaints: list[str] = []
    requested: list[str] = []
    page = watch(enter(tab, district, f"{role} {HERE}"), requested, complaints)
    for path in PAGES[role]:
        response = page.goto(district.address(path))
        assert response is not None, path
        assert response.status == 200, path
        look(page, role + path.partition("?")[0].replace("/", "-").replace("{", "").rstrip("}"))
    assert complaints == []
    assert [url for url in requested if not url.startswith(district.site)] == []


def test_a_sheet_is_previewed_before_it_is_recorded(
    district: District, tab: BrowserContext
) -> None:
    page = enter(tab, district, f"handler {HERE}")
    good, other = row(), row(phone="13900002222", summary="看过两处铺面，商定先租后买。")
    name, content, kind = sheet(good, other, row())["file"]
    page.goto(f"{district.site}/staff/entries/sheets")
    file = FilePayload(name=name, mimeType=kind, buffer=content)
    page.get_by_label("签到表").set_input_files(file)
    page.get_by_role("button", name="上传并预览").click()
    expect(page.locator("main")).to_contain_text("可以登记 2 行")
    expect(page.locator("main")).to_contain_text("与本表第 2 行重复")
    look(page, "sheet-preview")
    page.get_by_label("第 4 行的决定").select_option("不录")
    page.get_by_role("button", name="按上面的决定登记").click()
    expect(page.locator("main")).to_contain_text("已登记 2 行")
    look(page, "sheet-recorded")


def test_a_whole_decision_without_javascript(district: District, browser: Browser) -> None:
    context = browser.new_context(viewport=PHONE, locale="zh-CN", java_script_enabled=False)  # type: ignore[arg-type]
    context.set_default_timeout(5000)
    page = enter(context, district, f"reviewer {HERE}")
    page.goto(f"{district.site}/staff")
    page.get_by_role("link", name="待复核", exact=False).first.click()
    page.locator("a.ledger-row").first.click()
    record = page.url
    page.locator("summary", has_text="通过").first.click()
    for box in page.get_by_role("group", name="核对清单").get_by_role("checkbox").all():
        box.check()
    page.get_by_role("button", name="确认通过").click()
    expect(page.get_by_role("status")).to_contain_text("已保存")
    page.goto(record)
    expect(page.locator("h1")).to_contain_text("已通过")
    page.goto(f"{district.site}/staff/sessions?state=counted")
    expect(page.locator("a.ledger-row")).not_to_have_count(0)
    context.close()


def test_a_page_is_shown_under_the_entry_that_it_belongs_to(
    district: District, tab: BrowserContext
) -> None:
    page = enter(tab, district, f"reviewer {HERE}")
    for path, entry in (
        ("/staff", "待办"),
        ("/staff/definitions", "指标"),
        ("/staff/samples/{session}", "季度结算"),
        ("/staff/sessions/{session}", "咨询台账"),
    ):
        page.goto(district.address(path))
        expect(page.locator("nav a[aria-current]")).to_have_text(entry)
