"""What a made-up ledger consists of: who, where, by which way, what became of it, and its log."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from random import Random
from typing import Any

from audit.log import (
    GENESIS,
    SALT_BYTES,
    Actor,
    EventHeader,
    canonical,
    event_hash,
    payload_digest,
)
from audit.merkle import MerkleTree
from guidance.lifecycle import TRANSITIONS, ServiceLine, SessionState
from guidance.message import Channel
from guidance.people.level import IdentityLevel
from guidance.periods.members import LEAF, LEAVES, leaf_of
from guidance.periods.record import WHOLE

FIRST_DAY = date(2024, 1, 1)
LAST_DAY = date(2026, 12, 31)
OPEN_QUARTERS = ("2026Q3", "2026Q4")  # the rest is locked
TOWNS = tuple(f"第{number}街道" for number in range(1, 25))
OFFICES = tuple(f"第{number}局" for number in range(1, 28))
UNITS = ("", *TOWNS, *OFFICES)
# The first few ask and serve most: shares fall with the place in the list.
SKEW = 1.8
WAYS = (
    (Channel.WEB, ServiceLine.ASSISTANT, 50),
    (Channel.WECHAT, ServiceLine.ASSISTANT, 30),
    (Channel.API, ServiceLine.ASSISTANT, 5),
    (Channel.WINDOW, ServiceLine.WINDOW, 7),
    (Channel.TELEPHONE, ServiceLine.TELEPHONE, 4),
    (Channel.MENTOR, ServiceLine.MENTOR, 3),
    (Channel.EVENT, ServiceLine.EVENT, 1),
)
HUMAN_SHARE = 0.15  # of WAYS; such sessions have no turns
_REVIEW = ("session.recorded", "session.qualified", "review.submitted")
# What became of sessions, by how often: in a quarter that is over, and in a running one.
_PASSED = (*_REVIEW, "review.approved")
_FATES: tuple[tuple[tuple[str, ...], int, int], ...] = (
    (_PASSED, 77, 46),
    (("session.recorded", "session.unqualified"), 15, 15),
    ((*_REVIEW, "review.rejected"), 4, 4),
    (("session.recorded", "session.merged"), 2, 2),
    ((*_REVIEW, "review.withdrawn"), 1, 1),
    (_REVIEW, 0, 22),
    ((*_REVIEW, "review.returned"), 0, 3),
    ((*_REVIEW, "review.rejected", "review.appealed", "review.approved"), 1, 1),
    ((*_REVIEW, "review.rejected", "review.appealed"), 0, 1),
    (("session.recorded", "session.qualified"), 0, 5),
)
TAKEN = _FATES[1][0]  # what becomes of a second session of a day
HANDLED = frozenset({"review.submitted", "review.withdrawn", "review.appealed"})
# Reasons and flags as often as they come; most sessions have none, the last ones are rare.
REASONS = (("Q5", 40), ("Q3", 25), ("Q4", 15), ("Q3 Q5", 10), ("Q6", 9), ("Q9", 1))
FLAGS = (("", 955), ("G3", 30), ("G4", 10), ("G3 G4", 4), ("LATE", 1))
LEVELS = (
    (IdentityLevel.VISITOR, 60),
    (IdentityLevel.WECHAT, 25),
    (IdentityLevel.PHONE, 10),
    (IdentityLevel.STAFF, 5),
)
Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Scale:
    """How much to make; `turns_per_session` is the mean over all sessions."""

    sessions: int
    turns_per_session: float
    seed: int = 1


@dataclass(slots=True)
class Batch:
    """Rows by table, each in the order of its columns."""

    rows: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))


COLUMNS = {
    "conversations": "id person channel opened_at",
    "guidance_sessions": (
        "id person channel opened_at last_turn_at closed_at turn_count service_line state count_on"
        " period counts_for identity_level org_unit provider recorder submitter approver minutes"
        " place topic summary seal seal_salt recorded_at wording rule_version codes flags"
        " submitted_at decided_at appealed"
    ),
    "turns": (
        "session_id conversation_id sequence channel message_id question completed_question status"
        " intent answer_text reply versions asked_at answered_at latency_ms"
    ),
    "audit_events": ("seq at_us actor_kind actor_id actor_role action subject payload_digest hash"),
    "audit_payloads": "seq salt payload",
    "periods": (
        "period state seed_digest seed committed_at closed_by closed_at frame_root prepared_by"
        " signed_by"
        " locked_at members_root as_of_seq"
    ),
    "period_values": (
        "period indicator org_unit value definition_version rule_version members_root as_of_seq"
    ),
}


def canonical_text(number: int) -> tuple[str, str, str]:
    """Return one of the made-up exchanges: question, answer and reply as JSON."""
    question = f"第{number}类创业补贴怎么申请，要带哪些材料？"
    answer = f"第{number}类补贴由所在街道受理，请带身份证和营业执照，" * 3 + "十个工作日内答复。"
    cited = {"clause": f"第{number}条", "document": "南山区创业扶持办法", "text": answer}
    return question, answer, canonical({"citations": [cited], "status": "answered"})


class Log:
    """The audit log as it grows: what `audit.log.append_event` would write, without a database."""

    def __init__(self, random: Random) -> None:
        self.seq, self.head = 0, GENESIS
        self._random = random

    def add(
        self, batch: Batch, at_us: int, actor: Actor, action: str, subject: str, payload: str
    ) -> None:
        """Add one event, with its payload as canonical JSON or empty."""
        self.seq += 1
        digest = ""
        if payload:
            salt = self._random.randbytes(SALT_BYTES).hex()
            digest = payload_digest(salt, payload)
            batch.rows["audit_payloads"].append((self.seq, salt, payload))
        header = EventHeader(
            self.seq, at_us, actor.kind, actor.id, actor.role, action, subject, digest
        )
        self.head = event_hash(self.head, header)
        batch.rows["audit_events"].append((*header, self.head))


class Members:
    """The counted sessions of a quarter, for its lock."""

    def __init__(self) -> None:
        self.tree = MerkleTree()
        self.sessions: Counter[str] = Counter({WHOLE: 0})
        self.persons: dict[str, set[str]] = defaultdict(set, {WHOLE: set()})

    def add(self, row: dict[str, Any]) -> None:
        """Count one session."""
        person, unit = row["person"], row["org_unit"]
        self.tree.append(leaf_of(row.get(name) for name in LEAVES[LEAF]))
        for key in (WHOLE, unit):
            self.sessions[key] += 1
            self.persons[key].add(person)


def skewed(random: Random, count: int) -> int:
    """Draw a place below `count`, the first ones most often."""
    return int(count * random.random() ** SKEW)


def fates(quarter: str) -> tuple[list[tuple[str, ...]], list[int]]:
    """Return what may become of a session of a quarter, and how often."""
    running = quarter in OPEN_QUARTERS
    return [row[0] for row in _FATES], [row[2] if running else row[1] for row in _FATES]


def state_after(path: tuple[str, ...]) -> SessionState:
    """Return where the steps of the table lead."""
    return TRANSITIONS[path[-1]].target


def drawn(random: Random, choices: Sequence[tuple[Any, int]]) -> Any:
    """Draw one of the first members by the weights beside them."""
    return random.choices(choices, [weight for _, weight in choices])[0][0]


@lru_cache
def said_of(path: tuple[str, ...], place: int) -> str:
    """Return the payload of a step as canonical JSON."""
    before = TRANSITIONS[path[place - 1]].target if place else SessionState.OPEN
    words = {"from": before, "to": TRANSITIONS[path[place]].target}
    return canonical({"details": words})
