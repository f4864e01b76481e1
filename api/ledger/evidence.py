"""Evidence files: handed out whole, to be saved; that somebody took one is on record."""

import re
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from sqlalchemy.orm import Session
from starlette.datastructures import FormData, UploadFile

from api.access import Permission, allow
from api.attachment import attached_as
from api.deps import OpenDatabase
from api.ledger.staff import reads_transcripts, shows_targets
from api.refusals import PageNotFound
from api.signed_in import CurrentAccount
from audit.log import append_event
from guidance.indicators.evidence import (
    MAX_BYTES,
    EvidenceFile,
    EvidenceUnusable,
    evidence_of,
    keep_file,
)
from guidance.indicators.value import IndicatorValue
from guidance.ledger_list import session_within
from guidance.review.proposal import Proposal
from guidance.review.staff import Staff
from storage.database import LARGEST_ID

router = APIRouter(include_in_schema=False)

DIGEST = re.compile("[0-9a-f]{64}")
RowId = Annotated[int, Query(ge=0, le=LARGEST_ID)]


@router.get("/staff/evidence/{digest}", dependencies=allow(Permission.STAFF))
def download(
    digest: str,
    database: OpenDatabase,
    account: CurrentAccount,
    session: RowId = 0,
    value: RowId = 0,
    target: RowId = 0,
) -> Response:
    """Return a file that proves a session within the account's scope, a value, or a target."""
    if not DIGEST.fullmatch(digest) or not (session or value or target):
        raise PageNotFound
    with database.writing() as db:
        if session:
            session_within(db, session, account.org_unit)
            proves = digest in {file.digest for file in evidence_of(db, session)}
            proves = proves and reads_transcripts(account)
        elif target:
            proposal = db.get(Proposal, target)
            proves = proposal is not None and proposal.details.get("evidence") == digest
            proves = proves and shows_targets(account)
        else:
            reported = db.get(IndicatorValue, value)
            proves = reported is not None and reported.evidence_digest == digest
        file = db.get(EvidenceFile, digest) if proves else None
        if file is None:
            raise PageNotFound
        content, name = file.content, file.name
        append_event(db, "evidence.read", f"evidence:{digest}", account.actor)
    return as_download(content, name)


def as_download(content: bytes, name: str) -> Response:
    """Return a file that somebody uploaded, to be saved and never shown."""
    # Never the type it came with: a browser must not show a stranger's page as ours.
    return Response(content, media_type="application/octet-stream", headers=attached_as(name))


def keep_upload(db: Session, posted: FormData, by: Staff, at: datetime) -> str:
    """Store the file that a form brought; return its digest. Raises EvidenceUnusable."""
    name, media_type, content = read_upload(posted)
    return keep_file(db, name, media_type, content, by, at).digest


def read_upload(posted: FormData) -> tuple[str, str, bytes]:
    """Return name, type and content of a form's file. Raises EvidenceUnusable without one."""
    file = posted.get("file")
    if not isinstance(file, UploadFile):
        raise EvidenceUnusable("请先选择要上传的文件。")
    with file.file as opened:
        content = opened.read(MAX_BYTES + 1)
    if not file.filename:
        raise EvidenceUnusable("请先选择要上传的文件。")
    return file.filename, file.content_type or "", content
