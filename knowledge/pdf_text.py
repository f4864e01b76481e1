"""PDF files with a text layer -> paragraphs, without running heads and page numbers."""

import io
import logging
import re
import unicodedata
from collections import Counter
from itertools import groupby, pairwise
from operator import itemgetter

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from knowledge.numbering import UNIT_STYLES, Style, read_label
from knowledge.paragraph import is_document_number, is_table_line
from knowledge.parsed import Parsed, UnreadableDocument, table_lines

MAX_PAGES = 2_000
EDGE_LINES = 2  # running heads and page numbers are the first or last lines of a page
FULL_LINE = 0.85  # of the usual width: a shorter line ends its paragraph
MIN_COLUMNS, MIN_ROWS = 3, 3  # of a table: two columns are a table of contents as well
LONGEST_CELL = 24  # characters
HALF_LINE = 0.6  # of running text that breaks before a long number or name
INDENT = 6  # half characters that an article's first line is moved in and its gap lost

_PAGE_NUMBER = re.compile(
    r"[-\u2014\u2013~·. ]*(?:第[ ]*)?[0-9]{1,4}[ ]*(?:页)?"
    r"[-\u2014\u2013~·. ]*(?:[/共,\uff0c ]*[0-9]{1,4}[ ]*页?)?[ ]*"
)
_INNER_MARK = re.compile(r"[,\uff0c;\uff1b。、]")
_END = re.compile(r"[。\uff01\uff1f!?]\Z")
_DAMAGED = "PDF文件已损坏，无法打开。请重新导出后上传。"
_SCANNED = "这个PDF没有文字层，可能是扫描件。请先做文字识别（OCR），或上传Word、txt版本。"
_ODD = re.compile("[\ufffd\ue000-\uf8ff\x00-\x08\x0e-\x1f]")
_HAN = r"[\u4e00-\u9fff\u3000-\u303f\uff01-\uff5e“”]"
_SIGN = r"[0-9,.;:!?()%/]"
# Chinese is written without spaces; these come from fitting the line to the page.
_SET_APART = re.compile(
    rf"(?<={_HAN}) (?={_HAN}|{_SIGN})|(?<={_SIGN}) (?={_HAN})|(?<=[(\uff08]) | (?=[)\uff09])"
)
_LIGATURE = re.compile("[\ufb00-\ufb06]")


def read(data: bytes) -> Parsed:
    """Read a PDF file. Raises UnreadableDocument."""
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        pages = _pages(data)
    except UnreadableDocument:
        raise
    except (
        PyPdfError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        IndexError,
        OSError,
        AssertionError,
    ) as error:
        raise UnreadableDocument(_DAMAGED) from error
    text = "\n".join("\n".join(page) for page in pages)
    visible = sum(1 for c in text if not c.isspace())
    if visible < 10 or visible < 3 * len(pages):
        raise UnreadableDocument(_SCANNED)
    if len(_ODD.findall(text)) > visible // 5:
        raise UnreadableDocument("这个PDF的文字无法正确识别（缺少字体编码）。请上传Word或txt版本。")
    kept, dropped = _without_edges(pages)
    return Parsed(_joined(_paragraphs(kept)), tuple(dropped))


def _pages(data: bytes) -> list[list[str]]:
    reader = PdfReader(io.BytesIO(data), strict=False)
    if reader.is_encrypted and not reader.decrypt(""):
        raise UnreadableDocument("PDF文件加了密码，请去掉密码后再上传。")
    if len(reader.pages) > MAX_PAGES:
        raise UnreadableDocument("PDF超过2000页，请拆分后分别上传。")
    return [_page_lines(page.extract_text()) for page in reader.pages]


def _page_lines(text: str) -> list[str]:
    """Return the lines of a page; lines cut alike into columns become rows of a table."""
    lines = [re.sub(r"[ \t\u3000\xa0]+", " ", raw).strip() for raw in text.split("\n")]
    lines = list(filter(None, lines))
    edge = {0, len(lines) - 1}
    pages = {n for n in edge if lines and _PAGE_NUMBER.fullmatch(lines[n])}  # no row of a table
    found: list[str] = []
    cut = [(0 if number in pages else _columns(line), line) for number, line in enumerate(lines)]
    for columns, pairs in groupby(cut, key=itemgetter(0)):
        run = [line for _, line in pairs]
        if columns >= MIN_COLUMNS and len(run) >= MIN_ROWS:
            found += table_lines([[_tidy(cell) for cell in row.split(" ")] for row in run])
        else:
            found += filter(None, map(_tidy, run))
    return found


def _columns(line: str) -> int:
    """Count the short pieces that a line is cut into by spaces, 0 for running text."""
    cells = line.split(" ")
    return len(cells) if all(len(cell) <= LONGEST_CELL for cell in cells) else 0


def _joined(paragraphs: list[str]) -> str:
    """Join paragraphs by an empty line, the rows of a table by none."""
    text = ""
    for before, following in pairwise(["", *paragraphs]):
        rows = is_table_line(before) and is_table_line(following)
        text += ("\n" if rows else "\n\n") + following
    return text.strip("\n")


def _tidy(line: str) -> str:
    line = _LIGATURE.sub(lambda match: unicodedata.normalize("NFKC", match.group()), line)
    return _SET_APART.sub("", line)


def _without_edges(pages: list[list[str]]) -> tuple[list[list[str]], list[str]]:
    """Drop page numbers and lines that stand at the edge of most pages."""
    edges = [{_shape(line) for line in _edge(page)} for page in pages]
    counted = Counter(shape for page in edges for shape in page)
    running = {s for s, n in counted.items() if n >= 3 and n > len(pages) / 2}
    if len(pages) == 2:  # too few to count: only what stands word for word on both
        same = set(_edge(pages[0])) & set(_edge(pages[1]))
        running |= {_shape(line) for line in same if not _END.search(line) and not _begins(line)}
    kept, dropped = [], []
    for page in pages:
        lines = []
        for number, line in enumerate(page):
            at_edge = number < EDGE_LINES or number >= len(page) - EDGE_LINES
            is_number = at_edge and number in (0, len(page) - 1) and _PAGE_NUMBER.fullmatch(line)
            if at_edge and (is_number or _shape(line) in running):
                dropped.append(line)
            else:
                lines.append(line)
        kept.append(lines)
    return kept, sorted(set(dropped))


def _edge(page: list[str]) -> list[str]:
    return page if len(page) <= 2 * EDGE_LINES else page[:EDGE_LINES] + page[-EDGE_LINES:]


def _shape(line: str) -> str:
    return re.sub(r"[0-9]+", "0", line)


def _paragraphs(pages: list[list[str]]) -> list[str]:
    """Join the lines that a paragraph was set in."""
    lines = [line for page in pages for line in page]
    widths = sorted(_width(line) for line in lines)
    usual = widths[int(0.9 * (len(widths) - 1))] if widths else 0
    found: list[str] = []
    before = ""
    for line in lines:
        if (
            before
            and not is_table_line(before)
            and not is_table_line(line)
            and _reaches_the_edge(before, usual)
            and not is_document_number(before)
            and not _END.search(before)
            and not _begins(line)
        ):
            gap = " " if before[-1].isascii() and line[0].isascii() and before[-1].isalnum() else ""
            found[-1] += gap + line
        else:
            found.append(line)
        before = line
    return found


def _reaches_the_edge(line: str, usual: int) -> bool:
    """Whether a line may be full: how wide it looks depends on indents and unbroken numbers.

    A line of running text has marks inside, a title has none; an article begins indented.
    """
    width = _width(line)
    if width >= FULL_LINE * usual:
        return True
    if _INNER_MARK.search(line) and width >= HALF_LINE * usual:
        return True
    label = read_label(line, 0)
    indented = label is not None and label.style is Style.ARTICLE
    return indented and width + INDENT >= FULL_LINE * usual


def _begins(line: str) -> bool:
    """Whether a line begins a paragraph of its own, whatever stands above it."""
    if is_document_number(line):
        return True
    label = read_label(line, 0)
    if label is None:
        return False
    return label.style in UNIT_STYLES | {
        Style.HAN,
        Style.HAN_PAREN,
        Style.ARABIC,
        Style.PAREN,
        Style.CIRCLED,
        Style.DOT,
    }


def _width(line: str) -> int:
    return sum(1 if c.isascii() else 2 for c in line)
