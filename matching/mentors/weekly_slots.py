"""Weekly times: "周三 14:00-16:00" as data, as half-hours of a week, and back as text."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

HALF_HOURS_A_DAY = 48
HALF_HOURS_A_WEEK = 7 * HALF_HOURS_A_DAY
_DAYS = "一二三四五六日"
_SAME_DAY = str.maketrans("天：－—–~～至到", "日:-------")
_SLOT = re.compile(
    r"(?:周|星期|礼拜)([一二三四五六日])"
    r"(上午|早上|中午|下午|晚上|晚)?(\d{1,2})(?::(\d{2}))?"
    r"-(上午|早上|中午|下午|晚上|晚)?(\d{1,2})(?::(\d{2}))?"
)
_NOON = 12
# The hours of the clock that these words move into the afternoon are those below.
_AFTERNOON_BELOW = {"中午": 11, "下午": _NOON, "晚上": _NOON, "晚": _NOON}
_SEPARATOR = re.compile(r"[;；,，、\n]+")


class SlotUnreadable(ValueError):
    """A weekly time cannot be understood; the message says how to write it."""


@dataclass(frozen=True, slots=True, order=True)
class WeeklySlot:
    """One stretch of time in every week; weekday 1 is Monday, minutes count from midnight."""

    weekday: int
    start_minute: int
    end_minute: int

    def __post_init__(self) -> None:
        in_day = 0 <= self.start_minute < self.end_minute <= 24 * 60
        if not (1 <= self.weekday <= 7 and in_day):
            raise SlotUnreadable("时段的结束时间须晚于开始时间，并且在同一天内。")

    @property
    def half_hours(self) -> range:
        """The half-hours of the week, 0 to 335, that lie wholly inside the slot."""
        midnight = (self.weekday - 1) * HALF_HOURS_A_DAY
        return range(midnight - (-self.start_minute // 30), midnight + self.end_minute // 30)

    def __str__(self) -> str:
        """Write it as people do: 周三 14:00-16:00."""
        start, end = (f"{m // 60}:{m % 60:02d}" for m in (self.start_minute, self.end_minute))
        return f"周{_DAYS[self.weekday - 1]} {start}-{end}"


def _minute(part_of_day: str | None, hour: str, minute: str | None) -> int:
    """Return minutes from midnight: 下午 2 is 14:00, and 下午 14 is 14:00 too."""
    hours = int(hour)
    if hours < _AFTERNOON_BELOW.get(part_of_day or "", 0):
        hours += _NOON
    return hours * 60 + int(minute or 0)


def parse_slots(text: str) -> tuple[WeeklySlot, ...]:
    """Read "周三14:00-16:00；周六 9-12" into slots, in order of the week.

    Raises SlotUnreadable naming the part that was not understood.
    """
    slots = set()
    for part in _SEPARATOR.split(text.translate(_SAME_DAY)):
        compact = re.sub(r"\s+", "", part).replace("点半", ":30").replace("点", "")
        if not compact:
            continue
        match = _SLOT.fullmatch(compact)
        if match is None:
            raise SlotUnreadable(f"看不懂时段“{part.strip()}”，请写成“周三 14:00-16:00”这样。")
        day, part_of_day, start_h, start_m, end_part, end_h, end_m = match.groups()
        start = _minute(part_of_day, start_h, start_m)
        end = _minute(end_part or part_of_day, end_h, end_m)
        slots.add(WeeklySlot(_DAYS.index(day) + 1, start, end))
    return tuple(sorted(slots))


def write_slots(slots: Iterable[WeeklySlot]) -> str:
    """Write slots so that `parse_slots` gives them back."""
    return "；".join(str(slot) for slot in sorted(slots))


def half_hours_of(slots: Iterable[WeeklySlot]) -> frozenset[int]:
    """Return the half-hours of the week that any of the slots covers."""
    return frozenset(half_hour for slot in slots for half_hour in slot.half_hours)


def hour_starts(half_hours: Iterable[int]) -> frozenset[int]:
    """Return the half-hours at which a whole free hour begins.

    Two people share an hour exactly when these sets meet; an hour does not run past
    midnight into the next day.
    """
    free = frozenset(half_hours)
    return frozenset(
        t for t in free if t + 1 in free and t // HALF_HOURS_A_DAY == (t + 1) // HALF_HOURS_A_DAY
    )


def first_common_hour(first: Iterable[int], second: Iterable[int]) -> str:
    """Return the first common hour of the week as text, "周三 14:00-15:00"; "" without one."""
    common = hour_starts(first) & hour_starts(second)
    if not common:
        return ""
    day, half_hour = divmod(min(common), HALF_HOURS_A_DAY)
    return str(WeeklySlot(day + 1, half_hour * 30, half_hour * 30 + 60))
