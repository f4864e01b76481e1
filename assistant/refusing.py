"""What is said where no rule in force answers: what followed an old rule, or whom to ask."""

import re
from collections.abc import Sequence

from assistant import wording
from assistant.answer import Answer, AnswerStatus, Intent
from assistant.asked import FIGURES
from assistant.draft import Draft
from assistant.evidence import Evidence, holds_asked, is_own_district, topic_coverage
from assistant.fit import may_answer
from assistant.lists import leading_duty
from assistant.lookup import Lookup
from assistant.offices import answered_by_office
from assistant.register_answers import add_today_names, whom_to_ask
from knowledge.register import Duty
from knowledge.statement import Statement

ENOUGH_IF_EXPIRED = 0.8
NEARBY = 0.3  # coverage of what is shown as stated nearby
LONGEST_NAMING = 90  # characters of a sentence that names whom to ask
# How a notice names whom to ask: a contact, else the body that runs or explains it.
_CONTACT = re.compile(r"(?:咨询|联系)(?:电话|人|方式)?(?:为|是)?[:\uff1a][^\uff1b;。]*[0-9]{5,}")
_RUNS = re.compile(
    r"由[^\uff0c,。;\uff1b]{2,20}?(?:局|委|办|中心|联合?会)[^\uff0c,。;\uff1b]{0,16}(?:负责|解释|组织实施|受理)"
    r"|(?:局|委|办|中心|联合?会)负责"
)
HOLDS_TOPIC = 0.5  # coverage of a duty that is the one for a matter


def ended_rule(look: Lookup) -> tuple[float, Statement] | None:
    """Return the sentence nearest to the matter of the rules that no longer hold, with its
    coverage; None where none of them speaks of it."""
    corpus, register = look.knowledge.corpus, look.knowledge.register
    best: tuple[float, Statement] | None = None
    for statement in register.of_documents(corpus, corpus.ended_documents(look.as_of)):
        if statement.is_heading:
            continue
        if not holds_asked(look.reading.asked, statement):
            continue
        clause = look.knowledge.corpus.clauses[statement.clause_id]
        coverage = topic_coverage(look.reading, statement, clause, look.knowledge)
        if coverage >= ENOUGH_IF_EXPIRED and (best is None or coverage > best[0]):
            best = (coverage, statement)
    return best


def what_follows(
    ended: tuple[float, Statement], look: Lookup, read: Sequence[Evidence]
) -> Evidence | None:
    """Return the rule in force that took the place of one that ended, or speaks of the matter
    as fully; None where only the past spoke of it.

    People ask in the words of the old rule, which the one in force does not use.
    """
    coverage, statement = ended
    corpus = look.knowledge.corpus
    follower = corpus.follower(corpus.documents[statement.document_id], look.as_of)
    return next(
        (
            e
            for e in read
            if (e.coverage >= coverage or corpus.document_of(e.clause) is follower)
            if e.fills and may_answer(e, look)
        ),
        None,
    )


def say_expired(ended: Statement, look: Lookup) -> Answer:
    """Say that only rules which no longer hold speak of the matter."""
    draft = Draft(look.knowledge)
    draft.say(wording.EXPIRED_ONLY)
    draft.quote(_without_figures(ended, look), bullet=True)
    _send_on(draft, whom_to_ask(look))
    return draft.finish(AnswerStatus.EXPIRED_ONLY, Intent.POLICY)


def _without_figures(found: Statement, look: Lookup) -> Statement:
    """Return what tells which document ended: a figure of the past would be taken for today's."""
    if look.reading.asked not in FIGURES or not found.figures:
        return found
    corpus, register = look.knowledge.corpus, look.knowledge.register
    of_document = register.of_documents(corpus, (found.document_id,))
    own = (s for s in of_document if not s.figures)
    return max(own, key=lambda s: (s.clause_id == found.clause_id, not s.is_heading), default=found)


def refuse(look: Lookup, evidence: list[Evidence]) -> Answer:
    """Say what is not stated, what is stated nearby, and whom to ask."""
    duty = _whom(look, evidence)
    if duty is not None and _is_for_the_topic(duty, look):
        sent_on = Draft(look.knowledge)
        _send_on(sent_on, duty)
        why = sent_on.finish(AnswerStatus.ANSWERED, Intent.DEPARTMENT)
        if (told := answered_by_office(look, duty.departments, why)) is not None:
            return told
    draft = Draft(look.knowledge)
    draft.say(wording.not_stated(look.reading.asked))
    near = [
        e.statement
        for e in evidence
        if not e.statement.is_heading and e.coverage > NEARBY
        if duty is None or e.statement != duty.statement
    ]
    draft.quote_all(wording.NEARBY, near[:2])
    _send_on(draft, duty)
    return draft.finish(AnswerStatus.NOT_IN_POLICY, Intent.POLICY)


def _whom(look: Lookup, evidence: Sequence[Evidence]) -> Duty | None:
    """Return the duty of the very matter, else whom the nearest notice names, else who leads."""
    duty = whom_to_ask(look)
    if duty is not None and _coverage(duty, look) >= HOLDS_TOPIC:
        return duty
    return _named_by_document(look, evidence) or duty


def _named_by_document(look: Lookup, evidence: Sequence[Evidence]) -> Duty | None:
    """Return the sentence by which the district's own notice nearest the matter names whom to
    ask; None where it is silent or the nearest document is one of our restatements."""
    near = next((e for e in evidence if not e.statement.is_heading and e.coverage > NEARBY), None)
    if near is None or not is_own_district(near.clause, look.knowledge):
        return None
    corpus, register = look.knowledge.corpus, look.knowledge.register
    document = corpus.document_of(near.clause)
    if document.restated:
        return None
    own = [s for s in register.of_documents(corpus, (document.id,)) if not s.is_heading]
    for pattern in (_CONTACT, _RUNS):
        for statement in own:
            if len(statement.text) <= LONGEST_NAMING and pattern.search(statement.text):
                return Duty((), statement)
    issuers = (document.issuer or "").split("、")
    return next((Duty((), s) for s in reversed(own) if s.text in issuers), None)


def _is_for_the_topic(duty: Duty, look: Lookup) -> bool:
    """Whether a body has the very matter, and is not only the one that leads everything."""
    leads = duty == leading_duty(look.knowledge, look.documents)
    return not leads or _coverage(duty, look) >= HOLDS_TOPIC


def _coverage(duty: Duty, look: Lookup) -> float:
    return look.knowledge.lexicon.coverage(look.reading.terms, duty.statement.text)


def _send_on(draft: Draft, duty: Duty | None) -> None:
    """Name the body to ask, with the sentence that makes it responsible."""
    if duty is not None:
        draft.quote_all(wording.ASK_THERE, [duty.statement])
        add_today_names(draft, duty.departments)
