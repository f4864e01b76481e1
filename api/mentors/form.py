"""The form of a mentor: entered anew, and changed."""

from collections.abc import Mapping
from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from api.access import Permission, allow
from api.column_form import inputs_of, posted_texts, read_texts
from api.deps import OpenDatabase
from api.forms import PostedForm, typed
from api.mentors.matching_work import after_change
from api.policies.validity import today
from api.projects.admin import editor_of
from api.signed_in import CurrentAccount, SignedIn
from api.staff_page import render_staff
from matching.mentors.columns import MENTOR_COLUMNS
from matching.mentors.editing import (
    MentorChanged,
    MentorFieldsInvalid,
    MentorRecord,
    contents_of,
    create_mentor,
    next_mentor_code,
    revise_mentor,
    version_of,
)
from matching.mentors.mentor import Mentor, find_mentor, term_end
from storage.database import storable

router = APIRouter(include_in_schema=False)

NEW_COLUMNS = tuple(column for column in MENTOR_COLUMNS if not column.read_only)
COLUMNS = tuple(column for column in NEW_COLUMNS if column.name != "code")  # a code stays


@router.get("/staff/mentors/new", dependencies=allow(Permission.CATALOGUE))
def show_new(request: Request, database: OpenDatabase, account: CurrentAccount) -> Response:
    """Show the form for a new mentor, with the usual values filled in."""
    with database.reading() as db:
        code = next_mentor_code(db)
    usual = {column.name: column.write(column.empty) for column in NEW_COLUMNS}
    usual |= {
        "code": code,
        "term_start_on": today().isoformat(),
        "term_end_on": term_end(today()).isoformat(),
    }
    return _form_page(request, account, None, usual, {})


@router.post("/staff/mentors/new", dependencies=allow(Permission.CATALOGUE))
def post_new(
    request: Request, database: OpenDatabase, account: CurrentAccount, posted: PostedForm
) -> Response:
    """Enter a mentor as a candidate."""
    texts = {column.name: "" for column in NEW_COLUMNS} | posted_texts(posted, NEW_COLUMNS)
    values, errors = read_texts(texts, NEW_COLUMNS)
    if not errors:
        try:
            with database.writing() as db:
                code = create_mentor(db, values, editor_of(account)).code
            return RedirectResponse(f"/staff/mentors/{code}?saved=1", HTTPStatus.SEE_OTHER)
        except MentorFieldsInvalid as error:
            errors = error.errors
    return _form_page(request, account, None, texts, errors)


@router.get("/staff/mentors/{code}/edit", dependencies=allow(Permission.CATALOGUE))
def show_edit(
    request: Request, code: str, database: OpenDatabase, account: CurrentAccount
) -> Response:
    """Show the form of a mentor."""
    with database.reading() as db:
        mentor = find_mentor(db, storable(code))
    texts = contents_of(MentorRecord(mentor)) | {"version": version_of(mentor)}
    return _form_page(request, account, mentor, texts, {})


@router.post("/staff/mentors/{code}/edit", dependencies=allow(Permission.CATALOGUE))
def post_edit(
    request: Request,
    code: str,
    database: OpenDatabase,
    account: CurrentAccount,
    posted: PostedForm,
) -> Response:
    """Change a mentor; what was typed stays in the form when something is wrong."""
    with database.reading() as db:
        shown = find_mentor(db, storable(code))
    texts = contents_of(MentorRecord(shown)) | posted_texts(posted, COLUMNS)
    values, errors = read_texts(texts, COLUMNS)
    seen, told = typed(posted, "version"), ""
    texts["version"] = seen  # what was typed answers that version, however often it is sent
    if not errors:
        reason = typed(posted, "reason", 200)
        try:
            with database.writing() as db:
                mentor = find_mentor(db, shown.code)
                revise_mentor(db, mentor, values, editor_of(account), seen, reason)
            after_change(database)
            return RedirectResponse(f"/staff/mentors/{shown.code}?saved=1", HTTPStatus.SEE_OTHER)
        except MentorFieldsInvalid as error:
            errors = error.errors
        except MentorChanged as error:
            told = str(error)
    return _form_page(request, account, shown, texts, errors, told)


def _form_page(
    request: Request,
    account: SignedIn,
    mentor: Mentor | None,
    texts: Mapping[str, str],
    errors: Mapping[str, str],
    told: str = "",
) -> Response:
    return render_staff(
        request,
        account,
        "mentors/edit.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if errors or told else HTTPStatus.OK,
        mentor=mentor,
        version=texts.get("version", ""),
        sections=inputs_of(NEW_COLUMNS, texts, errors),
        error_count=len(errors),
        told=told,
    )
