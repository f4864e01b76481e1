"""Counting once: the tables of `counting.md`, on both engines."""

from datetime import timedelta

import pytest

from guidance.human_session import EntryHeld
from guidance.lifecycle import COUNTED
from guidance.people.identity import holder_of
from guidance.people.merging import merge_people
from guidance.review import decisions
from guidance.review.decisions import CHECKLIST, approve, submit
from guidance.session import GuidanceSession
from guidance.transition import DayTaken, find_session
from storage.database import Database
from tests.guidance.boundaries.table import Row, cases, moment, tables, words
from tests.guidance.people import (
    HANDLER,
    LATER,
    REVIEWER,
    SECOND_REVIEWER,
    SIGNER,
    enter,
    judge_all,
    qualified_chat,
)

FILE = "counting.md"
ALL = [case for heading in tables(FILE) for case in cases(FILE, heading)]
BASE = "说明贷款条件材料时限利率约定下周来办理事"
OTHERS = "复核了租约和预算表看过两处铺面先租后买再"


class Story:
    """Plays one case; its people, colleagues and places are nobody else's."""

    def __init__(self, database: Database, name: str) -> None:
        self.database, self.name = database, name
        self.made: list[int | None] = []
        self.at = moment("2026-03-02 00:00")
        self.people: set[str] = set()

    def play(self, step: str) -> None:
        """Take one step."""
        first, *rest = step.split()
        if rest[0] == "is":
            with self.database.writing() as db:
                merge_people(db, self.own(first), self.own(rest[1]), self.at)
        elif rest[0] in {"chat", "visit"}:
            day = rest[1] if rest[1].count("-") == 2 else f"2026-{rest[1]}"
            self.at = moment(f"{day} {rest[2]}")
            told = dict(zip(rest[3::2], rest[4::2], strict=True))
            self.made.append(self.chat(first) if rest[0] == "chat" else self.visit(first, told))
        else:
            self.decide(first, rest)

    def own(self, letter: str) -> str:
        """Return a reference of this case."""
        self.people.add(f"{self.name}:{letter}")
        return f"{self.name}:{letter}"

    def chat(self, who: str) -> int:
        """Let a person ask; return the consultation, judged."""
        key = f"{self.name}:{len(self.made)}"
        return qualified_chat(self.database, key, person=self.own(who), at=self.at)

    def visit(self, who: str, told: dict[str, str]) -> int | None:
        """Enter a visit; return it, judged, or None when the entry is held."""
        place = len(self.made)
        changed = int(told.get("words", "9"))
        summary = OTHERS[:changed] + BASE[changed:] if changed < 9 else chr(0x4E00 + place) * 20
        provider = f"{self.name}:{told['by']}" if "by" in told else f"{self.name}:p{place}"
        try:
            session = enter(
                self.database, person=self.own(who), at=self.at, provider=provider,
                place=told.get("at", f"{place} 号窗口"), summary=summary,
            )  # fmt: skip
        except EntryHeld:
            return None
        judge_all(self.database, self.at + LATER)
        return session.id

    def decide(self, verb: str, rest: list[str]) -> None:
        """Decide on a consultation, as those whose duty it is."""
        number = self.made[int(next(word for word in rest if word.isdigit())) - 1]
        assert number is not None
        at = self.at + timedelta(hours=3)
        with self.database.writing() as db:
            if verb in {"approve", "reject"} and "again" not in rest:
                submit(db, number, HANDLER, at)
            if verb == "approve":
                by = SECOND_REVIEWER if "again" in rest else REVIEWER
                approve(db, number, by, at, CHECKLIST)
            elif verb == "reject":
                decisions.reject(db, number, REVIEWER, at, "not_guidance", "只问了路")
            elif verb == "withdraw":
                decisions.withdraw(db, number, HANDLER, at, "录错了")
            elif verb == "unapprove":
                decisions.unapprove(db, number, SIGNER, at, "有误")
            else:
                with pytest.raises(DayTaken):
                    decisions.appeal(db, number, HANDLER, at, "请再看")

    def outcome(self) -> tuple[str, str]:
        """Return every state with its codes, and 人次 and 人 (by year)."""
        with self.database.reading() as db:
            found = [find_session(db, one) if one else None for one in self.made]
            counted = [one for one in found if one and one.state in COUNTED]
            people = {(one.count_on.year, holder_of(db, one.person)) for one in counted}
        return ", ".join(_said(one) for one in found), f"{len(counted)} {len(people)}"


def _said(session: GuidanceSession | None) -> str:
    return f"{session.state} {session.codes}".strip() if session else "held"


@pytest.mark.parametrize("case", ALL)
def test_everybody_counts_once(case: Row, ledger: Database) -> None:
    story = Story(ledger, case["case"])
    for step in words(case["steps"]):
        story.play(step)
    assert story.outcome() == (case["outcome"], case["counts"])
