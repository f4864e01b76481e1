"""口径: the versioned rules by which a session counts. They are data; signing makes a version."""

from dataclasses import asdict, dataclass, fields
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from audit.log import append_event
from guidance.lifecycle import ServiceLine
from guidance.people.level import IdentityLevel
from guidance.periods.period import Quarter, shanghai_day
from guidance.review.proposal import Proposal, ProposalKind, decide, propose
from guidance.review.staff import Staff
from storage.database import Base

SHIPPED = Path(__file__).with_name("rules.yaml")


class RulesInvalid(ValueError):
    """A rule set has wrong keys or values, or would change a quarter that has begun."""


@dataclass(frozen=True, slots=True)
class CountingRules:
    """One rule set; times in the unit of the name, texts in Han characters."""

    name: str  # the version, stored with every session it judged
    title: str
    min_level: IdentityLevel
    not_counted_lines: tuple[ServiceLine, ...]
    needs_topic: bool
    startup_intents: tuple[str, ...]
    needs_situation: bool
    min_messages: int
    min_substantive: int
    min_han: int
    min_span_s: int
    min_minutes: int
    min_summary: int
    needs_answer: bool
    answered: tuple[str, ...]
    confirmed_lines: tuple[ServiceLine, ...]
    confirm_hours: int
    max_days_late: int
    continuation_hours: int
    provider_per_day: int
    provider_per_hour: int
    fast_messages_s: float
    alike: float
    alike_sessions: int


class RuleVersion(Base):
    """A rule set that two people put in force from a quarter on."""

    __tablename__ = "rule_versions"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    effective_from: Mapped[str] = mapped_column(String(8))
    rules: Mapped[dict[str, Any]]
    approval_number: Mapped[str]
    proposal_id: Mapped[int] = mapped_column(ForeignKey("proposals.id"))
    confirmed_at: Mapped[datetime]


def read_rules(data: dict[str, Any]) -> CountingRules:
    """Make a rule set of plain values. Raises RulesInvalid naming what is wrong."""
    known = {field.name for field in fields(CountingRules)}
    if odd := sorted(known ^ set(data)):
        raise RulesInvalid(f"口径的项目不对：{'、'.join(odd)}。")
    try:
        return CountingRules(
            **{
                **data,
                "min_level": IdentityLevel(data["min_level"]),
                "not_counted_lines": tuple(ServiceLine(x) for x in data["not_counted_lines"]),
                "confirmed_lines": tuple(ServiceLine(x) for x in data["confirmed_lines"]),
                "startup_intents": tuple(data["startup_intents"]),
                "answered": tuple(data["answered"]),
            }
        )
    except (TypeError, ValueError) as error:
        raise RulesInvalid(f"口径的值不对：{error}。") from error


@lru_cache(maxsize=1)
def shipped_rules() -> dict[str, CountingRules]:
    """Return the rule sets that ship: "default" and "strict"."""
    data = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    return {profile: read_rules(rules) for profile, rules in data.items()}


def rules_in_force(db: Session, period: str) -> CountingRules:
    """Return the rules of a quarter: the latest version that began by then, or the default."""
    version = db.scalar(
        select(RuleVersion)
        .where(RuleVersion.effective_from <= period)
        .order_by(RuleVersion.effective_from.desc(), RuleVersion.id.desc())
        .limit(1)
    )
    return read_rules(version.rules) if version else shipped_rules()["default"]


def rules_by_start(db: Session) -> list[tuple[str, CountingRules]]:
    """Return every rule set that was in force with the quarter it began in, "" the default's."""
    versions = select(RuleVersion).order_by(RuleVersion.effective_from, RuleVersion.id)
    signed = {one.effective_from: read_rules(one.rules) for one in db.scalars(versions)}
    return [("", shipped_rules()["default"]), *signed.items()]


def propose_rules(
    db: Session, rules: CountingRules, effective_from: Quarter, by: Staff, at: datetime, reason: str
) -> Proposal:
    """Propose a rule set from a quarter on that has not begun (G10).

    `rules.name` must be new. The page shows `impact_of` first. Raises RulesInvalid.
    """
    _check_future(effective_from, at)
    if db.scalar(select(RuleVersion.id).where(RuleVersion.name == rules.name)):
        raise RulesInvalid("这个口径版本名称已经用过，请换一个。")
    content = {"rules": asdict(rules), "effective_from": str(effective_from), "reason": reason}
    return propose(db, ProposalKind.RULES, f"rules:{effective_from}", by, at, content)


def sign_rules(
    db: Session, proposal_id: int, by: Staff, at: datetime, approval_number: str
) -> RuleVersion:
    """Put a proposed rule set in force as the second person. Raises RulesInvalid."""
    proposal = decide(db, proposal_id, by, at, confirm=True)
    _check_future(Quarter.parse(proposal.details["effective_from"]), at)
    rules = read_rules(proposal.details["rules"])
    version = RuleVersion(
        name=rules.name,
        effective_from=proposal.details["effective_from"],
        rules=proposal.details["rules"],
        approval_number=approval_number,
        proposal_id=proposal.id,
        confirmed_at=at,
    )
    db.add(version)
    db.flush()
    said = {"name": rules.name, "effective_from": version.effective_from, "rules": asdict(rules)}
    append_event(db, "rules.signed", f"rules:{version.id}", by.actor, said)
    return version


def _check_future(effective_from: Quarter, at: datetime) -> None:
    if effective_from <= Quarter.of(shanghai_day(at)):
        raise RulesInvalid("新口径只能从还没有开始的季度起用，请选下一个季度或更晚。")
