"""Mistakes that people make in writing a word, and what each costs.

Costs are in nats, the negative logarithm of how often people make the mistake. They were
found on questions with and without mistakes (tests/knowledge/test_spelling.py).
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import groupby

from knowledge.pinyin import readings, syllables_of

# A word typed by its sound comes out as another word of the same or nearly the same sound.
SAME_SOUND = 7.0
OTHER_TONE = 0.5
NEAR_SOUND = 1.5
EVERY_FURTHER_CHARACTER = 1.0
EVERY_FURTHER_PLACE = 4.0
SHORT_WORD = 1.5  # two characters tell less than four
LEAST_KEPT = {1: 1, 2: 1, 3: 1, 4: 1}  # characters that must be right, by length of the word
# A hand or an optical reader takes one character for another, or slips.
LOOKS_ALIKE = 7.0
WRONG_CHARACTER = 11.0
DOUBLED = 7.0
SWAPPED = 8.0
LEFT_OUT = 9.0
# Pinyin typed as letters is no mistake; an unusual or mixed-up syllable is.
RARE_READING = 3.0
MIXED_UP_SYLLABLE = 5.0

# Changing one of these changes what is asked.
FIXED = frozenset("一二三四五六七八九十百千万亿两零几半第不没未非无否")
PARTICLES = frozenset("是的了在有和")  # stand where they should, but in long words


@lru_cache(maxsize=50_000)
def sound_cost(word: str, units: tuple[str, ...]) -> float | None:
    """Return what it costs that a word was written as these units of the same length.

    A unit is a Chinese character or the letters of a syllable. None: no such mistake.
    """
    cost = 0.0
    changed: list[bool] = []
    for character, unit in zip(word, units, strict=True):
        if unit.isascii():
            cost += _typed_cost(character, unit)
            changed.append(False)
        elif unit == character:
            changed.append(False)
        elif unit in FIXED or character in FIXED or (unit in PARTICLES and len(word) < 5):
            return None
        else:
            cost += _heard_cost(character, unit)
            changed.append(True)
    places = sum(1 for is_changed, _ in groupby(changed) if is_changed)
    if not places:
        return cost
    if changed.count(False) < LEAST_KEPT.get(len(word), 2) or len(word) == 2 and cost >= NEAR_SOUND:
        return None  # too little is left to tell a mistake from a name
    cost += SAME_SOUND + EVERY_FURTHER_PLACE * (places - 1)
    cost += EVERY_FURTHER_CHARACTER * (sum(changed) - places)
    return cost + (SHORT_WORD if len(word) == 2 else 0.0)


def slips(words: Iterable[str]) -> dict[str, tuple[str, float]]:
    """Return what a slip makes of each word: doubled, swapped or left out characters.

    The ends of a word are never left out: people shorten words there on purpose.
    """
    found: dict[str, tuple[str, float]] = {}
    for word in words:
        for written, cost in _slips_of(word):
            if written != word and cost < found.get(written, ("", LEFT_OUT + 1))[1]:
                found[written] = (word, cost)
    return found


def gaps(words: Iterable[str]) -> dict[str, list[str]]:
    """Return the words by their spelling with one character blanked out as "?"."""
    found: dict[str, list[str]] = {}
    for word in words:
        for k in range(len(word)):
            found.setdefault(f"{word[:k]}?{word[k + 1 :]}", []).append(word)
    return found


def wrong_character_cost(
    word: str, place: int, written: str, alike: Mapping[str, str]
) -> float | None:
    """Return what it costs that one character of a word was written as another, or None.

    Characters that do not look alike are taken for a mistake within long words only.
    """
    if word[place] in FIXED or written in FIXED:
        return None
    if word[place] in alike.get(written, ""):
        return LOOKS_ALIKE
    return WRONG_CHARACTER if len(word) > 4 and 0 < place < len(word) - 1 else None


def _typed_cost(character: str, letters: str) -> float:
    known = syllables_of(character)
    if letters in known:
        return RARE_READING * min(known.index(letters), 1)
    return MIXED_UP_SYLLABLE


def _heard_cost(character: str, written: str) -> float:
    # Who types by sound gets a character by its usual reading.
    if readings(written)[0] in readings(character):
        return 0.0
    if syllables_of(written)[0] in syllables_of(character):
        return OTHER_TONE
    return NEAR_SOUND


def _slips_of(word: str) -> Iterator[tuple[str, float]]:
    if len(word) < 3:
        return
    for k in range(len(word)):
        if word[k] in FIXED:
            continue
        yield word[: k + 1] + word[k:], DOUBLED
        if k and len(word) > 3 and k + 1 < len(word):
            yield word[:k] + word[k + 1 :], LEFT_OUT
        if k and word[k - 1] not in FIXED:
            yield word[: k - 1] + word[k] + word[k - 1] + word[k + 1 :], SWAPPED
