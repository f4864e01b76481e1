import pytest

from assistant import patterns
from assistant.asked import FIGURES, STRICT, Asked
from assistant.reading import asked_of, asks_name_of_person, content_words, read_question


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("贷款最多能贷多少", Asked.MONEY),
        ("额度是多少", Asked.MONEY),
        ("补贴多少钱", Asked.MONEY),
        ("奖励几万", Asked.MONEY),
        ("贷款利率是多少", Asked.INTEREST),
        ("利息一年多少", Asked.INTEREST),
        ("创业活动指数要达到多少", Asked.SHARE),
        ("贴息比例", Asked.SHARE),
        ("满意度是多少", Asked.SHARE),
        ("孵化基地要多大", Asked.AREA),
        ("要多少平方米", Asked.AREA),
        ("培训多少人", Asked.PEOPLE),
        ("要带动多少名劳动者", Asked.PEOPLE),
        ("指导多少人次", Asked.TIMES),
        ("活动办几场", Asked.TIMES),
        ("期限多久", Asked.DURATION),
        ("能贷几年", Asked.DURATION),
        ("什么时候开始", Asked.DATE),
        ("截止到哪天", Asked.DATE),
        ("项目库有多少个项目", Asked.COUNT),
        ("分几个阶段", Asked.COUNT),
        ("目标值是多少", Asked.NUMBER),
        ("几点上班", Asked.HOURS),
        ("周末开门吗", Asked.HOURS),
        ("联系电话", Asked.PHONE),
        ("地址在哪儿", Asked.ADDRESS),
        ("公众号叫什么", Asked.WEBSITE),
        ("局长是谁", Asked.NAME),
        ("要带什么材料", Asked.MATERIALS),
        ("需要哪些证件", Asked.MATERIALS),
        ("怎么申请", Asked.PROCEDURE),
        ("办理流程", Asked.PROCEDURE),
        ("找哪个部门", Asked.DEPARTMENT),
        ("由谁负责", Asked.DEPARTMENT),
        ("去哪里投诉", Asked.DEPARTMENT),
        ("有哪些补贴", Asked.LIST),
        ("能享受哪几种补贴", Asked.LIST),
        ("什么是孵化基地", Asked.DEFINITION),
        ("为什么要创业", Asked.REASON),
        ("残疾人免费吗", Asked.YES_NO),
        ("创业担保贷款", Asked.ANY),
    ],
)
def test_the_kind_of_answer_is_read_off_the_question(question: str, asked: Asked) -> None:
    assert asked_of(question) is asked


def test_every_kind_of_the_patterns_is_known_and_every_kind_has_patterns() -> None:
    named = {name.partition("#")[0] for name, _ in patterns.ASKED}
    assert named == {asked.value for asked in Asked} - {"any"}


def test_figures_are_strict() -> None:
    assert set(FIGURES) < STRICT


def test_several_figures_are_asked_for_at_once() -> None:
    assert asked_of("额度和期限各是多少") is Asked.NUMBER


@pytest.mark.parametrize(
    ("question", "kept", "dropped"),
    [
        ("请问创业培训的目标是多少人", ["创业", "培训"], ["请问", "多少", "人", "的"]),
        ("贷款利率多少", ["贷款"], ["利率"]),
        ("2012年的时候贷款额度是多少", ["贷款"], ["2012", "时候"]),
        ("换个问题,场地补贴多少", ["场地"], ["换", "问题"]),
        ("不对,我问的是场地补贴", ["场地"], ["对", "不对"]),
        ("那个体户呢", ["个体户"], ["呢"]),
    ],
)
def test_the_topic_is_what_is_left_without_question_words(
    question: str, kept: list[str], dropped: list[str]
) -> None:
    terms = read_question(question).terms
    assert all(any(word in term for term in terms) for word in kept), terms
    assert not set(dropped) & set(terms)


def test_a_given_name_is_one_word() -> None:
    assert "乡创贷" in read_question("乡创贷最多贷几万", ("乡创贷",)).terms
    assert "乡创贷" not in read_question("乡创贷最多贷几万").terms


@pytest.mark.parametrize(
    ("text", "specifics"),
    [
        ("第三年补多少", ["第三年"]),
        ("四等奖和第二批", ["四等奖", "第二批"]),
        ("补贴多少", []),
    ],
)
def test_the_one_case_of_several_is_seen(text: str, specifics: list[str]) -> None:
    assert read_question(text).specifics == specifics


def test_everyday_words_for_one_thing_stay_one_word_and_cut_none() -> None:
    phrases = frozenset({"坐过牢", "担保贷款"})
    assert read_question("坐过牢的人能贷吗", phrases=phrases).terms[0] == "坐过牢"
    assert "创业担保贷款" in read_question("创业担保贷款额度", phrases=phrases).terms


def test_what_is_paid_for_is_kept_apart() -> None:
    assert read_question("进园的水电费怎么算").charges == ("水电费",)
    assert read_question("咨询免费吗").charges == ()


@pytest.mark.parametrize(
    ("text", "own_name"),
    [
        ("组长叫什么名字", True),
        ("局长贵姓", True),
        ("组长由谁担任", False),
        ("协会叫什么名字", False),
    ],
)
def test_who_a_person_is_may_be_stated_but_no_surname(text: str, own_name: bool) -> None:
    assert asks_name_of_person(read_question(text)) is own_name


def test_a_question_for_an_end_may_be_told_by_a_date_or_a_time() -> None:
    kinds = {read_question("补贴能领到什么时候为止").asked, *read_question("补贴能领到啥时候").also}
    assert Asked.DATE in kinds


def test_words_without_a_topic_are_left_out() -> None:
    assert content_words("请问一下有没有") == []
    assert content_words("a b 1") == []


def test_a_kind_read_off_the_whole_question_leaves_its_words_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("assistant.reading._asked", lambda _text: (Asked.MONEY, ""))
    assert read_question("孵化基地的租金").terms == tuple(content_words("孵化基地的租金"))
