"""Single sign-on against a real provider on loopback, honest and not."""

import base64
import hmac
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response
from pydantic import SecretStr
from sqlalchemy import select

from accounts.account import Account, get_account
from accounts.role import Role
from accounts.sign_in_request import SignInRequest, sweep_requests
from api.accounts.single_sign_on import COOKIE as STATE_COOKIE
from api.settings import Settings
from api.signed_in import COOKIE
from audit.log import AuditEvent, events_of
from storage.database import Database
from tests.fixtures.people import add_person
from tests.fixtures.provider import (
    CLIENT_ID,
    CLIENT_SECRET,
    KEY,
    OTHER_KEY,
    Provider,
    provider,
    sign,
    unsigned,
)

__all__ = ["provider"]


@pytest.fixture
def settings(tmp_path: Path, provider: Provider) -> Settings:
    return Settings(
        data_dir=tmp_path,
        rate_limit=0,
        oidc_issuer=provider.issuer,
        oidc_client_id=CLIENT_ID,
        oidc_client_secret=SecretStr(CLIENT_SECRET),
    )


@pytest.fixture
def person(sqlite_database: Database) -> Account:
    account = add_person(sqlite_database, Role.HANDLER)
    with sqlite_database.writing() as db:
        get_account(db, account.id).external_id = "u-1001"
    return account


def go(client: TestClient, start: str = "/login/sso") -> str:
    """Go to the provider and return the address that it sends the browser back to."""
    sent = client.get(start, follow_redirects=False)
    assert sent.status_code == 303, sent.text
    granted = httpx.get(sent.headers["location"], follow_redirects=False)
    return granted.headers["location"].removeprefix("http://testserver")


def come_back(client: TestClient, path: str) -> Response:
    return client.get(path, follow_redirects=False)


def refused(client: TestClient, database: Database, response: Response) -> bool:
    with database.reading() as db:
        events = db.scalars(select(AuditEvent).where(AuditEvent.action == "login.failed")).all()
    return (
        response.status_code in {403, 502}
        and COOKIE not in client.cookies
        and client.get("/account").status_code == 401
        and len(events) > 0
    )


def test_person_of_the_provider_is_signed_in_and_linked(
    client: TestClient, sqlite_database: Database, person: Account, provider: Provider
) -> None:
    response = come_back(client, go(client, "/login/sso?next=/account/password"))
    assert response.status_code == 303
    assert response.headers["location"] == "/account/password"
    assert client.get("/account").status_code == 200
    assert STATE_COOKIE not in client.cookies
    with sqlite_database.reading() as db:
        assert get_account(db, person.id).oidc_subject == f"{provider.issuer} u-1001"
        actions = [event.action for event, _ in events_of(db, person.subject)]
    assert actions == ["account.linked", "login.succeeded"]
    assert provider.refused == []


@pytest.mark.usefixtures("person")
def test_linked_person_is_known_by_subject_alone(
    client: TestClient, sqlite_database: Database, provider: Provider
) -> None:
    come_back(client, go(client))
    provider.extra = {"sub": "u-2002", "preferred_username": "u-1001"}
    client.cookies.clear()
    assert refused(client, sqlite_database, come_back(client, go(client)))
    assert "管理员" in come_back(client, go(client)).text


def test_name_that_the_administrator_wrote_links_once(
    client: TestClient, sqlite_database: Database, person: Account, provider: Provider
) -> None:
    provider.extra = {"sub": "opaque-77", "preferred_username": "u-1001"}
    assert come_back(client, go(client)).status_code == 303
    with sqlite_database.reading() as db:
        assert get_account(db, person.id).oidc_subject == f"{provider.issuer} opaque-77"


def test_account_switched_off_stays_out(
    client: TestClient, sqlite_database: Database, person: Account
) -> None:
    with sqlite_database.writing() as db:
        get_account(db, person.id).active = False
    assert refused(client, sqlite_database, come_back(client, go(client)))


@pytest.mark.usefixtures("person")
def test_stranger_has_no_account(
    client: TestClient, sqlite_database: Database, provider: Provider
) -> None:
    provider.subject = "somebody-else"
    assert refused(client, sqlite_database, come_back(client, go(client)))
    with sqlite_database.reading() as db:
        assert len(db.scalars(select(Account)).all()) == 1


Change = Callable[[dict[str, Any]], dict[str, Any]]


def without(name: str) -> Change:
    return lambda claims: {key: value for key, value in claims.items() if key != name}


BAD_CLAIMS: dict[str, Change] = {
    "nonce wrong": lambda c: c | {"nonce": "x"},
    "nonce missing": without("nonce"),
    "nonce no text": lambda c: c | {"nonce": 7},
    "audience another": lambda c: c | {"aud": "other"},
    "audience empty": lambda c: c | {"aud": []},
    "audience missing": without("aud"),
    "audience several without azp": lambda c: c | {"aud": [CLIENT_ID, "other"]},
    "azp another": lambda c: c | {"azp": "other"},
    "issuer another": lambda c: c | {"iss": "https://elsewhere.example"},
    "issuer with a slash": lambda c: c | {"iss": c["iss"] + "/"},
    "issuer missing": without("iss"),
    "expired": lambda c: c | {"exp": time.time() - 120},
    "expiry missing": without("exp"),
    "expiry a text": lambda c: c | {"exp": "tomorrow"},
    "expiry true": lambda c: c | {"exp": True},
    "issued long ago": lambda c: c | {"iat": time.time() - 3600},
    "issued in the future": lambda c: c | {"iat": time.time() + 3600},
    "issue time missing": without("iat"),
    "not valid yet": lambda c: c | {"nbf": time.time() + 3600},
    "subject missing": without("sub"),
    "subject empty": lambda c: c | {"sub": ""},
    "subject a number": lambda c: c | {"sub": 1001},
    "subject too long": lambda c: c | {"sub": "u" * 256},
}
BAD_TOKENS: dict[str, Callable[[dict[str, Any]], str]] = {
    "alg none": unsigned,
    "another key": lambda c: sign(c, OTHER_KEY),
    "signature changed": lambda c: sign(c)[:-6] + "AAAAAA",
    "signature cut off": lambda c: sign(c).rsplit(".", 1)[0] + ".",
    "claims changed": lambda c: ".".join(
        [sign(c).split(".")[0], sign(c | {"sub": "u-1"}).split(".")[1], sign(c).split(".")[2]]
    ),
    "no token": lambda _: "no.token",
    "empty": lambda _: "",
}
BAD_ANSWERS: dict[str, Callable[[dict[str, str]], dict[str, str]]] = {
    "state wrong": lambda a: a | {"state": "x" * 43},
    "state empty": lambda a: a | {"state": ""},
    "state missing": lambda a: {"code": a["code"]},
    "code wrong": lambda a: a | {"code": "invented"},
    "code empty": lambda a: a | {"code": ""},
    "code missing": lambda a: {"state": a["state"]},
    "error": lambda a: {"state": a["state"], "error": "access_denied"},
    "issuer mixed up": lambda a: a | {"iss": "https://elsewhere.example"},
    "code endless": lambda a: a | {"code": "c" * 5000},
}
BAD_REPLIES: dict[str, Callable[[Any], Any]] = {
    "no id_token": lambda r: {k: v for k, v in r.items() if k != "id_token"},
    "id_token a list": lambda r: r | {"id_token": [1]},
    "an error with 200": lambda _: {"error": "server_error"},
}


def test_there_are_enough_ways_to_cheat() -> None:
    assert len(BAD_CLAIMS) + len(BAD_TOKENS) + len(BAD_ANSWERS) + len(BAD_REPLIES) >= 30


@pytest.mark.usefixtures("person")
@pytest.mark.parametrize("case", BAD_CLAIMS)
def test_claims_that_are_not_for_us_are_refused(
    client: TestClient, sqlite_database: Database, provider: Provider, case: str
) -> None:
    provider.change_claims = BAD_CLAIMS[case]
    assert refused(client, sqlite_database, come_back(client, go(client)))


@pytest.mark.usefixtures("person")
@pytest.mark.parametrize("case", BAD_TOKENS)
def test_tokens_that_nobody_signed_are_refused(
    client: TestClient, sqlite_database: Database, provider: Provider, case: str
) -> None:
    provider.make_token = BAD_TOKENS[case]
    assert refused(client, sqlite_database, come_back(client, go(client)))


@pytest.mark.usefixtures("person")
@pytest.mark.parametrize("case", BAD_ANSWERS)
def test_answers_that_do_not_fit_are_refused(
    client: TestClient, sqlite_database: Database, provider: Provider, case: str
) -> None:
    provider.answer = BAD_ANSWERS[case]
    assert refused(client, sqlite_database, come_back(client, go(client)))


@pytest.mark.usefixtures("person")
@pytest.mark.parametrize("case", BAD_REPLIES)
def test_replies_without_proof_are_refused(
    client: TestClient, sqlite_database: Database, provider: Provider, case: str
) -> None:
    provider.token_reply = BAD_REPLIES[case]
    assert refused(client, sqlite_database, come_back(client, go(client)))


@pytest.mark.usefixtures("person")
def test_symmetric_signature_with_the_public_key_is_refused(
    client: TestClient, sqlite_database: Database, provider: Provider
) -> None:
    public_key = KEY.as_pem(private=False)

    def confused(claims: dict[str, Any]) -> str:
        def coded(data: bytes) -> str:
            return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

        head = coded(json.dumps({"alg": "HS256", "kid": "k1"}).encode())
        signed = f"{head}.{coded(json.dumps(claims).encode())}"
        return signed + "." + coded(hmac.digest(public_key, signed.encode(), "sha256"))

    provider.make_token = confused
    assert refused(client, sqlite_database, come_back(client, go(client)))


@pytest.mark.usefixtures("person")
def test_answer_is_good_once(client: TestClient, sqlite_database: Database) -> None:
    path = go(client)
    state = parse_qs(urlsplit(path).query)["state"][0]
    assert come_back(client, path).status_code == 303
    client.cookies.clear()
    client.cookies.set(STATE_COOKIE, state)
    assert refused(client, sqlite_database, come_back(client, path))


@pytest.mark.usefixtures("person")
def test_answer_in_another_browser_is_refused(
    app: FastAPI, client: TestClient, sqlite_database: Database
) -> None:
    path = go(client)
    other = TestClient(app)
    assert refused(other, sqlite_database, come_back(other, path))


@pytest.mark.usefixtures("person")
def test_id_token_of_an_earlier_sign_in_is_refused(
    client: TestClient, sqlite_database: Database, provider: Provider
) -> None:
    taken: list[str] = []

    def keep(claims: dict[str, Any]) -> str:
        taken.append(sign(claims))
        return taken[0]

    provider.make_token = keep
    assert come_back(client, go(client)).status_code == 303
    client.cookies.clear()
    assert refused(client, sqlite_database, come_back(client, go(client)))


@pytest.mark.usefixtures("person")
def test_doubled_parameters_are_refused(client: TestClient, sqlite_database: Database) -> None:
    path = go(client)
    assert refused(client, sqlite_database, come_back(client, path + "&code=another"))


@pytest.mark.usefixtures("person")
def test_verifier_of_another_request_is_refused_by_the_provider(
    client: TestClient, sqlite_database: Database, provider: Provider
) -> None:
    path = go(client)
    with sqlite_database.writing() as db:
        for request in db.scalars(select(SignInRequest)):
            request.code_verifier = "v" * 64
    assert refused(client, sqlite_database, come_back(client, path))
    assert provider.refused == ["verifier"]


@pytest.mark.usefixtures("person")
def test_announced_issuer_has_to_come(
    client: TestClient, sqlite_database: Database, provider: Provider
) -> None:
    provider.description = {"authorization_response_iss_parameter_supported": True}
    assert refused(client, sqlite_database, come_back(client, go(client)))
    provider.answer = lambda answer: answer | {"iss": provider.issuer}
    assert come_back(client, go(client)).status_code == 303


@pytest.mark.parametrize(
    "description",
    [
        {"issuer": "https://elsewhere.example"},
        {"token_endpoint": "http://elsewhere.example/token"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": None},
    ],
)
def test_description_that_leads_astray_is_refused(
    client: TestClient, provider: Provider, description: dict[str, Any]
) -> None:
    provider.description = description
    response = client.get("/login/sso", follow_redirects=False)
    assert response.status_code == 502
    assert "统一身份认证" in response.text


@pytest.mark.usefixtures("person")
@pytest.mark.parametrize(
    "keys", [{"keys": []}, {}, [], {"keys": [{"kty": "oct", "k": "eHh4" * 12}]}]
)
def test_keys_that_do_not_fit_are_refused(
    client: TestClient, sqlite_database: Database, provider: Provider, keys: Any
) -> None:
    provider.keys = lambda _: keys
    assert refused(client, sqlite_database, come_back(client, go(client)))


@pytest.mark.usefixtures("person")
@pytest.mark.parametrize(
    "target", ["https://elsewhere.example", "//elsewhere.example", "/\\elsewhere", "javascript:x"]
)
def test_nobody_is_sent_elsewhere(client: TestClient, target: str) -> None:
    response = come_back(client, go(client, f"/login/sso?next={target}"))
    assert response.headers["location"] == "/"


def test_request_that_nobody_came_back_for_goes_away(
    client: TestClient, sqlite_database: Database
) -> None:
    go(client)
    with sqlite_database.writing() as db:
        request = db.scalars(select(SignInRequest)).one()
        sweep_requests(db, request.expires_at)
        assert db.scalars(select(SignInRequest)).all() == []


def test_without_a_provider_there_is_no_such_page(app: FastAPI) -> None:
    app.state.settings.oidc_issuer = ""
    client = TestClient(app)
    assert client.get("/login/sso").status_code == 404
    assert client.get("/login/sso/callback").status_code == 404
    assert "/login/sso" not in client.get("/login").text
