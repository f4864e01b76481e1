"""How many messages a client may send a minute."""

import math
import time

from fastapi import Request
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from api.refusals import TooManyMessages
from api.visitor import recognize

# Mobile networks put many phones behind one address, so an address may send more than
# one visitor; a client that keeps no cookie is limited by its address alone.
VISITORS_PER_ADDRESS = 20


class MessageLimit:
    """A moving window of one minute per visitor and per address, in this process."""

    def __init__(self, messages_per_minute: int) -> None:
        self.messages_per_minute = messages_per_minute
        self._window = MovingWindowRateLimiter(MemoryStorage())
        if messages_per_minute:
            self._one = RateLimitItemPerMinute(messages_per_minute)
            self._many = RateLimitItemPerMinute(messages_per_minute * VISITORS_PER_ADDRESS)

    def check(self, visitor: str | None, address: str) -> None:
        """Count one message of a visitor (None: unknown); raises TooManyMessages."""
        if not self.messages_per_minute:
            return
        client = visitor or f"address:{address}"
        if not self._window.hit(self._many, "every", address):
            raise TooManyMessages(self._wait_s(self._many, "every", address))
        if not self._window.hit(self._one, client):
            raise TooManyMessages(self._wait_s(self._one, client))

    def _wait_s(self, item: RateLimitItemPerMinute, *keys: str) -> int:
        reset_at = self._window.get_window_stats(item, *keys).reset_time
        return max(1, math.ceil(reset_at - time.time()))


async def count_message(request: Request) -> None:
    """Refuse a message that comes too fast; a dependency of the routes that take messages."""
    visitor = await recognize(request)
    limit: MessageLimit = request.app.state.message_limit
    address = request.client.host if request.client else "unknown"
    limit.check(visitor.reference if visitor.returning else None, address)
