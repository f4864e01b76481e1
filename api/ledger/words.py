"""How the ledger's states, channels and kinds of things are called on a page."""

import math
from datetime import datetime, timedelta
from typing import Any

from api.ledger.event_words import KIND_NAMES
from guidance.awaited import Awaited
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


def awaited_words(awaited: Awaited, now: datetime) -> str:
    """Say what a recorded session waits for, and how long."""
    paper = f"补充证明材料（还剩 {_hours(awaited.judged_at - now)} 小时）"
    if now > awaited.confirm_by:
        return f"咨询人确认的期限已过，可以{paper}，到时没有材料就不计数。"
    left = _hours(awaited.confirm_by - now)
    return f"按现行口径，等咨询人确认（还剩 {left} 小时）或{paper}，到时两样都没有就不计数。"


def _hours(left: timedelta) -> int:
    return max(0, math.ceil(left / timedelta(hours=1)))


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
