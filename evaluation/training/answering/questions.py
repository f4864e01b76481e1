"""The questions that are learned from, with the sentences that answer them.

A file: "= series address number; ..." names the sentences (the number counts those of one clause
from 1) that answer each of the questions below it, one a line; "= -" that none does although it
is near, "= x" that the question is no matter of the desk.
"""

import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import md5
from pathlib import Path

from knowledge.answering import sentence_in_place
from knowledge.corpus import Corpus, load_corpus
from knowledge.ingest import ingest_file
from knowledge.knowledge_base import heads_of
from knowledge.pack import load_pack
from knowledge.register import build_register
from storage.database import Database
from storage.migrations import migrate

FOLDER = Path(__file__).parent
DAY = date(2026, 11, 23)  # on which the questions were written
SHORTEST = 8  # characters of a sentence that can say something
KEPT_APART = 12  # one question in so many is never learned from, but measured with
# What is learned from: the files of questions, and the documents they are about.
LEARNED = {
    "pack": (
        "plan_first_half",
        "plan_second_half",
        "national",
        "people",
        "pack_again",
        "pack_pairs",
        "pack_minimal",
        "off_topic",
    ),
    "a": ("documents_a",),
    "b": ("documents_b",),
    "c": ("documents_c",),
    "d": ("documents_d",),
    "f": ("documents_f",),
    "g": ("documents_g",),
}
# Of other authors, measured with only: about other documents, and about the pack.
MEASURED = {
    "e": ("documents_e",),
    "pack": ("pack_later",),
}


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a document: its reference, its text, and its text in its place."""

    reference: str
    text: str
    in_place: str


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """A question of a file and the indices of the sentences that answer it, if any does."""

    text: str
    file: str
    answers: tuple[int, ...]
    of_the_desk: bool = True

    @property
    def kept_apart(self) -> bool:
        """Whether it is only measured with; the same questions at every training."""
        return self._number % KEPT_APART == 0

    @property
    def half(self) -> int:
        """Return 0 or 1: in which half it is when each half is placed by what the other taught."""
        return self._number // KEPT_APART % 2

    @property
    def _number(self) -> int:
        return int(md5(self.text.encode(), usedforsecurity=False).hexdigest(), 16)


def sentences_of(source: str) -> list[Sentence]:
    """Return the sentences in force of the pack, or of documents a to g, in reading order."""
    with (
        tempfile.TemporaryDirectory() as folder,
        loaded(source, Path(folder)) as database,
        database.reading() as db,
    ):
        return list(_sentences(load_corpus(db)))


@contextmanager
def loaded(source: str, folder: Path) -> Iterator[Database]:
    """Open a new database in a folder with the pack, or with documents a to g."""
    database = Database(f"sqlite:///{folder}/training.db")
    try:
        migrate(database)
        with database.writing() as db:
            if source == "pack":
                load_pack(db, datetime.now(UTC))
            else:
                for path in sorted((FOLDER / "documents").glob(f"{source}?.*")):
                    ingest_file(db, path.name, path, now=datetime.now(UTC))
        yield database
    finally:
        database.close()


def _sentences(corpus: Corpus) -> Iterator[Sentence]:
    valid = corpus.valid_documents(DAY)
    numbers: Counter[tuple[int, str]] = Counter()
    for statement in build_register(corpus).statements:
        if statement.document_id not in valid or statement.is_heading:
            continue
        if len(statement.text) < SHORTEST:
            continue
        clause = corpus.clauses[statement.clause_id]
        numbers[clause.document_id, clause.address] += 1
        number = numbers[clause.document_id, clause.address]
        series = corpus.documents[statement.document_id].series
        place = sentence_in_place(heads_of(corpus, clause), statement.text)
        yield Sentence(f"{series} {clause.address} {number}", statement.text, place)


def read_questions(names: tuple[str, ...], sentences: list[Sentence]) -> list[AskedQuestion]:
    """Return the questions of some files; those that are no matter of the desk too."""
    at = {sentence.reference: index for index, sentence in enumerate(sentences)}
    found: list[AskedQuestion] = []
    for name in names:
        answers: tuple[int, ...] = ()
        of_the_desk = True
        for line in (FOLDER / "questions" / f"{name}.txt").read_text("utf-8").splitlines():
            if not line.startswith("="):
                found.append(AskedQuestion(line, name, answers, of_the_desk))
                continue
            of_the_desk = line != "= x"
            if line in ("= -", "= x"):
                answers = ()
            else:
                answers = tuple(at[reference] for reference in line[2:].split("; "))
    return found
