"""Projects in the chat API and on the page, what is learned, the profile, the library's pages."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select

from api.app import create_app
from api.settings import Settings
from api.snapshot import LiveSnapshot, Snapshot
from assistant.answer import Answer, AnswerStatus, Card, CardKind, Intent, Question, Sentence
from knowledge.corpus import Corpus
from knowledge.office import ServiceOffice
from matching.learning.outcome import MatchOutcome
from matching.mentors.facts import MentorCategory, MentorOrigin, MentorState
from matching.mentors.mentor import Mentor
from matching.profile.entrepreneur import known_facts, known_person
from matching.recommending.adoption import times_taken_up
from matching.recommending.feedback import DeclineReason
from matching.recommending.impression import (
    Impression,
    RecommendationList,
    ShownIn,
    ShownItem,
    ShownList,
)
from matching.recommending.offers import Offers
from matching.recommending.project_table import ProjectTable
from matching.recommending.scoring import load_weights
from storage.database import Database
from tests.fixtures.edge import StandIn, add_document, small_document
from tests.matching.projects import LIBRARY

OFFERS = Offers(
    ProjectTable(
        tuple(
            replace(p, valid_until=date(2099, 12, 31), permits_text="向市场监管局备案。")
            for p in LIBRARY
        )
    ),
    load_weights(),
)
CARD = Card(
    CardKind.PROJECT, "P01", "社区早餐车", "用得上您会的烹饪", "投资 1.5万元至3万元", "风险中等：房租",
    "《创业扶持办法》二¶1", 5, "赵老师（餐饮运营）", "/projects/P01",
)  # fmt: skip
SHOWN = ShownList(
    ShownIn.CHAT, (ShownItem("P01", 0.7, {"money": 1.0}),), "projects-1", "v", {"budget_yuan": 5}, 1, False
)  # fmt: skip
MESSAGE = {"message_id": "m-1", "text": "我有五万块，会做饭"}


def recommending(_question: Question, _corpus: Corpus) -> Answer:
    return Answer(
        AnswerStatus.ANSWERED,
        Intent.PROJECT,
        (
            Sentence("先看这个："),
            Sentence("社区早餐车：好。", bullet=True),
            Sentence("您能花多少时间？"),
        ),
        suggestions=("可以全职干",),
        cards=(CARD,),
        learned={"budget_yuan": 50_000, "skills": ["烹饪"]},
        shown=SHOWN,
    )


@pytest.fixture
def live(sqlite_database: Database, stand_in: StandIn) -> LiveSnapshot:
    add_document(sqlite_database, small_document())
    stand_in.reply = recommending

    def build(database: Database) -> Snapshot:
        return replace(stand_in.snapshot(database), offers=OFFERS)

    return LiveSnapshot(sqlite_database, build)


@pytest.fixture
def client(
    settings: Settings, sqlite_database: Database, live: LiveSnapshot
) -> Iterator[TestClient]:
    app: FastAPI = create_app(settings, sqlite_database, live)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def person_of(database: Database) -> str:
    with database.reading() as db:
        return db.scalars(select(RecommendationList.person)).all()[-1]


def test_projects_are_in_the_reply_and_repeat_to_the_byte(
    client: TestClient, sqlite_database: Database
) -> None:
    first = client.post("/api/v1/chat/messages", json=MESSAGE)
    again = client.post("/api/v1/chat/messages", json=MESSAGE)
    assert first.content == again.content
    reply = first.json()
    assert reply["mentors"] == []
    assert reply["projects"] == [
        {
            "code": "P01", "title": "社区早餐车", "why": "用得上您会的烹饪", "money": "投资 1.5万元至3万元",
            "risk": "风险中等：房租", "policy": "《创业扶持办法》二¶1", "policy_url": "/clauses/5",
            "mentor": "赵老师（餐饮运营）", "url": "/projects/P01",
        }
    ]  # fmt: skip
    with sqlite_database.reading() as db:
        assert len(db.scalars(select(Impression)).all()) == 1


def test_what_was_learned_is_kept_and_given_to_the_next_question(
    client: TestClient, sqlite_database: Database, stand_in: StandIn
) -> None:
    client.post("/api/v1/chat/messages", json=MESSAGE)
    client.post("/api/v1/chat/messages", json={"message_id": "m-2", "text": "一个人"})
    assert stand_in.asked[0].known == {}
    assert stand_in.asked[1].known == {"budget_yuan": 50_000, "skills": ["烹饪"]}
    with sqlite_database.reading() as db:
        turns = db.scalars(select(RecommendationList.turn_id)).all()
    assert len(turns) == 2
    assert all(turns)


def test_the_page_shows_cards_instead_of_their_lines(client: TestClient) -> None:
    client.get("/")
    client.post("/messages", data={**MESSAGE, "conversation_id": ""})
    page = client.get("/").text
    assert 'href="/projects/P01"' in page
    assert 'href="/clauses/5"' in page
    assert "社区早餐车：好。" not in page.split('class="copy"')[0]
    assert page.index("先看这个") < page.index('class="offers"') < page.index("您能花多少时间")


def test_the_profile_page_shows_the_words_and_can_be_corrected(
    client: TestClient, sqlite_database: Database
) -> None:
    assert "还什么都不知道" in client.get("/me").text
    client.post("/api/v1/chat/messages", json=MESSAGE)
    page = client.get("/me").text
    assert "5万元" in page
    assert "<mark>五万块</mark>" in page
    sent = {"budget_yuan": "八万", "people": "2", "hours": "50", "risk": "1", "skills": ["驾驶"]}
    saved = client.post("/me", data=sent, follow_redirects=False)
    assert (saved.status_code, saved.headers["location"]) == (303, "/me")
    with sqlite_database.reading() as db:
        assert known_facts(db, person_of(sqlite_database)) == {
            "budget_yuan": 80_000, "people": 2, "hours": 50, "risk": 1, "skills": ["驾驶"],
        }  # fmt: skip
    assert "您自己填的" in client.get("/me").text


@pytest.mark.parametrize("sent", [{"budget_yuan": "很多"}, {"people": "-3"}, {"hours": "-"}])
def test_senseless_entries_change_nothing(
    client: TestClient, sqlite_database: Database, sent: dict[str, str]
) -> None:
    client.post("/api/v1/chat/messages", json=MESSAGE)
    kept = {"budget_yuan": "5万", "people": "2", "hours": "50", "skills": ["烹饪"]}
    client.post("/me", data=kept)
    client.post("/me", data={**kept, **sent})
    with sqlite_database.reading() as db:
        known = known_facts(db, person_of(sqlite_database))
    assert known == {"budget_yuan": 50_000, "people": 2, "hours": 50, "skills": ["烹饪"]}


def test_facts_are_erased_one_by_one_and_all(client: TestClient, sqlite_database: Database) -> None:
    client.post("/api/v1/chat/messages", json=MESSAGE)
    person = person_of(sqlite_database)
    client.post("/me/erase", data={"key": "skills"})
    with sqlite_database.reading() as db:
        assert known_facts(db, person) == {"budget_yuan": 50_000}
    client.post("/me/erase")
    with sqlite_database.reading() as db:
        assert known_facts(db, person) == {}


def test_a_profile_switched_off_is_neither_used_nor_added_to(
    client: TestClient, stand_in: StandIn
) -> None:
    client.post("/api/v1/chat/messages", json=MESSAGE)
    client.post("/me/use", data={"in_use": "false"})
    assert "现在：不使用" in client.get("/me").text
    client.post("/api/v1/chat/messages", json={"message_id": "m-2", "text": "再推荐"})
    assert stand_in.asked[-1].known == {}
    assert not stand_in.asked[-1].profile_in_use
    client.post("/me/use", data={"in_use": "true"})
    assert "不用我的情况" in client.get("/me").text


def test_the_library_is_browsed_with_filters(client: TestClient) -> None:
    page = client.get("/projects").text
    assert "共 8 个" in page
    few = client.get("/projects", params={"risk": "1", "premises": "home", "hours": "part"}).text
    assert "共 1 个" in few
    assert "家庭烘焙工作室" in few
    assert "共 0 个" in client.get("/projects", params={"q": "火箭"}).text
    assert "共 8 个" in client.get("/projects", params={"money": "x", "section": "?"}).text
    assert client.get("/projects", params={"page": "0"}).status_code == 422


def test_a_project_page_puts_risk_first_and_says_whether_it_fits(client: TestClient) -> None:
    page = client.get("/projects/P01").text
    assert page.index("先看风险") < page.index("要多少钱")
    assert "3万元 + 每月支出 4000元 × 2 个月" in page
    assert "说说您的情况" in page
    client.post("/api/v1/chat/messages", json=MESSAGE)
    fitting = client.get("/projects/P01").text
    assert "适合我吗" in fitting
    assert "用得上您会的烹饪" in fitting
    assert "超出您的预算" in client.get("/projects/P02").text


def test_a_project_page_says_where_to_go(client: TestClient, sqlite_database: Database) -> None:
    assert "各部门管什么" in client.get("/projects/P01").text
    details = dict.fromkeys(("phone", "hours", "bring", "directions"), "")
    with sqlite_database.writing() as db:
        for number, unit in enumerate(("市场监管局", "区税务局"), 1):
            office = ServiceOffice(
                number=number, version=1, unit=unit, name=f"{unit}窗口", address="一楼",
                valid_from=date(2026, 1, 1), entered_on=date(2026, 1, 1), account_id=1, **details,
            )  # fmt: skip
            db.add(office)
    page = client.get("/projects/P01").text
    assert "市场监管局窗口" in page
    assert "区税务局窗口" not in page  # neither the permits nor a policy name it


def test_unknown_projects_are_not_found(client: TestClient) -> None:
    assert client.get("/projects/NOPE", headers={"accept": "text/html"}).status_code == 404


def test_not_suitable_is_kept_with_its_reason_and_can_be_taken_back(
    client: TestClient, sqlite_database: Database
) -> None:
    client.post("/api/v1/chat/messages", json=MESSAGE)
    person = person_of(sqlite_database)
    sent = client.post("/projects/P01/unsuitable", data={"reason": "too_risky"})
    assert "风险太大" in sent.text
    with sqlite_database.reading() as db:
        assert [d.reason for d in known_person(db, person).declined] == [DeclineReason.TOO_RISKY]
    assert "社区早餐车" in client.get("/me").text
    client.post("/projects/P01/suitable", data={"back": "/me"})
    with sqlite_database.reading() as db:
        assert known_person(db, person).declined == ()
    wrong = client.post("/projects/P01/unsuitable", data={"reason": "boring"})
    assert wrong.status_code == 422


def test_a_project_is_chosen_once_and_taken_back(
    client: TestClient, sqlite_database: Database
) -> None:
    client.post("/api/v1/chat/messages", json=MESSAGE)
    person = person_of(sqlite_database)
    for _ in range(2):
        sent = client.post("/projects/P01/choose")
        assert "您选了它" in sent.text
    with sqlite_database.reading() as db:
        outcome = db.scalars(select(MatchOutcome)).one()
        shown = db.scalars(select(Impression).where(Impression.project_code == "P01")).one()
        assert times_taken_up(db, "P01") == 1
    assert (outcome.person, outcome.code, outcome.kind) == (person, "P01", "adopted")
    assert (outcome.rank, outcome.propensity) == (shown.position, shown.propensity)
    assert outcome.terms == shown.terms
    assert "我选这个</button>" in client.post("/projects/P01/leave").text
    client.post("/projects/P01/choose")
    client.post("/projects/P01/unsuitable", data={"reason": "too_risky"})
    with sqlite_database.reading() as db:
        assert times_taken_up(db, "P01") == 0  # turned down is not taken up
    client.post("/projects/P01/choose")
    with sqlite_database.reading() as db:
        assert known_person(db, person).declined == ()
    assert client.post("/projects/NONE/choose").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/projects/P01/choose",
        "/projects/P01/leave",
        "/me",
        "/me/erase",
        "/me/use",
        "/projects/P01/unsuitable",
        "/projects/P01/suitable",
    ],
)
def test_forms_of_other_sites_are_refused(client: TestClient, path: str) -> None:
    sent = client.post(path, headers={"sec-fetch-site": "cross-site"}, data={"in_use": "false"})
    assert sent.status_code == 403


def test_the_api_recommends_projects_with_exact_sums(
    client: TestClient, sqlite_database: Database
) -> None:
    wanted = {"profile": {"text": "会做饭", "budget_yuan": 50_000}, "k": 2}
    found = client.post("/api/v1/recommendations/projects", json=wanted).json()
    assert len(found["items"]) == 2
    first = found["items"][0]
    assert first["code"] == "P01"
    assert sum(first["contributions"].values()) == pytest.approx(first["score"], abs=1e-9)
    assert first["reasons"][0]["text"]
    assert first["relaxed"] == []
    assert first["first_year_cash_yuan"] == 38_000
    assert found["weight_version"] == "projects-1"
    with sqlite_database.reading() as db:
        logged = db.scalars(select(RecommendationList)).one()
    assert (logged.person, logged.shown_in) == ("", ShownIn.API)
    assert logged.shown_at <= datetime.now(UTC)


def test_the_api_says_what_giving_up_brings(client: TestClient) -> None:
    wanted = {"profile": {"budget_yuan": 1_000}}
    found = client.post("/api/v1/recommendations/projects", json=wanted).json()
    assert found["fitting"] == 0
    assert found["items"][0]["relaxed"] == ["超出您的预算"]
    assert found["relaxations"][0]["projects"] >= 1


@pytest.mark.parametrize(
    "body",
    [
        {"profile": {"budget_yuan": -1}}, {"profile": {"risk": 9}}, {"k": 0}, {"k": 1000},
        {"profile": {"groups": ["king"]}}, {"profile": {"unknown": 1}}, {"profile": {"text": "长" * 501}},
    ],
)  # fmt: skip
def test_the_api_refuses_what_makes_no_sense(client: TestClient, body: dict[str, object]) -> None:
    for kind in ("projects", "mentors"):
        assert client.post(f"/api/v1/recommendations/{kind}", json=body).status_code == 422


def test_the_api_recommends_mentors(client: TestClient) -> None:
    found = client.post("/api/v1/recommendations/mentors", json={"profile": {"text": "想开饭馆"}})
    assert found.json() == {"items": []}


def test_a_mentor_in_office_has_a_page_without_personal_data(
    client: TestClient, sqlite_database: Database
) -> None:
    now = datetime.now(UTC)
    with sqlite_database.writing() as db:
        for code, state in (("M1", MentorState.ACTIVE), ("M2", MentorState.DISMISSED)):
            db.add(
                Mentor(
                    code=code,
                    name="赵老师",
                    phone="13800000000",
                    work_unit="某某公司",
                    state=state,
                    category=MentorCategory.MANAGEMENT,
                    origin=MentorOrigin.ENTREPRENEUR,
                    term_start_on=date(2020, 1, 1),
                    term_end_on=date(2099, 1, 1),
                    topics=["餐饮运营"],
                    industries=["62"],
                    created_at=now,
                    updated_at=now,
                )  # fmt: skip
            )
    page = client.get("/mentors/M1", params={"project": "P01"}).text
    assert "餐饮运营" in page
    assert "社区早餐车" in page
    assert "13800000000" not in page
    assert "某某公司" not in page
    for code in ("M2", "M9"):
        assert client.get(f"/mentors/{code}").status_code == 404
