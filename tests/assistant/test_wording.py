import pytest

from assistant import wording
from assistant.answer import Answer, AnswerStatus, Intent, Sentence
from assistant.asked import Asked
from assistant.guardrails import verify_answer
from knowledge.department import load_departments
from knowledge.figure import number_values

FIXED = {name: text for name, text in vars(wording).items() if name.isupper() and name[0] != "_"}
PLAIN = [text for text in FIXED.values() if isinstance(text, str) and "{" not in text]


@pytest.mark.parametrize("text", PLAIN)
def test_a_fixed_wording_may_stand_without_citation(text: str) -> None:
    answer = Answer(AnswerStatus.ANSWERED, Intent.POLICY, (Sentence(text),))
    verify_answer(answer, lambda _: "", wording.is_fixed, wording.stated_count)


@pytest.mark.parametrize(
    "text",
    [
        "现在一般由区财政局承担。",
        "共查到项：",
        "共查到6000项：",
        wording.GREETING + "补贴5000元。",
        "工商分局的有关职责，现在一般由区教育局承担。",
        "",
    ],
)
def test_anything_else_needs_a_citation(text: str) -> None:
    assert not wording.is_fixed(text)


def test_a_name_of_today_is_only_given_for_the_right_department() -> None:
    (department,) = [d for d in load_departments() if d.name == "工商分局"]
    assert department.today
    assert wording.is_fixed(wording.today_name(department.name, department.today))
    assert not wording.is_fixed(wording.today_name(department.name, "区财政局"))


@pytest.mark.parametrize("asked", list(Asked))
def test_every_kind_of_refusal_is_a_fixed_wording_without_figures(asked: Asked) -> None:
    text = wording.not_stated(asked)
    assert wording.is_fixed(text)
    assert number_values(text) == set()


@pytest.mark.parametrize(
    ("count", "digits"),
    [("一", "1"), ("两", "2"), ("十", "10"), ("十一", "11"), ("二十一", "21"), ("一百零五", "105")],
)
def test_the_size_a_wording_states_is_read_back(count: str, digits: str) -> None:
    counted = [text for text in FIXED.values() if isinstance(text, str) and "{count}" in text]
    assert len(counted) >= 2
    for text in counted:
        assert wording.stated_count(text.format(count=count)) == digits


def test_other_wordings_state_no_size() -> None:
    assert wording.stated_count(wording.GREETING) is None


def test_wordings_are_written_with_chinese_punctuation() -> None:
    for text in PLAIN:
        assert not set(",:;?!()") & set(text), text


def test_suggested_questions_are_different_questions() -> None:
    assert len(set(wording.SUGGESTIONS)) == len(wording.SUGGESTIONS) >= 3
