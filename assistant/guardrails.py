"""What may come in and what may go out: screening of questions, verification of answers."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import takewhile

from assistant import patterns
from assistant.answer import Answer, OfficeSource, Sentence
from assistant.computation import is_recomputed
from knowledge.statement import labelled_row

MAX_QUESTION_CHARACTERS = 500

_INVISIBLE = re.compile(
    r"[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ud800-\udfff"
    r"\U000e0000-\U000e0fff]"
)
_ID_CARD = re.compile(
    r"(?<!\d)[1-9]\d{5}[ -]?(?:18|19|20)\d{2}[ -]?(?:0[1-9]|1[0-2])[ -]?(?:0[1-9]|[12]\d|3[01])"
    r"[ -]?\d{3}[ -]?[\dxX](?![\da-zA-Z])"
)
_PHONE = re.compile(r"(?<!\d)1[3-9]\d(?:[ -]?\d{4}){2}(?!\d)")
_BANK_CARD = re.compile(r"(?<!\d)\d(?:[ -]?\d){14,18}(?!\d)")


# Where a whole sentence begins and ends: at an end of the quote, at a line, behind a mark.
_BEGINS = re.compile(r"(?:\A|\n|[。.!?;:|、)\]\-*#·>])\s*\Z")
_ENDS = re.compile(r"(?<=[。!?;:”’\"'」』)】])|\s*(?:\Z|[\n。!?;|])")
# Members of an enumeration stand between 、 and 和, or behind what leads it in.
_ITEM_BEGINS = re.compile(rf"{_BEGINS.pattern}|[和与及有是为由]\s*\Z")
_ITEM_ENDS = re.compile(rf"{_ENDS.pattern}|\s*[、和与及等]")


class Problem(StrEnum):
    """Why a message is not looked up."""

    EMPTY = "empty"
    PERSONAL_DATA = "personal_data"
    DISTRESS = "distress"
    ABUSE = "abuse"
    ORDERS = "orders"


@dataclass(frozen=True, slots=True)
class Screened:
    """A message made safe: `text` is bounded, visible and masked."""

    text: str
    problem: Problem | None


def screen_question(message: str) -> Screened:
    """Clean a message and say whether it may be looked up.

    Takes any string in bounded time: it is cut before anything else looks at it.
    Personal numbers come back masked, so that whatever stores the text stores no more.
    """
    text = _INVISIBLE.sub("", message[: 4 * MAX_QUESTION_CHARACTERS])
    text = unicodedata.normalize("NFKC", text)[: 2 * MAX_QUESTION_CHARACTERS]
    text = re.sub(r"[\u0300-\u036f\u0483-\u0489\u20d0-\u20ff]{2,}", "", text)
    text = re.sub(r"\s+", " ", text).strip()[:MAX_QUESTION_CHARACTERS]
    masked = mask_personal_data(text)
    if masked != text:
        return Screened(masked, Problem.PERSONAL_DATA)
    if not re.search(r"[\w]", text):
        return Screened(text, Problem.EMPTY)
    if patterns.DISTRESS.search(text):
        return Screened(text, Problem.DISTRESS)
    if patterns.ABUSE.search(text.lower()):
        return Screened(text, Problem.ABUSE)
    if patterns.ORDERS.search(text.lower()):
        return Screened(text, Problem.ORDERS)
    return Screened(text, None)


def mask_personal_data(text: str) -> str:
    """Replace the middle of ID card, mobile phone and bank card numbers with stars."""
    text = _ID_CARD.sub(lambda m: m[0][:3] + "*" * 11 + m[0][-4:], text)
    text = _PHONE.sub(lambda m: m[0][:3] + "****" + m[0][-4:], text)
    return _BANK_CARD.sub(lambda m: _mask_card(m[0]), text)


def _mask_card(number: str) -> str:
    digits = re.sub(r"\D", "", number)
    return digits[:4] + "*" * 8 + digits[-4:] if _luhn(digits) else number


def _luhn(digits: str) -> bool:
    """Check the digit sum of ISO/IEC 7812 (bank cards)."""
    doubled = [int(d) * (1 + i % 2) for i, d in enumerate(reversed(digits))]
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


class AnswerNotVerified(ValueError):
    """A sentence of an answer does not stand in what it cites."""


@dataclass(frozen=True, slots=True)
class Grounds:
    """What holds of the person's own case, beside what clauses say.

    `judgements`: every sentence that rules and facts give. `given`: values that the person
    or the local parameters state, as they are written in computations.
    """

    judgements: frozenset[str]
    given: frozenset[str]


NO_GROUNDS = Grounds(frozenset(), frozenset())


def verify_answer(
    answer: Answer,
    source_text: Callable[[int], str],
    is_fixed: Callable[[str], bool],
    stated_count: Callable[[str], str | None],
    own: Grounds = NO_GROUNDS,
    said_of_office: Callable[[OfficeSource], frozenset[str]] = lambda _source: frozenset(),
) -> None:
    """Check every sentence of an answer against the clauses it cites.

    Args:
        answer: the answer to check.
        source_text: gives a document's text by its id.
        is_fixed: whether a sentence is one of our own fixed wordings, which state no fact.
        stated_count: the number of list items that a fixed wording states, in digits.
        own: what may be said of the person's own case, worked out anew from rules and facts.
        said_of_office: every sentence that an office's details allow, none of an untrue copy.

    Raises:
        AnswerNotVerified: a quote is not in its document at its place, a sentence has no
            citation and is no fixed wording, it does not stand word for word and whole in
            one of its quotes, a computed figure is not what its formula gives, or a list has
            not as many items as it says.
    """
    for citation in answer.citations:
        if source_text(citation.document_id)[citation.start : citation.end] != citation.quote:
            raise AnswerNotVerified(f"quote not in document: {citation.address}")
    for i, sentence in enumerate(answer.sentences):
        if _is_of_office(sentence, answer, said_of_office) or _is_own(sentence, answer, own):
            continue
        if is_fixed(sentence.text):
            _verify_count(stated_count(sentence.text), answer.sentences[i + 1 :])
            continue
        _verify_bound(sentence, answer)


def _verify_bound(sentence: Sentence, answer: Answer) -> None:
    if not sentence.citations:
        raise AnswerNotVerified(f"unbound: {sentence.text}")
    quotes = [answer.citations[place].quote for place in sentence.citations]
    if not (any(_stands_in(sentence, quote) for quote in quotes) or _is_row(sentence, quotes)):
        raise AnswerNotVerified(f"not in source: {sentence.text}")


def _is_of_office(
    sentence: Sentence, answer: Answer, said: Callable[[OfficeSource], frozenset[str]]
) -> bool:
    """Whether a sentence tells of an office, and only what was entered of it."""
    if sentence.office is None:
        return False
    if sentence.citations or sentence.text not in said(answer.offices[sentence.office]):
        raise AnswerNotVerified(f"not of the office: {sentence.text}")
    return True


def _is_own(sentence: Sentence, answer: Answer, own: Grounds) -> bool:
    """Whether a sentence is a judgement or a computation of the person's own case, and right."""
    if sentence.computation is None:
        return sentence.text in own.judgements
    if not is_recomputed(sentence, answer.citations, own.given):
        raise AnswerNotVerified(f"not recomputed: {sentence.text}")
    return True


def _verify_count(stated: str | None, following: Sequence[Sentence]) -> None:
    """A fixed wording may state one figure: how many list items come after it."""
    items = len(list(takewhile(lambda s: s.bullet, following)))
    if stated is not None and stated != str(items):
        raise AnswerNotVerified(f"not {stated} but {items} items")


def _stands_in(sentence: Sentence, quote: str) -> bool:
    """Whether a sentence stands in a quote, whole: from one end of a sentence to the next.

    A list item may also be a member of an enumeration. "600人" does not stand in "1600人".
    """
    inside = unicodedata.normalize("NFKC", quote)
    wanted = re.sub(r"\s", "", unicodedata.normalize("NFKC", sentence.text))
    if not wanted:
        return False
    pattern = re.compile(r"\s*".join(map(re.escape, wanted)))
    begins, ends = (_ITEM_BEGINS, _ITEM_ENDS) if sentence.bullet else (_BEGINS, _ENDS)
    return any(
        begins.search(inside, 0, found.start()) and ends.match(inside, found.end())
        for found in pattern.finditer(inside)
    )


def _is_row(sentence: Sentence, quotes: Sequence[str]) -> bool:
    """Whether a sentence is a table row of one quote under the header of the other."""
    return any(
        sentence.text == labelled_row(header, row)
        for row, header in zip(quotes[:-1], quotes[1:], strict=True)
    )
