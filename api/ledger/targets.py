"""Targets that differ from the plan's: proposed with the file that says so, signed by another."""

from datetime import UTC, datetime
from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from api.access import Permission, allow
from api.deps import OpenDatabase
from api.forms import PostedForm, typed
from api.ledger.evidence import keep_upload
from api.ledger.indicators import indicator_page
from api.ledger.staff import CurrentStaff, deciding, require_district
from api.problems import problem_of
from api.signed_in import CurrentAccount
from guidance.indicators.definition import DefinitionInvalid
from guidance.indicators.evidence import EvidenceUnusable
from guidance.indicators.indicator import load_register
from guidance.indicators.target import NewTarget, propose_target
from guidance.indicators.value import ValueRefused
from guidance.review.proposal import ReasonMissing
from guidance.review.staff import NotYourDuty
from storage.database import storable

router = APIRouter(include_in_schema=False)

REFUSALS = (DefinitionInvalid, ValueRefused, EvidenceUnusable, ReasonMissing, NotYourDuty)


@router.post("/staff/uploads/targets/{indicator_id}", dependencies=allow(Permission.STAFF))
def propose(
    request: Request,
    indicator_id: str,
    database: OpenDatabase,
    account: CurrentAccount,
    staff: CurrentStaff,
    posted: PostedForm,
) -> Response:
    """Propose a target from a year on; a signer signs it."""
    indicator, now = load_register().get(storable(indicator_id)), datetime.now(UTC)
    try:
        with deciding(database, account, f"definition:target:{indicator.id}") as db:
            require_district(account)
            wanted = NewTarget(
                indicator.id,
                typed(posted, "since", 10),
                typed(posted, "amount", 40),
                keep_upload(db, posted, staff, now),
                typed(posted, "reason", 500),
            )
            propose_target(db, wanted, staff, now)
    except REFUSALS as error:
        told = (str(error), int(problem_of(error).status))
        return indicator_page(request, indicator.id, account, None, told)
    return RedirectResponse(f"/staff/indicators/{indicator.id}?saved=1", HTTPStatus.SEE_OTHER)
