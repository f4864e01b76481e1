"""How well the production retriever finds judged documents, and how fast."""

import resource
import sys
import time
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import numpy as np

from evaluation.baselines import Baselines
from evaluation.judged_set import JudgedSet, read_judged_set
from evaluation.metrics import hit_at_1, ndcg_at_k, recall_at_k, reciprocal_rank_at_k
from knowledge.corpus import Corpus
from knowledge.document import DocumentStatus, PolicyDocument
from knowledge.indexing import TextEncoder, update_index
from knowledge.passage import cut_passages
from knowledge.retriever import Hit, Retriever
from knowledge.splitter import split
from storage.memory_index import MemoryIndex

DEPTH = 100  # documents kept of a ranking
CLAUSES = 1_000  # read of a ranking: a document may have several clauses in it

Progress = Callable[[str, int, int], None]  # what is done, how many so far, of how many


def evaluate_retrieval(
    folder: Path,
    encoder: TextEncoder,
    *,
    qrels: Path | None = None,
    baselines: bool = False,
    progress: Progress = lambda _name, _done, _total: None,
) -> dict[str, float | int]:
    """Index a folder of documents as production does, ask every question, and score.

    Documents are cut by the production splitter, their titles become headings; a
    document ranks by its best clause. Times are milliseconds and include the encoder.
    `baselines` adds nDCG@10 of plain BM25 over words and over bigrams, of the dense
    ranking and of their reciprocal rank fusion, over the same documents.

    Raises JudgedSetInvalid.
    """
    judged = read_judged_set(folder, qrels)
    names = list(judged.documents)
    began = time.perf_counter()
    corpus = _corpus(judged)
    passages = cut_passages(corpus)
    index = MemoryIndex(encoder.dimension)
    update_index(
        index, passages, encoder, _Counted("编码", sum(p.encoded for p in passages), progress)
    )
    retriever = Retriever(corpus, passages, index, encoder)
    index_seconds = time.perf_counter() - began
    rankings: dict[str, list[str]] = {}
    times_ms = []
    for done, (question_id, question) in enumerate(judged.questions.items(), start=1):
        asked = time.perf_counter()
        hits = retriever.search(question, CLAUSES, date.max)
        times_ms.append((time.perf_counter() - asked) * 1000)
        rankings[question_id] = [names[i - 1] for i in _documents(hits)]
        progress("提问", done, len(judged.questions))
    report: dict[str, float | int] = {
        **_scores(rankings, judged),
        "queries": len(judged.questions),
        "documents": len(names),
        "passages": len(passages),
        "index_seconds": round(index_seconds, 2),
        "query_ms_p50": round(float(np.percentile(times_ms, 50)), 2),
        "query_ms_p95": round(float(np.percentile(times_ms, 95)), 2),
        "peak_rss_mb": _peak_rss_mb(),
    }
    if baselines:
        report |= _baseline_scores(judged, encoder, progress)
    return report


class _Counted:
    """Turns "so many more" into "so many of so many"."""

    def __init__(self, name: str, total: int, progress: Progress) -> None:
        self._name, self._total, self._progress = name, total, progress
        self._done = 0

    def __call__(self, more: int) -> None:
        self._done += more
        self._progress(self._name, self._done, self._total)


def _corpus(judged: JudgedSet) -> Corpus:
    documents = []
    clause_id = 0
    for document_id, (title, text) in enumerate(judged.documents.values(), start=1):
        body = text if any(c.isalnum() for c in text) else title
        document = PolicyDocument(
            id=document_id,
            series=str(document_id),
            version=1,
            title=title,
            text=body,
            restated=False,
            status=DocumentStatus.PUBLISHED,
        )
        drafts = split(body)
        document.clauses += [draft.clause(document_id, clause_id + 1) for draft in drafts]
        clause_id += len(drafts)
        documents.append(document)
    return Corpus(documents)


def _documents(hits: Sequence[Hit]) -> list[int]:
    """Return the document ids of hits, each where its best clause ranks."""
    return list(dict.fromkeys(hit.document_id for hit in hits))[:DEPTH]


def _scores(rankings: dict[str, list[str]], judged: JudgedSet) -> dict[str, float]:
    pairs = [(ranked, judged.judgements[name]) for name, ranked in rankings.items()]
    columns = {
        "ndcg_at_10": [ndcg_at_k(ranked, right, 10) for ranked, right in pairs],
        "hit_at_1": [hit_at_1(ranked, right) for ranked, right in pairs],
        "recall_at_10": [recall_at_k(ranked, right, 10) for ranked, right in pairs],
        "recall_at_100": [recall_at_k(ranked, right, 100) for ranked, right in pairs],
        "mrr_at_10": [reciprocal_rank_at_k(ranked, right, 10) for ranked, right in pairs],
    }
    return {name: round(float(np.mean(values)), 4) for name, values in columns.items()}


def _baseline_scores(
    judged: JudgedSet, encoder: TextEncoder, progress: Progress
) -> dict[str, float]:
    baselines = Baselines(judged.documents, encoder, progress)
    rankings: dict[str, list[list[str]]] = {}
    for done, question in enumerate(judged.questions.values(), start=1):
        for name, ranked in baselines.rank(question, DEPTH).items():
            rankings.setdefault(name, []).append(ranked)
        progress("对照", done, len(judged.questions))
    rights = [judged.judgements[name] for name in judged.questions]
    return {
        f"{name}_ndcg_at_10": round(
            float(
                np.mean([ndcg_at_k(r, right, 10) for r, right in zip(lists, rights, strict=True)])
            ),
            4,
        )
        for name, lists in rankings.items()
    }


def _peak_rss_mb() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Linux counts kilobytes, macOS bytes.
    return round(peak / (1 << 20 if sys.platform == "darwin" else 1 << 10))
