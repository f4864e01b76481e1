import ir_measures
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ir_measures import RR, R, Success, nDCG

from evaluation.metrics import hit_at_1, ndcg_at_k, recall_at_k, reciprocal_rank_at_k

IDS = [f"d{n}" for n in range(15)]


@given(
    st.permutations(IDS),
    st.integers(0, 15),
    st.dictionaries(st.sampled_from(IDS), st.integers(0, 4), min_size=1).filter(
        lambda judged: any(judged.values())
    ),
)
def test_metrics_agree_with_trec_eval(order: list[str], shown: int, judged: dict[str, int]) -> None:
    ranked = order[:shown]
    # trec_eval orders by score; it has no average over a question that found nothing.
    run = {
        "q": {name: float(len(ranked) - place) for place, name in enumerate(ranked)} or {"-": 1.0}
    }
    theirs = ir_measures.calc_aggregate(
        [nDCG @ 10, R @ 10, R @ 100, RR @ 10, Success @ 1], {"q": judged}, run
    )
    assert ndcg_at_k(ranked, judged, 10) == pytest.approx(theirs[nDCG @ 10])
    assert recall_at_k(ranked, judged, 10) == pytest.approx(theirs[R @ 10])
    assert recall_at_k(ranked, judged, 100) == pytest.approx(theirs[R @ 100])
    assert reciprocal_rank_at_k(ranked, judged, 10) == pytest.approx(theirs[RR @ 10])
    assert hit_at_1(ranked, judged) == pytest.approx(theirs[Success @ 1])


def test_better_documents_first_score_higher() -> None:
    judged = {"a": 2, "b": 1}
    assert ndcg_at_k(["a", "b"], judged, 10) == 1
    assert ndcg_at_k(["b", "a"], judged, 10) < 1


def test_nothing_relevant_scores_nothing() -> None:
    assert ndcg_at_k(["a"], {"a": 0}, 10) == 0
    assert recall_at_k(["a"], {}, 10) == 0
