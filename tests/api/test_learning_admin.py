"""The pages of the weights: who may see them, learning, publishing by a second person."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from fastapi.testclient import TestClient

from accounts.role import Role
from matching.learning.outcome import Answered, Proposed, record_outcome
from matching.learning.weight_version import LearningSubject, project_weights
from matching.recommending.impression import ShownIn, ShownItem, ShownList, log_list
from matching.recommending.scoring import load_weights
from storage.database import Database
from tests.fixtures.people import add_person, sign_in

SHIPPED = load_weights()


@pytest.fixture
def records(sqlite_database: Database) -> Database:
    """Half a year in which only the payback told who stayed."""
    random = np.random.default_rng(0)
    now = datetime.now(UTC)
    with sqlite_database.writing() as db:
        for number in range(240):
            terms = {name: float(random.random()) for name in SHIPPED.terms}
            good = bool(random.random() < terms["payback"])
            record_outcome(
                db,
                LearningSubject.PROJECTS,
                Proposed(f"P{number}", "X1", terms, SHIPPED.version),
                Answered("adopted" if good else "declined", good, now - timedelta(days=20)),
            )
        items = [
            ShownItem(
                "X1", 0.9, dict.fromkeys(SHIPPED.terms, 0.5) | {"trade": 0.9, "payback": 0.0}
            ),
            ShownItem("X2", 0.8, dict.fromkeys(SHIPPED.terms, 0.5) | {"payback": 1.0}),
        ]
        shown = ShownList(ShownIn.PAGE, items, SHIPPED.version, "lib", {}, 2, False)
        log_list(db, "P1", shown, None, now)
    return sqlite_database


def test_only_administrators_see_the_weights(client: TestClient, sqlite_database: Database) -> None:
    assert client.get("/staff/weights").status_code == 401
    sign_in(client, sqlite_database, add_person(sqlite_database, Role.HANDLER))
    assert client.get("/staff/weights").status_code == 403


def test_shipped_weights_are_shown_and_little_evidence_proposes_nothing(
    client: TestClient, sqlite_database: Database
) -> None:
    token = sign_in(client, sqlite_database, add_person(sqlite_database, Role.ADMINISTRATOR))
    page = client.get("/staff/weights")
    assert page.status_code == 200
    assert "projects-1" in page.text
    assert "擅长的主题" in page.text
    for subject in LearningSubject:
        posted = client.post(f"/staff/weights/{subject}/learn", data={"form_token": token})
        assert posted.status_code == 409
        assert "记录还太少" in posted.text
    assert client.get("/staff/weights/99").status_code == 404
    assert client.get(f"/staff/weights/{10**12}").status_code in {404, 422}


def test_one_proposes_another_publishes_and_it_can_be_taken_back(
    client: TestClient, records: Database
) -> None:
    first, second = (add_person(records, Role.ADMINISTRATOR, login=name) for name in ("a1", "a2"))
    token = sign_in(client, records, first)
    learnt = client.post("/staff/weights/projects/learn", data={"form_token": token})
    assert learnt.status_code == 200, learnt.text
    path = learnt.url.path
    assert "1 份的先后会变，其中 1 份换了第一个" in learnt.text
    data = {"form_token": token, "reason": "看过预览"}
    refused = client.post(f"{path}/publish", data=data)
    assert refused.status_code == 409
    assert "另一位同事" in refused.text
    data["form_token"] = sign_in(client, records, second)
    assert client.post(f"{path}/publish", data=data | {"reason": ""}).status_code == 409
    assert client.post(f"{path}/publish", data=data).status_code == 200
    with records.reading() as db:
        weights = project_weights(db)
    assert weights.version == "projects-learnt-1"
    assert weights.terms["payback"] > SHIPPED.terms["payback"]
    back = client.post("/staff/weights/projects/shipped", data=data)
    assert back.status_code == 200
    with records.reading() as db:
        assert project_weights(db) == SHIPPED
    again = client.post("/staff/weights/projects/shipped", data=data)
    assert again.status_code == 409
