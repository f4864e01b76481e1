"""A telephone number left with an open question, to be told when it has an answer."""

import re
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.database import Base

_MOBILE = re.compile(r"1[3-9]\d{9}")
_LANDLINE = re.compile(r"0\d{2,3}-?\d{7,8}")
_SPACING = re.compile(r"[\s\-\u2010-\u2015\uff0d]+")


class PhoneInvalid(ValueError):
    """A text is no telephone number; the message says what to write."""


class ConsentMissing(ValueError):
    """A number was typed without the consent to keep it."""


class GapContact(Base):
    """Who asked a question and wants to be told; the number is for this purpose alone."""

    __tablename__ = "gap_contacts"

    turn_id: Mapped[int] = mapped_column(ForeignKey("turns.id"), primary_key=True)
    person: Mapped[str] = mapped_column(index=True)
    phone: Mapped[str]  # "" once they are told: it has served its purpose
    consented_at: Mapped[datetime]
    told_at: Mapped[datetime | None]
    told_by: Mapped[str]

    @property
    def masked(self) -> str:
        """The number as lists show it."""
        return mask_phone(self.phone) if self.phone else "（已删除）"


def check_phone(text: str) -> str:
    """Return a mobile or landline number in digits. Raises PhoneInvalid."""
    digits = _SPACING.sub("", text).removeprefix("+86")
    if not digits.isascii() or not (_MOBILE.fullmatch(digits) or _LANDLINE.fullmatch(digits)):
        raise PhoneInvalid("请填写11位手机号，或带区号的固定电话，例如 0571-87654321。")
    return digits


def mask_phone(phone: str) -> str:
    """Return a number with its middle hidden."""
    return f"{phone[:3]}****{phone[-4:]}"


def leave_contact(
    db: Session, turn_id: int, person: str, phone: str, *, consent: bool, at: datetime
) -> None:
    """Keep a number for telling the answer to one question. Raises ConsentMissing, PhoneInvalid."""
    if not consent:
        raise ConsentMissing("请先勾选同意，我们才能保存您的电话。")
    contact = GapContact(
        turn_id=turn_id, person=person, phone=check_phone(phone), consented_at=at, told_by=""
    )
    db.merge(contact)


def withdraw_contact(db: Session, turn_id: int) -> None:
    """Delete a number that was left, as its owner asked."""
    contact = db.get(GapContact, turn_id)
    if contact is not None:
        db.delete(contact)


def contacts_of(db: Session, turn_ids: Sequence[int]) -> Sequence[GapContact]:
    """Return who wants to be told of these questions, in the order of asking."""
    found = select(GapContact).where(GapContact.turn_id.in_(turn_ids))
    return db.scalars(found.order_by(GapContact.turn_id)).all()
