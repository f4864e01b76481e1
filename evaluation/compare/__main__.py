"""`python -m evaluation.compare FOLDER [DATA_DIR [VECTORS]]`: one JSON of nDCG@10 and time.

Needs `pip install "qichuang[compare]"` in an environment of its own. Every pipeline gets
the same pieces and the same encoder, and returns documents by their best piece; ours is
the production retriever. VECTORS is a folder that keeps vectors between runs.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np

from evaluation.compare import haystack_hybrid, llama_index_hybrid
from evaluation.compare.pieces import Pipeline, cut, documents_of
from evaluation.judged_set import read_judged_set
from evaluation.metrics import hit_at_1, ndcg_at_k
from evaluation.retrieval import evaluate_retrieval
from evaluation.vector_cache import CachedEncoder
from knowledge.encoder import load_encoder
from knowledge.indexing import TextEncoder

PIPELINES: dict[str, Pipeline] = {
    "llama_index_reciprocal_rank": llama_index_hybrid.reciprocal_rank,
    "llama_index_relative_score": llama_index_hybrid.relative_score,
    "haystack_characters": haystack_hybrid.with_characters,
    "haystack_words": haystack_hybrid.with_words,
}


def main(folder: Path, data_dir: Path, vectors: Path | None = None) -> dict[str, object]:
    """Compare every pipeline with ours on one judged set."""
    encoder: TextEncoder = load_encoder(data_dir)
    if vectors is not None:
        encoder = CachedEncoder(encoder, vectors)
    judged = read_judged_set(folder)
    pieces = cut(judged, encoder)
    report: dict[str, object] = {}
    for name, pipeline in PIPELINES.items():
        find = pipeline(pieces, encoder)
        scores, times_ms = [], []
        for question_id, question in judged.questions.items():
            asked = time.perf_counter()
            ranked = documents_of(find(question), pieces)
            times_ms.append((time.perf_counter() - asked) * 1000)
            right = judged.judgements[question_id]
            scores.append((ndcg_at_k(ranked, right, 10), hit_at_1(ranked, right)))
        ndcg, hit = np.mean(scores, axis=0)
        report[name] = {
            "ndcg_at_10": round(float(ndcg), 4),
            "hit_at_1": round(float(hit), 4),
            "query_ms_p50": round(float(np.percentile(times_ms, 50)), 1),
        }
    ours = evaluate_retrieval(folder, encoder, baselines=True)
    return {**report, "ours": ours}


if __name__ == "__main__":
    arguments = [Path(argument) for argument in sys.argv[1:4]]
    result = main(arguments[0], *(arguments[1:] or [Path("var")]))
    sys.stdout.write(json.dumps(result) + "\n")
