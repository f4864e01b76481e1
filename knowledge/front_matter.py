"""The YAML head of a Markdown source: what its author states instead of letting it be read."""

from dataclasses import dataclass, fields
from datetime import date
from typing import Any

import yaml

from knowledge.document import DocumentStatus, Level
from knowledge.yaml_text import read_yaml

MAX_CHARACTERS = 10_000


class InvalidFrontMatter(ValueError):
    """The head between the two --- lines cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """The stated facts of a document; None where its author left them out."""

    title: str | None = None
    series: str | None = None
    doc_number: str | None = None
    issuer: str | None = None
    level: Level | None = None
    published_on: date | None = None
    effective_on: date | None = None
    expires_on: date | None = None
    replaced_on: date | None = None
    as_of: date | None = None
    caveat: str | None = None
    restated: bool = False
    supersedes: tuple[str, ...] = ()  # series, 文号 or titles
    status: DocumentStatus = DocumentStatus.PUBLISHED


_NAMES = {field.name for field in fields(FrontMatter)}
_DATES = {"published_on", "effective_on", "expires_on", "replaced_on", "as_of"}


def split_front_matter(text: str) -> tuple[FrontMatter | None, str]:
    """Return the head, or None where there is none, and the text below it.

    Raises InvalidFrontMatter.
    """
    if not text.startswith("---\n"):
        return None, text
    end = (text[:MAX_CHARACTERS] + "\n").find("\n---\n", 3)
    if end < 0:
        return None, text
    try:
        stated = read_yaml(text[4 : end + 1]) or {}
    except yaml.YAMLError as error:
        raise InvalidFrontMatter(f"文件开头 --- 之间的内容不是正确的 YAML：{error}") from error
    if not isinstance(stated, dict):
        raise InvalidFrontMatter("文件开头 --- 之间应当逐行写“名称: 内容”。")
    if unknown := sorted(str(name) for name in stated if name not in _NAMES):
        raise InvalidFrontMatter(f"文件开头有不认识的项目：{'、'.join(unknown)}。")
    values = {name: _value(name, value) for name, value in stated.items() if value is not None}
    return FrontMatter(**values), text[end + 5 :].strip("\n")


def _value(name: str, value: Any) -> Any:
    try:
        if name in _DATES:
            return value if type(value) is date else date.fromisoformat(str(value))
        if name == "level":
            return Level(value)
        if name == "status":
            return DocumentStatus(value)
        if name == "supersedes":
            return tuple(str(item) for item in (value if isinstance(value, list) else [value]))
    except ValueError as error:
        raise InvalidFrontMatter(f"文件开头的 {name} 不能是“{value}”。") from error
    if name == "restated":
        return value is True
    return str(value)
