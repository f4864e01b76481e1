"""The form of a project: made anew, and changed."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from api.access import Permission, allow
from api.column_form import inputs_of, posted_texts, read_texts
from api.deps import OpenDatabase
from api.forms import PostedForm, typed
from api.projects.admin import editor_of
from api.signed_in import CurrentAccount, SignedIn
from api.staff_page import render_staff
from matching.projects.columns import CONTENT_COLUMNS, contents_of
from matching.projects.editing import (
    ProjectChanged,
    ProjectInvalid,
    ProjectNotPublishable,
    create_project,
    revise_project,
)
from matching.projects.project import Project, find_project
from storage.database import storable

router = APIRouter(include_in_schema=False)


@router.get("/staff/projects/new", dependencies=allow(Permission.CATALOGUE))
def show_new(request: Request, account: CurrentAccount) -> Response:
    """Show the form for a new project."""
    return _form_page(request, account, None, {}, {})


@router.post("/staff/projects/new", dependencies=allow(Permission.CATALOGUE))
def post_new(
    request: Request, database: OpenDatabase, account: CurrentAccount, posted: PostedForm
) -> Response:
    """Add a project."""
    texts = posted_texts(posted, CONTENT_COLUMNS)
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
    texts = posted_texts(posted, CONTENT_COLUMNS)
    values, errors = _read(texts, new=False)
    seen = typed(posted, "version")
    told = ""
    with database.reading() as db:
        shown = find_project(db, storable(code))
    if not errors:
        try:
            with database.writing() as db:
                project = find_project(db, shown.code)
                version = int(seen) if seen.isdecimal() and len(seen) < 9 else 0
                reason = typed(posted, "reason", 200)
                revise_project(db, project, values, editor_of(account), version, reason)
            return RedirectResponse(f"/staff/projects/{shown.code}?saved=1", HTTPStatus.SEE_OTHER)
        except ProjectInvalid as error:
            errors = error.errors
        except (ProjectChanged, ProjectNotPublishable) as error:
            told = str(error)
    return _form_page(request, account, shown, texts, errors, told)


def _read(texts: Mapping[str, str], new: bool) -> tuple[dict[str, Any], dict[str, str]]:
    # A project keeps its code; a new one without a code gets the next free one.
    without_code = not (new and texts.get("code", "").strip())
    return read_texts(
        texts,
        [c for c in CONTENT_COLUMNS if not (c.name == "code" and without_code)],
    )


def _form_page(
    request: Request,
    account: SignedIn,
    project: Project | None,
    texts: Mapping[str, str],
    errors: Mapping[str, str],
    told: str = "",
) -> Response:
    wrong = bool(errors or told)
    return render_staff(
        request,
        account,
        "projects/edit.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if wrong else HTTPStatus.OK,
        project=project,
        sections=inputs_of(CONTENT_COLUMNS, texts, errors),
        error_count=len(errors),
        told=told,
    )
