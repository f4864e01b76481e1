"""Erasing and exporting a person across the whole installation, and the retention schedule."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from api.people.erasing import erase_identity, wechat_bound_to
from api.wechat.kf_leaving import erase_kf, erase_kf_before
from api.wechat.outbox import OutboxMessage
from api.wechat.received import WeChatMessage
from audit.log import Actor
from guidance.handover.privacy import erase_handovers, forget_words, handovers_for
from guidance.people.identity import references_of
from guidance.periods.period import SHANGHAI
from guidance.privacy.retention import Schedule, erase_old, read_schedule
from guidance.privacy.rights import Erased, erase_person, record_of, waiting_for_purge
from matching.mentoring.privacy import erase_mentoring, mentoring_of
from matching.profile.entrepreneur import ProfileChoice, facts_of, forget, known_person
from matching.recommending.impression import RecommendationList
from storage.database import Database
from storage.purging import purge, size_bytes

log = logging.getLogger("qichuang")

NIGHT = range(1, 5)  # hours in China
STEPS = 20


@dataclass(frozen=True, slots=True)
class Keeping:
    """What erasing needs of an installation: its secret, and how long it keeps what."""

    secret: str
    schedule: Schedule


def erase_everywhere(
    database: Database, person: str, by: Actor, at: datetime, keeping: Keeping
) -> Erased:
    """Erase a person from every table in one transaction; counts, seals and chain stay."""
    with database.writing() as db:
        for reference in references_of(db, person):
            _erase_profile(db, reference)
            erase_mentoring(db, reference, at)
            erase_identity(db, reference, keeping.secret, at)
            erase_kf(db, reference)
        erase_handovers(db, references_of(db, person), at)
        return erase_person(db, person, by, at, keeping.schedule.counted_for)


def export_person(db: Session, person: str) -> dict[str, Any]:
    """Return everything that is held of a person, as plain values."""
    references = references_of(db, person)
    facts = [fact for one in references for fact in facts_of(db, one)]
    declined = [decline for one in references for decline in known_person(db, one).declined]
    return {
        "references": references,
        "profile": [
            {"key": fact.key, "value": fact.value["value"], "learned_at": fact.learned_at}
            for fact in facts
        ],
        "declined_projects": [
            {"project": one.project_code, "reason": one.reason} for one in declined
        ],
        "wechat": [bound for one in references for bound in wechat_bound_to(db, one)],
        "mentoring": [need for one in references for need in mentoring_of(db, one)],
        "handovers": handovers_for(db, references),
        **record_of(db, person),
    }


def keep_to_schedule(database: Database, data_dir: Path, at: datetime) -> int:
    """Erase what has had its time; write the files anew when that is due. Returns how many."""
    schedule = read_schedule(data_dir)
    total = 0
    for _ in range(STEPS):
        with database.writing() as db:
            done = erase_old(db, schedule, at) + _erase_deliveries(db, schedule, at)
        total += done
        if not done:
            break
    purge_when_due(database, schedule, at)
    return total


def purge_when_due(
    database: Database, schedule: Schedule, at: datetime, *, now: bool = False
) -> bool:
    """Write the files anew after an erasure: small ones at once, large ones at night."""
    with database.reading() as db:
        waiting = [one.id for one in waiting_for_purge(db)]
    small = size_bytes(database) < schedule.purge_below_mb * 2**20
    if not waiting or not (now or small or at.astimezone(SHANGHAI).hour in NIGHT):
        return False
    with database.writing() as db:
        for one in waiting_for_purge(db):
            if one.id in waiting:
                one.purged_at = at
    purge(database)
    log.info("database files written anew after %d erasures", len(waiting))
    return True


def _erase_profile(db: Session, person: str) -> None:
    lists = update(RecommendationList).where(RecommendationList.person == person)
    db.execute(lists.values(facts={}))
    forget(db, person, None)
    db.execute(delete(ProfileChoice).where(ProfileChoice.person == person))


def _erase_deliveries(db: Session, schedule: Schedule, at: datetime) -> int:
    """Delete settled deliveries; what was said stays with the consultation."""
    before = at - timedelta(days=schedule.channel_days)
    others = erase_kf_before(db, before)
    others += forget_words(db, at, timedelta(days=schedule.uncounted_visitor_days))
    done = db.execute(
        delete(WeChatMessage).where(
            WeChatMessage.settled_at.is_not(None), WeChatMessage.received_at <= before
        )
    )
    told = db.execute(
        delete(OutboxMessage).where(
            OutboxMessage.finished_at.is_not(None), OutboxMessage.created_at <= before
        )
    )
    return int(getattr(done, "rowcount", 0)) + int(getattr(told, "rowcount", 0)) + others
