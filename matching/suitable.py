"""Which mentors suit a person, with or without a project they look at."""

from collections.abc import Sequence
from datetime import date

from matching.mentor_facts import MentorFacts, MentorNeed, Stage
from matching.mentor_fit import SuitableMentor, need_for_project, suitable_mentors
from matching.mentor_topics import topics_in
from matching.profile import Profile
from matching.project_facts import ProjectFacts
from matching.said_patterns import PATTERNS


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
    need: MentorNeed, mentors: Sequence[MentorFacts], day: date, limit: int = 2
) -> tuple[SuitableMentor, ...]:
    """Return suitable mentors; where none covers the place, those of elsewhere."""
    found = suitable_mentors(need, mentors, day, limit)
    if found or not need.topics:
        return found
    wider = MentorNeed(code=need.code, industry=need.industry, stage=need.stage)
    return suitable_mentors(wider, mentors, day, limit)


def mentors_of_project(
    need: MentorNeed, project: ProjectFacts, mentors: Sequence[MentorFacts], day: date
) -> tuple[SuitableMentor, ...]:
    """Return two mentors suited to a project and a person."""
    return mentors_for(need_for_project(need, project), mentors, day, 2)
