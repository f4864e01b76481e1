"""Does a session count? A pure function of what was recorded and of the rules in force."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from guidance.counting.rules import CountingRules
from guidance.lifecycle import CHATTED, ServiceLine
from guidance.people.level import IdentityLevel
from guidance.periods.period import Quarter, shanghai_day

REASONS = {
    "Q1": "身份核验程度不够：现行口径要求达到规定的实名程度",
    "Q2": "属于内部人员、测试账号、微信快照页的虚拟账号，或咨询人就是服务人员本人",
    "Q3": "没有谈到与创业有关的内容",
    "Q4": "没有结合咨询人的具体情况，属于一般性问答",
    "Q5": "交流不够充分：问题太少、太短或时间太短",
    "Q6": "没有给出有依据的答复或人工答复",
    "Q7": "记录不完整，或缺少咨询人确认、证明材料",
    "Q8": "同一人同一天已有一次计数",
    "Q9": "超过规定期限才录入",
    "D4": "与不久前的同一话题是一次咨询的延续",
    "LINE": "现行口径不计这条服务渠道",
}
FLAGS = {
    "D10": "与另一条记录相像，核对后仍然登记",
    "G3": "节奏不像真人：消息或登记过密",
    "G4": "与多位咨询人的记录几乎一字不差",
    "G5": "季度末集中登记",
    "G6": "回访时咨询人表示没有此事",
    "G7": "服务人员当天次数超过上限，须第二人复核",
    "LATE": "在结算之后经特批补录",
    "NC": "抽查没有证实，撤销通过后须重新核对",
    "VF": "抽查发现该单位真实率偏低，须全部复查",
}
_HAN = re.compile("[\u3400-\u9fff]")
_MARK = "[\\s，。！？、；,.!?;~～]"
_THANKS = "(?:谢谢|多谢|感谢(?=[您你]))[您你了啦啊呀]*"
_GREETED = f"您好|你好|在吗|在不在|嗨|哈喽|请问|知道了|明白了|再见|拜拜|辛苦了|{_THANKS}|{_MARK}"
# They begin other words too (行业, 好项目), so something that is no word has to follow.
_SHORT = "感谢|好的|好|嗯|哦|喂|行|收到"
_BEGINNING = re.compile(f"^(?:{_GREETED}|(?:{_SHORT})(?={_GREETED}|{_SHORT}|$))+")
_ENDING = re.compile(
    f"{_MARK}*(?:谢谢|多谢|感谢|再见|拜拜|(?:麻烦|辛苦)(?=[您你了]))[您你了啦啊呀]*{_MARK}*$"
)


@dataclass(frozen=True, slots=True)
class Said:
    """One turn as the rules see it."""

    question: str
    status: str
    intent: str
    grounded: bool  # at least one citation, project or mentor came with the answer
    situated: bool  # told something of their own situation, or was matched to something
    at: datetime


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """Everything that decides; nothing of targets or progress (G8)."""

    service_line: ServiceLine
    opened_at: datetime
    last_turn_at: datetime
    count_on: date
    recorded_at: datetime
    level: IdentityLevel
    internal: bool
    with_oneself: bool  # the client is the provider
    said: tuple[Said, ...] = ()
    complete: bool = True  # as many turns as were counted, without a gap
    minutes: int = 0
    topic: str = ""
    summary: str = ""
    evidence: int = 0
    confirmed_at: datetime | None = None
    day_taken: bool = False
    continued_from_at: datetime | None = None  # end of the last session on the same topic
    excepted: bool = False  # a lock exception covers it
    provider_that_day: int = 0  # other sessions of the provider
    provider_that_hour: int = 0
    alike: int = 0  # sessions of other persons in nearly the same words


@dataclass(frozen=True, slots=True)
class Verdict:
    """Codes that keep it from counting, and flags that ask for a closer look."""

    codes: tuple[str, ...]
    flags: tuple[str, ...]
    rule_version: str

    @property
    def qualified(self) -> bool:
        """Whether it meets the rules."""
        return not self.codes


def qualify(facts: SessionFacts, rules: CountingRules) -> Verdict:
    """Judge a session: every reason against it, in the order of REASONS."""
    return Verdict(tuple(_codes(facts, rules)), tuple(_flags(facts, rules)), rules.name)


def is_substantive(question: str, min_han: int) -> bool:
    """Whether a message says enough once greetings and thanks are taken off."""
    return len(_HAN.findall(without_courtesy(question))) >= min_han


def without_courtesy(question: str) -> str:
    """Return a message without the greetings it begins with and the thanks it ends with."""
    return _BEGINNING.sub("", _ENDING.sub("", question.strip()))


def reasons_of(codes: str) -> list[str]:
    """Return the Chinese sentences of stored codes or flags ("Q3 Q5")."""
    return [(REASONS | FLAGS)[code] for code in codes.split()]


def _codes(facts: SessionFacts, rules: CountingRules) -> Iterator[str]:
    checks = {
        "Q1": facts.level.rank >= rules.min_level.rank,
        "Q2": not (facts.internal or facts.with_oneself),
        "Q3": not rules.needs_topic or _has_topic(facts, rules),
        "Q4": not rules.needs_situation or _is_specific(facts),
        "Q5": _is_substantial(facts, rules),
        "Q6": not rules.needs_answer or _is_answered(facts, rules),
        "Q7": _is_evidenced(facts, rules),
        "Q8": not facts.day_taken,
        "Q9": facts.excepted or _is_in_time(facts, rules),
        "D4": not _continues(facts, rules),
        "LINE": facts.service_line not in rules.not_counted_lines,
    }
    return (code for code, holds in checks.items() if not holds)


def _flags(facts: SessionFacts, rules: CountingRules) -> Iterator[str]:
    checks = {
        "G3": _is_too_fast(facts, rules) or facts.provider_that_hour + 1 >= rules.provider_per_hour,
        "G4": facts.alike + 1 >= rules.alike_sessions,
        "G7": facts.provider_that_day + 1 > rules.provider_per_day,
        "LATE": facts.excepted,
    }
    return (flag for flag, raised in checks.items() if raised)


def _substantive(facts: SessionFacts, rules: CountingRules) -> list[Said]:
    """The turns that say enough; the same words again say nothing more."""
    different: dict[str, Said] = {}
    for said in facts.said:
        words = "".join(_HAN.findall(without_courtesy(said.question)))
        if is_substantive(said.question, rules.min_han):
            different.setdefault(words, said)
    return list(different.values())


def _has_topic(facts: SessionFacts, rules: CountingRules) -> bool:
    if facts.service_line not in CHATTED:
        return bool(facts.topic)
    return any(
        said.intent in rules.startup_intents and said.status != "out_of_scope"
        for said in _substantive(facts, rules)
    )


def _is_specific(facts: SessionFacts) -> bool:
    if facts.service_line not in CHATTED:
        return bool(facts.summary)
    return any(said.situated for said in facts.said)


def _is_substantial(facts: SessionFacts, rules: CountingRules) -> bool:
    if facts.service_line not in CHATTED:
        return facts.minutes >= rules.min_minutes and len(facts.summary) >= rules.min_summary
    return (
        len(facts.said) >= rules.min_messages
        and len(_substantive(facts, rules)) >= rules.min_substantive
        and (facts.last_turn_at - facts.opened_at).total_seconds() >= rules.min_span_s
    )


def _is_answered(facts: SessionFacts, rules: CountingRules) -> bool:
    if facts.service_line not in CHATTED:
        return bool(facts.summary)
    return any(said.grounded and said.status in rules.answered for said in facts.said)


def _is_evidenced(facts: SessionFacts, rules: CountingRules) -> bool:
    if not facts.complete:
        return False
    if facts.service_line not in rules.confirmed_lines or facts.evidence:
        return True
    limit = facts.opened_at + timedelta(hours=rules.confirm_hours)
    return facts.confirmed_at is not None and facts.confirmed_at <= limit


def _is_in_time(facts: SessionFacts, rules: CountingRules) -> bool:
    if facts.service_line in CHATTED:
        return True  # recorded while it happened
    recorded_on = shanghai_day(facts.recorded_at)
    if recorded_on > Quarter.of(facts.count_on).entry_closes_on:
        return False
    return (recorded_on - facts.count_on).days <= rules.max_days_late


def _continues(facts: SessionFacts, rules: CountingRules) -> bool:
    if facts.continued_from_at is None:
        return False
    return facts.opened_at - facts.continued_from_at < timedelta(hours=rules.continuation_hours)


def _is_too_fast(facts: SessionFacts, rules: CountingRules) -> bool:
    times = sorted(said.at for said in facts.said)
    gaps = [(b - a).total_seconds() for a, b in zip(times, times[1:], strict=False)]
    return any(gap < rules.fast_messages_s for gap in gaps)
