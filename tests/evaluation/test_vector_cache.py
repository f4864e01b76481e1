"""Vectors kept between runs: each text encoded once, a cut file mended."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evaluation.vector_cache import CachedEncoder
from tests.fixtures.hashed_encoder import HashedEncoder


class CountingEncoder(HashedEncoder):
    """Notes what it is asked to encode."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def encode_passages(
        self, texts: Sequence[str], progress: Callable[[int], None] | None = None
    ) -> NDArray[np.float32]:
        self.asked += texts
        return super().encode_passages(texts, progress)


def test_a_text_is_encoded_once_also_by_the_next_run(tmp_path: Path) -> None:
    plain, texts = CountingEncoder(), ["贷款", "补贴", "贷款"]
    wanted = HashedEncoder().encode_passages(texts)
    np.testing.assert_array_equal(CachedEncoder(plain, tmp_path).encode_passages(texts), wanted)
    assert plain.asked == ["贷款", "补贴"]
    again, heard = CountingEncoder(), list[int]()
    cached = CachedEncoder(again, tmp_path)
    np.testing.assert_array_equal(cached.encode_passages(texts, heard.append), wanted)
    assert again.asked == []
    assert heard == [3]
    assert cached.encode_passages([]).shape == (0, again.dimension)


def test_a_run_that_was_cut_goes_on(tmp_path: Path) -> None:
    CachedEncoder(HashedEncoder(), tmp_path).encode_passages(["一", "二"])
    vectors = next(tmp_path.glob("*.float32"))
    vectors.write_bytes(vectors.read_bytes()[:-5])  # the second vector is not whole
    encoder = CountingEncoder()
    found = CachedEncoder(encoder, tmp_path).encode_passages(["一", "二"])
    assert encoder.asked == ["二"]
    np.testing.assert_array_equal(found, HashedEncoder().encode_passages(["一", "二"]))
