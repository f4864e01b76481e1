"""The numbered parts of a clause: by what a question quotes, or how many it says there are."""

import re
from collections.abc import Sequence

from assistant.evidence import OWN_DISTRICT_BONUS, is_own_district
from assistant.lists import ENOUGH_OF_TOPIC
from assistant.reading import Reading
from knowledge.document import Clause
from knowledge.knowledge_base import Knowledge
from knowledge.parts import NumberedParts
from knowledge.tokenizer import words

ENOUGH_OF_HEADING = 0.65
WHOLE_HEADING = 0.9  # to be quoted where the question says another number of parts
TELLING = 0.75  # the most telling word quoted, beside the most telling one of the heading
NEAR_OUTLINE = 2.0  # standard deviations
MIN_QUOTED = 4
MIN_NAME = 5  # characters of a heading that can name a part
_NUMBER = r"([两二三四五六七八九十]|\d{1,2})"
_PART = r"(?:个|项|条|点|类|种|大|把|步|方面|阶段|部分)"
_SIZE = re.compile(
    rf"哪{_NUMBER}{_PART}|{_NUMBER}{_PART}[^,。?]{{0,8}}(?:是|有|都|指|包括)(?:哪|什么|啥)"
)
STEPS = re.compile(r"几步|多少步|分步走|步骤(?:都)?(?:是|有|包括)?(?:什么|啥|怎么?样)")
_DIGITS = "零一二三四五六七八九十"


def parts_about(
    reading: Reading, knowledge: Knowledge, documents: frozenset[int], nearest: float = 0.0
) -> Sequence[Clause]:
    """Return the numbered parts of the clause whose heading a question quotes, or none.

    "创建工作分几个阶段" quotes most of 创建工作步骤, whose every part is a 阶段. Where a question
    says how many parts there are, those that are as many and nearer in meaning than any sentence:
    `nearest` is the nearness of the nearest one.
    """
    best: Sequence[Clause] = ()
    most = 0.0
    size = size_named(reading.text)
    for outline in knowledge.finder.outlines_like(reading.text):
        clause, parts = outline.clause, outline.parts
        quoted = max(
            _quoted(clause.heading, reading.text, knowledge), _common_name(parts, reading.text)
        )
        if STEPS.search(reading.text) and "步骤" in clause.heading:
            quoted = max(quoted, ENOUGH_OF_HEADING)
        least = ENOUGH_OF_HEADING if size in (None, len(parts)) else WHOLE_HEADING
        if quoted < least or clause.document_id not in documents:
            continue
        if is_own_district(clause, knowledge):
            quoted += OWN_DISTRICT_BONUS
        elif (
            knowledge.lexicon.coverage(reading.terms, knowledge.heading_path(clause))
            < ENOUGH_OF_TOPIC
        ):
            continue
        if quoted > most:
            best, most = parts, quoted
    return best or _nearest_of_size(size, reading, knowledge, documents, nearest)


def size_named(text: str) -> int | None:
    """Return how many parts a question says there are: 哪五个, 五项…是什么; None if it does not."""
    match = _SIZE.search(text)
    number = match and (match[1] or match[2])
    if not number:
        return None
    return (
        int(number)
        if number.isdigit()
        else "零一二三四五六七八九十".find(number.replace("两", "二"))
    )


def _nearest_of_size(
    size: int | None,
    reading: Reading,
    knowledge: Knowledge,
    documents: frozenset[int],
    nearest: float,
) -> Sequence[Clause]:
    held = [o for o in knowledge.finder.outlines_of(size or 0) if o.clause.document_id in documents]
    if not held:
        return ()
    nearness = knowledge.meaning.nearness(reading.text, list(map(_named, held)))
    at = int(nearness.argmax())
    return held[at].parts if nearness[at] >= max(NEAR_OUTLINE, nearest) else ()


def _named(outline: NumberedParts) -> str:
    return f"{outline.clause.heading}：{'、'.join(part.heading for part in outline.parts)}"


def parts_named(parts: Sequence[Clause], text: str) -> list[Clause]:
    """Return the parts that a text names by their heading, or all but its last two characters."""
    return [
        part
        for part in parts
        if len(part.heading) >= MIN_NAME and part.heading.rstrip("。")[:-2] in text
    ]


def parts_mentioned(
    text: str, knowledge: Knowledge, documents: frozenset[int]
) -> tuple[Sequence[Clause], list[Clause]]:
    """Return the parts of the clause of which a text names most, and those that it names."""
    best: tuple[Sequence[Clause], list[Clause]] = ((), [])
    for outline in knowledge.finder.outlines_like(text):
        if outline.clause.document_id in documents:
            named = parts_named(outline.parts, text)
            if len(named) > len(best[1]):
                best = (outline.parts, named)
    return best


def _quoted(heading: str, text: str, knowledge: Knowledge) -> float:
    """Return the share of a heading that stands in a text in one piece, 0 to 1.

    0 where the words that tell it from others are missing: 创建工作 does not mean 创建工作步骤.
    """
    for size in range(len(heading), MIN_QUOTED - 1, -1):
        if any(heading[i : i + size] in text for i in range(len(heading) - size + 1)):
            weight = knowledge.lexicon.weight
            most = max(map(weight, words(heading)), default=0.0)
            told = max((weight(word) for word in words(heading) if word in text), default=0.0)
            return size / len(heading) if told >= TELLING * most else 0.0
    return 0.0


def _common_name(parts: Sequence[Clause], text: str) -> float:
    """Return 1 if the text names what every part is called (阶段 in 宣传发动阶段, ...)."""
    headings = [part.heading.rstrip("。") for part in parts]
    shared = {headings[0][-size:] for size in (2, 3, 4) if len(headings[0]) > size}
    names = [n for n in shared if all(h.endswith(n) for h in headings)]
    asked = [
        n
        for n in names
        if re.search(rf"(?:几|哪|各|多少|第.).{{0,2}}{n}|{n}.{{0,2}}(?:几|哪)", text)
    ]
    return 1.0 if asked else 0.0


def ordinal_in(text: str, size: int) -> int | None:
    """Return which of `size` parts a question means, from 0: 第二个 is 1, 最后一个 the last."""
    if re.search(r"最后(?:一)?(?:个|项|步|条|阶段)?|末尾|末一", text):
        return size - 1
    match = re.search(
        r"第([一二三四五六七八九十]|\d{1,2})(?:个|项|步|条|阶段|方面|点|类|部分|大)?", text
    )
    if match is None:
        return None
    number = int(match[1]) if match[1].isdigit() else _DIGITS.index(match[1])
    return number - 1 if number <= size else None
