"""Sending: the input method, lost signals, double taps, drafts, copying."""

from fastapi import FastAPI
from playwright.sync_api import BrowserContext, Page, Route, expect
from sqlalchemy import func, select

from guidance.session import Turn
from storage.database import Database

COMPOSING = """(box, options) => box.dispatchEvent(
  new KeyboardEvent("keydown", {key: "Enter", bubbles: true, cancelable: true, ...options}))"""


def count_turns(database: Database) -> int:
    with database.reading() as db:
        return db.scalar(select(func.count()).select_from(Turn)) or 0


def test_enter_sends_but_not_while_composing(page: Page, sqlite_database: Database) -> None:
    box = page.get_by_label("您想问什么")
    box.fill("每年培训多少人")
    box.evaluate(COMPOSING, {"isComposing": True})
    box.evaluate(COMPOSING, {"keyCode": 229})
    box.press("Shift+Enter")
    expect(page.locator("article.turn")).to_have_count(0)
    assert "每年培训多少人" in box.input_value()
    box.press("Enter")  # composing is over: a real Enter is not held back
    expect(page.locator("#latest")).to_contain_text("每年培训600人")
    expect(box).to_have_value("")
    assert count_turns(sqlite_database) == 1


def test_real_composition_does_not_send(page: Page, context: BrowserContext) -> None:
    box = page.get_by_label("您想问什么")
    box.focus()
    input_method = context.new_cdp_session(page)
    input_method.send(
        "Input.imeSetComposition", {"text": "pei", "selectionStart": 3, "selectionEnd": 3}
    )
    input_method.send(
        "Input.dispatchKeyEvent",
        {"type": "rawKeyDown", "key": "Process", "code": "Enter", "windowsVirtualKeyCode": 229},
    )
    expect(page.locator("article.turn")).to_have_count(0)
    input_method.send("Input.insertText", {"text": "培训多少人"})
    expect(box).to_have_value("培训多少人")
    box.press("Enter")
    expect(page.locator("#latest")).to_contain_text("每年培训600人")


def test_double_tap_sends_once(page: Page, sqlite_database: Database) -> None:
    page.get_by_label("您想问什么").fill("每年培训多少人")
    page.get_by_role("button", name="发送").dblclick()
    expect(page.locator("#latest")).to_contain_text("每年培训600人")
    assert count_turns(sqlite_database) == 1


def test_lost_reply_is_fetched_again_without_a_second_turn(
    page: Page, sqlite_database: Database
) -> None:
    sent: list[str] = []

    def lose_first_reply(route: Route) -> None:
        sent.append(route.request.post_data or "")
        if len(sent) == 1:
            route.fetch()  # the server has it, the phone hears nothing
            route.abort()
        else:
            route.continue_()

    page.route("**/messages", lose_first_reply)
    page.get_by_label("您想问什么").fill("每年培训多少人")
    page.get_by_role("button", name="发送").click()
    expect(page.locator(".failed .why")).to_contain_text("没有发出去")
    page.get_by_role("button", name="重新发送").click()
    expect(page.locator("#latest")).to_contain_text("每年培训600人")
    expect(page.locator("article.turn")).to_have_count(1)
    assert sent[0] == sent[1]
    assert count_turns(sqlite_database) == 1


def test_unsent_message_is_sent_when_the_signal_is_back(
    page: Page, context: BrowserContext
) -> None:
    context.set_offline(True)
    page.get_by_label("您想问什么").fill("每年培训多少人")
    page.get_by_role("button", name="发送").click()
    expect(page.locator(".failed .why")).to_contain_text("没有发出去")
    context.set_offline(False)  # the page hears of it and sends by itself
    expect(page.locator("#latest")).to_contain_text("每年培训600人")


def test_unsent_message_survives_a_closed_page(page: Page, sqlite_database: Database) -> None:
    page.route("**/messages", lambda route: route.abort())
    page.get_by_label("您想问什么").fill("每年培训多少人")
    page.get_by_role("button", name="发送").click()
    expect(page.locator(".failed .why")).to_be_visible()
    page.unroute("**/messages")
    page.reload()
    page.get_by_role("button", name="重新发送").click()
    expect(page.locator("#latest")).to_contain_text("每年培训600人")
    assert count_turns(sqlite_database) == 1


def test_failed_message_can_be_changed(page: Page, context: BrowserContext) -> None:
    context.set_offline(True)
    page.get_by_label("您想问什么").fill("每年培训多少")
    page.get_by_role("button", name="发送").click()
    page.get_by_role("button", name="修改后再发").click()
    expect(page.get_by_label("您想问什么")).to_have_value("每年培训多少")
    expect(page.locator("article.turn")).to_have_count(0)
    context.set_offline(False)


def test_refusal_tells_what_to_do(page: Page, app: FastAPI) -> None:
    app.state.message_limit = type(app.state.message_limit)(1)
    for text in ("每年培训多少人", "贴息由谁给"):
        page.get_by_label("您想问什么").fill(text)
        page.get_by_role("button", name="发送").click()
        expect(page.locator("#thread")).to_have_attribute("aria-busy", "false")
    expect(page.locator(".failed")).to_contain_text("秒后再试")
    app.state.message_limit = type(app.state.message_limit)(0)
    page.get_by_role("button", name="重新发送").click()
    expect(page.locator("#latest")).to_contain_text("区财政局")


def test_draft_is_kept_until_it_is_sent(page: Page) -> None:
    box = page.get_by_label("您想问什么")
    box.press_sequentially("写了一半")
    page.reload()
    expect(box).to_have_value("写了一半")
    box.fill("每年培训多少人")
    page.get_by_role("button", name="发送").click()
    expect(page.locator("#latest")).to_be_visible()
    page.reload()
    expect(box).to_have_value("")


def test_copy_brings_the_source_along(page: Page, context: BrowserContext) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_label("您想问什么").fill("每年培训多少人")
    page.get_by_role("button", name="发送").click()
    page.get_by_role("button", name="复制答复").click()
    expect(page.get_by_role("button", name="已复制")).to_be_visible()
    copied = page.evaluate("() => navigator.clipboard.readText()")
    assert "每年培训600人" in copied
    assert "依据" in copied
    assert "《创业扶持办法》" in copied
    assert "以文件原文为准" in copied
