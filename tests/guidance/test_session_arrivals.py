"""Any order of messages, repeats, sweeps and clock moves keeps the session rules."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import func, select

from guidance.message import InboundMessage
from guidance.recording import close_idle_sessions, record_turn
from guidance.session import GuidanceSession, MessageIdReused, Turn
from storage.database import Database
from tests.guidance.messages import NOON, REPLY, message

PEOPLE = ("anna", "bai", "chen")
HALF_HOUR = timedelta(minutes=30)
# Around the idle limit, within it and far beyond it, and the clock set back.
GAPS = st.sampled_from(
    [
        timedelta(0),
        timedelta(seconds=1),
        timedelta(minutes=10),
        HALF_HOUR - timedelta(microseconds=1),
        HALF_HOUR,
        HALF_HOUR + timedelta(minutes=1),
        timedelta(hours=8),
        timedelta(seconds=-5),
        timedelta(minutes=-29),
        timedelta(minutes=-30),
        timedelta(hours=-1),
    ]
)
_runs = count()


@dataclass
class Expected:
    """A session as the rules want it, told by messages instead of by idle times."""

    opened_at: datetime
    last_at: datetime
    turns: list[str] = field(default_factory=list)
    closed_at: datetime | None = None

    def close(self) -> None:
        self.closed_at = max(self.last_at + HALF_HOUR, self.opened_at)


class Arrivals(RuleBasedStateMachine):
    """Messages of three people, as they may arrive, against a plain model."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self.database = database
        self.run = next(_runs)
        self.now = NOON
        self.sent: list[tuple[InboundMessage, Turn]] = []
        self.expected: dict[str, list[Expected]] = defaultdict(list)

    @rule(person=st.sampled_from(PEOPLE), gap=GAPS, continues=st.booleans())
    def say(self, person: str, gap: timedelta, continues: bool) -> None:
        self.now += gap
        own = [turn for sent, turn in self.sent if sent.person == f"{person}-{self.run}"]
        inbound = message(
            f"{self.run}-{len(self.sent)}",
            person=f"{person}-{self.run}",
            at=self.now,
            conversation_id=own[-1].conversation_id if own and continues else None,
        )
        with self.database.writing() as db:
            turn = record_turn(db, inbound, REPLY, answered_at=self.now)
        self.sent.append((inbound, turn))
        self._expect(person, inbound)

    def _expect(self, person: str, inbound: InboundMessage) -> None:
        sessions = self.expected[person]
        open_one = sessions[-1] if sessions and sessions[-1].closed_at is None else None
        if open_one and self.now >= open_one.last_at + HALF_HOUR:
            open_one.close()
            open_one = None
        if open_one is None:
            open_one = Expected(self.now, self.now)
            sessions.append(open_one)
        late_at_most = open_one.last_at - HALF_HOUR
        if not late_at_most < self.now <= open_one.last_at:
            open_one.last_at = self.now
        open_one.turns.append(inbound.message_id)

    @rule(data=st.data(), changed=st.booleans())
    def repeat(self, data: st.DataObject, changed: bool) -> None:
        if not self.sent:
            return
        inbound, turn = data.draw(st.sampled_from(self.sent))
        text = "另一个问题" if changed else inbound.text
        again = message(inbound.message_id, person=inbound.person, at=self.now, text=text)
        with self.database.writing() as db:
            if changed:
                with pytest.raises(MessageIdReused):
                    record_turn(db, again, REPLY, answered_at=self.now)
            else:
                stored = record_turn(db, again, REPLY, answered_at=self.now)
                assert (stored.id, stored.reply) == (turn.id, turn.reply)

    @rule(gap=GAPS)
    def sweep(self, gap: timedelta) -> None:
        self.now += gap
        with self.database.writing() as db:
            close_idle_sessions(db, self.now)
        for sessions in self.expected.values():
            if (last := sessions[-1]).closed_at is None and (
                self.now >= last.last_at + HALF_HOUR + timedelta(minutes=1)
            ):
                last.close()

    @invariant()
    def sessions_are_as_expected(self) -> None:
        with self.database.reading() as db:
            for person, expected in self.expected.items():
                sessions = db.scalars(
                    select(GuidanceSession)
                    .where(GuidanceSession.person == f"{person}-{self.run}")
                    .order_by(GuidanceSession.id)
                ).all()
                assert [(s.opened_at, s.last_turn_at, s.closed_at) for s in sessions] == [
                    (e.opened_at, e.last_at, e.closed_at) for e in expected
                ]
                assert sum(s.closed_at is None for s in sessions) <= 1
                for session, model in zip(sessions, expected, strict=True):
                    turns = db.execute(
                        select(Turn.sequence, Turn.message_id)
                        .where(Turn.session_id == session.id)
                        .order_by(Turn.sequence)
                    ).all()
                    assert [tuple(turn) for turn in turns] == list(enumerate(model.turns, start=1))
                    assert session.turn_count == len(turns)

    @invariant()
    def nothing_is_recorded_twice(self) -> None:
        with self.database.reading() as db:
            recorded = db.scalar(
                select(func.count()).select_from(Turn).where(Turn.message_id.like(f"{self.run}-%"))
            )
        assert recorded == len(self.sent)


def _check(database: Database, examples: int, steps: int) -> None:
    run_state_machine_as_test(
        lambda: Arrivals(database),  # type: ignore[arg-type]
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_any_arrivals_keep_the_rules_on_sqlite(sqlite_database: Database) -> None:
    _check(sqlite_database, examples=60, steps=40)


def test_any_arrivals_keep_the_rules_on_postgres(postgres_database: Database) -> None:
    _check(postgres_database, examples=15, steps=30)
