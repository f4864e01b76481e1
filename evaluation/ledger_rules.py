"""Steps of a random walk: other rules are signed, clients confirm, papers and exceptions come."""

from dataclasses import replace

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from accounts.role import Role
from evaluation.ledger_walker import STAFF, UNITS, Step, Walker
from guidance.counting.rules import RuleVersion, propose_rules, shipped_rules, sign_rules
from guidance.human_session import confirm_attendance
from guidance.indicators.evidence import add_evidence, keep_file
from guidance.lifecycle import SessionState
from guidance.people.level import IdentityLevel
from guidance.periods.exceptions import grant_exception, propose_exception
from guidance.periods.period import Quarter, shanghai_day
from guidance.transition import find_session


def _sign_rules(walker: Walker, db: Session) -> None:
    """Ask for a confirmation from the next quarter on, or again not; visitors keep counting."""
    shipped = shipped_rules()[walker.choose(("strict", "default"))]
    number = db.scalar(select(func.count()).select_from(RuleVersion))
    changed = replace(
        shipped,
        name=f"试行 {number}",
        min_level=IdentityLevel.VISITOR,
        min_summary=10,
        min_messages=1,
        min_substantive=1,
        min_span_s=0,
    )
    following = Quarter.of(shanghai_day(walker.now)).following
    proposal = propose_rules(db, changed, following, STAFF[3], walker.now, "试行")
    sign_rules(db, proposal.id, STAFF[4], walker.now, "1号")


def _client_confirms(walker: Walker, db: Session) -> None:
    if walker.met:
        session_id, code = walker.choose(walker.met)
        confirm_attendance(db, session_id, code, walker.now)


def _prove(walker: Walker, db: Session) -> None:
    session = find_session(db, walker.one(db, SessionState.RECORDED))
    by = walker.who(Role.HANDLER)
    file = keep_file(db, "签到表.pdf", "application/pdf", b"%PDF", by, walker.now)
    add_evidence(db, session, file.digest, by, walker.now)


def _except(walker: Walker, db: Session) -> None:
    quarter, unit = walker.past_quarter(), walker.choose(UNITS)
    proposal = propose_exception(db, quarter, unit, STAFF[0], walker.now, "设备故障")
    grant_exception(db, proposal.id, STAFF[4], walker.now)


RULES: dict[str, Step] = {
    "sign_rules": _sign_rules,
    "client_confirms": _client_confirms,
    "prove": _prove,
    "except": _except,
}
