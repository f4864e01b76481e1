from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from knowledge.meaning import StatementVectors
from tests.fixtures.hashed_encoder import HashedEncoder

TEXTS = ["创业培训补贴标准", "小额贷款贴息比例", "经营场地租金减免", "残疾人创业奖励", "登记手续"]


class OneByOne(HashedEncoder):
    """Refuses batches: beside other texts a quantised model gives a text other vectors."""

    def encode_passages(
        self, texts: Sequence[str], progress: Callable[[int], None] | None = None
    ) -> NDArray[np.float32]:
        assert len(texts) == 1
        return super().encode_passages(texts, progress)


def prepared(folder: Path, encoder: HashedEncoder) -> StatementVectors:
    vectors = StatementVectors(encoder, folder)
    vectors.prepare(TEXTS)
    return vectors


def test_the_nearest_statement_is_the_one_asked_about(tmp_path: Path) -> None:
    nearness = prepared(tmp_path, OneByOne()).nearness("贷款贴息比例是多少", TEXTS)
    assert nearness.shape == (5,)
    assert nearness.dtype == np.float32
    assert int(nearness.argmax()) == 1
    assert nearness[1] > 1


def test_vectors_are_kept_between_starts(tmp_path: Path) -> None:
    first = prepared(tmp_path, HashedEncoder())
    again_encoder = HashedEncoder()
    again = prepared(tmp_path, again_encoder)
    assert again_encoder.encoded == []
    question = "场地减免"
    assert first.nearness(question, TEXTS).tobytes() == again.nearness(question, TEXTS).tobytes()


def test_only_new_statements_are_encoded_and_told_of(tmp_path: Path) -> None:
    prepared(tmp_path, HashedEncoder())
    encoder = HashedEncoder()
    told: list[int] = []
    StatementVectors(encoder, tmp_path).prepare([*TEXTS[1:], "新的一句"], told.append)
    assert encoder.encoded == ["新的一句"]
    assert sum(told) == 1


def test_another_model_starts_anew(tmp_path: Path) -> None:
    prepared(tmp_path, HashedEncoder())
    encoder = HashedEncoder("another")
    prepared(tmp_path, encoder)
    assert encoder.encoded == TEXTS


@pytest.mark.parametrize("damage", [b"", b"no archive", b"PK\x03\x04 cut"])
def test_a_damaged_file_is_made_again(tmp_path: Path, damage: bytes) -> None:
    prepared(tmp_path, HashedEncoder())
    (file,) = (tmp_path / "index").iterdir()
    file.write_bytes(damage)
    encoder = HashedEncoder()
    prepared(tmp_path, encoder)
    assert encoder.encoded == TEXTS


def test_a_text_that_was_not_prepared_is_encoded_once(tmp_path: Path) -> None:
    encoder = HashedEncoder()
    vectors = prepared(tmp_path, encoder)
    encoder.encoded.clear()
    for _ in range(3):
        vectors.nearness("问题", ["没有见过的一句"])
    assert encoder.encoded == ["没有见过的一句"]


def test_without_statements_nothing_is_near(tmp_path: Path) -> None:
    vectors = StatementVectors(HashedEncoder(), tmp_path)
    vectors.prepare([])
    assert vectors.nearness("问题", []).shape == (0,)
    assert vectors.nearness("问题", ["一句"]).tolist() == [0.0]
