"""What lies under lock: which records, until when, who asked to read them, and reading them."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from accounts.role import Role
from api.access import Permission, allow
from api.deps import OpenDatabase
from api.forms import PostedForm, typed
from api.ledger.evidence import as_download
from api.ledger.staff import CurrentStaff, Number, deciding, names_of, unit_name
from api.problems import problem_of
from api.signed_in import CurrentAccount, SignedIn
from api.staff_page import render_staff
from guidance.ledger_list import session_within
from guidance.lifecycle import TransitionRefused
from guidance.periods.period import SHANGHAI
from guidance.privacy.restricted import (
    StillLocked,
    agree_to_read,
    ask_to_read,
    files_under_lock,
    read_file,
    read_restricted,
    under_lock,
)
from guidance.privacy.retention import read_schedule
from guidance.review.proposal import ReasonMissing
from guidance.review.staff import DutiesNotSeparate, NotYourDuty, Staff
from storage.database import LARGEST_ID, Database

router = APIRouter(prefix="/staff/restricted", include_in_schema=False)

PAGE = 50
REFUSALS = (StillLocked, ReasonMissing, DutiesNotSeparate, NotYourDuty, TransitionRefused)


@router.get("", dependencies=allow(Permission.RESTRICTED))
def show_restricted(
    request: Request,
    database: OpenDatabase,
    account: CurrentAccount,
    staff: CurrentStaff,
    after: Annotated[int, Query(ge=0, le=LARGEST_ID)] = 0,
) -> Response:
    """List what is under lock; no word of it is shown."""
    return _page(request, database, (account, staff), after)


@router.post("/{number}", dependencies=allow(Permission.RESTRICTED))
def decide(
    request: Request,
    number: Number,
    database: OpenDatabase,
    account: CurrentAccount,
    staff: CurrentStaff,
    posted: PostedForm,
) -> Response:
    """Ask to read a record, agree as the second auditor, or read it and its files."""
    action, now = typed(posted, "action"), datetime.now(UTC)
    words, files = None, []
    try:
        with deciding(database, account, f"session:{number}") as db:
            session_within(db, number, account.org_unit)
            if action == "ask":
                ask_to_read(db, number, staff, typed(posted, "reason"))
            elif action == "agree":
                agree_to_read(db, number, staff, now)
            elif action == "read":
                words = read_restricted(db, number, staff, now)
                files = [(one.digest, one.name) for one in files_under_lock(db, number)]
            elif action == "file":
                file = read_file(db, number, typed(posted, "digest", 64), staff, now)
                return as_download(file.content, file.name)
            else:
                raise TransitionRefused("请选择要做的事。")
    except REFUSALS as error:
        told = (str(error), int(problem_of(error).status))
        return _page(request, database, (account, staff), told=told)
    if words is None:
        return RedirectResponse("/staff/restricted?saved=1", HTTPStatus.SEE_OTHER)
    return render_staff(
        request, account, "privacy/restricted_words.html", number=number, words=_readable(words),
        files=files,
    )  # fmt: skip


def _page(
    request: Request,
    database: Database,
    who: tuple[SignedIn, Staff],
    after: int = 0,
    told: tuple[str, int] = ("", 200),
) -> Response:
    account, staff = who
    schedule = read_schedule(request.app.state.settings.data_dir)
    with database.reading() as db:
        found = under_lock(db, schedule.counted_for, account.org_unit, after, PAGE + 1)
        rows = found[:PAGE]
        references = {one.record.asked_by for one in rows} | {
            one.record.unlocked_by for one in rows
        }
        people = names_of(db, references)
    return render_staff(
        request,
        account,
        "privacy/restricted.html",
        told[1],
        told=told[0],
        rows=rows,
        after=rows[-1].session.id if len(found) > PAGE else 0,
        now=datetime.now(UTC),
        people=people,
        mine={one.session.id for one in rows if staff.is_one_of(one.record.asked_by)},
        may_read=Role.AUDITOR in account.roles,
        schedule=schedule,
        unit_name=unit_name,
    )


def _readable(words: dict[str, Any]) -> dict[str, Any]:
    """Return the words with times as people read them."""
    turns = [
        {**turn, "asked_at": datetime.fromisoformat(turn["asked_at"]).astimezone(SHANGHAI)}
        for turn in words["turns"]
    ]
    return {**words, "turns": turns}
