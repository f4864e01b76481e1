"""The layers that place a question beside the sentence that answers it."""

import numpy as np
import pytest

from knowledge.encoder import Encoder
from knowledge.sentence_encoder import SentenceEncoder, load_sentence_encoder

ANSWERED_BY = {
    "最多能借给我多少钱": "个人创业担保贷款的最高额度为20万元。",
    "去哪里交申请表": "贷款申请由户籍所在地的街道受理。",
    "借了几年要还清": "贷款期限最长三年。",
    "我这样的人有没有资格": "申请人应当是登记失业人员、退役军人或者返乡农民工。",
    "要不要找人担保": "额度在10万元以下的，免除反担保。",
    "利息由谁出": "利息由财政补贴一半，其余由借款人承担。",
    "断供了会怎么样": "逾期不还的，列入失信名单，不再给予贴息。",
    "摆摊的能不能进去": "孵化基地接纳初创的小微企业和个体工商户。",
}


@pytest.fixture(scope="module")
def sentences(encoder: Encoder) -> SentenceEncoder:
    found = load_sentence_encoder(encoder)
    assert isinstance(found, SentenceEncoder)
    return found


def test_a_question_mostly_lies_nearest_to_its_answer(sentences: SentenceEncoder) -> None:
    asked = sentences.encode_queries(list(ANSWERED_BY))
    said = sentences.encode_passages(list(ANSWERED_BY.values()))
    nearest = (asked @ said.T).argmax(axis=1)
    assert (nearest == np.arange(len(ANSWERED_BY))).sum() >= 6


def test_vectors_have_length_one_and_do_not_depend_on_their_neighbours(
    sentences: SentenceEncoder,
) -> None:
    texts = list(ANSWERED_BY)
    together = sentences.encode_queries(texts)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(together[2], sentences.encode_queries([texts[2]])[0])
    assert sentences.encode_queries([]).shape == (0, sentences.dimension)


def test_any_text_has_a_vector(sentences: SentenceEncoder) -> None:
    for text in ("", "?", "贷" * 5_000, "\ud800", "\ufdfa" * 300, "a\u0301" * 900, "🙂"):
        assert np.isfinite(sentences.encode_queries([text])).all()
        assert np.isfinite(sentences.encode_passages([text])).all()


def test_another_training_has_another_fingerprint(
    encoder: Encoder, sentences: SentenceEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sentences.fingerprint != encoder.fingerprint
    before = sentences.fingerprint
    monkeypatch.setattr(Encoder, "trained", "another")
    assert sentences.fingerprint != before


def test_an_encoder_of_ones_own_places_sentences_itself(
    encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Encoder, "trained", "")
    assert load_sentence_encoder(encoder) is encoder
