"""What a district asks of its mentors before it appoints them: warnings, never a refusal."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from matching.mentors.mentor import Mentor, term_end

FILE = "admission_rules.yaml"


class AdmissionRulesInvalid(ValueError):
    """The file of rules cannot be used; the message says which entry and why."""


@dataclass(frozen=True, slots=True)
class AdmissionRule:
    """One rule: `kind` says what is compared, with `value` or with the named `field`."""

    kind: str
    text: str
    source: str
    value: int = 0
    field: str = ""


@dataclass(frozen=True, slots=True)
class AdmissionWarning:
    """A rule that a mentor does not meet, in words, and where the rule comes from."""

    text: str
    source: str


def load_admission_rules(data_dir: Path) -> tuple[AdmissionRule, ...]:
    """Read the installation's rules, else the shipped ones. Raises AdmissionRulesInvalid."""
    own = data_dir / FILE
    shipped = resources.files("matching.mentors") / FILE
    text = own.read_text("utf-8") if own.is_file() else shipped.read_text("utf-8")
    try:
        entries = (yaml.safe_load(text) or {}).get("rules") or []
        rules = tuple(AdmissionRule(**entry) for entry in entries)
    except (yaml.YAMLError, TypeError, AttributeError) as error:
        raise AdmissionRulesInvalid(f"{FILE} 不能读取：{error}") from error
    for rule in rules:
        if rule.kind not in _BROKEN or type(rule.value) is not int or not _reads(rule.field):
            raise AdmissionRulesInvalid(f"{FILE} 里有不认识的规则：{rule.kind} {rule.field}")
    return rules


def admission_warnings(
    mentor: Mentor, rules: Sequence[AdmissionRule]
) -> tuple[AdmissionWarning, ...]:
    """Return what speaks against appointing a mentor; unknown facts are only asked by `filled`."""
    return tuple(
        AdmissionWarning(rule.text.replace("{value}", str(rule.value)), rule.source)
        for rule in rules
        if _BROKEN[rule.kind](mentor, rule)
    )


def _reads(field: str) -> bool:
    return not field or field in Mentor.__table__.columns


def _too_old(mentor: Mentor, rule: AdmissionRule) -> bool:
    age = mentor.age_on(mentor.term_start_on)
    return age is not None and age > rule.value


def _term_too_long(mentor: Mentor, rule: AdmissionRule) -> bool:
    # A renewal prolongs the same term, so that each renewal allows one length more.
    return mentor.term_end_on > term_end(mentor.term_start_on, rule.value * (1 + mentor.renewals))


_BROKEN: Mapping[str, Callable[[Mentor, AdmissionRule], Any]] = {
    "most_age": _too_old,
    "least_years": lambda mentor, rule: mentor.experience_years < rule.value,
    "most_term": _term_too_long,
    "most_yearly": lambda mentor, rule: mentor.yearly_cap > rule.value,
    "least_duty": lambda mentor, rule: mentor.duty_sessions < rule.value,
    "filled": lambda mentor, rule: not getattr(mentor, rule.field, True),
}
