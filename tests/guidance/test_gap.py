"""Clustering of questions, working days, and which step of a gap may follow which."""

from datetime import UTC, date, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.log import SYSTEM
from guidance.gaps.clustering import cluster
from guidance.gaps.gap import (
    ClauseDraftText,
    GapNotFound,
    GapRefused,
    GapState,
    get_gap,
    open_gap,
)
from guidance.gaps.open_question import open_questions
from guidance.gaps.steps import (
    approve,
    assign,
    mark_published,
    reject,
    reopen,
    save_draft,
    send_back,
)
from guidance.message import Reply
from guidance.periods.working_days import shipped_days
from storage.database import Database
from tests.guidance.people import chat

NOW = datetime(2026, 11, 20, 4, tzinfo=UTC)  # a Friday
DRAFT = ClauseDraftText("标题", "正文。", "某某号文", date(2026, 11, 1))
NOBODY = np.zeros((0, 2), np.float32)


def unit(*degrees: float) -> np.ndarray:
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def test_near_questions_follow_the_first_of_them() -> None:
    found = cluster(unit(0, 5, 90, 94, 2), NOBODY, 0.98)
    assert found.new == (0, 2)
    assert found.leader_of.tolist() == [0, 0, 1, 1, 0]


def test_known_leaders_come_first_and_keep_their_places() -> None:
    found = cluster(unit(1, 180), unit(0, 90), 0.98)
    assert found.leader_of.tolist() == [0, 2]
    assert found.new == (1,)


def test_blocks_do_not_change_the_result() -> None:
    random = np.random.default_rng(1)
    vectors = random.standard_normal((700, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    found = cluster(vectors, np.zeros((0, 8), np.float32), 0.7)
    leaders: list[int] = []
    for row, vector in enumerate(vectors):  # the definition, one at a time
        scores = vectors[leaders] @ vector if leaders else np.array([-2.0])
        best = int(scores.argmax())
        if scores[best] < 0.7:
            leaders.append(row)
            best = len(leaders) - 1
        assert found.leader_of[row] == best
    assert found.new == tuple(leaders)


@pytest.mark.parametrize(
    ("asked", "due"),
    [
        (datetime(2026, 11, 20, 4, tzinfo=UTC), date(2026, 11, 25)),  # a Friday
        (datetime(2026, 9, 30, 4, tzinfo=UTC), date(2026, 10, 10)),  # a Saturday worked instead
    ],
)
def test_a_gap_is_due_in_working_days(asked: datetime, due: date) -> None:
    gap = open_gap("问题", (b"", "e"), ("区财政局", "负责。"), asked, shipped_days())
    assert gap.due_on == due
    assert gap.days_left(asked.date(), shipped_days()) == 3
    assert gap.days_left(date(2026, 11, 30), shipped_days()) < 0


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(0, 40))
def test_counting_working_days_undoes_adding_them(day: date, count: int) -> None:
    days = shipped_days()
    assert days.between(day, days.after(day, count)) == count


def a_gap(database: Database, department: str = "区财政局") -> int:
    with database.writing() as db:
        gap = open_gap("问题", (b"", "e"), (department, "负责。"), NOW, shipped_days())
        db.add(gap)
        db.flush()
        return gap.id


def test_a_draft_needs_a_second_person(database: Database) -> None:
    gap_id = a_gap(database)
    with database.writing() as db:
        gap = get_gap(db, gap_id)
        save_draft(db, gap, DRAFT, (1, SYSTEM), NOW)
        with pytest.raises(GapRefused, match="换一位"):
            approve(db, gap, (1, SYSTEM), NOW)
        with pytest.raises(GapRefused, match="第二个人"):
            mark_published(db, gap, 1, SYSTEM, NOW)
        approve(db, gap, (2, SYSTEM), NOW)
        save_draft(db, gap, DRAFT, (1, SYSTEM), NOW)
        assert gap.state is GapState.DRAFTED  # changed after it was approved
        approve(db, gap, (2, SYSTEM), NOW)
        mark_published(db, gap, 1, SYSTEM, NOW)
        with pytest.raises(GapRefused):
            reject(db, gap, SYSTEM, "晚了", NOW)


def test_decisions_need_reasons_and_can_be_taken_back(database: Database) -> None:
    gap_id = a_gap(database, "")
    with database.writing() as db:
        gap = get_gap(db, gap_id)
        assert gap.state is GapState.NEW
        with pytest.raises(GapRefused, match="先分派"):
            save_draft(db, gap, DRAFT, (1, SYSTEM), NOW)
        assign(db, gap, "区税务局", SYSTEM, NOW)
        with pytest.raises(GapRefused, match="理由"):
            reject(db, gap, SYSTEM, " ", NOW)
        reject(db, gap, SYSTEM, "与创业无关", NOW)
        reopen(db, gap, SYSTEM, "有新规定", NOW)
        save_draft(db, gap, DRAFT, (1, SYSTEM), NOW)
        send_back(db, gap, SYSTEM, "写明金额", NOW)
        assert GapState(gap.state) is GapState.ASSIGNED
        late = ClauseDraftText("标题", "正文", "依据", date(2026, 2, 1), date(2026, 1, 1))
        with pytest.raises(GapRefused, match="早于"):
            save_draft(db, gap, late, (1, SYSTEM), NOW)


@pytest.mark.parametrize("gap_id", [0, -1, 77, 2**40])
def test_unknown_gap(database: Database, gap_id: int) -> None:
    with database.writing() as db, pytest.raises(GapNotFound):
        get_gap(db, gap_id)


def test_a_turn_without_words_leaves_no_question_open(database: Database) -> None:
    unanswered = Reply("没有查到。", "not_in_policy", "policy", {}, "")
    for number, text in enumerate(["利率是多少？", "", " \t\n", "\u3000\u00a0"]):
        chat(database, f"m{number}", text=text, reply=unanswered)
    with database.reading() as db:
        assert [one.text for one in open_questions(db, NOW)] == ["利率是多少？"]
