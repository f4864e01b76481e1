"""A random walk through the life of sessions, with every invariant checked on the way.

`python -m evaluation.ledger_walk --runs 100 --steps 100 --seed 1` walks on a fresh SQLite
file per run, or with `--url` on one database. Every step is something people do, at any
moment: what the ledger refuses it must refuse cleanly, whatever it allows must keep all
invariants, and at the end the independent recount must agree.
"""

import argparse
import json
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from accounts.role import Role
from evaluation.recount import recount
from guidance.counting.invariants import Violation, check_invariants
from guidance.human_session import EntryHeld, HumanEntry, record_human_session
from guidance.intake import qualify_recorded, seal_recorded, submit_waiting
from guidance.lifecycle import ServiceLine, SessionState, TransitionRefused
from guidance.message import Channel, InboundMessage, Reply
from guidance.people.merging import SamePersonAlready, confirm_merge, propose_merge
from guidance.periods.adjustment import (
    Adjustment,
    AdjustmentKind,
    AdjustmentStatus,
    Words,
    post_adjustment,
    propose_adjustment,
)
from guidance.periods.closing import check_sample, close_quarter, commit_seed
from guidance.periods.locking import prepare_lock, sign_lock
from guidance.periods.period import Quarter, shanghai_day
from guidance.periods.record import SampleItem, SampleOutcome
from guidance.review import decisions as review
from guidance.review.proposal import AlreadyDecided, Proposal, ProposalKind, ProposalStatus
from guidance.review.staff import DutiesNotSeparate, NotYourDuty, Staff
from guidance.session import (
    GuidanceSession,
    MessageIdReused,
    Turn,
    close_idle_sessions,
    record_turn,
)
from storage.database import Database
from storage.migrations import migrate

START = datetime(2026, 2, 20, 1, 0, tzinfo=UTC)
REFUSALS = (
    AlreadyDecided,
    DutiesNotSeparate,
    EntryHeld,
    MessageIdReused,  # the stored message was erased
    NotYourDuty,
    SamePersonAlready,
    TransitionRefused,
)
PEOPLE = ("visitor-1", "visitor-2", "visitor-3", "account:3")
UNITS = ("", "东街", "西街")
TEXTS = ("怎么申请小额担保贷款？", "您好", "我想开一家小面馆，有什么项目适合？", "谢谢")
GAPS_S = (1, 40, 600, 1799, 1800, 7200, 43_200, 86_400, 6 * 86_400, 40 * 86_400)
STAFF = tuple(
    Staff(number, frozenset(roles))
    for number, roles in enumerate(
        [
            {Role.HANDLER},
            {Role.REVIEWER},
            {Role.REVIEWER, Role.HANDLER},
            {Role.SIGNER, Role.REVIEWER},
            {Role.SIGNER},
        ],
        start=1,
    )
)
REPLY = Reply(
    text="可以申请。",
    status="answered",
    intent="policy",
    payload={"sentences": [], "citations": [{"address": "三(三)4"}], "suggestions": []},
)

Choose = Callable[[Sequence[Any]], Any]


class LedgerWalk:
    """One database, one clock, and everything that can be done next."""

    def __init__(self, database: Database, choose: Choose, name: str = "") -> None:
        self.name = name
        self.database = database
        self.choose = choose
        self.now = START
        self.sent: list[InboundMessage] = []
        self.done: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()

    def step(self, name: str | None = None) -> None:
        """Do one thing, chosen or given; a clean refusal is a fine outcome."""
        name = name or self.choose(STEPS)
        try:
            with self.database.writing() as db:
                getattr(self, f"_{name}")(db)
        except REFUSALS:
            self.refused[name] += 1
        else:
            self.done[name] += 1

    def violations(self) -> list[Violation]:
        """Check the invariants, and the recount's figures against the product's."""
        with self.database.reading() as db:
            found = check_invariants(db)
        return found + [Violation("R5", what) for what in recount(self.database.engine)["differs"]]

    def _who(self, role: Role) -> Staff:
        """Mostly somebody whose duty it is, now and then anybody."""
        able = [one for one in STAFF if role in one.roles]
        chosen: Staff = self.choose([*able, *able, *able, self.choose(STAFF)])
        return chosen

    def _wait(self, _db: Session) -> None:
        self.now += timedelta(seconds=self.choose(GAPS_S))

    def _ask(self, db: Session) -> None:
        inbound = InboundMessage(
            Channel.WEB,
            self.choose(PEOPLE[:3]),
            f"{self.name}-{len(self.sent)}",
            self.choose(TEXTS),
            self.now,
        )
        self.sent.append(inbound)
        record_turn(db, inbound, REPLY, self.now)
        self.now += timedelta(seconds=self.choose(GAPS_S[:3]))

    def _ask_again(self, db: Session) -> None:
        if self.sent:
            record_turn(db, self.choose(self.sent), REPLY, self.now)

    def _meet(self, db: Session) -> None:
        start = self.now - timedelta(days=self.choose((0, 1, 6, 9)), minutes=30)
        entry = HumanEntry(
            service_line=self.choose(tuple(ServiceLine)[1:]),
            person=self.choose(PEOPLE),
            provider=self.choose(("mentor:M0001", "account:1", "account:3")),
            started_at=start,
            ended_at=start + timedelta(minutes=self.choose((3, 20))),
            place=self.choose(("大厅", "园区")),
            topic="贷款",
            summary=f"谈了贷款的条件与材料，时间 {self.now.isoformat()}",
            org_unit=self.choose(UNITS),
        )
        record_human_session(db, entry, self.choose(STAFF), self.now)

    def _sweep(self, db: Session) -> None:
        close_idle_sessions(db, self.now)
        seal_recorded(db, self.now)

    def _judge(self, db: Session) -> None:
        qualify_recorded(db, lambda _db, person: UNITS[len(person) % 3])

    def _batch(self, db: Session) -> None:
        submit_waiting(db, self.now)

    def _one(self, db: Session, *states: SessionState) -> int:
        """A session in one of the states if there is one, else any."""
        ids = select(GuidanceSession.id).order_by(GuidanceSession.id)
        fitting = db.scalars(ids.where(GuidanceSession.state.in_(states))).all()
        found = fitting or db.scalars(ids).all()
        if not found:
            raise TransitionRefused("nothing there")
        chosen: int = self.choose(found)
        return chosen

    def _submit(self, db: Session) -> None:
        review.submit(db, self._one(db, SessionState.QUALIFIED), self._who(Role.HANDLER), self.now)

    def _approve(self, db: Session) -> None:
        session_id = self._one(db, SessionState.PENDING)
        review.approve(db, session_id, self._who(Role.REVIEWER), self.now, review.CHECKLIST)

    def _reject(self, db: Session) -> None:
        session_id = self._one(db, SessionState.PENDING)
        review.reject(db, session_id, self._who(Role.REVIEWER), self.now, "untrue", "不实")

    def _send_back(self, db: Session) -> None:
        session_id = self._one(db, SessionState.PENDING)
        review.send_back(db, session_id, self._who(Role.REVIEWER), self.now, "unit", "请说明")

    def _resubmit(self, db: Session) -> None:
        session_id = self._one(db, SessionState.RETURNED)
        review.resubmit(db, session_id, self._who(Role.HANDLER), self.now, "补充")

    def _withdraw(self, db: Session) -> None:
        session_id = self._one(db, SessionState.PENDING, SessionState.RETURNED)
        review.withdraw(db, session_id, self._who(Role.HANDLER), self.now, "录错")

    def _appeal(self, db: Session) -> None:
        session_id = self._one(db, SessionState.REJECTED)
        review.appeal(db, session_id, self._who(Role.HANDLER), self.now, "请复议")

    def _unapprove(self, db: Session) -> None:
        session_id = self._one(db, SessionState.APPROVED)
        review.unapprove(db, session_id, self._who(Role.SIGNER), self.now, "存疑")

    def _call_back(self, db: Session) -> None:
        session_id = self._one(db, SessionState.APPROVED)
        review.record_callback(
            db, session_id, self._who(Role.REVIEWER), happened=False, words="没有"
        )

    def _propose(self, db: Session) -> None:
        session_id = self._one(db, SessionState.UNQUALIFIED)
        review.propose_requalification(db, session_id, self._who(Role.REVIEWER), self.now, "清楚")

    def _propose_many(self, db: Session) -> None:
        pending = select(GuidanceSession.id).where(GuidanceSession.state == SessionState.PENDING)
        ids = db.scalars(pending).all()
        review.propose_approvals(db, ids, self._who(Role.REVIEWER), self.now, "已看")

    def _propose_merge(self, db: Session) -> None:
        kept, absorbed = self.choose(PEOPLE), self.choose(PEOPLE)
        propose_merge(db, kept, absorbed, self._who(Role.HANDLER), self.now, "同一人")

    def _confirm(self, db: Session) -> None:
        waiting = db.scalars(
            select(Proposal).where(Proposal.status == ProposalStatus.PROPOSED)
        ).all()
        if not waiting:
            return
        proposal = self.choose(waiting)
        carry_out: dict[ProposalKind, Callable[..., Any]] = {
            ProposalKind.REQUALIFY: review.requalify,
            ProposalKind.APPROVE_MANY: review.approve_proposed,
            ProposalKind.MERGE_PEOPLE: confirm_merge,
            ProposalKind.LOCK: sign_lock,
        }
        carry_out[proposal.kind](
            db, proposal.id, self._who(self.choose((Role.REVIEWER, Role.SIGNER))), self.now
        )

    def _close(self, db: Session) -> None:
        quarter = self._past_quarter()
        commit_seed(db, quarter, STAFF[4])
        close_quarter(db, quarter, STAFF[4], self.now)

    def _check(self, db: Session) -> None:
        waiting = select(SampleItem.session_id).where(SampleItem.outcome == SampleOutcome.WAITING)
        for session_id in db.scalars(waiting).all():
            confirmed = self.choose((True, True, True, False))
            check_sample(db, session_id, self._who(Role.REVIEWER), self.now, confirmed=confirmed)

    def _prepare(self, db: Session) -> None:
        prepare_lock(db, self._past_quarter(), self._who(Role.HANDLER), self.now)

    def _adjust(self, db: Session) -> None:
        session_id = self._one(db, SessionState.LOCKED)
        kind = self.choose(tuple(AdjustmentKind))
        words = Words("查实", to_unit=self.choose(UNITS))
        propose_adjustment(db, kind, session_id, self._who(Role.REVIEWER), self.now, words)

    def _post(self, db: Session) -> None:
        proposed = select(Adjustment.id).where(Adjustment.status == AdjustmentStatus.PROPOSED)
        ids = db.scalars(proposed).all()
        if ids:
            post_adjustment(db, self.choose(ids), self._who(Role.REVIEWER), self.now)

    def _erase(self, db: Session) -> None:
        """Take the words of a session away, as the privacy officer does."""
        session_id = self._one(db)
        session = db.get_one(GuidanceSession, session_id)
        if session.state is SessionState.OPEN or not session.seal:
            return
        gone = {"question": "", "completed_question": "", "answer_text": "", "reply": {}}
        db.execute(update(Turn).where(Turn.session_id == session_id).values(gone))
        session.summary = session.supplement = session.seal_salt = ""
        session.erased_at = self.now

    def _past_quarter(self) -> Quarter:
        return Quarter.of(shanghai_day(self.now)).preceding


NO_STEPS = ("__init__", "_one", "_who", "_past_quarter")
STEPS = tuple(
    name.removeprefix("_")
    for name, found in vars(LedgerWalk).items()
    if callable(found) and name.startswith("_") and name not in NO_STEPS
)
# What people do most often; the rest happens now and then.
OFTEN = (
    "wait",
    "ask",
    "meet",
    "sweep",
    "judge",
    "batch",
    "submit",
    "approve",
    "approve",
    "confirm",
)


def walk(runs: int, steps: int, seed: int, url: str | None = None) -> dict[str, Any]:
    """Walk; return how often each step was done and refused, and the violations found."""
    done: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    violations: list[str] = []
    for run in range(runs):
        chance = random.Random(seed + run)
        with tempfile.TemporaryDirectory() as folder:
            database = Database(url or f"sqlite:///{Path(folder)}/walk.db")
            migrate(database)
            one = LedgerWalk(database, chance.choice)
            for number in range(steps):
                one.step(chance.choice(OFTEN) if chance.random() < 0.6 else None)
                if found := one.violations():
                    violations.append(f"seed {seed + run}, step {number}: {found[0]}")
                    break
            database.close()
        done.update(one.done)
        refused.update(one.refused)
    return {
        "runs": runs, "steps": sum(done.values()) + sum(refused.values()),
        "done": dict(done), "refused": dict(refused), "violations": violations,
    }  # fmt: skip


def main() -> None:
    """Run from the command line; prints one JSON object, exit status 1 for any violation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--url")
    given = parser.parse_args()
    result = walk(given.runs, given.steps, given.seed, given.url)
    sys.stdout.write(json.dumps(result, ensure_ascii=False, indent=1) + "\n")
    sys.exit(bool(result["violations"]))


if __name__ == "__main__":
    main()
