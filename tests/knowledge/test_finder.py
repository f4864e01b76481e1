"""What is narrowed down by pairs of characters leaves out nothing that holds a word."""

from hypothesis import given
from hypothesis import strategies as st

from knowledge.finder import PairIndex

words = st.text("贷款补贴创业一二", min_size=1, max_size=4)


@given(st.lists(st.text("贷款补贴创业一二", max_size=8), max_size=6), st.lists(words, max_size=3))
def test_nothing_that_holds_a_word_or_a_piece_of_it_is_left_out(
    texts: list[str], asked: list[str]
) -> None:
    index = PairIndex(texts)
    holding, touching = set(index.holding(asked)), set(index.touching(asked))
    for place, text in enumerate(texts):
        if len(text) < 2:
            continue  # no statement is one character
        if any(word in text for word in asked):
            assert place in holding
        pairs = {word[i : i + 2] for word in asked for i in range(len(word) - 1)}
        if any(pair in text for pair in pairs):
            assert place in touching
