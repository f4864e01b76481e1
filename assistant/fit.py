"""Whether a statement may answer a question at all, and how well it has to fit."""

from assistant.asked import FIGURES, STRICT, Asked
from assistant.evidence import Evidence, known_topic
from assistant.lookup import Lookup
from assistant.reading import asks_name_of_person
from assistant.slot import is_fine_enough, is_of_the_whole, names_members
from knowledge.department import mentioned_departments
from knowledge.lexicon import groups_in
from knowledge.tokenizer import topic_share

# How well a statement must fit: the coverage of the topic's words, its nearness in meaning, and
# how far it stays behind the statement nearest to the topic, which may hold no such content.
NEARNESS_SHARE = 0.35  # of coverage, for each standard deviation
MOST_NEARNESS = 6.0
LEAST_NEARNESS = 1.5  # of a clause that names every thing asked about
BEHIND_SHARE = 0.6
ALL_NOUNS_RELIEF = 0.35  # where every thing that the question names stands in the clause
NAMED = 0.5
CHARGE_NAMED = 0.4  # 拖欠工资 is named by 拖欠职工工资
KNOWN_THINGS_RELIEF = 0.2  # where it names nothing that is foreign to the policies
UNKNOWN_THING = 0.4  # more is needed where the question names a thing that no policy knows
OFF_TOPIC_COVERAGE = 0.35
# Log odds that a message is no matter of the desk.
ELSEWHERE = 1.0
OURS = -1.0
_OF_WHAT = frozenset({Asked.DATE, Asked.NAME, Asked.REASON})  # the verb says of what


def answers(item: Evidence, look: Lookup, evidence: list[Evidence], least: float) -> bool:
    """Whether a statement answers the question: the right kind of content on the right topic."""
    reading, lexicon = look.reading, look.knowledge.lexicon
    if not may_answer(item, look) or not in_scope(look, evidence):
        return False
    near = min(item.nearness, MOST_NEARNESS)
    missing = _things_missing(item, look)
    if missing is not None and not missing and reading.asked not in _OF_WHAT:
        least -= ALL_NOUNS_RELIEF
        near = max(near, LEAST_NEARNESS)
    elif any(not lexicon.knows(t) for t in missing or ()):
        least += 0.0 if reading.asked in STRICT else UNKNOWN_THING
    elif reading.asked in FIGURES and reading.asked not in _OF_WHAT:
        least -= KNOWN_THINGS_RELIEF
    behind = max(e.topic for e in evidence) - item.topic
    return item.coverage + NEARNESS_SHARE * near - BEHIND_SHARE * behind >= least


def may_answer(item: Evidence, look: Lookup, *, of_kind: bool = True) -> bool:
    """Whether nothing shows that a statement speaks of something else than the question.

    `of_kind`: whether it has to hold the kind of content that is asked for, where that shows.
    """
    reading, lexicon = look.reading, look.knowledge.lexicon
    lacks_kind = of_kind and reading.asked in STRICT and not item.fills
    if item.statement.is_heading or lacks_kind:
        return False
    if not all(specific in item.context for specific in reading.specifics):
        return False
    # A word of the field that no policy uses is a matter that no policy settles.
    if any(map(lexicon.is_foreign, reading.terms)) or asks_name_of_person(reading):
        return False
    # What has to be paid for is settled by a sentence that names it, or not at all.
    if any(lexicon.found(charge, item.context) < CHARGE_NAMED for charge in reading.charges):
        return False
    below = len(look.knowledge.items_below(item.statement))
    if not names_members(reading.text, item.statement.text, below):
        return False
    if reading.asked in FIGURES and not _is_figure_asked(item, look):
        return False
    # Another programme's rule is no answer about the one that is named.
    named = (t for t in reading.terms if t in look.knowledge.names)
    return all(lexicon.found(name, item.context) >= NAMED for name in named)


def _is_figure_asked(item: Evidence, look: Lookup) -> bool:
    """Whether the figures of a sentence are of the place, the people and the size asked for."""
    text, level = look.reading.text, look.knowledge.corpus.document_of(item.clause).level
    if not is_of_the_whole(text, level, item.context) or _is_of_others(item, look):
        return False
    return is_fine_enough(text, item.statement)


def _is_of_others(item: Evidence, look: Lookup) -> bool:
    """Whether a sentence speaks of other groups of people than the question names."""
    asked = set(groups_in(look.reading.text))
    stated = set(groups_in(item.statement.text))
    return bool(asked and stated) and not asked & set(groups_in(item.context))


def in_scope(look: Lookup, evidence: list[Evidence]) -> bool:
    """Whether a question speaks of what the policies speak of, by its words.

    Nearness alone finds something for every message, also for one about the weather.
    """
    text = look.reading.text
    if known_topic(look.reading, look.knowledge):
        return True
    if max((e.coverage for e in evidence), default=0.0) >= OFF_TOPIC_COVERAGE:
        return True
    return bool(mentioned_departments(text) or groups_in(text))


def is_off_topic(look: Lookup, evidence: list[Evidence]) -> bool:
    """Whether a message is no matter of the desk by its words and, surely, by its meaning."""
    return off_topic_odds(look) >= ELSEWHERE and not in_scope(look, evidence)


def may_be_off_topic(look: Lookup, evidence: list[Evidence]) -> bool:
    """Whether what is not answered is better called off topic than not stated."""
    return off_topic_odds(look) > OURS and not in_scope(look, evidence)


def off_topic_odds(look: Lookup) -> float:
    """Return the log odds, by its meaning alone, that a message is no matter of the desk.

    0 where nobody can tell.
    """
    scorer = look.knowledge.answering
    if scorer is None:
        return 0.0
    return OURS if look.reading.asked is Asked.INTEREST else scorer.off_topic(look.reading.text)


def _things_missing(item: Evidence, look: Lookup) -> list[str] | None:
    """Return the things of a question that a clause does not name; None where it names none.

    People vary the verbs, not the things.
    """
    found = look.knowledge.lexicon.found
    things = [t for t in look.reading.terms if len(t) > 1 and topic_share(t) >= 1.0]
    return [t for t in things if found(t, item.context) < NAMED] if things else None
