"""Imports in the background: a file is read and judged, then, once confirmed, taken in."""

import secrets
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import delete, update

from matching.projects.editing import Editor
from matching.spreadsheets.importing import (
    ImportChanged,
    ImportRefused,
    Preview,
    apply_import,
    preview_import,
)
from matching.spreadsheets.job import JobState, SpreadsheetJob
from matching.spreadsheets.judging import RowAction, Subject
from matching.spreadsheets.reading import ParsedSheet
from matching.spreadsheets.rows import SpreadsheetUnreadable
from storage.database import Database, storable

KEPT_FOR = timedelta(days=7)
STALLED_AFTER = timedelta(minutes=10)
RUNNING = frozenset({JobState.READING, JobState.APPLYING})
BROKEN = "导入过程中系统出了问题，一行也没有导入。请重新上传；如果再次出现，请联系技术人员。"
STALLED = "导入中断了（服务可能重新启动过），一行也没有导入。请重新上传。"


class ImportProgress:
    """How far this process's own imports are: rows done and rows in all, by job id."""

    def __init__(self) -> None:
        self._done: dict[str, tuple[int, int]] = {}

    def of(self, job_id: str) -> tuple[int, int]:
        """Return (0, 0) for an import that another process works on."""
        return self._done.get(job_id, (0, 0))

    def noting(self, job_id: str) -> Callable[[int, int], None]:
        """Return what notes the progress of one import."""

        def note(done: int, total: int) -> None:
            self._done[job_id] = (done, total)

        return note

    def end(self, job_id: str) -> None:
        """Forget an import that came to its end."""
        self._done.pop(job_id, None)


def start_job(
    database: Database, subject: Subject, file_name: str, data: bytes, account_id: int
) -> str:
    """Keep an uploaded file for reading; return the id of the import."""
    now = datetime.now(UTC)
    job_id = secrets.token_urlsafe(16)
    with database.writing() as db:
        db.execute(delete(SpreadsheetJob).where(SpreadsheetJob.created_at < now - KEPT_FOR))
        db.add(
            SpreadsheetJob(
                id=job_id,
                subject=subject.name,
                file_name=storable(file_name)[:200],
                digest=sha256(data).hexdigest(),
                data=data,
                state=JobState.READING,
                preview={},
                account_id=account_id,
                created_at=now,
                updated_at=now,
            )
        )
    return job_id


def read_job(
    database: Database, subject: Subject, job_id: str, data: bytes, progress: ImportProgress
) -> None:
    """Judge a file and store the preview, or why there is none."""
    try:
        with ParsedSheet(data) as sheet, database.reading() as db:
            preview = preview_import(db, subject, sheet, progress.noting(job_id))
    except SpreadsheetUnreadable as error:
        _fail(database, job_id, str(error))
    except Exception:
        _fail(database, job_id, BROKEN)
        raise
    else:
        _change(
            database,
            job_id,
            state=JobState.READY,
            preview=storable(shown(preview)),
            fingerprint=preview.fingerprint,
            data=data if preview.possible else None,
        )
    finally:
        progress.end(job_id)


def confirm_job(database: Database, job_id: str) -> bytes | None:
    """Take an import from its preview to being applied; None when somebody already did."""
    with database.writing() as db:
        confirmed = db.execute(
            update(SpreadsheetJob)
            .where(SpreadsheetJob.id == job_id, SpreadsheetJob.state == JobState.READY)
            .where(SpreadsheetJob.data.is_not(None))
            .values(state=JobState.APPLYING, updated_at=datetime.now(UTC))
            .returning(SpreadsheetJob.data)
        )
        return confirmed.scalar_one_or_none()


def apply_job(
    database: Database,
    subject: Subject,
    job: tuple[str, str, bytes],
    editor: Editor,
    progress: ImportProgress,
) -> None:
    """Take everything in, with the end of the import in the same transaction.

    `job` is its id, the fingerprint of its preview, and the file.
    """
    job_id, fingerprint, data = job
    try:
        with ParsedSheet(data) as sheet, database.writing() as db:
            counts = apply_import(db, subject, sheet, fingerprint, editor, progress.noting(job_id))
            added, changed = counts[RowAction.INSERT], counts[RowAction.UPDATE]
            done = f"导入完成：新增 {added} 条，更新 {changed} 条。"
            db.execute(
                update(SpreadsheetJob)
                .where(SpreadsheetJob.id == job_id)
                .values(state=JobState.DONE, message=done, data=None, updated_at=datetime.now(UTC))
            )
    except (SpreadsheetUnreadable, ImportChanged, ImportRefused) as error:
        _fail(database, job_id, str(error))
    except Exception:
        _fail(database, job_id, BROKEN)
        raise
    finally:
        progress.end(job_id)


def is_stalled(job: SpreadsheetJob, progress: ImportProgress) -> bool:
    """Whether nobody works on a job any more that is marked as running."""
    idle = datetime.now(UTC) - job.updated_at
    return job.state in RUNNING and idle > STALLED_AFTER and progress.of(job.id) == (0, 0)


def shown(preview: Preview) -> dict[str, Any]:
    """Return a preview as the page needs it: JSON values only."""
    return {
        "counts": {str(action): count for action, count in preview.counts.items()},
        "errors": [asdict(error) for error in preview.errors],
        "error_count": preview.error_count,
        "rows": [
            {
                "number": row.number,
                "code": row.code,
                "action": str(row.action),
                "changed": list(row.changed),
            }
            for row in preview.rows
        ],
        "ignored": list(preview.ignored),
        "possible": preview.possible,
    }


def _fail(database: Database, job_id: str, message: str) -> None:
    _change(database, job_id, state=JobState.FAILED, message=message, data=None)


def _change(database: Database, job_id: str, **values: Any) -> None:
    with database.writing() as db:
        db.execute(
            update(SpreadsheetJob)
            .where(SpreadsheetJob.id == job_id)
            .values(**values, updated_at=datetime.now(UTC))
        )
