"""What the pages of the ledger read: one call for each page and each way to narrow it down."""

from collections.abc import Callable
from datetime import UTC, date, datetime

from sqlalchemy.orm import Session

from guidance.counting.tally import SPLITS, counted_by
from guidance.counting.trace import trace_period, trace_session
from guidance.indicators.standing import progress
from guidance.ledger_audit import EventFilter, list_events
from guidance.ledger_filter import LedgerFilter
from guidance.ledger_list import count_page, members
from guidance.lifecycle import COUNTED, ServiceLine, SessionState
from guidance.message import Channel
from guidance.people.level import IdentityLevel
from guidance.periods.period import Quarter
from guidance.review.queue import unit_rates

NEVER = "第零街道"  # nobody's: such a filter reads all there is before it says so
PENDING = frozenset({SessionState.PENDING})
UNQUALIFIED = frozenset({SessionState.UNQUALIFIED})

Read = Callable[[Session], object]


def page_reads(on: date, last: int, last_event: int) -> dict[str, dict[str, Read]]:
    """Return the reads of all pages by page; `last` and `last_event` are the newest numbers."""
    return {
        "indicators": indicator_reads(on),
        "review_queue": queue_reads(on, last * 9 // 10),
        "ledger_list": list_reads(on, last // 2),
        "audit_log": event_reads(on, last_event // 2),
        "one_session": {"trace": lambda db: trace_session(db, max(1, last // 2))},
        "report": {"unit_rates": lambda db: unit_rates(db, str(Quarter.of(on)))},
    }


def indicator_reads(on: date) -> dict[str, Read]:
    """Return what the page of indicators asks for, and the parts of its pages behind."""
    periods = [f"{on.year}Q{number}" for number in range(1, 5)]

    def splits(db: Session) -> object:
        return [counted_by(db, split, *periods) for split in SPLITS]

    return {
        "progress": lambda db: progress(db, on),
        "splits_of_year": splits,
        "members_of_year": lambda db: members(db, str(on.year)),
        "members_of_no_unit": lambda db: members(db, str(on.year), NEVER),
        "quarter": lambda db: trace_period(db, periods[0]),
    }


def queue_reads(on: date, deep: int) -> dict[str, Read]:
    """Return the review queue's pages: first, deep, filtered, and filters that find nothing."""
    chosen = {
        "first_page": LedgerFilter(PENDING),
        "flagged": LedgerFilter(PENDING, flagged=True),
        "not_flagged": LedgerFilter(PENDING, flagged=False),
        "appealed": LedgerFilter(PENDING, appealed=True),
        "of_quarter": LedgerFilter(PENDING, period=f"{on.year}Q4"),
        "of_unit": LedgerFilter(PENDING, org_unit="第3街道"),
        "of_channel": LedgerFilter(PENDING, channel=Channel.EVENT),
        "of_month": LedgerFilter(PENDING, month=f"{on.year}-08"),
        "of_provider": LedgerFilter(PENDING, provider="mentor:M0003"),
        "no_such_unit": LedgerFilter(PENDING, org_unit=NEVER),
        "no_such_level": LedgerFilter(PENDING, identity_level=IdentityLevel.WECHAT_PHONE),
        "unqualified_of_day": LedgerFilter(UNQUALIFIED, code="Q8"),
        "unqualified_late": LedgerFilter(UNQUALIFIED, code="Q9"),
        "unqualified_no_such_code": LedgerFilter(UNQUALIFIED, code="Q0"),
    }
    reads = {name: _list(one) for name, one in chosen.items()}
    return reads | {"deep_page": _list(LedgerFilter(PENDING), deep)}


def list_reads(on: date, deep: int) -> dict[str, Read]:
    """Return the pages of the whole list, worst filters included."""
    early = f"{on.year - 2}-02"
    counted_online = LedgerFilter(COUNTED, service_line=ServiceLine.ASSISTANT)
    chosen = {
        "newest": LedgerFilter(),
        "counted_of_year": LedgerFilter(COUNTED, period=str(on.year)),
        "of_unit": LedgerFilter(org_unit="第3街道"),
        "of_month": LedgerFilter(month=f"{on.year}-05"),
        "of_early_month": LedgerFilter(month=early),
        "of_early_month_and_unit": LedgerFilter(COUNTED, org_unit="", month=early),
        "of_provider": LedgerFilter(provider="mentor:M0003"),
        "of_rare_channel": LedgerFilter(channel=Channel.EVENT),
        "of_level": LedgerFilter(identity_level=IdentityLevel.PHONE),
        "of_code": LedgerFilter(code="Q9"),
        "appealed": LedgerFilter(appealed=True),
        "appealed_of_unit": LedgerFilter(appealed=True, org_unit="第50街道"),
        "flagged": LedgerFilter(flagged=True),
        "flagged_of_channel": LedgerFilter(channel=Channel.EVENT, flagged=True),
        "no_such_unit": LedgerFilter(org_unit=NEVER),
        "no_such_provider": LedgerFilter(provider="mentor:none"),
        "no_such_code": LedgerFilter(code="Q0"),
        "no_such_level": LedgerFilter(identity_level=IdentityLevel.WECHAT_PHONE),
        "counted_with_code": LedgerFilter(COUNTED, code="Q5"),
        "online_by_staff": LedgerFilter(
            COUNTED, service_line=ServiceLine.ASSISTANT, identity_level=IdentityLevel.STAFF
        ),
        "district_online_by_staff": LedgerFilter(
            org_unit="", service_line=ServiceLine.ASSISTANT, identity_level=IdentityLevel.STAFF
        ),
        "year_at_window_online": LedgerFilter(
            period=str(on.year), service_line=ServiceLine.WINDOW, channel=Channel.WEB
        ),
        "counted_online": counted_online,
        "counting_of_year": LedgerFilter(period=str(on.year), counting=True),
        "counting_of_unit": LedgerFilter(org_unit="第3街道", counting=True),
        "counting_of_no_unit": LedgerFilter(org_unit=NEVER, counting=True),
        "counting_of_early_month": LedgerFilter(month=early, counting=True),
        "counting_of_provider": LedgerFilter(provider="mentor:M0003", counting=True),
        "counting_by_staff": LedgerFilter(identity_level=IdentityLevel.STAFF, counting=True),
    }
    reads = {name: _list(one, newest=True) for name, one in chosen.items()}
    return reads | {"deep_page": _list(LedgerFilter(), deep, newest=True)}


def event_reads(on: date, deep: int) -> dict[str, Read]:
    """Return the pages of the audit log."""
    early = datetime(on.year - 2, 2, 1, tzinfo=UTC)
    until = datetime(on.year - 2, 2, 2, tzinfo=UTC)
    chosen = {
        "newest": EventFilter(),
        "of_group": EventFilter(action="review"),
        "of_rare_group": EventFilter(action="period"),
        "of_no_group": EventFilter(action="sample"),
        "of_action": EventFilter(action="review.rejected"),
        "of_rare_action": EventFilter(action="period.locked"),
        "of_actor": EventFilter(actor="9"),
        "of_no_actor": EventFilter(actor="none"),
        "of_actor_without_such": EventFilter(action="period.locked", actor="11"),
        "of_subject": EventFilter(subject="session:77"),
        "of_early_day": EventFilter(since=early, until=until),
        "rare_of_early_day": EventFilter(action="period.locked", since=early, until=until),
    }

    def read(one: EventFilter, before: int = 0) -> Read:
        return lambda db: list_events(db, one, before)

    reads = {name: read(one) for name, one in chosen.items()}
    return reads | {"deep_page": read(EventFilter(), deep)}


def _list(chosen: LedgerFilter, after: int = 0, *, newest: bool = False) -> Read:
    return lambda db: count_page(db, chosen, after, newest=newest)
