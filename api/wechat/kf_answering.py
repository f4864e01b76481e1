"""From a message of 微信客服 to what follows from it: an answer, a hand-over, a note."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.chat.exchange import receive_message, reply_to
from api.chat.thread import current_conversation, made_by
from api.handover.promise import promise_anew, unit_said
from api.limiter import MessageLimit
from api.refusals import TooManyMessages
from api.snapshot import Snapshot
from api.wechat import kf_wording, wording
from api.wechat.kf_account import KfAccount
from api.wechat.kf_message import WINDOW, KfContact, KfKind, KfMessage, find_kf_contact
from api.wechat.kf_outbox import KfOutboxMessage, KfTask, Outgoing, put
from api.wechat.layout import MAX_BYTES, MAX_CHARACTERS, Place, answer_text, chosen, cut, plain
from api.wechat.outbox import text_body
from assistant.answer import AnswerStatus
from audit.log import Actor, ActorKind
from guidance.handover.answering import (
    MOST_REPLY,
    MOST_WORDS,
    HumanAnswer,
    answer_person,
    close_handover,
    say,
)
from guidance.handover.duty import promise
from guidance.handover.handover import Handover, open_of, take
from guidance.handover.lifecycle import HandoverRefused, HandoverState
from guidance.message import Channel, InboundMessage
from guidance.periods.working_days import working_days
from guidance.session import Turn, recent_turns
from storage.database import Database

EVENT_LIFE = timedelta(seconds=20)
SUMMARY_TURNS = 4
SUMMARY_QUESTION = 60  # characters
SUMMARY_ANSWER = 90


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What settling works with."""

    database: Database
    snapshot: Snapshot
    limit: MessageLimit


def settle_message(
    work: Surroundings, account: KfAccount, message: KfMessage, at: datetime
) -> None:
    """Do what follows from a message, once however often it is called."""
    turn = None
    if message.kind is KfKind.QUESTION and at - message.sent_at < WINDOW:
        with work.database.reading() as db:
            contact = _contact(db, message)
        if not contact.with_people:
            try:
                turn = _answer(work, contact, message)
            except TooManyMessages:
                turn = None
    with work.database.writing() as db:
        stored = db.get_one(KfMessage, message.id, with_for_update=True, populate_existing=True)
        if stored.settled_at is not None:
            return
        contact = find_kf_contact(db, stored)
        if stored.kind is KfKind.QUESTION:
            _follow_question(db, account, stored, contact, (turn, at))
        elif stored.kind in _FOLLOWS:
            _FOLLOWS[stored.kind](db, stored, contact, at)
        stored.settled_at = at


def _contact(db: Session, message: KfMessage) -> KfContact:
    found = select(KfContact).where(
        KfContact.account == message.account,
        KfContact.open_kfid == message.open_kfid,
        KfContact.external_userid == message.external_userid,
    )
    return db.scalars(found).one()


def _answer(work: Surroundings, contact: KfContact, message: KfMessage) -> Turn:
    """Answer a question as the assistant and record the turn. Raises TooManyMessages."""
    person = contact.person
    with work.database.reading() as db:
        conversation_id = current_conversation(db, person, message.sent_at)
        last = recent_turns(db, conversation_id, 1) if conversation_id else []
    suggestions = last[0].reply.get("suggestions", []) if last else []
    text = chosen(message.text, suggestions)
    inbound = InboundMessage(
        Channel.KF, person, message.turn_key, text, message.sent_at, conversation_id
    )
    received = receive_message(work.database, inbound, text)
    if received.stored is None:
        work.limit.check(person, person)
    return reply_to(work.database, work.snapshot, received)


def _follow_question(
    db: Session,
    account: KfAccount,
    message: KfMessage,
    contact: KfContact,
    what: tuple[Turn | None, datetime],
) -> None:
    turn, at = what
    if turn is None:
        if contact.with_people:
            _add_words(db, contact, message, at)
        elif at - message.sent_at < WINDOW:
            _put_text(db, message, contact, wording.TOO_FAST, at)
        return
    text = answer_text(turn.reply, made_by(turn.reply), "", Place())
    handover = open_of(db, turn.conversation_id)
    if turn.status == AnswerStatus.HANDED_OVER and handover is not None and account.seats:
        days = working_days(db)
        if promise(db, handover.org_unit, days, at).on_duty is not False:
            said = cut(f"{text}\n{summary_of(db, handover)}", MAX_CHARACTERS, MAX_BYTES)
            body = {**text_body(said), "fallback": text}
            told = Outgoing(_send_id(message), body, KfTask.TRANSFER, handover_id=handover.id)
            put(db, contact, told, at)
            return
    _put_text(db, message, contact, text, at)


def summary_of(db: Session, handover: Handover) -> str:
    """Sum up what was asked and answered before, for the colleague who takes over."""
    turns = recent_turns(db, handover.conversation_id, SUMMARY_TURNS + 1)
    lines = [kf_wording.SUMMARY]
    for turn in turns:
        if turn.id >= handover.turn_id:
            continue
        asked = cut(plain(turn.question), SUMMARY_QUESTION, 3 * SUMMARY_QUESTION)
        told = cut(plain(turn.answer_text.partition("\n")[0]), SUMMARY_ANSWER, 3 * SUMMARY_ANSWER)
        lines.append(f"问：{asked}\n答：{told}")
    return "\n".join(lines if len(lines) > 1 else [kf_wording.SUMMARY_EMPTY])


def servicer_actor(servicer: str) -> Actor:
    """Return how the audit log names a colleague who answers in WeCom."""
    return Actor(ActorKind.SYSTEM, f"wecom:{servicer}")


def _open_handover(db: Session, contact: KfContact) -> Handover | None:
    """Return the newest open hand-over of a customer, locked."""
    mine = select(Handover).where(
        Handover.person == contact.person,
        Handover.channel == Channel.KF,
        Handover.closed_at.is_(None),
    )
    return db.scalar(mine.order_by(Handover.id.desc()).limit(1).with_for_update())


def _add_words(db: Session, contact: KfContact, message: KfMessage, at: datetime) -> None:
    """Keep what the customer says to a colleague, for the record of the consultation."""
    handover = _open_handover(db, contact)
    if handover is None:
        return
    due_on = promise_anew(db, handover.org_unit, at)
    try:
        say(db, handover, message.message_key, message.text[:MOST_WORDS], due_on, message.sent_at)
    except HandoverRefused:
        return  # too many in a row: the colleague reads them in WeCom all the same


def _excuse(db: Session, message: KfMessage, contact: KfContact, at: datetime) -> None:
    if not contact.with_people:
        _put_text(db, message, contact, kf_wording.UNREADABLE, at)


def _welcome(db: Session, message: KfMessage, contact: KfContact, at: datetime) -> None:
    _greet(db, message, contact, kf_wording.WELCOME, at)


def _note_taken(db: Session, message: KfMessage, contact: KfContact, at: datetime) -> None:
    contact.with_people, contact.servicer = True, message.servicer
    handover = _open_handover(db, contact)
    if handover is not None and handover.state is HandoverState.WAITING:
        take(db, handover, None, servicer_actor(message.servicer), at)


def _note_answer(db: Session, message: KfMessage, contact: KfContact, at: datetime) -> None:
    """Record what a colleague wrote in WeCom as the answer of a person."""
    handover = _open_handover(db, contact)
    if handover is None or not message.text.strip():
        return
    answer = HumanAnswer(
        message.text.strip()[:MOST_REPLY],
        f"wecom:{message.servicer}",
        unit_said(handover.org_unit),
        f"kf{message.id}",
    )
    answer_person(db, handover, answer, servicer_actor(message.servicer), at)
    handover.undelivered = ""


def _note_ended(db: Session, message: KfMessage, contact: KfContact, at: datetime) -> None:
    """End what was answered; what was not keeps its promise and its deadline."""
    contact.with_people, contact.servicer = False, ""
    _greet(db, message, contact, kf_wording.ENDED, at)
    handover = _open_handover(db, contact)
    if handover is not None and handover.state is HandoverState.ANSWERED:
        close_handover(db, handover, kf_wording.CLOSED, servicer_actor(message.servicer), at)


def _note_lost(db: Session, message: KfMessage, _contact: KfContact, at: datetime) -> None:
    sent = select(KfOutboxMessage).where(KfOutboxMessage.send_id == message.text)
    if (lost := db.scalar(sent)) is not None:
        lost.finish(at, kf_wording.NOT_DELIVERED)


_FOLLOWS: Mapping[KfKind, Callable[[Session, KfMessage, KfContact, datetime], None]] = {
    KfKind.UNREADABLE: _excuse,
    KfKind.ENTERED: _welcome,
    KfKind.TAKEN: _note_taken,
    KfKind.SERVICER: _note_answer,
    KfKind.ENDED: _note_ended,
    KfKind.NOT_DELIVERED: _note_lost,
}


def _greet(db: Session, message: KfMessage, contact: KfContact, words: str, at: datetime) -> None:
    """Say the one thing that an event allows, unless its twenty seconds are over."""
    if message.code and at - message.sent_at < EVENT_LIFE:
        told = Outgoing(_send_id(message), text_body(words), KfTask.ON_EVENT, message.code)
        put(db, contact, told, at)


def _put_text(
    db: Session, message: KfMessage, contact: KfContact, words: str, at: datetime
) -> None:
    put(db, contact, Outgoing(_send_id(message), text_body(words)), at)


def _send_id(message: KfMessage) -> str:
    return f"m{message.id}-{int(message.sent_at.timestamp())}"
