"""Whether a document holds today, in words a reader understands."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from guidance.periods.period import SHANGHAI
from knowledge.corpus import Corpus
from knowledge.document import DocumentStatus, PolicyDocument


class Validity(StrEnum):
    """The closed list of states a reader is shown."""

    IN_FORCE = "in_force"
    NOT_YET = "not_yet"
    EXPIRED = "expired"
    REPLACED = "replaced"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class ValidityNote:
    """A state with its short label and one sentence of explanation."""

    state: Validity
    label: str
    explanation: str


def today() -> date:
    """Return the date in China, where the policies hold."""
    return datetime.now(SHANGHAI).date()


def validity_on(document: PolicyDocument, day: date) -> ValidityNote:
    """Say how a document that is no draft stands on a day."""
    begins_on = document.effective_on or document.published_on
    if document.status is DocumentStatus.REVOKED:
        return ValidityNote(Validity.REVOKED, "已废止", "这份文件已经废止，不再作为答复依据。")
    if document.replaced_on is not None and day >= document.replaced_on:
        return ValidityNote(Validity.REPLACED, "已被替代", "已有新的文件或版本，请看新的规定。")
    if document.status is DocumentStatus.SUPERSEDED and document.replaced_on is None:
        return ValidityNote(Validity.REPLACED, "已被替代", "已有新的文件或版本，请看新的规定。")
    if begins_on is not None and day < begins_on:
        return ValidityNote(
            Validity.NOT_YET, "尚未施行", f"自 {chinese_date(begins_on)}起施行，现在还不能适用。"
        )
    if document.expires_on is not None and day > document.expires_on:
        return ValidityNote(
            Validity.EXPIRED,
            "已过有效期",
            f"有效期到 {chinese_date(document.expires_on)}为止，不再作为答复依据。",
        )
    if document.expires_on is None:
        return ValidityNote(
            Validity.IN_FORCE, "现行有效", "文件没有写明失效日期，办理前请向负责部门核实。"
        )
    return ValidityNote(
        Validity.IN_FORCE, "现行有效", f"有效期到 {chinese_date(document.expires_on)}。"
    )


def validity_in(corpus: Corpus, document: PolicyDocument, day: date) -> ValidityNote:
    """Say how a document stands on a day beside the other versions of its series.

    Answers use one version of a series: the official text, say, and not our restatement.
    """
    note = validity_on(document, day)
    if note.state is Validity.IN_FORCE and document.id not in corpus.valid_documents(day):
        return ValidityNote(
            Validity.REPLACED, "已被替代", "已有正式文件或更好的版本，答复用那一份。"
        )
    return note


def chinese_date(day: date) -> str:
    """Format a date as 2026年7月1日."""
    return f"{day.year}年{day.month}月{day.day}日"


def spoken_address(address: str) -> str:
    """Put a clause's address as people say it: the third paragraph below 三（一）2 is 第3段."""
    numbered, _, paragraph = address.partition("\u00b6")
    return f"{numbered} 第{paragraph}段".strip() if paragraph else address
