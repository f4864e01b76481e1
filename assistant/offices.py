"""Where to go: the offices that the district entered, told beside what policies say.

What is said of an office is bound to its version by `Sentence.office` and to no clause.
Where nothing is entered, answers are what they are without this file.
"""

from collections.abc import Sequence
from dataclasses import replace

from assistant import wording
from assistant.answer import Answer, AnswerStatus, Intent, OfficeSource, Sentence
from assistant.asked import Asked
from assistant.lookup import Lookup
from knowledge.department import mentioned_departments
from knowledge.office import OfficeDetail, OfficeFacts, Offices

MAX_OFFICES = 2
MAX_UNITS = 2  # bodies of one answer whose offices are told
DETAILS_ASKED = {
    Asked.PHONE: OfficeDetail.PHONE,
    Asked.HOURS: OfficeDetail.HOURS,
    Asked.ADDRESS: OfficeDetail.ADDRESS,
}
_SENT_ON = frozenset(
    {AnswerStatus.NOT_IN_POLICY, AnswerStatus.EXPIRED_ONLY, AnswerStatus.HANDED_OVER}
)


def office_asked_for(look: Lookup) -> Answer | None:
    """Answer what a question asks of an office that it names: telephone, hours, address."""
    detail = DETAILS_ASKED.get(look.reading.asked)
    if detail is None:
        return None
    told = [o for o in _named(look) if o.detail(detail)]
    return _told_directly(told, detail) if told else None


def with_offices(answer: Answer, look: Lookup) -> Answer:
    """Add the offices of the bodies that an answer sends people to."""
    sends_on = answer.status in _SENT_ON
    asks_where = answer.intent is Intent.DEPARTMENT and look.reading.asked in (
        Asked.DEPARTMENT,
        *DETAILS_ASKED,
    )
    if answer.offices or not (sends_on or asks_where):
        return answer
    offices = _named(look) or _of_bodies(_bodies(answer, sends_on=sends_on), look)
    return tell_offices(answer, _best_named(offices, look.reading.text))


def answered_by_office(look: Lookup, bodies: Sequence[str], why: Answer) -> Answer | None:
    """Answer for the telephone, hours or address of a matter with its body's office.

    Args:
        look: the question.
        bodies: who is responsible for the matter, as documents print it.
        why: says with its clause that they are, and follows the office.
    """
    detail = DETAILS_ASKED.get(look.reading.asked)
    if detail is None:
        return None
    told = [o for o in _of_bodies(bodies, look) if o.detail(detail)]
    if not told:
        return None
    direct = _told_directly(_best_named(told, look.reading.text), detail)
    return replace(direct, sentences=(*direct.sentences, *why.sentences), citations=why.citations)


def tell_offices(answer: Answer, offices: Sequence[OfficeFacts]) -> Answer:
    """Add offices to the end of an answer, each with its details and its source."""
    if not offices:
        return answer
    sentences, sources = list(answer.sentences), list(answer.offices)
    for office in offices:
        sentences += _lines(office, len(sources))
        sources.append(source_of(office))
    return replace(answer, sentences=tuple(sentences), offices=tuple(sources))


def source_of(office: OfficeFacts) -> OfficeSource:
    """Return the frozen copy of an office that an answer carries."""
    details = tuple((d.value, office.detail(d)) for d in OfficeDetail if office.detail(d))
    return OfficeSource(office.id, office.unit, office.name, details, office.updated_on)


def said_of(source: OfficeSource, offices: Offices) -> frozenset[str]:
    """Return every sentence that may be said of an office; none where its copy is not true."""
    office = offices.version(source.version_id)
    if office is None or source_of(office) != source:
        return frozenset()
    direct = (_direct(office, detail) for detail in OfficeDetail if office.detail(detail))
    return frozenset({*(s.text for s in _lines(office, 0)), *direct})


def _told_directly(offices: Sequence[OfficeFacts], detail: OfficeDetail) -> Answer:
    """Say the detail asked for first, then the rest of each office."""
    shown = offices[:MAX_OFFICES]
    sentences: list[Sentence] = []
    for place, office in enumerate(shown):
        sentences.append(Sentence(_direct(office, detail), office=place))
        rest = _lines(office, place, besides=detail)[1:]
        sentences += rest
    return Answer(
        AnswerStatus.ANSWERED,
        Intent.DEPARTMENT,
        tuple(sentences),
        offices=tuple(map(source_of, shown)),
    )


def _lines(office: OfficeFacts, place: int, besides: OfficeDetail | None = None) -> list[Sentence]:
    lines = [Sentence(wording.ask_office(office.name), office=place)]
    lines += [
        Sentence(wording.office_detail(detail, office.detail(detail)), bullet=True, office=place)
        for detail in OfficeDetail
        if office.detail(detail) and detail is not besides
    ]
    return [*lines, Sentence(wording.office_source(office.updated_on), office=place)]


def _direct(office: OfficeFacts, detail: OfficeDetail) -> str:
    return wording.office_direct(office.name, detail, office.detail(detail))


def _named(look: Lookup) -> list[OfficeFacts]:
    """Return the offices that a question names itself, or of the department that it names."""
    offices, text = look.knowledge.offices, look.reading.text
    named = offices.named_in(text, look.as_of)
    units = [d.name for d in mentioned_departments(text)]
    found = dict.fromkeys([*named, *_of_bodies(units, look)])
    return _best_named(list(found), text)


def _of_bodies(names: Sequence[str], look: Lookup) -> list[OfficeFacts]:
    found: dict[OfficeFacts, None] = {}
    with_office = [held for n in names if (held := look.knowledge.offices.of(n, look.as_of))]
    for held in with_office[:MAX_UNITS]:
        found.update(dict.fromkeys(held))
    return list(found)


def _bodies(answer: Answer, *, sends_on: bool) -> list[str]:
    """Return the bodies that an answer names: where it sends people on, those it sends to."""
    sentences = answer.sentences
    if sends_on:
        leads = [i for i, s in enumerate(sentences) if s.text == wording.ASK_THERE]
        sentences = sentences[leads[-1] + 1 :] if leads else ()
    printed = "\n".join(s.text for s in sentences if s.citations)
    return [department.name for department in mentioned_departments(printed)]


def _best_named(offices: Sequence[OfficeFacts], text: str) -> list[OfficeFacts]:
    """Return few offices, those first whose names share most pairs of characters with a text."""
    pairs = {text[i : i + 2] for i in range(len(text) - 1)}

    def shared(office: OfficeFacts) -> int:
        name = office.name.removeprefix(office.unit)
        return sum(name[i : i + 2] in pairs for i in range(len(name) - 1))

    return sorted(offices, key=lambda o: (-shared(o), o.number))[:MAX_OFFICES]
