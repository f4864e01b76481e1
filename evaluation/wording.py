"""Compare wordings fairly: width, spacing, commas and number forms do not count."""

import re
import unicodedata
import warnings
from collections.abc import Collection
from datetime import date

import cn2an

from assistant.answer import Answer, Question, Sentence
from assistant.computation import is_recomputed

_QUOTES = str.maketrans("", "", "“”‘’\"'「」『』《》〈〉")
_SIGNS = str.maketrans("、;〔〕【】", ",,()()")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_MYRIAD = re.compile(r"(?<![\d.])(\d+(?:\.\d+)?)万")
_DATE = re.compile(r"(?<!\d)(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?!\d)")
_AREA = re.compile(r"(?<=\d)(?:m2|平米|平方(?!米|公里))", re.IGNORECASE)
_FIGURE = re.compile(r"\d+(?:\.\d+)?%?")
_COUNTED = re.compile(r"(\d+)(?=个|项|条|类|种|家|步|点|方面|部门|阶段)")


def comparable(text: str) -> str:
    """Return a text in the one form in which wordings are compared.

    NFKC, no spaces, no quotation marks, one sign for 、 ; and ,. Thousands separators go, 万 is
    multiplied out (30万 -> 300000), dates become 2027年1月5日, m² and 平米 become 平方米.
    """
    text = unicodedata.normalize("NFKC", text).casefold().translate(_QUOTES)
    text = re.sub(r"\s+", "", text)
    text = _THOUSANDS.sub("", text).translate(_SIGNS)
    text = _DATE.sub(lambda m: f"{int(m[1])}年{int(m[2])}月{int(m[3])}日", text)
    text = _AREA.sub("平方米", text)
    return _MYRIAD.sub(lambda m: f"{float(m[1]) * 10_000:.0f}", text)


def says(text: str, wanted: str) -> bool:
    """Whether a text holds a wording; a figure never matches inside a longer figure."""
    pattern = re.escape(comparable(wanted))
    if pattern[:1].isdigit():
        pattern = r"(?<![\d.])" + pattern
    if pattern[-1:].isdigit():
        pattern += r"(?!\d|\.\d|%)"
    return re.search(pattern, comparable(text)) is not None


def under(address: str, prefixes: Collection[str]) -> bool:
    """Whether a clause address is one of the given ones or below it.

    二 covers 二(三) but not 二十, 1.1 covers 1.1(2) but not 1.10.
    """
    numerals = "0-9一二三四五六七八九十百"
    found = comparable(address)
    for prefix in map(comparable, prefixes):
        guard = f"(?![{numerals}])" if re.search(f"[{numerals}]$", prefix) else ""
        if prefix and re.match(re.escape(prefix) + guard, found):
            return True
    return False


def invented_figures(question: Question, answer: Answer) -> list[str]:
    """Return the figures of an answer that stand in none of its cited quotes.

    What a citation says of itself (title, number, address, dates), what the person wrote and the
    day asked about count as given. "共4项" is a count, given when the answer lists 4 items.
    """
    given = "|".join(comparable(source) for source in _sources(question, answer))
    known = set(_FIGURE.findall(given))
    for text in _said(question):
        known |= set(_FIGURE.findall(comparable(_in_digits(text))))
    counts = _counts(answer)
    invented: list[str] = []
    computed = _computed(question, answer)
    for sentence in computed:
        known |= set(_FIGURE.findall(comparable(sentence.text)))
    for sentence in answer.sentences:
        if answer.cards and not sentence.citations:
            continue  # of the project library, whose rows the cards come from
        text = comparable(sentence.text)
        for found in _FIGURE.finditer(text):
            unit = text[found.end() : found.end() + 1]
            counted = _COUNTED.match(text, found.start())
            held = found[0] in known or (counted is not None and int(counted[1]) in counts)
            said = (numeral + u for numeral in _numerals(found[0]) for u in (unit, f"个{unit}"))
            if not held and not any(words in given for words in said):
                invented.append(found[0])
    return invented


def _computed(question: Question, answer: Answer) -> list[Sentence]:
    """Return the sentences whose figure was computed right from clauses and what was said."""
    said = "|".join(comparable(text) for text in _said(question))
    known = set(_FIGURE.findall(said))
    right: list[Sentence] = []
    for sentence in answer.sentences:
        operands = sentence.computation.operands if sentence.computation else ()
        own = [o.text for o in operands if o.citation is None]
        given = frozenset(
            text
            for text in own
            for figure in [_FIGURE.findall(comparable(text))]
            if set(figure) <= known or any(n in said for f in figure for n in _numerals(f))
        )
        if is_recomputed(sentence, answer.citations, given):
            known |= set(_FIGURE.findall(comparable(sentence.text)))
            right.append(sentence)
    return right


def _said(question: Question) -> list[str]:
    texts = [question.text, *(turn.question for turn in question.history)]
    return texts + [str(value) for value in question.known.values()]


def _sources(question: Question, answer: Answer) -> list[str]:
    sources = [question.text, _day(question.as_of)]
    sources += [turn.question for turn in question.history]
    for citation in answer.citations:
        sources += [citation.quote, citation.document, citation.doc_number or ""]
        sources += [citation.address, _day(citation.effective_on), _day(citation.expires_on)]
    for office in answer.offices:
        sources += [office.name, _day(office.updated_on), *(value for _, value in office.details)]
    return sources


def _day(day: date | None) -> str:
    return "" if day is None else day.isoformat()


def _counts(answer: Answer) -> set[int]:
    counts = {sum(s.bullet for s in answer.sentences), len(answer.citations)}
    listed = [c.quote for c in answer.citations] + [s.text for s in answer.sentences]
    return (counts | {text.count("、") + 1 for text in listed}) - {0, 1}


def _in_digits(text: str) -> str:
    """Return a text with the numbers that it writes in Chinese characters in digits."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a numeral that is part of no number: left as it is
        return str(cn2an.transform(text, "cn2an"))


_SPOKEN = {"2": "两俩", "3": "仨"}


def _numerals(figure: str) -> list[str]:
    """Return how a whole number is written in Chinese, as a figure's other form."""
    if not figure.isdigit() or len(figure) > 4:
        return []
    written = str(cn2an.an2cn(figure))
    short = written.removeprefix("一") if written.startswith("一十") else written
    return [short, *_SPOKEN.get(figure, "")]
