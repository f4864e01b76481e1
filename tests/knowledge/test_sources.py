"""The shipped pack: the plan restated completely, and national rules with their validity."""

import re
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from knowledge.clause_draft import ClauseDraft
from knowledge.department import load_departments
from knowledge.document import Level
from knowledge.splitter import split

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "knowledge" / "sources"
OFFICIAL_PLAN = ROOT.parent / "shared" / "plan" / "plan.txt"
ADDRESSES = Path(__file__).with_name("plan_addresses.txt")

KEYS = {
    "title", "series", "doc_number", "issuer", "level", "published_on", "effective_on",
    "expires_on", "replaced_on", "as_of", "caveat", "restated", "supersedes", "status",
}  # fmt: skip
# Numbers that were never seen on a page of their issuer, and rules that are not confirmed.
NEVER_PRINTED = (
    "财金〔2009〕72", "财金〔2020〕21", "残联发〔2018〕6", "国办发〔2021〕35", "国办发〔2017〕41",
    "银发〔2006〕5", "人社部发〔2009〕87",
)  # fmt: skip
DUTIES = {
    "三(一)2¶1": ("区人力资源和社会保障局",),
    "三(一)2¶2": ("区委宣传部",),
    "三(一)2¶3": ("区创业办",),
    "三(一)2¶4": ("区发改委",),
    "三(一)2¶5": ("区教育局",),
    "三(一)2¶6": ("区监察局",),
    "三(一)2¶7": ("区民政局",),
    "三(一)2¶8": ("区财政局",),
    "三(一)2¶9": ("区建设和住房保障局", "规划分局", "国土分局"),
    "三(一)2¶10": ("区旅游局",),
    "三(一)2¶11": ("区农水局",),
    "三(一)2¶12": ("工商分局",),
    "三(一)2¶13": ("区国税局", "地税分局"),
    "三(一)2¶14": ("区科技局",),
    "三(一)2¶15": ("区总工会",),
    "三(一)2¶16": ("团区委",),
    "三(一)2¶17": ("区工商联",),
    "三(一)2¶18": ("区妇联",),
    "三(一)2¶19": ("区残联",),
    "三(一)2¶20": ("各街道办事处",),
}
LONGEST_COPY = 15  # characters; names, terms and slogans are shorter or stand in quotation marks

_FIGURE = re.compile(
    r"(?:不少于)?\d+(?:[:\u2014]\d+)?(?:%|人次|平方米|人|户|个|家|次|号|年)?(?:以上)?"
    r"|两年内|三级|两级|五项|三位一体|一次性|一批|一定数量|平均每年|每年|每季度|年度|年终|年底|二次"
)
_QUOTED = re.compile(r"“([^”]+)”|《([^》]+)》")
_PIECE = re.compile(r"《[^》]*》|[。,、:;“”()\n\uff0c\uff1a\uff1b\uff08\uff09]")
_WIDTH = str.maketrans("\uff0c\uff1a\uff1b\uff08\uff09", ",:;()")

official = pytest.mark.skipif(
    not OFFICIAL_PLAN.is_file(),
    reason="the official plan is not beside this checkout; the committed addresses are compared",
)


def read_source(path: Path) -> tuple[dict[str, Any], str]:
    _, head, body = path.read_text(encoding="utf-8").split("---\n", 2)
    return yaml.safe_load(head), body


@cache
def pack() -> dict[str, tuple[dict[str, Any], str]]:
    return {path.stem: read_source(path) for path in sorted(SOURCES.glob("*.md"))}


@cache
def plan_clauses() -> dict[str, str]:
    return by_address(split(pack()["plan"][1]))


@cache
def official_clauses() -> dict[str, str]:
    return by_address(split(OFFICIAL_PLAN.read_text(encoding="utf-8")))


def by_address(drafts: list[ClauseDraft]) -> dict[str, str]:
    """Clause texts in half width without blanks, by address; the front matter left out."""
    return {
        draft.address: re.sub(r"\s", "", draft.text).removeprefix(draft.label).translate(_WIDTH)
        for draft in drafts
        if draft.address
    }


def rules() -> list[str]:
    return [name for name in pack() if name != "plan"]


def begins_on(meta: dict[str, Any]) -> date | None:
    return meta.get("effective_on") or meta.get("published_on")


def test_the_plan_has_exactly_the_committed_addresses() -> None:
    assert list(plan_clauses()) == ADDRESSES.read_text(encoding="utf-8").split()


@official
def test_the_plan_has_exactly_the_addresses_of_the_official_file() -> None:
    assert list(plan_clauses()) == list(official_clauses())


@official
def test_every_figure_stands_at_its_own_address_and_no_other() -> None:
    for address, text in official_clauses().items():
        assert set(_FIGURE.findall(plan_clauses()[address])) == set(_FIGURE.findall(text)), address


@official
def test_every_quoted_name_and_slogan_is_kept_at_its_address() -> None:
    for address, text in official_clauses().items():
        for match in _QUOTED.finditer(text):
            assert match[0] in plan_clauses()[address], address


@official
def test_every_department_of_a_clause_is_named_in_its_restatement() -> None:
    names = [department.name for department in load_departments()]
    for address, text in official_clauses().items():
        missing = [n for n in names if n in text and n not in plan_clauses()[address]]
        assert missing == [], address


@official
def test_nothing_but_names_and_terms_is_copied() -> None:
    source = "".join(official_clauses().values())
    copied = {
        run
        for text in plan_clauses().values()
        for piece in _PIECE.split(text)
        if len(run := longest_common_run(piece, source)) > LONGEST_COPY
    }
    assert copied == set()


def longest_common_run(piece: str, source: str) -> str:
    best = ""
    for start in range(len(piece)):
        while start + len(best) < len(piece) and piece[start : start + len(best) + 1] in source:
            best = piece[start : start + len(best) + 1]
    return best


def test_every_sentence_of_a_duty_names_who_has_it() -> None:
    for address, names in DUTIES.items():
        for sentence in plan_clauses()[address].rstrip("。").split("。"):
            assert all(name in sentence for name in names), f"{address}: {sentence}"
        assert plan_clauses()[address].startswith((names[0], "其他各部门和各街道办事处"))


def test_the_leading_group_lists_departments_that_all_have_a_place_in_the_register() -> None:
    known = {department.name for department in load_departments()}
    assert {name for names in DUTIES.values() for name in names} <= known
    listed = [name for name in known if name in plan_clauses()["三(一)1"]]
    assert len(listed) >= 28


@pytest.mark.parametrize("name", sorted(pack()))
def test_a_sentence_can_stand_alone(name: str) -> None:
    for draft in split(pack()[name][1]):
        own = draft.text.strip().removeprefix(draft.label)
        for sentence in re.split(r"[。\n]", own):
            assert not re.match(r"(?:其(?!他)|该|它|上述|这|此)", sentence), sentence


@pytest.mark.parametrize("name", sorted(pack()))
def test_a_source_says_what_it_is(name: str) -> None:
    meta, body = pack()[name]
    assert set(meta) <= KEYS
    assert meta["title"] in body
    assert meta["restated"] is True
    assert meta["caveat"]
    assert Level(meta["level"])
    assert meta["status"] in {"published", "superseded", "revoked"}


@pytest.mark.parametrize("name", rules())
def test_a_rule_is_dated_checked_and_clean(name: str) -> None:
    meta, body = pack()[name]
    assert meta["series"] == name
    assert meta["as_of"] == date(2026, 1, 31)
    assert not [number for number in NEVER_PRINTED if number in f"{meta}{body}"]
    days = [meta.get("published_on"), meta.get("effective_on"), meta.get("expires_on")]
    for day in filter(None, [*days, meta.get("replaced_on")]):
        assert isinstance(day, date)
    first = begins_on(meta)
    for last in (meta.get("expires_on"), meta.get("replaced_on")):
        assert first is None or last is None or first < last
    assert (meta["status"] != "published") == ("replaced_on" in meta)
    addresses = [draft.address for draft in split(body)]
    assert len(addresses) == len(set(addresses))
    assert not [address for address in addresses if "¶" in address or "#" in address]


@pytest.mark.parametrize("name", rules())
def test_a_day_that_stands_for_a_month_or_year_is_said_to_be_one(name: str) -> None:
    meta, _ = pack()[name]
    day = meta.get("effective_on")
    if day is not None and (day + timedelta(days=1)).day == 1:
        assert re.search("只核到|未核实|核对日", meta["caveat"])


def test_a_successor_begins_on_the_day_its_predecessor_ends() -> None:
    for name in rules():
        for older in pack()[name][0].get("supersedes", []):
            assert pack()[older][0]["status"] in {"superseded", "revoked"}
            assert pack()[older][0]["replaced_on"] == begins_on(pack()[name][0]), (name, older)


def test_a_rule_of_the_past_says_so() -> None:
    for name in rules():
        meta, _ = pack()[name]
        assert ("历史规则" in meta["caveat"]) == ("replaced_on" in meta), name


@pytest.mark.parametrize(
    ("series", "holds", "holds_not"),
    [
        ("loan-current", date(2026, 6, 30), date(2020, 1, 1)),
        ("loan-2008-plan-period", date(2012, 6, 1), date(2026, 6, 30)),
        ("tax-2010-plan-period", date(2012, 6, 1), date(2014, 1, 1)),
        ("tax-2023-key-groups", date(2027, 12, 31), date(2028, 1, 1)),
        ("capital-company-law", date(2024, 7, 1), date(2024, 6, 30)),
    ],
)
def test_a_rule_holds_in_its_own_time_only(series: str, holds: date, holds_not: date) -> None:
    assert within(pack()[series][0], holds)
    assert not within(pack()[series][0], holds_not)


def within(meta: dict[str, Any], day: date) -> bool:
    first = begins_on(meta)
    return (
        (first is None or first <= day)
        and (meta.get("expires_on") is None or day <= meta["expires_on"])
        and (meta.get("replaced_on") is None or day < meta["replaced_on"])
    )
