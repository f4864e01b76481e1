"""Answers from registers: complete lists of duties, parts, and help for a group of people."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from assistant import patterns, wording
from assistant.answer import Answer, AnswerStatus, Intent
from assistant.asked import STRICT, Asked
from assistant.draft import Draft
from assistant.evidence import Evidence, is_note
from assistant.lists import (
    CLOSE_TO_BEST,
    ENOUGH_OF_TOPIC,
    bodies_listed,
    duties_about,
    duties_of,
    help_for,
    leading_duty,
    nearest_duties,
)
from assistant.lookup import Lookup
from assistant.parts_answers import numbered_parts, said_in_order, table_rows
from knowledge.department import (
    Department,
    department_called,
    find_department,
    mentioned_departments,
)
from knowledge.lexicon import groups_in
from knowledge.register import Duty
from knowledge.tokenizer import topic_share

Attempt = Callable[[Lookup, list[Evidence]], Answer | None]

WEAK_TERM = 2.5  # a word of less weight does not narrow a topic
MANY_BODIES = 4
MAX_DUTIES = 5
ENOUGH_FOR_DUTY = 0.4
MAX_NEAREST = 3
ENOUGH_FOR_DUTY_ASKED = 0.85  # closeness; see docs/decisions/0021
NAMES_MATTER = 0.7
_NO_OFFICE = re.compile(r"小组|^各|^其他|有关")


def _department_duties(look: Lookup, _evidence: list[Evidence]) -> Answer | None:
    """All that a body does, when the question is about the body and nothing else."""
    if look.reading.asked in STRICT - {Asked.NAME}:
        return None
    if look.reading.asked is Asked.NAME and patterns.OFFICER.search(look.reading.text):
        return None
    named, others = _departments_meant(look)
    if look.reading.asked is Asked.NAME and not any(d.renamed for d in named):
        return None  # who heads a body, not what the body is called today
    if not named or others:
        return None
    draft = Draft(look.knowledge)
    for department in named:
        duties = duties_of(department, look.knowledge, look.documents)
        if duties:
            draft.quote_all(wording.LIST_SIZE, duties)
            add_today_names(draft, [department.name])
    return draft.finish(AnswerStatus.ANSWERED, Intent.DEPARTMENT) if len(draft) else None


def _departments_meant(look: Lookup) -> tuple[list[Department], list[str]]:
    """Return the departments that a question names and the topic words that are left."""
    named = mentioned_departments(look.reading.text)
    names = "".join(name for d in named for name in (d.name, d.today or "", *d.aliases))
    others = []
    for term in (*look.reading.terms, *look.reading.background):
        weak = look.knowledge.lexicon.weight(term) < WEAK_TERM
        department = None if weak else department_called(term)
        if department is not None and department not in named and term not in names:
            named.append(department)
        elif (
            department is None
            and term not in names
            and term not in patterns.DUTY_WORDS
            and look.knowledge.lexicon.weight(term) >= WEAK_TERM
        ):
            others.append(term)
    return named, others


def _members(look: Lookup, evidence: list[Evidence]) -> Answer | None:
    """The bodies that a sentence lists, counted, when the question asks which or how many."""
    if look.reading.asked not in (Asked.DEPARTMENT, Asked.LIST, Asked.COUNT):
        return None
    if not patterns.BODIES.search(look.reading.text):
        return None
    for item in evidence:
        bodies = bodies_listed(item.statement.text)
        if len(bodies) < MANY_BODIES or item.coverage < ENOUGH_OF_TOPIC or is_note(item.statement):
            continue
        draft = Draft(look.knowledge)
        draft.quote(item.statement)
        draft.say_items(wording.DEPARTMENT_COUNT, bodies, item.statement)
        return draft.finish(AnswerStatus.ANSWERED, Intent.LIST)
    return None


def _responsible(look: Lookup, _evidence: list[Evidence]) -> Answer | None:
    """Who does what the question is about."""
    if look.reading.asked is not Asked.DEPARTMENT:
        return None
    ranked = duties_about(look.reading, look.knowledge, look.documents)
    if not look.reading.terms and not look.reading.background:
        lead = leading_duty(look.knowledge, look.documents)
        duties = [lead] if lead else []
    elif not ranked or ranked[0].coverage < ENOUGH_OF_TOPIC - 0.2:
        return None
    else:
        least = CLOSE_TO_BEST * ranked[0].score
        duties = [item.duty for item in ranked[:MAX_DUTIES] if item.score >= least]
    draft = Draft(look.knowledge)
    for duty in duties:
        draft.quote(duty.statement, bullet=len(draft) > 0)
    add_today_names(draft, [name for duty in duties for name in duty.departments])
    return draft.finish(AnswerStatus.ANSWERED, Intent.DEPARTMENT) if duties else None


def nearest_duty(look: Lookup) -> Answer | None:
    """Who does what comes nearest to a question in meaning, where none of its words is shared.

    People tell a story around what they ask; only words of the field say whose duty it is.
    """
    reading = look.reading
    if reading.asked is not Asked.DEPARTMENT or not reading.terms:
        return None
    knows = look.knowledge.lexicon.knows
    known = tuple(t for t in reading.terms if len(t) > 1 and knows(t))
    topic = replace(reading, terms=known or reading.terms)
    near = nearest_duties(topic, look.knowledge, look.documents)
    ranked = duties_about(topic, look.knowledge, look.documents, near)
    if not ranked or ranked[0].closeness < ENOUGH_FOR_DUTY_ASKED:
        return None
    least = CLOSE_TO_BEST * ranked[0].score
    duties = [item.duty for item in ranked[:MAX_NEAREST] if item.score >= least]
    draft = Draft(look.knowledge)
    if len(duties) > 1:
        draft.say(wording.PARTLY)
    for duty in duties:
        draft.quote(duty.statement, bullet=len(duties) > 1)
    add_today_names(draft, [name for duty in duties for name in duty.departments])
    status = AnswerStatus.PARTLY_ANSWERED if len(duties) > 1 else AnswerStatus.ANSWERED
    return draft.finish(status, Intent.DEPARTMENT)


def add_today_names(draft: Draft, names: Iterable[str]) -> None:
    """Say for each department that has another name today which body has its duties now."""
    for name in dict.fromkeys(names):
        department = find_department(name)
        if department is not None and department.today and department.renamed:
            draft.say(wording.today_name(department.name, department.today))


def _group(look: Lookup, _evidence: list[Evidence]) -> Answer | None:
    """Everything that applies to the group of people the question speaks of."""
    text = look.reading.text
    groups = groups_in(text)
    if not groups or look.reading.asked in STRICT or look.reading.asked is Asked.DEPARTMENT:
        return None
    words = [w for group in groups for w in group]
    specific = tuple(
        term
        for term in look.reading.terms
        if not any(term in w or w in term for w in words)
        and term not in patterns.SUPPORT_WORDS
        and look.knowledge.lexicon.knows(term)
        and look.knowledge.lexicon.weight(term) >= WEAK_TERM
    )
    personal = patterns.FIRST_PERSON.search(text) is not None
    whole = len(groups) > 1 or (not specific and look.reading.asked in (Asked.LIST, Asked.ANY))
    if (not personal and not whole) or patterns.NEGATIVE.search(text):
        return None
    narrowed = replace(look.reading, terms=specific, background=())
    own, others = help_for(words, narrowed, look.knowledge, look.documents)
    if not own and not others:
        return None
    draft = Draft(look.knowledge)
    draft.quote_all(wording.OWN_RULES, own)
    draft.quote_all(wording.HIGHER_RULES, others)
    return draft.finish(AnswerStatus.ANSWERED, Intent.ELIGIBILITY)


def help_of_any_kind(look: Lookup) -> Answer | None:
    """Everything for the group of people that a question speaks of, where no clause answers it."""
    groups = groups_in(look.reading.text)
    asked = look.reading.asked
    if not groups or look.reading.charges or asked in STRICT or asked is Asked.DEPARTMENT:
        return None
    words = [w for group in groups for w in group]
    terms = tuple(
        t
        for t in look.reading.terms
        if not any(t in w or w in t for w in words)
        and look.knowledge.lexicon.knows(t)
        and t not in patterns.SUPPORT_WORDS
    )
    narrowed = replace(look.reading, terms=terms, background=())
    own, others = help_for(words, narrowed, look.knowledge, look.documents)
    if not own and not others:
        return None
    draft = Draft(look.knowledge)
    draft.say(wording.PARTLY)
    draft.quote_all(wording.OWN_RULES, own)
    draft.quote_all(wording.HIGHER_RULES, others)
    return draft.finish(AnswerStatus.PARTLY_ANSWERED, Intent.ELIGIBILITY)


def whom_to_ask(look: Lookup) -> Duty | None:
    """Return the duty of the body a question names, or of the nearest, or of the leading one."""
    named, _others = _departments_meant(look)
    for department in named:
        duties = duties_of(department, look.knowledge, look.documents)
        if duties:
            return Duty((department.name,), duties[0])
    lexicon = look.knowledge.lexicon
    known = tuple(t for t in look.reading.terms if lexicon.knows(t))
    if sum(map(lexicon.weight, known)) < WEAK_TERM:
        return leading_duty(look.knowledge, look.documents)
    topic = replace(look.reading, terms=known)
    things = [t for t in known if topic_share(t) >= 1.0 and len(t) > 1]
    heaviest = max(things or known, key=lexicon.weight)
    for item in duties_about(topic, look.knowledge, look.documents):
        if item.coverage < ENOUGH_FOR_DUTY:
            break
        # A duty that speaks of start-ups in general is no duty for the matter asked about.
        if lexicon.found(heaviest, item.duty.statement.text) < NAMES_MATTER:
            continue
        if any(_is_office(name) for name in item.duty.departments):
            return item.duty
    return leading_duty(look.knowledge, look.documents)


def _is_office(name: str) -> bool:
    """Whether people can go there: one known department, no committee and no "各部门"."""
    return find_department(name) is not None and not _NO_OFFICE.search(name)


FROM_REGISTERS: Sequence[Attempt] = (
    _members,
    _department_duties,
    _responsible,
    table_rows,
    said_in_order,
    numbered_parts,
    _group,
)
