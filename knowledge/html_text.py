"""HTML -> the text of its main content: paragraphs, headings, tables."""

import re
from collections.abc import Iterator

from lxml import etree, html

from knowledge.html_content import drop_furniture, flat, main_content, stated_beside
from knowledge.numbering import read_label
from knowledge.parsed import Parsed, UnreadableDocument, table_lines

MAX_SPAN = 100  # columns or rows that one cell may cover

_BLOCKS = frozenset((
    "p", "div", "section", "article", "main", "li", "ul", "ol", "dl", "dt", "dd", "h1", "h2", "h3",
    "h4", "h5", "h6", "blockquote", "pre", "tr", "td", "th", "table", "center", "body", "figure",
    "figcaption", "details", "summary", "address", "hr", "fieldset",
))  # fmt: skip
_HEADINGS = frozenset(("h2", "h3", "h4", "h5", "h6"))


def read(data: bytes) -> Parsed:
    """Read a page given as UTF-8. Raises UnreadableDocument."""
    parser = html.HTMLParser(
        encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True
    )
    try:
        root = html.document_fromstring(data, parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as error:
        raise UnreadableDocument("网页里没有文字，请重新保存网页后上传。") from error
    titles = [flat(element) for element in root.iter("h1")]
    titles += [flat(element) for element in root.iter("title")]
    dropped = drop_furniture(root)
    body = root.find("body")
    page = root if body is None else body
    content = main_content(page)
    text = "\n".join(_lines(content))
    title = next((title for title in titles if 4 <= len(title) <= 120), "")
    if title and "".join(title.split()) not in "".join(text[:2_000].split()):
        text = f"{title}\n\n{text}"
    if stated := [line for line in stated_beside(page, content) if line not in text]:
        first, _, rest = text.partition("\n")
        text = "\n".join([first, *stated, rest])
    return Parsed(text, tuple(dropped))


def _lines(content: html.HtmlElement) -> Iterator[str]:
    """Walk the tree without recursion and yield its lines, an empty one behind each block."""
    buffer: list[str] = []
    table: html.HtmlElement | None = None  # the table of data that the walk is in
    for event, element in etree.iterwalk(content, events=("start", "end")):
        if not isinstance(element.tag, str):
            continue
        if event == "start" and table is None:
            table = element if _is_data_table(element) else None
            yield from _open(element, buffer)
        elif event == "end" and (table is None or element is table):
            table = None
            yield from _close(element, buffer, content)
    yield from _flush(buffer)


def _open(element: html.HtmlElement, buffer: list[str]) -> Iterator[str]:
    if element.tag in _BLOCKS:
        yield from _flush(buffer)
    elif element.tag == "br":
        yield from _flush(buffer, gap=False)
    if _is_data_table(element):
        yield from _table(element)
        return
    if element.tag in _HEADINGS and (title := flat(element)) and read_label(title, 0) is None:
        buffer.append("#" * int(element.tag[1]) + " ")
    buffer.append(_text(element, element.text))


def _close(
    element: html.HtmlElement, buffer: list[str], content: html.HtmlElement
) -> Iterator[str]:
    if element.tag in _BLOCKS:
        yield from _flush(buffer)
    if element is not content:
        buffer.append(_text(element.getparent(), element.tail))


def _is_data_table(element: html.HtmlElement) -> bool:
    """Whether an element is a table, and not one that only places text on the page."""
    if element.tag != "table" or element.find(".//table") is not None:
        return False
    widths = [len(row.findall("td")) + len(row.findall("th")) for row in element.iter("tr")]
    if max(widths, default=0) < 2:
        return False
    return all(len(cell.findall("p")) <= 3 for cell in element.iter("td"))


def _text(element: html.HtmlElement | None, text: str | None) -> str:
    if not text:
        return ""
    if element is not None and element.tag == "pre":
        return text
    return re.sub(r"[ \t\r\n]+", " ", text)


def _flush(buffer: list[str], *, gap: bool = True) -> Iterator[str]:
    line = "".join(buffer).strip()
    buffer.clear()
    if line:
        yield line
        if gap:
            yield ""


def _table(table: html.HtmlElement) -> Iterator[str]:
    rows: list[list[str]] = []
    below: dict[int, tuple[int, str]] = {}  # column -> rows it still covers, its text
    for row in table.iter("tr"):
        cells: list[str] = []
        for cell in row.iterchildren("td", "th"):
            _fill(cells, below)
            text = flat(cell)
            height = _span(cell, "rowspan")
            for _ in range(_span(cell, "colspan")):
                if height > 1:
                    below[len(cells)] = (height - 1, text)
                cells.append(text)
        _fill(cells, below)
        rows.append(cells)
    yield from (*table_lines(rows), "")


def _fill(cells: list[str], below: dict[int, tuple[int, str]]) -> None:
    """Repeat the text of a cell that reaches down from a row above."""
    while len(cells) in below:
        left, text = below.pop(len(cells))
        if left > 1:
            below[len(cells)] = (left - 1, text)
        cells.append(text)


def _span(cell: html.HtmlElement, name: str) -> int:
    value = cell.get(name, "1")
    number = int(value) if value.isascii() and value.isdigit() and len(value) < 6 else 1
    return min(max(number, 1), MAX_SPAN)
