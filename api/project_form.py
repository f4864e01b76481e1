"""The form of a project: made anew, and changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from api.access import Permission, allow
from api.deps import OpenDatabase
from api.forms import PostedForm
from api.project_admin import editor_of
from api.signed_in import CurrentAccount, SignedIn
from api.staff_page import render_staff
from matching.column import CellUnreadable, Column, ColumnKind
from matching.project import Project, find_project
from matching.project_columns import COLUMNS_BY_NAME, CONTENT_COLUMNS, contents_of
from matching.project_editing import (
    ProjectChanged,
    ProjectInvalid,
    ProjectNotPublishable,
    create_project,
    revise_project,
)
from storage.database import storable

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Input:
    """One field of the form as it is shown: what was typed, and what is wrong with it."""

    column: Column
    text: str
    chosen: tuple[str, ...]
    error: str


@router.get("/staff/projects/new", dependencies=allow(Permission.CATALOGUE))
def show_new(request: Request, account: CurrentAccount) -> Response:
    """Show the form for a new project."""
    return _form_page(request, account, None, {}, {})


@router.post("/staff/projects/new", dependencies=allow(Permission.CATALOGUE))
def post_new(
    request: Request, database: OpenDatabase, account: CurrentAccount, posted: PostedForm
) -> Response:
    """Add a project."""
    texts = _posted_texts(posted)
    values, errors = _read(texts, new=True)
    if not errors:
        try:
            with database.writing() as db:
                code = create_project(db, values, editor_of(account), "新建").code
            return RedirectResponse(f"/staff/projects/{code}?saved=1", HTTPStatus.SEE_OTHER)
        except ProjectInvalid as error:
            errors = error.errors
    return _form_page(request, account, None, texts, errors)


@router.get("/staff/projects/{code}/edit", dependencies=allow(Permission.CATALOGUE))
def show_edit(
    request: Request, code: str, database: OpenDatabase, account: CurrentAccount
) -> Response:
    """Show the form of a project."""
    with database.reading() as db:
        project = find_project(db, storable(code))
    return _form_page(request, account, project, contents_of(project), {})


@router.post("/staff/projects/{code}/edit", dependencies=allow(Permission.CATALOGUE))
def post_edit(
    request: Request,
    code: str,
    database: OpenDatabase,
    account: CurrentAccount,
    posted: PostedForm,
) -> Response:
    """Change a project; what was typed stays in the form when something is wrong."""
    texts = _posted_texts(posted)
    values, errors = _read(texts, new=False)
    seen = str(posted.get("version", ""))
    told = ""
    with database.reading() as db:
        shown = find_project(db, storable(code))
    if not errors:
        try:
            with database.writing() as db:
                project = find_project(db, shown.code)
                version = int(seen) if seen.isdecimal() and len(seen) < 9 else 0
                reason = str(posted.get("reason", ""))[:200]
                revise_project(db, project, values, editor_of(account), version, reason)
            return RedirectResponse(f"/staff/projects/{shown.code}?saved=1", HTTPStatus.SEE_OTHER)
        except ProjectInvalid as error:
            errors = error.errors
        except (ProjectChanged, ProjectNotPublishable) as error:
            told = str(error)
    return _form_page(request, account, shown, texts, errors, told)


def _posted_texts(posted: Any) -> dict[str, str]:
    """Return column name -> text; several ticked boxes are joined as a cell would be."""
    return {
        column.name: "、".join(str(value) for value in posted.getlist(column.name))
        for column in CONTENT_COLUMNS
        if column.name in posted or column.kind in {ColumnKind.CHOICES, ColumnKind.YES_NO}
    }


def _read(texts: Mapping[str, str], new: bool) -> tuple[dict[str, Any], dict[str, str]]:
    values: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for name, text in texts.items():
        if name == "code" and not (new and text.strip()):
            continue
        try:
            values[name] = COLUMNS_BY_NAME[name].read(text)
        except CellUnreadable as error:
            errors[name] = str(error)
    return values, errors


def _form_page(
    request: Request,
    account: SignedIn,
    project: Project | None,
    texts: Mapping[str, str],
    errors: Mapping[str, str],
    told: str = "",
) -> Response:
    inputs: dict[str, list[Input]] = {}
    for column in CONTENT_COLUMNS:
        text = texts.get(column.name, "")
        shown = Input(column, text, _chosen(column, text), errors.get(column.name, ""))
        inputs.setdefault(column.section, []).append(shown)
    wrong = bool(errors or told)
    return render_staff(
        request,
        account,
        "project_edit.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if wrong else HTTPStatus.OK,
        project=project,
        sections=inputs,
        error_count=len(errors),
        told=told,
    )


def _chosen(column: Column, text: str) -> tuple[str, ...]:
    """Return the values of a choice that a text names, for ticking them."""
    try:
        value = column.read(text)
    except CellUnreadable:
        return ()
    if isinstance(value, tuple):
        return tuple(str(one) for one in value)
    return () if value is None else (str(value),)
