"""Reads the tables of cases that stand beside the tests: one Markdown file for a subject.

What a table expects is written from the definitions (what counts, when, by whom), never
copied from a run, so that somebody who knows the definitions and no code can check it.
"""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from guidance.periods.period import SHANGHAI

FOLDER = Path(__file__).parent
Row = dict[str, str]


def tables(file: str) -> dict[str, list[Row]]:
    """Return the rows of every table of a file by the heading above it."""
    found: dict[str, list[Row]] = {}
    heading, columns = "", list[str]()
    for line in (FOLDER / file).read_text("utf-8").splitlines():
        if line.startswith("#"):
            heading, columns = line.lstrip("# "), []
        elif line.startswith("|"):
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if not columns:
                columns = cells
            elif set("".join(cells)) - set("-: "):
                found.setdefault(heading, []).append(dict(zip(columns, cells, strict=True)))
    return found


def cases(file: str, heading: str) -> list[Any]:
    """Return a table as parameters; the first column names the case."""
    rows = tables(file)[heading]
    return [pytest.param(row, id=next(iter(row.values())).replace(" ", "_")) for row in rows]


def moment(text: str) -> datetime:
    """Read 2026-03-31 23:59:59, Shanghai time unless a zone is told."""
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=SHANGHAI)


def span(text: str) -> timedelta:
    """Read 29:59 (minutes and seconds), 1:00:00 or -10:00.5."""
    sign = -1 if text.startswith("-") else 1
    parts = [float(part) for part in text.lstrip("+-").split(":")]
    seconds = 0.0
    for part in parts:
        seconds = seconds * 60 + part
    return sign * timedelta(microseconds=round(seconds * 1_000_000))


def words(text: str) -> list[str]:
    """Split "a; b; c"."""
    return [part.strip() for part in text.split(";") if part.strip()]
