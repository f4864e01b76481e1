"""Answers about one's own case: which conditions hold, what is missing, what it comes to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assistant import eligibility_wording as say
from assistant.amounts import Lacking, sums, tell_amounts, tell_checks
from assistant.answer import Answer, AnswerStatus, Intent
from assistant.case import Case
from assistant.draft import Draft
from assistant.guardrails import Grounds
from knowledge.eligibility.condition import Basis, Condition, leaves_of, telling, ways_open
from knowledge.eligibility.fact import FactKind, Facts, Inquiry
from knowledge.eligibility.inquiry import next_inquiry, options_for
from knowledge.eligibility.quantity import show_quantity
from knowledge.eligibility.rule import Outcome, Verdict, failing, judge
from knowledge.statement import Statement

IN_FULL = 2  # rules told in full; more are told as a list


@dataclass(frozen=True, slots=True)
class Judged:
    """An answer about a case with what it may rest on, and the question it asks."""

    answer: Answer
    grounds: Grounds
    asked: Inquiry | None


def judge_case(case: Case) -> Judged:
    """Judge every rule in question and say so, with the clause behind each condition."""
    verdicts = [judge(rule, case.facts) for rule in case.rules]
    shown = _worth_telling(verdicts)
    draft = Draft(case.knowledge)
    if case.lead:
        draft.say(case.lead)
    for sum_ in sums(case):
        draft.compute(sum_, {})
    if echo := say.facts_line(case.facts):
        draft.say(echo)
    if len(shown) > IN_FULL:
        asked = _next(shown, case)
        _tell_as_list(draft, shown, case)
    else:
        asked = _tell_in_full(draft, shown, case)
    if any(v.outcome is not Outcome.MISSING for v in shown):
        draft.say(say.CHECKED)
    if asked is not None:
        draft.say(asked.text)
    answer = draft.finish(
        _status(shown, asked, case), Intent.ELIGIBILITY, _suggestions(shown, asked, case)
    )
    return Judged(answer, grounds_of(case), asked)


def grounds_of(case: Case) -> Grounds:
    """Work out, from rules and facts alone, every sentence that holds of a case."""
    judgements = {case.lead, say.CHECKED, say.NO_LOCAL, say.facts_line(case.facts)}
    judgements |= {say.LIST_MET, say.LIST_MISSING, say.LIST_NOT_MET, say.LIST_OTHERS, say.START}
    judgements |= {q.text for q in case.knowledge.rulebook.inquiries}
    given: set[str] = set()
    for rule in case.rules:
        verdict = judge(rule, case.facts)
        judgements |= {say.outcome_line(verdict), say.presumption_line(verdict, case.facts)}
        judgements |= {text for text, _ in _conditions(verdict, case)}
        judgements |= {_listed(verdict, case)[0], _listed_otherwise(verdict, case)[0]}
        judgements |= {say.unmentioned_line(verdict), *say.lines_of_rule(rule)}
        for parameter in rule.parameters.values():
            value = parameter.on(case.day) if parameter.local else None
            if value is not None:
                given.add(value.quantity.text)
                judgements |= {say.local_line(amount, value) for amount in rule.amounts}
    for name, fact in case.facts.definitions.items():
        if fact.kind is FactKind.NUMBER and fact.ratio is None:
            known = case.facts.get(name)
            given |= set() if known is None else {show_quantity(known, fact.unit)}
    given |= {operand.text for sum_ in sums(case) for operand in sum_.operands}
    return Grounds(frozenset(judgements), frozenset(given))


def _worth_telling(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Leave out what is for another kind of applicant, and the hopeless beside the met."""
    fitting = [v for v in verdicts if not _for_others(v)] or list(verdicts)
    if len(fitting) <= IN_FULL and any(v.outcome is Outcome.MET for v in fitting):
        return [v for v in fitting if v.outcome is Outcome.MET]
    order = list(Outcome)
    return sorted(fitting, key=lambda v: order.index(v.outcome))


def _for_others(verdict: Verdict) -> bool:
    """Whether a rule is for a company where a person asks, or the other way about."""
    return any(getattr(condition, "fact", "") == "申请人" for condition in failing(verdict))


def _tell_in_full(draft: Draft, verdicts: Sequence[Verdict], case: Case) -> Inquiry | None:
    """Tell each verdict with its conditions; return the question to ask."""
    asked = _next(verdicts, case)
    lacking: Lacking | None = None
    for verdict in verdicts:
        draft.say(say.outcome_line(verdict))
        if verdict.presumed and verdict.outcome is Outcome.MET:
            draft.say(say.presumption_line(verdict, case.facts))
        for text, statement in _conditions(verdict, case):
            draft.judge(text, [statement])
        tell_checks(draft, verdict.rule, case)
        if verdict.outcome is Outcome.NOT_MET:
            _tell_why_not(draft, verdict, case)
        else:
            lacking = lacking or _tell_what_it_gives(draft, verdict, asked, case)
    if asked is None and lacking is not None:
        draft.say(say.FOR_AMOUNT.format(amount=lacking.amount))
        return lacking.inquiry
    return asked


def _tell_why_not(draft: Draft, verdict: Verdict, case: Case) -> None:
    for condition in failing(verdict):
        for basis in _bases_failing(condition, case.facts):
            draft.quote(case.in_force.statements[basis], bullet=True)
    if verdict.unmentioned:
        draft.say(say.unmentioned_line(verdict))


def _tell_what_it_gives(
    draft: Draft, verdict: Verdict, asked: Inquiry | None, case: Case
) -> Lacking | None:
    """Tell what a rule gives that is met or may be; return what an amount still lacks."""
    lacking = None
    if _partly_known(verdict, case) or case.wants_amount or asked is None:
        for basis in verdict.rule.gives:
            draft.quote(case.in_force.statements[basis], bullet=True)
        lacking = tell_amounts(draft, verdict.rule, case)
    if verdict.outcome is Outcome.MET:
        for note in verdict.rule.notes:
            if not note.fact or case.facts.get(note.fact) is True:
                draft.quote(case.in_force.statements[note.basis], bullet=True)
    elif asked is None:
        draft.say(say.UNASKABLE.format(rule=verdict.rule.name))
    return lacking


def _bases_failing(condition: Condition, facts: Facts) -> list[Basis]:
    """Return the basis of a condition and of every test in it that fails."""
    failed = [test.basis for test in leaves_of(condition) if test.truth(facts) is False]
    return [condition.basis, *failed]


def _tell_as_list(draft: Draft, verdicts: Sequence[Verdict], case: Case) -> None:
    if not any(v is not None for v in case.facts.known.values()):
        draft.say(say.START)
        return
    missing = [v for v in verdicts if v.outcome is Outcome.MISSING]
    others = [v for v in missing if _otherwise(v, case)]
    for lead, listed, put in (
        (say.LIST_MET, [v for v in verdicts if v.outcome is Outcome.MET], _listed),
        (say.LIST_MISSING, [v for v in missing if v not in others], _listed),
        (say.LIST_NOT_MET, [v for v in verdicts if v.outcome is Outcome.NOT_MET], _listed),
        (say.LIST_OTHERS, others, _listed_otherwise),
    ):
        if listed:
            draft.say(lead)
        for verdict in listed:
            text, statements = put(verdict, case)
            draft.judge(text, statements)


def _otherwise(verdict: Verdict, case: Case) -> list[Condition]:
    """Return the conditions that hold only for people unlike what was said and presumed."""
    facts = case.facts.presuming()
    unsaid = [n for n in facts.identities if facts.known.get(n) is None]
    closed = facts.with_values(dict.fromkeys(unsaid, False))
    pairs = zip(verdict.rule.conditions, verdict.truths, strict=True)
    return [c for c, truth in pairs if truth is None and c.truth(closed) is False]


def _listed_otherwise(verdict: Verdict, case: Case) -> tuple[str, list[Statement]]:
    parts = _otherwise(verdict, case)
    labels = "”“".join(dict.fromkeys(part.label for part in parts))
    text = say.LISTED_OTHERS.format(rule=verdict.rule.name, labels=labels)
    return text, [case.in_force.statements[part.basis] for part in parts]


def _conditions(verdict: Verdict, case: Case) -> Iterator[tuple[str, Statement]]:
    """Yield each condition with its outcome in words, and the statement it rests on."""
    helped = case.facts.presuming()
    pairs = zip(verdict.rule.conditions, verdict.truths, strict=True)
    for condition, truth in pairs:
        if truth is None and verdict.outcome is Outcome.NOT_MET:
            continue  # it would change nothing
        if verdict.outcome is Outcome.MISSING and truth and condition.truth(case.facts) is None:
            continue  # presumptions are told once the outcome hangs on them
        parts = [telling(condition, helped)] if truth else [condition]
        if truth is None:
            parts = ways_open(condition, case.facts) or parts
        for part in parts:
            yield say.condition_line(part.label, truth), case.in_force.statements[part.basis]


def _listed(verdict: Verdict, case: Case) -> tuple[str, list[Statement]]:
    """Put a rule into one line: what it gives, or what is open, or what fails."""
    rule = verdict.rule
    first = case.in_force.statements[rule.gives[0]]
    gives = f"{first.text.rstrip('。；;')}。"
    if verdict.outcome is Outcome.MET:
        return say.LISTED.format(rule=rule.name, gives=gives), [first]
    truth = False if verdict.outcome is Outcome.NOT_MET else None
    pairs = zip(rule.conditions, verdict.truths, strict=True)
    parts = [c for c, known in pairs if known is truth]
    labels = "”“".join(dict.fromkeys(part.label for part in parts))
    wording = say.LISTED_FAILS if truth is False else say.LISTED_OPEN
    statements = [case.in_force.statements[part.basis] for part in parts]
    text = wording.format(rule=rule.name, labels=labels)
    if truth is None:
        text, statements = f"{text}。{gives}", [*statements, first]
    return text, statements


def _next(verdicts: Sequence[Verdict], case: Case) -> Inquiry | None:
    """Return the question that settles most of what is open; none where one is met already."""
    if len(verdicts) <= IN_FULL and any(v.outcome is Outcome.MET for v in verdicts):
        return None
    missing = [v.rule for v in verdicts if v.outcome is Outcome.MISSING]
    return next_inquiry(missing, case.facts, case.knowledge.rulebook.inquiries)


def _status(verdicts: Sequence[Verdict], asked: Inquiry | None, case: Case) -> AnswerStatus:
    if any(v.outcome is not Outcome.MISSING for v in verdicts):
        return AnswerStatus.ANSWERED
    known = case.wants_amount or any(_partly_known(v, case) for v in verdicts)
    return AnswerStatus.PARTLY_ANSWERED if known or asked is None else AnswerStatus.CLARIFY


def _partly_known(verdict: Verdict, case: Case) -> bool:
    """Whether any condition holds by what was said, not by what is presumed."""
    return any(condition.truth(case.facts) for condition in verdict.rule.conditions)


def offered(asked: Inquiry, case: Case) -> tuple[str, ...]:
    """Return the answers to a question that are shown to be tapped, in their order."""
    verdicts = _worth_telling([judge(rule, case.facts) for rule in case.rules])
    return _suggestions(verdicts, asked, case)


def _suggestions(verdicts: Sequence[Verdict], asked: Inquiry | None, case: Case) -> tuple[str, ...]:
    """Return the answers to tap: those of the question asked, else what may be said next."""
    if asked is None:
        return (say.WHOLE,)
    missing = [v.rule for v in verdicts if v.outcome is Outcome.MISSING]
    return tuple(option.label for option, _ in options_for(asked, missing, case.facts))
