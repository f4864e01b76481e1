import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.tokenizer import LIMIT, bigrams, grams, normalize, words


@pytest.mark.parametrize(
    ("written", "compared"),
    [
        ("創業擔保貸款", "创业担保贷款"),
        ("ＡＢＣ１２３", "abc123"),
        ("a\ud800b", "ab"),
        ("", ""),
    ],
)
def test_normalize_brings_writings_together(written: str, compared: str) -> None:
    assert normalize(written) == compared


def test_own_terms_are_words_and_their_parts_stay_words_too() -> None:
    assert words("创业担保贷款")[-1] == "创业担保贷款"
    assert {"创业", "担保", "贷款"} <= set(words("創業擔保貸款"))


def test_latin_words_and_numbers_stay_whole() -> None:
    assert words("LPR上浮3.5%,满30人") == ["lpr", "上浮", "3.5", "满", "30", "人"]


def test_bigrams_do_not_cross_punctuation() -> None:
    assert bigrams("贷款,补贴 A1好") == ["贷款", "补贴", "a1", "好"]


def test_grams_are_characters_and_bigrams_each_once_per_place() -> None:
    assert sorted(grams("贷款,好 a1")) == sorted(["贷", "款", "好", "贷款", "a1"])


@given(st.text())
def test_any_text_has_clean_terms(text: str) -> None:
    for term in [*words(text), *bigrams(text), *grams(text)]:
        assert term
        assert term == term.strip()
        assert term == term.lower()
        assert "\n" not in term
        term.encode()


@pytest.mark.parametrize("character", ["贷", "\ufdfa", "\u0301", "\ud800", "a", "\x00", "🏦"])
def test_input_of_any_length_takes_bounded_time(character: str) -> None:
    words("先")  # the dictionary is read once
    began = time.process_time()
    assert len(normalize(character * 1_000_000)) <= LIMIT
    assert len(words(character * 1_000_000)) <= 2 * LIMIT
    grams(character * 1_000_000)
    assert time.process_time() - began < 2


def test_many_threads_read_the_dictionary_once_and_agree() -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(words, ["下岗失业人员申请小额担保贷款"] * 40))
    assert all(one == found[0] for one in found)


def test_nothing_is_written_outside(tmp_path: Path) -> None:
    program = "from knowledge.tokenizer import words; words('创业担保贷款')"
    subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        cwd=Path(__file__).parents[2],
        env={"TMPDIR": str(tmp_path), "HOME": str(tmp_path), "PATH": ""},
    )
    assert list(tmp_path.iterdir()) == []
