"""Transactions in which everything may be tried, because nothing of it stays."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from guidance.periods.exceptions import grant_exception, propose_exception
from guidance.periods.period import Quarter
from guidance.periods.record import PeriodRecord, PeriodState
from guidance.session import GuidanceSession
from storage.database import Database
from tests.guidance.people import HANDLER, SECOND_SIGNER


class Undone(Exception):
    """Ends a transaction that was only tried."""


@contextmanager
def tried(database: Database) -> Iterator[Session]:
    """Open a transaction; nothing of it stays."""
    with suppress(Undone), database.writing() as db:
        yield db
        raise Undone


def put(db: Session, session_id: int, **values: object) -> None:
    """Write columns of a session as no step would."""
    mine = update(GuidanceSession).where(GuidanceSession.id == session_id)
    db.execute(mine.values(**values).execution_options(synchronize_session=False))
    db.expire_all()


def put_quarter(db: Session, quarter: Quarter, state: str, at: datetime) -> None:
    """Let a quarter be open, closed, excepted (closed with an exception) or locked."""
    if state == "excepted":
        wanted = propose_exception(db, quarter, "", HANDLER, at, "设备故障")
        grant_exception(db, wanted.id, SECOND_SIGNER, at)
    stored = PeriodState.CLOSED if state == "excepted" else PeriodState(state)
    record = PeriodRecord(
        period=str(quarter), state=stored, seed_digest="", seed="", closed_by="", frame_root="",
        prepared_by="", signed_by="", members_root="", as_of_seq=0,
    )  # fmt: skip
    db.add(record)
    db.flush()


def copies(db: Session, session_id: int, count: int, **values: object) -> None:
    """Add sessions like one, each of its own person."""
    one = db.scalars(select(GuidanceSession).where(GuidanceSession.id == session_id)).one()
    columns = [c.key for c in GuidanceSession.__table__.columns if c.key != "id"]
    common = {name: getattr(one, name) for name in columns} | values
    whose = f"{values.get('provider', '')}:{values.get('count_on', '')}"
    people = [f"{whose}:copy-{n}" for n in range(count)]
    db.add_all(GuidanceSession(**(common | {"person": p, "counts_for": p})) for p in people)
    db.flush()
