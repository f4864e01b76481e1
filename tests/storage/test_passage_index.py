"""What every passage index does, in the process and in PostgreSQL alike."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.database import Database
from storage.memory_index import MemoryIndex
from storage.passage_index import PassageIndex, PassageRow
from storage.postgres_index import PostgresIndex

DIMENSION = 4
NONE = np.empty(0, np.int64)


def unit(*numbers: float) -> np.ndarray:
    vector = np.array(numbers, np.float32)
    return vector / np.linalg.norm(vector)


def row(
    passage_id: int,
    words: dict[str, int],
    vector: np.ndarray | None = None,
    *,
    document_id: int = 1,
    key: int = 0,
) -> PassageRow:
    grams = {character: n for word, n in words.items() for character in word}
    direction = unit(1, 0, 0, 0) if vector is None else vector
    return PassageRow(passage_id, document_id, key, {"word": words, "gram": grams}, direction)


@pytest.fixture(params=["memory", "postgresql"])
def index(request: pytest.FixtureRequest) -> Iterator[PassageIndex]:
    if request.param == "memory":
        yield MemoryIndex(DIMENSION)
        return
    database: Database = request.getfixturevalue("postgres_database")
    yield PostgresIndex(database, DIMENSION)


def filled(index: PassageIndex) -> PassageIndex:
    index.replace(
        [
            row(30, {"贷款": 2, "利率": 1}, unit(1, 0, 0, 0), document_id=3, key=7),
            row(10, {"贷款": 1, "补贴": 300}, unit(0, 1, 0, 0), document_id=1, key=5),
            row(20, {"培训": 1}, unit(1, 1, 0, 0), document_id=2, key=6),
        ],
        (),
    )
    return index


def test_an_empty_index_answers_everything_with_nothing(index: PassageIndex) -> None:
    assert index.keys() == {}
    assert index.statistics("word", ["贷款"]).passages == 0
    assert index.statistics("word", ["贷款"]).frequency == {}
    assert index.matching("word", {"贷款": 1.0}, None, 5).tolist() == []
    assert index.nearest(unit(1, 0, 0, 0), None, 5).tolist() == []
    assert index.fetch(np.array([1]), {"word": ["贷款"]}).ids.tolist() == []


def test_keys_name_what_is_stored(index: PassageIndex) -> None:
    assert filled(index).keys() == {10: 5, 20: 6, 30: 7}


def test_statistics_count_passages_and_terms(index: PassageIndex) -> None:
    found = filled(index).statistics("word", ["贷款", "培训", "未见"])
    assert found.passages == 3
    assert found.frequency == {"贷款": 2, "培训": 1}
    assert found.mean_length == pytest.approx((3 + 301 + 1) / 3)


def test_matching_puts_heavier_terms_first_and_respects_the_limit(index: PassageIndex) -> None:
    filled(index)
    assert index.matching("word", {"贷款": 1.0, "利率": 2.0}, None, 9).tolist() == [30, 10]
    assert index.matching("word", {"培训": 3.0, "贷款": 1.0}, None, 1).tolist()[0] == 20
    assert index.matching("gram", {"训": 1.0}, None, 9).tolist() == [20]
    assert index.matching("word", {}, None, 9).tolist() == []


def test_nearest_is_ordered_by_inner_product(index: PassageIndex) -> None:
    assert filled(index).nearest(unit(1, 0.1, 0, 0), None, 2).tolist() == [30, 20]


def test_only_allowed_documents_are_candidates(index: PassageIndex) -> None:
    filled(index)
    allowed = frozenset({1, 2})
    assert index.matching("word", {"贷款": 1.0}, allowed, 9).tolist() == [10]
    assert index.nearest(unit(1, 0, 0, 0), allowed, 9).tolist() == [20, 10]
    assert index.nearest(unit(1, 0, 0, 0), frozenset({99}), 9).tolist() == []


def test_fetch_gives_counts_in_the_order_of_terms_and_ids(index: PassageIndex) -> None:
    found = filled(index).fetch(
        np.array([30, 10, 999]), {"word": ["补贴", "贷款", "未见"], "gram": []}
    )
    assert found.ids.tolist() == [10, 30]
    assert found.document_ids.tolist() == [1, 3]
    # A count is stored as 255 at most.
    assert found.counts["word"].tolist() == [[255, 1, 0], [0, 2, 0]]
    assert found.counts["gram"].shape == (2, 0)
    assert found.lengths["word"].tolist() == [301, 3]
    np.testing.assert_array_equal(found.vectors, [unit(0, 1, 0, 0), unit(1, 0, 0, 0)])


def test_vectors_come_back_bit_by_bit(index: PassageIndex) -> None:
    vector = unit(0.1, -0.7, 1e-7, 0.333333)
    index.replace([row(1, {"一": 1}, vector)], ())
    assert index.fetch(np.array([1]), {}).vectors.tobytes() == vector.tobytes()


def test_replace_stores_over_and_removes_in_one_step(index: PassageIndex) -> None:
    filled(index)
    index.replace(
        [row(10, {"执照": 1}, document_id=9, key=50), row(15, {"贷款": 1}, key=8)], {30, 404}
    )
    assert index.keys() == {10: 50, 15: 8, 20: 6}
    assert index.statistics("word", ["贷款", "执照", "利率"]).frequency == {"贷款": 1, "执照": 1}
    assert index.statistics("word", []).mean_length == 1
    assert index.matching("word", {"贷款": 1.0}, None, 9).tolist() == [15]
    assert index.fetch(np.array([10]), {"word": ["补贴"]}).document_ids.tolist() == [9]
    index.replace([], {10, 15, 20})
    assert index.keys() == {}
    assert index.statistics("gram", ["执"]).passages == 0


def test_terms_may_be_any_text(index: PassageIndex) -> None:
    odd = {"'": 1, '"': 2, "a,b": 1, "\\": 1, "{}": 3, "NULL": 1, "\U00020000": 1}
    index.replace([row(1, odd)], ())
    assert index.statistics("word", list(odd)).frequency == dict.fromkeys(odd, 1)
    found = index.fetch(np.array([1]), {"word": list(odd)})
    assert found.counts["word"].tolist() == [list(odd.values())]
    assert index.matching("word", {"{}": 1.0}, None, 5).tolist() == [1]


@settings(
    max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    st.lists(
        st.tuples(
            st.dictionaries(
                st.integers(1, 9),
                st.dictionaries(st.sampled_from("甲乙丙丁"), st.integers(1, 4), min_size=1),
            ),
            st.sets(st.integers(1, 9)),
        ),
        max_size=4,
    )
)
def test_any_changes_leave_what_a_plain_dictionary_holds(
    steps: list[tuple[dict[int, dict[str, int]], set[int]]],
) -> None:
    index = MemoryIndex(DIMENSION)
    held: dict[int, dict[str, int]] = {}
    for stored, removed in steps:
        index.replace([row(i, words) for i, words in stored.items()], removed)
        held = {i: words for i, words in held.items() if i not in removed} | stored
    assert index.keys().keys() == held.keys()
    found = index.fetch(np.array(sorted(held), np.int64), {"word": list("甲乙丙丁")})
    assert found.counts["word"].tolist() == [
        [held[i].get(t, 0) for t in "甲乙丙丁"] for i in sorted(held)
    ]
    frequency = {t: n for t in "甲乙丙丁" if (n := sum(t in words for words in held.values()))}
    assert index.statistics("word", list("甲乙丙丁")).frequency == frequency


def test_another_dimension_starts_the_postgresql_index_anew(postgres_database: Database) -> None:
    filled(PostgresIndex(postgres_database, DIMENSION))
    assert PostgresIndex(postgres_database, DIMENSION).keys() != {}
    assert PostgresIndex(postgres_database, DIMENSION + 1).keys() == {}
