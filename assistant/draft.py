"""Building an answer: statements become bound sentences, fixed wordings frame them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import cn2an

from assistant.answer import Answer, AnswerStatus, Citation, Computation, Intent, Sentence
from assistant.computation import say_computation
from knowledge.document import Clause
from knowledge.figure import number_values
from knowledge.knowledge_base import Knowledge
from knowledge.statement import Statement, column_names_end

COMPARED = 60
NEAR_DUPLICATE_SHARE = 0.8  # of character pairs shared with a sentence already there


class Draft:
    """An answer in the making. Every statement added is cited; a clause is cited once."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge
        self._sentences: list[Sentence] = []
        self._citations: list[Citation] = []
        self._statements: list[Statement] = []
        self._texts: set[str] = set()
        self._cited: dict[int, int] = {}  # clause id -> index of its citation

    def __len__(self) -> int:
        return len(self._statements)

    def quoted_text(self) -> str:
        """Return all statements added so far, one a line."""
        return "\n".join(statement.text for statement in self._statements)

    def say(self, wording: str) -> None:
        """Add one of the fixed wordings."""
        self._sentences.append(Sentence(wording))

    def quote_all(self, wording: str, statements: Sequence[Statement]) -> None:
        """Add a complete list, led by a wording with its size as {count}."""
        lead = len(self._sentences)
        before = len(self._statements)
        for statement in statements:
            self.quote(statement, bullet=True)
        size = len(self._statements) - before
        if size:
            self._sentences.insert(lead, Sentence(_counted(wording, size)))

    def say_items(self, wording: str, items: Sequence[str], statement: Statement) -> None:
        """Add the items that a statement lists, led by a wording with their number as {count}."""
        self._sentences.append(Sentence(_counted(wording, len(items))))
        cited = (self._cite(statement),)
        self._sentences += [Sentence(item, cited, bullet=True) for item in items]

    def quote(self, statement: Statement, *, bullet: bool = False) -> bool:
        """Add a statement word for word, unless the answer already says it."""
        # Beyond a screenful only the same words are looked for: a list may be long.
        near = self._statements[:COMPARED]
        if statement.text in self._texts or any(_says_the_same(statement, o) for o in near):
            return False
        self._texts.add(statement.text)
        self._statements.append(statement)
        cited = [self._cite(statement)]
        if statement.header_id is not None:
            cited.append(self._cite_header(statement.header_id))
        self._sentences.append(Sentence(statement.text, tuple(cited), bullet))
        return True

    def judge(self, text: str, statements: Sequence[Statement], *, bullet: bool = True) -> None:
        """Add a judgement that rests on statements; whoever sends it has it checked."""
        cited = tuple(dict.fromkeys(map(self._cite, statements)))
        self._sentences.append(Sentence(text, cited, bullet))

    def compute(
        self,
        computation: Computation,
        statements: Mapping[str, Statement],
        more: Sequence[Statement] = (),
    ) -> None:
        """Add a computed figure, each operand bound to the statement with its name."""
        operands = tuple(
            replace(o, citation=self._cite(statements[o.name])) if o.name in statements else o
            for o in computation.operands
        )
        bound = replace(computation, operands=operands)
        cited = [o.citation for o in operands if o.citation is not None]
        cited += map(self._cite, more)
        text = say_computation(bound)
        self._sentences.append(Sentence(text, tuple(dict.fromkeys(cited)), True, bound))

    def finish(
        self, status: AnswerStatus, intent: Intent, suggestions: tuple[str, ...] = ()
    ) -> Answer:
        """Return the answer."""
        return Answer(status, intent, tuple(self._sentences), tuple(self._citations), suggestions)

    def _cite(self, statement: Statement) -> int:
        """Cite the statement's clause; its quote spans all that was used of the clause."""
        at = self._cited.get(statement.clause_id)
        if at is not None:
            self._citations[at] = self._widen(self._citations[at], statement)
            return at
        clause = self._knowledge.corpus.clauses[statement.clause_id]
        return self._add(self._citation(clause, statement.start, statement.end))

    def _cite_header(self, clause_id: int) -> int:
        """Cite the line with the names of a table's columns."""
        at = self._cited.get(clause_id)
        if at is not None:
            return at
        clause = self._knowledge.corpus.clauses[clause_id]
        start = clause.start + len(clause.text) - len(clause.text.lstrip())
        head = clause.text.strip()
        line = head[: column_names_end(head)].rstrip()
        return self._add(self._citation(clause, start, start + len(line)))

    def _add(self, citation: Citation) -> int:
        self._cited[citation.clause_id] = len(self._citations)
        self._citations.append(citation)
        return self._cited[citation.clause_id]

    def _widen(self, citation: Citation, statement: Statement) -> Citation:
        start, end = min(citation.start, statement.start), max(citation.end, statement.end)
        text = self._knowledge.corpus.documents[citation.document_id].text
        return replace(citation, start=start, end=end, quote=text[start:end])

    def _citation(self, clause: Clause, start: int, end: int) -> Citation:
        document = self._knowledge.corpus.document_of(clause)
        return Citation(
            clause_id=clause.id,
            document_id=document.id,
            document=document.title,
            doc_number=document.doc_number,
            address=clause.address,
            quote=document.text[start:end],
            start=start,
            end=end,
            digest=document.digest,
            department="、".join(self._knowledge.register.departments(clause.id)) or None,
            effective_on=document.effective_on,
            expires_on=document.expires_on,
        )


def _counted(wording: str, count: int) -> str:
    # In Chinese digits: they are told apart from the figures that clauses state.
    return wording.format(count="两" if count == 2 else cn2an.an2cn(str(count)))


def _says_the_same(one: Statement, other: Statement) -> bool:
    """Whether a statement says in like words what one of another document says.

    Like sentences of one document differ on purpose, in a department or a period.
    """
    if one.document_id == other.document_id:
        return False
    return _alike(one.text, other.text) and number_values(one.text) == number_values(other.text)


def _alike(one: str, other: str) -> bool:
    pairs = {one[i : i + 2] for i in range(len(one) - 1)}
    others = {other[i : i + 2] for i in range(len(other) - 1)}
    shared = len(pairs & others)
    return shared >= NEAR_DUPLICATE_SHARE * max(len(pairs), len(others), 1)
