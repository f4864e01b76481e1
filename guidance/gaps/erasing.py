"""Taking a person's words out of the open questions that they asked."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from audit.erasing import erase_payloads
from guidance.gaps.gap import Gap, GapQuestion, GapState
from guidance.gaps.open_question import wording
from guidance.session import Turn

ERASED = "（已删除）"
A_SENTENCE = 6  # characters; shorter ones are terms that belong to nobody
_WRITTEN = ("draft_title", "draft_text", "draft_source", "reason")


def erase_questions(db: Session, turns: Sequence[int]) -> None:
    """Let open questions go on in the words of somebody else, or without any.

    A draft that quotes the words loses them as well. A published clause stays: it is a
    public statement that two people answer for.
    """
    of_mine = select(GapQuestion.gap_id).where(GapQuestion.turn_id.in_(turns))
    for gap in db.scalars(select(Gap).where(Gap.id.in_(of_mine))).all():
        rows = db.execute(
            select(Turn.id, Turn.question, Turn.completed_question)
            .join(GapQuestion, GapQuestion.turn_id == Turn.id)
            .where(GapQuestion.gap_id == gap.id)
            .order_by(Turn.id)
        ).all()
        mine, others = set[str](), list[str]()
        for turn_id, asked, completed in rows:
            if turn_id in turns:
                mine |= {asked.strip(), completed.strip()}
            elif asked:
                others.append(wording(asked, completed))
        _take_out(db, gap, mine - {"", *others}, others)
    db.flush()


def _take_out(db: Session, gap: Gap, words: set[str], others: Sequence[str]) -> None:
    instead = others[0] if others else ERASED
    if gap.question in words:
        gap.question = instead
        if not others:
            gap.leader = bytes(len(gap.leader))  # near to nothing
    if gap.state is GapState.PUBLISHED:
        return
    sentences = sorted((one for one in words if len(one) >= A_SENTENCE), key=len, reverse=True)
    for name in _WRITTEN:
        before = text = getattr(gap, name)
        for sentence in sentences:
            text = text.replace(sentence, instead)
        if text != before:
            setattr(gap, name, text)
            if name == "reason":
                erase_payloads(db, [gap.subject])
