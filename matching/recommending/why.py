"""Why a project suits, in sentences made from the terms of its score and nothing else."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from matching.profile.patterns import PATTERNS
from matching.profile.profile import RISK_WORDS, Profile
from matching.profile.said import labels_in as labels_of_text
from matching.projects.facts import PREMISES_NAMES, RISK_NAMES, ProjectFacts, in_wan
from matching.recommending.project_table import least_cash_yuan
from matching.recommending.scoring import NEUTRAL, ProjectWeights, contributions
from matching.target_group import GROUP_NAMES, TargetGroup

MOST_REASONS = 3
LONGEST_RISK = 60
MOST_SKILLS = 3
CLEARLY_NEAR = 0.75  # in meaning: less may be chance


# Only texts of projects are read here: what people write is never kept by this cache.
labels_in = lru_cache(maxsize=20_000)(labels_of_text)


@dataclass(frozen=True, slots=True)
class Reason:
    """One term of a score in words; `share` is what it adds to the score."""

    term: str
    text: str
    share: float


@dataclass(frozen=True, slots=True)
class Pairing:
    """One project for one person, to be spoken of."""

    project: ProjectFacts
    profile: Profile


def reasons_for(
    pairing: Pairing, terms: Mapping[str, float], weights: ProjectWeights
) -> tuple[Reason, ...]:
    """Return the strongest reasons, each with the data that caused it; at most three."""
    shares = contributions(terms, weights)
    strong = sorted(shares, key=lambda name: (-shares[name], name))
    said = [
        Reason(name, text, shares[name])
        for name in strong
        if terms[name] > (CLEARLY_NEAR if name == "meaning" else NEUTRAL)
        and (text := _REASONS[name](pairing))
    ]
    return tuple(said[:MOST_REASONS])


def weakness_of(pairing: Pairing, terms: Mapping[str, float], weights: ProjectWeights) -> str:
    """Return one honest weakness: the term that loses most, else what the project warns of."""
    shares = weights.shares()
    lost = {name: shares[name] * (1.0 - terms[name]) for name in shares}
    for name in sorted(lost, key=lambda name: (-lost[name], name)):
        if name in _WEAKNESSES and (text := _WEAKNESSES[name](pairing)):
            return text
    return first_sentence(pairing.project.failure_text or pairing.project.risk_text)


def first_sentence(text: str) -> str:
    """Return the first sentence of a text, shortened to what fits a card."""
    sentence = text.strip().split("。")[0].split("\n")[0].strip("；; ")
    if len(sentence) > LONGEST_RISK:
        sentence = sentence[: LONGEST_RISK - 1] + "…"
    return sentence


def investment_of(project: ProjectFacts) -> str:
    """Say what opening takes: 投资 3万元至5万元."""
    low, high = project.investment_min_yuan, project.investment_max_yuan
    if low is not None and high is not None and low != high:
        return f"投资 {in_wan(low)}至{in_wan(high)}"
    one = high if high is not None else low
    return "" if one is None else f"投资约 {in_wan(one)}"


def money_of(project: ProjectFacts) -> str:
    """Say what a project takes: 投资 3–5万元，第一年现金需要约 6.2万元."""
    parts = [investment_of(project)] if investment_of(project) else []
    if project.first_year_cash is not None:
        parts.append(f"第一年最多要备 {in_wan(project.first_year_cash.total_yuan)}现金")
    return "，".join(parts)


def risk_of(project: ProjectFacts) -> str:
    """Say a project's risk with its level: 风险中等：……."""
    level = RISK_NAMES.get(project.risk_level or 0, "")
    text = first_sentence(project.risk_text)
    return f"风险{level}：{text}" if level else text


def _trade(pairing: Pairing) -> str:
    project, profile = pairing.project, pairing.profile
    wanted = [label for label in profile.interests if _is_of(project, label)]
    if wanted:
        return f"您想做{'、'.join(wanted)}，这个项目正是"
    formats = [label for label in profile.interests if label in PATTERNS.formats]
    if formats:
        return f"您想{formats[0]}，它要的是{PREMISES_NAMES[project.premises_kind]}"
    past = [label for label in profile.experience if _is_of(project, label)]
    return f"您干过{'、'.join(past)}，熟门熟路" if past else ""


def _is_of(project: ProjectFacts, label: str) -> bool:
    named = labels_in(f"{project.title}\n{project.industry_label}", "interests")
    return label in named or project.industry_code[:2] in PATTERNS.industries.get(label, ())


def _skills(pairing: Pairing) -> str:
    asked = labels_in("、".join(pairing.project.skills), "skills")
    own = dict.fromkeys((*pairing.profile.skills, *pairing.profile.experience))
    held = [label for label in own if label in asked]
    if held:
        return f"用得上您会的{'、'.join(held)}"
    return "不要求专门的手艺" if not pairing.project.skills else ""


def _lacking(pairing: Pairing) -> str:
    own = {*pairing.profile.skills, *pairing.profile.experience}
    lacking = [skill for skill in pairing.project.skills if not own & {*labels_in(skill, "skills")}]
    if not own or not lacking:
        return ""
    return f"要会{'、'.join(lacking[:MOST_SKILLS])}，您可能得先学或找人搭伙"


def _meaning(pairing: Pairing) -> str:
    label = pairing.project.industry_label or pairing.project.title
    return f"内容和您说的接近（{label}）"


def _money(pairing: Pairing) -> str:
    need = pairing.project.first_year_cash
    budget = pairing.profile.budget_yuan
    if need is None or budget is None or need.total_yuan > budget:
        return ""
    return f"您的 {in_wan(budget)}够第一年用（最多要备 {in_wan(need.total_yuan)}）"


def _short_of_money(pairing: Pairing) -> str:
    budget = pairing.profile.budget_yuan
    if budget is None:
        return ""
    least = least_cash_yuan(pairing.project)
    if least is not None and least > budget:
        return f"最少要备 {in_wan(least)}，比您的 {in_wan(budget)}多 {in_wan(least - budget)}"
    need = pairing.project.first_year_cash
    if need is not None and need.total_yuan > budget:
        return (
            f"按小的规模做钱够，做大了第一年要 {in_wan(need.total_yuan)}，"
            f"比您的多 {in_wan(need.total_yuan - budget)}"
        )
    return ""


def _risk(pairing: Pairing) -> str:
    level = pairing.project.risk_level
    if level is None:
        return ""
    wish = pairing.profile.risk
    if wish is not None and level <= wish:
        return f"风险{RISK_NAMES[level]}，合您“{RISK_WORDS[wish]}”的想法"
    return f"风险{RISK_NAMES[level]}" if wish is None and level == 1 else ""


def _too_risky(pairing: Pairing) -> str:
    level = pairing.project.risk_level
    if level is None or level < max(2, (pairing.profile.risk or 0) + 1):
        return ""
    return f"风险{RISK_NAMES[level]}：{first_sentence(pairing.project.risk_text)}"


def _groups(pairing: Pairing) -> str:
    own = [
        GROUP_NAMES[TargetGroup(group)]
        for group in pairing.profile.groups
        if group in pairing.project.groups
    ]
    return f"适合{'、'.join(own)}" if own else ""


def _place(pairing: Pairing) -> str:
    project, street = pairing.project, pairing.profile.street
    if not street:
        return ""
    if project.remote_capable:
        return "在家在外都能做，不挑地方"
    return f"在{'、'.join(project.streets)}就能做" if project.streets else "全区各处都能做"


def _far(pairing: Pairing) -> str:
    project, street = pairing.project, pairing.profile.street
    if not street or not project.streets or project.remote_capable:
        return ""
    if any(street in name or name in street for name in project.streets):
        return ""
    return f"要到{'、'.join(project.streets)}去做"


def _premises(pairing: Pairing) -> str:
    kind = pairing.project.premises_kind
    if pairing.profile.premises is None:
        return ""
    if kind == pairing.profile.premises:
        return f"用得上您的场地（{PREMISES_NAMES[kind]}）"
    return ""


def _slow(pairing: Pairing) -> str:
    months = pairing.project.payback_months
    return f"回本慢，大约要 {months} 个月" if months is not None and months >= 18 else ""


def _quick(pairing: Pairing) -> str:
    months = pairing.project.payback_months
    return f"大约 {months} 个月回本" if months is not None and months <= 12 else ""


Sentence = Callable[[Pairing], str]
_REASONS: Mapping[str, Sentence] = {
    "trade": _trade,
    "skills": _skills,
    "meaning": _meaning,
    "money": _money,
    "risk": _risk,
    "groups": _groups,
    "place": _place,
    "premises": _premises,
    "payback": _quick,
}
_WEAKNESSES: Mapping[str, Sentence] = {
    "skills": _lacking,
    "money": _short_of_money,
    "risk": _too_risky,
    "place": _far,
    "payback": _slow,
}
