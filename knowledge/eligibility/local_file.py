"""The district's own figures: a file of the data folder, edited line by line."""

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from knowledge.eligibility.rule_file import InvalidRule
from knowledge.eligibility.rulebook import LOCAL_FILE, Rulebook, load_rulebook

_HEAD = "# 本地参数：国家和省市规定留给本地定的数。保存后几秒内生效，不用重启。\n"


@dataclass(frozen=True, slots=True)
class LocalFigure:
    """One figure: of which rule's parameter, how much, from which document, since when."""

    rule: str  # code
    parameter: str
    value: str  # 2000元, 10%
    source: str  # 文号
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class LocalPlace:
    """A parameter that a rule leaves to the district."""

    rule: str
    rule_name: str
    parameter: str


def local_places(rulebook: Rulebook) -> list[LocalPlace]:
    """Return every parameter that may be set locally."""
    return [
        LocalPlace(rule.code, rule.name, parameter.name)
        for rule in rulebook.rules
        for parameter in rule.parameters.values()
        if parameter.local
    ]


def read_local_figures(data_dir: Path) -> list[LocalFigure]:
    """Return the figures of a data folder; none without a file. Raises InvalidRule."""
    path = data_dir / LOCAL_FILE
    if not path.exists():
        return []
    load_rulebook(local=path)  # what is wrong with it is said there
    entries: Sequence[dict[str, Any]] = (yaml.safe_load(path.read_text("utf-8-sig")) or {}).get(
        "本地参数"
    ) or ()
    return [
        LocalFigure(
            str(entry["规则"]),
            str(entry["参数"]),
            str(entry["值"]),
            str(entry["文号"]),
            entry.get("自"),
            entry.get("到"),
        )
        for entry in entries
    ]


def save_local_figures(data_dir: Path, figures: Sequence[LocalFigure]) -> None:
    """Write the figures; a reader finds the old file or the new one. Raises InvalidRule."""
    for figure in figures:
        if not figure.source.strip():
            raise InvalidRule("请填写依据的文号。")
        if figure.since is None:
            raise InvalidRule("请填写从哪一天起执行。")
        if figure.until is not None and figure.until < figure.since:
            raise InvalidRule("停止执行的日期不能早于开始的日期。")
    content = {"本地参数": [_entry(figure) for figure in figures]}
    data_dir.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=data_dir, suffix=".part")
    partial = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(_HEAD + yaml.safe_dump(content, allow_unicode=True, sort_keys=False))
        load_rulebook(local=partial)
        partial.replace(data_dir / LOCAL_FILE)
    finally:
        partial.unlink(missing_ok=True)


def _entry(figure: LocalFigure) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "规则": figure.rule,
        "参数": figure.parameter,
        "值": figure.value,
        "文号": figure.source,
        "自": figure.since,
    }
    return entry | ({"到": figure.until} if figure.until else {})
