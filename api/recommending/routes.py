"""The recommendation API: projects and mentors for a profile, with scores and reasons."""

from datetime import UTC, date, datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from api.access import Permission, allow
from api.deps import CurrentSnapshot, OpenDatabase
from api.guards import refuse_foreign_forms
from api.input import Text
from api.limiter import count_message
from api.policies.validity import today
from api.snapshot import Snapshot
from matching.assignment.fit import SuitableMentor
from matching.profile.profile import Profile, profile_of
from matching.profile.said import facts_said
from matching.projects.facts import PremisesKind
from matching.recommending.impression import ShownIn, ShownItem, ShownList, log_list
from matching.recommending.recommender import Recommendation, Recommended, recommend
from matching.recommending.suitable import mentors_for, mentors_of_project, need_of
from matching.recommending.why import money_of, risk_of
from matching.target_group import TargetGroup

router = APIRouter(prefix="/api/v1/recommendations", tags=["推荐"])

MOST_ITEMS = 20
MAX_WORDS = 500


class ProfileIn(BaseModel):
    """What is known of a person; everything may be left out."""

    model_config = ConfigDict(extra="forbid")

    text: Text = Field(
        default="", max_length=MAX_WORDS, description="用平常的话说的情况，会先读懂再用。"
    )
    budget_yuan: int | None = Field(default=None, ge=0, le=10**9)
    skills: list[Text] = Field(default=[], max_length=50)
    experience: list[Text] = Field(default=[], max_length=50)
    interests: list[Text] = Field(default=[], max_length=50)
    avoids: list[Text] = Field(default=[], max_length=50)
    groups: list[TargetGroup] = Field(default=[], max_length=20)
    street: Text = Field(default="", max_length=50)
    premises: PremisesKind | None = None
    premises_m2: int | None = Field(default=None, ge=0, le=10**7)
    people: int | None = Field(default=None, ge=1, le=100)
    hours: int | None = Field(default=None, ge=0, le=100, description="每周小时数。")
    risk: int | None = Field(default=None, ge=1, le=3, description="1 求稳，2 一般，3 敢冒险。")
    payback_months: int | None = Field(default=None, ge=1, le=600)

    def facts(self) -> dict[str, Any]:
        """Return the facts of the text, and over them those that were given."""
        given = self.model_dump(mode="json", exclude={"text"}, exclude_defaults=True)
        said = {key: value for key, value in facts_said(self.text).items() if value is not None}
        return said | given


class RecommendIn(BaseModel):
    """A request for recommendations."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"profile": {"text": "我有五万块，会做饭，想开个小店"}, "k": 3}]
        }
    )

    profile: ProfileIn = Field(default_factory=ProfileIn)
    k: int = Field(default=3, ge=1, le=MOST_ITEMS)


class ReasonOut(BaseModel):
    """One term of the score in words."""

    term: str
    text: str
    share: float


class MentorItem(BaseModel):
    """One mentor who suits."""

    code: str
    name: str
    topics: list[str]
    score: float
    reasons: list[ReasonOut]
    weakness: str
    relaxed: list[str]
    sample: bool = Field(description="示例数据，不是真人。")


class PolicyItem(BaseModel):
    """One clause in force that helps."""

    document: str
    address: str
    statement: str
    url: str


class ProjectItem(BaseModel):
    """One project; `score` is the sum of `contributions`."""

    code: str
    title: str
    score: float
    contributions: dict[str, float]
    reasons: list[ReasonOut]
    weakness: str
    relaxed: list[str] = Field(description="为了有得推荐而放宽的条件。")
    money: str
    first_year_cash_yuan: int | None
    first_year_cash_formula: str
    risk: str
    policies: list[PolicyItem]
    mentors: list[MentorItem]
    url: str


class RelaxationOut(BaseModel):
    """Conditions to give up together, and how many projects that brings."""

    text: str
    projects: int


class ProjectsOut(BaseModel):
    """Recommended projects, best first."""

    items: list[ProjectItem]
    fitting: int = Field(description="完全符合条件的项目数。")
    relaxations: list[RelaxationOut]
    weight_version: str
    library_version: str


class MentorsOut(BaseModel):
    """Recommended mentors, best first."""

    items: list[MentorItem]


@router.post(
    "/projects",
    summary="推荐创业项目",
    dependencies=allow(Permission.PUBLIC, refuse_foreign_forms, count_message),
)
def recommend_projects(
    wanted: RecommendIn, snapshot: CurrentSnapshot, database: OpenDatabase
) -> ProjectsOut:
    """Recommend projects for a profile; the list is logged without a person."""
    offers, day = snapshot.offers, today()
    facts = wanted.profile.facts()
    profile = profile_of(facts)
    found = recommend(
        offers.table,
        profile,
        offers.weights,
        day,
        wanted.k,
        offers.vector_of(wanted.profile.text),
    )
    with database.writing() as db:
        log_list(db, "", _shown(found, facts), None, datetime.now(UTC))
    return ProjectsOut(
        items=[_project(item, profile, snapshot, day) for item in found.items],
        fitting=found.fitting,
        relaxations=[RelaxationOut(text=r.text, projects=r.projects) for r in found.relaxations],
        weight_version=found.weight_version,
        library_version=found.library_version,
    )


@router.post(
    "/mentors",
    summary="推荐导师",
    dependencies=allow(Permission.PUBLIC, refuse_foreign_forms, count_message),
)
def recommend_mentors(wanted: RecommendIn, snapshot: CurrentSnapshot) -> MentorsOut:
    """Recommend mentors with a free seat for a profile."""
    profile = profile_of(wanted.profile.facts())
    need = need_of(profile, wanted.profile.text)
    found = mentors_for(
        need, snapshot.offers.mentors, today(), wanted.k, snapshot.offers.mentor_weights
    )
    return MentorsOut(items=[_mentor(one) for one in found])


def _project(item: Recommended, profile: Profile, snapshot: Snapshot, day: date) -> ProjectItem:
    need = need_of(profile)
    mentors = mentors_of_project(
        need, item.project, snapshot.offers.mentors, day, snapshot.offers.mentor_weights
    )
    return ProjectItem(
        code=item.project.code,
        title=item.project.title,
        score=item.score,
        contributions=dict(item.contributions),
        reasons=[ReasonOut(term=r.term, text=r.text, share=r.share) for r in item.reasons],
        weakness=item.weakness,
        relaxed=list(item.relaxed),
        money=money_of(item.project),
        first_year_cash_yuan=item.cash.total_yuan if item.cash else None,
        first_year_cash_formula=item.cash.formula if item.cash else "",
        risk=risk_of(item.project),
        policies=[
            PolicyItem(
                document=policy.document,
                address=policy.address,
                statement=policy.statement,
                url=f"/clauses/{policy.clause_id}",
            )
            for policy in snapshot.policies_of(item.project, profile, day)
        ],
        mentors=[_mentor(one) for one in mentors],
        url=f"/projects/{item.project.code}",
    )


def _mentor(found: SuitableMentor) -> MentorItem:
    return MentorItem(
        code=found.mentor.code,
        name=found.mentor.name,
        topics=list(found.mentor.topics),
        score=found.value,
        reasons=[
            ReasonOut(term=r.term, text=r.text, share=r.share) for r in found.explanation.reasons
        ],
        weakness=found.explanation.weakness,
        relaxed=[],
        sample=found.mentor.sample,
    )


def _shown(found: Recommendation, facts: dict[str, Any]) -> ShownList:
    return ShownList(
        shown_in=ShownIn.API,
        items=tuple(ShownItem(i.project.code, i.score, i.terms) for i in found.items),
        weight_version=found.weight_version,
        library_version=found.library_version,
        facts=facts,
        fitting=found.fitting,
        relaxed=found.fitting < len(found.items),
    )
