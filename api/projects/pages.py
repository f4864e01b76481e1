"""The public pages of the project library: browse, read one, say that it does not suit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from api.access import Permission, allow
from api.chat.pages import new_message_id, render
from api.deps import CurrentSnapshot, CurrentVisitor, OpenDatabase
from api.guards import refuse_foreign_forms
from api.policies.reading_pages import local_path
from api.policies.validity import spoken_address, today
from api.projects.filter import FILTERS, ProjectFilter, chosen_in_words
from api.visitor import remember
from assistant.related_policy import RelatedPolicy
from knowledge.department import mentioned_departments
from knowledge.office import OfficeFacts, load_offices, unit_name
from matching.industry import division_name
from matching.profile.entrepreneur import known_person
from matching.profile.profile import profile_of
from matching.projects.facts import (
    HOURS_NAMES,
    KIND_NAMES,
    PREMISES_NAMES,
    RISK_NAMES,
    ProjectFacts,
)
from matching.projects.project import ProjectNotFound
from matching.recommending.adoption import has_taken_up, put_down, take_up
from matching.recommending.feedback import REASON_NAMES, Decline, DeclineReason, decline, take_back
from matching.recommending.impression import last_list_with
from matching.recommending.scoring import Wanted
from matching.recommending.suitable import mentors_of_project, need_of
from matching.recommending.why import investment_of, money_of, risk_of
from matching.recommending.why_not import fit_of
from matching.target_group import GROUP_NAMES, TargetGroup
from storage.database import storable

router = APIRouter(include_in_schema=False)

PAGE_SIZE = 20
MOST_OFFICES = 4


@dataclass(frozen=True, slots=True)
class PolicyLine:
    """A clause beside a project."""

    title: str
    text: str
    url: str


@router.get("/projects", dependencies=allow(Permission.PUBLIC))
def show_projects(
    request: Request,
    snapshot: CurrentSnapshot,
    wanted: Annotated[ProjectFilter, Query()],
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Response:
    """Browse the published projects with filters that work as a plain form."""
    day = today()
    projects = [p for p in snapshot.offers.table.projects if p.is_recommendable(day)]
    found = [p for p in projects if wanted.takes(p)]
    begin = (page - 1) * PAGE_SIZE
    return render(
        request,
        "projects/projects.html",
        projects=[
            (p, investment_of(p), risk_of(p), division_name(p.industry_code))
            for p in found[begin : begin + PAGE_SIZE]
        ],
        found=len(found),
        total=len(projects),
        wanted=wanted,
        filters=FILTERS,
        chosen=chosen_in_words(wanted),
        page=page,
        before=f"?{request.url.include_query_params(page=page - 1).query}",
        after=f"?{request.url.include_query_params(page=page + 1).query}",
        pages=max(1, -(-len(found) // PAGE_SIZE)),
    )


@router.get("/projects/{code}", dependencies=allow(Permission.PUBLIC))
def show_project(
    request: Request,
    code: str,
    database: OpenDatabase,
    snapshot: CurrentSnapshot,
    visitor: CurrentVisitor,
) -> Response:
    """Show everything about one project: risks first, money with its formula, policies."""
    day = today()
    table = snapshot.offers.table
    row = table.rows.get(code)
    if row is None or not table.projects[row].is_recommendable(day):
        raise ProjectNotFound(code)
    project = table.projects[row]
    with database.reading() as db:
        person = known_person(db, visitor.reference)
        chosen = has_taken_up(db, visitor.reference, code)
        offices = load_offices(db)
    profile = profile_of(person.facts, person.declined)
    fit = None
    if person.profile_in_use and (not profile.is_empty or profile.declined):
        fit = fit_of(table, code, Wanted(profile), snapshot.offers.weights, day)
    turned_down = next((d for d in person.declined if d.project_code == code), None)
    policies = snapshot.policies_of(project, profile, day)
    response = render(
        request,
        "projects/project.html",
        project=project,
        money=money_of(project),
        cash=project.first_year_cash,
        fit=fit,
        policies=[
            PolicyLine(
                f"《{policy.document}》{spoken_address(policy.address)}",
                policy.statement,
                f"/clauses/{policy.clause_id}",
            )
            for policy in policies
        ],
        offices=_offices_for(project, policies, offices.on(day)),
        mentors=mentors_of_project(
            need_of(profile),
            project,
            snapshot.offers.mentors,
            day,
            snapshot.offers.mentor_weights,
        ),
        declined=turned_down,
        chosen=chosen,
        reasons=REASON_NAMES,
        industry=division_name(project.industry_code),
        groups=[GROUP_NAMES[TargetGroup(g)] for g in project.groups if g in set(TargetGroup)],
        kinds=KIND_NAMES,
        premises=PREMISES_NAMES,
        hours=HOURS_NAMES,
        risks=RISK_NAMES,
        new_message_id=new_message_id,
    )
    remember(request, response, visitor)
    return response


def _offices_for(
    project: ProjectFacts, policies: Sequence[RelatedPolicy], offices: Sequence[OfficeFacts]
) -> list[OfficeFacts]:
    """Return the offices of the departments that the permits and policies of a project name,
    and of its streets.
    """
    told = [project.permits_text, *(p.statement for p in policies)]
    units = [department.name for department in mentioned_departments("\n".join(told))]
    wanted = {unit_name(unit) for unit in (*units, *project.streets)}
    return [office for office in offices if unit_name(office.unit) in wanted][:MOST_OFFICES]


@router.post(
    "/projects/{code}/unsuitable", dependencies=allow(Permission.PUBLIC, refuse_foreign_forms)
)
def turn_down(
    request: Request,
    code: str,
    database: OpenDatabase,
    visitor: CurrentVisitor,
    reason: Annotated[DeclineReason, Form()],
    back: Annotated[str, Form()] = "",
) -> Response:
    """Keep that a project does not suit this person, and why; it is not recommended again."""
    code = storable(code)
    with database.writing() as db:
        list_id = last_list_with(db, visitor.reference, code)
        given = Decline(code, reason)
        decline(db, visitor.reference, given, list_id, datetime.now(UTC))
        put_down(db, visitor.reference, code)
    page = local_path(back) if back else f"/projects/{code}"
    response = RedirectResponse(f"{page}#unsuitable", HTTPStatus.SEE_OTHER)
    remember(request, response, visitor)
    return response


@router.post(
    "/projects/{code}/suitable", dependencies=allow(Permission.PUBLIC, refuse_foreign_forms)
)
def turn_back(
    code: str,
    database: OpenDatabase,
    visitor: CurrentVisitor,
    back: Annotated[str, Form()] = "",
) -> Response:
    """Forget that a project did not suit."""
    code = storable(code)
    with database.writing() as db:
        take_back(db, visitor.reference, code)
    page = local_path(back) if back else f"/projects/{code}"
    return RedirectResponse(page, HTTPStatus.SEE_OTHER)


@router.post("/projects/{code}/choose", dependencies=allow(Permission.PUBLIC, refuse_foreign_forms))
def choose_project(
    request: Request,
    code: str,
    database: OpenDatabase,
    snapshot: CurrentSnapshot,
    visitor: CurrentVisitor,
) -> Response:
    """Keep that this person takes up a project; it binds to nothing and can be taken back."""
    table = snapshot.offers.table
    row = table.rows.get(storable(code))
    if row is None or not table.projects[row].is_recommendable(today()):
        raise ProjectNotFound(code)
    with database.writing() as db:
        take_up(db, visitor.reference, table.projects[row].code, datetime.now(UTC))
    response = RedirectResponse(f"/projects/{code}#chosen", HTTPStatus.SEE_OTHER)
    remember(request, response, visitor)
    return response


@router.post("/projects/{code}/leave", dependencies=allow(Permission.PUBLIC, refuse_foreign_forms))
def leave_project(code: str, database: OpenDatabase, visitor: CurrentVisitor) -> Response:
    """Forget that this person took up a project."""
    code = storable(code)
    with database.writing() as db:
        put_down(db, visitor.reference, code)
    return RedirectResponse(f"/projects/{code}#chosen", HTTPStatus.SEE_OTHER)
