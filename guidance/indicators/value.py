"""Values that departments report: with a file as evidence, counted only after a review."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from sqlalchemy import Index, Numeric, String, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from accounts.role import Role
from audit.log import append_event
from guidance.indicators.evidence import EvidenceFile
from guidance.indicators.indicator import IndicatorKind, load_register
from guidance.periods.period import shanghai_day
from guidance.review.proposal import AlreadyDecided, required_reason
from guidance.review.staff import DutiesNotSeparate, Staff
from storage.database import Base, storable

HIGHEST = Decimal(10) ** 13


class ValueRefused(ValueError):
    """A reported value cannot be taken; the message says why."""


class ValueStatus(StrEnum):
    """How a reported value stands."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    REFUSED = "refused"


class IndicatorValue(Base):
    """One value of one indicator as of a day. Never changed: a correction is a new one."""

    __tablename__ = "indicator_values"
    __table_args__ = (Index("ix_indicator_values_indicator", "indicator", "status", "as_of_on"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    indicator: Mapped[str] = mapped_column(String(16))
    item: Mapped[str]  # what it is of, where a row sums up several; else ""
    as_of_on: Mapped[date]
    value: Mapped[Decimal] = mapped_column(Numeric(18, 4))
    sample_size: Mapped[int | None]  # of a survey
    source: Mapped[str]  # the office or system it comes from
    row_number: Mapped[int | None]  # in the evidence file
    evidence_digest: Mapped[str] = mapped_column(String(64))
    note: Mapped[str]
    status: Mapped[ValueStatus]
    uploaded_by: Mapped[str]
    uploaded_at: Mapped[datetime]
    reviewed_by: Mapped[str]
    reviewed_at: Mapped[datetime | None]
    review_reason: Mapped[str]


@dataclass(frozen=True, slots=True)
class Reported:
    """What a department reports."""

    indicator: str
    as_of_on: date
    value: Decimal
    source: str
    evidence_digest: str
    sample_size: int | None = None
    row_number: int | None = None
    note: str = ""
    item: str = ""


def report_value(db: Session, reported: Reported, by: Staff, at: datetime) -> IndicatorValue:
    """Store a reported value for review.

    Raises IndicatorNotFound; ValueRefused for what nobody may enter (derived and computed
    ones, G11), for a value that cannot be, and without a stored evidence file.
    """
    by.require(Role.HANDLER, Role.REVIEWER)
    indicator = load_register().get(reported.indicator)
    if indicator.kind is not IndicatorKind.ENTERED:
        raise ValueRefused("这项指标由系统按台账或公式得出，任何人都不能填报。")
    if db.get(EvidenceFile, reported.evidence_digest) is None:
        raise ValueRefused("请先上传证明材料，再填报数值。")
    _check(reported, indicator.unit, at)
    item = str(storable(reported.item)).strip() if indicator.items else ""
    if indicator.items and not item:
        raise ValueRefused(f"请填写{indicator.items}：这项指标逐个填报，系统合计。")
    stored = IndicatorValue(
        indicator=indicator.id,
        item=item,
        as_of_on=reported.as_of_on,
        value=reported.value,
        sample_size=reported.sample_size,
        source=str(storable(reported.source)).strip(),
        row_number=reported.row_number,
        evidence_digest=reported.evidence_digest,
        note=str(storable(reported.note)),
        status=ValueStatus.PENDING,
        uploaded_by=by.reference,
        uploaded_at=at,
        reviewed_by="",
        review_reason="",
    )
    db.add(stored)
    db.flush()
    said = {"value": str(reported.value), "as_of": reported.as_of_on, "id": stored.id,
            "evidence": reported.evidence_digest, "source": stored.source}  # fmt: skip
    if item:
        said["item"] = item
    append_event(db, "indicator.reported", f"indicator:{indicator.id}", by.actor, said)
    return stored


def review_value(
    db: Session, value_id: int, by: Staff, at: datetime, *, accept: bool, reason: str = ""
) -> IndicatorValue:
    """Accept or refuse a reported value as another person. Raises DutiesNotSeparate."""
    by.require(Role.REVIEWER, Role.SIGNER)
    stored = db.get(IndicatorValue, value_id, populate_existing=True, with_for_update=True)
    if stored is None or stored.status is not ValueStatus.PENDING:
        raise AlreadyDecided("没有这项待审核的数值，可能已有人处理，请刷新页面。")
    if by.is_one_of(stored.uploaded_by):
        raise DutiesNotSeparate("填报人不能审核自己填的数值，请由另一位同事办理。")
    stored.status = ValueStatus.ACCEPTED if accept else ValueStatus.REFUSED
    stored.reviewed_by, stored.reviewed_at = by.reference, at
    stored.review_reason = reason if accept else required_reason(reason)
    db.flush()
    action = "indicator.accepted" if accept else "indicator.refused"
    append_event(db, action, f"indicator:{stored.indicator}", by.actor, {"id": stored.id}, reason)
    return stored


def accepted_values(
    db: Session,
    indicators: Iterable[str],
    first: date,
    last: date,
    carried: Iterable[str] = (),
) -> dict[str, IndicatorValue]:
    """Return the newest accepted value of each indicator as of a day in the span, inclusive.

    What is carried holds from before the span too, until a newer one is accepted.
    """
    return {row.indicator: row for row in _accepted(db, indicators, first, last, carried)}


def accepted_items(
    db: Session, indicators: Iterable[str], first: date, last: date
) -> dict[str, list[IndicatorValue]]:
    """Return the newest accepted value of every item of each indicator, in the items' order."""
    found: dict[str, dict[str, IndicatorValue]] = {}
    for row in _accepted(db, indicators, first, last):
        found.setdefault(row.indicator, {})[row.item] = row
    return {name: [items[one] for one in sorted(items)] for name, items in found.items()}


def accepted_by_year(
    db: Session, indicators: Iterable[str], first: date, last: date
) -> dict[str, dict[int, Decimal]]:
    """Return the last accepted value of every year, by indicator."""
    found: dict[str, dict[int, Decimal]] = {}
    for row in _accepted(db, indicators, first, last):
        found.setdefault(row.indicator, {})[row.as_of_on.year] = row.value
    return found


def _accepted(
    db: Session,
    indicators: Iterable[str],
    first: date,
    last: date,
    carried: Iterable[str] = (),
) -> Iterable[IndicatorValue]:
    """Return the accepted values as of a day in the span, oldest first."""
    return db.scalars(
        select(IndicatorValue)
        .where(
            IndicatorValue.indicator.in_(list(indicators)),
            IndicatorValue.status == ValueStatus.ACCEPTED,
            or_(IndicatorValue.as_of_on >= first, IndicatorValue.indicator.in_(list(carried))),
            IndicatorValue.as_of_on <= last,
        )
        .order_by(IndicatorValue.as_of_on, IndicatorValue.id)
    )


def values_of(db: Session, indicator: str, limit: int = 100) -> list[IndicatorValue]:
    """Return what was reported for an indicator, newest first, whatever became of it."""
    rows = select(IndicatorValue).where(IndicatorValue.indicator == indicator)
    newest = rows.order_by(IndicatorValue.as_of_on.desc(), IndicatorValue.id.desc())
    return list(db.scalars(newest.limit(limit)))


def pending_values(db: Session, limit: int = 200) -> list[IndicatorValue]:
    """Return the reported values that wait for a review, oldest first."""
    rows = select(IndicatorValue).where(IndicatorValue.status == ValueStatus.PENDING)
    return list(db.scalars(rows.order_by(IndicatorValue.id).limit(limit)))


def read_number(text: str) -> Decimal:
    """Read a typed number, with thousands separators or full-width digits. Raises ValueRefused."""
    plain = text.strip().replace(",", "").replace("，", "").rstrip("%％")
    try:
        number = Decimal(plain)
    except InvalidOperation:
        raise ValueRefused("请填写数字，例如 1200 或 85.5。") from None
    if not number.is_finite():
        raise ValueRefused("请填写数字，例如 1200 或 85.5。")
    return number


def check_amount(value: Decimal, unit: str) -> None:
    """Raise ValueRefused for what no amount of a unit can be."""
    if not value.is_finite() or abs(value) >= HIGHEST or value != round(value, 4):
        raise ValueRefused("数值太大，或小数超过四位，请检查。")
    if value < 0:
        raise ValueRefused("数值不能是负数，请检查。")
    if unit == "%" and value > 100:
        raise ValueRefused("百分比不能超过 100，请检查。")
    if unit == "是/否" and value not in (0, 1):
        raise ValueRefused("请填 1（是）或 0（否）。")
    if unit in ("人", "人次", "户", "个", "家", "支", "次", "份") and value != int(value):
        raise ValueRefused(f"以“{unit}”为单位的数值须为整数，请检查。")


def _check(reported: Reported, unit: str, at: datetime) -> None:
    check_amount(reported.value, unit)
    if reported.as_of_on > shanghai_day(at):
        raise ValueRefused("截止日期还没有到，请检查。")
    if not reported.source.strip():
        raise ValueRefused("请写明数据来自哪个单位或系统。")
