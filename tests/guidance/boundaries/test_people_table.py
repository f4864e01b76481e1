"""Who a person is, and how long a thread with staff is one consultation: `people.md`."""

from datetime import timedelta

import pytest

from audit.log import Actor, ActorKind
from guidance.handover.answering import HumanAnswer, answer_person, close_quiet, say
from guidance.handover.handover import Asked, Handover, open_handover
from guidance.handover.lifecycle import HandoverReason, HandoverState
from guidance.message import Channel, InboundMessage
from guidance.people.identity import (
    IdentityKind,
    bind_identity,
    mark_internal,
    mark_virtual,
    standing_of,
)
from guidance.people.merging import merge_people
from guidance.recording import record_turn
from storage.database import Database
from tests.guidance.boundaries.table import Row, cases, words
from tests.guidance.messages import NOON, REPLY

FILE = "people.md"
STAFF = Actor(ActorKind.ACCOUNT, "7", "handler")
CLIENT = Actor(ActorKind.PERSON, "0123456789abcdef", "")


def know(database: Database, person: str, what: str) -> None:
    """Learn one thing of a person."""
    with database.writing() as db:
        if what == "internal":
            mark_internal(db, person, NOON)
        elif what == "virtual":
            mark_virtual(db, person, NOON)
        elif what.startswith("merged"):
            other = f"other-{person}"
            merge_people(db, person, other, NOON)
            know_of = what.removeprefix("merged ")
            if know_of == "internal":
                mark_internal(db, other, NOON)
            else:
                kind = IdentityKind(know_of)
                bind_identity(db, other, kind, f"{other}{kind}", by=CLIENT, at=NOON)
        else:
            kind = IdentityKind(what.removeprefix("told "))
            by = STAFF if what.startswith("told") or kind is IdentityKind.PAPERS else CLIENT
            bind_identity(db, person, kind, f"{person}{kind}", by=by, at=NOON)


@pytest.mark.parametrize("case", cases(FILE, "Identity levels"))
def test_level_of_what_is_known(case: Row, sqlite_ledger: Database) -> None:
    known = words(case["known"].strip("-"))
    origin = "wechat" if "from wechat" in known else "visitor"
    person = f"{origin}:{case['case']}"
    for what in known:
        if what != "from wechat":
            know(sqlite_ledger, person, what)
    with sqlite_ledger.reading() as db:
        standing = standing_of(db, person)
    assert (standing.level, standing.internal) == (case["level"], case["internal"] == "yes")


def after(text: str) -> timedelta:
    """Read 6d 23:59, or 47:59."""
    days, _, clock = text.rpartition("d ")
    hours, minutes = clock.split(":")
    return timedelta(days=int(days or 0), hours=int(hours), minutes=int(minutes))


@pytest.mark.parametrize("case", cases(FILE, "Seven days and two quiet days"))
def test_how_long_a_thread_is_one_consultation(case: Row, sqlite_ledger: Database) -> None:
    person = f"visitor:{case['case']}"
    asked = InboundMessage(Channel.WEB, person, person, "转人工", NOON)
    with sqlite_ledger.writing() as db:
        close_quiet(db, NOON + timedelta(days=99))  # of the rows before
        turn = record_turn(db, asked, REPLY, NOON)
        promised = Asked("区财政局", HandoverReason.ASKED, NOON.date())
        number = open_handover(db, turn, person, promised, NOON).id
    sessions = []
    for place, time in enumerate(words(case["answers"])):
        at = NOON + after(time)
        with sqlite_ledger.writing() as db:
            one = db.get_one(Handover, number)
            if place:
                say(db, one, f"k{place}", "再问一下材料", NOON.date(), at)
            told = HumanAnswer("请带租约来。", "account:7", "区财政局", f"a{place}")
            sessions.append(answer_person(db, one, told, STAFF, at).session_id)
    order = list(dict.fromkeys(sessions))
    assert " ".join(str(order.index(one) + 1) for one in sessions) == case["sessions"]
    with sqlite_ledger.writing() as db:
        close_quiet(db, at + after(case["sweep"]))
        closed = db.get_one(Handover, number).state is HandoverState.CLOSED
    assert closed is (case["over"] == "yes")
