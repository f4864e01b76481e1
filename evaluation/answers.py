"""How many questions are answered fully right, and how the others fail."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from math import sqrt
from typing import Any

import numpy as np

from assistant.answer import Answer, AnswerStatus, PastTurn, Question
from evaluation.case import ANSWERS, AnswerCase
from evaluation.wording import invented_figures, says, under

Answerer = Callable[[Question], Answer]


@dataclass(frozen=True, slots=True)
class Judgement:
    """One case with the answer it got and everything wrong with it."""

    case: AnswerCase
    answer: Answer
    wrong: tuple[str, ...]  # Chinese reasons, empty where the answer is fully right
    invented: tuple[str, ...]  # figures that no cited quote holds
    ms: float

    @property
    def right(self) -> bool:
        """Whether the answer is fully right."""
        return not self.wrong


def evaluate_answers(
    cases: Iterable[AnswerCase],
    answer: Answerer,
    today: date,
    *,
    failures: bool = False,
    progress: Callable[[int], None] | None = None,
) -> dict[str, object]:
    """Ask every question and return one report, ready to be printed as JSON.

    Histories are replayed through `answer` turn by turn; only the last question is judged and
    timed. `progress` is called with 1 after each case. Shares are 0 to 1, times milliseconds.
    """
    judgements: list[Judgement] = []
    for case in cases:
        judgements.append(judge(case, answer, today))
        if progress is not None:
            progress(1)
    report = _report(judgements)
    if failures:
        report["failures"] = [_failure(j) for j in judgements if j.wrong or j.invented]
    return report


def judge(case: AnswerCase, answer: Answerer, today: date) -> Judgement:
    """Ask one question and say everything that is wrong with the answer."""
    question = _replay(case, answer, case.as_of or today)
    began = time.perf_counter()
    given = answer(question)
    ms = (time.perf_counter() - began) * 1000
    invented = tuple(invented_figures(question, given))
    return Judgement(case, given, tuple(_wrong(case, given)), invented, ms)


def wilson_interval(right: int, total: int, z: float = 1.96) -> tuple[float, float]:
    """Return the Wilson score interval of a share (95 % at z = 1.96)."""
    if total == 0:
        return (0.0, 1.0)
    share = right / total
    centre = share + z * z / (2 * total)
    half = z * sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    return (max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale))


def _replay(case: AnswerCase, answer: Answerer, day: date) -> Question:
    history: tuple[PastTurn, ...] = ()
    known: dict[str, Any] = {}
    for message in case.history:
        given = answer(Question(message, day, history, known))
        known = {k: v for k, v in {**known, **given.learned}.items() if v is not None}
        history += (given.as_past(message),)
    return Question(case.question, day, history, known)


def _wrong(case: AnswerCase, answer: Answer) -> list[str]:
    wrong: list[str] = []
    if answer.status not in case.statuses:
        wanted = "、".join(sorted(case.statuses))
        wrong.append(f"状态是 {answer.status}，应是 {wanted}")
    for group in case.must:
        if not any(says(answer.text, wording) for wording in group):
            wrong.append("没有说到：" + " / ".join(group))
    wrong += [f"不该说：{wording}" for wording in case.must_not if says(answer.text, wording)]
    addresses = [citation.address for citation in answer.citations]
    found = not case.clauses or any(under(address, case.clauses) for address in addresses)
    if answer.status in ANSWERS and not found:
        cited, wanted = "、".join(addresses) or "无", "、".join(case.clauses)
        wrong.append(f"引用的条款是 {cited}，应是 {wanted}")
    return wrong


def _report(judgements: Sequence[Judgement]) -> dict[str, object]:
    right = sum(j.right for j in judgements)
    kinds = dict.fromkeys(j.case.kind for j in judgements)
    times = [j.ms for j in judgements] or [0.0]
    interval = wilson_interval(right, len(judgements))
    return {
        **_tally(judgements),
        "accuracy_interval_95": [round(bound, 4) for bound in interval],
        "kinds": {kind: _tally([j for j in judgements if j.case.kind == kind]) for kind in kinds},
        **_citations(judgements),
        "refusals": _refusals(judgements),
        "invented_figures": sum(len(j.invented) for j in judgements),
        "statuses": dict(sorted(Counter(str(j.answer.status) for j in judgements).items())),
        "ms_p50": round(float(np.percentile(times, 50)), 1),
        "ms_p95": round(float(np.percentile(times, 95)), 1),
    }


def _tally(judgements: Sequence[Judgement]) -> dict[str, object]:
    right = sum(j.right for j in judgements)
    return {
        "questions": len(judgements),
        "right": right,
        "accuracy": _share(right, len(judgements)),
    }


def _citations(judgements: Iterable[Judgement]) -> dict[str, object]:
    """Of the citations of answers to cases that name clauses: how many are acceptable."""
    judged = [
        under(citation.address, j.case.clauses)
        for j in judgements
        if j.case.clauses and j.answer.status in ANSWERS
        for citation in j.answer.citations
    ]
    return {"citations": len(judged), "citation_precision": _share(sum(judged), len(judged))}


def _refusals(judgements: Iterable[Judgement]) -> dict[str, int]:
    """Count refusals both ways; right + unfitting + missed = unanswerable."""
    names = ("unanswerable", "right", "unfitting", "missed", "answerable", "wrong")
    counts = dict.fromkeys(names, 0)
    for j in judgements:
        answered = j.answer.status in ANSWERS or j.answer.status is AnswerStatus.CLARIFY
        if j.case.answerable:
            counts["answerable"] += 1
            counts["wrong"] += not answered
        elif j.case.unanswerable:
            counts["unanswerable"] += 1
            counts["missed" if answered else "right" if j.right else "unfitting"] += 1
    return counts


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _failure(judgement: Judgement) -> dict[str, object]:
    case, answer = judgement.case, judgement.answer
    return {
        "id": case.id,
        "kind": case.kind,
        "history": list(case.history),
        "q": case.question,
        "wrong": list(judgement.wrong),
        "invented": list(judgement.invented),
        "status": str(answer.status),
        "understood": answer.completed_question,
        "answer": answer.text,
        "citations": [f"{c.document} {c.address}" for c in answer.citations],
    }
