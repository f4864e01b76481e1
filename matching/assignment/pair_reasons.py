"""Why a need got this mentor and not that one: a true answer for every pair."""

from dataclasses import dataclass
from enum import StrEnum

from matching.assignment.problem import NO_EDGE, UNMATCHED
from matching.assignment.reasons import differences, explain
from matching.assignment.rules import SEAT_RULES, Pair, broken_rules
from matching.assignment.run import AssignmentRun
from matching.assignment.scoring import UNITS, score_one

TERM_NAMES = {
    "topics": "擅长的主题",
    "industry": "行业经验",
    "time": "共同空闲时间",
    "nearness": "服务区域",
    "stage": "创业阶段",
    "rating": "学员评价",
    "language": "方言",
    "continuity": "以前带过",
    "specialism": "导师的专长排序",
    "field": "导师的行业排序",
    "acceptance": "导师的接受率",
    "wished_stage": "导师希望的阶段",
    "effort": "见面方便",
}


class PairVerdictKind(StrEnum):
    """Why a pair is or is not in the matching."""

    MATCHED = "matched"
    RULE = "rule"  # a hard rule forbids it
    BANNED = "banned"  # excluded for this run: declined, expired, withdrawn
    NO_SEAT = "no_seat"  # the mentor has no seat to give
    LOWER = "lower"  # the matched pair is worth more
    EQUAL = "equal"  # worth the same
    WISHED = "wished"  # the person asked for the matched mentor by name
    KEPT = "kept"  # the open proposal stands: moving it gains too little
    NEEDED_ELSEWHERE = "needed_elsewhere"  # fits better, but the seat is worth more elsewhere
    UNSERVED = "unserved"  # every seat went to pairs that gain more by it


@dataclass(frozen=True, slots=True)
class PairVerdict:
    """The verdict on one pair, and its own value in [0, 1] where it was compared."""

    kind: PairVerdictKind
    text: str
    value: float | None = None


class Unexplained(RuntimeError):
    """A pair that neither rules nor prices explain: the certificate does not hold."""


def explain_pair(run: AssignmentRun, need_code: str, mentor_code: str) -> PairVerdict:
    """Say why this pair is or is not matched. Raises Unexplained, KeyError for unknown codes."""
    row, column = run.row_of(need_code), run.column_of(mentor_code)
    pair = Pair(run.needs[row], run.mentors[column], run.day)
    if int(run.match[row]) == column:
        return _matched(run, pair)
    if findings := broken_rules(pair):
        return PairVerdict(PairVerdictKind.RULE, findings[0].message)
    if int(run.problem.values[row, column]) == NO_EDGE:
        return PairVerdict(PairVerdictKind.BANNED, "此前向这位导师提出过，没有成，本轮不再安排。")
    if int(run.problem.seats[column]) == 0:
        full = broken_rules(pair, SEAT_RULES)
        text = full[0].message if full else "这位导师目前没有名额。"
        return PairVerdict(PairVerdictKind.NO_SEAT, text)
    if int(run.match[row]) == UNMATCHED:
        return _unserved(run, row, column)
    return _compared(run, row, column)


def _matched(run: AssignmentRun, pair: Pair) -> PairVerdict:
    terms, value = score_one(pair.need, pair.mentor, run.weights)
    reasons = explain(pair, terms, run.weights).reasons
    text = "；".join(reason.text for reason in reasons) or "在有名额的导师中最合适"
    return PairVerdict(PairVerdictKind.MATCHED, text + "。", value)


def _unserved(run: AssignmentRun, row: int, column: int) -> PairVerdict:
    if _gain(run, row, column) > int(run.certificate.prices[column]):
        raise Unexplained(f"{run.needs[row].code} {run.mentors[column].code}")
    text = "名额不够：这位导师的每个名额都已安排给因此收益更大的人，您在等候名单上。"
    value = int(run.problem.values[row, column]) / UNITS
    return PairVerdict(PairVerdictKind.UNSERVED, text, value)


def _compared(run: AssignmentRun, row: int, column: int) -> PairVerdict:
    """Compare with the mentor whom the need got; prices decide where the fit does not."""
    got = int(run.match[row])
    need, mentor, chosen = run.needs[row], run.mentors[column], run.mentors[got]
    terms, value = score_one(need, mentor, run.weights)
    chosen_terms, chosen_value = score_one(need, chosen, run.weights)
    gaps = differences(chosen_terms, terms, run.weights)
    more = [TERM_NAMES[name] for name, gap in gaps.items() if gap > 0]
    prices = run.certificate.prices
    if _gain(run, row, column) - int(prices[column]) > _gain(run, row, got) - int(prices[got]):
        raise Unexplained(f"{need.code} {mentor.code}")
    kind, text = _verdict(run, row, column, value - chosen_value)
    if kind is PairVerdictKind.LOWER and more:
        text += f"差别主要在{'、'.join(more[:2])}。"
    return PairVerdict(kind, text, value)


def _verdict(
    run: AssignmentRun, row: int, column: int, better_by: float
) -> tuple[PairVerdictKind, str]:
    need, got = run.needs[row], int(run.match[row])
    worth, worth_got = int(run.problem.values[row, column]), int(run.problem.values[row, got])
    wished = run.mentors[column].code in need.wishes
    if worth > worth_got and (wished or better_by > 0):
        fits = "您想找的这位导师" if wished else "这位导师更适合您，但"
        return (
            PairVerdictKind.NEEDED_ELSEWHERE,
            f"{fits}名额有限，安排给了更需要这个名额的人；这样总体上帮到的人更多、更合适。",
        )
    if better_by < 0:
        return PairVerdictKind.LOWER, "现在安排的导师更适合您。"
    if better_by == 0:
        return PairVerdictKind.EQUAL, "两位导师同样适合您，只能安排一位。"
    if run.mentors[got].code in need.wishes:
        return PairVerdictKind.WISHED, "这位导师略为合适，但现在安排的是您自己想找的导师。"
    return PairVerdictKind.KEPT, "这位导师略为合适，但已发出的邀请不为小的差别改动。"


def _gain(run: AssignmentRun, row: int, column: int) -> int:
    problem = run.problem
    return problem.coverage + int(problem.bonus[row]) + int(problem.values[row, column])
