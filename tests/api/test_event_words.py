"""Every event that the code can append, and every closed list on a page, has Chinese words."""

import ast
import importlib
import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from types import ModuleType

from api.ledger.event_details import (
    details_in_words,
    provider_typed,
    subject_in_words,
    subject_typed,
)
from api.ledger.event_words import EVENT_GROUPS, EVENT_NAMES
from api.spreadsheets.subjects import SUBJECTS
from guidance.gaps.gap import GapState
from guidance.review.proposal import ProposalKind, ProposalStatus
from matching.projects import editing

ROOT = Path(__file__).parents[2]
PACKAGES = ("accounts", "api", "assistant", "audit", "guidance", "knowledge", "matching", "storage")
ACTION = re.compile(r"[a-z_]+\.[a-z_]+")
NO_EVENTS = ("id", "js", "yaml", "html", "docx", "png", "key", "json")  # columns, files
# Where an action is put together: every value that its parts can take.
COMPOSED = {
    "gap.{}": {f"gap.{state}" for state in GapState},
    "project.{}": {f"project.{tail}" for tail in editing._EVENTS.values()},
    "{}.proposed": {f"{kind}.proposed" for kind in ProposalKind},
    "{}.{}": {f"{kind}.{status}" for kind in ProposalKind for status in ProposalStatus},
    "{}.imported": {f"{name}.imported" for name in SUBJECTS},
    "{}.exported": {f"{name}.exported" for name in SUBJECTS},
}
# Files that append what their callers name, and the beginnings of those names.
PASSED_ON = {
    "api/denials.py": {"access"},
    "api/policies/terms.py": {"terms", "parameter"},
    "guidance/handover/handover.py": {"handover"},
    "guidance/periods/locking.py": {"period"},
    "guidance/transition.py": {"session", "review", "period"},
    "matching/mentoring/mentorship.py": {"mentoring"},
    "matching/mentors/own_terms.py": {"mentor"},
    "matching/mentors/term.py": {"mentor"},
}


def trees() -> Iterator[tuple[str, ast.Module]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield str(path.relative_to(ROOT)), ast.parse(path.read_text())


def appended(tree: ast.Module) -> Iterator[tuple[ast.expr, ast.AST]]:
    """The action of every event that a file appends, with the function it stands in."""
    for scope in ast.walk(tree):
        if isinstance(scope, ast.FunctionDef):
            for call in ast.walk(scope):
                if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "append_event":
                    yield call.args[1], scope


def values(action: ast.expr, scope: ast.AST, name: str) -> set[str]:
    """Every action that an expression can be; words in braces for what is put together."""
    match action:
        case ast.Constant(value=str(text)):
            return {text}
        case ast.IfExp():
            return values(action.body, scope, name) | values(action.orelse, scope, name)
        case ast.JoinedStr():
            parts = [one.value if isinstance(one, ast.Constant) else "{}" for one in action.values]
            return COMPOSED["".join(map(str, parts))]
        case ast.Name():
            given = [
                one.value
                for one in ast.walk(scope)
                if isinstance(one, ast.Assign)
                and isinstance(one.targets[0], ast.Name)
                and one.targets[0].id == action.id
            ]
            if given:
                return set().union(*(values(one, scope, name) for one in given))
    assert name in PASSED_ON, f"{name} appends {ast.unparse(action)}: add it to PASSED_ON"
    return set()


def test_every_event_has_its_words() -> None:
    known, literals = set[str](), set[str]()
    for name, tree in trees():
        for action, scope in appended(tree):
            known |= values(action, scope, name)
        if "ledger/event_words" not in name:
            literals |= {
                node.value
                for node in ast.walk(tree)
                if isinstance(node, ast.Constant) and isinstance(node.value, str)
            }
    heads = {action.split(".")[0] for action in known}.union(*PASSED_ON.values())
    for literal in filter(ACTION.fullmatch, literals):
        head, tail = literal.split(".")
        if head in heads and tail not in NO_EVENTS:
            known.add(literal)
    assert len(known) > 100
    assert sorted(known - EVENT_NAMES.keys()) == []


def test_no_event_is_named_twice() -> None:
    assert sum(map(len, EVENT_GROUPS.values())) == len(EVENT_NAMES)
    assert all(re.search("[\u4e00-\u9fff]", name) for name in EVENT_NAMES.values())


def modules() -> Iterator[ModuleType]:
    for name, tree in trees():
        names = [getattr(one, "target", None) or getattr(one, "targets", [None])[0]
                 for one in tree.body if isinstance(one, ast.Assign | ast.AnnAssign)]  # fmt: skip
        if any(isinstance(one, ast.Name) and one.id.endswith("_NAMES") for one in names):
            yield importlib.import_module(name.removesuffix(".py").replace("/", "."))


def test_every_closed_list_has_all_its_names() -> None:
    checked = set()
    for module in modules():
        for name, table in vars(module).items():
            kinds = {type(key) for key in table} if isinstance(table, dict) else set()
            if (
                name[0].isupper()
                and name.endswith("_NAMES")
                and len(kinds) == 1
                and issubclass(kind := kinds.pop(), StrEnum)
            ):
                assert set(kind) == set(table), (module.__name__, name)
                checked.add(kind)
    assert len(checked) > 15


def test_codes_are_told_however_they_are_stored() -> None:
    listed = details_in_words({"details": {"codes": ["Q3", "Q5"]}})
    assert details_in_words({"details": {"codes": "Q3 Q5"}}) == listed
    assert listed.startswith("没有谈到与创业有关的内容；交流不够充分")


def test_what_an_event_adds_is_told() -> None:
    told = {
        "编号 24 不再计数": {"instead_of": 24, "from": "unqualified", "to": "qualified"},
        "编号 11、12 结转到 2026Q4": {"sessions": [11, 12], "to": "2026Q4"},
        "材料摘要 aae596e60ddb": {"digest": "aae596e60ddbe3f2253afdfd"},
        "核减": {"adjustment": 1, "kind": "void"},
        "改归单位：区本级 → 东街街道": {
            "adjustment": 2, "kind": "reclassify", "unit": "", "to_unit": "东街街道",
        },
        "复三提议": {"proposed_by": "account:7"},
    }  # fmt: skip
    names = {"account:7": "复三"}
    assert [details_in_words({"details": one}, names) for one in told.values()] == [*told]
    assert details_in_words({"details": {"proposed_by": ""}}) == ""


def test_what_an_event_is_about_is_told_and_found_by_its_words() -> None:
    for subject, words in {
        "session:24": "咨询记录 24", "period:2026Q3": "季度 2026Q3", "account:7": "账号 7",
        "persons:2026": "人数 2026", "mentor_work:2026": "导师服务量 2026",
    }.items():  # fmt: skip
        assert subject_in_words(subject) == words
        assert subject_typed(words) == subject_typed(subject) == subject
    assert subject_typed(" 24 ") == "session:24"
    typed = ("D001", "导师 D001", "mentor:D001", "7", "账号 7", "")
    assert [provider_typed(one) for one in typed] == ["mentor:D001"] * 3 + ["account:7"] * 2 + [""]
    assert subject_in_words("audit:log") == "审计日志"
    assert subject_in_words("sessions:12") == "咨询记录 12 条"
    assert subject_in_words("other:1") == "other:1"
