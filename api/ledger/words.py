"""How the ledger's states, channels and kinds of things are called on a page."""

from typing import Any

from api.ledger.event_words import KIND_NAMES
from guidance.counting.qualification import FLAGS, REASONS
from guidance.lifecycle import LINE_NAMES, STATE_NAMES, SessionState
from guidance.message import CHANNEL_NAMES
from guidance.people.level import LEVEL_NAMES

STATE_TONES = {
    SessionState.APPROVED: "good",
    SessionState.LOCKED: "good",
    SessionState.PENDING: "warn",
    SessionState.RETURNED: "warn",
    SessionState.QUALIFIED: "warn",
    SessionState.REJECTED: "bad",
    SessionState.UNQUALIFIED: "bad",
}

# What the templates of the ledger call things by.
NAMES: dict[str, Any] = {
    "states": STATE_NAMES,
    "tones": STATE_TONES,
    "lines": LINE_NAMES,
    "channels": CHANNEL_NAMES,
    "levels": LEVEL_NAMES,
    "reasons": REASONS | FLAGS,
    "kinds": KIND_NAMES,
}
