"""The pieces a text is cut into: pruned to Chinese and Latin script, built into a tokenizer."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
)

from knowledge.weights.charsmap import precompiled_charsmap
from knowledge.weights.packaged import PackagedWeights

MAX_TOKENS = 512
BEGIN, PAD, END, UNKNOWN, MASK = "<s>", "<pad>", "</s>", "<unk>", "<mask>"
SPACE = "▁"
_SCRIPTS = ("LATIN", "CJK", "FULLWIDTH", "HALFWIDTH", "BOPOMOFO", "COMBINING", "MODIFIER")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Pieces with their log probabilities; `rows` are their rows in the packaged table."""

    pieces: list[tuple[str, float]]
    rows: NDArray[np.int64]


def whole_vocabulary(weights: PackagedWeights) -> Vocabulary:
    """Return every piece of the packaged model."""
    return _chosen(weights, range(len(weights.pieces)))


def pruned_vocabulary(weights: PackagedWeights) -> Vocabulary:
    """Return the pieces that text in Chinese and Latin script can be cut into.

    A piece with a letter of another script never occurs in such text, so its cut and its
    embedding stay the same. Single characters of all scripts stay too: other text is cut finer,
    but is not lost.
    """
    keep = [row for row, piece in enumerate(weights.pieces) if _wanted(piece)]
    return _chosen(weights, keep)


def _chosen(weights: PackagedWeights, rows: Sequence[int]) -> Vocabulary:
    scores = weights.scores.tolist()
    pieces = [(weights.pieces[row], scores[row]) for row in rows]
    return Vocabulary(pieces, np.array(rows, np.int64))


def _wanted(piece: str) -> bool:
    text = piece.removeprefix(SPACE)
    return len(text) <= 1 or text.isascii() or all(map(_in_kept_script, text))


def _in_kept_script(character: str) -> bool:
    if character.isascii() or unicodedata.category(character)[0] not in "LM":
        return True
    return unicodedata.name(character, "").startswith(_SCRIPTS)


def build_tokenizer(weights: PackagedWeights, vocabulary: Vocabulary) -> Tokenizer:
    """Return the tokenizer of multilingual-e5 over a vocabulary, cutting at 512 tokens."""
    ids = {piece: index for index, (piece, _) in enumerate(vocabulary.pieces)}
    tokenizer = Tokenizer(models.Unigram(vocabulary.pieces, ids[UNKNOWN], False))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Precompiled(precompiled_charsmap(weights.normalization)),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(SPACE, "always", split=False)
    tokenizer.decoder = decoders.Metaspace(SPACE, "always")
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{BEGIN} $A {END}",
        pair=f"{BEGIN} $A {END} {END} $B {END}",
        special_tokens=[(BEGIN, ids[BEGIN]), (END, ids[END])],
    )
    special = [AddedToken(t, special=True, normalized=False) for t in (BEGIN, PAD, END, UNKNOWN)]
    mask = AddedToken(MASK, lstrip=True, special=True, normalized=False)
    tokenizer.add_special_tokens([*special, mask])
    tokenizer.enable_truncation(MAX_TOKENS)
    return tokenizer
