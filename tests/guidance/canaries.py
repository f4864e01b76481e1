"""People who leave words wherever a person can, each word to be found again by its bytes."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from audit.log import Actor, ActorKind, append_event
from guidance.gaps.contact import leave_contact
from guidance.gaps.gap import GapQuestion, GapState, open_gap
from guidance.gaps.steps import send_back
from guidance.indicators.evidence import add_evidence, keep_file
from guidance.message import Reply
from guidance.people.identity import IdentityKind, bind_identity, identity_digest
from guidance.periods.working_days import shipped_days
from guidance.review.decisions import reject, submit
from guidance.session import GuidanceSession, Turn
from matching.profile.entrepreneur import remember
from storage.database import Database
from tests.guidance.messages import NOON
from tests.guidance.people import (
    HANDLER,
    REVIEWER,
    approved_chat,
    chat,
    enter,
    qualified_chat,
)

DAY = timedelta(days=1)
OFFICER = Actor(ActorKind.ACCOUNT, "8", "privacy_officer")


class Canaries:
    """Words that belong to one person, each to be found nowhere once they are erased."""

    def __init__(self, number: int) -> None:
        self.person = f"visitor:{number}"
        self._number = number
        self.words: list[str] = []

    def new(self, where: str) -> str:
        word = f"金丝雀{where}{self._number:03}号鸟"
        self.words.append(word)
        return word


def live(database: Database, number: int) -> Canaries:
    """Let one person leave words wherever a person can."""
    said = Canaries(number)
    reply = Reply(said.new("答"), "answered", "policy", {"citations": [{"quote": said.new("引")}]},
                  completed_question=said.new("补"))  # fmt: skip
    mine: dict[str, Any] = {"person": said.person, "reply": reply}
    at = NOON + number * timedelta(minutes=5)
    approved_chat(database, f"a{number}", at=at, text=f"{said.new('问')}怎么贷款？", **mine)
    refused = qualified_chat(
        database, f"b{number}", at=at + DAY, text=f"{said.new('拒')}开店办照？", **mine
    )
    entered = enter(
        database, person=said.person, at=at + 2 * DAY, place=said.new("地"), topic=said.new("题"),
        summary=f"{said.new('述')}咨询小额担保贷款的条件和材料，已逐项说明，准备下周申请，号{number}。",
    )  # fmt: skip
    last = chat(database, f"c{number}", at=at + 3 * DAY, text=said.new("末"), **mine)
    with database.writing() as db:
        submit(db, refused, HANDLER, NOON)
        reject(db, refused, REVIEWER, NOON, "not_guidance", said.new("由"))
        file = keep_file(
            db, said.new("名") + ".txt", "text/plain", said.new("件").encode(), HANDLER, NOON
        )
        session = db.get_one(GuidanceSession, entered.id)
        add_evidence(db, session, file.digest, HANDLER, NOON)
        turn = db.scalars(select(Turn).where(Turn.session_id == last)).one()
        leave_contact(db, turn.id, said.person, f"138{number:08}", consent=True, at=NOON)
        said.words.append(f"138{number:08}")
        remember(
            db, said.person, {"skills": [said.new("技")], "street": said.new("街")}, None, NOON
        )
        digest = identity_digest(b"key", IdentityKind.PHONE, f"139{number:08}")
        bind_identity(db, said.person, IdentityKind.PHONE, digest, by=OFFICER, at=NOON)
        said.words.append(digest)
        append_event(db, "session.note", f"session:{last}", OFFICER, {"note": said.new("志")})
        ask_for_a_clause(db, turn)
    return said


def ask_for_a_clause(db: Session, turn: Turn) -> None:
    """Let a question be open as it was understood, and quoted in the draft and its decision."""
    understood = turn.completed_question
    gap = open_gap(understood, (bytes(8), "none"), ("区财政局", "给予贴息"), NOON, shipped_days())
    gap.draft_title, gap.draft_text = (
        f"关于“{understood}”的答复",
        f"有人问：{understood}。请到窗口。",
    )
    db.add(gap)
    db.flush()
    db.add(GapQuestion(turn_id=turn.id, gap_id=gap.id))
    gap.state = GapState.DRAFTED
    send_back(db, gap, OFFICER, f"“{understood}”还没有答", NOON)
