"""What an answer is: sentences, each bound to spans of clauses, and a status."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from matching.recommending.feedback import Decline
from matching.recommending.impression import ShownList

NOTE_LEAD = "请注意："


class AnswerStatus(StrEnum):
    """How a message was answered: stored, shown and counted. The list is closed."""

    ANSWERED = "answered"
    PARTLY_ANSWERED = "partly_answered"
    CLARIFY = "clarify"
    NOT_IN_POLICY = "not_in_policy"
    OUT_OF_SCOPE = "out_of_scope"
    EXPIRED_ONLY = "expired_only"
    HANDED_OVER = "handed_over"
    BLOCKED_QUESTION = "blocked_question"
    BLOCKED_ANSWER = "blocked_answer"
    FAILED = "failed"


class Intent(StrEnum):
    """What a message asks for."""

    POLICY = "policy"
    ELIGIBILITY = "eligibility"
    DEPARTMENT = "department"
    LIST = "list"
    FIGURE = "figure"
    PROJECT = "project"
    MENTOR = "mentor"
    PROGRESS = "progress"
    HANDOFF = "handoff"
    SMALLTALK = "smalltalk"
    OUT_OF_SCOPE = "out_of_scope"


@dataclass(frozen=True, slots=True)
class Citation:
    """A frozen copy of what a sentence rests on; it outlives the document's version."""

    clause_id: int
    document_id: int
    document: str  # title
    doc_number: str | None
    address: str  # 三(三)4
    quote: str  # verbatim: the document's text[start:end]
    start: int
    end: int
    digest: str  # SHA-256 of the document's text
    department: str | None  # who is responsible, where the clause says so
    effective_on: date | None
    expires_on: date | None


@dataclass(frozen=True, slots=True)
class OfficeSource:
    """A frozen copy of an office that the district entered: a source beside the clauses."""

    version_id: int
    unit: str  # the department by its name today, or a street
    name: str
    details: tuple[tuple[str, str], ...]  # (OfficeDetail, value) of what is known
    updated_on: date


@dataclass(frozen=True, slots=True)
class Operand:
    """A value that goes into a computation, as it was written where it comes from.

    `citation` is an index into Answer.citations; without one the person gave the value.
    """

    name: str
    text: str
    citation: int | None = None


@dataclass(frozen=True, slots=True)
class Computation:
    """How a sentence came to its figure; recomputed before the answer is sent."""

    name: str
    formula: str
    operands: tuple[Operand, ...]
    unit: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of an answer.

    `citations` are indexes into Answer.citations. A sentence without any is
    framing ("您可以这样问:") and may hold no fact: no figure, no department.
    """

    text: str
    citations: tuple[int, ...] = ()
    bullet: bool = False  # shown as a list item
    computation: Computation | None = None  # for a figure that no clause states itself
    office: int | None = None  # index into Answer.offices of what the district says itself


class CardKind(StrEnum):
    """What a card recommends."""

    PROJECT = "project"
    MENTOR = "mentor"


@dataclass(frozen=True, slots=True)
class Card:
    """One recommended project or mentor, as it was when it was shown; texts are Chinese."""

    kind: CardKind
    code: str
    title: str
    why: str  # one line: the strongest reasons with the data that caused them
    money: str = ""  # 投资 3–5 万元，第一年现金需要约 4.2 万元
    risk: str = ""
    policy: str = ""  # title and address of a related clause
    policy_clause_id: int | None = None
    mentor: str = ""
    url: str = ""  # page of this site, relative


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, complete: what is sent, stored and evaluated."""

    status: AnswerStatus
    intent: Intent
    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...] = ()
    suggestions: tuple[str, ...] = ()  # questions or choices to tap next
    completed_question: str = ""  # a follow-up as it was understood
    cards: tuple[Card, ...] = ()
    # What the message says about the person, fact key -> JSON value; None takes a fact back.
    learned: Mapping[str, Any] = field(default_factory=dict)
    # What it was made from, name -> digest, where the caller cannot know.
    versions: Mapping[str, str] = field(default_factory=dict)
    shown: ShownList | None = None  # the projects recommended, for the log of impressions
    offices: tuple[OfficeSource, ...] = ()  # where to go, as the district entered it
    rephrased: bool = False  # worded by a language model, each sentence checked
    notes: tuple[str, ...] = ()  # what to know of the documents cited, see assistant/notes.py

    @property
    def text(self) -> str:
        """The answer as plain text, one sentence or list item a line."""
        return "\n".join(("· " if s.bullet else "") + s.text for s in self.sentences)

    @property
    def full_text(self) -> str:
        """The text with what has to be known of the documents: what a reader is shown."""
        return "\n".join([self.text, *(NOTE_LEAD + note for note in self.notes)])

    def as_past(self, question: str) -> "PastTurn":
        """Return the question and this answer as a turn of the history."""
        clauses = (citation.clause_id for citation in self.citations)
        cards = ((card.kind, card.code) for card in self.cards)
        return past_turn(
            question, self.completed_question, self.intent, self.status, clauses, cards
        )


@dataclass(frozen=True, slots=True)
class PastTurn:
    """An earlier turn of the conversation, newest last in a history."""

    question: str
    completed_question: str
    intent: Intent
    status: AnswerStatus
    clause_ids: tuple[int, ...]
    shown: tuple[str, ...] = ()  # codes of the projects that it recommended


def past_turn(
    question: str,
    completed_question: str,
    intent: str,
    status: str,
    clause_ids: Iterable[int],
    cards: Iterable[tuple[str, str]],
) -> PastTurn:
    """Make an earlier turn of an answer, fresh or stored; `cards` are (kind, code)."""
    return PastTurn(
        question,
        completed_question,
        Intent(intent),
        AnswerStatus(status),
        tuple(dict.fromkeys(clause_ids)),
        tuple(code for kind, code in cards if kind == CardKind.PROJECT),
    )


@dataclass(frozen=True, slots=True)
class Question:
    """One message to answer, with everything its answer may depend on."""

    text: str
    as_of: date
    history: tuple[PastTurn, ...] = ()
    # What the person said about themselves before, fact key -> JSON value.
    known: Mapping[str, Any] = field(default_factory=dict)
    declined: tuple[Decline, ...] = ()  # projects that they turned down
    profile_in_use: bool = True  # False: the person does not want their profile used
    draw: str = ""  # of whom chance is drawn; empty: nothing is left to chance
