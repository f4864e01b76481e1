"""qichuang indicators: where every indicator of the plan stands, for people and programs."""

import json
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

import typer
from sqlalchemy.orm import Session

from api.console import console_database
from api.policies.freshness import published_between
from api.policies.validity import today
from guidance.indicators.agreed import frame_of
from guidance.indicators.definition import choices_of
from guidance.indicators.formulas import formula_text, mean
from guidance.indicators.indicator import Span, load_register
from guidance.indicators.progress import STATUS_NAMES, Progress
from guidance.indicators.standing import progress
from matching.mentors.roster import roster
from matching.projects.library_count import count_library, reviewed_here
from matching.projects.project import library_facts


def indicators(
    on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="截至哪一天，默认今天。")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON。")] = False,
) -> None:
    """列出方案的全部指标：现值、目标、进度和来源。"""
    with console_database() as database, database.reading() as db:
        rows = standing(db, on.date() if on else today())
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


def standing(db: Session, day: date, *, parts: bool = False) -> list[Progress]:
    """Return where every indicator stands in the year of a day, with what others count."""
    return progress(db, day, library_counts(db, day), parts=parts)


def library_counts(db: Session, day: date) -> dict[str, Decimal | int | None]:
    """Return what the library of projects, the mentors and the documents tell, by id."""
    library = count_library(library_facts(db), reviewed_here(db), day)
    creation = frame_of(choices_of(db), Span.CREATION, day)
    return {
        "M3b": library.counted,
        "M4a": library.counted + library.industries,
        "M4a.industries": library.industries,
        "M4a.projects": library.counted,
        "M3a.roster": len(roster(db, day)),
        "M11": mean([Decimal(one.days) for one in published_between(db, creation.first_on, day)]),
    }


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
        "sources": row.indicator.sources,
        "clause": row.indicator.clause,
        "note": row.note,
        "beside": {
            one.indicator.id: {
                "name": one.indicator.name,
                "value": None if one.value is None else float(one.value),
                "unit": one.indicator.unit,
            }
            for one in row.beside
        },
    }
