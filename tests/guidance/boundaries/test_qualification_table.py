"""What qualifies and what is flagged: the tables of `qualification.md`."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from guidance.counting.qualification import Said, SessionFacts, is_substantive, qualify
from guidance.counting.rules import CountingRules, shipped_rules
from guidance.lifecycle import CHATTED, ServiceLine
from guidance.people.level import IdentityLevel
from guidance.periods.period import shanghai_day
from tests.guidance.boundaries.table import Row, cases, moment, tables, words

FILE = "qualification.md"
MESSAGES = "What a message says"
ALL = [case for heading in tables(FILE) if heading != MESSAGES for case in cases(FILE, heading)]
NOON = moment("2026-03-02 12:00")
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
# Every message takes its Han characters from a line of its own.
LINES = (
    "怎样申请担保贷款最多能有几万块钱呢",
    "材料送往何处才算办妥又等多久批复吧",
    "店面租金减免哪里可得补助金额若干吗",
    "培训班次什么时候开课学费由谁出资啊",
)  # fmt: skip


def changes_of(case: Row) -> dict[str, str]:
    """Read "line window; minutes 14" as names and values."""
    pairs = (part.partition(" ") for part in words(case["change"]))
    return {name: value for name, _, value in pairs}


def said_of(told: dict[str, str]) -> tuple[Said, ...]:
    """Make the messages of a chat."""
    han = [int(number) for number in told.get("han", "6 6 6").split()]
    texts = [LINES[place][:number] for place, number in enumerate(han)]
    if "say" in told:
        texts = [text.strip() for text in told["say"].split("/")]
    seconds = [float(gap) for gap in told["gaps"].split()] if "gaps" in told else []
    whole = float(told.get("span", "300"))
    step = whole / (len(texts) - 1) if len(texts) > 1 else 0
    times = [sum(seconds[:n]) if seconds else n * max(step, 60) for n in range(len(texts))]

    def each(name: str, usual: str) -> list[str]:
        return told[name].split() if name in told else [usual] * len(texts)

    columns = zip(
        texts, each("statuses", "answered"), each("intents", "policy"),
        each("grounded", "1"), each("situated", "1"), times, strict=True,
    )  # fmt: skip
    return tuple(
        Said(text, status, intent, source == "1", own == "1", NOON + at * SECOND)
        for text, status, intent, source, own, at in columns
    )


def facts_of(told: dict[str, str]) -> SessionFacts:
    """Make the consultation that a row describes."""
    line = ServiceLine(told.get("line", "assistant"))
    chatted = line in CHATTED
    opened = moment(told.get("opened", "2026-03-02 12:00"))
    said = said_of(told) if chatted else ()
    span = said[-1].at - said[0].at if "gaps" in told else float(told.get("span", 300)) * SECOND
    minutes = int(told.get("minutes", "30"))
    confirmed = told.get("confirmed", "1:00")
    values: dict[str, Any] = {
        "minutes": 0 if chatted else minutes,
        "topic": "" if chatted or told.get("topic") == "-" else "贷款",
        "summary": "" if chatted else ("说明条件材料" * 20)[: int(told.get("summary", "40"))],
        "confirmed_at": None if chatted or confirmed == "-" else opened + hours(confirmed),
        "continued_from_at": opened - hours(told["continued"]) if "continued" in told else None,
    }
    return SessionFacts(
        service_line=line,
        opened_at=opened,
        last_turn_at=opened + (span if chatted else minutes * MINUTE),
        count_on=shanghai_day(opened),
        recorded_at=moment(told["recorded"]) if "recorded" in told else opened + HOUR,
        level=IdentityLevel(told.get("level", "wechat_phone")),
        internal="internal" in told,
        with_oneself="oneself" in told,
        said=said,
        complete="gap" not in told,
        evidence=int(told.get("evidence", "0")),
        day_taken="taken" in told,
        excepted="excepted" in told,
        provider_that_day=int(told.get("provider_day", "0")),
        provider_that_hour=int(told.get("provider_hour", "0")),
        alike=int(told.get("alike", "0")),
        **values,
    )


def hours(text: str) -> timedelta:
    """Read 71:59 as hours and minutes."""
    whole, minutes = text.split(":")
    return int(whole) * HOUR + int(minutes) * MINUTE


def rules_of(told: dict[str, str], profile: str) -> CountingRules:
    """Return a profile, with the lines left out and the days that the row names."""
    rules = shipped_rules()[profile]
    if "without" in told:
        rules = replace(rules, not_counted_lines=(ServiceLine(told["without"]),))
    return replace(rules, max_days_late=int(told["late"])) if "late" in told else rules


@pytest.mark.parametrize("profile", ["default", "strict"])
@pytest.mark.parametrize("case", ALL)
def test_each_side_of_each_limit(case: Row, profile: str) -> None:
    told = changes_of(case)
    verdict = qualify(facts_of(told), rules_of(told, profile))
    expected = case[profile].split()
    flags = [one for one in expected if one[0] == "G" or one == "LATE"]
    if "excepted" in told and "LATE" not in flags:
        flags.append("LATE")
    assert list(verdict.flags) == flags
    assert list(verdict.codes) == [one for one in expected if one not in {"counts", *flags}]


@pytest.mark.parametrize("case", cases(FILE, MESSAGES))
def test_what_a_message_says(case: Row) -> None:
    left = int(case["left"])
    assert is_substantive(case["message"], left)
    assert not is_substantive(case["message"], left + 1)
    for profile in ("default", "strict"):
        least = shipped_rules()[profile].min_han
        assert is_substantive(case["message"], least) is (case[profile] == "yes")
