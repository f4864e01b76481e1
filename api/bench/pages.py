"""The test bench: how one question is answered, and many questions against the last run."""

import json
from collections import Counter
from datetime import UTC, date, datetime
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session
from starlette.background import BackgroundTask
from starlette.datastructures import UploadFile

from api.access import Permission, allow
from api.attachment import XLSX
from api.bench.judged import limits
from api.bench.trace import Trace, trace_answer
from api.bench.work import (
    MOST_CHARACTERS,
    MOST_QUESTIONS,
    answer_run,
    read_questions,
    result_workbook,
    start_run,
    template_workbook,
)
from api.chat.thread import STATUS_LABELS
from api.deps import CurrentSnapshot, OpenDatabase
from api.forms import PostedForm
from api.input import RecordId, Text
from api.policies.validity import today
from api.signed_in import CurrentAccount, SignedIn
from api.snapshot import Snapshot
from api.staff_page import render_staff
from assistant.answer import PastTurn, Question
from audit.log import append_event
from guidance.gaps.bench_run import (
    CHANGE_NAMES,
    BenchRun,
    Change,
    Compared,
    RunState,
    compare,
    get_run,
    recent_runs,
    results_of,
    run_before,
)
from matching.spreadsheets.reading import MOST_BYTES
from matching.spreadsheets.rows import SpreadsheetUnreadable
from storage.database import Database

router = APIRouter(include_in_schema=False, dependencies=allow(Permission.CATALOGUE))

STATUS_NAMES = STATUS_LABELS | {"answered": "已答复"}
STATE_NAMES = {RunState.RUNNING: "进行中", RunState.DONE: "完成", RunState.FAILED: "中断"}
HISTORY_QUESTIONS = 6


class BenchInvalid(ValueError):
    """A field of the bench cannot be used; the message says what to change."""


class BenchForm(BaseModel):
    """One question with everything that its answer may depend on, as typed."""

    text: Annotated[Text, Field(max_length=MOST_CHARACTERS)] = ""
    as_of: Annotated[Text, Field(max_length=20)] = ""
    history: Annotated[Text, Field(max_length=4_000)] = ""  # earlier questions, one a line
    known: Annotated[Text, Field(max_length=4_000)] = ""  # key=value, one a line

    def day(self) -> date:
        """Return the day to answer for. Raises BenchInvalid."""
        try:
            return date.fromisoformat(self.as_of.strip()) if self.as_of.strip() else today()
        except ValueError as error:
            raise BenchInvalid("日期请写成2026-01-31的样子。") from error

    def facts(self) -> dict[str, Any]:
        """Return what is known of the person. Raises BenchInvalid."""
        facts: dict[str, Any] = {}
        for line in filter(None, map(str.strip, self.known.splitlines())):
            key, sign, value = line.partition("=")
            if not sign or not key.strip():
                raise BenchInvalid(f"已知情况请一行写一个“名称=值”：{line[:30]}")
            try:
                facts[key.strip()] = json.loads(value)
            except (ValueError, RecursionError):
                facts[key.strip()] = value.strip()
        return facts

    def questions_before(self) -> list[str]:
        """Return the earlier questions. Raises BenchInvalid."""
        lines = [line.strip() for line in self.history.splitlines() if line.strip()]
        if len(lines) > HISTORY_QUESTIONS:
            raise BenchInvalid(f"前面的问题最多{HISTORY_QUESTIONS}个。")
        return lines


@router.get("/staff/bench")
def show_bench(request: Request, database: OpenDatabase, account: CurrentAccount) -> Response:
    """Show the form and the runs there were."""
    return _bench(request, database, account, BenchForm(as_of=today().isoformat()))


@router.post("/staff/bench")
def post_question(
    request: Request,
    database: OpenDatabase,
    snapshot: CurrentSnapshot,
    account: CurrentAccount,
    form: Annotated[BenchForm, Form()],
) -> Response:
    """Answer one question and show every step; nothing is recorded as guidance."""
    try:
        trace = run_traced(snapshot, form)
    except BenchInvalid as error:
        return _bench(request, database, account, form, refused=str(error))
    return _bench(request, database, account, form, trace=trace, versions=snapshot.versions)


def run_traced(snapshot: Snapshot, form: BenchForm) -> Trace:
    """Answer the earlier questions, then the one asked, watched. Raises BenchInvalid."""
    if not form.text.strip():
        raise BenchInvalid("请先写下问题。")
    if snapshot.workings is None:
        raise BenchInvalid("服务正在准备，请稍后再试。")
    day, known = form.day(), form.facts()
    history: list[PastTurn] = []
    for text in form.questions_before():
        earlier = snapshot.answer(Question(text[:MOST_CHARACTERS], day, tuple(history), known))
        known = {**known, **earlier.learned}
        history.append(earlier.as_past(text))
    return trace_answer(snapshot, Question(form.text, day, tuple(history), known))


@router.get("/staff/bench/template.xlsx")
def download_template() -> Response:
    """Return the workbook to fill in."""
    return _file(template_workbook(), "bench-template.xlsx")


@router.post("/staff/uploads/bench")
def post_batch(
    request: Request,
    database: OpenDatabase,
    snapshot: CurrentSnapshot,
    account: CurrentAccount,
    posted: PostedForm,
) -> Response:
    """Answer a file of questions in the background."""
    form = BenchForm(as_of=today().isoformat())
    file = posted.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        return _bench(request, database, account, form, refused="请先选择要上传的文件。")
    try:
        with file.file as opened:
            data = opened.read(MOST_BYTES + 1)
        questions = read_questions(data, today())
    except SpreadsheetUnreadable as error:
        return _bench(request, database, account, form, refused=str(error))
    run_id = start_run(database, file.filename, len(questions), account.account_id)
    work = BackgroundTask(answer_run, database, snapshot, run_id, questions)
    return RedirectResponse(f"/staff/bench/{run_id}", HTTPStatus.SEE_OTHER, background=work)


@router.get("/staff/bench/{run_id}")
def show_run(
    request: Request, run_id: RecordId, database: OpenDatabase, account: CurrentAccount
) -> Response:
    """Show how far a run is, and its answers beside those of the run before."""
    with database.reading() as db:
        run = get_run(db, run_id)
        before, compared = _compared(db, run)
    running = run.state is RunState.RUNNING and not run.is_stalled(datetime.now(UTC))
    counts = Counter(one.change for one in compared)
    return render_staff(
        request,
        account,
        "bench/run.html",
        run=run,
        before=before,
        running=running,
        results=[one for one in compared if before is None or one.change is not Change.SAME],
        statuses=STATUS_NAMES,
        by_status=Counter(one.now.status for one in compared).most_common(),
        changes={CHANGE_NAMES[change]: counts[change] for change in Change},
        change_names=CHANGE_NAMES,
    )


@router.post("/staff/bench/{run_id}/export")
def export_run(run_id: RecordId, database: OpenDatabase, account: CurrentAccount) -> Response:
    """Return a run as a workbook; that somebody took it is in the audit log."""
    with database.writing() as db:
        run = get_run(db, run_id)
        _, compared = _compared(db, run)
        append_event(db, "bench.exported", f"bench:{run.id}", account.actor)
    return _file(result_workbook(compared, STATUS_NAMES), f"bench-{run_id}.xlsx")


def _compared(db: Session, run: BenchRun) -> tuple[BenchRun | None, list[Compared]]:
    before = run_before(db, run)
    earlier = results_of(db, before.id) if before else []
    return before, compare(results_of(db, run.id), earlier)


def _bench(
    request: Request, database: Database, account: SignedIn, form: BenchForm, **shown: Any
) -> Response:
    with database.reading() as db:
        runs = recent_runs(db)
    now = datetime.now(UTC)
    context = {"trace": None, "versions": {}, "refused": ""} | shown
    return render_staff(
        request,
        account,
        "bench/bench.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if context["refused"] else HTTPStatus.OK,
        form=form,
        runs=[(run, STATE_NAMES[_state(run, now)]) for run in runs],
        statuses=STATUS_NAMES,
        most=MOST_QUESTIONS,
        limits=limits(),
        **context,
    )


def _state(run: BenchRun, now: datetime) -> RunState:
    return RunState.FAILED if run.is_stalled(now) else run.state


def _file(data: bytes, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(data, media_type=XLSX, headers=headers)
