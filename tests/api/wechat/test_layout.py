from typing import Any

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from api.wechat.envelope import BodyFormat, read_body, write_text_reply
from api.wechat.layout import (
    MAX_BYTES,
    MAX_CHARACTERS,
    Place,
    answer_text,
    chosen,
    cut,
    notice_text,
    plain,
)

SITE = Place("https://qichuang.test")
LABEL = "机器检索，以文件原文为准"
FAMILY = "👨‍👩‍👧‍👦"
FLAG = "🇨🇳"


def citation(number: int = 1, **fields: object) -> dict[str, Any]:
    known = {
        "clause_id": number,
        "document": "创业扶持办法",
        "address": "三(一)2",
        "effective_on": "2026-02-01",
        "expires_on": None,
    }
    return known | fields


def reply(
    *texts: str,
    sources: int = 1,
    suggestions: tuple[str, ...] = (),
    notes: tuple[str, ...] = (),
) -> dict[str, Any]:
    return {
        "sentences": [{"text": text, "bullet": n > 0} for n, text in enumerate(texts)],
        "citations": [citation(n + 1) for n in range(sources)],
        "suggestions": list(suggestions),
        "notes": list(notes),
    }


def lay_out(given_reply: dict[str, Any], place: Place = SITE, question: str = "") -> str:
    return answer_text(given_reply, LABEL, "/answers/" + "x" * 22, place, question)


def test_the_conclusion_comes_first_and_the_rest_below() -> None:
    text = lay_out(reply("每年培训600人。", "由人社局负责。", suggestions=("贷款找谁办",)))
    assert text == (
        "每年培训600人。\n"
        "· 由人社局负责。\n"
        "依据：\n"
        '<a href="https://qichuang.test/clauses/1">《创业扶持办法》三(一)2</a>（2026年2月1日起施行）\n'
        "您还可以问：\n"
        "1. 贷款找谁办（回复 1）\n"
        '<a href="https://qichuang.test/answers/xxxxxxxxxxxxxxxxxxxxxx">查看全文与依据</a>\n'
        "（机器检索，以文件原文为准）"
    )


def test_without_a_public_address_there_are_no_links() -> None:
    text = lay_out(reply("每年培训600人。"), Place())
    assert "<a" not in text
    assert "《创业扶持办法》三(一)2（2026年2月1日起施行）" in text


def test_a_long_answer_keeps_its_beginning_a_source_and_the_way_to_the_rest() -> None:
    text = lay_out(reply(*[f"第{n}项规定，" + "补贴" * 30 + "。" for n in range(40)], sources=9))
    assert text.startswith("第0项规定")
    assert "请注意" not in text
    told = lay_out(reply(*["补贴" * 30 + "。"] * 40, notes=("《旧办法》已经失效。",) * 3))
    assert told.count("\n请注意：《旧办法》已经失效。\n依据：") == 1
    assert size_fits(told)
    assert "内容较长" in text
    assert "查看全文与依据" in text
    assert "《创业扶持办法》" in text
    assert size_fits(text)


def test_a_single_endless_sentence_is_cut() -> None:
    text = lay_out(reply("补贴" * 2000))
    assert text.startswith("补贴补贴")
    assert "补…\n（内容较长" in text or "贴…\n（内容较长" in text
    assert len(text) > MAX_CHARACTERS - 60
    assert size_fits(text)


def test_a_late_answer_names_its_question() -> None:
    text = lay_out(reply("每年培训600人。"), question="培训多少人？" * 30)
    assert text.startswith("您问“培训多少人？")
    assert size_fits(text)


def size_fits(text: str) -> bool:
    return len(text) <= MAX_CHARACTERS and len(text.encode()) <= MAX_BYTES


PIECES = [*"补贴贷款创业a1 ,。<>&\"'[]()`*_#\n", FAMILY, FLAG, "👍🏽", "e\u0301", "]]>", "**"]
WORDS = st.lists(st.sampled_from(PIECES), max_size=200).map("".join)
REPLIES = st.builds(
    lambda texts, sources, suggestions, notes: reply(
        *texts, sources=sources, suggestions=suggestions, notes=notes
    ),
    st.lists(WORDS, min_size=1, max_size=12),
    st.integers(0, 6),
    st.lists(WORDS, max_size=6).map(tuple),
    st.lists(WORDS, max_size=3).map(tuple),
)


@given(REPLIES, st.sampled_from([SITE, Place(), Place("https://a.test", menu_links=True)]), WORDS)
def test_any_answer_fits_and_holds_only_our_links(
    given_reply: dict[str, Any], place: Place, question: str
) -> None:
    text = lay_out(given_reply, place, question)
    assert size_fits(text)
    for tag in regex.findall(r"<[^>]*>", text):
        assert regex.fullmatch(r'</a>|<a href="(https://|weixin://bizmsgmenu\?)[^"<>]*">', tag)
    assert text.count("<a ") == text.count("</a>")
    assert "**" not in text
    for format_ in BodyFormat:
        written = write_text_reply(format_, "o", "gh", 1, text)
        assert read_body(written).fields["Content"] == text


@given(WORDS, st.integers(1, 80), st.integers(30, 300))
def test_a_cut_never_divides_what_is_seen_as_one(text: str, characters: int, size: int) -> None:
    kept = cut(text, characters, size)
    assert len(kept) <= max(characters, 1)
    assert len(kept.encode()) <= size
    if kept != text:
        whole = regex.findall(r"\X", text)
        parts = regex.findall(r"\X", kept.removesuffix("…"))
        assert parts == whole[: len(parts)]


@given(st.text())
def test_plain_text_has_no_markup_left(text: str) -> None:
    kept = plain(text)
    assert "<" not in kept
    assert "**" not in kept
    assert "`" not in kept


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("**重要**：`贷款`", "重要：贷款"),
        ("# 标题\n> 引文", "标题\n引文"),
        ("见[说明](http://x)。", "见说明。"),
        ("1.5万元 > 5%", "1.5万元 ＞ 5%"),
        ("A、B·C - D", "A、B·C - D"),
    ],
)
def test_markdown_is_dropped_and_words_are_kept(text: str, kept: str) -> None:
    assert plain(text) == kept


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("1", "甲"),
        ("2.", "乙"),
        (" 2 ", "乙"),
        ("3", "3"),
        ("0", "0"),
        ("１", "１"),
        ("1个", "1个"),
    ],
)
def test_a_number_means_a_choice_that_is_there(text: str, meant: str) -> None:
    assert chosen(text, ["甲", "乙"]) == meant


def test_a_notice_offers_what_can_be_tapped_and_no_numbers_nobody_remembers() -> None:
    assert notice_text("您好。", ["贷款找谁"], SITE) == "您好。\n您可以这样问：\n贷款找谁"
    tapped = notice_text("您好。", ["贷款找谁"], Place("", menu_links=True))
    assert 'msgmenucontent=贷款找谁&msgmenuid=1">贷款找谁</a>' in tapped


def test_a_recommended_project_is_named_once_and_leads_to_its_page() -> None:
    cards = [{"title": "社区早餐车", "url": "/projects/QH0201", "why": "预算够"}]
    told = reply("先看这个项目：", "社区早餐车：预算够。", sources=0) | {"cards": cards}
    text = lay_out(told)
    linked = '· <a href="https://qichuang.test/projects/QH0201">社区早餐车</a>：预算够。'
    assert linked in text.splitlines()
    assert text.count("社区早餐车") == 1
    assert "查看全文" in text
    assert "<a" not in lay_out(told, Place())
