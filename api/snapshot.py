"""What the running server answers from, and how it notices that something changed."""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from assistant.answer import Answer, Question
from assistant.related_policy import RelatedPolicy
from assistant.rephraser import Complete
from knowledge.corpus import Corpus
from knowledge.document import PolicyDocument, text_digest
from knowledge.knowledge_base import Knowledge
from knowledge.office import offices_stamp
from knowledge.register import Register
from knowledge.retriever import Hit
from matching.library_state import offers_state
from matching.profile.profile import Profile
from matching.projects.facts import ProjectFacts
from matching.recommending.offers import NO_OFFERS, Offers
from storage.connection import DatabaseUnavailable
from storage.database import Database

log = logging.getLogger("qichuang")

REFRESH_SECONDS = 1.0

# Find the k clauses nearest to a question among those that hold on a day, best first.
Search = Callable[[str, int, date], Sequence[Hit]]

Vectors = NDArray[np.float32]

PoliciesOf = Callable[[ProjectFacts, Profile, date], Sequence[RelatedPolicy]]


def _no_policies(_project: ProjectFacts, _profile: Profile, _day: date) -> Sequence[RelatedPolicy]:
    return ()


@dataclass(frozen=True, slots=True)
class Workings:
    """What the administrators' pages look into: the parts that an answer is made with."""

    knowledge: Knowledge
    search_any_time: Callable[[str, int], Sequence[Hit]]  # validity left out
    encode: Callable[[Sequence[str]], Vectors]  # questions to unit vectors, float32 (n, d)
    encoder: str  # fingerprint
    # A snapshot as it would be if a draft were published; takes seconds, changes nothing.
    with_draft: Callable[[Database, int], "Snapshot"]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One consistent state of everything an answer is made from.

    `answer` may raise; what it answered from is named by `versions`. `complete` asks the
    language model for plainer words, where one is set.
    """

    corpus: Corpus
    register: Register
    search: Search
    answer: Callable[[Question], Answer]
    versions: Mapping[str, str]
    complete: Complete | None = None
    offers: Offers = NO_OFFERS
    # Clauses in force on a day that help with a project, for a person.
    policies_of: PoliciesOf = _no_policies
    workings: Workings | None = None


class LiveSnapshot:
    """The current snapshot; a new one replaces it as a whole when documents, projects or
    mentors change.

    `build` makes a snapshot from the database and takes seconds; answers go on from
    the old one meanwhile. A failed build keeps the old one and is tried again later.
    """

    def __init__(
        self,
        database: Database,
        build: Callable[[Database], Snapshot],
        files_state: Callable[[], str] = lambda: "",
    ) -> None:
        """Build the first snapshot.

        `files_state` tells the state of the files of the data folder that answers rest on.
        """
        self._database = database
        self._build = build
        self._files_state = files_state
        self._refreshing = threading.Lock()
        self._state = self._now()
        self.current = build(database)
        # How many processes of their own compute its answers now.
        self.answer_processes: Callable[[], int] = lambda: 0

    def refresh(self) -> bool:
        """Build a new snapshot if anything changed since the last one; return whether."""
        with self._refreshing:
            state = self._now()
            if state == self._state:
                return False
            self.current = self._build(self._database)
            self._state = state
            return True

    def _now(self) -> str:
        database = self._database
        with database.reading() as db:
            offices = offices_stamp(db)
        parts = (
            document_state(database),
            offers_state(database),
            str(offices),
            self._files_state(),
        )
        return " ".join(parts)


def document_state(database: Database) -> str:
    """Return a digest of which document versions exist and hold; one small query."""
    columns = (
        PolicyDocument.id,
        PolicyDocument.digest,
        PolicyDocument.status,
        PolicyDocument.title,
        PolicyDocument.doc_number,
        PolicyDocument.effective_on,
        PolicyDocument.expires_on,
        PolicyDocument.replaced_on,
        PolicyDocument.published_on,
        PolicyDocument.issuer,
        PolicyDocument.level,
        PolicyDocument.caveat,
    )
    with database.reading() as db:
        rows = db.execute(select(*columns).order_by(PolicyDocument.id)).all()
    return text_digest("\n".join(repr(tuple(row)) for row in rows))


class Watch:
    """A background thread that calls jobs at their intervals until it is stopped."""

    def __init__(self, *jobs: tuple[float, Callable[[], object]]) -> None:
        self._jobs = jobs  # (seconds between calls, job)
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._repeat, args=job, daemon=True) for job in jobs
        ]

    def start(self) -> None:
        """Begin to call the jobs."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Call nothing more; return when no job is running."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _repeat(self, interval_s: float, job: Callable[[], object]) -> None:
        while not self._stop.wait(interval_s):
            try:
                job()
            except Exception as error:
                # The next call may succeed (the database is back, the document corrected).
                log.warning("background job failed: %s", _said(error))


def _said(error: Exception) -> str:
    """Return what may be logged of a failure: words of others could quote what people wrote."""
    if isinstance(error, DatabaseUnavailable):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return f"{type(error).__name__} ({error.strerror})"
    return type(error).__name__
