"""季度报送: which units owe a quarter's report to the leading group's office, and which came.

The office lists the units; a report is taken down on the day it comes, by the clock of the
system, so that nobody can date it back (R1 is the system's own figure: G11).
"""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from accounts.role import Role
from audit.log import append_event
from guidance.indicators.formulas import percent
from guidance.periods.period import Quarter, shanghai_day
from guidance.review.proposal import required_reason
from guidance.review.staff import Staff
from storage.database import Base, storable

LONGEST_NAME = 60
MOST_UNITS = 300


class ReturnRefused(ValueError):
    """What is asked of a quarter's list cannot be done; the message says why."""


class QuarterlyReturn(Base):
    """One unit that owes its report of a quarter, and when it came."""

    __tablename__ = "quarterly_returns"

    period: Mapped[str] = mapped_column(String(8), primary_key=True)
    org_unit: Mapped[str] = mapped_column(String(LONGEST_NAME), primary_key=True)
    listed_by: Mapped[str]
    listed_at: Mapped[datetime]
    received_at: Mapped[datetime | None]
    received_by: Mapped[str] = mapped_column(default="")

    @property
    def on_time(self) -> bool:
        """Whether it came within the days after the quarter in which entries are taken."""
        due = Quarter.parse(self.period).entry_closes_on
        return self.received_at is not None and shanghai_day(self.received_at) <= due


def returns_of(db: Session, quarter: Quarter) -> list[QuarterlyReturn]:
    """Return the units that owe a report of a quarter, by name."""
    owed = select(QuarterlyReturn).where(QuarterlyReturn.period == str(quarter))
    return list(db.scalars(owed.order_by(QuarterlyReturn.org_unit)))


def share_on_time(db: Session, quarter: Quarter) -> Decimal | None:
    """Return how many percent of the reports of a quarter came in time; None: nothing is listed."""
    rows = returns_of(db, quarter)
    return percent(Decimal(sum(row.on_time for row in rows)), Decimal(len(rows)))


def list_units(
    db: Session, quarter: Quarter, units: Iterable[str], by: Staff, at: datetime
) -> list[str]:
    """Put units on a quarter's list; return those that were not on it.

    Raises ReturnRefused for a quarter that has not begun, and for names that cannot be.
    """
    by.require(Role.HANDLER, Role.ADMINISTRATOR)
    _require_begun(quarter, at)
    known = {row.org_unit for row in returns_of(db, quarter)}
    names = dict.fromkeys(str(storable(one)).strip() for one in units)
    added = [name for name in names if name and name not in known]
    if any(len(name) > LONGEST_NAME for name in added):
        raise ReturnRefused(f"单位名称最多 {LONGEST_NAME} 个字，每行写一个单位。")
    if len(known) + len(added) > MOST_UNITS:
        raise ReturnRefused(f"一个季度最多列 {MOST_UNITS} 个单位，请检查名单。")
    if not added:
        raise ReturnRefused("没有新的单位：请每行写一个还不在名单上的单位。")
    for name in added:
        db.add(
            QuarterlyReturn(
                period=str(quarter), org_unit=name, listed_by=by.reference, listed_at=at
            )
        )
    db.flush()
    append_event(db, "return.listed", f"returns:{quarter}", by.actor, {"units": added})
    return added


def drop_unit(
    db: Session, quarter: Quarter, unit: str, by: Staff, at: datetime, *, reason: str
) -> None:
    """Take a unit off the list, until its report is due and unless it came already."""
    by.require(Role.HANDLER, Role.ADMINISTRATOR)
    row = _found(db, quarter, unit)
    why = required_reason(reason)
    if row.received_at is not None or shanghai_day(at) > quarter.entry_closes_on:
        raise ReturnRefused("报送已收到，或者报送期已过，不能再从名单上去掉。")
    db.delete(row)
    db.flush()
    append_event(db, "return.dropped", f"returns:{quarter}", by.actor, {"unit": unit}, why)


def receive(db: Session, quarter: Quarter, unit: str, by: Staff, at: datetime) -> QuarterlyReturn:
    """Take down that a unit's report came now."""
    by.require(Role.HANDLER)
    _require_begun(quarter, at)
    row = _found(db, quarter, unit)
    if row.received_at is not None:
        raise ReturnRefused("这个单位的报送已经登记过，请刷新页面。")
    row.received_at, row.received_by = at, by.reference
    db.flush()
    append_event(db, "return.received", f"returns:{quarter}", by.actor, {"unit": unit})
    return row


def take_back(db: Session, quarter: Quarter, unit: str, by: Staff, reason: str) -> None:
    """Undo a receipt that was taken down by mistake; that it stood there stays in the log."""
    by.require(Role.HANDLER)
    row = _found(db, quarter, unit)
    why = required_reason(reason)
    if row.received_at is None:
        raise ReturnRefused("这个单位的报送还没有登记，请刷新页面。")
    said = {"unit": unit, "received_at": row.received_at.isoformat()}
    row.received_at, row.received_by = None, ""
    db.flush()
    append_event(db, "return.taken_back", f"returns:{quarter}", by.actor, said, why)


def _found(db: Session, quarter: Quarter, unit: str) -> QuarterlyReturn:
    row = db.get(
        QuarterlyReturn, (str(quarter), unit), populate_existing=True, with_for_update=True
    )
    if row is None:
        raise ReturnRefused("名单上没有这个单位，请从列表里选择。")
    return row


def _require_begun(quarter: Quarter, at: datetime) -> None:
    if quarter.first_day > shanghai_day(at):
        raise ReturnRefused("这个季度还没有开始。")
