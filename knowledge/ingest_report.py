"""What loading a file did, for the person who loads it."""

from dataclasses import dataclass
from enum import StrEnum

from knowledge.document import DocumentStatus
from knowledge.policy_reading import PolicyReading

_STATES = {
    DocumentStatus.DRAFT: "（草稿，发布后才会用于回答）",
    DocumentStatus.SUPERSEDED: "（已被替代，只用于回答当时的问题）",
    DocumentStatus.REVOKED: "（已废止，只用于回答当时的问题）",
}


class Outcome(StrEnum):
    """What loading a file did."""

    CREATED = "created"
    NEW_VERSION = "new_version"
    UPDATED = "updated"  # the same text, other facts
    UNCHANGED = "unchanged"
    KEPT_OFFICIAL = "kept_official"  # our restatement gives way to the official text


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What was read and what was done. `replaced` holds titles that went out of force."""

    reading: PolicyReading
    outcome: Outcome
    document_id: int
    version: int
    status: DocumentStatus
    replaced: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """Return the report as lines of Chinese."""
        return [*self.reading.lines(), f"结果：{self._result()}", *self._effects()]

    def _result(self) -> str:
        state = _STATES.get(self.status, "")
        match self.outcome:
            case Outcome.CREATED:
                return f"已载入{state}"
            case Outcome.NEW_VERSION:
                return f"已载入为第{self.version}版{state}"
            case Outcome.UPDATED:
                return f"文字没有变化，已更新：{'、'.join(self.changed)}{state}"
            case Outcome.UNCHANGED:
                return f"与已载入的内容相同，没有变化{state}"
            case Outcome.KEPT_OFFICIAL:
                return "已有正式文件，保留正式文件"

    def _effects(self) -> list[str]:
        return [f"已不再有效：{title}" for title in self.replaced]
