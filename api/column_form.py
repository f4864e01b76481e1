"""Forms made of columns: what was posted, what it means, and how each field is shown again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import FormData

from matching.spreadsheets.column import NO, CellUnreadable, Column, ColumnKind


@dataclass(frozen=True, slots=True)
class Input:
    """One field of the form as it is shown: what was typed, and what is wrong with it."""

    column: Column
    text: str
    chosen: tuple[str, ...]
    error: str


def posted_texts(posted: FormData, columns: Sequence[Column]) -> dict[str, str]:
    """Return column name -> text; several ticked boxes are joined as a cell would be.

    A browser does not send a box without a tick: that is a no, and no empty field.
    """
    texts = {}
    for column in columns:
        if column.kind is ColumnKind.YES_NO:
            texts[column.name] = str(posted.get(column.name, NO))
        elif column.name in posted or column.kind is ColumnKind.CHOICES:
            texts[column.name] = "、".join(str(value) for value in posted.getlist(column.name))
    return texts


def read_texts(
    texts: Mapping[str, str], columns: Sequence[Column]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the values by column name, and what is wrong with the rest."""
    values: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for column in columns:
        if column.name not in texts:
            continue
        try:
            values[column.name] = column.read(texts[column.name])
        except CellUnreadable as error:
            errors[column.name] = str(error)
    return values, errors


def inputs_of(
    columns: Sequence[Column], texts: Mapping[str, str], errors: Mapping[str, str]
) -> dict[str, list[Input]]:
    """Return the fields to show, by the section that they stand in."""
    inputs: dict[str, list[Input]] = {}
    for column in columns:
        text = texts.get(column.name, "")
        shown = Input(column, text, _chosen(column, text), errors.get(column.name, ""))
        inputs.setdefault(column.section, []).append(shown)
    return inputs


def _chosen(column: Column, text: str) -> tuple[str, ...]:
    """Return the values of a choice that a text names, for ticking them."""
    try:
        value = column.read(text)
    except CellUnreadable:
        return ()
    if isinstance(value, tuple):
        return tuple(str(one) for one in value)
    return () if value is None else (str(value),)
