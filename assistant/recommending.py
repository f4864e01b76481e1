"""Projects and mentors in an answer: cards, and a text that stays useful without them.

What a card says comes from the library's row and nowhere else; the clause beside it is
a real one in force.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from assistant.answer import Answer, AnswerStatus, Card, CardKind, Intent, Question, Sentence
from assistant.reading import content_words
from assistant.related_policy import related_policies
from assistant.wishes import Wanting, Wish, wish_of, without_asking
from knowledge.knowledge_base import Knowledge
from matching.assignment.fit import SuitableMentor
from matching.mentors.facts import MentorNeed
from matching.profile.profile import KEY_NAMES, Profile, profile_of, told_in_words
from matching.profile.said import facts_said
from matching.recommending.impression import ShownIn, ShownItem, ShownList
from matching.recommending.next_question import Ask, next_question
from matching.recommending.offers import Offers
from matching.recommending.recommender import (
    Recommendation,
    Recommended,
    recommend,
    recommend_neutrally,
)
from matching.recommending.suitable import mentors_for, mentors_of_project, need_of
from matching.recommending.why import investment_of, money_of, risk_of

MOST_PROJECTS = 3
MOST_MENTORS = 3
ENOUGH_WORDS = 2  # fewer say nothing of a trade
MOST_OFFERED = 2  # relaxations that the text names
TOLD = "按您说的（{facts}），先看这几个项目："
UNTOLD = "先给您看几个门槛不高的项目，再说说您的情况，我好挑得更准："
NEUTRAL = "您关闭了个人情况的使用，下面只按这句话筛选，顺序不分先后："
MORE = "再看这几个："
ALL_SEEN = "合适的都看过了，从头再来一遍："
FEW = "完全合您条件的只有 {count} 个，其余的差一点，都写明了差在哪。"
NONE = "没有一个项目完全合您的条件，下面是差得最少的。"
INSTEAD = "如果{text}完全合适。"
NOTE = "钱数是项目库里的估算，投入前请实地打听、自己再算一遍。"
ALSO = "另外，按您说的情况，可以看看这些项目："
MENTORS = "这几位导师可以找："
NO_MENTOR = "现在没有合适的导师有空位。您可以先说说想问什么，工作人员会帮您找。"
MENTOR_NOTE = "点开导师可以申请，导师答应后才会看到您的联系方式。"


@dataclass(frozen=True, slots=True)
class Asking:
    """One message, read: what is wanted, by whom, on which day."""

    question: Question
    wish: Wish
    text: str
    learned: Mapping[str, Any]

    @property
    def facts(self) -> dict[str, Any]:
        """What is known now, by fact key; without what the person took back."""
        known = {**self.question.known, **self.learned}
        return {key: value for key, value in known.items() if value is not None}

    @property
    def profile(self) -> Profile:
        """The person; projects shown before are left out when others are asked for."""
        seen: tuple[str, ...] = ()
        if self.wish.wanting is Wanting.MORE_PROJECTS:
            seen = tuple(code for turn in self.question.history for code in turn.shown)
        told = profile_of(self.facts, self.question.declined)
        return replace(told, seen=seen, draw=self.question.draw)


def read_asking(question: Question, text: str) -> Asking:
    """Read a normalised message for what it says of the person and what it wants."""
    learned = facts_said(text, question.known)
    return Asking(question, wish_of(text, learned, question.history), text, learned)


def recommending_answer(asking: Asking, offers: Offers, knowledge: Knowledge) -> Answer | None:
    """Answer a wish for projects or mentors alone; None when there is no such wish or offer."""
    wanting = asking.wish.wanting
    if wanting is Wanting.MENTORS:
        return _mentors(asking, offers)
    if wanting is Wanting.NOTHING or asking.wish.asks_rules:
        return None
    return _projects(asking, offers, knowledge)


def with_projects(answer: Answer, asking: Asking, offers: Offers, knowledge: Knowledge) -> Answer:
    """Add projects to the answer of a message that asks of rules as well as for them."""
    if asking.wish.wanting is not Wanting.PROJECTS:
        return answer
    if answer.status is AnswerStatus.OUT_OF_SCOPE:
        return _projects(asking, offers, knowledge) or answer
    found = _recommend(asking, offers)
    if not found.items:
        return answer
    lines = [Sentence(_line(item), bullet=True) for item in found.items]
    return replace(
        answer,
        sentences=(*answer.sentences, Sentence(ALSO), *lines),
        cards=_cards(found, asking, offers, knowledge),
        shown=_shown(found, asking),
    )


def _projects(asking: Asking, offers: Offers, knowledge: Knowledge) -> Answer | None:
    found = _recommend(asking, offers)
    lead = ""
    if not found.items and asking.profile.seen:
        asking = replace(asking, wish=Wish(Wanting.PROJECTS, asks_rules=False))
        found, lead = _recommend(asking, offers), ALL_SEEN
    if not found.items:
        return None
    ask = _next(asking, offers)
    sentences = [Sentence(lead or _lead(asking))]
    if found.fitting < len(found.items):
        sentences.append(Sentence(FEW.format(count=found.fitting) if found.fitting else NONE))
    sentences += [Sentence(_line(item), bullet=True) for item in found.items]
    sentences += [
        Sentence(INSTEAD.format(text=offer.text)) for offer in found.relaxations[:MOST_OFFERED]
    ]
    sentences.append(Sentence(NOTE))
    if ask is not None:
        sentences.append(Sentence(ask.question))
    return Answer(
        AnswerStatus.ANSWERED,
        Intent.PROJECT,
        tuple(sentences),
        suggestions=ask.answers if ask else ("换一批", "帮我找个导师"),
        cards=_cards(found, asking, offers, knowledge),
        shown=_shown(found, asking),
    )


def _recommend(asking: Asking, offers: Offers) -> Recommendation:
    day, profile = asking.question.as_of, asking.profile
    if not asking.question.profile_in_use:
        return recommend_neutrally(offers.table, profile, offers.weights, day, MOST_PROJECTS)
    vector = offers.vector_of(_words(asking))
    return recommend(offers.table, profile, offers.weights, day, MOST_PROJECTS, vector)


def _words(asking: Asking) -> str:
    """Return the words whose meaning counts: what is left when the asking is taken out.

    A short message after a recommendation goes on with the wish before it.
    """
    last = asking.question.history[-1] if asking.question.history else None
    text = asking.text
    if last is not None and last.shown:
        text = f"{last.question} {text}"
    topic = without_asking(text)
    return topic if len(content_words(topic)) >= ENOUGH_WORDS else ""


def _next(asking: Asking, offers: Offers) -> Ask | None:
    if not asking.question.profile_in_use:
        return None
    vector = offers.vector_of(_words(asking))
    day = asking.question.as_of
    return next_question(offers.table, asking.profile, offers.weights, day, MOST_PROJECTS, vector)


def _lead(asking: Asking) -> str:
    if not asking.question.profile_in_use:
        return NEUTRAL
    if asking.wish.wanting is Wanting.MORE_PROJECTS:
        return MORE
    facts = asking.facts
    told = [told_in_words(key, facts[key]) for key in KEY_NAMES if key in facts]
    return TOLD.format(facts="，".join(filter(None, told))) if told else UNTOLD


def _line(item: Recommended) -> str:
    """Say one project in a line: the title, why, money, what is against it."""
    has_money = any(reason.term == "money" for reason in item.reasons[:2])
    money = investment_of(item.project) if has_money else money_of(item.project)
    parts = [why_in_short(item), money, f"要留意：{item.weakness}"]
    return f"{item.project.title}：{'；'.join(part for part in parts if part)}。"


def why_in_short(item: Recommended) -> str:
    """Return the two strongest reasons, and what it breaks, in one line."""
    reasons = "，".join(reason.text for reason in item.reasons[:2])
    lead = "给您多一个选择" if item.explored else ""
    broken = f"但{'、'.join(item.relaxed)}" if item.relaxed else ""
    return "，".join(part for part in (lead, reasons, broken) if part) or item.project.summary


def _cards(
    found: Recommendation, asking: Asking, offers: Offers, knowledge: Knowledge
) -> tuple[Card, ...]:
    day, profile = asking.question.as_of, asking.profile
    need = need_of(profile, asking.text)
    return tuple(
        project_card(
            item,
            mentors_of_project(need, item.project, offers.mentors, day, offers.mentor_weights),
            policies,
        )
        for item in found.items
        for policies in [related_policies(item.project, profile, day, knowledge, 1)]
    )


def project_card(
    item: Recommended, mentors: Sequence[SuitableMentor], policies: Sequence[Any]
) -> Card:
    """Build the card of one project out of its row."""
    policy = policies[0] if policies else None
    return Card(
        kind=CardKind.PROJECT,
        code=item.project.code,
        title=item.project.title,
        why=why_in_short(item),
        money=money_of(item.project),
        risk=risk_of(item.project),
        policy=f"《{policy.document}》{policy.address}" if policy else "",
        policy_clause_id=policy.clause_id if policy else None,
        mentor="；".join(mentor_in_short(found) for found in mentors),
        url=f"/projects/{item.project.code}",
    )


def mentor_in_short(found: SuitableMentor) -> str:
    """Name a mentor with the strongest topics: 张三（餐饮运营、选址装修）."""
    topics = "、".join(found.mentor.topics[:2])
    return f"{found.mentor.name}（{topics}）" if topics else found.mentor.name


def _shown(found: Recommendation, asking: Asking) -> ShownList:
    return ShownList(
        shown_in=ShownIn.CHAT,
        items=tuple(
            ShownItem(item.project.code, item.score, item.terms, item.propensity)
            for item in found.items
        ),
        weight_version=found.weight_version,
        library_version=found.library_version,
        facts=asking.facts,
        fitting=found.fitting,
        relaxed=found.fitting < len(found.items),
    )


def _mentors(asking: Asking, offers: Offers) -> Answer | None:
    if not offers.mentors:
        return None
    found = _suitable(asking, offers, asking.question.as_of)
    if not found:
        return Answer(AnswerStatus.HANDED_OVER, Intent.MENTOR, (Sentence(NO_MENTOR),))
    lines = [Sentence(_mentor_line(one), bullet=True) for one in found]
    return Answer(
        AnswerStatus.ANSWERED,
        Intent.MENTOR,
        (Sentence(MENTORS), *lines, Sentence(MENTOR_NOTE)),
        cards=tuple(_mentor_card(one) for one in found),
    )


def _suitable(asking: Asking, offers: Offers, day: date) -> tuple[SuitableMentor, ...]:
    need: MentorNeed = need_of(asking.profile, asking.text)
    shown = next((turn.shown for turn in reversed(asking.question.history) if turn.shown), ())
    row = offers.table.rows.get(shown[0]) if shown else None
    if row is not None and not need.topics:
        return mentors_of_project(
            need, offers.table.projects[row], offers.mentors, day, offers.mentor_weights
        )
    return mentors_for(need, offers.mentors, day, MOST_MENTORS, offers.mentor_weights)


def _mentor_line(found: SuitableMentor) -> str:
    reasons = "，".join(reason.text for reason in found.explanation.reasons[:2])
    return f"{mentor_in_short(found)}：{reasons}。" if reasons else f"{mentor_in_short(found)}。"


def _mentor_card(found: SuitableMentor) -> Card:
    return Card(
        kind=CardKind.MENTOR,
        code=found.mentor.code,
        title=found.mentor.name,
        why="，".join(reason.text for reason in found.explanation.reasons),
        risk=found.explanation.weakness,
        url=f"/mentors/{found.mentor.code}",
    )
