"""How the figures of a report were made: the note that is printed with them."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from guidance.counting.rules import rules_in_force
from guidance.indicators.agreed import without_owner
from guidance.indicators.definition import SignedDefinition, signed_choices
from guidance.indicators.indicator import Ambiguity, load_register
from guidance.lifecycle import LINE_NAMES
from guidance.people.level import LEVEL_NAMES, IdentityLevel
from guidance.periods.period import shanghai_day
from guidance.periods.seed import late_seeds
from guidance.reports.suppression import SMALLEST
from guidance.reports.table import Cell, Table


def method_table(db: Session, quarters: list[str], *, published: bool) -> Table:
    """Return the note on method: rules, definitions, what counts (统计法实施条例 §27)."""
    rules = [rules_in_force(db, one) for one in quarters]
    register, signed = load_register(), signed_choices(db)
    rows: list[tuple[Cell, ...]] = [
        ("计数口径", "；".join(dict.fromkeys(rule.name for rule in rules))),
        ("计数的身份", f"{_levels(rules[-1].min_level)}，按核验程度分列"),
        (
            "不计的服务方式",
            "、".join(LINE_NAMES[x] for x in rules[-1].not_counted_lines) or "无",
        ),
        (
            "一次的定义",
            "一人一天至多一次；记录封存后按口径判定，经未参与服务和登记的人复核通过才计数",
        ),
        ("归属", "按第一条消息的北京时间日期归入季度，每次只归一个单位"),
        (
            "锁定后的更正",
            "一人提议、另一人确认，原公布值不改；核减后不自动以同一人当天的另一条补上，"
            "要补计的另行提议、确认",
        ),
        ("指标表版本", register.version),
        ("待签署的口径解释", _unsigned(register.ambiguities, signed)),
        ("待确定的责任单位", _unowned(without_owner(register, signed))),
    ]
    rows += [
        (
            f"口径解释：{register.ambiguities[number].subject}",
            f"{row.choice}（{row.approval_number or '无文号'}）",
        )
        for number, row in _signed(signed)
        if number in register.ambiguities
    ]
    rows += [
        (f"{period} 抽查种子摘要逾期公布", f"{_day(late.decided_at)}补公布，{late.reason}")
        for period, late in late_seeds(db).items()
        if period in quarters
    ]
    if published:
        rows.append(("小数隐去", f"1 至 {SMALLEST - 1} 的人数和人次不公布，能据以推算的也隐去"))
    return Table("method", "编制说明", ("项目", "内容"), tuple(rows))


def _day(at: datetime | None) -> str:
    return str(shanghai_day(at)) if at else ""


def _signed(signed: Mapping[str, SignedDefinition]) -> list[tuple[int, SignedDefinition]]:
    pairs = [(key.partition(":"), row) for key, row in signed.items()]
    found = [(int(name), row) for (kind, _, name), row in pairs if kind == "ambiguity"]
    return sorted(found, key=lambda one: one[0])


def _unowned(names: list[str]) -> str:
    return f"{len(names)} 项（{'、'.join(names)}），所列单位为建议" if names else "无"


def _unsigned(ambiguities: Mapping[int, Ambiguity], signed: Mapping[str, SignedDefinition]) -> str:
    open_ones = [str(number) for number in ambiguities if f"ambiguity:{number}" not in signed]
    return f"{len(open_ones)} 项（第 {'、'.join(open_ones)} 项），按默认读法" if open_ones else "无"


def _levels(least: IdentityLevel) -> str:
    return "不限" if least is IdentityLevel.VISITOR else f"{LEVEL_NAMES[least]}及以上"
