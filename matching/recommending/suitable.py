"""Which mentors suit a person, with or without a project they look at."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from matching.assignment.fit import SuitableMentor, need_for_project, suitable_mentors
from matching.assignment.scoring import MentorWeights
from matching.mentors.facts import MentorFacts, MentorNeed, Stage
from matching.mentors.topics import topics_in
from matching.profile.patterns import PATTERNS
from matching.profile.profile import Profile
from matching.projects.facts import ProjectFacts

FOR_ANYBODY = ("选项目", "开业手续", "选址装修")  # what everybody who starts has to settle


def need_of(profile: Profile, words: str = "", stage: Stage | None = None) -> MentorNeed:
    """Return what somebody needs a mentor for: their own words, their trade, their place."""
    trades = (*profile.interests, *profile.experience)
    divisions = [code for label in trades for code in PATTERNS.industries.get(label, ())]
    about = "\n".join((words, *trades))
    return MentorNeed(
        code="",
        topics=topics_in(about)[:3],
        industry=divisions[0] if divisions else "",
        stage=stage,
        street=profile.street,
        groups=frozenset(profile.groups),
    )


def mentors_for(
    need: MentorNeed,
    mentors: Sequence[MentorFacts],
    day: date,
    limit: int = 2,
    weights: MentorWeights | None = None,
) -> tuple[SuitableMentor, ...]:
    """Return suitable mentors, filled up with those who help anybody to start."""
    found = suitable_mentors(need, mentors, day, limit, weights)
    if len(found) == limit:
        return found
    codes = {one.mentor.code for one in found}
    others = [mentor for mentor in mentors if mentor.code not in codes]
    anybody = replace(need, topics=FOR_ANYBODY, industry="")
    return found + suitable_mentors(anybody, others, day, limit - len(found), weights)


def mentors_of_project(
    need: MentorNeed,
    project: ProjectFacts,
    mentors: Sequence[MentorFacts],
    day: date,
    weights: MentorWeights | None = None,
) -> tuple[SuitableMentor, ...]:
    """Return two mentors suited to a project and a person."""
    return mentors_for(need_for_project(need, project), mentors, day, 2, weights)
