"""Passages: what is indexed. Clauses under their headings, and blocks of neighbouring clauses."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from knowledge.corpus import Corpus
from knowledge.document import Clause, ClauseKind

TARGET = 350  # characters: about 240 tokens, well within the encoder's 512
SHORT = 40  # characters: a shorter clause in a block is told apart by its words alone
MAX_PIECES = 4_096  # passages of one clause; the last place is that of the block it opens

_SENTENCE_END = re.compile(r"[。!?;\uff01\uff1f\uff1b\n]+[”’」』)\uff09]*")


@dataclass(frozen=True, slots=True)
class Passage:
    """A clause, a piece of a long one, or a block of neighbours that are read together."""

    id: int  # clause_id * MAX_PIECES + order of the piece
    clause_id: int  # of a block: its first clause
    document_id: int
    heading_path: str  # document title, headings of the ancestors, own heading
    text: str  # what is indexed: the piece, for a table row with the table's header before it
    start: int  # character offset in the document's text, inclusive
    end: int  # exclusive
    block: tuple[int, ...] = ()  # ids of the clauses of a block, empty for a piece of a clause
    encoded: bool = True  # whether it has a vector of its own; short ones share their block's
    within_block: bool = False  # whether a block speaks for it too


def cut_passages(corpus: Corpus) -> list[Passage]:
    """Return the passages of every clause of a corpus, in order of their ids.

    The same clauses always give the same passages. Clauses without any letter or digit
    give none, nor do bare headings: those stand in the paths of what is under them.
    """
    found: list[Passage] = []
    for document in corpus.documents.values():
        clauses = [clause for clause in document.clauses if _speaks(corpus, clause)]
        for run in _runs(clauses):
            if len(run) > 1:
                found.append(_block(corpus, run))
            for clause in run:
                found += _pieces(corpus, clause, in_block=len(run) > 1)
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


def _speaks(corpus: Corpus, clause: Clause) -> bool:
    if not any(character.isalnum() for character in clause.text):
        return False
    own = clause.text.strip().removeprefix(clause.label).strip()
    bare = clause.kind is ClauseKind.HEADING and _bare(own) == _bare(clause.heading)
    return not (bare and corpus.children(clause))


def _bare(heading: str) -> str:
    return heading.strip().rstrip("。:\uff1a")


def _runs(clauses: Sequence[Clause]) -> Iterator[list[Clause]]:
    """Group neighbours into runs of TARGET characters at most; a longer clause is alone.

    A run that is half full ends before another section, so that blocks follow the
    outline where they can.
    """
    run: list[Clause] = []
    size = 0
    for clause in clauses:
        elsewhere = bool(run) and run[-1].parent_id != clause.parent_id
        if run and (size + len(clause.text) > TARGET or (elsewhere and size > TARGET // 2)):
            yield run
            run, size = [], 0
        run.append(clause)
        size += len(clause.text)
    if run:
        yield run


def _block(corpus: Corpus, run: Sequence[Clause]) -> Passage:
    first = run[0]
    headings = [step.heading for step in corpus.ancestors(first) if step.heading]
    return Passage(
        id=first.id * MAX_PIECES + MAX_PIECES - 1,
        clause_id=first.id,
        document_id=first.document_id,
        heading_path=" ".join([corpus.document_of(first).title, *headings]).strip(),
        text="\n".join(clause.text.strip() for clause in run),
        start=first.start,
        end=run[-1].end,
        block=tuple(clause.id for clause in run),
    )


def _pieces(corpus: Corpus, clause: Clause, *, in_block: bool) -> Iterator[Passage]:
    short = in_block and len(clause.text.strip()) < SHORT
    path = "" if short else _heading_path(corpus, clause)
    parent = corpus.parent(clause)
    in_table = clause.kind is ClauseKind.ROW and parent and parent.kind is ClauseKind.TABLE
    header = f"{parent.text.strip()}\n" if in_table and parent else ""
    for order, (start, end) in enumerate(cut_text(clause.text)[: MAX_PIECES - 1]):
        yield Passage(
            id=clause.id * MAX_PIECES + order,
            clause_id=clause.id,
            document_id=clause.document_id,
            heading_path=path,
            text=header + clause.text[start:end].strip(),
            start=clause.start + start,
            end=clause.start + end,
            encoded=not short,
            within_block=in_block,
        )


def _heading_path(corpus: Corpus, clause: Clause) -> str:
    title = corpus.document_of(clause).title
    headings = [step.heading for step in [*corpus.ancestors(clause), clause] if step.heading]
    return " ".join([title, *headings]).strip()
