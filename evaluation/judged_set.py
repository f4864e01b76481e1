"""A folder of documents, questions and judgements, as `evaluate retrieval` reads it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class JudgedSetInvalid(ValueError):
    """A file of the folder is missing or a line of it cannot be used; says which and why."""


@dataclass(frozen=True, slots=True)
class JudgedSet:
    """What is searched, what is asked, and what would be right."""

    documents: dict[str, tuple[str, str]]  # id -> (title, text)
    questions: dict[str, str]  # id -> text, only those with something relevant
    judgements: dict[str, dict[str, float]]  # question id -> document id -> score


def read_judged_set(folder: Path, qrels: Path | None = None) -> JudgedSet:
    """Read corpus.jsonl, queries.jsonl and qrels.tsv, or another file of judgements.

    Raises JudgedSetInvalid.
    """
    documents = {
        _text(row, "id", place): (_text(row, "title", place, ""), _text(row, "text", place))
        for place, row in _rows(folder / "corpus.jsonl")
    }
    questions = {
        _text(row, "id", place): _text(row, "text", place)
        for place, row in _rows(folder / "queries.jsonl")
    }
    path = qrels or folder / "qrels.tsv"
    judgements: dict[str, dict[str, float]] = {}
    for number, line in enumerate(_lines(path), start=1):
        if number > 1 and line.strip():
            question, document, score = _judgement(f"{path} 第 {number} 行", line)
            judgements.setdefault(question, {})[document] = score
    asked = {
        name: text
        for name, text in questions.items()
        if any(score > 0 for score in judgements.get(name, {}).values())
    }
    if not documents or not asked:
        raise JudgedSetInvalid(
            f"{folder} 里没有可评测的内容：需要文档，以及至少一个有相关文档的问题"
        )
    return JudgedSet(documents, asked, judgements)


def _lines(path: Path) -> Iterator[str]:
    try:
        with path.open(encoding="utf-8-sig") as file:
            yield from file
    except FileNotFoundError:
        raise JudgedSetInvalid(f"缺少文件 {path}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise JudgedSetInvalid(f"文件 {path} 无法读取，需要 UTF-8 编码的文本") from error


def _rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, line in enumerate(_lines(path), start=1):
        if not line.strip():
            continue
        place = f"{path} 第 {number} 行"
        try:
            row = json.loads(line)
        except ValueError:
            raise JudgedSetInvalid(f"{place} 不是一个 JSON 对象") from None
        if not isinstance(row, dict):
            raise JudgedSetInvalid(f"{place} 不是一个 JSON 对象")
        yield place, row


def _text(row: dict[str, Any], field: str, place: str, default: str | None = None) -> str:
    value = row.get(field)
    if value is None and default is not None:
        return default
    if isinstance(value, int) and field == "id":
        return str(value)
    if not isinstance(value, str):
        raise JudgedSetInvalid(f"{place} 缺少文字字段 {field}")
    return value


def _judgement(place: str, line: str) -> tuple[str, str, float]:
    parts = line.rstrip("\r\n").split("\t")
    try:
        question, document, score = parts
        return question, document, float(score)
    except ValueError:
        raise JudgedSetInvalid(
            f"{place} 应为三列：问题编号、文档编号、分数，用制表符隔开"
        ) from None
