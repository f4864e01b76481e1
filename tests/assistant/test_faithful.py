from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.answer import Answer, AnswerStatus, Citation, Intent, Sentence
from assistant.faithful import bind, cut_reply, plain_words, says_the_same, verify_rephrased
from assistant.guardrails import AnswerNotVerified

RENT = "对高校毕业生、残疾人租用经营场地的,每年应当给予租金补贴5000元,期限不超过3年。"
DUTY = "区人力资源和社会保障局负责组织创业培训,不收取费用;区财政局落实贴息资金1.5万元(含本数)。"


@pytest.mark.parametrize(
    "text",
    [
        RENT,
        "对高校毕业生、残疾人租用经营场地的，每年要给予租金补贴5000元。期限最多3年。",
        "具体来说，对高校毕业生、残疾人租用经营场地，每年必须予以租金补贴5000元，期限不高于3年",
        "对高校毕业生、残疾人租用经营场地的：每年应给租金补贴5000元；期限不超过 3 年。",
    ],
)
def test_plainer_words_say_the_same(text: str) -> None:
    assert says_the_same(RENT, text)


@pytest.mark.parametrize(
    "text",
    [
        RENT.replace("5000", "6000"),
        RENT.replace("5000元", "5000万元"),
        RENT.replace("5000元", "五百元"),
        RENT.replace("5000", "50 00"),
        RENT.replace("3年", "5000年").replace("补贴5000", "补贴3"),  # the figures exchanged
        RENT.replace("3年", "3个月"),
        RENT.replace("不超过", "超过"),
        RENT.replace("不超过", "不少于"),
        RENT.replace("应当", "可以"),
        RENT.replace("应当", "不应当"),
        RENT.replace("应当", "一般应当"),
        RENT.replace("高校毕业生、", ""),  # a group dropped
        RENT.replace("高校毕业生、残疾人", "高校毕业生残疾人"),  # two groups made one
        RENT.replace("租用经营场地的,", ""),  # a condition dropped
        RENT.replace("对高校毕业生", "对退役军人"),
        RENT.replace("每年", ""),
        RENT.replace("。", "，还可以申请贷款。"),
        RENT.replace("。", "吗？"),
        RENT.replace("。", "！"),
        RENT.replace("给予", "已给予"),
        "您" + RENT,
        "**" + RENT + "**",
        RENT + "[1]",
        RENT + "😀",
        RENT + "\u202e",
        "",
        "。",
    ],
)
def test_a_change_of_meaning_is_seen(text: str) -> None:
    assert not says_the_same(RENT, text)


@pytest.mark.parametrize(
    "text",
    [
        DUTY.replace("区财政局", "区教育局"),
        DUTY.replace("区财政局", "市财政局"),
        DUTY.replace("人力资源和社会保障局", "人力资源与社会保障局"),  # a name stays to the letter
        "区财政局负责组织创业培训,不收取费用;区人力资源和社会保障局落实贴息资金1.5万元(含本数)。",
        DUTY.replace("1.5", "15"),
        DUTY.replace("不收取", "收取"),
        DUTY.replace("(含本数)", "(不含本数)"),
        DUTY.replace("(含本数)", ""),
    ],
)
def test_a_duty_keeps_its_department(text: str) -> None:
    assert not says_the_same(DUTY, text)
    assert says_the_same(DUTY, DUTY.replace("不收取", "不收"))


def test_after_a_negation_nothing_is_replaced_or_left_out() -> None:
    # 不应当 forbids; 不要 asks; 不必须 permits.
    assert not says_the_same("企业不应当转让资格。", "企业不必须转让资格。")
    assert not says_the_same("企业不积极申报的,取消资格。", "企业不申报的,取消资格。")


def test_no_allowed_change_turns_a_negation() -> None:
    lists = plain_words()
    for words in (lists.added, lists.dropped):
        assert not [word for word in words if any(sign in word for sign in "不无未没非免勿")]
    for word, others in lists.instead.items():
        for other in others:
            assert not any(character.isdigit() for character in word + other)


@given(
    st.text(
        alphabet="区财政局教育不应当可以给予补贴5000元3年对高校毕业生残疾人的、，。超过",
        max_size=60,
    )
)
def test_no_text_passes_that_has_other_figures_or_negations(text: str) -> None:
    if says_the_same(RENT, text):
        assert text.count("5000元") == 1
        assert "高校毕业生、残疾人" in text


@given(st.integers(0, len(RENT) - 1), st.sampled_from("不未无可免一五0百万区"))
def test_one_character_more_is_seen(at: int, character: str) -> None:
    assert not says_the_same(RENT, RENT[:at] + character + RENT[at:])


def test_sentences_are_bound_to_their_sources() -> None:
    sources = ["区财政局负责贴息。", "对残疾人,给予奖励8000元。"]
    pieces = cut_reply("1. 区财政局负责贴息。\n- 对残疾人：\n给予奖励8000元。")
    assert bind(sources, pieces) == ["区财政局负责贴息。", "对残疾人：给予奖励8000元。"]


@pytest.mark.parametrize(
    "reply",
    [
        "区财政局负责贴息。",  # one left out
        "对残疾人，给予奖励8000元。\n区财政局负责贴息。",  # exchanged
        "区财政局负责贴息。\n对残疾人，给予奖励8000元。\n详情请咨询热线。",
        "区财政局负责贴息，对残疾人给予奖励8000元。",  # two made one
        "",
    ],
)
def test_what_binds_to_no_source_alone_is_refused(reply: str) -> None:
    with pytest.raises(AnswerNotVerified):
        bind(["区财政局负责贴息。", "对残疾人,给予奖励8000元。"], cut_reply(reply))


def answer() -> Answer:
    cited = Citation(1, 1, "办法", None, "一", RENT, 0, len(RENT), "0" * 64, None, None, None)
    lines = (Sentence("共查到一项："), Sentence(RENT, (0,), bullet=True))
    return Answer(AnswerStatus.ANSWERED, Intent.POLICY, lines, (cited,))


@pytest.mark.parametrize(
    "changed",
    [
        replace(answer(), sentences=answer().sentences[1:]),
        replace(answer(), sentences=(*answer().sentences, Sentence("共查到一项："))),
        replace(answer(), sentences=(Sentence("共查到两项："), answer().sentences[1])),
        replace(answer(), sentences=(answer().sentences[0], Sentence(RENT, (), bullet=True))),
        replace(answer(), sentences=(answer().sentences[0], Sentence(RENT, (0,)))),
        replace(answer(), sentences=(answer().sentences[0], Sentence("补贴。", (0,), bullet=True))),
        replace(answer(), citations=()),
        replace(answer(), status=AnswerStatus.PARTLY_ANSWERED),
        replace(answer(), suggestions=("点这里",)),
    ],
)
def test_only_the_wording_may_differ(changed: Answer) -> None:
    verify_rephrased(answer(), answer())
    with pytest.raises(AnswerNotVerified):
        verify_rephrased(answer(), changed)
