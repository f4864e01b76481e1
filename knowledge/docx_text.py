"""Word files -> text as Word shows it: automatic numbers, tables in place, no deleted text.

What stands in a text box follows the paragraph that holds the box; a footnote stands in
brackets where it is referred to, so that a quoted clause brings its own explanation.

The package is read directly: reading libraries leave out automatic numbers and the
text inside content controls, and in a plan those are the clause numbers.
"""

import re
from collections.abc import Iterator, Mapping

from lxml import etree

from knowledge.numbering import read_label
from knowledge.parsed import Parsed, UnreadableDocument, table_lines
from knowledge.word_numbering import MAX_LEVEL, Numbering, W, read_numbering
from knowledge.word_package import DAMAGED, parse_part, unpack
from knowledge.word_unseen import is_unseen

MAX_DEPTH = 100

_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_SKIPPED = frozenset(
    [
        f"{W}{tag}"
        for tag in (
            "del",
            "moveFrom",
            "instrText",
            "rPr",
            "pPr",
            "commentReference",
            "txbxContent",  # comes as paragraphs of its own
        )
    ]
    + [f"{_MC}Fallback"]
)


class _Styles:
    """What styles lend to paragraphs: list membership and heading level."""

    def __init__(self, data: bytes | None) -> None:
        self._numbers: dict[str, tuple[str | None, int | None]] = {}
        self._headings: dict[str, int] = {}
        self._parents: dict[str, str] = {}
        if data is None:
            return
        for style in parse_part(data).iter(f"{W}style"):
            name = style.get(f"{W}styleId", "")
            self._numbers[name] = _list_place(style.find(f"{W}pPr"))
            based = style.find(f"{W}basedOn")
            if based is not None:
                self._parents[name] = based.get(f"{W}val", "")
            title = style.find(f"{W}name")
            match = re.fullmatch(r"heading ([1-6])", _value(title).lower())
            if match:
                self._headings[name] = int(match.group(1))

    def chain(self, name: str) -> Iterator[str]:
        for _ in range(20):  # a damaged file may hold a circle
            if not name:
                return
            yield name
            name = self._parents.get(name, "")

    def list_place(self, name: str) -> tuple[str | None, int | None]:
        number: str | None = None
        level: int | None = None
        for style in self.chain(name):
            own_number, own_level = self._numbers.get(style, (None, None))
            number = number if number is not None else own_number
            level = level if level is not None else own_level
        return number, level

    def heading(self, name: str) -> int:
        return next((self._headings[s] for s in self.chain(name) if s in self._headings), 0)


def read(data: bytes) -> Parsed:
    """Read a docx file. Raises UnreadableDocument."""
    parts = unpack(data)
    if "word/document.xml" not in parts:
        raise UnreadableDocument("这不是Word文档（docx），请用Word或WPS另存为docx后上传。")
    root = parse_part(parts["word/document.xml"])
    numbers = parts.get("word/numbering.xml")
    numbering = read_numbering(None if numbers is None else parse_part(numbers))
    styles = _Styles(parts.get("word/styles.xml"))
    body = root.find(f"{W}body")
    if body is None:
        raise UnreadableDocument(DAMAGED)
    _bring_in_notes(body, parts)
    text = "\n".join(_blocks(body, numbering, styles))
    if not text.strip():
        if any(name.startswith("word/media/") for name in parts):
            raise UnreadableDocument("Word文件里只有图片，没有文字。请提供可复制文字的版本。")
        raise UnreadableDocument("Word文件里没有文字，请检查是否选错了文件。")
    return Parsed(text, (), tuple(_warnings(root)))


def _warnings(root: etree._Element) -> Iterator[str]:
    if root.find(f".//{W}del") is not None or root.find(f".//{W}ins") is not None:
        yield "文件带有修订标记，已按接受全部修订后的文字读取。"
    if any(
        is_unseen(run) and "".join(map(str, run.itertext())).strip() for run in root.iter(f"{W}r")
    ):
        yield "文件里有看不见的文字（隐藏、极小或白色），没有读取，请核对来源。"


def _blocks(body: etree._Element, numbering: Numbering, styles: _Styles) -> Iterator[str]:
    begun = ""  # of a paragraph whose end was deleted: the next one goes on with it
    for node in _in_order(body):
        if node.tag == f"{W}tbl":
            yield from (*table_lines(_rows(node, numbering, styles)), "")
            continue
        begun += _paragraph(node, numbering, styles)
        if not _is_end_deleted(node):
            yield from (begun, "")
            begun = ""
    yield begun


def _in_order(body: etree._Element) -> Iterator[etree._Element]:
    """Yield the paragraphs and tables of a body, those of text boxes behind their paragraph."""
    stack: list[Iterator[etree._Element]] = [iter(body)]
    while stack:
        node = next(stack[-1], None)
        if node is None:
            stack.pop()
            continue
        inside: Iterator[etree._Element] = iter(())
        if node.tag == f"{W}p":
            yield node
            inside = (child for box in _boxes(node) for child in box)
        elif node.tag == f"{W}tbl":
            yield node
        elif node.tag not in _SKIPPED:
            inside = iter(node)  # content controls, tracked insertions
        if len(stack) < MAX_DEPTH:
            stack.append(inside)


def _is_end_deleted(paragraph: etree._Element) -> bool:
    """Whether a tracked change joins a paragraph to the next."""
    path = f"{W}pPr/{W}rPr/{W}"
    return any(paragraph.find(f"{path}{tag}") is not None for tag in ("del", "moveFrom"))


def _boxes(paragraph: etree._Element) -> list[etree._Element]:
    """Return the text boxes of a paragraph; boxes within boxes and older copies are left out."""
    return [
        box
        for box in paragraph.iter(f"{W}txbxContent")
        if not _is_older_copy(box) and next(box.iterancestors(f"{W}p")) is paragraph
    ]


def _is_older_copy(node: etree._Element) -> bool:
    """Whether a node stands in what Word keeps for its older versions."""
    return next(node.iterancestors(f"{_MC}Fallback"), None) is not None


def _bring_in_notes(body: etree._Element, parts: Mapping[str, bytes]) -> None:
    """Put the text of foot- and endnotes where they are referred to."""
    for kind in ("footnote", "endnote"):
        data = parts.get(f"word/{kind}s.xml")
        if data is None:
            continue
        notes = {
            note.get(f"{W}id"): " ".join(_text(p).strip() for p in note.iter(f"{W}p")).strip()
            for note in parse_part(data).iter(f"{W}{kind}")
            if note.get(f"{W}type") in (None, "normal")
        }
        for reference in list(body.iter(f"{W}{kind}Reference")):
            if text := notes.get(reference.get(f"{W}id")):
                reference.tag = f"{W}t"
                reference.text = f"\uff08注\uff1a{text}\uff09"


def _paragraph(node: etree._Element, numbering: Numbering, styles: _Styles) -> str:
    text = _text(node).strip(" \t")
    properties = node.find(f"{W}pPr")
    style = _value(properties.find(f"{W}pStyle")) if properties is not None else ""
    number, level = _list_place(properties)
    style_number, style_level = styles.list_place(style)
    number = number if number is not None else style_number
    level = level if level is not None else style_level or 0
    label = ""
    if number and number != "0" and 0 <= level < MAX_LEVEL and text:
        label = numbering.label(number, level)
    heading = styles.heading(style)
    if heading and text and not label and len(text) <= 60 and read_label(text, 0) is None:
        return f"{'#' * (heading + 1)} {text}" if heading < 6 else text
    return label + text


def _text(node: etree._Element) -> str:
    """Join the visible runs below a node, without recursion."""
    found: list[str] = []
    stack = [node]
    while stack:
        current = stack.pop()
        if current.tag in _SKIPPED and current is not node:
            continue
        if current.tag == f"{W}r" and is_unseen(current):
            continue
        if current.tag == f"{W}t":
            found.append(current.text or "")
        elif current.tag in (f"{W}tab", f"{W}ptab"):
            found.append(" ")
        elif current.tag in (f"{W}br", f"{W}cr"):
            found.append("\n")
        elif current.tag == f"{W}noBreakHyphen":
            found.append("-")
        stack.extend(reversed(current))
    return "".join(found)


def _rows(table: etree._Element, numbering: Numbering, styles: _Styles) -> list[list[str]]:
    rows: list[list[str]] = []
    above: dict[int, str] = {}
    for row in table.iterfind(f"{W}tr"):
        cells: list[str] = []
        for cell in row.iter(f"{W}tc"):
            holder = cell.getparent()
            if holder is not row and (holder is None or holder.tag != f"{W}sdtContent"):
                continue  # belongs to a table inside a cell, whose text is taken with that cell
            properties = cell.find(f"{W}tcPr")
            merged = properties.find(f"{W}vMerge") if properties is not None else None
            text = " ".join(
                filter(
                    None,
                    (
                        _paragraph(p, numbering, styles)
                        for p in cell.iter(f"{W}p")
                        if not _is_older_copy(p)
                    ),
                )
            )
            if merged is not None and merged.get(f"{W}val", "continue") == "continue":
                text = above.get(len(cells), "")
            span = properties.find(f"{W}gridSpan") if properties is not None else None
            width = _value(span) or "1"
            for _ in range(min(int(width), 100) if width.isascii() and width.isdigit() else 1):
                above[len(cells)] = text
                cells.append(text)
        rows.append(cells)
    return rows


def _list_place(properties: etree._Element | None) -> tuple[str | None, int | None]:
    place = properties.find(f"{W}numPr") if properties is not None else None
    if place is None:
        return None, None
    number, level = place.find(f"{W}numId"), place.find(f"{W}ilvl")
    depth = _value(level)
    return (
        _value(number) if number is not None else None,
        int(depth) if depth.isascii() and depth.isdigit() else None,
    )


def _value(node: etree._Element | None) -> str:
    return "" if node is None else node.get(f"{W}val", "")
