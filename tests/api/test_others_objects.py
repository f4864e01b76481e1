"""Another's object answers exactly like a missing one: every route with a name in its path."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select

from accounts.account import Account
from accounts.role import Role
from accounts.web_session import WebSession
from api.access import FORM_HEADER, Permission, declared_permissions, may
from api.policies.validity import today
from guidance.gaps.contact import GapContact
from guidance.gaps.gap import GapQuestion, open_gap
from guidance.indicators.evidence import add_evidence, keep_file
from guidance.periods.adjustment import Adjustment, AdjustmentKind, AdjustmentStatus
from guidance.periods.closing import commit_seed
from guidance.periods.period import Quarter
from guidance.periods.record import SampleItem, SampleOutcome, SampleReason
from guidance.review.proposal import ProposalKind, propose
from guidance.review.staff import Staff
from guidance.session import Turn
from guidance.transition import find_session
from matching.mentors.mentor import Mentor
from matching.mentors.pack import load_mentors
from storage.database import Database
from tests.fixtures.ledger import ask
from tests.fixtures.people import add_person, sign_in

Path = Callable[[object], str]
MISSING = 999_999
STAFF = [role for role in Role if role is not Role.MENTOR]
HERE, ELSEWHERE = "东街街道", "南湖街道"
YESTERDAY = datetime.now(UTC) - timedelta(days=1)
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
    "/staff/uploads/indicators/{indicator_id}": "district",
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
    "/staff/mentoring/needs/{need_id}": "district",
    "/staff/mentoring/pairings/{pairing_id}/end": "district",
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
    "/staff/offices/{number}": "catalogue",
    "/staff/offices/{number}/close": "catalogue",
}
# Routes whose object belongs to a unit, a mentor, an account or a visitor: how an address
# is made of the object's number. "unit" and so on say whose it is.
OWNED: dict[str, tuple[str, str, Path]] = {
    "/staff/sessions/{number}": ("unit", "session", lambda n: f"/staff/sessions/{n}"),
    "/staff/uploads/sessions/{number}": (
        "unit", "session", lambda n: f"/staff/uploads/sessions/{n}",
    ),
    "/staff/sessions/{number}/adjust": (
        "unit", "session", lambda n: f"/staff/sessions/{n}/adjust",
    ),
    "/staff/samples/{number}": ("unit", "session", lambda n: f"/staff/samples/{n}"),
    "/staff/evidence/{digest}": (
        "unit", "session", lambda n: f"/staff/evidence/{EVIDENCE}?session={n}",
    ),
    "/staff/restricted/{number}": ("unit", "session", lambda n: f"/staff/restricted/{n}"),
    "/staff/proposals/{number}": ("unit", "proposal", lambda n: f"/staff/proposals/{n}"),
    "/staff/adjustments/{number}": ("unit", "adjustment", lambda n: f"/staff/adjustments/{n}"),
    "/staff/gaps/{gap_id}": ("unit", "gap", lambda n: f"/staff/gaps/{n}"),
    "/staff/gaps/{gap_id}/draft": ("unit", "gap", lambda n: f"/staff/gaps/{n}/draft"),
    "/staff/gaps/{gap_id}/{step}": ("unit", "gap", lambda n: f"/staff/gaps/{n}/approve"),
    "/staff/gaps/{gap_id}/contacts/{turn_id}/show": (
        "unit", "gap", lambda n: f"/staff/gaps/{n}/contacts/1/show",
    ),
    "/staff/gaps/{gap_id}/contacts/{turn_id}/told": (
        "unit", "gap", lambda n: f"/staff/gaps/{n}/contacts/1/told",
    ),
    "/account/sessions/{session_id}/end": (
        "account", "web_session", lambda n: f"/account/sessions/{n}/end",
    ),
    "/mentor/pairings/{pairing_id}/accept": (
        "mentor", "pairing", lambda n: f"/mentor/pairings/{n}/accept",
    ),
    "/mentor/pairings/{pairing_id}/decline": (
        "mentor", "pairing", lambda n: f"/mentor/pairings/{n}/decline",
    ),
    "/mentor/pairings/{pairing_id}/time": (
        "mentor", "pairing", lambda n: f"/mentor/pairings/{n}/time",
    ),
    "/mentor/pairings/{pairing_id}/meetings": (
        "mentor", "pairing", lambda n: f"/mentor/pairings/{n}/meetings",
    ),
    "/conversations/{conversation_id}": (
        "visitor", "conversation", lambda n: f"/conversations/{n}",
    ),
    "/turns/{turn_id}/feedback": ("visitor", "turn", lambda n: f"/turns/{n}/feedback"),
    "/turns/{turn_id}/contact": ("visitor", "turn", lambda n: f"/turns/{n}/contact"),
    "/turns/{turn_id}/contact/withdraw": (
        "visitor", "turn", lambda n: f"/turns/{n}/contact/withdraw",
    ),
    "/mentoring/{need_id}/withdraw": ("visitor", "need", lambda n: f"/mentoring/{n}/withdraw"),
    "/mentoring/pairings/{pairing_id}/rating": (
        "visitor", "pairing", lambda n: f"/mentoring/pairings/{n}/rating",
    ),
}  # fmt: skip
EVIDENCE = "0" * 64
# Whoever keeps the whole district's open questions is a stranger to none of them.
SEE_ALL = {"gap": {Role.ADMINISTRATOR}}
# What has to be filled in before a route looks at its object.
FORMS = {
    "/mentor/pairings/{pairing_id}/decline": {"reason": "no_time"},
    "/mentor/pairings/{pairing_id}/time": {"words": "周三下午"},
    "/mentor/pairings/{pairing_id}/meetings": {
        "started": "2026-06-01T09:00", "minutes": "30", "topic": "选址", "outcome": "看过两处",
    },
    "/turns/{turn_id}/feedback": {"helpful": "1"},
    "/turns/{turn_id}/contact": {"phone": "13812345678", "consent": "1"},
    "/mentoring/pairings/{pairing_id}/rating": {"stars": "5"},
}  # fmt: skip


@dataclass
class World:
    """One installation in which everything belongs to somebody."""

    app: FastAPI
    database: Database
    numbers: dict[str, object] = field(default_factory=dict)
    browsers: dict[str, tuple[TestClient, str]] = field(default_factory=dict)

    def call(self, name: str, method: str, path: str, form: dict[str, str]) -> Any:
        browser, token = self.browsers[name]
        headers = {FORM_HEADER: token}
        if method == "GET":
            return browser.get(path, headers=headers, follow_redirects=False)
        return browser.post(path, data=form, headers=headers, follow_redirects=False)


@pytest.fixture
def world(app: FastAPI, sqlite_database: Database) -> World:
    world = World(app, sqlite_database)
    browsers = world.browsers
    for name in ("visitor", "other visitor"):
        browsers[name] = (TestClient(app, raise_server_exceptions=False), "")
    for role in STAFF:
        for unit in (HERE, ELSEWHERE):
            account = add_person(sqlite_database, role, login=f"{role}{unit}", org_unit=unit)
            browser = TestClient(app, raise_server_exceptions=False)
            browsers[f"{role} {unit}"] = (browser, sign_in(browser, sqlite_database, account))
    with sqlite_database.reading() as db:
        first = select(Account.id).where(Account.login == f"{Role.HANDLER}{HERE}")
        sessions = select(WebSession.id).where(WebSession.account_id == first.scalar_subquery())
        world.numbers["web_session"] = db.scalars(sessions).one()
    add_unit_objects(world)
    add_visitor_objects(world, browsers["visitor"][0])
    return world


def add_unit_objects(world: World) -> None:
    """Add a session of a unit with all that hangs on it, and an open question."""
    database, numbers = world.database, world.numbers
    session_id = ask(database, 1, YESTERDAY, unit=HERE)
    handler = add_person(database, Role.HANDLER, login="recorder")
    by = Staff(handler.id, handler.roles)
    quarter = Quarter.of(today())
    with database.writing() as db:
        session = find_session(db, session_id)
        file = keep_file(db, "签到表.pdf", "application/pdf", b"%PDF-1.4 x", by, YESTERDAY)
        add_evidence(db, session, file.digest, by, YESTERDAY)
        content = {"codes": "Q5", "reason": "内容充分"}
        proposal = propose(db, ProposalKind.REQUALIFY, session.subject, by, YESTERDAY, content)
        commit_seed(db, quarter, by)
        item = SampleItem(
            period=session.period, session_id=session_id, stratum=HERE, why=SampleReason.DRAWN,
            outcome=SampleOutcome.WAITING, checked_by="", note="",
        )  # fmt: skip
        adjustment = Adjustment(
            kind=AdjustmentKind.VOID, period=session.period, posted_in=str(quarter), amount=-1,
            session_id=session_id, person=session.person, count_on=session.count_on,
            org_unit=HERE, to_unit="", reference="", evidence_digest="", reason="重复",
            status=AdjustmentStatus.PROPOSED, proposed_by=by.reference, proposed_at=YESTERDAY,
            decided_by="",
        )  # fmt: skip
        gap = open_gap("利率是多少？", (b"", ""), (HERE, "负责贷款"), YESTERDAY)
        gap.expires_on = date(2099, 1, 1)
        db.add_all([item, adjustment, gap])
        db.flush()
        turn_id = db.scalars(select(Turn.id).where(Turn.session_id == session_id)).one()
        db.add(GapQuestion(turn_id=turn_id, gap_id=gap.id))
        db.add(
            GapContact(
                turn_id=turn_id, person=session.person, phone="13812345678",
                consented_at=YESTERDAY, told_by="",
            )
        )  # fmt: skip
        numbers |= {
            "session": session_id, "proposal": proposal.id, "adjustment": adjustment.id,
            "gap": gap.id, "evidence": file.digest,
        }  # fmt: skip


def add_visitor_objects(world: World, visitor: TestClient) -> None:
    """Let a visitor ask, and ask for a mentor, to whom a handler gives them."""
    database, numbers = world.database, world.numbers
    sent = {"message_id": "one", "text": "每年培训多少人？"}
    numbers["conversation"] = visitor.post("/api/v1/chat/messages", json=sent).json()[
        "conversation_id"
    ]
    with database.writing() as db:
        load_mentors(db, datetime.now(UTC), today())
        mentor = db.scalars(select(Mentor).order_by(Mentor.code)).first()
        assert mentor is not None
        code, topic = mentor.code, mentor.topics[0]
        numbers["turn"] = max(db.scalars(select(Turn.id)))
    form = {"topics": topic, "phone": "13812345678", "consent": "1"}
    assert visitor.post(f"/mentors/{code}/request", data=form).status_code == 200
    handler, token = world.browsers[f"handler {HERE}"]
    form = {"form_token": token, "mentor": code, "reason": "本人指定"}
    assert handler.post("/staff/mentoring/needs/1", data=form).status_code == 200
    numbers |= {"need": 1, "pairing": 1}
    for name, held in (("mentor", code), ("other mentor", "D999")):
        account = add_person(database, Role.MENTOR, login=name.replace(" ", ""), mentor_code=held)
        browser = TestClient(world.app, raise_server_exceptions=False)
        world.browsers[name] = (browser, sign_in(browser, database, account))


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


def same(answer: Any, path: str) -> tuple[int, str, str]:
    """What a caller can tell an answer by, its own address left out."""
    return (
        answer.status_code,
        answer.text.replace(path.partition("?")[0], "*"),
        answer.headers.get("location", ""),
    )


def test_every_route_says_whose_its_object_is(app: FastAPI) -> None:
    named = {template for _, template, _ in routes(app)}
    assert named - OWNED.keys() - SHARED.keys() == set(), "say in SHARED or OWNED whose it is"
    assert (OWNED.keys() | SHARED.keys()) - named == set(), "there is no such route"
    assert OWNED.keys() & SHARED.keys() == set()
    assert set(SHARED.values()) <= NOBODYS.keys()


def test_anothers_object_answers_like_a_missing_one(world: World) -> None:
    walked = 0
    for method, template, permission in routes(world.app):
        if template not in OWNED:
            continue
        kind, numbered, path = OWNED[template]
        number = world.numbers[numbered]
        form = FORMS.get(template, {})
        there = path(number).replace(EVIDENCE, str(world.numbers["evidence"]))
        gone = path(MISSING).replace(EVIDENCE, str(world.numbers["evidence"]))
        for _, stranger in pairs(kind, method, permission, numbered):
            theirs = world.call(stranger, method, there, form)
            missing = world.call(stranger, method, gone, form)
            assert same(theirs, there) == same(missing, gone), (stranger, method, there)
            assert missing.status_code in {404, 403, 303}, (stranger, method, gone)
            walked += 1
        told = [
            world.call(holder, method, there, form).status_code
            for holder, _ in pairs(kind, method, permission, numbered)
        ]
        # Somebody gets to see it, or all of this would prove nothing.
        assert kind == "account" or set(told) != {404}, (method, there)
    assert walked > 40
