"""Whose staff see a request: the street it names, written as the district writes it."""

import re

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.account import Account
from api.signed_in import SignedIn
from audit.foreign import OfAnother
from matching.mentoring.need import MentoringNeed, NeedNotFound
from matching.mentoring.pairing import Pairing, PairingNotFound, find_pairing
from matching.mentors.search import streets_served

_ENDING = re.compile(r"(街道办事处|街道办|街道|办事处|街办|镇政府|镇|乡)$")


def street_names(db: Session) -> list[str]:
    """Return the streets that the installation knows, for a form to offer."""
    units = db.scalars(select(Account.org_unit).distinct())
    return sorted({*units, *streets_served(db)} - {""})


def unit_of(db: Session, street: str) -> str:
    """Return the unit that a street belongs to: its own spelling, else as it was typed.

    “小寨路”, “小寨路街道” and “小寨路街道办事处” are the same. Who names no street is seen by
    the district's own staff alone.
    """
    typed = street.strip()
    for name in street_names(db):
        if _stem(name) == _stem(typed):
            return name
    return typed


def seen_need(db: Session, account: SignedIn, need_id: int) -> MentoringNeed:
    """Return a need within an account's scope; another unit's is as good as missing."""
    need = db.get(MentoringNeed, need_id)
    missing = NeedNotFound("没有这份申请，请从列表重新选择。")
    if need is None:
        raise missing
    if not account.sees(need.org_unit):
        raise missing from OfAnother(need.subject)
    return need


def seen_pairing(db: Session, account: SignedIn, pairing_id: int) -> Pairing:
    """Return a pairing whose need is within an account's scope."""
    pairing = find_pairing(db, pairing_id)
    if not account.sees(db.get_one(MentoringNeed, pairing.need_id).org_unit):
        missing = PairingNotFound("没有这条邀请或结对，请从列表重新选择。")
        raise missing from OfAnother(pairing.subject)
    return pairing


def _stem(name: str) -> str:
    return _ENDING.sub("", name.replace(" ", ""))
