from pathlib import Path

import numpy as np
import pytest

from storage import vectors
from storage.index_file import ARRAYS, DIGEST, IndexUnreadable, load_index, save_index
from storage.memory_index import MemoryIndex
from storage.passage_index import PassageRow
from storage.vectors import index_vectors, read_vectors


def some_index(count: int = 5) -> MemoryIndex:
    index = MemoryIndex(3)
    index.replace(
        [
            PassageRow(
                i,
                i % 2,
                i * 11,
                {"word": {f"词{i}": 1, "共": 2}, "gram": {"共": i + 1}},
                np.array([i, 1, 0], np.float32),
            )
            for i in range(count)
        ],
        (),
    )
    return index


def test_what_is_saved_is_read_back(tmp_path: Path) -> None:
    index = some_index()
    save_index(index, tmp_path)
    read = load_index(tmp_path, 3)
    assert read.keys() == index.keys()
    asked = {"word": ["词3", "共"], "gram": ["共"]}
    before, after = (i.fetch(np.arange(5), asked) for i in (index, read))
    np.testing.assert_array_equal(before.vectors, after.vectors)
    for field in asked:
        np.testing.assert_array_equal(before.counts[field], after.counts[field])
        np.testing.assert_array_equal(before.lengths[field], after.lengths[field])
    assert sorted(p.name for p in tmp_path.iterdir()) == [ARRAYS, DIGEST]


def test_an_empty_index_is_saved_too(tmp_path: Path) -> None:
    save_index(MemoryIndex(3), tmp_path)
    assert load_index(tmp_path, 3).keys() == {}


def test_a_changed_byte_is_noticed(tmp_path: Path) -> None:
    save_index(some_index(), tmp_path)
    data = bytearray((tmp_path / ARRAYS).read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / ARRAYS).write_bytes(data)
    with pytest.raises(IndexUnreadable, match="已损坏"):
        load_index(tmp_path, 3)


@pytest.mark.parametrize("name", [ARRAYS, DIGEST])
def test_a_missing_file_is_unreadable(tmp_path: Path, name: str) -> None:
    save_index(some_index(), tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(IndexUnreadable):
        load_index(tmp_path, 3)


def test_vectors_of_another_length_are_another_index(tmp_path: Path) -> None:
    save_index(some_index(), tmp_path)
    with pytest.raises(IndexUnreadable, match="格式不同"):
        load_index(tmp_path, 4)


def test_inverted_lists_find_what_exact_search_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(7)
    matrix = random.normal(size=(600, 8)).astype(np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    exact = index_vectors(matrix)
    monkeypatch.setattr(vectors, "EXACT_LIMIT", 100)
    monkeypatch.setattr(vectors, "PROBES", 97)  # every list
    listed = read_vectors(index_vectors(matrix).to_bytes())
    mask = random.random(600) < 0.5
    for query in matrix[:20]:
        assert listed.nearest(query, None, 10).tolist() == exact.nearest(query, None, 10).tolist()
        found = listed.nearest(query, mask, 10)
        assert found.tolist() == exact.nearest(query, mask, 10).tolist()
        assert mask[found].all()
    np.testing.assert_allclose(listed.all(), matrix)
    np.testing.assert_allclose(listed.at(np.array([5, 2])), matrix[[5, 2]])
