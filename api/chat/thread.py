"""What the chat page shows: a visitor's conversations, and each turn ready for display."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.chat.routes import card_policy_url, clause_url
from api.people.own import own_references
from api.policies.validity import chinese_date, spoken_address
from assistant.answer import CardKind, Intent
from guidance.conversation import Conversation, ConversationNotFound
from guidance.gaps.contact import contacts_of
from guidance.periods.period import SHANGHAI, shanghai_day
from guidance.recording import IDLE_LIMIT
from guidance.session import GuidanceSession, Turn, recent_turns
from guidance.turn_feedback import opinions_of

SHOWN_TURNS = 50
SHOWN_CONVERSATIONS = 30
SOURCE_LABEL = "机器检索，以文件原文为准"
REPHRASED_LABEL = "由语言模型改写，逐句核对过，以文件原文为准"
HUMAN_LABEL = "工作人员答复"
# Shown above answers that are not simply answers; never by colour alone.
STATUS_LABELS = {
    "partly_answered": "部分查到",
    "clarify": "请您补充",
    "not_in_policy": "文件里没有写明",
    "out_of_scope": "不在服务范围",
    "expired_only": "只有已失效的文件",
    "handed_over": "转给工作人员",
    "blocked_question": "没有查询",
    "blocked_answer": "没有给出答案",
    "failed": "没有查成",
}


@dataclass(frozen=True, slots=True)
class Source:
    """One citation as it is listed below an answer."""

    number: int  # from 1, as in the text
    url: str
    title: str
    address: str
    quote: str
    facts: tuple[str, ...]  # document number, responsible department, dates


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence with the numbers of its sources."""

    text: str
    sources: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """A run of sentences: a list, or one paragraph each."""

    is_list: bool
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class CardView:
    """One recommended project or mentor, ready for the template."""

    code: str
    title: str
    why: str
    money: str
    risk: str
    policy: str
    policy_url: str
    mentor: str
    url: str


@dataclass(frozen=True, slots=True)
class OfficeView:
    """Where to go, as the district entered it when the answer was given; "" for what is unknown."""

    name: str
    updated_on: date
    address: str = ""
    phone: str = ""
    hours: str = ""
    bring: str = ""
    directions: str = ""


@dataclass(frozen=True, slots=True)
class Rated:
    """What the person who asked thinks of the answer, and what they may still do about it."""

    helpful: bool | None = None
    contact: bool = False  # a number to be told the answer is there


@dataclass(frozen=True, slots=True)
class TurnView:
    """One question and its answer, ready for the template."""

    number: int
    question: str
    asked_at: str
    label: str | None
    blocks: tuple[Block, ...]
    sources: tuple[Source, ...]
    suggestions: tuple[str, ...]
    copy_text: str
    made_by: str  # how the words came about
    projects: tuple[CardView, ...] = ()
    mentors: tuple[CardView, ...] = ()
    rated: Rated | None = None  # None: whoever looks is not the one who asked
    after: tuple[Block, ...] = ()  # what is said after the cards
    offices: tuple[OfficeView, ...] = ()
    notes: tuple[str, ...] = ()  # what to know of the documents cited


@dataclass(frozen=True, slots=True)
class ConversationLine:
    """One earlier conversation in the list."""

    id: str
    first_question: str
    opened_on: str
    turns: int


def current_conversation(db: Session, person: str, now: datetime) -> str | None:
    """Return the conversation of a person's last turn while their session is still going."""
    row = db.execute(
        select(GuidanceSession.last_turn_at, Turn.conversation_id)
        .join(Turn, Turn.session_id == GuidanceSession.id)
        .where(GuidanceSession.person == person, GuidanceSession.closed_at.is_(None))
        .order_by(Turn.id.desc())
        .limit(1)
    ).first()
    return None if row is None or now - row.last_turn_at >= IDLE_LIMIT else row.conversation_id


def own_conversation(db: Session, person: str, conversation_id: str) -> Conversation:
    """Return a conversation of this person; another's is as unknown as none at all."""
    conversation = db.get(Conversation, conversation_id)
    if conversation is None or conversation.person not in own_references(db, person):
        raise ConversationNotFound("没有找到这段对话。它可能是在别的手机或浏览器上问的。")
    return conversation


def list_conversations(db: Session, person: str) -> Sequence[ConversationLine]:
    """Return a person's conversations, newest first, those over WeChat where they logged in."""
    first = (
        select(func.min(Turn.id).label("first_id"), func.count().label("turns"))
        .join(Conversation, Conversation.id == Turn.conversation_id)
        .where(Conversation.person.in_(own_references(db, person)))
        .group_by(Turn.conversation_id)
        .order_by(func.min(Turn.id).desc())
        .limit(SHOWN_CONVERSATIONS)
        .subquery()
    )
    rows = db.execute(
        select(Turn.conversation_id, Turn.question, Turn.asked_at, first.c.turns)
        .join(first, first.c.first_id == Turn.id)
        .order_by(Turn.id.desc())
    )
    return [
        ConversationLine(id_, question, chinese_date(shanghai_day(asked_at)), turns)
        for id_, question, asked_at, turns in rows
    ]


def show_thread(db: Session, conversation_id: str) -> list[TurnView]:
    """Return the last turns of a conversation, newest last."""
    turns = recent_turns(db, conversation_id, SHOWN_TURNS)
    ids = [turn.id for turn in turns]
    opinions = opinions_of(db, ids)
    waiting = {contact.turn_id for contact in contacts_of(db, ids)}
    return [show_turn(turn, Rated(opinions.get(turn.id), turn.id in waiting)) for turn in turns]


def show_turn(turn: Turn, rated: Rated | None = None) -> TurnView:
    """Prepare one stored turn for the page; `rated` for the person who asked it."""
    cards, human = turn.reply.get("cards", ()), bool(turn.reply.get("human"))
    offices = turn.reply.get("offices", ())
    before, after = _around_cards(_besides_offices(turn.reply["sentences"], offices), cards)
    sources = tuple(
        _source(number, citation) for number, citation in enumerate(turn.reply["citations"], 1)
    )
    return TurnView(
        number=turn.id,
        question=turn.question,
        asked_at=turn.asked_at.astimezone(SHANGHAI).strftime("%H:%M"),
        label=HUMAN_LABEL if human else STATUS_LABELS.get(turn.status),
        blocks=tuple(_blocks(before)),
        after=tuple(_blocks(after)),
        sources=sources,
        suggestions=tuple(turn.reply["suggestions"]),
        copy_text=_copy_text(turn, sources),
        projects=tuple(_card(card) for card in cards if card["kind"] == CardKind.PROJECT),
        mentors=tuple(_card(card) for card in cards if card["kind"] == CardKind.MENTOR),
        made_by=made_by(turn.reply),
        offices=tuple(map(_office, offices)),
        notes=tuple(turn.reply.get("notes", ())),
        rated=rated if turn.intent != Intent.SMALLTALK and not human else None,
    )


def made_by(reply: Mapping[str, Any]) -> str:
    """Return the label that tells how a stored reply's words came about."""
    if reply.get("human"):
        return f"由{reply['human']}的工作人员答复"
    return REPHRASED_LABEL if reply.get("rephrased") else SOURCE_LABEL


def _besides_offices(
    sentences: Sequence[dict[str, Any]], offices: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return what is said besides the details on the offices' cards: direct answers stay."""
    return [
        s
        for s in sentences
        if s.get("office") is None or s["text"].startswith(offices[s["office"]]["name"])
    ]


def _office(office: dict[str, Any]) -> OfficeView:
    updated_on = date.fromisoformat(office["updated_on"])
    return OfficeView(office["name"], updated_on, **dict(office["details"]))


def _around_cards(
    sentences: Sequence[dict[str, Any]], cards: Sequence[dict[str, Any]]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return what is said before and after the lines that the cards say better."""
    titles = tuple(card["title"] for card in cards)
    places = [
        i
        for i, s in enumerate(sentences)
        if titles and not s["citations"] and s["text"].startswith(titles)
    ]
    if not places:
        return list(sentences), []
    kept = [s for i, s in enumerate(sentences) if i not in places]
    return kept[: places[0]], kept[places[0] :]


def _card(card: dict[str, Any]) -> CardView:
    policy, _, address = card["policy"].partition("》")
    return CardView(
        code=card["code"],
        title=card["title"],
        why=card["why"],
        money=card["money"],
        risk=card["risk"],
        policy=f"{policy}》{spoken_address(address)}" if policy else "",
        policy_url=card_policy_url(card),
        mentor=card["mentor"],
        url=card["url"],
    )


def _blocks(sentences: Sequence[dict[str, Any]]) -> list[Block]:
    blocks = []
    for is_list, run in groupby(sentences, key=lambda sentence: bool(sentence["bullet"])):
        lines = [
            Line(sentence["text"], tuple(index + 1 for index in sentence["citations"]))
            for sentence in run
        ]
        if is_list:
            blocks.append(Block(True, tuple(lines)))
        else:
            blocks += [Block(False, (line,)) for line in lines]
    return blocks


def _source(number: int, citation: dict[str, Any]) -> Source:
    facts = [citation["doc_number"]]
    if citation["department"]:
        facts.append(f"负责：{citation['department']}")
    if citation["effective_on"]:
        facts.append(f"{chinese_date(date.fromisoformat(citation['effective_on']))}起施行")
    if citation["expires_on"]:
        facts.append(f"有效期至 {chinese_date(date.fromisoformat(citation['expires_on']))}")
    return Source(
        number=number,
        url=clause_url(citation),
        title=citation["document"],
        address=spoken_address(citation["address"]),
        quote=citation["quote"],
        facts=tuple(fact for fact in facts if fact),
    )


def _copy_text(turn: Turn, sources: Sequence[Source]) -> str:
    lines = [f"问：{turn.question}", f"答：{turn.answer_text}"]
    lines += [f"依据：《{source.title}》{source.address}" for source in sources]
    return "\n".join([*lines, f"（{made_by(turn.reply)}）"])
