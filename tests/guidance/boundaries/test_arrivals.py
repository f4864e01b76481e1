"""Messages become consultations: the table of `arrivals.md`, on both engines."""

from datetime import datetime

import pytest

from guidance.message import Channel, InboundMessage
from guidance.recording import close_idle_sessions, record_turn
from guidance.session import GuidanceSession, Turn
from storage.database import Database
from tests.guidance.boundaries.table import Row, cases, moment, span, tables, words
from tests.guidance.messages import REPLY

FILE = "arrivals.md"
ALL = [case for heading in tables(FILE) for case in cases(FILE, heading)]


class Arrivals:
    """Plays one case; its people and message numbers are nobody else's."""

    def __init__(self, database: Database, name: str) -> None:
        self.database, self.name = database, name
        self.at: datetime | None = None
        self.turns: list[Turn] = []

    def play(self, event: str) -> None:
        """Let one message arrive, or the sweep go by."""
        time, *rest = (
            [" ".join(event.split()[:2]), *event.split()[2:]] if self.at is None else event.split()
        )
        self.at = moment(time) if self.at is None else self.at + span(time)
        if rest == ["sweep"]:
            with self.database.writing() as db:
                close_idle_sessions(db, self.at)
            return
        told = dict(zip(rest[::2], rest[1::2], strict=True))
        number = told.get("again", str(len(self.turns) + 1))
        inbound = InboundMessage(
            channel=Channel(told.get("over", "web")),
            person=f"{self.name}:{told.get('by', 'a')}",
            message_id=f"{self.name}:{number}",
            text=f"问题 {number}",
            received_at=self.at,
        )
        with self.database.writing() as db:
            self.turns.append(record_turn(db, inbound, REPLY, self.at))


@pytest.mark.parametrize("case", ALL)
def test_messages_make_the_consultations_that_are_due(case: Row, ledger: Database) -> None:
    arrivals = Arrivals(ledger, f"{case['case']}:{case['messages']}"[:100])
    for event in words(case["messages"]):
        arrivals.play(event)
    numbers = [turn.session_id for turn in arrivals.turns]
    order = list(dict.fromkeys(numbers))
    assert " ".join(str(order.index(number) + 1) for number in numbers) == case["sessions"]
    with ledger.reading() as db:
        found = [db.get_one(GuidanceSession, number) for number in order]
    assert " ".join(f"{one.count_on}/{one.period}" for one in found) == case["counts"]
    recorded = {turn.id for turn in arrivals.turns}
    assert sum(one.turn_count for one in found) == len(recorded)  # each in exactly one
