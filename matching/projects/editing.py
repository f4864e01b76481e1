"""Changes to projects by people: made, revised, moved on; each one recorded and audited."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from audit.log import Actor, append_event
from matching.projects.columns import COLUMNS_BY_NAME, CONTENT_COLUMNS, conflicts, contents_of
from matching.projects.completeness import completeness_of
from matching.projects.project import Project, ProjectStep, ProjectVersion
from matching.projects.state import (
    MOVES,
    PUBLISHED,
    ProjectAction,
    ProjectState,
    state_after,
)
from storage.database import storable, take_turns

REVIEW_INTERVAL = timedelta(days=180)
_EVENTS = {
    ProjectAction.SUBMIT: "submitted",
    ProjectAction.PASS_SCREENING: "screened",
    ProjectAction.PASS_REVIEW: "reviewed",
    ProjectAction.ADMIT: "admitted",
    ProjectAction.PUBLISH: "published",
    ProjectAction.FOLLOW: "followed",
    ProjectAction.VERIFY: "verified",
    ProjectAction.WITHDRAW: "withdrawn",
    ProjectAction.RETURN: "returned",
    ProjectAction.REJECT: "rejected",
    ProjectAction.RETIRE: "retired",
    ProjectAction.REOPEN: "reopened",
}


class ProjectNotPublishable(ValueError):
    """A project that is or would be published lacks something; the message says what."""


class ProjectChanged(RuntimeError):
    """Somebody else changed the project since the page was opened."""


class ProjectInvalid(ValueError):
    """Fields are wrong; `errors` maps their names to what to do."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        said = "；".join(f"{COLUMNS_BY_NAME[name].label}：{text}" for name, text in errors.items())
        super().__init__(said + "。")
        self.errors = dict(errors)


@dataclass(frozen=True, slots=True)
class Editor:
    """Who changes something, and when; the name is for the record that colleagues read."""

    actor: Actor
    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Change:
    """One field that differs between two versions, as texts."""

    label: str
    before: str
    after: str


def create_project(db: Session, values: Mapping[str, Any], editor: Editor, reason: str) -> Project:
    """Add a project in the state 征集; without a code it gets the next free one.

    Raises ProjectInvalid, also when the code is taken.
    """
    take_turns(db, "project codes")
    code = str(values.get("code") or next_code(db))
    if db.scalar(select(Project.id).where(Project.code == code)) is not None:
        raise ProjectInvalid({"code": "这个编号已经有项目在用，请换一个"})
    project = Project(
        **{column.name: column.empty for column in CONTENT_COLUMNS},
        state=ProjectState.SOLICITED,
        created_at=editor.at,
        updated_at=editor.at,
        version=1,
        shipped=False,
    )
    _assign(project, {**values, "code": code})
    db.add(project)
    db.flush()
    db.add(version_of(project, editor, reason))
    append_event(db, "project.created", f"project:{code}", editor.actor, reason=reason)
    return project


def revise_project(
    db: Session,
    project: Project,
    values: Mapping[str, Any],
    editor: Editor,
    seen_version: int,
    reason: str = "",
) -> bool:
    """Change fields of a project and keep the new version; return whether anything differed.

    Raises ProjectChanged when `seen_version` is no longer the newest, ProjectInvalid for
    contradicting fields, ProjectNotPublishable when a published one would lack something.
    """
    _lock(db, project)
    if project.version != seen_version:
        raise ProjectChanged(
            "别人刚刚修改了这个项目，您的修改还没有保存。请打开最新版本，对照后再改一次。"
        )
    before = contents_of(project)
    _assign(project, {name: value for name, value in values.items() if name != "code"})
    after = contents_of(project)
    changed = sorted(name for name in after if before[name] != after[name])
    if not changed:
        return False
    if project.state in PUBLISHED:
        check_publishable(project)
    project.version += 1
    project.updated_at = editor.at
    db.add(version_of(project, editor, reason))
    subject = f"project:{project.code}"
    details = {"version": project.version, "fields": changed}
    append_event(db, "project.revised", subject, editor.actor, details, reason)
    return True


def move_project(
    db: Session, project: Project, action: ProjectAction, opinion: str, editor: Editor, today: date
) -> ProjectStep:
    """Take one step of the way through the library.

    Raises MoveNotPossible, and ProjectNotPublishable when it is to be published but
    incomplete or expired.
    """
    _lock(db, project)
    opinion = storable(opinion.strip())
    target = state_after(project.state, action, opinion)
    if action is ProjectAction.PUBLISH:
        check_publishable(project, today)
    if action is ProjectAction.VERIFY:
        _note_verified(db, project, editor, today)
    step = step_of(project, action, target, opinion, editor)
    project.state = target
    project.updated_at = editor.at
    db.add(step)
    subject = f"project:{project.code}"
    details = {"from": step.from_state, "to": step.to_state, "version": project.version}
    append_event(db, f"project.{_EVENTS[action]}", subject, editor.actor, details, opinion)
    return step


def _lock(db: Session, project: Project) -> None:
    """Take the newest state of a project and keep others from it until the transaction ends."""
    db.flush()  # or an earlier step of the same transaction would be read away
    db.refresh(project, with_for_update=True)


def check_publishable(project: Project, today: date | None = None) -> None:
    """Raise ProjectNotPublishable unless everything needed is there."""
    judged = completeness_of(vars(project))
    if judged.blocking:
        raise ProjectNotPublishable(f"还缺：{'、'.join(judged.blocking)}。补齐以后才能发布。")
    if not judged.publishable:
        lacking = "、".join(judged.lacking[:5])
        raise ProjectNotPublishable(f"完整度只有 {judged.percent}%，请再补充：{lacking}。")
    if today is not None and project.facts().is_expired(today):
        raise ProjectNotPublishable("有效期已过，请先核实并更新“有效期至”，再发布。")


def _note_verified(db: Session, project: Project, editor: Editor, today: date) -> None:
    """A verification is a new version too: its dates are part of the content."""
    if project.last_verified_on == today:
        return
    project.last_verified_on = today
    project.next_review_on = today + REVIEW_INTERVAL
    project.version += 1
    project.completeness = completeness_of(vars(project)).percent
    db.add(version_of(project, editor, MOVES[ProjectAction.VERIFY].name))


def _assign(project: Project, values: Mapping[str, Any]) -> None:
    known = {column.name for column in CONTENT_COLUMNS}
    for name, value in values.items():
        if name in known:
            setattr(project, name, storable(value) if isinstance(value, str) else value)
    wrong = conflicts(vars(project))
    if wrong:
        raise ProjectInvalid(wrong)
    project.completeness = completeness_of(vars(project)).percent


def version_of(project: Project, editor: Editor, reason: str) -> ProjectVersion:
    """Return the record of a project's present content."""
    return ProjectVersion(
        project_id=project.id,
        version=project.version,
        content=contents_of(project),
        reason=storable(reason),
        actor_kind=editor.actor.kind,
        actor_id=editor.actor.id,
        actor_name=editor.name,
        at=editor.at,
    )


def step_of(
    project: Project, action: ProjectAction, target: ProjectState, opinion: str, editor: Editor
) -> ProjectStep:
    """Return the record of one step from the project's present state."""
    return ProjectStep(
        project_id=project.id,
        action=action,
        from_state=project.state,
        to_state=target,
        version=project.version,
        opinion=opinion,
        actor_kind=editor.actor.kind,
        actor_id=editor.actor.id,
        actor_name=editor.name,
        at=editor.at,
    )


def compare_versions(before: Mapping[str, str], after: Mapping[str, str]) -> list[Change]:
    """Return the fields that differ between two recorded contents, in the form's order."""
    return [
        Change(column.label, before.get(column.name, ""), after.get(column.name, ""))
        for column in CONTENT_COLUMNS
        if before.get(column.name, "") != after.get(column.name, "")
    ]


def next_code(db: Session) -> str:
    """Return the next free code of the form P0001."""
    codes: Iterable[str] = db.scalars(select(Project.code).where(Project.code.like("P%")))
    numbers = [int(code[1:]) for code in codes if code[1:].isdecimal() and len(code) < 12]
    return f"P{max(numbers, default=0) + 1:04d}"
