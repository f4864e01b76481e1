"""Gathering open questions into gaps, and publishing the clause that answers one."""

import re
from collections.abc import Sequence
from datetime import date, datetime

import numpy as np
import yaml
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from api.snapshot import Snapshot, Vectors, Workings
from assistant.asked import Asked
from assistant.reading import asked_of
from audit.log import SYSTEM, Actor, append_event
from guidance.gaps.clustering import cluster
from guidance.gaps.gap import (
    OPEN_STATES,
    ClauseDraftText,
    Gap,
    GapQuestion,
    GapRefused,
    GapState,
    get_gap,
    open_gap,
)
from guidance.gaps.open_question import OpenQuestion, open_questions
from guidance.gaps.steps import mark_published
from guidance.periods.working_days import working_days
from knowledge.document import DocumentStatus, Level
from knowledge.duty_map import DutyMap
from knowledge.ingest import ingest_file, local_date
from knowledge.tokenizer import normalize
from storage.database import Database, take_turns

KIND_SHARE = 0.3  # of a question's likeness, for asking the same kind of thing
_NUMBERED = re.compile(r"\s*(?:一、|（一）|\(一\)|第一[章条]|1[.、\uff0e])")
# What was turned down gathers its questions too, so that it does not come up again.
_JOINED = (*sorted(OPEN_STATES), GapState.REJECTED)


def collect_gaps(database: Database, snapshot: Snapshot, now: datetime) -> int:
    """Put every open question into a gap, its own where none is near; return how many.

    Encoding and comparing happen outside any transaction. Two at the same time add no
    question twice.
    """
    workings = snapshot.workings
    if workings is None:
        return 0
    with database.reading() as db:
        questions, days = open_questions(db, now), working_days(db)
        gaps = db.scalars(select(Gap).where(Gap.state.in_(_JOINED)).order_by(Gap.id)).all()
    if not questions:
        return 0
    leaders = _leaders(gaps, workings)
    vectors = _encode([question.text for question in questions], workings)
    texts = [question.text for question in questions]
    found = cluster(
        sharpened(vectors, texts, workings),
        sharpened(leaders, [gap.question for gap in gaps], workings),
    )
    duties = DutyMap(
        snapshot.corpus, snapshot.register, workings.knowledge.meaning.vectors, local_date(now)
    )
    fresh = [
        open_gap(
            questions[i].text,
            (vectors[i].tobytes(), workings.encoder),
            duties.nearest(vectors[i]),
            now,
            days,
        )
        for i in found.new
    ]
    with database.writing() as db:
        take_turns(db, "gaps")
        return _store(db, questions, found.leader_of.tolist(), gaps, fresh)


def _store(
    db: Session,
    questions: Sequence[OpenQuestion],
    leader_of: Sequence[int],
    gaps: Sequence[Gap],
    fresh: Sequence[Gap],
) -> int:
    ids = [question.turn_id for question in questions]
    taken: set[int] = set()
    for start in range(0, len(ids), 500):  # engines bound the parameters of a statement
        part = ids[start : start + 500]
        taken.update(db.scalars(select(GapQuestion.turn_id).where(GapQuestion.turn_id.in_(part))))
    members: dict[int, list[int]] = {}
    for question, leader in zip(questions, leader_of, strict=True):
        if question.turn_id not in taken:
            members.setdefault(leader, []).append(question.turn_id)
    for leader, turn_ids in sorted(members.items()):
        if leader < len(gaps):
            gap_id = gaps[leader].id
            added = Gap.question_count + len(turn_ids)
            db.execute(update(Gap).where(Gap.id == gap_id).values(question_count=added))
        else:
            gap = fresh[leader - len(gaps)]
            gap.question_count = len(turn_ids)
            db.add(gap)
            db.flush()
            gap_id = gap.id
            append_event(db, f"gap.{gap.state}", gap.subject, SYSTEM, {"after": gap.org_unit})
        db.add_all(GapQuestion(turn_id=turn_id, gap_id=gap_id) for turn_id in turn_ids)
    return sum(map(len, members.values()))


def _leaders(gaps: Sequence[Gap], workings: Workings) -> Vectors:
    """Return the gaps' unit vectors, float32 (n, d); of another encoder they are made anew."""
    rows = [
        np.frombuffer(gap.leader, np.float32)
        if gap.encoder == workings.encoder
        else workings.encode([gap.question])[0]
        for gap in gaps
    ]
    width = workings.encode(["问"]).shape[1]
    return np.stack(rows) if rows else np.zeros((0, width), np.float32)


def sharpened(vectors: Vectors, texts: Sequence[str], workings: Workings) -> Vectors:
    """Return unit vectors that tell questions apart, float32 (n, d + kinds).

    Raw cosines of one encoder all lie close together; without what the corpus has in common
    they spread. What kind of thing is asked (a rate, an amount, an address) counts a share
    of its own: two questions may differ by that one word alone.
    """
    centred = vectors - workings.knowledge.meaning.usual
    centred /= np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-6)
    kinds = list(Asked)
    asked = np.zeros((len(texts), len(kinds)), np.float32)
    for row, text in enumerate(texts):
        asked[row, kinds.index(asked_of(normalize(text)))] = 1.0
    joined = np.hstack([centred * np.sqrt(1 - KIND_SHARE), asked * np.sqrt(KIND_SHARE)])
    return joined.astype(np.float32)


def _encode(texts: Sequence[str], workings: Workings) -> Vectors:
    """Return a unit vector for each text; a text that comes often is encoded once."""
    different = list(dict.fromkeys(texts))
    place = {text: row for row, text in enumerate(different)}
    vectors: Vectors = workings.encode(different)[[place[text] for text in texts]]
    return vectors


def publish_clause(db: Session, gap_id: int, issuer: str, actor: Actor, at: datetime) -> int:
    """Publish an approved draft as a local document; return its id. Raises GapRefused.

    A changed draft of the same gap becomes the next version.
    """
    gap = get_gap(db, gap_id)
    draft = gap.draft()
    if gap.state is not GapState.APPROVED or draft is None:
        raise GapRefused("草稿还没有经第二个人审核，不能发布。")
    issuing = gap.org_unit or issuer
    data = clause_file(gap.id, draft, issuing, local_date(at)).encode()
    report = ingest_file(db, f"gap-{gap.id}.md", data, now=at, status=DocumentStatus.PUBLISHED)
    mark_published(db, gap, report.document_id, actor, at)
    return report.document_id


def clause_file(gap_id: int, draft: ClauseDraftText, issuer: str, today: date) -> str:
    """Return a draft as the Markdown file that every document enters through."""
    head = {
        "title": draft.title,
        "series": f"local-gap-{gap_id}",
        "issuer": issuer,
        "level": str(Level.DISTRICT),
        "published_on": today,
        "effective_on": draft.effective_on,
        "expires_on": draft.expires_on,
        "caveat": f"本条为本地答复口径，依据：{draft.source}",
    }
    stated = {name: value for name, value in head.items() if value is not None}
    text = draft.text if _NUMBERED.match(draft.text) else f"一、答复\n\n{draft.text}"
    body = "\n\n".join([draft.title, text, f"依据：{draft.source}"])
    return f"---\n{yaml.safe_dump(stated, allow_unicode=True, width=10_000)}---\n{body}\n"
