"""What mentors carry: seats, open proposals and how old they are, meetings, duty, answers."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np
from fastapi import APIRouter, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.access import Permission, allow
from api.deps import OpenDatabase
from api.mentors.duty import Duty, duties
from api.policies.validity import today
from api.signed_in import CurrentAccount
from api.staff_page import render_staff
from matching.assignment.fairness import gini
from matching.mentoring.pairing import (
    RUNNING,
    SEATED,
    Pairing,
    PairingState,
    loads,
    pairings_in,
)
from matching.mentors.facts import STATE_NAMES, Load
from matching.mentors.mentor import Mentor
from matching.mentors.own_terms import paused_to
from matching.mentors.search import IN_OFFICE

router = APIRouter(include_in_schema=False)
DAY_SECONDS = 86_400
MOST_ANSWERS = 5_000  # the newest are enough for a mean


@dataclass(frozen=True, slots=True)
class Carried:
    """One mentor's work at a moment."""

    mentor: Mentor
    load: Load
    open_days: tuple[int, ...]  # age of each open proposal
    unmet_days: tuple[int, ...]  # since each acceptance without a meeting
    meetings: int  # logged in running pairings
    running: int
    duty: Duty
    answer_days: float | None  # mean, of what was answered
    paused_to: date | None

    @property
    def full(self) -> bool:
        """Whether no seat is free."""
        return self.load.held >= self.mentor.seats


@router.get("/staff/mentoring/workload", dependencies=allow(Permission.STAFF))
def show_workload(request: Request, account: CurrentAccount, database: OpenDatabase) -> Response:
    """Show what every mentor in office carries, the fullest first."""
    with database.reading() as db:
        rows = workload(db, datetime.now(UTC), today())
    shares = np.array([row.load.held / max(1, row.mentor.seats) for row in rows])
    return render_staff(
        request,
        account,
        "mentors/workload.html",
        rows=rows,
        gini=gini(shares) if len(shares) else 0.0,
        free=sum(max(0, row.mentor.seats - row.load.held) for row in rows),
        idle=sum(row.load.held == 0 for row in rows),
        states=STATE_NAMES,
        day=today(),
    )


def workload(db: Session, at: datetime, day: date) -> list[Carried]:
    """Return the work of every mentor in office, the fullest first."""
    mentors = db.scalars(select(Mentor).where(Mentor.state.in_(IN_OFFICE))).all()
    carried, owed, answered = loads(db, at), duties(db, mentors, day), _answer_days(db)
    seated: dict[str, list[Pairing]] = {}
    for pairing in pairings_in(db, SEATED):
        seated.setdefault(pairing.mentor_code, []).append(pairing)
    rows = [
        Carried(
            mentor=one,
            load=load,
            open_days=_ages(mine, PairingState.PROPOSED, at),
            unmet_days=_ages(mine, PairingState.ACCEPTED, at),
            meetings=sum(pairing.meetings for pairing in mine),
            running=sum(pairing.state in RUNNING for pairing in mine),
            duty=owed[one.code],
            answer_days=answered.get(one.code),
            paused_to=paused_to(one, day),
        )
        for one in mentors
        for load, mine in [(carried.get(one.code, Load()), seated.get(one.code, []))]
    ]
    return sorted(
        rows, key=lambda row: (-row.load.held / max(1, row.mentor.seats), row.mentor.code)
    )


def _ages(pairings: list[Pairing], state: PairingState, at: datetime) -> tuple[int, ...]:
    """Return the days since each was proposed or accepted, the oldest first."""
    since = [one.answered_at or one.proposed_at for one in pairings if one.state is state]
    return tuple(sorted(((at - one).days for one in since), reverse=True))


def _answer_days(db: Session) -> dict[str, float]:
    """Return mentor -> mean days between a proposal and its answer."""
    rows = db.execute(
        select(Pairing.mentor_code, Pairing.proposed_at, Pairing.answered_at)
        .where(Pairing.answered_at.is_not(None))
        .order_by(Pairing.id.desc())
        .limit(MOST_ANSWERS)
    )
    days: dict[str, list[float]] = {}
    for code, proposed, answered in rows:
        if answered is not None:
            waited = (answered - proposed).total_seconds()
            days.setdefault(code, []).append(waited / DAY_SECONDS)
    return {code: sum(each) / len(each) for code, each in days.items()}
