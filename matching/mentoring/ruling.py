"""How proposals leave the house: confirmed by staff, or at once; and what was matched last."""

from sqlalchemy.orm import Mapped, Session, mapped_column

from audit.log import Actor, append_event
from matching.mentoring.moves import MentoringRefused
from storage.database import Base, take_turns

THE_ROW = 1


class MentoringRules(Base):
    """The one row of an installation; every change of `automatic` is in the audit log."""

    __tablename__ = "mentoring_rules"

    id: Mapped[int] = mapped_column(primary_key=True)
    automatic: Mapped[bool] = mapped_column(default=False)
    inputs: Mapped[str] = mapped_column(default="")  # fingerprint of what was matched last


def rules_now(db: Session) -> MentoringRules:
    """Return the rules in force; they are not stored before something differs from usual."""
    return db.get(MentoringRules, THE_ROW) or MentoringRules(id=THE_ROW, automatic=False, inputs="")


def choose_mode(db: Session, automatic: bool, actor: Actor, reason: str) -> None:
    """Let proposals go out at once, or only after a handler. Raises MentoringRefused."""
    take_turns(db, "mentoring rules")
    rules = _stored(db)
    if rules.automatic == automatic:
        raise MentoringRefused("现在就是这样设置的，没有改动。")
    if not reason.strip():
        raise MentoringRefused("请写明理由，理由会记入审计日志。")
    rules.automatic, rules.inputs = automatic, ""  # what waits is matched anew
    db.flush()
    details = {"automatic": automatic}
    append_event(db, "mentoring.mode_changed", "mentoring:rules", actor, details, reason.strip())


def note_inputs(db: Session, inputs: str) -> None:
    """Remember what was matched, so that the same is not matched again."""
    take_turns(db, "mentoring rules")
    _stored(db).inputs = inputs
    db.flush()


def _stored(db: Session) -> MentoringRules:
    rules = db.get(MentoringRules, THE_ROW, populate_existing=True)
    if rules is None:
        rules = MentoringRules(id=THE_ROW, automatic=False, inputs="")
        db.add(rules)
        db.flush()
    return rules
