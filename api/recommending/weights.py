"""Staff pages of the weights: what is in force, learn, preview, publish, roll back."""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import RedirectResponse

from api.access import Permission, allow
from api.deps import OpenDatabase
from api.input import Words
from api.refusals import PageNotFound
from api.signed_in import CurrentAccount, SignedIn
from api.staff_page import render_staff
from matching.assignment.pair_reasons import TERM_NAMES
from matching.learning.fit import learn
from matching.learning.outcome import events_of, lists_shown
from matching.learning.swaps import compare_swaps, drawn_lists
from matching.learning.weight_preview import WeightPreview, preview_weights
from matching.learning.weight_version import (
    SUBJECT_NAMES,
    LearningSubject,
    WeightState,
    WeightVersion,
    WeightVersionRefused,
    current_name,
    current_weights,
    propose,
    publish,
    published_version,
    return_to_shipped,
    versions_of,
)
from storage.database import Database

router = APIRouter(include_in_schema=False, dependencies=allow(Permission.CATALOGUE))

LEARNT_FROM = timedelta(days=180)
PREVIEWED = timedelta(days=30)
STATE_NAMES = {
    WeightState.PROPOSED: "待发布",
    WeightState.PUBLISHED: "在用",
    WeightState.RETIRED: "已停用",
}
PROJECT_TERM_NAMES = {
    "trade": "想做的行业",
    "skills": "会做的事",
    "meaning": "描述相近",
    "money": "资金够用",
    "risk": "风险态度",
    "groups": "适合人群",
    "place": "所在地方",
    "premises": "已有场地",
    "payback": "回本时间",
}
NAMES = TERM_NAMES | PROJECT_TERM_NAMES
VersionId = Annotated[int, Path(ge=1, le=2_147_483_647)]


@router.get("/staff/weights")
def show_weights(request: Request, database: OpenDatabase, account: CurrentAccount) -> Response:
    """Show the weights in force and all versions."""
    return _overview(request, database, account)


@router.post("/staff/weights/{subject}/learn")
def post_learn(
    request: Request, subject: LearningSubject, database: OpenDatabase, account: CurrentAccount
) -> Response:
    """Learn from half a year; propose a version, or say why there is none."""
    now = datetime.now(UTC)
    with database.reading() as db:
        terms = current_weights(db, subject)
        events = events_of(db, subject, terms, now - LEARNT_FROM)
    learnt = learn(terms, events)  # takes a second: in no transaction
    try:
        with database.writing() as db:
            version = propose(db, subject, learnt, account.actor, now)
    except WeightVersionRefused as refused:
        return _overview(request, database, account, f"{SUBJECT_NAMES[subject]}：{refused}")
    return _to(f"/staff/weights/{version.id}?saved=1")


@router.post("/staff/weights/{subject}/shipped")
def post_shipped(
    request: Request,
    subject: LearningSubject,
    database: OpenDatabase,
    account: CurrentAccount,
    reason: Words = "",
) -> Response:
    """Put the shipped weights back into force."""
    try:
        with database.writing() as db:
            return_to_shipped(db, subject, account.actor, reason)
    except WeightVersionRefused as refused:
        return _overview(request, database, account, str(refused))
    return _to("/staff/weights?saved=1")


@router.get("/staff/weights/{version_id}")
def show_version(
    request: Request, version_id: VersionId, database: OpenDatabase, account: CurrentAccount
) -> Response:
    """Show a version beside what is in force, and what it would change on past lists."""
    return _version_page(request, database, account, version_id)


@router.post("/staff/weights/{version_id}/publish")
def post_publish(
    request: Request,
    version_id: VersionId,
    database: OpenDatabase,
    account: CurrentAccount,
    reason: Words = "",
) -> Response:
    """Put a proposed or an earlier version into force."""
    try:
        with database.writing() as db:
            _known(db.get(WeightVersion, version_id))
            publish(db, version_id, account.actor, reason, datetime.now(UTC))
    except WeightVersionRefused as refused:
        return _version_page(request, database, account, version_id, str(refused))
    return _to(f"/staff/weights/{version_id}?saved=1")


def _overview(
    request: Request, database: Database, account: SignedIn, refused: str = ""
) -> Response:
    with database.reading() as db:
        subjects = [
            {
                "subject": subject,
                "title": title,
                "current": current_name(db, subject),
                "weights": _named(dict(current_weights(db, subject))),
                "versions": versions_of(db, subject),
                "learnt": published_version(db, subject) is not None,
                "events": len(
                    events_of(
                        db, subject, current_weights(db, subject), datetime.now(UTC) - LEARNT_FROM
                    )
                ),
            }
            for subject, title in SUBJECT_NAMES.items()
        ]
    return render_staff(
        request,
        account,
        "recommending/weights.html",
        HTTPStatus.CONFLICT if refused else HTTPStatus.OK,
        subjects=subjects,
        states=STATE_NAMES,
        refused=refused,
    )


def _version_page(
    request: Request, database: Database, account: SignedIn, version_id: int, refused: str = ""
) -> Response:
    with database.reading() as db:
        version = _known(db.get(WeightVersion, version_id))
        current = dict(current_weights(db, version.subject))
        now = datetime.now(UTC)
        of_projects = version.subject is LearningSubject.PROJECTS
        lists = lists_shown(db, now - PREVIEWED) if of_projects else []
        drawn = drawn_lists(db, now - LEARNT_FROM) if of_projects else []
    preview: WeightPreview | None = None
    if of_projects:
        preview = preview_weights(lists, current, version.weights)
    rows = [
        (NAMES.get(name, name), weight, version.weights[name], version.weights[name] - weight)
        for name, weight in current.items()
    ]
    return render_staff(
        request,
        account,
        "recommending/weight_version.html",
        HTTPStatus.CONFLICT if refused else HTTPStatus.OK,
        version=version,
        title=SUBJECT_NAMES[version.subject],
        state=STATE_NAMES[version.state],
        rows=rows,
        preview=preview,
        swaps=compare_swaps(drawn, version.weights),
        refused=refused,
        may_publish=version.state is not WeightState.PUBLISHED,
    )


def _known(version: WeightVersion | None) -> WeightVersion:
    if version is None:
        raise PageNotFound("没有这个权重版本，请回到列表重新选择。")
    return version


def _named(weights: dict[str, float]) -> dict[str, float]:
    total = sum(weights.values())
    return {NAMES.get(name, name): weight / total for name, weight in weights.items()}


def _to(path: str) -> Response:
    return RedirectResponse(path, HTTPStatus.SEE_OTHER)
