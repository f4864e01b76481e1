"""qichuang indicators: where every indicator of the plan stands, for people and programs."""

import json
from datetime import date, datetime
from typing import Annotated, Any

import typer
from sqlalchemy.orm import Session

from api.console import load_settings
from api.policies.validity import today
from api.startup import open_database
from guidance.indicators.indicator import load_register
from guidance.indicators.progress import STATUS_NAMES, Progress, Timeframe, formula_text, progress
from matching.projects.library_count import count_library, reviewed_here
from matching.projects.project import library_facts


def indicators(
    on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="截至哪一天，默认今天。")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON。")] = False,
) -> None:
    """列出方案的全部指标：现值、目标、进度和来源。"""
    database = open_database(load_settings().database_url)
    day = on.date() if on else today()
    with database.reading() as db:
        rows = standing(db, day)
    database.close()
    if as_json:
        typer.echo(json.dumps([row_as_json(row) for row in rows], ensure_ascii=False, indent=1))
        return
    for row in rows:
        target = "—" if row.indicator.target is None else f"{row.indicator.target}"
        value = "—" if row.value is None else f"{row.value:f}"
        typer.echo(
            f"{row.indicator.id:<5} {row.indicator.name}：{value} / {target}"
            f" {row.indicator.unit}  {STATUS_NAMES[row.status]}  （{row.indicator.clause}）"
        )


def standing(db: Session, day: date) -> list[Progress]:
    """Return where every indicator stands in the year of a day, the library's counts included."""
    frame = Timeframe(date(day.year, 1, 1), date(day.year, 12, 31))
    return progress(db, day, frame, library_counts(db, day))


def library_counts(db: Session, day: date) -> dict[str, int]:
    """Return the indicators that the project library counts, by id."""
    library = count_library(library_facts(db), reviewed_here(db), day)
    return {"M3b": library.counted, "M4a": library.counted + library.industries}


def row_as_json(row: Progress) -> dict[str, Any]:
    """Return an indicator's standing as JSON values."""
    register = load_register()
    return {
        "id": row.indicator.id,
        "name": row.indicator.name,
        "definition": row.indicator.definition,
        "unit": row.indicator.unit,
        "kind": row.indicator.kind,
        "formula": formula_text(register, row.indicator),
        "value": None if row.value is None else float(row.value),
        "target": None if row.indicator.target is None else float(row.indicator.target),
        "expected": None if row.expected is None else float(row.expected),
        "status": row.status,
        "owners": row.indicator.owners,
        "clause": row.indicator.clause,
        "note": row.note,
    }
