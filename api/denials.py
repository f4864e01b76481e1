"""Failed authorisations: what the edge refuses somebody who is signed in is an event."""

from fastapi import Request
from starlette.background import BackgroundTask

from api.refusals import ForeignForm, FormStale, RoleMissing
from api.signed_in import SignedIn, presence_of
from audit.foreign import subject_denied
from audit.log import append_event
from storage.database import Database

ANOTHERS = "access.hidden"
_ACTIONS: dict[type[Exception], str] = {
    RoleMissing: "access.refused",
    FormStale: "access.form_refused",
    ForeignForm: "access.form_refused",
}


def note_denial(request: Request, error: Exception) -> BackgroundTask | None:
    """Return the task that puts a refusal on record, None for any other error.

    It runs behind the reply, so that another's object answers as fast as a missing one.
    """
    action = next((name for kind, name in _ACTIONS.items() if isinstance(error, kind)), "")
    subject = "" if action else subject_denied(error)
    if not (action or subject):
        return None
    presence = presence_of(request)
    if presence is None:  # a visitor has no account to answer for it
        return None
    # The route's template, never the path: a path may hold what a visitor typed.
    route = getattr(request.scope.get("route"), "path", "unmatched")
    address = f"route:{request.method} {route}"
    database: Database = request.app.state.database
    who = presence.account
    if action:
        return BackgroundTask(_append, database, who, action, address, type(error).__name__)
    return BackgroundTask(_append, database, who, ANOTHERS, subject, address)


def _append(database: Database, who: SignedIn, action: str, subject: str, why: str) -> None:
    with database.writing() as db:
        append_event(db, action, subject, who.actor, {"why": why})
