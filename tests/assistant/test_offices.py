"""Offices that the district entered: told beside the clauses, bound to their own source."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from assistant import wording
from assistant.answer import Answer, AnswerStatus, Intent, Question, Sentence
from assistant.guardrails import AnswerNotVerified, verify_answer
from assistant.offices import said_of
from assistant.pipeline import answer_question
from knowledge.knowledge_base import Knowledge
from knowledge.office import Offices, ServiceOffice
from tests.fixtures.policies import TODAY

AskWith = Callable[[str], Answer]


def office(number: int = 1, version: int = 1, **fields: object) -> ServiceOffice:
    return ServiceOffice(
        **{
            "id": 100 * number + version,
            "number": number,
            "version": version,
            "unit": "区人力资源和社会保障局",
            "name": "区人社局就业服务窗口",
            "address": "创业路1号政务大厅三楼",
            "phone": "029-12345678",
            "hours": "工作日9:00-17:00",
            "bring": "",
            "directions": "",
            "valid_from": date(2020, 1, 1),
            "valid_until": None,
            "closed": False,
            "entered_on": date(2026, 5, 6),
            "account_id": 1,
            **fields,
        }
    )


@pytest.fixture
def ask_with(knowledge: Knowledge) -> AskWith:
    street = office(2, unit="小寨路街道", name="小寨路街道便民服务中心", phone="029-22223333")
    known = replace(knowledge, offices=Offices([office(), street]))
    return lambda text: answer_question(Question(text, TODAY), known)


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("人社局电话多少", "区人社局就业服务窗口的电话是：029-12345678"),
        ("人社局几点上班", "区人社局就业服务窗口的办公时间是：工作日9:00-17:00"),
        ("小寨路街道的联系电话", "小寨路街道便民服务中心的电话是：029-22223333"),
    ],
)
def test_an_office_that_is_named_answers_for_itself(
    ask_with: AskWith, question: str, said: str
) -> None:
    answer = ask_with(question)
    assert answer.status is AnswerStatus.ANSWERED
    assert answer.intent is Intent.DEPARTMENT
    assert answer.sentences[0].text == said
    assert "由区里提供，更新于2026年5月6日" in answer.text
    assert not answer.citations
    assert len(answer.offices) == 1


def test_who_does_it_is_told_with_where_to_go(ask_with: AskWith) -> None:
    answer = ask_with("谁负责组织创业培训")
    assert answer.citations[0].address == "二¶2"
    assert "可咨询：区人社局就业服务窗口" in answer.text
    assert "地址：创业路1号政务大厅三楼" in answer.text


def test_a_refusal_names_the_office_to_ask(ask_with: AskWith, ask: Callable[..., Answer]) -> None:
    question = "创业培训班每天几点上课"
    answer, without = ask_with(question), ask(question)
    assert without.status is AnswerStatus.NOT_IN_POLICY
    assert answer.text.startswith(without.text) or answer.status is AnswerStatus.ANSWERED
    assert "029-12345678" in answer.text
    assert "029" not in without.text


def test_the_telephone_of_a_matter_is_that_of_the_body_responsible(knowledge: Knowledge) -> None:
    treasury = office(unit="财政局", name="区财政局企业科")
    known = replace(knowledge, offices=Offices([treasury]))
    answer = answer_question(Question("贴息资金的咨询电话是多少", TODAY), known)
    assert answer.status is AnswerStatus.ANSWERED
    assert answer.sentences[0].text == "区财政局企业科的电话是：029-12345678"
    assert [citation.address for citation in answer.citations] == ["二¶3"]


def test_two_departments_that_are_one_today_share_its_offices() -> None:
    offices = Offices([office(unit="区税务局")])
    assert offices.of("区国税局", TODAY) == offices.of("地税分局", TODAY) != []


def test_nothing_is_said_of_an_office_but_what_was_entered(knowledge: Knowledge) -> None:
    offices = Offices([office()])
    known = replace(knowledge, offices=offices)
    answer = answer_question(Question("人社局电话多少", TODAY), known)
    lie = replace(answer.sentences[0], text="区人社局就业服务窗口的电话是：029-87654321")
    moved = replace(answer.offices[0], details=(("phone", "029-87654321"),))
    for untrue in (
        replace(answer, sentences=(lie,)),
        replace(answer, sentences=(lie,), offices=(moved,)),
        replace(answer, sentences=(Sentence(lie.text),)),
    ):
        with pytest.raises(AnswerNotVerified):
            verify_answer(
                untrue,
                lambda _id: "",
                wording.is_fixed,
                wording.stated_count,
                said_of_office=lambda source: said_of(source, offices),
            )


def test_the_newest_version_that_covers_a_day_holds() -> None:
    moved = office(version=2, address="新路2号", valid_from=date(2026, 6, 1))
    holiday = office(
        version=3,
        hours="9:00-12:00",
        valid_from=date(2026, 10, 1),
        valid_until=date(2026, 10, 7),
    )
    gone = office(version=4, closed=True, valid_from=date(2027, 1, 1))
    offices = Offices([office(), moved, holiday, gone])

    def on(*day: int) -> list[tuple[str, str]]:
        return [(o.address, o.hours) for o in offices.of("人社局", date(*day))]

    assert on(2019, 12, 31) == []
    assert on(2026, 5, 31) == [("创业路1号政务大厅三楼", "工作日9:00-17:00")]
    assert on(2026, 9, 30) == [("新路2号", "工作日9:00-17:00")]
    assert on(2026, 10, 7) == [("创业路1号政务大厅三楼", "9:00-12:00")]
    assert on(2026, 10, 8) == [("新路2号", "工作日9:00-17:00")]
    assert on(2027, 1, 1) == []


def test_two_questions_in_one_tell_an_office_once(ask_with: AskWith) -> None:
    answer = ask_with("创业培训找谁办，电话多少")
    lines = [sentence.text for sentence in answer.sentences]
    assert "区人社局就业服务窗口的电话是：029-12345678" in lines
    assert lines.count("可咨询：区人社局就业服务窗口") == 1
    assert lines.count(wording.ASK_THERE) <= 1
    assert len(answer.offices) == 1
