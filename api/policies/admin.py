"""Staff pages of policy documents: upload, check what was read, preview, publish, take back."""

from datetime import UTC, date, datetime
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import load_only
from starlette.datastructures import UploadFile

from api.access import Permission, allow
from api.bench.trace import Trace, trace_answer
from api.chat.thread import STATUS_LABELS
from api.deps import CurrentSnapshot, OpenDatabase
from api.forms import PostedForm
from api.input import RecordId, Storable, Text, Words
from api.policies.changes import (
    MOST_FILE_BYTES,
    FactsForm,
    PolicyRefused,
    history_of,
    publish_document,
    restore_version,
    store_upload,
    withdraw_document,
)
from api.policies.validity import today
from api.signed_in import CurrentAccount, SignedIn
from api.snapshot import Snapshot
from api.staff_page import render_staff
from assistant.answer import Question
from audit.log import append_event
from knowledge.document import (
    LEVEL_NAMES,
    DocumentNotFound,
    DocumentStatus,
    PolicyDocument,
    get_document,
)
from knowledge.ingest_report import IngestReport
from knowledge.metadata import read_facts
from knowledge.policy_reading import FACT_NAMES
from knowledge.reader import UnreadableDocument
from storage.database import Database, storable

router = APIRouter(include_in_schema=False, dependencies=allow(Permission.CATALOGUE))

PAGE_SIZE = 50
SHOWN_CLAUSES = 500
STATE_NAMES = {
    DocumentStatus.DRAFT: "草稿",
    DocumentStatus.PUBLISHED: "已发布",
    DocumentStatus.SUPERSEDED: "已被替代",
    DocumentStatus.REVOKED: "已废止或撤下",
}


class PreviewForm(BaseModel):
    """A question for a draft."""

    text: Annotated[Text, Field(max_length=500)] = ""
    as_of: Annotated[Text, Field(max_length=20)] = ""


@router.get("/staff/policies")
def show_policies(
    request: Request,
    database: OpenDatabase,
    account: CurrentAccount,
    q: Annotated[str, Query(max_length=100), Storable] = "",
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Response:
    """List every document, drafts first, and take a new one."""
    return _list_page(request, database, account, q=q, page=page)


@router.post("/staff/uploads/policies")
def post_upload(
    request: Request, database: OpenDatabase, account: CurrentAccount, posted: PostedForm
) -> Response:
    """Read a file in a limited process and keep it as a draft."""
    file = posted.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        return _list_page(request, database, account, refused="请先选择要上传的文件。")
    with file.file as opened:
        data = opened.read(MOST_FILE_BYTES + 1)
    try:
        report = store_upload(database, storable(file.filename), data, account.actor)
    except (UnreadableDocument, PolicyRefused) as error:
        return _list_page(request, database, account, refused=str(error))
    return _document_page(request, database, account, report.document_id, report=report)


@router.get("/staff/policies/{document_id}")
def show_policy(
    request: Request, document_id: RecordId, database: OpenDatabase, account: CurrentAccount
) -> Response:
    """Show what was read off a document, its clauses, its versions and who changed it."""
    return _document_page(request, database, account, document_id)


@router.post("/staff/policies/{document_id}/facts")
def post_facts(
    request: Request,
    document_id: RecordId,
    database: OpenDatabase,
    account: CurrentAccount,
    form: Annotated[FactsForm, Form()],
) -> Response:
    """Correct what was read; before and after are in the audit log."""
    try:
        values = form.read()
        with database.writing() as db:
            document = get_document(db, document_id)
            changed = {
                name: [str(getattr(document, name)), str(value)]
                for name, value in values.items()
                if getattr(document, name) != value
            }
            for name, value in values.items():
                setattr(document, name, value)
            if changed:
                subject = f"document:{document.id}"
                append_event(db, "document.corrected", subject, account.actor, changed)
    except (PolicyRefused, IntegrityError) as error:
        told = str(error) if isinstance(error, PolicyRefused) else "这些内容互相矛盾，没有保存。"
        return _document_page(request, database, account, document_id, form=form, refused=told)
    return _to(document_id)


@router.post("/staff/policies/{document_id}/preview")
def post_preview(
    request: Request,
    document_id: RecordId,
    database: OpenDatabase,
    snapshot: CurrentSnapshot,
    account: CurrentAccount,
    form: Annotated[PreviewForm, Form()],
) -> Response:
    """Answer a question as if the draft were published."""
    try:
        trace = _preview(database, snapshot, document_id, form)
    except PolicyRefused as error:
        told = str(error)
        return _document_page(request, database, account, document_id, refused=told, asked=form)
    return _document_page(request, database, account, document_id, asked=form, trace=trace)


@router.post("/staff/policies/{document_id}/{step}")
def post_step(
    request: Request,
    document_id: RecordId,
    step: str,
    database: OpenDatabase,
    account: CurrentAccount,
    reason: Words = "",
) -> Response:
    """Publish a draft, take a document out of force, or go back to an earlier version."""
    steps = {
        "publish": publish_document,
        "withdraw": withdraw_document,
        "restore": restore_version,
    }
    if step not in steps:
        raise DocumentNotFound(document_id)
    try:
        with database.writing() as db:
            now = datetime.now(UTC)
            shown_id = steps[step](db, document_id, account.actor, reason.strip(), now)
    except PolicyRefused as error:
        return _document_page(request, database, account, document_id, refused=str(error))
    return _to(shown_id) if shown_id else RedirectResponse("/staff/policies?saved=1", 303)


def _preview(database: Database, snapshot: Snapshot, document_id: int, form: PreviewForm) -> Trace:
    if not form.text.strip():
        raise PolicyRefused("请先写下问题。")
    try:
        day = date.fromisoformat(form.as_of.strip()) if form.as_of.strip() else today()
    except ValueError as error:
        raise PolicyRefused("日期请写成2026-01-31的样子。") from error
    if snapshot.workings is None:
        raise PolicyRefused("服务正在准备，请稍后再试。")
    with_draft = snapshot.workings.with_draft(database, document_id)
    return trace_answer(with_draft, Question(form.text, day))


def _list_page(
    request: Request,
    database: Database,
    account: SignedIn,
    q: str = "",
    page: int = 1,
    refused: str = "",
) -> Response:
    columns = [c.key for c in PolicyDocument.__mapper__.column_attrs if c.key != "text"]
    found = select(PolicyDocument).options(
        load_only(*(getattr(PolicyDocument, c) for c in columns))
    )
    if q.strip():
        words = q.strip()
        found = found.where(
            PolicyDocument.title.contains(words, autoescape=True)
            | PolicyDocument.doc_number.contains(words, autoescape=True)
        )
    drafts_first = (PolicyDocument.status != DocumentStatus.DRAFT, PolicyDocument.id.desc())
    with database.reading() as db:
        start = (page - 1) * PAGE_SIZE
        documents = db.scalars(
            found.order_by(*drafts_first).limit(PAGE_SIZE + 1).offset(start)
        ).all()
    return render_staff(
        request,
        account,
        "policies/policies.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if refused else HTTPStatus.OK,
        documents=documents[:PAGE_SIZE],
        more=len(documents) > PAGE_SIZE,
        states=STATE_NAMES,
        levels=LEVEL_NAMES,
        q=q,
        page=page,
        refused=refused,
    )


def _document_page(
    request: Request, database: Database, account: SignedIn, document_id: int, **shown: Any
) -> Response:
    with database.reading() as db:
        document = get_document(db, document_id)
        clauses = document.clauses[:SHOWN_CLAUSES]
        count = len(document.clauses)
        history = history_of(db, document)
    facts = read_facts(document.text)
    report: IngestReport | None = shown.get("report")
    context: dict[str, Any] = {
        "form": FactsForm.of(document),
        "asked": PreviewForm(as_of=today().isoformat()),
        "trace": None,
        "refused": "",
        "versions": {},
    }
    return render_staff(
        request,
        account,
        "policies/staff.html",
        HTTPStatus.CONFLICT if shown.get("refused") else HTTPStatus.OK,
        document=document,
        clauses=clauses,
        clause_count=count,
        history=history,
        evidence={
            name: " ".join(finding.quote.split())[:80]
            for name in FACT_NAMES
            if (finding := getattr(facts, name)) is not None
        },
        lines=report.lines() if report else [],
        fact_names=FACT_NAMES,
        levels=LEVEL_NAMES,
        states=STATE_NAMES,
        statuses=STATUS_LABELS | {"answered": "已答复"},
        **context | {name: value for name, value in shown.items() if name != "report"},
    )


def _to(document_id: int) -> Response:
    return RedirectResponse(f"/staff/policies/{document_id}?saved=1", HTTPStatus.SEE_OTHER)
