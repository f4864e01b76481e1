"""I5 and I6: what counts was sealed and is what was sealed; no turn is missing or came twice."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from guidance.counting.invariants.violation import MOST
from guidance.lifecycle import SessionState
from guidance.seal import SEALED_OF_SESSION, SEALED_OF_TURN, seal_of
from guidance.session import GuidanceSession, Turn

SEALS_AT_ONCE = 500


def i5_sealed(db: Session) -> Iterator[str]:
    """Whatever was judged was sealed before."""
    unsealed = select(GuidanceSession.id).where(
        GuidanceSession.state.not_in([SessionState.OPEN, SessionState.RECORDED]),
        GuidanceSession.seal == "",
    )
    for session_id in db.scalars(unsealed.limit(MOST)):
        yield f"咨询记录 {session_id} 没有封存"


def i6_replays(db: Session) -> Iterator[str]:
    """Turns are numbered without gaps, as many as the session counted, in one session each."""
    uneven = (
        select(GuidanceSession.id, GuidanceSession.turn_count, func.count(Turn.id))
        .outerjoin(Turn, Turn.session_id == GuidanceSession.id)
        .group_by(GuidanceSession.id, GuidanceSession.turn_count)
        .having(
            (func.count(Turn.id) != GuidanceSession.turn_count)
            | (func.coalesce(func.max(Turn.sequence), 0) != GuidanceSession.turn_count)
        )
    )
    for session_id, expected, found in db.execute(uneven.limit(MOST)):
        yield f"咨询记录 {session_id} 应有 {expected} 轮，实有 {found} 轮"


def broken_seals(db: Session, after: int = 0, last: int | None = None) -> Iterator[str]:
    """Compute the seals of a range of sessions anew, some hundred with their turns at a time."""
    end = last if last is not None else db.scalar(select(func.max(GuidanceSession.id))) or 0
    while sessions := db.execute(_SEALED, {"after": after, "last": end}).all():
        first, after = sessions[0].id, sessions[-1].id
        turns: dict[int, list[Any]] = defaultdict(list)
        for turn in db.execute(_TURNS_BETWEEN, {"first": first, "last": after}):
            turns[turn.session_id].append(turn)
        for session in sessions:
            if seal_of(session, turns[session.id], session.seal_salt) != session.seal:
                yield f"咨询记录 {session.id} 的内容与封存时不同"


_SEALED = (
    select(
        *(getattr(GuidanceSession, name) for name in SEALED_OF_SESSION),
        GuidanceSession.seal,
        GuidanceSession.seal_salt,
    )
    .where(
        GuidanceSession.id > bindparam("after"),
        GuidanceSession.id <= bindparam("last"),
        GuidanceSession.seal != "",
        GuidanceSession.erased_at.is_(None),
    )
    .order_by(GuidanceSession.id)
    .limit(SEALS_AT_ONCE)
)
_TURNS_BETWEEN = (
    select(Turn.session_id, *(getattr(Turn, name) for name in SEALED_OF_TURN))
    .where(Turn.session_id.between(bindparam("first"), bindparam("last")))
    .order_by(Turn.session_id, Turn.sequence)
)
