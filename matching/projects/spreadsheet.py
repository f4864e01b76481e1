"""Projects as a subject of spreadsheets."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from matching.projects.columns import CONTENT_COLUMNS, PROJECT_COLUMNS, conflicts, contents_of
from matching.projects.completeness import completeness_of
from matching.projects.editing import Editor, version_of
from matching.projects.project import Project, ProjectVersion
from matching.projects.state import PUBLISHED, ProjectState
from matching.spreadsheets.judging import Stored, Subject

REASON = "表格导入"


def _stored(db: Session, codes: Sequence[str]) -> Mapping[str, Stored]:
    found = db.scalars(select(Project).where(Project.code.in_(codes)))
    names = [column.name for column in PROJECT_COLUMNS]
    return {
        one.code: Stored(
            f"{one.version} {one.state}",
            {name: getattr(one, name) for name in names},
            contents_of(one),
        )
        for one in found
    }


def _conflicts(values: Mapping[str, Any]) -> Mapping[str, str]:
    wrong = conflicts(dict(values))
    if values.get("state") not in PUBLISHED or wrong:
        return wrong
    judged = completeness_of(values)
    if not judged.publishable:
        lacking = "、".join((*judged.blocking, *judged.lacking)[:4])
        wrong["code"] = f"这个项目正在推介，改后会缺少：{lacking}。请补齐，或先撤下推介"
    return wrong


def _insert(db: Session, rows: Sequence[Mapping[str, Any]], editor: Editor) -> None:
    common = {
        "state": ProjectState.SOLICITED,
        "version": 1,
        "shipped": False,
        "pack_digest": "",
        "created_at": editor.at,
        "updated_at": editor.at,
    }
    complete = [{**row, **common, "completeness": completeness_of(row).percent} for row in rows]
    adding = insert(Project).returning(Project.id, sort_by_parameter_order=True)
    ids = db.scalars(adding, complete).all()
    versions = [
        {
            "project_id": project_id,
            "version": 1,
            "content": {c.name: c.write(row[c.name]) for c in CONTENT_COLUMNS},
            "reason": REASON,
            "actor_kind": editor.actor.kind,
            "actor_id": editor.actor.id,
            "actor_name": editor.name,
            "at": editor.at,
        }
        for project_id, row in zip(ids, rows, strict=True)
    ]
    db.execute(insert(ProjectVersion), versions)


def _update(db: Session, rows: Mapping[str, Mapping[str, Any]], editor: Editor) -> None:
    for project in db.scalars(select(Project).where(Project.code.in_(rows))):
        for name, value in rows[project.code].items():
            setattr(project, name, value)
        project.completeness = completeness_of(vars(project)).percent
        project.version += 1
        project.updated_at = editor.at
        db.add(version_of(project, editor, REASON))


def _records(db: Session) -> Iterator[Project]:
    query = select(Project).order_by(Project.code).execution_options(yield_per=500)
    yield from db.scalars(query)


PROJECTS = Subject(
    name="projects",
    label="创业项目",
    columns=PROJECT_COLUMNS,
    stored=_stored,
    conflicts=_conflicts,
    insert=_insert,
    update=_update,
    records=_records,
)
