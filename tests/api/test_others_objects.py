"""Another's object answers exactly like a missing one: every route with a name in its path."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import select

from accounts.role import Role
from api.access import Permission, declared_permissions, may
from api.denials import ANOTHERS
from audit.log import AuditEvent
from storage.database import Database
from tests.fixtures.world import ELSEWHERE, HERE, MEETING, STAFF, World, build_world

MISSING = 999_999
NOBODYS = {
    "catalogue": "administrators keep it for the whole district",
    "everyone": "everyone may see it",
    "district": "one for the whole district",
    "secret": "the address itself is the secret",
}
# Routes whose object belongs to nobody in particular, and why.
SHARED = {
    "/staff/weights/{subject}/learn": "catalogue",
    "/staff/weights/{subject}/shipped": "catalogue",
    "/staff/weights/{version_id}": "catalogue",
    "/staff/weights/{version_id}/publish": "catalogue",
    "/api/v1/clauses/{clause_id}": "everyone",
    "/documents/{document_id}": "everyone",
    "/clauses/{clause_id}": "everyone",
    "/static/{digest}/{name}": "everyone",
    "/login/link/{link}": "secret",
    "/staff/accounts/{account_id}": "catalogue",
    "/staff/accounts/{account_id}/disable": "catalogue",
    "/staff/accounts/{account_id}/enable": "catalogue",
    "/staff/accounts/{account_id}/link": "catalogue",
    "/staff/accounts/{account_id}/code": "catalogue",
    "/wechat/{account}/login": "everyone",
    "/wechat/{account}/signed-in": "everyone",
    "/staff/reports/{period}": "district",
    "/staff/projects/{code}": "district",
    "/staff/projects/{code}/edit": "catalogue",
    "/staff/projects/{code}/move": "catalogue",
    "/staff/projects/{code}/versions": "district",
    "/staff/mentors/{code}": "district",
    "/staff/mentors/{code}/edit": "catalogue",
    "/staff/mentors/{code}/term": "catalogue",
    "/staff/spreadsheets/{name}": "catalogue",
    "/staff/spreadsheets/{name}/template.xlsx": "catalogue",
    "/staff/spreadsheets/{name}/export": "catalogue",
    "/staff/spreadsheets/{name}/{job_id}": "catalogue",
    "/staff/indicators/{indicator_id}": "district",
    "/staff/indicators/{indicator_id}/rows": "district",
    "/staff/uploads/indicators/{indicator_id}": "district",
    "/staff/uploads/targets/{indicator_id}": "district",
    "/staff/values/{number}": "district",
    "/staff/periods/{period}": "district",
    "/confirm/{number}": "secret",
    "/wechat/{account}": "everyone",
    "/answers/{token}": "secret",
    "/projects/{code}": "everyone",
    "/projects/{code}/unsuitable": "everyone",
    "/projects/{code}/suitable": "everyone",
    "/projects/{code}/choose": "everyone",
    "/projects/{code}/leave": "everyone",
    "/mentors/{code}": "everyone",
    "/mentors/{code}/request": "everyone",
    "/staff/mentoring/runs/{run_id}": "district",
    "/staff/gaps/{gap_id}/assign": "catalogue",
    "/staff/bench/{run_id}": "catalogue",
    "/staff/bench/{run_id}/export": "catalogue",
    "/staff/policies/{document_id}": "catalogue",
    "/staff/policies/{document_id}/facts": "catalogue",
    "/staff/policies/{document_id}/preview": "catalogue",
    "/staff/policies/{document_id}/{step}": "catalogue",
    "/staff/channels/{name}/check": "catalogue",
    "/staff/channels/{name}/stop": "catalogue",
    "/staff/channels/{name}/start": "catalogue",
    "/staff/channels/letters/{letter_id}/retry": "catalogue",
    "/staff/channels/letters/{letter_id}/drop": "catalogue",
    "/kf/{account}": "everyone",
    "/handed/{token}": "secret",
    "/handed/{token}/news": "secret",
    "/staff/offices/{number}": "catalogue",
    "/staff/offices/{number}/close": "catalogue",
}
# Routes whose object is a unit's, a mentor's, an account's or a visitor's: whose, and what
# kind of object the address names.
OWNED: dict[str, tuple[str, str]] = {
    "/staff/sessions/{number}": ("unit", "session"),
    "/staff/uploads/sessions/{number}": ("unit", "session"),
    "/staff/sessions/{number}/adjust": ("unit", "session"),
    "/staff/persons/{number}": ("unit", "session"),
    "/staff/samples/{number}": ("unit", "session"),
    "/staff/restricted/{number}": ("unit", "session"),
    "/staff/evidence/{digest}": ("unit", "session"),
    "/staff/proposals/{number}": ("unit", "proposal"),
    "/staff/adjustments/{number}": ("unit", "adjustment"),
    "/staff/gaps/{gap_id}": ("unit", "gap"),
    "/staff/gaps/{gap_id}/draft": ("unit", "gap"),
    "/staff/gaps/{gap_id}/{step}": ("unit", "gap"),
    "/staff/gaps/{gap_id}/contacts/{turn_id}/show": ("unit", "gap"),
    "/staff/gaps/{gap_id}/contacts/{turn_id}/told": ("unit", "gap"),
    "/staff/handovers/{number}": ("unit", "handover"),
    "/staff/handovers/{number}/take": ("unit", "handover"),
    "/staff/handovers/{number}/reply": ("unit", "handover"),
    "/staff/handovers/{number}/pass": ("unit", "handover"),
    "/staff/handovers/{number}/close": ("unit", "handover"),
    "/staff/mentoring/needs/{need_id}": ("unit", "need"),
    "/staff/mentoring/pairings/{pairing_id}/withdraw": ("unit", "pairing"),
    "/staff/mentoring/pairings/{pairing_id}/end": ("unit", "pairing"),
    "/staff/mentoring/calls/{news_id}": ("unit", "news"),
    "/staff/mentoring/calls/{news_id}/phone": ("unit", "news"),
    "/account/sessions/{session_id}/end": ("account", "web_session"),
    "/mentor/pairings/{pairing_id}/accept": ("mentor", "pairing"),
    "/mentor/pairings/{pairing_id}/decline": ("mentor", "pairing"),
    "/mentor/pairings/{pairing_id}/time": ("mentor", "pairing"),
    "/mentor/pairings/{pairing_id}/time/agree": ("mentor", "pairing"),
    "/mentor/pairings/{pairing_id}/end": ("mentor", "pairing"),
    "/mentor/pairings/{pairing_id}/meetings": ("mentor", "pairing"),
    "/conversations/{conversation_id}": ("visitor", "conversation"),
    "/turns/{turn_id}/feedback": ("visitor", "turn"),
    "/turns/{turn_id}/contact": ("visitor", "turn"),
    "/turns/{turn_id}/contact/withdraw": ("visitor", "turn"),
    "/mentoring/{need_id}/withdraw": ("visitor", "need"),
    "/mentoring/{need_id}/wishes": ("visitor", "need"),
    "/mentoring/pairings/{pairing_id}/time": ("visitor", "pairing"),
    "/mentoring/pairings/{pairing_id}/rating": ("visitor", "pairing"),
    "/mentoring/meetings/{session_id}/confirm": ("visitor", "meeting"),
}
# Where whoever holds the object is answered alike: signed out and led back.
ALIKE = {"/account/sessions/{session_id}/end"}
# What stands for an address's further parameters, and which one is the object itself.
FILLED = {"{step}": "approve", "{turn_id}": "1"}
# Whoever keeps the whole district's open questions is a stranger to none of them.
SEE_ALL = {"gap": {Role.ADMINISTRATOR}}
# What has to be filled in before a route looks at its object.
FORMS = {
    "/mentor/pairings/{pairing_id}/decline": {"reason": "no_time"},
    "/mentor/pairings/{pairing_id}/time": {"words": "周三下午"},
    "/mentor/pairings/{pairing_id}/end": {"ending": "completed"},
    "/mentor/pairings/{pairing_id}/meetings": MEETING,
    "/staff/mentoring/needs/{need_id}": {"mentor": "MS01", "reason": "本人指定"},
    "/staff/mentoring/pairings/{pairing_id}/end": {"reason": "本人要求"},
    "/staff/mentoring/pairings/{pairing_id}/withdraw": {"reason": "本人要求"},
    "/turns/{turn_id}/feedback": {"helpful": "1"},
    "/turns/{turn_id}/contact": {"phone": "13812345678", "consent": "1"},
    "/mentoring/pairings/{pairing_id}/rating": {"stars": "5"},
    "/staff/handovers/{number}/reply": {"text": "请带身份证到东街服务站办理。"},
    "/staff/handovers/{number}/pass": {"org_unit": "南湖街道", "reason": "由南湖街道办理"},
    "/staff/handovers/{number}/close": {"reason": "已电话答复"},
}


@pytest.fixture
def world(app: FastAPI, sqlite_database: Database) -> World:
    return build_world(app, sqlite_database)


def routes(app: FastAPI) -> Iterator[tuple[str, str, Permission]]:
    """Every method and path template that names an object."""
    for address, permission in declared_permissions(app.routes).items():
        method, template = address.split(" ", 1)
        if "{" in template and method != "HEAD":
            yield method, template, permission


def pairs(kind: str, method: str, permission: Permission, numbered: str) -> list[tuple[str, str]]:
    """Who holds the object and who does not, among those who may call a route."""
    if kind in {"mentor", "visitor"}:
        return [(kind, f"other {kind}")]
    if kind == "account":
        return [(f"{Role.HANDLER} {HERE}", f"{Role.HANDLER} {ELSEWHERE}")]
    return [
        (f"{role} {HERE}", f"{role} {ELSEWHERE}")
        for role in STAFF
        if may(frozenset({role}), permission, method) and role not in SEE_ALL.get(numbered, ())
    ]


def address(template: str, number: object, world: World) -> str:
    """Return a route's address with an object's number in it."""
    if "{digest}" in template:
        return f"{template.replace('{digest}', str(world.numbers['evidence']))}?session={number}"
    first, *others = re.findall(r"\{\w+\}", template)
    path = template.replace(first, str(number), 1)
    for other in others:
        path = path.replace(other, FILLED[other])
    return path


def same(answer: Any, path: str) -> tuple[int, str, str]:
    """What a caller can tell an answer by, its own address left out."""
    return (
        answer.status_code,
        answer.text.replace(path.partition("?")[0], "*"),
        answer.headers.get("location", ""),
    )


def refusals(database: Database) -> list[tuple[str, str]]:
    """Who was refused another's object, as the log has it."""
    with database.reading() as db:
        rows = select(AuditEvent.actor_id, AuditEvent.subject).order_by(AuditEvent.seq)
        found = db.execute(rows.where(AuditEvent.action == ANOTHERS)).all()
    return [(actor, subject) for actor, subject in found]


def test_every_route_says_whose_its_object_is(app: FastAPI) -> None:
    named = {template for _, template, _ in routes(app)}
    assert named - OWNED.keys() - SHARED.keys() == set(), "say in SHARED or OWNED whose it is"
    assert (OWNED.keys() | SHARED.keys()) - named == set(), "there is no such route"
    assert OWNED.keys() & SHARED.keys() == set()
    assert set(SHARED.values()) <= NOBODYS.keys()


def test_anothers_object_answers_like_a_missing_one(world: World) -> None:
    walked = seen_to = 0
    for method, template, permission in routes(world.app):
        if template not in OWNED:
            continue
        kind, numbered = OWNED[template]
        form = FORMS.get(template, {})
        there = address(template, world.numbers[numbered], world)
        gone = address(template, MISSING, world)
        known = pairs(kind, method, permission, numbered)
        refused = set()
        for _, stranger in known:
            before = len(refusals(world.database))
            theirs = world.call(stranger, method, there, form)
            noted = refusals(world.database)[before:]
            missing = world.call(stranger, method, gone, form)
            assert same(theirs, there) == same(missing, gone), (stranger, method, there)
            # On record when it was there: a visitor has no account to answer for it.
            unseen = kind != "visitor" and template not in ALIKE and theirs.status_code == 404
            expected = int(unseen)
            assert len(noted) == expected, (stranger, method, there, noted)
            assert len(refusals(world.database)) == before + expected, (stranger, method, gone)
            refused.add(missing.status_code)
            walked += 1
            seen_to += expected
        told = {world.call(holder, method, there, form).status_code for holder, _ in known}
        # Somebody gets further than that, or all of this would prove nothing.
        assert template in ALIKE or told - refused, (method, there, refused)
    assert walked > 60
    assert seen_to > 45
