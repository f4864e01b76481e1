"""Levels side by side, and the older name explained."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from assistant import judging, wording
from assistant.answer import Answer, Question
from assistant.pipeline import answer_question
from knowledge.document import Level
from knowledge.knowledge_base import Knowledge
from tests.assistant.test_judging import Odds
from tests.fixtures.policies import LOAN, TODAY, Source, knowledge_of

DISTRICT = """青河区创业担保贷款实施细则

第一条 个人申请创业担保贷款,额度最高不超过20万元,期限最长不超过2年。
第二条 小额担保贷款由银行按月还本。
"""
RENAMED = """创业贷款名称规定

第一条 原来的小额担保贷款,从2015年起改称创业担保贷款。
"""


@pytest.fixture(scope="module")
def knowledge(tmp_path_factory: pytest.TempPathFactory) -> Knowledge:
    return knowledge_of(
        tmp_path_factory.mktemp("vectors"),
        Source(DISTRICT, Level.DISTRICT, date(2025, 1, 1)),
        Source(LOAN.format(limit=30), Level.NATIONAL, date(2025, 1, 1)),
        Source(RENAMED, Level.NATIONAL, date(2015, 12, 1)),
    )


def ask(knowledge: Knowledge, text: str) -> Answer:
    return answer_question(Question(text, TODAY), knowledge)


def test_what_levels_state_differently_stands_side_by_side(
    tmp_path_factory: pytest.TempPathFactory, knowledge: Knowledge
) -> None:
    lines = [s.text for s in ask(knowledge, "个人申请创业担保贷款额度最高多少").sentences]
    assert lines[0] == wording.LEVELS_DIFFER
    own = lines.index(wording.LEVEL_LEADS[Level.DISTRICT])
    national = lines.index(wording.LEVEL_LEADS[Level.NATIONAL])
    assert any("20万元" in line for line in lines[own:national])
    assert any("30万元" in line for line in lines[national:])
    one: Path = tmp_path_factory.mktemp("one")
    alone = knowledge_of(one, Source(LOAN.format(limit=30), Level.NATIONAL, date(2025, 1, 1)))
    assert wording.LEVELS_DIFFER not in ask(alone, "个人申请创业担保贷款额度最高多少").text


def test_levels_are_told_apart_in_what_is_only_nearest(
    knowledge: Knowledge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "WEIGHTS", (0, 1, 0, 0, 0))  # the likeliest sentence alone
    doubted = replace(knowledge, answering=Odds({"额度": -0.4}))
    lines = [s.text for s in ask(doubted, "个人申请创业担保贷款额度最高多少").sentences]
    assert lines[:2] == [wording.PARTLY, wording.LEVELS_DIFFER]
    assert lines.index(wording.LEVEL_LEADS[Level.NATIONAL]) > 2


def test_an_older_name_is_explained_once(knowledge: Knowledge) -> None:
    answer = ask(knowledge, "小额担保贷款怎么还本")
    assert answer.text.count("改称创业担保贷款") == 1
    assert all(s.citations for s in answer.sentences if "改称" in s.text)
    assert "改称" not in ask(knowledge, "个人申请创业担保贷款期限多久").text
