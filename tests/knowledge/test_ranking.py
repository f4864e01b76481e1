import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from knowledge.bm25 import K1, B, bm25, inverse_frequency
from knowledge.passage import MAX_PIECES, Passage
from knowledge.passage_scores import PassageOutline
from knowledge.ranking import ambiguity, fuse

SCORES = arrays(np.float32, 7, elements=st.floats(0, 1, width=32))


def test_bm25_is_the_formula_of_the_book() -> None:
    counts = np.array([[2, 0], [1, 3]], np.float32)
    lengths = np.array([10, 30], np.float32)
    weights = np.array([1.5, 0.5], np.float32)
    found = bm25(counts, lengths, 20.0, weights)
    for row in range(2):
        norm = K1 * (1 - B + B * lengths[row] / 20)
        by_hand = sum(weights[t] * counts[row, t] / (counts[row, t] + norm) for t in range(2)) / 2
        assert found[row] == pytest.approx(by_hand)


def test_bm25_of_no_known_term_is_zero() -> None:
    found = bm25(np.zeros((2, 0), np.float32), np.ones(2, np.float32), 1.0, np.zeros(0, np.float32))
    assert found.tolist() == [0, 0]


def test_rare_terms_weigh_more_and_none_weighs_nothing() -> None:
    idf = inverse_frequency(np.array([1, 50, 100], np.float32), 100)
    assert idf[0] > idf[1] > idf[2] > 0


@given(SCORES, SCORES, SCORES)
def test_a_candidate_that_is_better_in_everything_ranks_higher(
    words: np.ndarray, grams: np.ndarray, cosines: np.ndarray
) -> None:
    words[0], grams[0], cosines[0] = words.max() + 0.1, grams.max() + 0.1, cosines.max() + 0.1
    assert np.argmax(fuse(words, grams, cosines)) == 0


def test_meaning_decides_where_all_share_the_same_words() -> None:
    same = np.full(5, 0.5, np.float32)
    cosines = np.array([0.80, 0.81, 0.85, 0.79, 0.78], np.float32)
    assert np.argmax(fuse(same, same, cosines)) == 2


def test_words_decide_where_one_stands_out() -> None:
    words = np.array([0.9, 0.05, 0.05, 0.05, 0.05] + [0.0] * 50, np.float32)
    cosines = np.linspace(0.82, 0.86, 55, dtype=np.float32)
    assert ambiguity(words) < ambiguity(np.full(55, 0.5, np.float32))
    assert np.argmax(fuse(words, words, cosines)) == 0


def test_no_candidates_have_no_scores() -> None:
    none = np.empty(0, np.float32)
    assert fuse(none, none, none).tolist() == []


def piece(clause_id: int, order: int = 0, *, encoded: bool = True) -> Passage:
    return Passage(clause_id * MAX_PIECES + order, clause_id, 1, "", "", 0, 0, encoded=encoded)


def block(*clauses: int) -> Passage:
    return Passage(
        clauses[0] * MAX_PIECES + MAX_PIECES - 1, clauses[0], 1, "", "", 0, 0, block=clauses
    )


def test_blocks_lift_all_their_clauses_and_the_best_leads() -> None:
    passages = [piece(1), piece(2, encoded=False), block(1, 2), piece(3), piece(3, 1)]
    outline = PassageOutline(passages)
    ids = np.array(sorted(p.id for p in passages))
    assert outline.with_neighbours(np.array([piece(1).id, piece(3).id])).tolist() == sorted(
        {piece(1).id, piece(2).id, block(1, 2).id, piece(3).id}
    )
    scores = {
        "word": np.array([0.4, 0.7, 0.1, 0.2, 0.3], np.float32),
        "dense": np.array([0.9, 0.8, 0.0, 0.5, 0.6], np.float32),
    }
    assert ids.tolist()[1] == block(1, 2).id
    clauses, best = outline.by_clause(ids, scores)
    assert clauses.tolist() == [1, 2, 3]
    # The block has 0.3 more than its best clause: both clauses get that.
    assert best["word"].tolist() == pytest.approx([0.7, 0.4, 0.3])
    # The second clause has no vector of its own and stands for its block.
    assert best["dense"].tolist() == pytest.approx([0.9, 0.8, 0.6])


def test_ids_of_another_process_are_left_out() -> None:
    outline = PassageOutline([piece(1)])
    assert outline.with_neighbours(np.array([piece(1).id, piece(9).id])).tolist() == [piece(1).id]
    assert outline.with_neighbours(np.empty(0, np.int64)).tolist() == []


def test_bm25_of_passages_without_a_single_term_is_zero() -> None:
    none = np.zeros(3, np.float32)
    found = bm25(np.zeros((2, 3), np.float32), np.zeros(2, np.float32), 0.0, none)
    assert found.tolist() == [0.0, 0.0]
