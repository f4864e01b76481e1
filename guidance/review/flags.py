"""What makes a session worth a closer look: copies, bursts, a rush at the quarter's end."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from rapidfuzz import fuzz
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from guidance.counting.rules import CountingRules
from guidance.lifecycle import COUNTED, ServiceLine, SessionState
from guidance.periods.period import Quarter
from guidance.periods.working_days import working_days
from guidance.review.wording import plain_words
from guidance.session import GuidanceSession, Turn

COMPARED = 200  # latest sessions of a provider, or online ones of the same topic
AROUND = 5_000  # numbers of sessions before and after, so that the search is bounded
WINDOW = timedelta(days=90)
RUSH_DAYS = 5
RUSH_SHARE = 0.4


def alike_sessions(db: Session, session: GuidanceSession, rules: CountingRules) -> int:
    """Return how many other persons' sessions say nearly the same (G4).

    Online: three messages or more, the same at any time but for greetings, order and marks,
    or alike by at least `rules.alike` among the sessions around it. With a person: the
    provider's summaries, alike by as much. Counted as far as the flag needs.
    """
    if session.service_line is ServiceLine.ASSISTANT:
        return len(_copies(db, session, rules)) if session.wording else 0
    summaries = db.execute(
        select(GuidanceSession.counts_for, GuidanceSession.summary)
        .where(
            GuidanceSession.provider == session.provider,
            GuidanceSession.count_on >= session.count_on - WINDOW,
            GuidanceSession.counts_for != session.counts_for,
            GuidanceSession.state != SessionState.MERGED,
        )
        .order_by(GuidanceSession.count_on.desc(), GuidanceSession.id.desc())
        .limit(COMPARED)
    ).all()
    return len(
        {
            person
            for person, summary in summaries
            if fuzz.ratio(session.summary, summary) >= 100 * rules.alike
        }
    )


def _copies(db: Session, session: GuidanceSession, rules: CountingRules) -> set[str]:
    """Return other persons who asked the assistant the same or nearly so."""
    others = GuidanceSession.counts_for != session.counts_for
    same = select(GuidanceSession.counts_for).where(
        GuidanceSession.wording == session.wording, others
    )
    persons = set(db.scalars(same.distinct().limit(rules.alike_sessions)))
    if len(persons) + 1 >= rules.alike_sessions:
        return persons
    around = (
        select(GuidanceSession.id, GuidanceSession.counts_for)
        .where(
            GuidanceSession.id.between(session.id - AROUND, session.id + AROUND),
            GuidanceSession.service_line == ServiceLine.ASSISTANT,
            GuidanceSession.topic == session.topic,
            GuidanceSession.wording.not_in(["", session.wording]),
            others,
        )
        .order_by(GuidanceSession.id.desc())
        .limit(COMPARED)
    )
    person_of = {row.id: row.counts_for for row in db.execute(around)}
    said = _said_in(db, [session.id, *person_of])
    own = said.pop(session.id, "")
    least = 100 * rules.alike
    return persons | {
        person_of[number]
        for number, words in said.items()
        if fuzz.ratio(own, words, score_cutoff=least) >= least
    }


def _said_in(db: Session, sessions: Sequence[int]) -> dict[int, str]:
    """Return what was asked in each session, without greetings and marks."""
    rows = select(Turn.session_id, Turn.question).where(Turn.session_id.in_(sessions))
    asked: dict[int, list[str]] = {}
    for number, question in db.execute(rows.order_by(Turn.session_id, Turn.sequence)):
        asked.setdefault(number, []).append(question)
    return {number: "\n".join(plain_words(messages)) for number, messages in asked.items()}


def with_flag(flags: str, flag: str) -> str:
    """Return stored flags with one more, in a fixed order, none twice."""
    return " ".join(sorted({*flags.split(), flag}))


def rushing_units(db: Session, quarter: Quarter) -> set[str]:
    """Return the units with more than 40 % of their quarter in its last five working days (G5)."""
    first = working_days(db).last_ones(quarter.last_day, RUSH_DAYS)
    counted = (
        select(GuidanceSession.org_unit, func.count())
        .where(GuidanceSession.period == str(quarter), GuidanceSession.state.in_(COUNTED))
        .group_by(GuidanceSession.org_unit)
    )
    late = counted.where(GuidanceSession.count_on >= first)
    totals = _counts(db.execute(counted))
    return {
        unit
        for unit, count in _counts(db.execute(late)).items()
        if count > RUSH_SHARE * totals[unit]
    }


def _counts(rows: Iterable[tuple[str, int]]) -> dict[str, int]:
    return dict(iter(rows))
