"""When a document holds, as its own text says: published, effective, expires, repeals."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from knowledge.finding import DATE, Finding, add_months, half_width, read_date, sentences_with
from knowledge.numbering import han_number
from knowledge.repeal import Repeal, read_amended, read_repeals

FRONT = 1_500  # characters in which number, dates and preamble stand

_FIELD = re.compile(
    rf"(?P<name>成文|发文|印发|公布|发布)(?:日期|时间)[ ]*[:|][ ]*(?:\|[ ]*)?"
    rf"(?P<date>{DATE}|[12][0-9]{{3}}[-/.][0-9]{{1,2}}[-/.][0-9]{{1,2}})"
)
_ISSUED = re.compile(rf"(?P<date>{DATE})[^。;\n]{{0,60}}?(?:公布|发布|印发|通过)")
_BELOW_TITLE = re.compile(rf"^[ ]*\((?P<date>{DATE})[^()\n]{{0,60}}\)[ ]*$", re.M)
_SIGNED = re.compile(rf"^[ (]*(?P<date>{DATE})[ )]*$", re.M)
_ITSELF = re.compile(
    r"本(?:实施)?(?:办法|条例|法|通知|规定|意见|细则|公告|方案|政策|措施|文件|规则|标准|制度|令|章程|决定|规划|计划|指引|通告|公约|预案|清单|指南|目录|要点|纲要|批复|函)"
)
_BEGINS = r"(?:正式)?(?:起)?(?:正式)?(?:施行|实施|执行|生效|试行|实行)"
_FROM_DAY = re.compile(rf"(?:自|从|于)?(?P<date>{DATE})(?:[零0]时)?起?{_BEGINS}")
_FROM_ISSUE = re.compile(
    r"自(?:发布|公布|印发|下发|发文|颁布)之日起"
    rf"(?:满?(?P<days>[0-9]{{1,3}}|[一二三四五六七八九十]{{1,3}})日(?:后|起))?{_BEGINS}"
)
_LASTS = re.compile(
    r"(?:有效期限?|(?:试行|施行|实施|执行|暂行)期限?|试行|暂行|有效)(?:为|是|:)?[ ]?"
    r"(?P<count>[0-9]{1,3}|[一二两三四五六七八九十]{1,3})[ ]?(?P<unit>年|个月)"
)
_UNTIL = re.compile(
    rf"(?:有效期|执行|施行|实施|有效|期限|延续|延长|试行)[^。;\n]{{0,30}}?"
    rf"(?:至|到)[ ]?(?P<date>{DATE})"
)
_UNTIL_END = re.compile(rf"至[ ]?(?P<date>{DATE})(?:止|失效|废止|停止执行)")


@dataclass(frozen=True, slots=True)
class Validity:
    """The dates that a text states; None where it does not."""

    published_on: Finding[date] | None
    effective_on: Finding[date] | None
    expires_on: Finding[date] | None
    repeals: tuple[Finding[Repeal], ...]
    amended: tuple[Repeal, ...]  # documents that it changes in part
    doubts: tuple[str, ...]


def read_validity(source: str) -> Validity:
    """Read the dates of a document's text, in Chinese or Arabic numerals."""
    text = half_width(source)
    doubts: list[str] = []
    published = _published(source, text)
    effective = _effective(source, text, published, doubts)
    expires = _expires(source, text, effective or published, doubts)
    if effective and expires and expires.value < effective.value:
        doubts.append("读到的失效日期早于施行日期，两个日期都没有采用，请核对原文。")
        effective = expires = None
    repeals, amended = tuple(read_repeals(source, text)), tuple(read_amended(source, text))
    return Validity(published, effective, expires, repeals, amended, tuple(doubts))


def _found(source: str, match: re.Match[str], day: date) -> Finding[date]:
    return Finding(day, match.start(), match.end(), source[match.start() : match.end()].strip())


def _published(source: str, text: str) -> Finding[date] | None:
    """The date of writing comes before the date of posting on a site."""
    fields = {m["name"]: m for m in reversed(list(_FIELD.finditer(text)))}
    in_front = _ISSUED.search(text, 0, FRONT) or _BELOW_TITLE.search(text, 0, FRONT)
    signed = list(_SIGNED.finditer(text))
    ordered = [
        *(fields.get(name) for name in ("成文", "发文", "印发")),
        signed[-1] if signed else None,
        in_front,
        *(fields.get(name) for name in ("公布", "发布")),
    ]
    for match in ordered:
        if match is not None and (day := read_date(match["date"])) is not None:
            return _found(source, match, day)
    return None


def _speaks_of_itself(sentence: str, offset: int) -> bool:
    """Whether the words before a place in a sentence are about this document."""
    before = sentence[:offset]
    return _ITSELF.search(before) is not None or "《" not in before


def _effective(
    source: str, text: str, published: Finding[date] | None, doubts: list[str]
) -> Finding[date] | None:
    found: list[Finding[date]] = []
    for sentence, match in sentences_with(text, _FROM_DAY):
        day = read_date(match["date"])
        if day and _speaks_of_itself(sentence.group(), match.start() - sentence.start()):
            own = _ITSELF.search(sentence.group()) is not None
            found += [_found(source, match, day)] * (2 if own else 1)
    days = {finding.value for finding in found}
    own_days = {f.value for f in found if found.count(f) > 1}
    if len(own_days) == 1 or len(days) == 1:
        wanted = own_days if len(own_days) == 1 else days
        return next(finding for finding in reversed(found) if finding.value in wanted)
    if days:
        doubts.append("原文有几个不同的施行日期，没有采用其中任何一个，请核对后填写。")
        return None
    for sentence, match in sentences_with(text, _FROM_ISSUE):
        if not _speaks_of_itself(sentence.group(), match.start() - sentence.start()):
            continue
        if published is None:
            doubts.append(
                "原文写明自发布（公布、印发）之日起施行，但没有读到发布日期，请填写施行日期。"
            )
            return None
        return _found(source, match, published.value + timedelta(days=_count(match["days"])))
    return None


def _expires(
    source: str, text: str, begins: Finding[date] | None, doubts: list[str]
) -> Finding[date] | None:
    for pattern in (_UNTIL, _UNTIL_END):
        for sentence, match in sentences_with(text, pattern):
            if not _is_about_validity(sentence.group()):
                continue
            if (day := read_date(match["date"])) is not None:
                return _found(source, match, day)
    for sentence, match in sentences_with(text, _LASTS):
        if not _is_about_validity(sentence.group()):
            continue
        if begins is None:
            doubts.append(f"原文写明{match.group()}，但没有读到起算日期，请填写失效日期。")
            return None
        months = _count(match["count"]) * (12 if match["unit"] == "年" else 1)
        return _found(source, match, add_months(begins.value, months) - timedelta(days=1))
    return None


def _is_about_validity(sentence: str) -> bool:
    """A term of a loan or a certificate is not the document's own."""
    return _ITSELF.search(sentence) is not None or (
        "《" not in sentence
        and re.search(r"起(?:正式)?(?:施行|实施|执行|生效|试行|实行)", sentence) is not None
    )


def _count(text: str | None) -> int:
    if text is None:
        return 0
    return int(text) if text.isdigit() else han_number(text) or 0
