"""Batches of the test bench: read the file, answer in the background, write the workbook."""

import io
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import xlsxwriter

from api.snapshot import Snapshot
from assistant.answer import Answer, Question
from guidance.gaps.bench_run import (
    CHANGE_NAMES,
    BenchResult,
    BenchRun,
    Compared,
    RunState,
    get_run,
)
from matching.spreadsheets.reading import ParsedSheet
from matching.spreadsheets.rows import SpreadsheetUnreadable
from storage.database import Database, storable

MOST_QUESTIONS = 2_000
MOST_CHARACTERS = 500
STORED_AT_ONCE = 20
HEADINGS = ("问题", "日期")
BROKEN = "测试过程中系统出了问题，已答的部分保留。请重新上传；如果再次出现，请联系技术人员。"


@dataclass(frozen=True, slots=True)
class BenchQuestion:
    """One row of the file."""

    number: int
    text: str
    as_of: date


def read_questions(data: bytes, today: date) -> list[BenchQuestion]:
    """Read an xlsx or csv of questions in a process of its own. Raises SpreadsheetUnreadable."""
    questions: list[BenchQuestion] = []
    with ParsedSheet(data) as sheet:
        rows = iter(sheet)
        heading = [cell.strip() for cell in next(rows, (0, [], []))[1]]
        if HEADINGS[0] not in heading:
            raise SpreadsheetUnreadable("第一行要有“问题”这一列，请按模板填写。")
        asked = heading.index(HEADINGS[0])
        dated = heading.index(HEADINGS[1]) if HEADINGS[1] in heading else None
        for number, cells, _ in rows:
            text = cells[asked].strip() if asked < len(cells) else ""
            if not text:
                continue
            if len(text) > MOST_CHARACTERS:
                raise SpreadsheetUnreadable(f"第{number}行的问题超过{MOST_CHARACTERS}字。")
            day = cells[dated].strip() if dated is not None and dated < len(cells) else ""
            questions.append(BenchQuestion(len(questions) + 1, text, _day(day, number, today)))
            if len(questions) > MOST_QUESTIONS:
                raise SpreadsheetUnreadable(f"一次最多{MOST_QUESTIONS}个问题，请分几次上传。")
    if not questions:
        raise SpreadsheetUnreadable("文件里没有问题，请在“问题”一列逐行填写。")
    return questions


def _day(text: str, number: int, today: date) -> date:
    if not text:
        return today
    try:
        return date.fromisoformat(text[:10])
    except ValueError as error:
        raise SpreadsheetUnreadable(f"第{number}行的日期请写成2026-01-31的样子。") from error


def start_run(database: Database, file_name: str, count: int, account_id: int) -> int:
    """Open a run; return its id."""
    now = datetime.now(UTC)
    run = BenchRun(
        file_name=storable(file_name)[:200],
        state=RunState.RUNNING,
        message="",
        question_count=count,
        done_count=0,
        account_id=account_id,
        versions={},
        started_at=now,
        seen_at=now,
    )
    with database.writing() as db:
        db.add(run)
        db.flush()
        return run.id


def answer_run(
    database: Database, snapshot: Snapshot, run_id: int, questions: Sequence[BenchQuestion]
) -> None:
    """Answer every question from one snapshot; what is done is stored as it goes."""
    try:
        for start in range(0, len(questions), STORED_AT_ONCE):
            part = questions[start : start + STORED_AT_ONCE]
            results = [_answered(snapshot, run_id, question) for question in part]
            with database.writing() as db:
                db.add_all(results)
                run = get_run(db, run_id)
                run.done_count = start + len(part)
                run.seen_at = datetime.now(UTC)
    except Exception:
        _end(database, run_id, RunState.FAILED, BROKEN)
        raise
    with database.writing() as db:
        get_run(db, run_id).versions = dict(snapshot.versions)
    _end(database, run_id, RunState.DONE, "")


def _answered(snapshot: Snapshot, run_id: int, question: BenchQuestion) -> BenchResult:
    began = time.perf_counter()
    answer = snapshot.answer(Question(question.text, question.as_of))
    return BenchResult(
        run_id=run_id,
        number=question.number,
        question=storable(question.text),
        as_of=question.as_of,
        status=answer.status,
        intent=answer.intent,
        answer=storable(answer.full_text),
        sources="\n".join(_sources(answer)),
        latency_ms=round((time.perf_counter() - began) * 1000),
    )


def _sources(answer: Answer) -> Iterator[str]:
    for citation in answer.citations:
        yield f"《{citation.document}》{citation.address}"


def _end(database: Database, run_id: int, state: RunState, message: str) -> None:
    with database.writing() as db:
        run = get_run(db, run_id)
        run.state, run.message = state, message
        run.finished_at = run.seen_at = datetime.now(UTC)


def template_workbook() -> bytes:
    """Return the workbook to fill in."""
    return _workbook("问题", HEADINGS, [("创业培训的目标是多少人？", "")])


def result_workbook(compared: Sequence[Compared], status_names: dict[str, str]) -> bytes:
    """Return a run as a workbook, each answer beside that of the run before."""
    headings = ("序号", "问题", "日期", "状态", "答复", "依据", "毫秒", "与上次相比", "上次的答复")
    rows = [
        (
            one.now.number,
            one.now.question,
            one.now.as_of.isoformat(),
            status_names.get(one.now.status, one.now.status),
            one.now.answer,
            one.now.sources,
            one.now.latency_ms,
            CHANGE_NAMES[one.change],
            one.before.answer if one.before else "",
        )
        for one in compared
    ]
    return _workbook("测试结果", headings, rows)


def _workbook(title: str, headings: Sequence[str], rows: Sequence[Sequence[str | int]]) -> bytes:
    data = io.BytesIO()
    # A question may begin with "=": it stays a text.
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(data, options) as book:
        book.set_properties({"comments": "答复由机器检索生成，以文件原文为准"})
        sheet = book.add_worksheet(title)
        bold, wrapped = book.add_format({"bold": True}), book.add_format({"text_wrap": True})
        sheet.write_row(0, 0, headings, bold)
        for number, row in enumerate(rows, 1):
            sheet.write_row(number, 0, row, wrapped)
        sheet.set_column(0, len(headings), 18)
        sheet.freeze_panes(1, 0)
    return data.getvalue()
