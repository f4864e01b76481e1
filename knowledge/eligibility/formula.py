"""Formulas of rules: names, numbers, + − × ÷, brackets, 最小 最大 向上取整 每期等额本息; exact."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from math import ceil

_TOKEN = re.compile(
    r"\s*(?P<token>[+\u2212\-×÷(\uff08)\uff09,\uff0c]|[^\s+\u2212\-×÷(\uff08)\uff09,\uff0c]+)"
)
_SAME = str.maketrans("\uff08\uff09\uff0c-", "(),\u2212")
_SIGNS = frozenset("+\u2212×÷(),")
MAX_PERIODS = 600


class InvalidFormula(ValueError):
    """A formula cannot be read or computed; the message says why in Chinese."""


def _instalment(principal: Fraction, yearly_rate: Fraction, periods: Fraction) -> Fraction:
    """Return the equal monthly payment of principal and interest (等额本息)."""
    if periods.denominator != 1 or not 1 <= periods <= MAX_PERIODS:
        raise InvalidFormula(f"期数应是 1 到 {MAX_PERIODS} 的整数")
    rate = yearly_rate / 12
    if rate == 0:
        return principal / periods
    growth = (1 + rate) ** int(periods)
    return principal * rate * growth / (growth - 1)


_FUNCTIONS: Mapping[str, tuple[int, Callable[..., Fraction]]] = {
    "最小": (2, min),
    "最大": (2, max),
    "向上取整": (1, lambda value: Fraction(ceil(value))),
    "每期等额本息": (3, _instalment),
}


def names_in(formula: str) -> tuple[str, ...]:
    """Return the names that a formula needs values for, in reading order."""
    names = [t for t in _tokens(formula) if t not in _SIGNS and t not in _FUNCTIONS]
    return tuple(dict.fromkeys(name for name in names if not name[0].isdigit()))


def compute(formula: str, values: Mapping[str, Fraction]) -> Fraction:
    """Compute a formula exactly. Raises InvalidFormula, also where a value is missing."""
    return _Reader(list(_tokens(formula)), values).whole()


def spell_out(formula: str, written: Mapping[str, str]) -> str:
    """Write a formula with each name replaced by how its value is written, signs spaced."""
    parts = []
    for token in _tokens(formula):
        text = written.get(token, token)
        parts.append({"(": "（", ")": "）", ",": "，"}.get(token, text))
        if token in "+\u2212×÷":
            parts[-1] = f" {token} "
    return "".join(parts)


def _tokens(formula: str) -> Iterator[str]:
    at = 0
    while at < len(formula.rstrip()):
        match = _TOKEN.match(formula, at)
        if match is None:  # unreachable: every character is a sign, a blank or part of a name
            raise InvalidFormula(f"算式“{formula}”写法有误")
        yield match["token"].translate(_SAME) if len(match["token"]) == 1 else match["token"]
        at = match.end()


class _Reader:
    """Reads a formula by recursive descent and computes as it goes."""

    def __init__(self, tokens: Sequence[str], values: Mapping[str, Fraction]) -> None:
        self._tokens = [*tokens, ""]
        self._values = values
        self._at = 0

    def whole(self) -> Fraction:
        value = self._sum()
        if self._tokens[self._at]:
            raise InvalidFormula(f"算式里多出了“{self._tokens[self._at]}”")
        return value

    def _take(self, *wanted: str) -> str:
        token = self._tokens[self._at]
        if token not in wanted or not token:
            return ""
        self._at += 1
        return token

    def _sum(self) -> Fraction:
        value = self._product()
        while sign := self._take("+", "\u2212"):
            other = self._product()
            value = value + other if sign == "+" else value - other
        return value

    def _product(self) -> Fraction:
        value = self._atom()
        while sign := self._take("×", "÷"):
            other = self._atom()
            if sign == "÷" and other == 0:
                raise InvalidFormula("算式里除以了零")
            value = value * other if sign == "×" else value / other
        return value

    def _atom(self) -> Fraction:
        if self._take("("):
            value = self._sum()
            if not self._take(")"):
                raise InvalidFormula("算式里少了一个右括号")
            return value
        token = self._tokens[self._at]
        if not token or token in _SIGNS:
            raise InvalidFormula("算式里少了一个数")
        self._at += 1
        if token in _FUNCTIONS:
            return self._call(token)
        if token in self._values:
            return self._values[token]
        try:
            return Fraction(token)
        except ValueError as error:
            raise InvalidFormula(f"算式里的“{token}”没有值") from error

    def _call(self, name: str) -> Fraction:
        least, function = _FUNCTIONS[name]
        values = []
        opened = self._take("(")
        while opened:
            values.append(self._sum())
            if not self._take(","):
                break
        if not opened or not self._take(")") or len(values) < least:
            raise InvalidFormula(f"“{name}”应写成 {name}(…，…)，至少 {least} 个数")
        return function(*values)
