"""One uploaded spreadsheet on its way: read, previewed, confirmed, taken in."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.database import Base


class JobState(StrEnum):
    """Where an import stands."""

    READING = "reading"  # being read and compared, in the background
    READY = "ready"  # the preview waits for its confirmation
    APPLYING = "applying"
    DONE = "done"
    FAILED = "failed"  # nothing was taken in; `message` says why


class SpreadsheetJob(Base):
    """An import that one person started; its file is kept until it is done or failed."""

    __tablename__ = "spreadsheet_jobs"

    id: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str]  # projects or mentors
    file_name: Mapped[str]
    digest: Mapped[str]  # SHA-256 of the file, hex
    data: Mapped[bytes | None]
    state: Mapped[JobState]
    rows_done: Mapped[int] = mapped_column(default=0)
    rows_total: Mapped[int] = mapped_column(default=0)  # 0 while unknown
    preview: Mapped[dict[str, Any]] = mapped_column(default=dict)
    fingerprint: Mapped[str] = mapped_column(default="")  # of file and data as previewed
    message: Mapped[str] = mapped_column(default="")
    account_id: Mapped[int]  # who started it, and alone may confirm it
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class JobNotFound(LookupError):
    """No import has this id, or it is another person's."""


def own_job(db: Session, job_id: str, account_id: int) -> SpreadsheetJob:
    """Return a person's own import, or raise JobNotFound."""
    query = select(SpreadsheetJob).where(
        SpreadsheetJob.id == job_id, SpreadsheetJob.account_id == account_id
    )
    job = db.scalar(query)
    if job is None:
        raise JobNotFound(job_id)
    return job
