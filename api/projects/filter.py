"""The filters of the project library: each a question in plain words with few answers."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict

from matching.industry import section_letter, sections
from matching.projects.facts import (
    PREMISES_NAMES,
    PremisesKind,
    ProjectFacts,
    WorkingHours,
)
from matching.recommending.project_table import least_cash_yuan
from matching.target_group import GROUP_NAMES

MOST_WORDS = 5
MONEY = {"20000": "2万元以内", "50000": "5万元以内", "100000": "10万元以内", "200000": "20万元以内"}
RISKS = {"1": "只看风险较低的", "2": "风险不超过中等"}
HOURS = {"part": "可以兼职做"}
# Filter -> its name and its answers; "" is always "不限".
FILTERS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "money": ("我能拿出的钱", MONEY),
    "premises": ("场地", {kind.value: name for kind, name in PREMISES_NAMES.items()}),
    "hours": ("时间", HOURS),
    "risk": ("风险", RISKS),
    "group": ("适合人群", {group.value: name for group, name in GROUP_NAMES.items()}),
    "section": ("行业", {section.letter: section.name for section in sections()}),
}


class ProjectFilter(BaseModel):
    """What a visitor chose; anything that is no answer of ours filters nothing."""

    model_config = ConfigDict(extra="ignore")

    q: str = ""
    money: str = ""
    premises: str = ""
    hours: str = ""
    risk: str = ""
    group: str = ""
    section: str = ""

    def takes(self, project: ProjectFacts) -> bool:
        """Whether a project meets everything that was chosen."""
        return (
            self._affordable(project)
            and self._suits(project)
            and (
                self.section not in FILTERS["section"][1]
                or self.section == section_letter(project.industry_code)
            )
            and all(word in project.search_text.lower() for word in self.q.lower().split()[:5])
        )

    def _affordable(self, project: ProjectFacts) -> bool:
        need = least_cash_yuan(project)
        if self.money in MONEY and (need is None or need > int(self.money)):
            return False
        return self.risk not in RISKS or (project.risk_level or 3) <= int(self.risk)

    def _suits(self, project: ProjectFacts) -> bool:
        if self.premises in set(PremisesKind) and project.premises_kind != self.premises:
            return False
        if self.hours in HOURS and project.hours is not WorkingHours.PART:
            return False
        return (
            self.group not in FILTERS["group"][1]
            or not project.groups
            or (self.group in project.groups)
        )


def chosen_in_words(wanted: ProjectFilter) -> list[str]:
    """Return the chosen answers in words, for the heading of the list."""
    words = [f"“{wanted.q.strip()}”"] if wanted.q.strip() else []
    for name, (_question, answers) in FILTERS.items():
        if (answer := getattr(wanted, name)) in answers:
            words.append(answers[answer])
    return words
