"""Why a mentor fits, in sentences made from the terms of the score and nothing else."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from matching.assignment.rules import Pair
from matching.assignment.scoring import MentorWeights, contributions
from matching.industry import division_name
from matching.mentors.facts import PUTONGHUA, STAGE_NAMES
from matching.mentors.weekly_slots import first_common_hour

MOST_REASONS = 3
WORTH_SAYING = 0.5  # a term below this is no reason, one above it no weakness


@dataclass(frozen=True, slots=True)
class Reason:
    """One term of a score in words; `share` is what it adds to the person's side."""

    term: str
    text: str
    share: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """The strongest reasons, one honest weakness, and what the mentor gains."""

    reasons: tuple[Reason, ...]
    weakness: str
    mutual: str


def explain(pair: Pair, terms: Mapping[str, float], weights: MentorWeights) -> Explanation:
    """Put the terms of one pair into words, the largest contribution first."""
    shares = contributions(terms, weights.mentee)
    strong = sorted(shares, key=lambda name: (-shares[name], name))
    said = [
        Reason(name, text, shares[name])
        for name in strong
        if terms[name] >= WORTH_SAYING and (text := _REASONS[name](pair))
    ]
    lost = {name: weights.mentee[name] * (1.0 - terms[name]) for name in shares}
    weak = sorted(lost, key=lambda name: (-lost[name], name))
    weaknesses = (
        _WEAKNESSES[name](pair)
        for name in weak
        if name in _WEAKNESSES and terms[name] < WORTH_SAYING
    )
    weakness = next((text for text in weaknesses if text), "")
    return Explanation(tuple(said[:MOST_REASONS]), weakness, _mutual(pair))


def differences(
    better: Mapping[str, float], worse: Mapping[str, float], weights: MentorWeights
) -> dict[str, float]:
    """Return, by term of both sides, what the better pair has more; largest first."""
    sides = weights.mentee | weights.mentor  # type: ignore[operator]
    gaps = {name: (better[name] - worse[name]) * weight for name, weight in sides.items()}
    return dict(sorted(gaps.items(), key=lambda item: (-item[1], item[0])))


def _topics(pair: Pair) -> str:
    common = [topic for topic in pair.mentor.topics if topic in pair.need.topics]
    return f"擅长{'、'.join(common)}，正是您想问的" if common else ""


def _industry(pair: Pair) -> str:
    same = pair.need.industry[:2] in {code[:2] for code in pair.mentor.industries}
    if not pair.need.industry:
        return ""
    return f"熟悉{division_name(pair.need.industry)}" if same else "熟悉相近的行业"


def _time(pair: Pair) -> str:
    hour = first_common_hour(pair.need.half_hours, pair.mentor.half_hours)
    return f"{hour} 双方都有空" if hour else ""


def _nearness(pair: Pair) -> str:
    if pair.need.street and pair.need.street in pair.mentor.streets:
        return f"服务区域含您所在的{pair.need.street}"
    return "" if pair.mentor.streets else "全区都服务"


def _stage(pair: Pair) -> str:
    return (
        f"愿意带“{STAGE_NAMES[pair.need.stage]}”的创业者"
        if pair.need.stage in pair.mentor.stages
        else ""
    )


def _rating(pair: Pair) -> str:
    return "带过的学员评价较好" if pair.mentor.rating >= 0.7 else ""


def _language(pair: Pair) -> str:
    common = sorted(pair.need.languages & pair.mentor.languages - {PUTONGHUA})
    return f"会说{'、'.join(common)}" if common else ""


def _continuity(pair: Pair) -> str:
    return "此前带过您，了解您的情况" if pair.mentor.code in pair.need.known_mentors else ""


def _missing_topics(pair: Pair) -> str:
    missing = [topic for topic in pair.need.topics if topic not in pair.mentor.topics]
    return f"{'、'.join(missing)}不是这位导师的专长" if missing else ""


def _other_industry(pair: Pair) -> str:
    return f"没有登记{division_name(pair.need.industry)}方面的经验" if pair.need.industry else ""


def _little_time(pair: Pair) -> str:
    common = first_common_hour(pair.need.half_hours, pair.mentor.half_hours)
    return "共同的空闲时间不多" if common else "没有共同的固定时间，要靠留言往来"


def _far(pair: Pair) -> str:
    if not pair.need.street:
        return ""
    return f"不常到{pair.need.street}，" + (
        "可以线上指导" if pair.mentor.online else "见面要多走一些路"
    )


def _other_stage(pair: Pair) -> str:
    if pair.need.stage is None or not pair.mentor.stages:
        return ""
    names = "、".join(name for stage, name in STAGE_NAMES.items() if stage in pair.mentor.stages)
    return f"更常带“{names}”的创业者"


def _other_dialect(pair: Pair) -> str:
    return f"不说{'、'.join(sorted(pair.need.languages - {PUTONGHUA}))}，用普通话交流"


def _mutual(pair: Pair) -> str:
    """What speaks for the pair from the mentor's side."""
    ranks = [
        rank for rank, topic in enumerate(pair.mentor.topics, start=1) if topic in pair.need.topics
    ]
    if ranks:
        rank = "最擅长" if ranks[0] == 1 else f"第 {ranks[0]} 擅长"
        return f"这位导师把{pair.mentor.topics[ranks[0] - 1]}列为自己{rank}的主题"
    if pair.need.stage is not None and pair.need.stage in pair.mentor.stages:
        return f"这位导师希望带“{STAGE_NAMES[pair.need.stage]}”的创业者"
    return ""


_Sentence = Callable[[Pair], str]
_REASONS: dict[str, _Sentence] = {
    "topics": _topics,
    "industry": _industry,
    "time": _time,
    "nearness": _nearness,
    "stage": _stage,
    "rating": _rating,
    "language": _language,
    "continuity": _continuity,
}
# That two people have not met before, or that nobody rated a mentor yet, is no weakness.
_WEAKNESSES: dict[str, _Sentence] = {
    "topics": _missing_topics,
    "industry": _other_industry,
    "time": _little_time,
    "nearness": _far,
    "stage": _other_stage,
    "language": _other_dialect,
}
