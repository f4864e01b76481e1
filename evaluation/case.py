"""One question with what a right answer has to say: the file format of evaluation/cases."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from assistant.answer import AnswerStatus

ANSWERS = frozenset({AnswerStatus.ANSWERED, AnswerStatus.PARTLY_ANSWERED})
REFUSALS = frozenset(
    {
        AnswerStatus.NOT_IN_POLICY,
        AnswerStatus.OUT_OF_SCOPE,
        AnswerStatus.EXPIRED_ONLY,
        AnswerStatus.HANDED_OVER,
        AnswerStatus.BLOCKED_QUESTION,
    }
)
# What a kind expects where a case names no status: the first beginning that fits decides.
_STATUSES_BY_KIND = {
    "unanswerable_near": REFUSALS - {AnswerStatus.OUT_OF_SCOPE, AnswerStatus.BLOCKED_QUESTION},
    "unanswerable": REFUSALS,
    "refus": REFUSALS,
    "near_miss": REFUSALS,
    "off_topic": REFUSALS,
    "out_of_scope": REFUSALS,
    "hostile": REFUSALS,
    "injection": REFUSALS,
    "personal_data": frozenset({AnswerStatus.BLOCKED_QUESTION}),
    "smalltalk": ANSWERS | {AnswerStatus.CLARIFY, AnswerStatus.OUT_OF_SCOPE},
}


class BadCaseFile(ValueError):
    """A case file cannot be read; the message names file and line in Chinese."""


@dataclass(frozen=True, slots=True)
class AnswerCase:
    """One question of a case file."""

    id: str
    kind: str
    question: str
    statuses: frozenset[AnswerStatus]  # any of them is right
    history: tuple[str, ...] = ()  # the person's earlier messages, oldest first
    clauses: tuple[str, ...] = ()  # acceptable addresses; each covers all below it
    must: tuple[tuple[str, ...], ...] = ()  # of each group one wording has to be said
    must_not: tuple[str, ...] = ()
    as_of: date | None = None  # the day asked about, today where None
    documents: tuple[str, ...] = ()  # files beside the case file that have to be loaded

    @property
    def unanswerable(self) -> bool:
        """Whether only a refusal is right."""
        return self.statuses <= REFUSALS

    @property
    def answerable(self) -> bool:
        """Whether every refusal is wrong."""
        return not self.statuses & REFUSALS


def read_cases(path: Path) -> list[AnswerCase]:
    """Read a JSONL file of cases, or raise BadCaseFile naming the first bad line."""
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except FileNotFoundError as error:
        raise BadCaseFile(f"找不到题目文件：{path}。请检查路径。") from error
    except (OSError, UnicodeDecodeError) as error:
        raise BadCaseFile(f"题目文件无法读取：{path}。请存为 UTF-8 编码的 JSONL。") from error
    cases: dict[str, AnswerCase] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            case = _parse(line, f"line-{number}")
            if case.id in cases:
                raise ValueError(f"编号 {case.id} 重复")
        except ValueError as error:
            raise BadCaseFile(f"{path.name} 第 {number} 行有误：{error}。") from error
        cases[case.id] = case
    if not cases:
        raise BadCaseFile(f"{path.name} 里没有题目。每行应是一个含 q 的 JSON 对象。")
    return list(cases.values())


def named_documents(cases: Iterable[AnswerCase], folder: Path) -> list[Path]:
    """Return the files that the cases ask to have loaded, each once, in order.

    Raises BadCaseFile where one is missing or lies outside the folder.
    """
    paths: list[Path] = []
    for case in cases:
        for name in case.documents:
            path = folder / name
            if not path.is_file() or not path.resolve().is_relative_to(folder.resolve()):
                raise BadCaseFile(f"题目 {case.id} 要用的文件不在 {folder} 里：{name}。")
            if path not in paths:
                paths.append(path)
    return paths


def _parse(line: str, default_id: str) -> AnswerCase:
    try:
        item = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"不是合格的 JSON（第 {error.colno} 个字符处）") from error
    if not isinstance(item, dict):
        raise ValueError("应是一个 JSON 对象")
    question = item.get("q") or item.get("question")
    if not isinstance(question, str) or not question.strip():
        raise ValueError("缺少问题 q")
    kind = str(item.get("kind") or "other")
    return AnswerCase(
        id=str(item.get("id") or default_id),
        kind=kind,
        question=question,
        statuses=_statuses(item.get("status"), kind),
        history=_history(item.get("history")),
        clauses=_texts(item.get("clauses"), "clauses"),
        must=tuple(_texts(group, "must") for group in _sequence(item.get("must"), "must")),
        must_not=_texts(item.get("must_not"), "must_not"),
        as_of=_day(item.get("as_of")),
        documents=_texts(item.get("documents"), "documents"),
    )


def _sequence(value: Any, field: str) -> Sequence[Any]:
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list):
        raise ValueError(f"{field} 应是列表")
    return value


def _texts(value: Any, field: str) -> tuple[str, ...]:
    texts = _sequence(value, field)
    if not all(isinstance(text, str) and text.strip() for text in texts):
        raise ValueError(f"{field} 里只能是非空的文字")
    return tuple(texts)


def _history(value: Any) -> tuple[str, ...]:
    messages: list[str] = []
    for message in _sequence(value, "history"):
        text = message
        if isinstance(message, dict):
            if message.get("role") not in (None, "user"):
                continue
            text = next((message[k] for k in ("q", "text", "content") if k in message), None)
        if not isinstance(text, str):
            raise ValueError("history 里应是文字，或含 q、text 或 content 的对象")
        messages.append(text)
    return tuple(messages)


def _statuses(value: Any, kind: str) -> frozenset[AnswerStatus]:
    named = _texts(value, "status")
    unknown = [name for name in named if name not in set(AnswerStatus)]
    if unknown:
        raise ValueError(f"不认识的 status:{unknown[0]}")
    if named:
        return frozenset(map(AnswerStatus, named))
    for beginning, statuses in _STATUSES_BY_KIND.items():
        if kind.startswith(beginning):
            return statuses
    return ANSWERS


def _day(value: Any) -> date | None:
    if value is None:
        return None
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise ValueError("as_of 应写成 2026-01-31 的样子") from error
