"""Which documents are the same one in another version, and which end when one begins."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session, load_only

from knowledge.document import DocumentStatus, PolicyDocument
from knowledge.repeal import Repeal, normalize_number
from knowledge.validity import read_validity

MAX_CAVEAT = 300
AMENDED = "部分内容已被"  # begins what is said of a document that was changed in part
_QUOTES = re.compile(r"[\s《》<>〈〉“”\"'()〔〕\[\]\u3010\u3011、,:]")
_ISSUED = re.compile(r"(?:印发|公布|发布)《([^》]+)》")


@dataclass(frozen=True, slots=True)
class Identity:
    """What a document is known by."""

    series: str | None
    doc_number: str | None
    title: str
    restated: bool


def known_documents(db: Session) -> list[PolicyDocument]:
    """Return every version, official ones first, the newest of a series first; text not loaded."""
    columns = [c.key for c in PolicyDocument.__mapper__.column_attrs if c.key != "text"]
    return list(
        db.scalars(
            select(PolicyDocument)
            .options(load_only(*(getattr(PolicyDocument, key) for key in columns)))
            .order_by(PolicyDocument.restated, PolicyDocument.series, PolicyDocument.version.desc())
        )
    )


def find_family(documents: Sequence[PolicyDocument], identity: Identity) -> list[PolicyDocument]:
    """Return the versions that a document continues, newest first: by series, 文号 or title.

    Two different 文号 are never one family, however alike the titles. A restatement
    of ours joins only its own series or an official document.
    """
    own = [d for d in documents if identity.series is not None and d.series == identity.series]
    number, title = comparable(identity.doc_number or ""), comparable(identity.title)
    for document in () if own else documents:
        theirs = comparable(document.doc_number or "")
        same_title = comparable(document.title) == title and (not number or not theirs)
        if ((number and number == theirs) or same_title) and not (
            identity.restated and document.restated
        ):
            own = [d for d in documents if d.series == document.series]
            break
    return sorted(own, key=lambda document: document.version, reverse=True)


def series_of(identity: Identity) -> str:
    """Return the series that a first version opens."""
    return identity.series or comparable(identity.doc_number or "") or comparable(identity.title)


def put_in_force(
    db: Session,
    document: PolicyDocument,
    repeals: Iterable[Repeal],
    supersedes: Iterable[str],
    today: date,
) -> list[str]:
    """End what a document takes the place of; returns the titles that went out of force.

    Ended are other versions, our restatements of it, the documents it repeals and the
    ones named in `supersedes` (series, 文号 or title). They hold up to the day before.
    """
    begins = begins_on(document) or today
    named = {comparable(name) for name in supersedes}
    repeals = list(repeals)
    ended = []
    for other in known_documents(db):
        if other.id == document.id or other.status is DocumentStatus.DRAFT:
            continue
        repeal = next((r for r in repeals if is_meant(r, other)), None)
        if other.series == document.series or restates(other, document) or _keys(other) & named:
            changed = _end(other, begins, DocumentStatus.SUPERSEDED)
        elif repeal is not None:
            changed = _end(other, repeal.on or begins, DocumentStatus.REVOKED)
        else:
            continue
        document.supersedes_id = document.supersedes_id or other.id
        other.replaced_by_id = other.replaced_by_id or document.id
        if changed:
            ended.append(other.title)
    return ended


def end_if_repealed(db: Session, document: PolicyDocument, today: date) -> str | None:
    """End a document that one loaded earlier repeals; returns the title of that one."""
    for other in _naming(db, document):
        repeals = [finding.value for finding in read_validity(other.text).repeals]
        repeal = next((r for r in repeals if is_meant(r, document)), None)
        if repeal is not None:
            _end(document, repeal.on or begins_on(other) or today, DocumentStatus.REVOKED)
            document.replaced_by_id = document.replaced_by_id or other.id
            return other.title
    return None


def mark_amended(db: Session, by: PolicyDocument, amended: Iterable[Repeal]) -> None:
    """Have every answer from what a document changes in part say so, until its text is loaded."""
    wanted = list(amended)
    for other in known_documents(db) if wanted else ():
        if other.id != by.id and any(is_meant(one, other) for one in wanted):
            _note_amendment(other, by)


def mark_if_amended(db: Session, document: PolicyDocument) -> None:
    """Mark a document whose changes were loaded before it; a text published later holds them."""
    for other in _naming(db, document):
        begins, since = begins_on(document), begins_on(other)
        if begins is not None and since is not None and begins > since:
            continue
        if any(is_meant(one, document) for one in read_validity(other.text).amended):
            _note_amendment(document, other)


def _note_amendment(document: PolicyDocument, by: PolicyDocument) -> None:
    if document.status is DocumentStatus.PUBLISHED and by.title not in (document.caveat or ""):
        number = f"（{by.doc_number}）" if by.doc_number else ""
        note = f"{AMENDED}《{by.title}》{number}修改，以修改后的文本为准。"
        # First: what else the caveat says may be cut.
        document.caveat = f"{note}{document.caveat or ''}"[:MAX_CAVEAT]


def _naming(db: Session, document: PolicyDocument) -> Iterator[PolicyDocument]:
    """Yield the other documents in force whose text names this one by its title."""
    for name in filter(None, (document.title, *_ISSUED.findall(document.title))):
        yield from db.scalars(
            select(PolicyDocument).where(
                PolicyDocument.text.contains(f"《{name}》", autoescape=True),
                PolicyDocument.status == DocumentStatus.PUBLISHED,
                PolicyDocument.series != document.series,
            )
        )


def begins_on(document: PolicyDocument) -> date | None:
    """Return the first day on which a document holds, as far as it is known."""
    return document.effective_on or document.published_on


def is_meant(repeal: Repeal, document: PolicyDocument) -> bool:
    """Whether a repealing sentence means this document."""
    if repeal.doc_number and document.doc_number:
        return comparable(repeal.doc_number) == comparable(document.doc_number)
    return comparable(repeal.title) in {
        comparable(name) for name in (document.title, *_ISSUED.findall(document.title))
    }


def restates(ours: PolicyDocument, official: PolicyDocument) -> bool:
    """Whether a document is our restatement of an official one."""
    if not ours.restated or official.restated:
        return False
    number = comparable(official.doc_number or "")
    same_number = number != "" and number == comparable(ours.doc_number or "")
    return same_number or comparable(ours.title) == comparable(official.title)


def comparable(text: str) -> str:
    """Return a title or 文号 without spaces, quotation marks, brackets and width."""
    return _QUOTES.sub("", unicodedata.normalize("NFKC", normalize_number(text))).lower()


def _keys(document: PolicyDocument) -> set[str]:
    names = (document.title, document.doc_number or "", document.series)
    return {comparable(name) for name in names} - {""}


def _end(document: PolicyDocument, on: date, status: DocumentStatus) -> bool:
    """Put a document out of force; one that has already ended keeps its earlier day."""
    if document.status is not DocumentStatus.PUBLISHED:
        document.replaced_on = document.replaced_on or on
        return False
    document.status = status
    document.replaced_on = min(on, document.replaced_on or on)
    return True
