"""What callers may rely on: unit vectors, prefixes, threads, and any text somebody sends."""

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import knowledge.encoder as encoder_module
from knowledge.encoder import Encoder, clean

QUESTION = "创业担保贷款怎么申请"
PASSAGES = [
    "符合条件的创业者可以向经办银行申请创业担保贷款,由财政给予贴息。",
    "今天天气很好,适合去公园散步。",
    "高校毕业生自主创业,三年内减免行政事业性收费。",
]
HOSTILE = {
    "empty": "",
    "spaces": " \t\n\u3000 ",
    "NUL": "贷款\0怎么\0申请",
    "lone surrogates": "贷\ud800款\udfff怎么申请\udc80",
    "only surrogates": "\ud83d" * 50,
    "one character becomes 18": "\ufdfa" * 20_000,
    "100,000 characters": "贷款政策咨询" * 16_667,
    "one word of 100,000 letters": "a" * 100_000,
    "combining marks": "款" + "\u0301\u0316" * 10_000,
    "emoji": "👩‍👩‍👧‍👦🏳️‍🌈🚀" * 300,
    "right-to-left override": "\u202e贷款\u202c\u200b\ufeff申请",
    "special tokens": "<s></s><pad><mask><unk>" * 200,
    "unassigned and private": "\U000e0001\ue000\U0010ffff\uffff" * 100,
    "other scripts": "Кредит قرض 대출 ローン เงินกู้ δάνειο",
}


def test_rows_are_unit_vectors_in_order(encoder: Encoder) -> None:
    queries = encoder.encode_queries([QUESTION, "天气", QUESTION])
    passages = encoder.encode_passages(PASSAGES)
    assert queries.dtype == passages.dtype == np.float32
    assert queries.shape == passages.shape == (3, encoder.dimension)
    for rows in (queries, passages):
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(queries[0], queries[2])
    assert (queries[0] @ passages.T).argmax() == 0
    assert (queries[1] @ passages.T).argmax() == 1


def test_no_text_gives_no_row(encoder: Encoder) -> None:
    assert encoder.encode_queries([]).shape == (0, encoder.dimension)
    assert encoder.encode_passages([]).shape == (0, encoder.dimension)


def test_a_question_is_not_encoded_like_a_passage(encoder: Encoder) -> None:
    cosine = encoder.encode_queries([QUESTION])[0] @ encoder.encode_passages([QUESTION])[0]
    assert 0.5 < cosine < 0.99


def test_a_text_has_one_embedding_whatever_stands_beside_it(encoder: Encoder) -> None:
    texts = [PASSAGES[0] * n for n in range(1, 9)]
    together = encoder.encode_passages(texts)
    alone = np.concatenate([encoder.encode_passages([text]) for text in texts])
    np.testing.assert_array_equal(together, alone)


def test_full_width_and_compatibility_characters_read_as_usual_ones(encoder: Encoder) -> None:
    usual, wide = encoder.encode_queries(["贷款50万元(一)", "贷款\uff15\uff10万元\u3220"])
    np.testing.assert_array_equal(wide, usual)


def test_eight_threads_get_what_one_gets(encoder: Encoder) -> None:
    texts = [f"{passage}第{n}条" for n in range(8) for passage in PASSAGES]
    expected = encoder.encode_passages(texts)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda text: encoder.encode_passages([text])[0], texts))
        queries = list(pool.map(lambda text: encoder.encode_queries([text])[0], texts * 2))
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(queries[: len(texts)], queries[len(texts) :])


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_any_text_is_encoded_in_bounded_time(encoder: Encoder, text: str) -> None:
    start = time.process_time()
    rows = np.concatenate([encoder.encode_queries([text]), encoder.encode_passages([text])])
    assert time.process_time() - start < 3
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


def test_text_beyond_the_bound_does_not_count(encoder: Encoder) -> None:
    long = "政策" * 250
    within, beyond = encoder.encode_queries([long, long + "天气预报" * 100])
    np.testing.assert_array_equal(within, beyond)


def test_clean_text_is_short_and_has_no_control_characters() -> None:
    for text in HOSTILE.values():
        cleaned = clean(text, 500)
        assert len(cleaned) <= 500
        assert all(c.isprintable() for c in cleaned if not c.isspace())
        cleaned.encode()  # lone surrogates would raise
    assert clean("贷\0款\ud800", 10) == "贷 款 "


def test_questions_are_remembered_up_to_a_bound(
    encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    read = encoder._read

    def counted(text: str) -> encoder_module.Reading:
        asked.append(text)
        return read(text)

    monkeypatch.setattr(encoder, "_read", counted)
    monkeypatch.setattr(encoder, "_remembered", type(encoder._remembered)())
    monkeypatch.setattr(encoder_module, "REMEMBERED_QUERIES", 2)
    for text in ("一", "二", "一", "三", "一", "二"):
        encoder.encode_queries([text])
    assert asked == ["query: 一", "query: 二", "query: 三", "query: 二"]
    assert len(encoder._remembered) == 2


def test_progress_is_told_up_to_the_end(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder_module, "_PROGRESS_STEP", 2)
    told: list[int] = []
    encoder.encode_passages(PASSAGES, told.append)
    assert told == [2, 3]
