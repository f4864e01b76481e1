"""Passages: what is indexed. A clause with its heading path, cut at sentence ends when long."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from knowledge.corpus import Corpus
from knowledge.document import Clause, ClauseKind

TARGET = 350  # characters: about 240 tokens, well within the encoder's 512
MAX_PIECES = 4_096  # of one clause; passage ids are clause id times this plus the order

_SENTENCE_END = re.compile(r"[。!?;!?;\n]+[”’」』))]*")  # noqa: RUF001


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a clause as it is indexed."""

    id: int  # clause_id * MAX_PIECES + order of the piece
    clause_id: int
    document_id: int
    heading_path: str  # document title, headings of the ancestors, own heading
    text: str  # what is indexed: the piece, for a table row with the table's header before it
    start: int  # character offset in the document's text, inclusive
    end: int  # exclusive


def cut_passages(corpus: Corpus) -> list[Passage]:
    """Return the passages of every clause of a corpus, in order of their ids.

    The same clauses always give the same passages. A clause without any letter or
    digit gives none.
    """
    found = [passage for clause in corpus.clauses.values() for passage in _cut(corpus, clause)]
    return sorted(found, key=lambda passage: passage.id)


def cut_text(text: str, target: int = TARGET) -> list[tuple[int, int]]:
    """Return [start, end) offsets of pieces of about `target` characters, at sentence ends.

    The pieces join to the text. A sentence longer than the target is cut within.
    """
    ends = [match.end() for match in _SENTENCE_END.finditer(text)]
    edges, start, last = [0], 0, 0
    for end in [*ends, len(text)]:
        if end - start > target and last > start:
            edges.append(last)
            start = last
        while end - start > target:
            start += target
            edges.append(start)
        last = end
    if len(text) > edges[-1]:
        edges.append(len(text))
    return list(pairwise(edges))


def _cut(corpus: Corpus, clause: Clause) -> Iterator[Passage]:
    if not any(character.isalnum() for character in clause.text):
        return
    path = _heading_path(corpus, clause)
    parent = corpus.parent(clause)
    in_table = clause.kind is ClauseKind.ROW and parent and parent.kind is ClauseKind.TABLE
    header = f"{parent.text.strip()}\n" if in_table and parent else ""
    for order, (start, end) in enumerate(cut_text(clause.text)[:MAX_PIECES]):
        yield Passage(
            id=clause.id * MAX_PIECES + order,
            clause_id=clause.id,
            document_id=clause.document_id,
            heading_path=path,
            text=header + clause.text[start:end].strip(),
            start=clause.start + start,
            end=clause.start + end,
        )


def _heading_path(corpus: Corpus, clause: Clause) -> str:
    title = corpus.document_of(clause).title
    headings = [step.heading for step in [*corpus.ancestors(clause), clause] if step.heading]
    return " ".join([title, *headings]).strip()
