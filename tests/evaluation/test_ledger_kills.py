"""Killed writers lose nothing, damaged copies are seen; and the check itself can fail."""

import pytest

from audit.checkpoint import Standing
from audit.verify import Verification
from evaluation import ledger_kills
from evaluation.ledger_kills import WAYS, evaluate_kills


def ignore(_done: int) -> None:
    """Let progress pass."""


def test_nothing_acknowledged_is_lost_and_lost_tails_show() -> None:
    found = evaluate_kills(3, 5, ignore)
    assert found["acknowledged"] >= 3
    assert found["acknowledged_lost"] == found["unseen"] == found["false_alarms"] == 0
    assert found["tails_lost"] + found["nothing_lost"] == 3 * len(WAYS)
    assert found["seen_at_start"] > 0


def test_a_checkpoint_that_says_nothing_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_kills, "compare_with_witness", lambda *_: Standing(None, 0))
    monkeypatch.setattr(ledger_kills, "verify", lambda *_: Verification())
    assert evaluate_kills(2, 5, ignore)["unseen"] > 0
