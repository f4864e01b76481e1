"""What the WeChat desk works with, and how long it waits for what."""

from collections.abc import Callable
from dataclasses import dataclass

from api.limiter import MessageLimit
from api.observe import Metrics
from api.wechat.account import AccountBook
from api.wechat.client import TencentApi


@dataclass(frozen=True, slots=True)
class Pace:
    """When what happens after a callback came, in seconds. Tencent hangs up after five."""

    passive_s: float = 3.5
    give_up_s: float = 4.4  # the database itself does not answer
    hold_s: float = 5.5  # longer than Tencent waits, so that it calls again
    poll_s: float = 0.4


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a desk works with besides the database."""

    book: AccountBook
    api: TencentApi
    secret: str  # of this installation, for the references of persons
    site: str  # our public address, "" for none
    metrics: Metrics
    limit: MessageLimit
    in_trouble: Callable[[], bool]  # nothing may be recorded now
