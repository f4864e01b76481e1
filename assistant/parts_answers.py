"""The parts of what documents number and tabulate: complete, counted, or the one asked for."""

import re
from collections.abc import Sequence

from assistant import patterns, wording
from assistant.answer import Answer, AnswerStatus, Intent
from assistant.asked import STRICT, Asked
from assistant.draft import Draft
from assistant.evidence import Evidence
from assistant.lists import ENOUGH_OF_TOPIC
from assistant.lookup import Lookup
from assistant.parts import STEPS, ordinal_in, parts_about, parts_mentioned, parts_named
from knowledge.document import Clause
from knowledge.tokenizer import words

ENOUGH_OF_HEADER = 0.4
_COUNTED = re.compile(r"(?:^|[\uff0c\uff1a\uff1b、])[一二三四五六七八九十]是")
NEAR_ROWS = 8
_LISTED = (Asked.LIST, Asked.COUNT, Asked.CONDITION, Asked.MATERIALS)


def numbered_parts(look: Lookup, evidence: list[Evidence]) -> Answer | None:
    """The numbered parts of a clause, complete and counted; or the one asked for."""
    text = look.reading.text
    nearest = max((item.nearness for item in evidence), default=0.0)
    parts = parts_about(look.reading, look.knowledge, look.documents, nearest)
    if not parts:
        return None
    ordinal = ordinal_in(text, len(parts))
    of_all = (Asked.COUNT, Asked.CONDITION, Asked.MATERIALS)
    # What the third part is called is said by its heading; no other name stands in a list.
    if look.reading.asked in STRICT.difference(
        of_all if ordinal is None else (*of_all, Asked.NAME)
    ):
        return None
    named = parts_named(parts, text) if ordinal is None else [parts[ordinal]]
    named = [_beside(parts, part, text) for part in named]
    draft = Draft(look.knowledge)
    if named:
        for clause in named:
            _quote_whole(draft, clause, look)
        return draft.finish(AnswerStatus.ANSWERED, Intent.POLICY)
    if look.reading.asked not in _LISTED and not STEPS.search(text):
        return None
    first = [look.knowledge.register.by_clause.get(part.id, ()) for part in parts]
    draft.quote_all(wording.LIST_SIZE, [statements[0] for statements in first if statements])
    return draft.finish(AnswerStatus.ANSWERED, Intent.LIST)


def table_rows(look: Lookup, evidence: list[Evidence]) -> Answer | None:
    """Every row of the table that lists what the question asks for, counted."""
    if look.reading.asked not in (Asked.LIST, Asked.COUNT):
        return None
    corpus, lexicon = look.knowledge.corpus, look.knowledge.lexicon
    for item in evidence[:NEAR_ROWS]:
        table = corpus.parent(item.clause)
        if item.statement.header_id is None or table is None:
            continue
        what = table.text[table.text.find("|") :].strip(" |\n").partition("|")[0]
        if lexicon.coverage(look.reading.terms, what) < ENOUGH_OF_HEADER:
            continue
        rows = [s for c in corpus.children(table) for s in look.knowledge.register.by_clause[c.id]]
        draft = Draft(look.knowledge)
        draft.quote_all(wording.LIST_SIZE, rows)
        return draft.finish(AnswerStatus.ANSWERED, Intent.LIST)
    return None


def said_in_order(look: Lookup, evidence: list[Evidence]) -> Answer | None:
    """Every sentence of a clause that counts what it names: 一是…二是…, complete and counted."""
    if look.reading.asked not in (Asked.LIST, Asked.COUNT):
        return None
    reading, lexicon = look.reading, look.knowledge.lexicon
    for item in evidence[:NEAR_ROWS]:
        begin = _COUNTED.search(item.statement.text)
        if begin is None:
            continue
        # What is counted stands before the number: it has to be what is asked about, all of it.
        of_what = item.statement.text[: begin.start()]
        asked = lexicon.coverage(reading.terms, of_what) >= ENOUGH_OF_TOPIC
        if not asked or lexicon.coverage(words(of_what), reading.text) < ENOUGH_OF_TOPIC:
            continue
        siblings = look.knowledge.register.by_clause[item.clause.id]
        counted = [s for s in siblings if _COUNTED.search(s.text)]
        if len(counted) > 1:
            draft = Draft(look.knowledge)
            draft.quote_all(wording.LIST_SIZE, counted)
            return draft.finish(AnswerStatus.ANSWERED, Intent.LIST)
    return None


def parts_by_name(look: Lookup, _evidence: list[Evidence]) -> Answer | None:
    """The parts that a question names, when it names several, or the one next to a named one."""
    text = look.reading.text
    parts, named = parts_mentioned(text, look.knowledge, look.documents)
    if not named or not (len(named) > 1 or patterns.NEXT_PART.search(text)):
        return None
    draft = Draft(look.knowledge)
    for clause in named if len(named) > 1 else [_beside(parts, named[0], text)]:
        _quote_whole(draft, clause, look)
    return draft.finish(AnswerStatus.ANSWERED, Intent.POLICY) if len(draft) else None


def _beside(parts: Sequence[Clause], part: Clause, text: str) -> Clause:
    """Return the part before or after a named one when a follow-up asks for that."""
    match = patterns.NEXT_PART.search(text)
    step = 0 if match is None else 1 if match[0][0] in "下后" else -1
    at = parts.index(part) + step
    return parts[at] if 0 <= at < len(parts) else part


def _quote_whole(draft: Draft, clause: Clause, look: Lookup) -> None:
    for part in look.knowledge.corpus.subtree(clause):
        for statement in look.knowledge.register.by_clause.get(part.id, ()):
            draft.quote(statement, bullet=True)
