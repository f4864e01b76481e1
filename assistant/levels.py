"""What the country, the province, the city and the district each state, side by side.

Where documents of several levels state different figures, none is left out and none is
mixed into another: each stands under its level.
"""

from collections.abc import Sequence
from dataclasses import replace

from assistant import wording
from assistant.answer import Answer, AnswerStatus, Intent, Sentence
from assistant.lookup import Lookup
from knowledge.document import Level
from knowledge.figure import Figure, find_figures

ON_TOPIC = 0.6  # of the topic's weight in the sentence itself
_STATES = (AnswerStatus.ANSWERED, AnswerStatus.PARTLY_ANSWERED)
_ORDER = (Level.DISTRICT, Level.MUNICIPAL, Level.PROVINCIAL, Level.NATIONAL)


def by_level(answer: Answer, look: Lookup) -> Answer:
    """Group a figure's sentences by the level of their documents, where the figures differ."""
    if answer.intent is not Intent.FIGURE or answer.status not in _STATES:
        return answer
    levels = {id(s): _level(s, answer, look) for s in answer.sentences if s.citations}
    stated = {
        level: {
            f.text for s in answer.sentences if levels.get(id(s)) is level for f in _of(s, look)
        }
        for level in _ORDER
    }
    held = [level for level in _ORDER if stated[level]]
    if len(held) < 2 or len({frozenset(stated[level]) for level in held}) < 2:
        return answer
    # That it is only the nearest that is stated has to be read first.
    lead = [s for s in answer.sentences[:1] if s.text == wording.PARTLY]
    grouped: list[Sentence] = [*lead, Sentence(wording.LEVELS_DIFFER)]
    for level in held:
        grouped.append(Sentence(wording.LEVEL_LEADS[level]))
        own = [s for s in answer.sentences if levels.get(id(s)) is level]
        grouped += [replace(s, bullet=True) for s in own]
    others = _others(answer.sentences[len(lead) :], levels, held)
    return replace(answer, sentences=(*grouped, *others))


def _of(sentence: Sentence, look: Lookup) -> list[Figure]:
    """Return the figures of the kind asked for that a sentence on the topic states."""
    reading = look.reading
    if look.knowledge.lexicon.coverage(reading.terms, sentence.text) < ON_TOPIC:
        return []
    return [f for f in find_figures(sentence.text) if f.kind in reading.figure_kinds]


def _level(sentence: Sentence, answer: Answer, look: Lookup) -> Level | None:
    cited = answer.citations[sentence.citations[0]]
    return look.knowledge.corpus.documents[cited.document_id].level


def _others(
    sentences: Sequence[Sentence], levels: dict[int, Level | None], held: Sequence[Level]
) -> list[Sentence]:
    """Return what is under no level, and what a level says that states no such figure."""
    return [s for s in sentences if levels.get(id(s)) not in held]
