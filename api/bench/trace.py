"""How one answer came about: the pipeline itself, watched; nothing is computed twice."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from api.bench.judged import JudgedView, judged_views
from api.policies.validity import validity_in
from api.snapshot import Snapshot
from assistant import wording
from assistant.answer import Answer, Intent, Question
from assistant.judging import Judged
from assistant.pipeline import answer_question
from knowledge.retriever import Hit

SHOWN_HITS = 10
ANY_TIME = 30
INTENT_NAMES = {
    Intent.POLICY: "政策规定",
    Intent.ELIGIBILITY: "本人能不能享受",
    Intent.DEPARTMENT: "找谁办",
    Intent.LIST: "清单",
    Intent.FIGURE: "数字",
    Intent.PROJECT: "创业项目",
    Intent.MENTOR: "导师",
    Intent.PROGRESS: "办理进度",
    Intent.HANDOFF: "转人工",
    Intent.SMALLTALK: "寒暄",
    Intent.OUT_OF_SCOPE: "不在服务范围",
}


@dataclass(frozen=True, slots=True)
class RankedLine:
    """One clause of a ranking, with its scores."""

    place: int
    document: str
    address: str
    clause_id: int
    text: str
    score: float
    word_score: float
    bigram_score: float
    cosine: float
    cited: bool = False
    why_not: str = ""  # why validity rejected it


@dataclass(frozen=True, slots=True)
class Ranking:
    """What one search of the pipeline returned, in the final order."""

    query: str
    as_of: date
    lines: tuple[RankedLine, ...]


@dataclass(frozen=True, slots=True)
class CheckedSentence:
    """A sentence of the answer, what it rests on, and how that was checked."""

    text: str
    sources: tuple[str, ...]
    verdict: str
    good: bool


@dataclass(frozen=True, slots=True)
class Trace:
    """One answer with every step that made it."""

    question: Question
    answer: Answer
    route: tuple[tuple[str, str], ...]  # name and value, in the order of the steps
    rankings: tuple[Ranking, ...]
    judged: tuple[JudgedView, ...]  # by the network; empty where only rules decided
    rejected: tuple[RankedLine, ...]  # found, and left out because they do not hold that day
    sentences: tuple[CheckedSentence, ...]
    refused: str  # which check the composed answer failed, "" for none
    milliseconds: int


@dataclass
class _Watcher:
    notes: dict[str, Any] = field(default_factory=dict)
    searches: list[tuple[str, date, list[Hit]]] = field(default_factory=list)
    judged: list[Judged] = field(default_factory=list)

    def note(self, step: str, made: Any) -> None:
        if isinstance(made, Judged):
            self.judged.append(made)
        self.notes[step] = made


def trace_answer(snapshot: Snapshot, question: Question) -> Trace:
    """Answer a question as the chat does and tell how. Raises ValueError without the parts."""
    if snapshot.workings is None:
        raise ValueError("this snapshot cannot be looked into")
    knowledge = snapshot.workings.knowledge
    watcher = _Watcher()

    def search(text: str, k: int, as_of: date) -> Sequence[Hit]:
        hits = list(snapshot.search(text, k, as_of))
        watcher.searches.append((text, as_of, hits))
        return hits

    began = time.perf_counter()
    watched = replace(knowledge, search=search)
    answer = answer_question(question, watched, snapshot.offers, watcher.note)
    elapsed = round((time.perf_counter() - began) * 1000)
    cited = {citation.clause_id for citation in answer.citations}
    rankings = tuple(
        Ranking(text, day, _lines(hits[:SHOWN_HITS], snapshot, cited))
        for text, day, hits in watcher.searches
    )
    refused = watcher.notes.get("refused")
    return Trace(
        question=question,
        answer=answer,
        route=_route(watcher.notes, answer, question),
        rankings=rankings,
        judged=judged_views(watcher.judged, snapshot.corpus),
        rejected=_rejected(snapshot, watcher),
        sentences=_checked(snapshot, answer),
        refused=str(refused) if refused else "",
        milliseconds=elapsed,
    )


def _route(
    notes: dict[str, Any], answer: Answer, question: Question
) -> tuple[tuple[str, str], ...]:
    reading = notes.get("reading")
    problem = notes["screened"].problem
    steps = [
        ("筛查", str(problem) if problem else "通过"),
        ("纠正错别字后", notes.get("corrected", "")),
        ("意图", INTENT_NAMES[answer.intent]),
        ("补全后的问题", answer.completed_question),
    ]
    if reading is not None:
        steps += [
            ("问的是（代码）", str(reading.asked)),
            ("主题词", "、".join(reading.terms)),
            ("沿用上文的词", "、".join(reading.background)),
            ("按哪一天", str(notes["day"])),
        ]
    told = {**answer.learned}
    steps.append(("从这句话得知", "、".join(f"{key}={told[key]}" for key in sorted(told))))
    known = "、".join(f"{key}={question.known[key]}" for key in sorted(question.known))
    steps.append(("已知情况", known))
    return tuple((name, value) for name, value in steps if value)


def _lines(
    hits: Sequence[Hit], snapshot: Snapshot, cited: set[int], day: date | None = None
) -> tuple[RankedLine, ...]:
    lines = []
    for place, hit in enumerate(hits, 1):
        clause = snapshot.corpus.clauses[hit.clause_id]
        document = snapshot.corpus.document_of(clause)
        why_not = validity_in(snapshot.corpus, document, day) if day else None
        lines.append(
            RankedLine(
                place=place,
                document=document.title,
                address=clause.address,
                clause_id=clause.id,
                text=clause.text.strip()[:80],
                score=hit.score,
                word_score=hit.word_score,
                bigram_score=hit.bigram_score,
                cosine=hit.cosine,
                cited=hit.clause_id in cited,
                why_not=f"{why_not.label}：{why_not.explanation}" if why_not else "",
            )
        )
    return tuple(lines)


def _rejected(snapshot: Snapshot, watcher: _Watcher) -> tuple[RankedLine, ...]:
    """Return the clauses that would have been found if they held on the day."""
    if snapshot.workings is None or not watcher.searches:
        return ()
    text, day, _ = watcher.searches[0]
    valid = snapshot.corpus.valid_documents(day)
    hits = snapshot.workings.search_any_time(text, ANY_TIME)
    return _lines([hit for hit in hits if hit.document_id not in valid], snapshot, set(), day)


def _checked(snapshot: Snapshot, answer: Answer) -> tuple[CheckedSentence, ...]:
    checked = []
    for sentence in answer.sentences:
        citations = [answer.citations[place] for place in sentence.citations]
        whole = all(
            snapshot.corpus.documents[c.document_id].text[c.start : c.end] == c.quote
            for c in citations
        )
        if sentence.computation is not None:
            verdict = f"已按公式重算：{sentence.computation.formula}"
        elif citations:
            verdict = "原句在所引条款里" if whole else "所引原句与文件不符"
        elif wording.is_fixed(sentence.text):
            verdict = "固定用语，不含事实"
        else:
            verdict = "由规则和本人情况得出"
        sources = tuple(f"《{c.document}》{c.address}" for c in citations)
        checked.append(CheckedSentence(sentence.text, sources, verdict, whole))
    return tuple(checked)
