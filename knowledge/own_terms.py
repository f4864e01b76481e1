"""The words that an installation adds: synonyms, everyday words and names of its own.

The file is terms.yaml in the data folder. It is read beside the shipped lists, never instead
of them, and takes effect without a restart.
"""

import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml

TERMS_FILE = "terms.yaml"
MAX_BYTES = 200_000
MAX_LINES = 2_000
MAX_WORDS = 40  # of one meaning
LONGEST = 20  # characters of a word
_WORD = re.compile(r"[\w\u3400-\u9fff][\w\u3400-\u9fff()\uff08\uff09·\-]*")
_SECTIONS = ("same", "everyday", "names")
_HEAD = """# 本机构自己的用词。保存后几秒内生效，不用重启。
# same      意思相同的词，一行一组，例如 - [创业担保贷款, 小额贷, 创业贷]
# everyday  群众的说法: 文件里的说法，例如 摆夜市: 个体经营
# names     本地的专有名称，例如 - 雁来贷
"""


class BadTerms(ValueError):
    """A file of own terms cannot be used; `problems` say in Chinese what to change."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("；".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class OwnTerms:
    """An installation's own words.

    `same`: lines of words with one meaning. `everyday`: what people say -> what to read
    for it. `names`: proper names that count as one word.
    """

    same: tuple[tuple[str, ...], ...] = ()
    everyday: tuple[tuple[str, str], ...] = ()
    names: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """A short digest of the content; of no terms the empty text."""
        return sha256(repr(self).encode()).hexdigest()[:12] if self != OwnTerms() else ""


NO_TERMS = OwnTerms()


def load_terms(data_dir: Path) -> OwnTerms:
    """Read the own terms of a data folder; none where the file is missing.

    Raises BadTerms where the file cannot be read or holds something else.
    """
    try:
        content = (data_dir / TERMS_FILE).read_bytes()
    except FileNotFoundError:
        return OwnTerms()
    except OSError as error:
        raise BadTerms([f"用词文件无法读取：{error.strerror}。"]) from error
    if len(content) > MAX_BYTES:
        raise BadTerms([f"用词文件太大，最多{MAX_BYTES // 1000}千字节。"])
    try:
        return parse_terms(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise BadTerms(["用词文件请存为UTF-8编码。"]) from error


def parse_terms(text: str) -> OwnTerms:
    """Read own terms from YAML text, or raise BadTerms with every problem found."""
    try:
        data = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"第{mark.line + 1}行" if mark else "文件"
        raise BadTerms([f"{place}的格式有误，请检查括号、冒号和缩进。"]) from error
    if not isinstance(data, dict):
        raise BadTerms(["用词文件应有same、everyday、names三部分。"])
    problems = [f"不认识的部分：{key}。" for key in data if key not in _SECTIONS]
    terms = OwnTerms(
        same=_same(data.get("same"), problems),
        everyday=_everyday(data.get("everyday"), problems),
        names=tuple(dict.fromkeys(_words(data.get("names"), "names", problems))),
    )
    if problems:
        raise BadTerms(problems)
    return terms


def save_terms(data_dir: Path, terms: OwnTerms) -> None:
    """Write own terms; a reader finds the old file or the new one, never a part.

    Raises BadTerms where the terms would not be read again.
    """
    content = {
        "same": [list(line) for line in terms.same],
        "everyday": dict(terms.everyday),
        "names": list(terms.names),
    }
    text = _HEAD + yaml.safe_dump(content, allow_unicode=True, sort_keys=False)
    if parse_terms(text) != terms:
        raise BadTerms(["同一个说法只能对应一个词，同一组里的词不要重复。"])
    data_dir.mkdir(parents=True, exist_ok=True)
    handle, partial = tempfile.mkstemp(dir=data_dir, suffix=".part")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    Path(partial).replace(data_dir / TERMS_FILE)


def terms_state(data_dir: Path) -> str:
    """Return a digest of the file as it is, readable or not: it changes with every edit."""
    try:
        return sha256((data_dir / TERMS_FILE).read_bytes()).hexdigest()[:12]
    except OSError:
        return ""


def with_own(
    table: Mapping[str, tuple[str, ...]], own: Sequence[Sequence[str]]
) -> dict[str, tuple[str, ...]]:
    """Return a table of synonyms with own lines added: word -> all words of its meaning."""
    joined = dict(table)
    for line in own:
        meaning = tuple(dict.fromkeys(w for word in line for w in (word, *joined.get(word, ()))))
        joined.update(dict.fromkeys(line, meaning))
    return joined


def _same(value: Any, problems: list[str]) -> tuple[tuple[str, ...], ...]:
    lines = []
    for line in _list(value, "same", problems):
        words = tuple(dict.fromkeys(_words(line, "same", problems)))
        if len(words) < 2:
            problems.append("same的每一行至少要有两个不同的词。")
        elif len(words) > MAX_WORDS:
            problems.append(f"same的一行最多{MAX_WORDS}个词：{words[0]}。")
        lines.append(words)
    return tuple(lines)


def _everyday(value: Any, problems: list[str]) -> tuple[tuple[str, str], ...]:
    if value is None:
        return ()
    if not isinstance(value, dict):
        problems.append("everyday应写成“说法: 文件里的词”，一行一个。")
        return ()
    pairs = []
    for said, meant in list(value.items())[:MAX_LINES]:
        words = _words([said, meant], "everyday", problems)
        if len(words) == 2:
            if len(words[0]) < 2:
                problems.append(f"everyday的说法至少两个字：{words[0]}。")
            pairs.append((words[0], words[1]))
    return tuple(pairs)


def _words(value: Any, section: str, problems: list[str]) -> list[str]:
    words = []
    for word in _list(value, section, problems):
        text = str(word).strip() if isinstance(word, str | int) else ""
        if not _WORD.fullmatch(text) or len(text) > LONGEST:
            problems.append(
                f"{section}里有不能用的词：{str(word)[:LONGEST]}。每个词1到{LONGEST}个字。"
            )
        else:
            words.append(text)
    return words


def _list(value: Any, section: str, problems: list[str]) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        problems.append(f"{section}应是列表，每行以“- ”开头。")
        return []
    if len(value) > MAX_LINES:
        problems.append(f"{section}最多{MAX_LINES}行。")
    return value[:MAX_LINES]
