"""One file read completely, before anything is stored: text, facts, clauses, warnings."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import PurePath
from typing import Any

from knowledge.clause_draft import ClauseDraft
from knowledge.document import LEVEL_NAMES, ClauseKind, DocumentStatus, Level, text_digest
from knowledge.finding import Finding
from knowledge.front_matter import FrontMatter, InvalidFrontMatter, split_front_matter
from knowledge.metadata import DocumentFacts, read_facts
from knowledge.numbering import read_label
from knowledge.reader import SourceText, UnreadableDocument, read_document
from knowledge.splitter import split

FACT_NAMES = {
    "title": "标题",
    "doc_number": "文号",
    "issuer": "发文机关",
    "level": "级别",
    "published_on": "发布日期",
    "effective_on": "施行日期",
    "expires_on": "失效日期",
}


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What a person states about a document; it goes before what was read. None: as read."""

    title: str | None = None
    doc_number: str | None = None
    issuer: str | None = None
    level: Level | None = None
    published_on: date | None = None
    effective_on: date | None = None
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class PolicyReading:
    """What one file says. `stated` joins front matter, confirmation and what was read."""

    name: str
    source: SourceText
    facts: DocumentFacts
    stated: FrontMatter
    clauses: Sequence[ClauseDraft]
    warnings: tuple[str, ...]

    @property
    def digest(self) -> str:
        """SHA-256 of the text, hex."""
        return text_digest(self.source.text)

    @property
    def title(self) -> str:
        """The title, or the file's name where the text has none."""
        return self.stated.title or PurePath(self.name).stem

    def lines(self) -> list[str]:
        """Return the reading as lines of Chinese to be confirmed by a person."""
        found = [f"文件：{self.name}（{self.source.form}，{self.source.encoding or '二进制'}）"]
        found += [self._fact_line(name) for name in FACT_NAMES]
        found += [f"同时废止：{repeal.quote}" for repeal in self.facts.repeals]
        found += [f"部分修改：《{other.title}》" for other in self.facts.amended]
        counted = Counter(d.depth for d in self.clauses if d.kind is ClauseKind.HEADING)
        depths = "、".join(f"第{depth}层{counted[depth]}个" for depth in sorted(counted))
        rows = sum(d.kind is ClauseKind.ROW for d in self.clauses)
        found.append(
            f"条款：共{len(self.clauses)}条；编号标题{depths or '没有'}"
            + (f"；表格数据{rows}行" if rows else "")
        )
        if self.source.dropped:
            found.append(f"已去掉的页面文字：{len(self.source.dropped)}处")
            found += [f"  - {_short(text)}" for text in self.source.dropped[:10]]
        return found + [f"提醒：{warning}" for warning in self.warnings]

    def _fact_line(self, name: str) -> str:
        value = getattr(self.stated, name)
        finding: Finding[object] | None = getattr(self.facts, name)
        if value is None:
            return f"{FACT_NAMES[name]}：未写明"
        shown = LEVEL_NAMES[value] if isinstance(value, Level) else str(value)
        if finding is None or finding.value != value:
            return f"{FACT_NAMES[name]}：{shown}（由人填写）"
        return f"{FACT_NAMES[name]}：{shown}（原文：“{_short(finding.quote)}”）"


def read_policy(name: str, data: bytes, confirmed: Confirmed | None = None) -> PolicyReading:
    """Read a file into text, facts and clauses; touches no database.

    Raises UnreadableDocument with a message in Chinese that says what to do.
    """
    source = read_document(name, data)
    head, body = None, source.text
    if source.form == "md":
        try:
            head, body = split_front_matter(source.text)
        except InvalidFrontMatter as error:
            raise UnreadableDocument(str(error)) from error
    if not body.strip():
        raise UnreadableDocument("文件里没有文字，请检查是否选错了文件。")
    source = replace(source, text=body)
    # Where an author states the facts nothing is read out of the text.
    facts = DocumentFacts() if head is not None and head.title else read_facts(body)
    stated = _join(head or FrontMatter(), facts, confirmed or Confirmed())
    if facts.draft:
        stated = replace(stated, status=DocumentStatus.DRAFT)
    clauses = split(body)
    warnings = (*source.warnings, *facts.doubts, *_doubts(stated, head), *_gaps(clauses))
    return PolicyReading(name, source, facts, stated, clauses, warnings)


def _join(head: FrontMatter, facts: DocumentFacts, confirmed: Confirmed) -> FrontMatter:
    values: dict[str, Any] = {}
    for name in FACT_NAMES:
        finding = getattr(facts, name)
        values[name] = (
            getattr(confirmed, name) or getattr(head, name) or (finding.value if finding else None)
        )
    joined = replace(head, **values)
    begins, ends = joined.effective_on, joined.expires_on
    if begins is not None and ends is not None and ends < begins:
        raise UnreadableDocument(f"失效日期{ends}早于施行日期{begins}，请核对后重新填写。")
    return joined


def _doubts(stated: FrontMatter, head: FrontMatter | None) -> list[str]:
    if head is not None:
        return []
    doubts = []
    if stated.title is None:
        doubts.append("没有读到标题，暂用文件名，请填写。")
    if stated.published_on is None and stated.effective_on is None:
        doubts.append("没有读到发布日期和施行日期，将视为一直有效，请核对后填写。")
    if stated.status is DocumentStatus.PUBLISHED and stated.issuer is None:
        doubts.append("没有读到发文机关，请填写。")
    return doubts


def _gaps(clauses: Sequence[ClauseDraft]) -> list[str]:
    """Name the places where the numbering jumps or repeats, which is often a lost line."""
    last: dict[tuple[int | None, str], int] = {}
    found = []
    for draft in clauses:
        label = read_label(draft.label, 0) if draft.label else None
        if label is None:
            continue
        key = (draft.parent, label.style.value)
        before = last.get(key)
        if before is not None and label.number > before + 1:
            found.append(f"编号不连续：“{draft.label}”之前缺少编号，请核对原文。")
        if "#" in draft.address:
            found.append(f"编号重复：“{draft.label}”出现了不止一次，请核对原文。")
        last[key] = label.number
    return found[:10]


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= 60 else flat[:59] + "…"
