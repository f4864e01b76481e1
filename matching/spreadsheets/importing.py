"""Records from a spreadsheet: every row judged first, then all taken in or none.

Judging and taking in go through the same rows twice; a fingerprint over the
file and the versions of the records it meets proves that nothing changed in between.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy.orm import Session

from audit.log import append_event
from matching.projects.editing import Editor
from matching.spreadsheets.judging import (
    CellError,
    Progress,
    RowAction,
    RowVerdict,
    Subject,
    find_headings,
    judged_rows,
)
from matching.spreadsheets.reading import ParsedSheet
from storage.database import take_turns

MOST_ERRORS_SHOWN = 500
MOST_ROWS_SHOWN = 200


class ImportChanged(RuntimeError):
    """File or data are no longer those of the preview; nothing was taken in."""


class ImportRefused(ValueError):
    """The file has errors; nothing was taken in."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What an import would do; lists are cut, numbers are whole."""

    counts: Mapping[RowAction, int]
    errors: tuple[CellError, ...]
    error_count: int
    rows: tuple[RowVerdict, ...]  # the first of those that insert or update
    ignored: tuple[str, ...]  # headings that are no columns of ours
    fingerprint: str

    @property
    def possible(self) -> bool:
        """Whether it may be confirmed: no errors, and something to do."""
        changing = self.counts[RowAction.INSERT] + self.counts[RowAction.UPDATE]
        return not self.error_count and changing > 0


def preview_import(
    db: Session, subject: Subject, sheet: ParsedSheet, progress: Progress | None = None
) -> Preview:
    """Judge every row. Raises SpreadsheetUnreadable when the headings are not ours."""
    headings = find_headings(subject, sheet)
    counts = dict.fromkeys(RowAction, 0)
    errors: list[CellError] = []
    rows: list[RowVerdict] = []
    fingerprint = sha256(sheet.digest.encode())
    error_count = 0
    for verdicts in judged_rows(db, subject, sheet, headings, fingerprint.update, progress):
        for one in verdicts:
            counts[one.action] += 1
            error_count += len(one.errors)
            errors += one.errors[: MOST_ERRORS_SHOWN - len(errors)]
            if one.action in {RowAction.INSERT, RowAction.UPDATE} and len(rows) < MOST_ROWS_SHOWN:
                rows.append(one)
    return Preview(
        counts, tuple(errors), error_count, tuple(rows), headings.ignored, fingerprint.hexdigest()
    )


def apply_import(
    db: Session,
    subject: Subject,
    sheet: ParsedSheet,
    fingerprint: str,
    editor: Editor,
    progress: Progress | None = None,
) -> dict[RowAction, int]:
    """Take every row in, in the caller's transaction; return how many did what.

    Raises ImportRefused for a row with an error, and ImportChanged when file or data
    are not those whose preview had this fingerprint; the caller's transaction must then
    roll back, as an exception makes it do.
    """
    take_turns(db, f"import {subject.name}")
    headings = find_headings(subject, sheet)
    counts = dict.fromkeys(RowAction, 0)
    seen = sha256(sheet.digest.encode())
    for verdicts in judged_rows(db, subject, sheet, headings, seen.update, progress):
        for one in verdicts:
            counts[one.action] += 1
        if counts[RowAction.ERROR]:
            break
        new = [one.values for one in verdicts if one.action is RowAction.INSERT]
        changed = {one.code: one.values for one in verdicts if one.action is RowAction.UPDATE}
        if new:
            subject.insert(db, new, editor)
        if changed:
            subject.update(db, changed, editor)
        db.flush()
        db.expunge_all()  # or fifty thousand records would stay in memory
    if not counts[RowAction.ERROR] and seen.hexdigest() != fingerprint:
        raise ImportChanged("预览以后文件或数据有了变化，一行也没有导入。请重新预览，再确认导入。")
    if counts[RowAction.ERROR]:
        raise ImportRefused("文件里有错误，一行也没有导入。请按预览改正后重新上传。")
    told = {str(action): count for action, count in counts.items()} | {"file": sheet.digest}
    append_event(db, f"{subject.name}.imported", f"import:{subject.name}", editor.actor, told)
    return counts
