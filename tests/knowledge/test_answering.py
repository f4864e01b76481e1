"""The network that scores whether a sentence answers a question."""

import numpy as np
import pytest

from knowledge.answering import (
    QUESTION_TOKENS,
    AnswerScorer,
    load_answering,
    nearness_features,
    sentence_in_place,
)
from knowledge.encoder import Encoder
from knowledge.sentence_encoder import load_sentence_encoder

LOAN = "创业担保贷款管理办法\n第三章 额度\n第七条"
AMOUNT = "个人创业担保贷款的最高额度为20万元。"
PLAIN = np.zeros((1, 3), np.float32)


@pytest.fixture(scope="module")
def scorer(encoder: Encoder) -> AnswerScorer:
    found = load_answering(encoder)
    assert found is not None
    return found


def _odds(scorer: AnswerScorer, question: str, sentence: str) -> float:
    # The same nearness for all: only what both texts say can make the difference.
    return float(scorer.scores(question, [sentence_in_place(LOAN, sentence)], PLAIN)[0])


def test_the_sentence_that_answers_mostly_has_the_best_odds(scorer: AnswerScorer) -> None:
    answered_by = {
        "最多能借给我多少钱": AMOUNT,
        "去哪里申请贷款": "贷款申请由户籍所在地的街道受理。",
        "借了几年要还清": "贷款期限最长三年。",
        "哪些人可以申请": "申请人应当是登记失业人员、退役军人或者返乡农民工。",
        "要不要找人担保": "额度在10万元以下的，免除反担保。",
        "利息由谁出": "利息由财政补贴一半，其余由借款人承担。",
    }
    sentences = list(answered_by.values())
    places = [sentence_in_place(LOAN, sentence) for sentence in sentences]
    vectors = load_sentence_encoder(scorer.encoder)
    best = 0
    for question, sentence in answered_by.items():
        cosines = vectors.encode_passages(sentences) @ vectors.encode_queries([question])[0]
        near = (cosines - cosines.mean()) / cosines.std()
        odds = scorer.scores(
            question, places, nearness_features(question, sentences, near, float(near.max()))
        )
        best += sentences[int(odds.argmax())] == sentence
    assert best >= 5


def test_another_thing_asked_of_the_same_sentence_has_worse_odds(scorer: AnswerScorer) -> None:
    assert _odds(scorer, "个人创业贷款最多能贷多少", AMOUNT) > _odds(
        scorer, "个人创业贷款几天能批下来", AMOUNT
    )


def test_equal_input_gives_equal_scores_alone_and_beside_others(scorer: AnswerScorer) -> None:
    question = "个人最高能贷多少"
    sentences = [sentence_in_place(LOAN, s) for s in (AMOUNT, "贷款期限最长三年。")]
    together = scorer.scores(question, sentences, np.zeros((2, 3), np.float32))
    afresh = load_answering(scorer.encoder)
    assert afresh is not None
    assert [float(afresh.scores(question, [s], PLAIN)[0]) for s in sentences] == list(together)


def test_any_text_gets_a_finite_score(scorer: AnswerScorer) -> None:
    for question in ("", "?", "贷" * 5_000, "\ud800", "\ufdfa" * 300, "a\u0301" * 900):
        for sentence in ("", "额度" * 2_000, "🙂"):
            odds = scorer.scores(question, [sentence_in_place(LOAN, sentence)], PLAIN)
            assert np.isfinite(odds).all()
    assert scorer.encoder.read_query("贷" * 5_000).states.shape[0] > QUESTION_TOKENS


def test_a_sentence_stands_behind_its_title_and_the_heading_nearest_above() -> None:
    assert sentence_in_place(LOAN, AMOUNT) == f"创业担保贷款管理办法 第七条：{AMOUNT}"
    own = f"办法\n第三章 额度\n{AMOUNT}"
    assert sentence_in_place(own, AMOUNT) == f"办法 第三章 额度：{AMOUNT}"
    assert sentence_in_place("办法", AMOUNT) == f"办法：{AMOUNT}"


def test_what_is_told_beside_the_texts() -> None:
    near = np.array([3.0, 0.0], np.float32)
    features = nearness_features("贷款额度", ["贷款额度", "培训"], near, 3.0)
    assert features.dtype == np.float32
    np.testing.assert_allclose(features[:, 0], [1, 0])
    np.testing.assert_allclose(features[:, 2], [0, -1])
    assert features[0, 1] > features[1, 1] == 0


def test_an_encoder_of_ones_own_has_no_such_network(
    encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Encoder, "trained", "")
    assert load_answering(encoder) is None
