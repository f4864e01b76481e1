"""The story of an entrepreneur on a phone: asks, reads the source, goes on, comes back."""

from playwright.sync_api import Page, expect


def test_entrepreneur_asks_and_reads_the_clause(page: Page) -> None:
    expect(page.get_by_role("heading", name="创业政策")).to_be_visible()
    expect(page.get_by_role("link", name="联系工作人员").first).to_be_visible()
    expect(page.get_by_text("请不要写身份证号")).to_be_visible()

    # Taps a suggestion; the answer comes with its source and its label.
    page.get_by_role("button", name="创业培训的目标是多少人").click()
    answer = page.locator("#latest")
    expect(answer).to_contain_text("每年培训600人")
    expect(answer).to_contain_text("以文件原文为准")
    expect(page.get_by_role("status")).to_contain_text("共 1 条依据")
    expect(answer).to_be_focused()

    # Opens the source: the clause, its document, number and date, the quote marked.
    answer.get_by_text("查看依据").click()
    answer.get_by_role("link", name="《创业扶持办法》").click()
    expect(page.locator("mark")).to_contain_text("每年培训600人")
    expect(page.get_by_text("启政发〔2026〕8号")).to_be_visible()
    expect(page.get_by_text("现行有效").first).to_be_visible()

    # Goes back and on, in the same conversation.
    page.get_by_role("link", name="回到对话").click()
    expect(page.locator("#latest")).to_be_visible()
    page.get_by_label("您想问什么").fill("贴息由哪个部门给")
    page.get_by_role("button", name="发送").click()
    expect(page.locator("article.turn")).to_have_count(2)
    expect(page.locator("#latest")).to_contain_text("区财政局")

    # What no document says is said so.
    page.get_by_label("您想问什么").fill("xyz")
    page.get_by_role("button", name="发送").click()
    expect(page.locator("#latest")).to_contain_text("文件里没有写明")

    # Everything is still there after a reload, and in the list of conversations.
    page.reload()
    expect(page.locator("article.turn")).to_have_count(3)
    navigation = page.get_by_role("navigation", name="栏目")
    expect(navigation.get_by_role("link", name="导师")).to_have_attribute("href", "/mentors")
    navigation.get_by_role("link", name="我的对话").click()
    expect(page.get_by_role("link", name="创业培训的目标是多少人")).to_be_visible()
    page.get_by_role("link", name="开始新对话").click()
    expect(page.get_by_text("可以这样问")).to_be_visible()


def test_entrepreneur_without_javascript(plain_page: Page) -> None:
    page = plain_page
    page.get_by_label("您想问什么").fill("每年培训多少人")
    page.get_by_role("button", name="发送").click()
    assert page.url.endswith("/#latest")
    expect(page.locator("#latest")).to_contain_text("每年培训600人")
    page.get_by_role("button", name="小额担保贷款找谁办").click()
    expect(page.locator("article.turn")).to_have_count(2)
    page.locator("#latest").get_by_text("查看依据").click()
    page.locator("#latest").get_by_role("link", name="《创业扶持办法》").click()
    expect(page.locator("mark")).to_be_visible()
    page.get_by_role("button", name="长辈版").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "elder")
    expect(page.locator("mark")).to_be_visible()  # the choice leads back to the same page
