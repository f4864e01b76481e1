"""The shipped projects: our own writing in matching/library, brought in at every start.

They come in published, so that a new installation can recommend at once; the record
says that the district's experts have not judged them yet, and the library counts them
apart. What an administrator changed is never overwritten.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from audit.log import SYSTEM, append_event
from knowledge.yaml_text import read_yaml
from matching.projects.columns import COLUMNS_BY_NAME, CONTENT_COLUMNS, conflicts, contents_of
from matching.projects.completeness import completeness_of
from matching.projects.editing import Editor, check_publishable, step_of, version_of
from matching.projects.origin import HolderRight, SourceChannel
from matching.projects.project import Project, ProjectStep, ProjectVersion
from matching.projects.state import ProjectAction, ProjectState

LIBRARY = Path(__file__).parent.parent / "library"
PACK_NAME = "系统随附"
NOT_JUDGED = "系统随附的参考项目，编写时已逐项自查；请本区专家复核后再作为本区评审项目使用。"


class PackInvalid(ValueError):
    """A shipped project breaks a rule; the message names file, project and field."""


@dataclass(frozen=True, slots=True)
class ShippedProject:
    """One project of the pack: its values by column name, and the digest of its text."""

    values: Mapping[str, Any]
    digest: str


@cache
def shipped_projects(folder: Path = LIBRARY) -> tuple[ShippedProject, ...]:
    """Read the pack, in the order of the codes. Raises PackInvalid."""
    found: dict[str, ShippedProject] = {}
    for path in sorted(folder.glob("*.yaml")):
        file = read_yaml(path.read_text(encoding="utf-8"))
        for entry in file["projects"]:
            project = _read_entry(path.name, file["defaults"] | entry)
            code = project.values["code"]
            if code in found:
                raise PackInvalid(f"{path.name}：编号 {code} 重复")
            found[code] = project
    return tuple(found[code] for code in sorted(found))


def _read_entry(file_name: str, entry: dict[str, Any]) -> ShippedProject:
    code = entry.get("code", "")
    values: dict[str, Any] = {
        "source_channel": SourceChannel.SHIPPED,
        "holder_right": HolderRight.OPEN,
    }
    for name, written in entry.items():
        if name not in COLUMNS_BY_NAME:
            raise PackInvalid(f"{file_name} {code}：没有“{name}”这一栏")
        if isinstance(written, list):
            written = "、".join(map(str, written))
        if isinstance(written, bool):
            written = "是" if written else "否"
        try:
            values[name] = COLUMNS_BY_NAME[name].read(str(written))
        except ValueError as error:
            raise PackInvalid(f"{file_name} {code} {name}：{error}") from error
    wrong = conflicts(values)
    if wrong:
        raise PackInvalid(f"{file_name} {code}：{wrong}")
    content = {n: COLUMNS_BY_NAME[n].write(value) for n, value in sorted(values.items())}
    return ShippedProject(values, hashlib.sha256(repr(content).encode()).hexdigest())


def load_projects(
    db: Session,
    now: datetime,
    today: date,
    progress: Callable[[int, int], None] | None = None,
    pack: tuple[ShippedProject, ...] | None = None,
) -> int:
    """Bring the pack into the database; return how many of its projects changed.

    A new one is added and published, a changed one replaced as long as nobody but the
    system ever touched it. Loading again costs one query.
    """
    shipped = shipped_projects() if pack is None else pack
    editor = Editor(SYSTEM, PACK_NAME, now)
    rows = db.execute(select(Project.code, Project.pack_digest))
    known = {row.code: row.pack_digest for row in rows}
    changed = []
    for done, one in enumerate(shipped, start=1):
        code = one.values["code"]
        if code not in known:
            _add(db, one, editor, today)
            changed.append(code)
        elif known[code] != one.digest and _renew(db, one, editor):
            changed.append(code)
        if progress is not None:
            progress(done, len(shipped))
    if changed:
        details = {"codes": changed}
        append_event(db, "project.pack_loaded", "project:shipped", SYSTEM, details)
    return len(changed)


def _add(db: Session, shipped: ShippedProject, editor: Editor, today: date) -> None:
    project = Project(
        **{column.name: column.empty for column in CONTENT_COLUMNS} | dict(shipped.values),
        state=ProjectState.ADMITTED,
        version=1,
        completeness=completeness_of(shipped.values).percent,
        shipped=True,
        pack_digest=shipped.digest,
        created_at=editor.at,
        updated_at=editor.at,
    )
    check_publishable(project)
    db.add(project)
    db.flush()
    db.add(version_of(project, editor, PACK_NAME))
    if not project.facts().is_expired(today):
        target = ProjectState.PROMOTED
        db.add(step_of(project, ProjectAction.PUBLISH, target, NOT_JUDGED, editor))
        project.state = target


def _renew(db: Session, shipped: ShippedProject, editor: Editor) -> bool:
    """Replace a project by its new edition unless somebody touched it."""
    project = db.scalars(select(Project).where(Project.code == shipped.values["code"])).one()
    if not project.shipped or _touched(db, project):
        return False
    before = contents_of(project)
    for name, value in shipped.values.items():
        setattr(project, name, value)
    project.pack_digest = shipped.digest
    if contents_of(project) == before:
        return False
    project.completeness = completeness_of(vars(project)).percent
    project.version += 1
    project.updated_at = editor.at
    db.add(version_of(project, editor, PACK_NAME))
    return True


def _touched(db: Session, project: Project) -> bool:
    """Whether anybody but the system ever changed or moved the project."""
    return any(
        db.scalar(
            select(record.id)
            .where(record.project_id == project.id, record.actor_kind != SYSTEM.kind)
            .limit(1)
        )
        for record in (ProjectVersion, ProjectStep)
    )
