"""Computed figures: how they are said, and the check that they are right."""

import unicodedata
from collections.abc import Collection, Sequence

from assistant.answer import Citation, Computation, Sentence
from knowledge.eligibility.formula import InvalidFormula, compute, spell_out
from knowledge.eligibility.quantity import InvalidQuantity, read_quantity, show_quantity


def say_computation(computation: Computation) -> str:
    """Say a computation with its formula: 三年最多扣减：20000元 × 3年 = 6万元。

    Raises InvalidFormula, InvalidQuantity.
    """
    values = {o.name: read_quantity(o.text).value for o in computation.operands}
    written = {o.name: o.text for o in computation.operands}
    result = show_quantity(compute(computation.formula, values), computation.unit)
    formula = spell_out(computation.formula, written)
    return f"{computation.name}：{formula} = {result}。"


def is_recomputed(
    sentence: Sentence, citations: Sequence[Citation], given: Collection[str]
) -> bool:
    """Whether a sentence says what its computation gives, each operand from where it says.

    Args:
        sentence: a sentence with a computation.
        citations: those of the answer; a cited operand has to stand in its quote.
        given: how the person, or the local parameters, wrote the operands without a citation.
    """
    computation = sentence.computation
    if computation is None:
        return False
    for operand in computation.operands:
        if operand.citation is None:
            if operand.text not in given:
                return False
        elif operand.citation not in sentence.citations or not _stands_in(
            operand.text, citations[operand.citation].quote
        ):
            return False
    try:
        return say_computation(computation) == sentence.text
    except (InvalidFormula, InvalidQuantity):
        return False


def _stands_in(figure: str, quote: str) -> bool:
    """Whether a figure stands in a quote, not as a piece of a longer one."""
    inside = unicodedata.normalize("NFKC", quote)
    wanted = unicodedata.normalize("NFKC", figure)
    at = inside.find(wanted)
    while at >= 0:
        if not wanted[0].isdigit() or not inside[max(0, at - 1) : at].strip("。,").isdigit():
            return True
        at = inside.find(wanted, at + 1)
    return False
