"""Reading rule files: YAML that an official can read and edit, checked word by word."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from knowledge.eligibility.condition import (
    Basis,
    Comparison,
    Condition,
    Joint,
    Junction,
    Test,
    months_of,
)
from knowledge.eligibility.fact import Fact, FactKind
from knowledge.eligibility.formula import names_in
from knowledge.eligibility.quantity import Quantity, read_quantity
from knowledge.eligibility.rule import Amount, Note, Parameter, Rule, Value
from knowledge.figure import number_values

_WORDS = {"说明", "依据", "原文"}
_JOINTS = {str(joint) for joint in Joint}
_YES_NO = {"是": True, "否": False}
_OF_NUMBERS = {Comparison.AT_LEAST, Comparison.MORE, Comparison.AT_MOST, Comparison.LESS}
_OF_DATES = {Comparison.SINCE, Comparison.WITHIN}


class InvalidRule(ValueError):
    """A rule file cannot be used; the message says in Chinese where and what to change."""


@dataclass(frozen=True, slots=True)
class _Place:
    """What a condition takes over from the one around it."""

    clauses: Mapping[str, tuple[str, str]]
    facts: Mapping[str, Fact]
    clause: str = ""
    quote: str = ""


def read_rule(entry: Mapping[str, Any], facts: Mapping[str, Fact]) -> Rule:
    """Read one rule. Raises InvalidRule."""
    code = str(entry.get("编号", "?"))
    try:
        return _rule(code, entry, facts)
    except (ValueError, KeyError, TypeError, AttributeError, re.error) as error:
        said = f"缺少“{error.args[0]}”" if isinstance(error, KeyError) else str(error)
        raise InvalidRule(f"规则 {code}：{said}。") from error


def read_value(text: Any) -> Quantity:
    """Read a figure of a rule or parameter file."""
    return read_quantity(str(text))


def read_day(value: Any) -> date | None:
    """Read a day of a YAML file. Raises InvalidRule."""
    if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
        return value
    raise InvalidRule(f"日期“{value}”应写成 2026-01-31 的样子")


def _rule(code: str, entry: Mapping[str, Any], facts: Mapping[str, Fact]) -> Rule:
    clauses = {
        name: (str(place["文件"]), str(place["条款"])) for name, place in entry["条款"].items()
    }
    place = _Place(clauses, facts)
    parameters = {
        name: _parameter(name, given or {}, place)
        for name, given in (entry.get("参数") or {}).items()
    }
    return Rule(
        code=code,
        name=str(entry["名称"]),
        topic=str(entry["类别"]),
        named=re.compile("|".join(f"(?:{pattern})" for pattern in entry["说法"])),
        conditions=tuple(_condition(node, place) for node in entry["条件"]),
        gives=_bases(entry["得到"], place),
        parameters=parameters,
        amounts=tuple(_amount(a, parameters, place) for a in entry.get("金额") or ()),
        notes=_notes(entry.get("另见") or (), place),
    )


def _bases(entries: Sequence[Mapping[str, Any]], place: _Place) -> tuple[Basis, ...]:
    return tuple(_basis(str(e["依据"]), str(e["原文"]), place) for e in entries)


def _notes(entries: Sequence[Mapping[str, Any]], place: _Place) -> tuple[Note, ...]:
    facts = [str(entry.get("如果", "")) for entry in entries]
    if unknown := [name for name in facts if name and name not in place.facts]:
        raise InvalidRule(f"“{unknown[0]}”不是已定义的事实，请先写进 facts.yaml")
    return tuple(map(Note, _bases(entries, place), facts))


def _basis(clause: str, quote: str, place: _Place) -> Basis:
    if clause not in place.clauses:
        raise InvalidRule(f"依据“{clause}”没有列在“条款”里")
    if not quote:
        raise InvalidRule(f"依据“{clause}”没有写原文里的字句")
    return Basis(*place.clauses[clause], quote)


def _parameter(name: str, entry: Mapping[str, Any], place: _Place) -> Parameter:
    if entry.get("本地"):
        return Parameter(name, (), local=True)
    values = entry.get("各期", [entry])
    return Parameter(name, tuple(_value(value, place) for value in values))


def _value(entry: Mapping[str, Any], place: _Place) -> Value:
    quantity = read_value(entry["值"])
    basis = _basis(str(entry["依据"]), str(entry["原文"]), place)
    if quantity.text not in basis.quote:
        raise InvalidRule(f"数“{quantity.text}”不在所引的原文“{basis.quote}”里")
    return Value(quantity, basis, "", read_day(entry.get("自")), read_day(entry.get("到")))


def _amount(entry: Mapping[str, Any], parameters: Mapping[str, Parameter], place: _Place) -> Amount:
    formula = str(entry["算式"])
    needs = names_in(formula)
    for name in needs:
        if name not in parameters and name not in place.facts:
            raise InvalidRule(f"算式里的“{name}”既不是参数，也不是已定义的事实")
    when = _condition(entry["当"], place) if "当" in entry else None
    bases = _bases(entry.get("依据") or (), place)
    return Amount(
        name=str(entry["名称"]),
        formula=formula,
        unit=str(entry["单位"]),
        needs=needs,
        when=when,
        checks=bool(entry.get("核对")),
        bases=bases,
    )


def _condition(node: Mapping[str, Any], outer: _Place) -> Condition:
    content = [key for key in node if key not in _WORDS]
    if len(content) != 1:
        raise InvalidRule(f"每个条件只能写一件事，这里有：{'、'.join(map(str, content)) or '无'}")
    name = str(content[0])
    place = _Place(
        outer.clauses,
        outer.facts,
        str(node.get("依据", outer.clause)),
        str(node.get("原文", outer.quote)),
    )
    basis = _basis(place.clause, place.quote, place)
    label = str(node.get("说明", place.quote))
    if invented := number_values(label) - number_values(place.quote):
        raise InvalidRule(f"说明“{label}”里的数 {'、'.join(sorted(invented))} 不在所引的原文里")
    if name in _JOINTS:
        parts = node[name] if isinstance(node[name], list) else [node[name]]
        joint = Joint(name)
        if not parts or (joint is Joint.NOT and len(parts) != 1):
            raise InvalidRule(f"“{name}”下面的条件数不对")
        return Junction(joint, tuple(_condition(part, place) for part in parts), basis, label)
    return _test(name, node[name], basis, label, place)


def _test(name: str, spec: Any, basis: Basis, label: str, place: _Place) -> Test:
    if name not in place.facts:
        raise InvalidRule(f"“{name}”不是已定义的事实，请先写进 facts.yaml")
    fact = place.facts[name]
    if isinstance(spec, Mapping):
        comparison, quantity = _limit(fact, spec, basis)
        return Test(name, comparison, quantity, basis, label)
    if spec in (Comparison.LOCAL, Comparison.THIS_YEAR):
        return Test(name, Comparison(spec), None, basis, label)
    values = spec if isinstance(spec, list) else [spec]
    if fact.kind is FactKind.YES_NO:
        return Test(name, Comparison.IS, tuple(_YES_NO[v] for v in values), basis, label)
    if fact.kind is not FactKind.CHOICE or not set(values) <= set(fact.choices):
        raise InvalidRule(f"“{name}”不能是“{spec}”")
    return Test(name, Comparison.IS, tuple(values), basis, label)


def _limit(fact: Fact, spec: Mapping[str, Any], basis: Basis) -> tuple[Comparison, Quantity]:
    """Read a comparison with a figure: {至少: 10%}, {内: 2年}; the clause has to state it."""
    if len(spec) != 1:
        raise InvalidRule(f"“{fact.name}”后面只能写一个比较")
    word, text = next(iter(spec.items()))
    allowed = {FactKind.DATE: _OF_DATES, FactKind.NUMBER: _OF_NUMBERS}.get(fact.kind, set())
    if word not in {str(comparison) for comparison in allowed}:
        raise InvalidRule(f"“{fact.name}”不能用“{word}”比较")
    comparison, quantity = Comparison(word), read_value(text)
    if comparison in _OF_DATES:
        months_of(quantity)
    if quantity.text not in basis.quote:
        raise InvalidRule(f"数“{quantity.text}”不在所引的原文“{basis.quote}”里")
    return comparison, quantity
