"""The form of a local clause that answers an open question."""

from datetime import date
from typing import Annotated

from pydantic import BaseModel, Field

from api.input import Text
from api.policies.validity import today
from guidance.gaps.gap import MOST_TEXT, ClauseDraftText, Gap, GapRefused


class DraftForm(BaseModel):
    """A local clause as it is typed; checked where the page can say what to change."""

    title: Annotated[Text, Field(max_length=100)] = ""
    text: Annotated[Text, Field(max_length=2 * MOST_TEXT)] = ""
    source: Annotated[Text, Field(max_length=300)] = ""
    effective_on: Annotated[Text, Field(max_length=20)] = ""
    expires_on: Annotated[Text, Field(max_length=20)] = ""

    @classmethod
    def of(cls, gap: Gap) -> "DraftForm":
        """Return the draft of a gap as it is to be typed; of one without, empty.

        The title is not taken from the question: it is published, and those are a person's words.
        """
        return cls(
            title=gap.draft_title,
            text=gap.draft_text,
            source=gap.draft_source,
            effective_on=(gap.effective_on or today()).isoformat(),
            expires_on=gap.expires_on.isoformat() if gap.expires_on else "",
        )

    def read(self) -> ClauseDraftText:
        """Return the draft. Raises GapRefused."""
        if not (self.title.strip() and self.text.strip() and self.source.strip()):
            raise GapRefused("标题、正文和依据都要填写。")
        if len(self.text) > MOST_TEXT:
            raise GapRefused(f"正文最多{MOST_TEXT}字，请精简。")
        begins = _day(self.effective_on, "施行日期")
        if begins is None:
            raise GapRefused("请填写施行日期。")
        ends = _day(self.expires_on, "失效日期")
        return ClauseDraftText(self.title, self.text, self.source, begins, ends)


def _day(text: str, what: str) -> date | None:
    try:
        return date.fromisoformat(text.strip()) if text.strip() else None
    except ValueError as error:
        raise GapRefused(f"{what}请写成2026-01-31的样子。") from error
