"""Circumstances that a message tells of its writer: groups, place, premises, people, time, risk."""

import re

from matching.profile.amount import find_amounts, spoken_number
from matching.profile.patterns import PATTERNS, Said, clause_after, clause_before, somebody_elses

MOST_PEOPLE = 100
HOURS_OF_WEEK = 84


def circumstances_said(text: str) -> list[Said]:
    """Find what a normalised message tells of the writer's circumstances."""
    return [
        *_groups(text),
        *_places(text),
        *_premises(text),
        *_people(text),
        *_hours(text),
        *_risk(text),
    ]


def _groups(text: str) -> list[Said]:
    single = PATTERNS.single
    found = []
    for label, pattern in PATTERNS.groups.items():
        for match in pattern.finditer(text):
            before = clause_before(text, match.start())
            if single["other_schooling"].search(before):
                continue
            if single["not_me"].search(before):
                found.append(Said("groups", label, match.start(), match.end(), denied=True))
            elif _of_oneself(text, match, before):
                found.append(Said("groups", label, match.start(), match.end()))
    return found


def _of_oneself(text: str, match: re.Match[str], before: str) -> bool:
    """Whether a group is named as the writer's own and not as the topic of a question."""
    single = PATTERNS.single
    asks = single["asks"]
    if somebody_elses(before) or asks.search(before) or single["passive"].search(before):
        return False
    if single["self_before"].search(before + match[0]):
        return True
    if asks.search(before + match[0] + clause_after(text, match.end())):
        return False
    return not asks.search(text) or re.search(r"我|俺|本人|自己", text) is not None


def _places(text: str) -> list[Said]:
    found: list[Said] = []
    for pattern in PATTERNS.places:
        for match in pattern.finditer(text):
            place = match["p"]
            taken = any(s.start < match.end("p") and match.start("p") < s.end for s in found)
            if taken or PATTERNS.single["not_places"].search(place):
                continue
            if somebody_elses(clause_before(text, match.start("p"))):
                continue
            found.append(Said("street", place, match.start("p"), match.end("p")))
    return found


def _premises(text: str) -> list[Said]:
    patterns = PATTERNS.premises
    found: list[Said] = []
    if match := patterns["none"].search(text):
        if not somebody_elses(clause_before(text, match.start())):
            found.append(Said("premises", "none", match.start(), match.end()))
        return found
    for kind, pattern in patterns.items():
        if kind in ("none", "has", "needs_no_has"):
            continue
        for match in pattern.finditer(text):
            before = clause_before(text, match.start())
            has = patterns["has"].search(before + match[0]) or patterns["needs_no_has"].search(
                match[0]
            )
            has = has or re.match(r"(?:大概|差不多)?有(?!多少)", text[match.end() :])
            if has and not somebody_elses(before) and not _wished(before):
                found.append(Said("premises", kind, match.start(), match.end()))
                found += _area(text, before, match)
    return found


def _wished(before: str) -> bool:
    return re.search(r"(?:想|要|打算|准备|需要?)(?:要)?(?:有|租|找|盘|买|包)", before) is not None


def _area(text: str, before: str, match: re.Match[str]) -> list[Said]:
    begin = match.start() - len(before)
    end = match.end() + len(clause_after(text, match.end()))
    return [
        Said("premises_m2", int(area.value), area.start, area.end)
        for area in find_amounts(text[: min(end, len(text))])
        if area.is_area and area.start >= begin
    ]


def _people(text: str) -> list[Said]:
    for pattern, value in PATTERNS.rows["people"]:
        for match in pattern.finditer(text):
            before = clause_before(text, match.start())
            if re.search(r"(?:雇|招|请|聘|带动|培训|教)[了过]?$", before):
                continue
            count = spoken_number(match["n"]) if value == "n" else value
            if count is not None and 1 <= count <= MOST_PEOPLE:
                return [Said("people", int(count), match.start(), match.end())]
    return []


def _hours(text: str) -> list[Said]:
    rows = PATTERNS.rows
    for name, times in (("weekly", 1), ("daily", 7)):
        if (match := rows[name].search(text)) and (count := spoken_number(match["n"])):
            hours = min(HOURS_OF_WEEK, round(count * times))
            return [Said("hours", hours, match.start(), match.end())]
    for pattern, hours in rows["whole"]:
        if match := pattern.search(text):
            return [Said("hours", hours, match.start(), match.end())]
    only = rows["only"].search(text)
    begin = only.start() if only else 0
    parts = [(m, hours) for pattern, hours in rows["some"] if (m := pattern.search(text, begin))]
    if parts and rows["some_if"].search(text):
        start, end = min(m.start() for m, _ in parts), max(m.end() for m, _ in parts)
        return [Said("hours", sum(hours for _, hours in parts), start, end)]
    pattern, hours = rows["side"]
    match = pattern.search(text)
    return [Said("hours", hours, match.start(), match.end())] if match else []


def _risk(text: str) -> list[Said]:
    for level, pattern in PATTERNS.risk.items():
        match = pattern.search(text)
        if match and not somebody_elses(clause_before(text, match.start())):
            return [Said("risk", level, match.start(), match.end())]
    return []
