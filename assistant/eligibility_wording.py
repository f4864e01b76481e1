"""How eligibility is said. Each judgement is worked out anew before it is sent, and compared."""

from collections.abc import Iterator

from knowledge.eligibility.fact import Fact, FactKind, Facts
from knowledge.eligibility.quantity import show_quantity
from knowledge.eligibility.rule import Amount, Outcome, Rule, Value, Verdict

MET = "按您说的情况，您符合“{rule}”的条件。"
NOT_MET = "按您说的情况，您现在不符合“{rule}”的条件。"
MISSING = "“{rule}”还要再核对几件事才能确定。"
UNASKABLE = "“{rule}”的部分条件由本地规定，还没有录入，暂时不能确定，请向受理部门核实。"
PRESUMED = "这里先认定：{presumptions}。如果不是，请告诉我。"
HOLDS = "符合：{label}"
FAILS = "不符合：{label}"
OPEN = "还不知道：{label}"
UNMENTIONED = "您没有提到自己是：{identities}。如果是，请告诉我，再核对一次。"
FACTS = "您说的情况：{facts}。"
CHECKED = "以上是按条款做的初步核对，最终以受理部门审核为准。"
WHAT_IF = "下面是假设的情况，不会记下来。"
FOR_SELF = "下面是您自己的情况。"
FOR_ANOTHER = "下面是替别人核对，不会记到您名下。"
NO_LOCAL = "本地标准还没有录入，这里算不出具体金额，请向受理部门核实。"
FOR_AMOUNT = "要算“{amount}”，还要知道一件事。"
LOCAL_VALUE = "{name}：{value}（本地规定：{source}）。"
LIST_MET = "符合条件的："
LIST_MISSING = "可能符合、还要再核对的："
LIST_OTHERS = "面向其他情况的，如果您属于这些情况，请告诉我："
LIST_NOT_MET = "现在不符合的："
LISTED_OTHERS = "{rule}：“{labels}”"
LISTED = "{rule}：{gives}"
LISTED_OPEN = "{rule}：还不知道“{labels}”"
LISTED_FAILS = "{rule}：不符合“{labels}”"
START = "先了解一下您的情况，再逐项核对。"
RESUME = "继续核对条件"
WHOLE = "我符合哪些补贴"


def outcome_line(verdict: Verdict) -> str:
    """Say the outcome of a rule."""
    wording = {Outcome.MET: MET, Outcome.NOT_MET: NOT_MET, Outcome.MISSING: MISSING}
    return wording[verdict.outcome].format(rule=verdict.rule.name)


def condition_line(label: str, truth: bool | None) -> str:
    """Say whether a condition holds."""
    return {True: HOLDS, False: FAILS, None: OPEN}[truth].format(label=label)


def presumption_line(verdict: Verdict, facts: Facts) -> str:
    """Say what was taken as given though nobody said it."""
    said = [facts.definitions[name].presumption for name in verdict.presumed]
    return PRESUMED.format(presumptions="；".join(said))


def unmentioned_line(verdict: Verdict) -> str:
    """Say which identities would matter that the person did not name."""
    return UNMENTIONED.format(identities="、".join(verdict.unmentioned))


def local_line(amount: Amount, value: Value) -> str:
    """Say a figure that the district has set."""
    return LOCAL_VALUE.format(name=amount.name, value=value.quantity.text, source=value.source)


def facts_line(facts: Facts) -> str:
    """Repeat what the person said, or "" where that was nothing."""
    said = [text for name, fact in facts.definitions.items() if (text := _said(name, fact, facts))]
    return FACTS.format(facts="、".join(said)) if said else ""


def _said(name: str, fact: Fact, facts: Facts) -> str:
    value = facts.known.get(name) is not None and facts.get(name)
    if fact.kind is FactKind.YES_NO:
        return name if value is True else ""
    if not value or fact.kind is FactKind.DATE:
        return ""
    if fact.kind is FactKind.CHOICE:
        return f"{name}为{value}"
    return f"{name}{show_quantity(value, fact.unit)}"


def lines_of_rule(rule: Rule) -> Iterator[str]:
    """Yield the sentences that name a rule and judge nothing."""
    yield UNASKABLE.format(rule=rule.name)
    for amount in rule.amounts:
        yield FOR_AMOUNT.format(amount=amount.name)
