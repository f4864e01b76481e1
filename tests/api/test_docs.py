import re
from typing import Any

import schemathesis
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings


def test_docs_come_from_here_alone(client: TestClient) -> None:
    page = client.get("/docs").text
    sources = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(sources) == 4
    for source in sources:
        assert source.startswith("/static/")
        assert client.get(source).status_code == 200


def test_description_has_examples_and_problems(client: TestClient) -> None:
    description = client.get("/openapi.json").json()
    post = description["paths"]["/api/v1/chat/messages"]["post"]
    assert {"200", "409", "422", "429"} <= set(post["responses"])
    message = description["components"]["schemas"]["ChatMessage"]
    assert message["examples"]
    assert "/messages" not in description["paths"]  # pages are no API


def test_no_request_of_the_description_breaks_the_server(app: FastAPI) -> None:
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)

    api: Any = schema.include(path_regex="^/api/")
    for operation in api.get_all_operations():
        check_operation(operation.ok())


def check_operation(operation: Any) -> None:
    @settings(
        max_examples=12,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def call(case: Any) -> None:
        assert case.call().status_code < 500

    call()
