"""The staff's pages of the project library: list, one project, editing, the way through it."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field

from api.access import Permission, allow, may
from api.deps import OpenDatabase
from api.forms import PostedForm, typed
from api.input import Word, member
from api.policies.validity import today
from api.signed_in import CurrentAccount, SignedIn
from api.staff_page import render_staff
from matching.industry import sections
from matching.projects.columns import CONTENT_COLUMNS
from matching.projects.completeness import completeness_of
from matching.projects.editing import (
    Editor,
    ProjectNotPublishable,
    compare_versions,
    move_project,
)
from matching.projects.project import find_project, steps_of, versions_of
from matching.projects.search import (
    ATTENTION_NAMES,
    ORDER_NAMES,
    Attention,
    Order,
    ProjectFilter,
    search_projects,
    state_counts,
)
from matching.projects.state import (
    MOVES,
    STATE_NAMES,
    MoveNotPossible,
    ProjectAction,
    ProjectState,
    possible_actions,
)
from matching.recommending.adoption import times_taken_up
from matching.target_group import GROUP_NAMES
from storage.database import storable

router = APIRouter(include_in_schema=False)


TONES = {
    ProjectState.PROMOTED: "good",
    ProjectState.FOLLOWED: "good",
    ProjectState.ADMITTED: "",
    ProjectState.RETIRED: "bad",
    ProjectState.REJECTED: "bad",
}
DANGEROUS = frozenset({ProjectAction.WITHDRAW, ProjectAction.REJECT, ProjectAction.RETIRE})
MOST_AT_ONCE = 200


def editor_of(account: SignedIn) -> Editor:
    """Return who changes something now."""
    return Editor(account.actor, account.name, datetime.now(UTC))


class ListQuery(BaseModel):
    """What the list is narrowed down by, as it stands in the address."""

    q: Word = ""
    state: Word = ""
    section: Word = ""
    group: Word = ""
    attention: Word = ""
    order: Word = ""
    page: Annotated[int, Field(ge=1, le=100_000)] = 1

    def wanted(self) -> ProjectFilter:
        """Return the filter; a value that is unknown filters nothing."""
        return ProjectFilter(
            words=self.q,
            state=member(ProjectState, self.state),
            section=self.section,
            group=self.group,
            attention=member(Attention, self.attention),
            order=member(Order, self.order) or Order.CODE,
        )

    def address(self) -> str:
        """Return the address of the same list, to which a page number is added."""
        chosen = self.model_dump(exclude={"page"}, exclude_defaults=True)
        return "/staff/projects?" + urlencode({**chosen, "page": ""})


@router.get("/staff/projects", dependencies=allow(Permission.STAFF))
def show_projects(
    request: Request,
    database: OpenDatabase,
    account: CurrentAccount,
    query: Annotated[ListQuery, Query()],
) -> Response:
    """List the projects that the filters leave."""
    with database.reading() as db:
        found = search_projects(db, query.wanted(), query.page, today())
        counts = state_counts(db)
    return render_staff(
        request,
        account,
        "projects/projects_staff.html",
        found=found,
        chosen=query,
        address=query.address(),
        counts=counts,
        states=STATE_NAMES,
        sections=sections(),
        groups=GROUP_NAMES,
        attentions=ATTENTION_NAMES,
        orders=ORDER_NAMES,
        tones=TONES,
        day=today(),
        may_edit=may_edit(account),
        moves={action: move.name for action, move in MOVES.items()},
    )


@router.post("/staff/projects/move", dependencies=allow(Permission.CATALOGUE))
def move_many(
    request: Request, database: OpenDatabase, account: CurrentAccount, posted: PostedForm
) -> Response:
    """Take one step with every project that was ticked: all of them or none."""
    codes = [str(code) for code in posted.getlist("code")][:MOST_AT_ONCE]
    action = member(ProjectAction, typed(posted, "action"))
    if not codes or action is None:
        return _told(request, account, "请先勾选项目，并选择要做的操作。", "/staff/projects")
    try:
        with database.writing() as db:
            for code in codes:
                try:
                    move_project(
                        db,
                        find_project(db, code),
                        action,
                        typed(posted, "reason", 1000),
                        editor_of(account),
                        today(),
                    )
                except (MoveNotPossible, ProjectNotPublishable) as error:
                    raise type(error)(f"{code}：{error} 一个项目也没有改动。") from error
    except (MoveNotPossible, ProjectNotPublishable) as error:
        return _told(request, account, str(error), "/staff/projects")
    return RedirectResponse("/staff/projects?saved=1", HTTPStatus.SEE_OTHER)


@router.get("/staff/projects/{code}", dependencies=allow(Permission.STAFF))
def show_project(
    request: Request, code: str, database: OpenDatabase, account: CurrentAccount
) -> Response:
    """Show a project with its completeness, its way through the library and its versions."""
    return _project_page(request, code, database, account)


@router.post("/staff/projects/{code}/move", dependencies=allow(Permission.CATALOGUE))
def move_one(
    request: Request,
    code: str,
    database: OpenDatabase,
    account: CurrentAccount,
    posted: PostedForm,
) -> Response:
    """Take one step with a project."""
    action = member(ProjectAction, typed(posted, "action"))
    opinion = typed(posted, "reason", 1000)
    try:
        if action is None:
            raise MoveNotPossible("请选择要做的操作。")
        with database.writing() as db:
            project = find_project(db, storable(code))
            move_project(db, project, action, opinion, editor_of(account), today())
    except (MoveNotPossible, ProjectNotPublishable) as error:
        return _project_page(request, code, database, account, str(error))
    return RedirectResponse(f"/staff/projects/{project.code}?saved=1", HTTPStatus.SEE_OTHER)


@router.get("/staff/projects/{code}/versions", dependencies=allow(Permission.STAFF))
def show_versions(
    request: Request,
    code: str,
    database: OpenDatabase,
    account: CurrentAccount,
    before: Annotated[int, Query(ge=0, le=10**6)] = 0,
    after: Annotated[int, Query(ge=0, le=10**6)] = 0,
) -> Response:
    """Compare two versions of a project; the last two unless others are asked for."""
    with database.reading() as db:
        project = find_project(db, storable(code))
        versions = versions_of(db, project.id)
    by_number = {one.version: one for one in versions}
    newer = by_number.get(after, versions[-1])
    older = by_number.get(before, by_number.get(newer.version - 1, newer))
    return render_staff(
        request,
        account,
        "projects/versions.html",
        project=project,
        versions=versions[::-1],
        older=older,
        newer=newer,
        changes=_without_contact(compare_versions(older.content, newer.content), account),
    )


def _without_contact(changes: list[Any], account: SignedIn) -> list[Any]:
    """Leave personal fields to those who may edit them."""
    if may_edit(account):
        return changes
    personal = {column.label for column in CONTENT_COLUMNS if column.personal}
    return [change for change in changes if change.label not in personal]


def may_edit(account: SignedIn) -> bool:
    """Whether an account may change projects."""
    return may(account.roles, Permission.CATALOGUE)


def _project_page(
    request: Request, code: str, database: Any, account: SignedIn, told: str = ""
) -> Response:
    with database.reading() as db:
        project = find_project(db, storable(code))
        steps = steps_of(db, project.id)
        taken_up = times_taken_up(db, project.code)
    actions = possible_actions(project.state) if may_edit(account) else ()
    rows: dict[str, list[tuple[str, str]]] = {}
    for column in CONTENT_COLUMNS:
        text = column.write(getattr(project, column.name))
        if column.personal and text and not may_edit(account):
            text = "（只对管理员显示）"
        if text and column.name not in {"code", "title", "summary"}:
            unit = "" if not str(column.unit) else f" {column.unit}"
            rows.setdefault(column.section, []).append((column.label, text + unit))
    return render_staff(
        request,
        account,
        "projects/staff.html",
        HTTPStatus.CONFLICT if told else HTTPStatus.OK,
        project=project,
        facts=project.facts(),
        judged=completeness_of(vars(project)),
        rows=rows,
        steps=steps,
        taken_up=taken_up,
        moves=[(action, MOVES[action]) for action in actions],
        move_names={action: move.name for action, move in MOVES.items()},
        states=STATE_NAMES,
        tones=TONES,
        dangerous=DANGEROUS,
        may_edit=may_edit(account),
        told=told,
        day=today(),
    )


def _told(request: Request, account: SignedIn, text: str, back: str) -> Response:
    return render_staff(
        request, account, "projects/told.html", HTTPStatus.CONFLICT, text=text, back=back
    )
