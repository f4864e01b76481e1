"""The shipped pack: our own restatements in knowledge/sources, loaded at every start."""

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from knowledge.document import DocumentStatus, PolicyDocument, text_digest
from knowledge.front_matter import FrontMatter, split_front_matter
from knowledge.ingest import Outcome, local_date, store_reading
from knowledge.plain_text import clean
from knowledge.policy_reading import FACT_NAMES, read_policy
from knowledge.succession import known_documents, put_in_force

SOURCES = Path(__file__).parent / "sources"
_STATED = (*FACT_NAMES, "replaced_on", "as_of", "caveat")


def load_pack(
    db: Session,
    now: datetime,
    progress: Callable[[int, int], None] | None = None,
    folder: Path = SOURCES,
) -> int:
    """Bring the pack into the database; returns how many of its documents changed.

    Loading again changes nothing and costs only the comparison of digests. A version
    that replaced one of ours, an official file above all, is never taken back.
    `progress` is called for each file that is new or changed, with the files looked at and
    their number.
    """
    paths = sorted(folder.glob("*.md"))
    versions: dict[str, list[PolicyDocument]] = defaultdict(list)
    for document in known_documents(db):
        versions[document.series].append(document)
    changed: list[tuple[str, FrontMatter]] = []
    for done, path in enumerate(paths, start=1):
        data = path.read_bytes()
        stated, text = split_front_matter(clean(data.decode("utf-8")))
        if stated is None or stated.series is None:
            raise ValueError(f"{path.name}：知识包文件开头必须写明 series")
        if _bring_in(db, versions[stated.series], path, data, (stated, text), now):
            changed.append((stated.series, stated))
            if progress is not None:
                progress(done, len(paths))
    if changed:
        _join_chains(db, changed, now)
    return len(changed)


def _bring_in(
    db: Session,
    versions: list[PolicyDocument],
    path: Path,
    data: bytes,
    source: tuple[FrontMatter, str],
    now: datetime,
) -> bool:
    stated, text = source
    digest = text_digest(text)
    known = next((document for document in versions if document.digest == digest), None)
    if known is None:
        report = store_reading(db, read_policy(path.name, data), now=now)
        return report.outcome is not Outcome.KEPT_OFFICIAL
    return known.restated and known is versions[0] and _take_over(known, stated)


def _take_over(document: PolicyDocument, stated: FrontMatter) -> bool:
    """Take over facts that a new edition of the pack corrects for the same text."""
    changed = False
    for name in _STATED:
        value = getattr(stated, name)
        if value != getattr(document, name) and not (name == "replaced_on" and value is None):
            setattr(document, name, value)
            changed = True
    if stated.status is not DocumentStatus.PUBLISHED and stated.status is not document.status:
        document.status = stated.status
        changed = True
    return changed


def _join_chains(db: Session, changed: list[tuple[str, FrontMatter]], now: datetime) -> None:
    """Apply who supersedes whom once all are stored, so that the order of files is nothing."""
    newest = {d.series: d for d in reversed(known_documents(db)) if d.restated}
    for series, stated in changed:
        if series in newest and stated.supersedes:
            put_in_force(db, newest[series], (), stated.supersedes, local_date(now))
