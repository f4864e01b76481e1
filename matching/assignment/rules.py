"""What must hold between a need and a mentor before any score: small rules with codes.

Every rule looks at one need, one mentor and a day and says ok, or why not in words that
the person asking may read. `EDGE_RULES` decide whether a pair is possible at all;
`SEAT_RULES` whether the mentor has a seat left just now. `edges.possible_pairs` computes the
former for whole districts at once and must agree with them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from matching.mentors.facts import (
    PUTONGHUA,
    MentorFacts,
    MentorNeed,
    MentorState,
    RuleFinding,
)
from matching.mentors.weekly_slots import hour_starts


@dataclass(frozen=True, slots=True)
class Pair:
    """A need and a mentor on a day."""

    need: MentorNeed
    mentor: MentorFacts
    day: date


Rule = Callable[[Pair], RuleFinding]


def in_office(pair: Pair) -> RuleFinding:
    """The mentor is appointed and neither paused by decision nor dismissed."""
    ok = pair.mentor.state is MentorState.ACTIVE
    return RuleFinding(ok, "not_in_office", "这位导师目前没有在聘。")


def in_term(pair: Pair) -> RuleFinding:
    """The day lies in the term of office, whose last day belongs to it."""
    ok = pair.mentor.term_start_on <= pair.day <= pair.mentor.term_end_on
    return RuleFinding(ok, "outside_term", "这位导师不在聘期内。")


def not_paused(pair: Pair) -> RuleFinding:
    """The day lies in none of the mentor's announced pauses."""
    running = [last for first, last in pair.mentor.pauses if first <= pair.day <= last]
    until = f"，到 {max(running).isoformat()} 为止" if running else ""
    return RuleFinding(not running, "paused", f"这位导师暂停接受新学员{until}。")


def language_shared(pair: Pair) -> RuleFinding:
    """They share a language; a need that names none is taken to speak Putonghua."""
    ok = bool((pair.need.languages or {PUTONGHUA}) & pair.mentor.languages)
    return RuleFinding(ok, "no_common_language", "您和这位导师没有共同的语言或方言。")


def hour_shared(pair: Pair) -> RuleFinding:
    """They share a free hour in the week, or both can do by message.

    Without stated times on either side the time is left to arrangement.
    """
    by_arrangement = not pair.need.half_hours or not pair.mentor.half_hours
    ok = (
        by_arrangement
        or (pair.need.asynchronous and pair.mentor.asynchronous)
        or bool(hour_starts(pair.need.half_hours) & hour_starts(pair.mentor.half_hours))
    )
    return RuleFinding(ok, "no_common_hour", "您和这位导师每周没有一个小时以上的共同空闲时间。")


def region_covered(pair: Pair) -> RuleFinding:
    """They can meet online, or on site where the mentor serves."""
    serves = (
        not pair.mentor.streets or not pair.need.street or pair.need.street in pair.mentor.streets
    )
    ok = (pair.need.online and pair.mentor.online) or (
        pair.need.onsite and pair.mentor.onsite and serves
    )
    return RuleFinding(
        ok, "region_not_covered", "这位导师不服务您所在的街道，也没有双方都能用的线上方式。"
    )


def field_shared(pair: Pair) -> RuleFinding:
    """The mentor knows a topic of the need or its industry division; unknown excludes nobody."""
    topics = bool(set(pair.need.topics) & set(pair.mentor.topics))
    industry = pair.need.industry[:2] in {code[:2] for code in pair.mentor.industries}
    ok = (
        topics
        or (bool(pair.need.industry) and industry)
        or not (pair.need.topics or pair.need.industry)
    )
    return RuleFinding(ok, "no_common_field", "这位导师擅长的主题和行业与您的需要没有交集。")


def no_conflict_of_unit(pair: Pair) -> RuleFinding:
    """They do not work at the same place."""
    ok = not pair.need.unit or pair.need.unit not in pair.mentor.conflicts.units
    return RuleFinding(ok, "same_unit", "这位导师与您在同一单位，按回避规定不能结对。")


def no_conflict_of_kin(pair: Pair) -> RuleFinding:
    """The mentor has not declared the person a relative."""
    names = {pair.need.person, pair.need.person_name} - {""}
    return RuleFinding(
        not names & pair.mentor.conflicts.relatives,
        "relative",
        "这位导师申报了与您的亲属关系，须回避。",
    )


def no_conflict_of_franchise(pair: Pair) -> RuleFinding:
    """The mentor does not sell a project that the person is looking at."""
    return RuleFinding(
        not pair.need.projects & pair.mentor.conflicts.franchises,
        "sells_project",
        "这位导师本人推广您正在考虑的项目，须回避。",
    )


def no_conflict_of_company(pair: Pair) -> RuleFinding:
    """The mentor neither owns nor runs a company of the need."""
    return RuleFinding(
        not pair.need.companies & pair.mentor.conflicts.companies,
        "own_company",
        "这位导师经营或持有与您有关的企业，须回避。",
    )


def no_conflict_of_investment(pair: Pair) -> RuleFinding:
    """The mentor has not invested in a company of the need."""
    return RuleFinding(
        not pair.need.companies & pair.mentor.conflicts.investments,
        "invested",
        "这位导师投资了与您有关的企业，须回避。",
    )


def no_conflict_of_review(pair: Pair) -> RuleFinding:
    """The mentor did not judge the person's application."""
    ok = pair.mentor.code not in pair.need.reviewers
    return RuleFinding(ok, "reviewed_application", "这位导师评审过您的申请，须回避。")


def not_tried_before(pair: Pair) -> RuleFinding:
    """This pair was not proposed before for the same need and ended."""
    ok = pair.mentor.code not in pair.need.refused
    return RuleFinding(ok, "tried_before", "此前已向这位导师提出过，没有成。")


def minors_protected(pair: Pair) -> RuleFinding:
    """A minor is guided only by mentors admitted for it."""
    ok = not pair.need.minor or pair.mentor.guides_minors
    return RuleFinding(ok, "not_for_minors", "未成年人只能由专门登记的导师指导。")


def seat_free(pair: Pair) -> RuleFinding:
    """The mentor carries fewer than the cap on running pairings and open proposals."""
    ok = pair.mentor.load.held < pair.mentor.concurrent_cap
    return RuleFinding(
        ok, "full_now", f"这位导师同时带教的名额（{pair.mentor.concurrent_cap} 位）已满。"
    )


def seat_this_year(pair: Pair) -> RuleFinding:
    """The yearly cap is not used up."""
    ok = pair.mentor.load.new_this_year < pair.mentor.yearly_cap
    return RuleFinding(
        ok, "full_this_year", f"这位导师今年的名额（{pair.mentor.yearly_cap} 位）已用完。"
    )


def seat_this_week(pair: Pair) -> RuleFinding:
    """The weekly cap on new requests is not used up."""
    ok = pair.mentor.load.new_this_week < pair.mentor.weekly_cap
    return RuleFinding(ok, "full_this_week", "这位导师本周新增的名额已满，下周一起可再申请。")


EDGE_RULES: tuple[Rule, ...] = (
    in_office,
    in_term,
    not_paused,
    not_tried_before,
    no_conflict_of_unit,
    no_conflict_of_kin,
    no_conflict_of_franchise,
    no_conflict_of_company,
    no_conflict_of_investment,
    no_conflict_of_review,
    minors_protected,
    language_shared,
    region_covered,
    hour_shared,
    field_shared,
)
# What a colleague may set aside with a reason; office, interests and minors never.
WITH_REASON = frozenset(
    {
        "tried_before",
        "no_common_language",
        "region_not_covered",
        "no_common_hour",
        "no_common_field",
    }
)
SEAT_RULES: tuple[Rule, ...] = (seat_free, seat_this_year, seat_this_week)


def broken_rules(pair: Pair, rules: tuple[Rule, ...] = EDGE_RULES) -> tuple[RuleFinding, ...]:
    """Return what the rules object to, in their order; nothing when the pair is possible."""
    findings = (rule(pair) for rule in rules)
    return tuple(finding for finding in findings if not finding.ok)


def is_possible(pair: Pair) -> bool:
    """Whether the pair breaks no rule; seats are another question."""
    return not broken_rules(pair)
