from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from knowledge.corpus import Corpus
from knowledge.retriever import Hit, Retriever, build_retriever
from storage.database import Database
from storage.index_file import ARRAYS
from tests.fixtures.hashed_encoder import HashedEncoder
from tests.knowledge.corpora import make_corpus

TODAY = date(2026, 11, 22)
LOAN = "一、额度\n个人创业担保贷款的最高额度是30万元,期限不超过3年。\n二、贴息\n财政部门对贷款利息给予补贴。"
LICENCE = "一、营业执照\n个体工商户到市场监督管理部门申请登记,领取营业执照。"
TRAINING = "一、培训\n失业人员参加创业培训,可以享受培训补贴。"


@pytest.fixture
def corpus() -> Corpus:
    return make_corpus(
        ("贷款办法", LOAN),
        ("登记办法", LICENCE),
        ("培训办法", TRAINING),
        effective_on={3: date(2027, 1, 1)},
    )


@pytest.fixture
def retriever(corpus: Corpus, tmp_path: Path) -> Retriever:
    return build_retriever(corpus, HashedEncoder(), tmp_path)


def best(retriever: Retriever, corpus: Corpus, question: str, day: date = TODAY) -> str:
    hit = retriever.search(question, 1, day)[0]
    return corpus.documents[hit.document_id].text[hit.start : hit.end]


def test_the_clause_that_answers_comes_first(retriever: Retriever, corpus: Corpus) -> None:
    assert "30万元" in best(retriever, corpus, "创业担保贷款最高额度多少")
    assert "领取营业执照" in best(retriever, corpus, "個體工商戶領取營業執照")


def test_documents_not_yet_in_force_are_no_candidates(retriever: Retriever) -> None:
    documents = {hit.document_id for hit in retriever.search("创业培训补贴", 99, TODAY)}
    assert 3 not in documents
    later = retriever.search("创业培训补贴", 99, date(2027, 1, 1))
    assert later[0].document_id == 3


def test_each_clause_is_one_hit_with_all_scores(retriever: Retriever) -> None:
    hits = retriever.search("贷款", 99, TODAY)
    assert len({hit.clause_id for hit in hits}) == len(hits)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert 0 < hits[0].word_score <= 1
    assert 0 < hits[0].bigram_score <= 1
    assert -1 <= hits[0].cosine <= 1.001


@pytest.mark.parametrize("question", ["", "   ", "???", "\ud800", "🏦"])
def test_a_question_without_words_finds_nothing(retriever: Retriever, question: str) -> None:
    assert retriever.search(question, 5, TODAY) == []


def test_a_question_of_unknown_words_still_finds_by_meaning(retriever: Retriever) -> None:
    assert retriever.search("xyzzy", 2, TODAY)


@settings(
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(question=st.text(max_size=60))
def test_any_question_is_searched_and_twice_alike(retriever: Retriever, question: str) -> None:
    hits = retriever.search(question, 3, TODAY)
    assert len(hits) <= 3
    assert hits == retriever.search(question, 3, TODAY)


def test_threads_get_the_same_hits(retriever: Retriever) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: retriever.search("贷款贴息", 5, TODAY), range(50)))
    assert all(hits == found[0] for hits in found)


def test_a_second_start_encodes_nothing(corpus: Corpus, tmp_path: Path) -> None:
    first = build_retriever(corpus, HashedEncoder(), tmp_path)
    encoder = HashedEncoder()
    second = build_retriever(corpus, encoder, tmp_path)
    assert encoder.encoded == []
    assert first.search("贷款", 9, TODAY) == second.search("贷款", 9, TODAY)


def test_only_what_changed_is_encoded_again(corpus: Corpus, tmp_path: Path) -> None:
    build_retriever(corpus, HashedEncoder(), tmp_path)
    encoder = HashedEncoder()
    grown = make_corpus(("贷款办法", LOAN), ("登记办法", LICENCE + "\n二、期限\n当场办结。"))
    found = build_retriever(grown, encoder, tmp_path)
    assert encoder.encoded
    assert not [text for text in encoder.encoded if "30万元" in text]
    assert {hit.document_id for hit in found.search("创业培训补贴", 99, TODAY)} <= {1, 2}
    assert found.search("当场办结", 1, TODAY)[0].document_id == 2


def test_another_encoder_or_a_damaged_file_builds_anew(corpus: Corpus, tmp_path: Path) -> None:
    before = build_retriever(corpus, HashedEncoder(), tmp_path).search("贷款", 9, TODAY)
    other = HashedEncoder("another")
    build_retriever(corpus, other, tmp_path)
    assert other.encoded
    (tmp_path / "index" / ARRAYS).write_bytes(b"damaged")
    assert build_retriever(corpus, HashedEncoder(), tmp_path).search("贷款", 9, TODAY) == before


def rounded(hits: list[Hit]) -> list[tuple[int, float, float, float]]:
    return [
        (h.clause_id, round(h.score, 5), round(h.bigram_score, 5), round(h.cosine, 5)) for h in hits
    ]


@pytest.mark.parametrize(
    "question", ["贷款额度", "营业执照怎么办", "创业培训补贴", "财政", "xyzzy"]
)
def test_both_engines_rank_alike(
    corpus: Corpus, retriever: Retriever, tmp_path: Path, postgres_database: Database, question: str
) -> None:
    shared = build_retriever(
        corpus, HashedEncoder(), tmp_path / "other", database=postgres_database
    )
    for day in (TODAY, date(2027, 6, 1)):
        expected = retriever.search(question, 20, day)
        assert rounded(shared.search(question, 20, day)) == rounded(expected)
    assert not (tmp_path / "other").exists()
