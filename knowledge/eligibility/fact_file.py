"""Reading the file of facts and questions: knowledge/rules/facts.yaml."""

import re
from collections.abc import Mapping
from typing import Any

from knowledge.eligibility.fact import Fact, FactKind, Inquiry, Option
from knowledge.eligibility.quantity import NUMBER
from knowledge.eligibility.rule_file import InvalidRule

_YES_NO = {"是": True, "否": False}


def read_facts(entries: Mapping[str, Mapping[str, Any]]) -> dict[str, Fact]:
    """Read the facts by name. Raises InvalidRule."""
    facts: dict[str, Fact] = {}
    for name, entry in entries.items():
        try:
            facts[name] = _fact(name, entry)
        except (KeyError, ValueError, TypeError, re.error) as error:
            raise InvalidRule(f"事实“{name}”写法有误：{error}。") from error
    keys = [fact.key for fact in facts.values()]
    if len(keys) != len(set(keys)):
        raise InvalidRule("有两个事实用了同一个编号。")
    return facts


def read_inquiries(entries: Mapping[str, Any], facts: Mapping[str, Fact]) -> tuple[Inquiry, ...]:
    """Read the questions in the file's order. Raises InvalidRule."""
    return tuple(_inquiry(key, entry, facts) for key, entry in entries.items())


def _fact(name: str, entry: Mapping[str, Any]) -> Fact:
    kind = FactKind(entry.get("类型", "是否"))
    said = [(_value(value, kind), p) for value, ps in _sayings(entry).items() for p in ps]
    return Fact(
        key=str(entry["编号"]),
        name=name,
        kind=kind,
        unit=str(entry.get("单位", "")),
        choices=tuple(entry.get("选项", ())),
        presumed=_value(entry["默认"], kind) if "默认" in entry else None,
        presumption=str(entry.get("默认说法", "")),
        group=str(entry.get("人群", "")),
        of_staff=bool(entry.get("说的是员工")),
        ratio=tuple(entry["比值"]) if "比值" in entry else None,
        said=tuple((value, re.compile(p.replace("{数}", f"(?P<n>{NUMBER})"))) for value, p in said),
    )


def _sayings(entry: Mapping[str, Any]) -> dict[str, list[str]]:
    said = entry.get("说法", {})
    return said if isinstance(said, dict) else {"是": said}


def _value(value: Any, kind: FactKind) -> Any:
    return _YES_NO[value] if kind is FactKind.YES_NO else value


def _inquiry(key: str, entry: Mapping[str, Any], facts: Mapping[str, Fact]) -> Inquiry:
    names = tuple(entry["事实"])
    options = []
    for label, values in (entry.get("选项") or {}).items():
        for name in (*names, *(values or {})):
            if name not in facts:
                raise InvalidRule(f"问题“{key}”里的“{name}”不是已定义的事实。")
        given = {n: _value(v, facts[n].kind) for n, v in (values or {}).items()}
        options.append(Option(str(label), given))
    exclusive, hint = bool(entry.get("没选的算否")), str(entry.get("线索", ""))
    return Inquiry(key, str(entry["问"]), tuple(options), names, exclusive, hint)
