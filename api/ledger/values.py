"""Values that departments report, reviewed by another person; readings of the plan to sign."""

from datetime import UTC, date, datetime
from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session
from starlette.datastructures import FormData

from api.access import Permission, allow
from api.deps import OpenDatabase
from api.forms import PostedForm, typed
from api.ledger.evidence import keep_upload
from api.ledger.indicators import indicator_page
from api.ledger.staff import (
    CurrentStaff,
    Number,
    deciding,
    names_of,
    require_district,
)
from api.problems import problem_of
from api.refusals import PageNotFound
from api.signed_in import CurrentAccount, SignedIn
from api.staff_page import render_staff
from guidance.indicators.agreed import UNDATED, signed_years, without_owner
from guidance.indicators.definition import DefinitionInvalid, propose_definition, signed_choices
from guidance.indicators.evidence import EvidenceUnusable
from guidance.indicators.indicator import load_register
from guidance.indicators.value import (
    IndicatorValue,
    Reported,
    ValueRefused,
    pending_values,
    read_number,
    report_value,
    review_value,
)
from guidance.review.proposal import (
    AlreadyDecided,
    Proposal,
    ProposalKind,
    ReasonMissing,
    open_proposals,
)
from guidance.review.staff import DutiesNotSeparate, NotYourDuty, Staff
from storage.database import Database

router = APIRouter(include_in_schema=False)

LARGEST_COUNT = 2**31 - 1


@router.post("/staff/uploads/indicators/{indicator_id}", dependencies=allow(Permission.HANDLING))
def report(
    request: Request,
    indicator_id: str,
    database: OpenDatabase,
    account: CurrentAccount,
    staff: CurrentStaff,
    posted: PostedForm,
) -> Response:
    """Take a value with its evidence, for another person to review."""
    indicator = load_register().get(indicator_id)
    now = datetime.now(UTC)
    try:
        with database.writing() as db:
            digest = keep_upload(db, posted, staff, now)
            report_value(db, _reported(indicator.id, posted, digest), staff, now)
    except (ValueRefused, EvidenceUnusable) as error:
        told = (str(error), problem_of(error).status)
        return indicator_page(request, indicator.id, account, None, told)
    return RedirectResponse(f"/staff/indicators/{indicator.id}?saved=1", HTTPStatus.SEE_OTHER)


@router.get("/staff/values", dependencies=allow(Permission.STAFF))
def show_values(
    request: Request, database: OpenDatabase, account: CurrentAccount, staff: CurrentStaff
) -> Response:
    """List the reported values that wait for a review."""
    return _values_page(request, database, account, staff)


@router.post("/staff/values/{number}", dependencies=allow(Permission.STAFF))
def review(
    request: Request,
    number: Number,
    database: OpenDatabase,
    account: CurrentAccount,
    staff: CurrentStaff,
    posted: PostedForm,
) -> Response:
    """Accept or refuse a reported value of somebody else."""
    accept = typed(posted, "action") == "accept"
    try:
        with deciding(database, account, f"value:{number}") as db:
            if db.get(IndicatorValue, number) is None:
                raise PageNotFound
            reason = typed(posted, "reason")
            review_value(db, number, staff, datetime.now(UTC), accept=accept, reason=reason)
    except (AlreadyDecided, DutiesNotSeparate, NotYourDuty, ReasonMissing) as error:
        told = (str(error), int(problem_of(error).status))
        return _values_page(request, database, account, staff, told)
    return RedirectResponse("/staff/values?saved=1", HTTPStatus.SEE_OTHER)


@router.get("/staff/definitions", dependencies=allow(Permission.STAFF))
def show_definitions(request: Request, database: OpenDatabase, account: CurrentAccount) -> Response:
    """List where the plan can be read in two ways, and which way was signed."""
    return _definitions_page(request, database, account)


@router.post("/staff/definitions", dependencies=allow(Permission.STAFF))
def propose_reading(
    request: Request,
    database: OpenDatabase,
    account: CurrentAccount,
    staff: CurrentStaff,
    posted: PostedForm,
) -> Response:
    """Propose a reading, or who is responsible; a signer signs it."""
    subject, choice = typed(posted, "subject", 32), typed(posted, "choice", 500)
    try:
        if not subject or not choice:
            raise DefinitionInvalid("请选择要确定的事项，并写明确定为什么。")
        with deciding(database, account, f"definition:{subject}") as db:
            require_district(account)
            reason = typed(posted, "reason")
            propose_definition(db, subject, choice, reason, staff, datetime.now(UTC))
    except (DefinitionInvalid, NotYourDuty, ReasonMissing) as error:
        told = (str(error), int(problem_of(error).status))
        return _definitions_page(request, database, account, told)
    return RedirectResponse("/staff/definitions?saved=1", HTTPStatus.SEE_OTHER)


def _reported(indicator: str, posted: FormData, digest: str) -> Reported:
    try:
        day = date.fromisoformat(typed(posted, "as_of_on"))
    except ValueError:
        raise ValueRefused("请填写截止日期，例如 2026-06-30。") from None
    return Reported(
        indicator,
        day,
        read_number(typed(posted, "value", 40)),
        typed(posted, "source", 100),
        digest,
        sample_size=_count(posted, "sample_size", "样本数"),
        row_number=_count(posted, "row_number", "行号"),
        note=typed(posted, "note", 500),
        item=typed(posted, "item", 60),
    )


def _count(posted: FormData, name: str, what: str) -> int | None:
    text = typed(posted, name, 20)
    if not text:
        return None
    number = read_number(text)
    if number != int(number) or not 0 < number <= LARGEST_COUNT:
        raise ValueRefused(f"{what}请填正整数，没有就不填。")
    return int(number)


def _values_page(
    request: Request,
    database: Database,
    account: SignedIn,
    staff: Staff,
    told: tuple[str, int] = ("", 200),
) -> Response:
    with database.reading() as db:
        waiting = pending_values(db)
        people = names_of(db, {one.uploaded_by for one in waiting})
    return render_staff(
        request,
        account,
        "ledger/values.html",
        told[1],
        told=told[0],
        waiting=waiting,
        own={one.id for one in waiting if staff.is_one_of(one.uploaded_by)},
        may_decide=bool(account.roles & {"reviewer", "signer"}),
        people=people,
        register=load_register(),
    )


def _definitions_page(
    request: Request, database: Database, account: SignedIn, told: tuple[str, int] = ("", 200)
) -> Response:
    register = load_register()
    with database.reading() as db:
        signed = signed_choices(db)
        chosen = {subject: one.choice for subject, one in signed.items()}
        signers = _signers(db, [one.proposal_id for one in signed.values()])
        waiting = {
            one.details["subject"]: one for one in open_proposals(db, ProposalKind.DEFINITION)
        }
        known = {one for pair in signers.values() for one in pair}
        people = names_of(db, known | {one.proposed_by for one in waiting.values()})
    return render_staff(
        request,
        account,
        "ledger/definitions.html",
        told[1],
        told=told[0],
        register=register,
        signed=signed,
        signers=signers,
        waiting=waiting,
        people=people,
        frames=UNDATED,
        years={str(span): signed_years(chosen, span) for span in UNDATED},
        unowned=[register.get(name) for name in without_owner(register, signed)],
        may_propose=not account.org_unit
        and bool(account.roles & {"handler", "reviewer", "signer", "administrator"}),
    )


def _signers(db: Session, proposals: list[int]) -> dict[int, tuple[str, str]]:
    """Return who proposed and who signed, by proposal."""
    found = {}
    for number in proposals:
        proposal = db.get(Proposal, number)
        if proposal is not None:
            found[number] = (proposal.proposed_by, proposal.decided_by)
    return found
