"""Which other documents a text puts out of force, in a sentence or in a list, or changes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from knowledge.finding import DATE, Finding, half_width, read_date, sentences_with

_REPEALED = re.compile(r"废止|停止执行|同时失效")
_OUT_OF_FORCE = re.compile(r"废止|失效|停止执行")
_DATED_END = re.compile(rf"自(?P<date>{DATE})起")
_OF_PART = re.compile(r"[ ]?(?:中的?|的)?第[^,。《》]{1,12}[条章款项]")
_CITED = re.compile(
    r"《(?P<title>[^》\n]{2,120})》(?:[ ]?\((?P<number>[^()\n]{2,60}?号)[^()\n]{0,30}\))?"
)
# "现将下列文件予以废止:", then one title a line, or in the rows of a table.
_LISTED = re.compile(r"下列|以下|如下|附件|目录|清单")
_LINE_ENDS = re.compile(r"[:。]?[ ]*\n")
_ENTRY = re.compile(r"(?:[ \t#|*-]|序号|[(\[]?[0-9一二三四五六七八九十]{1,4}[)\].、|]?)*")
_NUMBER_CELL = re.compile(r"[\u4e00-\u9fff]{1,14}[〔\[(](?:19|20)[0-9]{2}[〕\])][0-9]{1,5}号")
# "对《…办法》作如下修改", "《…》第三条修改为:".
_CHANGES = re.compile(r"作(?:了|出|以)?如下(?:修改|修订)|修[改订](?:如下|为[:“\"])")
_CHANGED = re.compile(r"(?:对|将|修[改订]|修正)[^。;\n《》]{0,8}(?=《)")


@dataclass(frozen=True, slots=True)
class Repeal:
    """A document that the text puts out of force, and from which day if it says so."""

    title: str
    doc_number: str | None
    on: date | None = None


def read_repeals(source: str, text: str) -> Iterator[Finding[Repeal]]:
    """Read the documents that a text ends as a whole.

    Args:
        source: the text as it is.
        text: the same in half width, every offset unchanged.
    """
    seen = set()
    for sentence, match in sentences_with(text, _REPEALED):
        for cited in _CITED.finditer(text, sentence.start(), match.start()):
            if cited.start() in seen or _OF_PART.match(text, cited.end()):
                continue  # only a part of that document is repealed
            seen.add(cited.start())
            begins = _DATED_END.search(text, cited.end(), match.start())
            on = read_date(begins["date"]) if begins else None
            value = _named(source, cited, cited["number"], on)
            quote = source[cited.start() : match.end()]
            yield Finding(value, cited.start(), match.end(), quote)
    for finding in _listed(source, text):
        if finding.start not in seen:
            seen.add(finding.start)
            yield finding


def read_amended(source: str, text: str) -> Iterator[Repeal]:
    """Read the documents that a text changes in part, each once; arguments as above."""
    if _CHANGES.search(text) is None:
        return
    seen = set()
    for match in _CHANGED.finditer(text):
        cited = _CITED.match(text, match.end())
        if cited is not None and cited["title"] not in seen:
            seen.add(cited["title"])
            yield _named(source, cited, cited["number"])


def _listed(source: str, text: str) -> Iterator[Finding[Repeal]]:
    """Yield what stands one a line below a sentence that puts it out of force."""
    for sentence, _ in sentences_with(text, _OUT_OF_FORCE):
        ends = _LINE_ENDS.match(text, sentence.end()) or _LINE_ENDS.search(
            text, max(sentence.start(), sentence.end() - 2), sentence.end() + 2
        )
        if ends is None or not _LISTED.search(sentence.group()):
            continue
        start = ends.end()
        while start < len(text):
            end = text.find("\n", start)
            end = len(text) if end < 0 else end
            line = text[start:end]
            cited = _CITED.search(text, start, end)
            if cited is not None and _ENTRY.fullmatch(text, start, cited.start()):
                cell = _NUMBER_CELL.search(text, cited.end(), end)
                value = _named(source, cited, cited["number"] or (cell[0] if cell else None))
                yield Finding(value, cited.start(), end, source[cited.start() : end].strip())
            elif line.strip(" \t|-") and not (line.startswith("|") and cited is None):
                break
            start = end + 1


def _named(source: str, cited: re.Match[str], number: str | None, on: date | None = None) -> Repeal:
    title = source[cited.start("title") : cited.end("title")]
    return Repeal(title, normalize_number(number) if number else None, on)


def normalize_number(number: str) -> str:
    """Return a 文号 with 〔〕 around the year and without spaces: 国发〔2015〕23号."""
    plain = re.sub(r"\s", "", half_width(number))
    return re.sub(r"[\[({【〔]((?:19|20)[0-9]{2})年?[\])}】〕]第?", r"〔\1〕", plain)
