"""All rules, and which of them may be used on a day: those whose clauses still say so."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from knowledge.corpus import Corpus
from knowledge.document import text_digest
from knowledge.eligibility.condition import Basis, bases_of
from knowledge.eligibility.fact import Fact, Facts, Inquiry
from knowledge.eligibility.fact_file import read_facts, read_inquiries
from knowledge.eligibility.rule import Parameter, Rule, Value
from knowledge.eligibility.rule_file import InvalidRule, read_day, read_rule, read_value
from knowledge.register import Register
from knowledge.statement import Statement
from knowledge.yaml_text import read_yaml

RULES = Path(__file__).parent.parent / "rules"
FACTS = "facts.yaml"
LOCAL_FILE = "local_parameters.yaml"  # in the data directory


@dataclass(frozen=True)
class Rulebook:
    """Facts, questions and rules as their files state them."""

    facts: Mapping[str, Fact]
    inquiries: tuple[Inquiry, ...]
    rules: tuple[Rule, ...]
    digest: str  # of all files read, local parameters included; stored with every answer

    def facts_of(self, known: Mapping[str, Any], on: date) -> Facts:
        """Return facts by their names from values by their keys; unknown keys are left out.

        Where a question with exclusive options was answered (its key is true), what was not
        chosen is not so.
        """
        closed = [q for q in self.inquiries if q.exclusive and known.get(q.key) is True]
        named: dict[str, Any] = {name: False for q in closed for name in q.facts}
        for fact in self.facts.values():
            if known.get(fact.key) is not None:
                named[fact.name] = known[fact.key]
        # Who is out of work names that, and may be registered without having said so.
        led_to = {n for q in self.inquiries if named.get(q.hint) is True for n in q.facts}
        unasked = {n for n in led_to if named.get(n) is None}
        exclusive = (q for q in self.inquiries if q.exclusive)
        identities = frozenset(n for q in exclusive for n in q.facts) - unasked
        return Facts(named, self.facts, on, identities)

    def inquiry(self, key: str) -> Inquiry | None:
        """Return the question with this key, or None."""
        return next((q for q in self.inquiries if q.key == key), None)


@dataclass(frozen=True, slots=True)
class Unusable:
    """A rule that is not used on a day, and why; the reason is Chinese and names the clause."""

    rule: Rule
    reason: str


@dataclass(frozen=True)
class RulesInForce:
    """The rules that may be used on a day, with the statement behind every basis."""

    rules: tuple[Rule, ...]
    statements: Mapping[Basis, Statement]
    unusable: tuple[Unusable, ...]


def load_rulebook(folder: Path = RULES, local: Path | None = None) -> Rulebook:
    """Read the rule files, and local parameters where their file exists. Raises InvalidRule."""
    texts = {path.name: path.read_text("utf-8") for path in sorted(folder.glob("*.yaml"))}
    data = {name: _parse(name, text) for name, text in texts.items()}
    stated = data.pop(FACTS)
    facts = read_facts(stated["事实"])
    rules = [read_rule(entry, facts) for entries in data.values() for entry in entries["规则"]]
    if len({rule.code for rule in rules}) < len(rules):
        raise InvalidRule("有两条规则用了同一个编号。")
    if local is not None and local.exists():
        texts[LOCAL_FILE] = local.read_text("utf-8-sig")
        entered = _parse(LOCAL_FILE, texts[LOCAL_FILE]) or {}
        rules = _enter_local(rules, entered.get("本地参数") or ())
    digest = text_digest("\n".join(f"{name}\n{texts[name]}" for name in sorted(texts)))[:12]
    return Rulebook(facts, read_inquiries(stated["问题"], facts), tuple(rules), digest)


def rules_in_force(
    rulebook: Rulebook, corpus: Corpus, register: Register, day: date
) -> RulesInForce:
    """Find the clause behind every condition and figure of each rule on a day.

    A rule is left out where one of its clauses is missing, not in force on that day, or no
    longer says the words that the rule rests on.
    """
    series = corpus.series_on(day)
    rules: list[Rule] = []
    statements: dict[Basis, Statement] = {}
    unusable: list[Unusable] = []
    for rule in rulebook.rules:
        found: dict[Basis, Statement] = {}
        reason = ""
        for basis in _bases(rule, day):
            statement, reason = _find(basis, series, corpus, register)
            if statement is None:
                unusable.append(Unusable(rule, reason))
                break
            found[basis] = statement
        else:
            rules.append(rule)
            statements.update(found)
    return RulesInForce(tuple(rules), statements, tuple(unusable))


def _bases(rule: Rule, day: date) -> Iterable[Basis]:
    yield from bases_of(rule.conditions)
    yield from rule.gives
    yield from (note.basis for note in rule.notes)
    for parameter in rule.parameters.values():
        value = parameter.on(day)
        if value is not None and value.basis is not None:
            yield value.basis
    for amount in rule.amounts:
        yield from amount.bases
        if amount.when is not None:
            yield from bases_of([amount.when])


def _find(
    basis: Basis, series: Mapping[str, int], corpus: Corpus, register: Register
) -> tuple[Statement | None, str]:
    if basis.series not in series:
        return None, f"依据的文件 {basis.series} 没有载入，或在这一天无效"
    clause = corpus.at_address(series[basis.series], basis.address)
    if clause is None:
        return None, f"依据的文件 {basis.series} 里没有条款 {basis.address}"
    for statement in register.by_clause.get(clause.id, ()):
        if basis.quote in statement.text:
            return statement, ""
    return None, f"{basis.series} 的条款 {basis.address} 里没有“{basis.quote}”这些字"


def _parse(name: str, text: str) -> Any:
    try:
        return read_yaml(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f"第 {mark.line + 1} 行" if mark else ""
        raise InvalidRule(f"{name} {line}写法有误，请检查缩进和冒号。") from error


def _enter_local(rules: Sequence[Rule], entries: Sequence[Mapping[str, Any]]) -> list[Rule]:
    """Put local values into the parameters that rules leave to the district."""
    by_code = {rule.code: rule for rule in rules}
    for entry in entries:
        try:
            rule = by_code[entry["规则"]]
            parameter = rule.parameters[entry["参数"]]
            quantity, source = read_value(entry["值"]), str(entry["文号"])
            since, until = read_day(entry["自"]), read_day(entry.get("到"))
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidRule(f"{LOCAL_FILE} 里这一条用不了：{entry}（{error}）。") from error
        if not parameter.local:
            raise InvalidRule(f"{LOCAL_FILE}：{parameter.name}是国家规定的数，不能在本地改。")
        value = Value(quantity, None, source, since, until)
        added = Parameter(parameter.name, (*parameter.values, value), local=True)
        by_code[rule.code] = replace(rule, parameters={**rule.parameters, parameter.name: added})
    return [by_code[rule.code] for rule in rules]
