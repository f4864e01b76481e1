"""For everyone: themes, large text, small screens, keyboards, screen readers."""

import zlib

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

THEMES = ("standard", "elder", "dark")
PATHS = (
    "/",
    "/conversations",
    "/documents",
    "/documents/1",
    "/clauses/3?start=9&end=20",
    "/contact",
    "/privacy",
    "/nowhere",
)
FINDINGS_THAT_COUNT = {"serious", "critical"}
TOO_SMALL = """least => [...document.querySelectorAll("button, a, summary, textarea")]
  .filter(e => e.offsetParent !== null && !e.matches(".skip, .ref, .address"))
  .filter(e => !(e.tagName === "A" && getComputedStyle(e).display === "inline"))
  .map(e => [e.outerHTML.slice(0, 90), e.getBoundingClientRect()])
  .filter(([, box]) => box.height < least || box.width < 24)
  .map(([html, box]) => `${html} ${box.width}x${box.height}`)"""


def ask(page: Page, text: str = "每年培训多少人") -> None:
    page.get_by_label("您想问什么").fill(text)
    page.get_by_role("button", name="发送").click()
    expect(page.locator("#latest")).to_be_visible()
    page.locator("summary").first.click()


def choose(context: BrowserContext, site: str, theme: str) -> None:
    context.add_cookies([{"name": "qichuang_theme", "value": theme, "url": site}])


def findings(page: Page) -> list[str]:
    violations = Axe().run(page).response["violations"]
    return [
        f"{v['id']}: {node['html'][:120]}"
        for v in violations
        if v["impact"] in FINDINGS_THAT_COUNT
        for node in v["nodes"]
    ]


@pytest.mark.parametrize("theme", THEMES)
def test_no_serious_accessibility_finding(
    page: Page, context: BrowserContext, site: str, theme: str
) -> None:
    choose(context, site, theme)
    page.emulate_media(reduced_motion="reduce")
    page.goto(site)
    ask(page)
    assert findings(page) == []
    for path in PATHS[1:]:
        page.goto(site + path)
        expect(page.locator("html")).to_have_attribute("data-theme", theme)
        assert findings(page) == [], path


def test_no_serious_finding_where_the_phone_is_dark(page: Page, site: str) -> None:
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    page.goto(site)
    ask(page)
    assert findings(page) == []
    ground = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    assert ground == "rgb(16, 22, 28)"


@pytest.mark.parametrize("theme", THEMES)
def test_nothing_scrolls_sideways(
    page: Page, context: BrowserContext, site: str, theme: str
) -> None:
    choose(context, site, theme)
    page.goto(site)
    ask(page)
    for path in PATHS:
        page.goto(site + path)
        for width in (390, 320):
            page.set_viewport_size({"width": width, "height": 640})
            assert page.evaluate("() => document.documentElement.scrollWidth") <= width, path


def test_text_can_be_twice_as_large(page: Page, site: str) -> None:
    page.goto(site)
    ask(page)
    page.evaluate("() => { document.documentElement.style.fontSize = '200%' }")
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
    expect(page.get_by_role("button", name="发送")).to_be_in_viewport()


@pytest.mark.parametrize(("theme", "least"), [("standard", 44), ("dark", 44), ("elder", 60)])
def test_targets_are_large_enough_for_a_thumb(
    page: Page, context: BrowserContext, site: str, theme: str, least: int
) -> None:
    choose(context, site, theme)
    page.goto(site)
    ask(page)
    for path in PATHS:
        page.goto(site + path)
        assert page.evaluate(TOO_SMALL, least) == [], path


def test_text_sizes_of_the_elder_theme(page: Page, context: BrowserContext, site: str) -> None:
    choose(context, site, "elder")
    page.goto(site)
    ask(page)
    for selector in ("body", ".answer p", ".hint", ".tools a", ".facts"):
        size = page.locator(selector).first.evaluate(
            "e => parseFloat(getComputedStyle(e).fontSize)"
        )
        assert size >= 18, selector


def test_keyboard_alone_is_enough(page: Page) -> None:
    page.keyboard.press("Tab")
    expect(page.get_by_text("跳到主要内容")).to_be_focused()
    page.keyboard.press("Enter")
    starter = page.get_by_role("button", name="创业培训的目标是多少人")
    for _ in range(3):
        page.keyboard.press("Tab")
        if starter.evaluate("element => element === document.activeElement"):
            break
    page.keyboard.press("Enter")
    answer = page.locator("#latest")
    expect(answer).to_be_focused()
    for _ in range(3):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement.tagName") == "SUMMARY":
            break
    page.keyboard.press("Enter")
    expect(answer.locator("blockquote")).to_be_visible()
    outline = page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


def test_status_is_announced_and_the_thread_is_not_live(page: Page) -> None:
    status = page.get_by_role("status")
    expect(status).to_have_text("")
    ask(page)
    expect(status).to_contain_text("共 1 条依据")
    assert page.locator("[aria-live], [role=alert], [role=log]").count() == 0
    expect(page.locator("#thread")).to_have_attribute("aria-busy", "false")


def test_first_load_is_light(context: BrowserContext, site: str) -> None:
    fresh = context.new_page()
    sizes: list[int] = []
    fresh.on("response", lambda response: sizes.append(len(zlib.compress(response.body()))))
    fresh.goto(site)
    fresh.wait_for_load_state("networkidle")
    assert len(sizes) >= 3
    assert sum(sizes) <= 60_000
    fresh.close()


def test_enter_makes_a_new_line_on_a_touch_keyboard(browser: Browser, site: str) -> None:
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    page = context.new_page()
    page.goto(site)
    box = page.get_by_label("您想问什么")
    box.fill("第一行")
    box.press("Enter")
    assert box.input_value() == "第一行\n"
    context.close()


def test_docs_work_offline(page: Page, site: str) -> None:
    page.goto(f"{site}/docs")
    expect(page.get_by_text("/api/v1/chat/messages")).to_be_visible()
