"""The whole register as it stood when a quarter was locked: never computed again."""

from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import ForeignKey, Numeric, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from guidance.indicators.progress import Progress, Status
from storage.database import Base


class FrozenIndicator(Base):
    """One row of the register at the end of a locked quarter, the year up to it."""

    __tablename__ = "frozen_indicators"

    period: Mapped[str] = mapped_column(ForeignKey("periods.period"), primary_key=True)
    indicator: Mapped[str] = mapped_column(String(16), primary_key=True)
    value: Mapped[Decimal | None] = mapped_column(Numeric(18, 4))  # none: the status says why
    status: Mapped[Status]
    source_id: Mapped[int | None] = mapped_column(ForeignKey("indicator_values.id"))
    definitions: Mapped[str]  # the register's version and the signed readings

    @property
    def said(self) -> list[str | int]:
        """What the audit log says of it: value, status, and the number of the reported value."""
        value = "" if self.value is None else f"{self.value.normalize():f}"
        return [value, str(self.status), self.source_id or 0]


def freeze(
    db: Session, period: str, rows: Sequence[Progress], definitions: str
) -> list[FrozenIndicator]:
    """Store where every row stood; the caller puts it in the audit log."""
    frozen = [
        FrozenIndicator(
            period=period,
            indicator=row.indicator.id,
            value=row.value,
            status=row.status,
            source_id=row.source.id if row.source else None,
            definitions=definitions,
        )
        for row in rows
    ]
    db.add_all(frozen)
    db.flush()
    return frozen


def frozen_of(db: Session, period: str) -> dict[str, FrozenIndicator]:
    """Return the rows of a locked quarter by indicator; none before, or if locked before 0021."""
    rows = db.scalars(select(FrozenIndicator).where(FrozenIndicator.period == period))
    return {row.indicator: row for row in rows}
