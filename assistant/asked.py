"""The kinds of answer that questions ask for."""

from enum import StrEnum

from knowledge.figure import FigureKind


class Asked(StrEnum):
    """The kind of answer a question asks for: its answer type."""

    MONEY = "money"
    INTEREST = "interest"
    SHARE = "share"
    AREA = "area"
    AGE = "age"
    PEOPLE = "people"
    TIMES = "times"
    DURATION = "duration"
    DATE = "date"
    COUNT = "count"
    NUMBER = "number"
    HOURS = "hours"
    PHONE = "phone"
    ADDRESS = "address"
    WEBSITE = "website"
    NAME = "name"
    MATERIALS = "materials"
    CONDITION = "condition"
    DONE = "done"  # what was reached so far, which no policy states
    PROCEDURE = "procedure"
    DEPARTMENT = "department"
    LIST = "list"
    DEFINITION = "definition"
    REASON = "reason"
    YES_NO = "yes_no"
    ANY = "any"


FIGURES: dict[Asked, frozenset[FigureKind]] = {
    Asked.MONEY: frozenset({FigureKind.MONEY, FigureKind.SHARE}),
    Asked.INTEREST: frozenset({FigureKind.SHARE}),
    Asked.SHARE: frozenset({FigureKind.SHARE, FigureKind.RATIO}),
    Asked.AREA: frozenset({FigureKind.AREA}),
    Asked.AGE: frozenset({FigureKind.AGE}),
    Asked.PEOPLE: frozenset({FigureKind.PEOPLE, FigureKind.TIMES}),
    Asked.TIMES: frozenset({FigureKind.TIMES}),
    Asked.DURATION: frozenset({FigureKind.DURATION}),
    Asked.DATE: frozenset({FigureKind.DATE}),
    Asked.COUNT: frozenset({FigureKind.COUNT, FigureKind.PEOPLE, FigureKind.TIMES}),
    Asked.NUMBER: frozenset(FigureKind),
}

# Kinds of answer that a sentence either holds or not: without it the question is not answered.
STRICT = frozenset(FIGURES) | {
    Asked.HOURS,
    Asked.PHONE,
    Asked.ADDRESS,
    Asked.WEBSITE,
    Asked.NAME,
    Asked.MATERIALS,
    Asked.CONDITION,
    Asked.REASON,
    Asked.DONE,
}
