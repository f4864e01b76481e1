"""Projects and mentors in answers: when they are wanted, and what their cards say."""

from datetime import date
from pathlib import Path

import pytest

from assistant.answer import AnswerStatus, CardKind, Intent, PastTurn, Question
from assistant.pipeline import answer_question
from assistant.related_policy import related_policies
from assistant.wishes import Wanting, wish_of
from knowledge.figure import number_values
from knowledge.knowledge_base import Knowledge
from matching.mentors.facts import MentorCategory, MentorFacts, MentorOrigin, MentorState
from matching.profile.profile import Profile
from matching.profile.said import facts_said
from matching.recommending.feedback import Decline, DeclineReason
from matching.recommending.offers import NO_OFFERS, Offers
from matching.recommending.project_table import ProjectTable
from matching.recommending.scoring import load_weights
from tests.fixtures.policies import SOURCES, TODAY, knowledge_of
from tests.matching.projects import LIBRARY

COOK = "我有五万块,会做饭,在小寨附近,想开个小店"


def mentor(code: str, name: str, *topics: str, **fields: object) -> MentorFacts:
    return MentorFacts(
        code=code, name=name, category=MentorCategory.MANAGEMENT, origin=MentorOrigin.ENTREPRENEUR,
        state=MentorState.ACTIVE, term_start_on=date(2026, 1, 1), term_end_on=date(2028, 12, 31),
        concurrent_cap=3, yearly_cap=5, weekly_cap=2, topics=topics, **fields,  # type: ignore[arg-type]
    )  # fmt: skip


MENTORS = (
    mentor("M1", "赵老师", "餐饮运营", "选址装修", industries=("62",)),
    mentor("M2", "钱老师", "种植养殖", industries=("03",)),
    mentor("M3", "孙老师", "电商直播", "餐饮运营", industries=("62", "52")),
)
OFFERS = Offers(ProjectTable(LIBRARY), load_weights(), MENTORS)


@pytest.fixture(scope="module")
def knowledge(tmp_path_factory: pytest.TempPathFactory) -> Knowledge:
    return knowledge_of(Path(tmp_path_factory.mktemp("vectors")), *SOURCES)


@pytest.mark.parametrize(
    ("text", "wanting"),
    [
        (COOK, Wanting.PROJECTS),
        ("推荐个项目", Wanting.PROJECTS),
        ("有啥适合我的小生意", Wanting.PROJECTS),
        ("不知道干啥好", Wanting.PROJECTS),
        ("手里有三万块能干点啥", Wanting.PROJECTS),
        ("帮我出出主意做什么生意好", Wanting.PROJECTS),
        ("给我介绍个导师", Wanting.MENTORS),
        ("我想预约一位创业导师", Wanting.MENTORS),
        ("谁能带带我", Wanting.MENTORS),
        ("没干过,有没有懂行的老师傅指点一下我", Wanting.MENTORS),
        ("谁教我怎么交材料", Wanting.NOTHING),
        ("想找个有经验的人带带我", Wanting.MENTORS),
        ("创业项目库要有多少个项目", Wanting.NOTHING),
        ("项目库谁负责", Wanting.NOTHING),
        ("推荐项目的目录多久更新一回", Wanting.NOTHING),
        ("创业导师怎么来的", Wanting.NOTHING),
        ("创业导师一个月给多少补助", Wanting.NOTHING),
        ("高科技项目哪个部门推介", Wanting.NOTHING),
        ("大学生创业有什么补贴", Wanting.NOTHING),
        ("创业培训的目标是多少人", Wanting.NOTHING),
        ("我是退伍军人，有什么扶持", Wanting.NOTHING),
        ("小额担保贷款找哪个部门办", Wanting.NOTHING),
        ("换一批", Wanting.NOTHING),
        ("民政局在这个方案里要做什么?", Wanting.NOTHING),
        ("财政局干什么", Wanting.NOTHING),
        ("孵化基地能做什么", Wanting.NOTHING),
        ("我能干点啥", Wanting.PROJECTS),
        ("贷款能用来做什么", Wanting.NOTHING),
        ("你能做什么", Wanting.NOTHING),
        ("给我推荐几部电影", Wanting.NOTHING),
        ("第三阶段干什么", Wanting.NOTHING),
        ("第二个阶段做啥", Wanting.NOTHING),
        ("区旅游局在这个方案里干什么", Wanting.NOTHING),
        ("你能帮我干些什么", Wanting.NOTHING),
        ("俺村里种地的,没活干,能学点啥", Wanting.NOTHING),
        ("我是下岗女工,想开个小吃店,政府能帮啥忙", Wanting.PROJECTS),
        ("我符合什么条件能领什么补贴帮我看看", Wanting.NOTHING),
        ("我会理发，帮我推荐一下", Wanting.PROJECTS),
        ("帮我找几个投资小的项目", Wanting.PROJECTS),
    ],
)
def test_what_is_wanted(text: str, wanting: Wanting) -> None:
    assert wish_of(text, facts_said(text), ()).wanting is wanting


def test_a_statement_about_oneself_gets_projects_at_once(knowledge: Knowledge) -> None:
    answer = answer_question(Question(COOK, TODAY), knowledge, OFFERS)
    assert (answer.intent, answer.status) == (Intent.PROJECT, AnswerStatus.ANSWERED)
    assert answer.learned == facts_said(COOK) | dict(answer.learned)
    assert [card.code for card in answer.cards][:1] == ["P01"]
    assert len(answer.cards) == 3
    assert answer.shown is not None
    assert [item.code for item in answer.shown.items] == [card.code for card in answer.cards]
    assert answer.shown.facts["budget_yuan"] == 50_000
    assert all(card.title in answer.text for card in answer.cards)
    assert answer == answer_question(Question(COOK, TODAY), knowledge, OFFERS)


def test_every_figure_of_a_card_stands_in_the_row(knowledge: Knowledge) -> None:
    answer = answer_question(Question(COOK, TODAY), knowledge, OFFERS)
    for card in answer.cards:
        project = OFFERS.table.projects[OFFERS.table.rows[card.code]]
        assert project.first_year_cash is not None
        amounts = (
            project.investment_min_yuan, project.investment_max_yuan,
            project.first_year_cash.total_yuan, 50_000, project.payback_months,
        )  # fmt: skip
        known = {str(amount) for amount in amounts} | {
            f"{amount / 10_000:.2f}".rstrip("0").rstrip(".") for amount in amounts if amount
        }
        assert number_values(f"{card.money}") <= known
        assert card.risk.endswith(project.risk_text.split("。")[0])


def test_cards_name_a_clause_in_force_and_two_mentors(knowledge: Knowledge) -> None:
    answer = answer_question(Question(COOK, TODAY), knowledge, OFFERS)
    for card in answer.cards:
        assert card.policy_clause_id is not None
        document = knowledge.corpus.document_of(knowledge.corpus.clauses[card.policy_clause_id])
        assert document.id in knowledge.corpus.valid_documents(TODAY)
        assert card.policy.startswith(f"《{document.title}》")
    assert "赵老师" in answer.cards[0].mentor


def test_help_for_other_groups_is_not_named(knowledge: Knowledge) -> None:
    topics = ("残疾人创业扶持",)
    project = LIBRARY[0].__class__(
        **{n: getattr(LIBRARY[0], n) for n in LIBRARY[0].__dataclass_fields__}
        | {"policy_topics": topics}
    )
    for groups, expected in (((), False), (("disabled",), True)):
        found = related_policies(project, Profile(groups=groups), TODAY, knowledge)
        assert any("残疾人" in policy.statement for policy in found) is expected


def test_an_answer_to_the_question_makes_the_list_better(knowledge: Knowledge) -> None:
    first = answer_question(Question("推荐个项目", TODAY), knowledge, OFFERS)
    assert first.suggestions
    history = (first.as_past("推荐个项目"),)
    second = answer_question(Question(first.suggestions[0], TODAY, history), knowledge, OFFERS)
    assert second.intent is Intent.PROJECT
    assert second.learned


def test_others_are_shown_on_request_and_then_from_the_start(knowledge: Knowledge) -> None:
    history: tuple[PastTurn, ...] = ()
    seen: list[tuple[str, ...]] = []
    for text in ("推荐个项目", "换一批", "还有吗", "换一批"):
        answer = answer_question(Question(text, TODAY, history), knowledge, OFFERS)
        history = (*history, answer.as_past(text))
        seen.append(tuple(card.code for card in answer.cards))
    assert not set(seen[0]) & set(seen[1])
    assert len({*seen[0], *seen[1], *seen[2]}) == len(LIBRARY)
    assert "从头再来" in answer.text


def test_a_question_of_policy_comes_first_and_projects_follow(knowledge: Knowledge) -> None:
    text = "我会做饭想开个小吃店，场地补贴每年多少钱"
    alone = answer_question(Question("场地补贴每年多少钱", TODAY), knowledge)
    answer = answer_question(Question(text, TODAY), knowledge, OFFERS)
    assert "5000" in alone.text
    assert "5000" in answer.text
    assert answer.citations
    assert answer.cards
    assert answer.text.index("5000") < answer.text.index(answer.cards[0].title)


def test_who_does_not_want_a_profile_gets_a_neutral_order(knowledge: Knowledge) -> None:
    question = Question(COOK, TODAY, profile_in_use=False)
    answer = answer_question(question, knowledge, OFFERS)
    assert answer.learned == {}
    assert answer.cards
    assert answer.shown is not None
    assert answer.shown.weight_version == "neutral"
    assert "不分先后" in answer.text


def test_what_was_turned_down_does_not_come_back(knowledge: Knowledge) -> None:
    declined = (Decline("P01", DeclineReason.TOO_RISKY),)
    answer = answer_question(Question(COOK, TODAY, declined=declined), knowledge, OFFERS)
    assert "P01" not in [card.code for card in answer.cards]


def test_too_little_money_gets_the_price_of_more(knowledge: Knowledge) -> None:
    answer = answer_question(Question("我只有三千块，会做饭，推荐项目", TODAY), knowledge, OFFERS)
    assert answer.cards
    assert "没有一个项目完全合您的条件" in answer.text
    assert "预算加" in answer.text


def test_mentors_come_with_reasons_and_seats(knowledge: Knowledge) -> None:
    answer = answer_question(Question("我想开饭馆，给我介绍个导师", TODAY), knowledge, OFFERS)
    assert answer.intent is Intent.MENTOR
    assert answer.cards[0].kind is CardKind.MENTOR
    assert answer.cards[0].code in {"M1", "M3"}
    full = Offers(OFFERS.table, OFFERS.weights, (mentor("M9", "李老师", "餐饮运营", load=_full()),))
    none = answer_question(Question("给我介绍个导师", TODAY), knowledge, full)
    assert (none.status, none.cards) == (AnswerStatus.HANDED_OVER, ())


def _full() -> object:
    return type(MENTORS[0].load)(held=3)


def test_without_offers_the_policies_answer(knowledge: Knowledge) -> None:
    answer = answer_question(Question("推荐个项目", TODAY), knowledge)
    assert (answer.cards, answer.shown) == ((), None)
    assert NO_OFFERS.vector_of("开店") is None
