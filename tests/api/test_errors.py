import importlib
import inspect
import pkgutil
from http import HTTPStatus

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.errors import HTTP_TEXTS
from api.problems import PROBLEMS, problem_of

# Raised while starting or by a command, before there is anybody to answer over HTTP.
COMMANDS_ONLY = {
    "DatabaseTooNew",
    "IndexUnreadable",
    "UnknownEncoding",
    "InvalidFormula",
    "InvalidFrontMatter",
    "InvalidQuantity",
    "InvalidRule",
    "ModelDamaged",
    "ModelUnavailable",  # caught where the model is asked
    "ModelUnusable",
    "TransformersMissing",
    "UnreadableDocument",
    "WeightsNotFound",
    "WeightsUnreadable",
}


def own_exceptions() -> list[type[Exception]]:
    found = []
    for package_name in ("assistant", "knowledge", "guidance", "storage"):
        package = importlib.import_module(package_name)
        for module in pkgutil.walk_packages(package.__path__, f"{package_name}."):
            # The export needs torch, which takes seconds; its errors stand elsewhere.
            if ".migrations." in module.name or module.name.endswith("transformers_export"):
                continue
            for _, kind in inspect.getmembers(
                importlib.import_module(module.name), inspect.isclass
            ):
                if issubclass(kind, Exception) and kind.__module__ == module.name:
                    found.append(kind)
    return found


def test_every_error_of_ours_has_its_row() -> None:
    missing = {
        kind.__name__
        for kind in own_exceptions()
        if not set(kind.__mro__) & set(PROBLEMS) and kind.__name__ not in COMMANDS_ONLY
    }
    assert missing == set()


def test_rows_speak_chinese_and_name_a_status() -> None:
    for problem in PROBLEMS.values():
        assert any("\u4e00" <= character <= "\u9fff" for character in problem.title)
        assert problem.status >= HTTPStatus.BAD_REQUEST


def test_nearest_row_wins() -> None:
    kind = next(iter(PROBLEMS))
    derived = type("Derived", (kind,), {})
    assert problem_of(derived("x")).status is PROBLEMS[kind].status
    with pytest.raises(KeyError):
        problem_of(RuntimeError("unknown"))


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/api/v1/nowhere", 404),
        ("DELETE", "/api/v1/search", 405),
        ("GET", "/api/v1/clauses/999999", 404),
        ("GET", "/documents/999999", 404),
        ("GET", "/api/v1/clauses/abc", 422),
        ("GET", "/api/v1/search", 422),
        ("GET", "/conversations/none", 404),
    ],
)
def test_errors_are_problem_json_in_chinese(
    client: TestClient, method: str, path: str, status: int
) -> None:
    response = client.request(method, path)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == status
    assert problem["title"] != HTTPStatus(status).phrase
    assert problem["detail"].endswith(("。", "?"))


def test_someone_who_browses_gets_a_page(client: TestClient) -> None:
    response = client.get("/documents/999999", headers={"accept": "text/html"})
    assert response.status_code == 404
    assert "没有找到文件" in response.text
    assert "<main" in response.text


def test_too_much_is_refused(client: TestClient) -> None:
    declared = client.post("/api/v1/chat/messages", content=b"x" * 2_000_000)
    in_pieces = client.post("/api/v1/chat/messages", content=iter([b"x" * 100_000] * 20))
    for response in (declared, in_pieces):
        assert response.status_code == 413
        assert response.json()["title"] == HTTP_TEXTS[413][0]


def test_bad_json_is_explained(client: TestClient) -> None:
    headers = {"content-type": "application/json"}
    response = client.post("/api/v1/chat/messages", content=b"{", headers=headers)
    assert response.status_code == 422
    assert "JSON" in response.json()["detail"]


def test_unknown_failure_tells_nothing_and_logs_where(
    app: FastAPI, client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        @property
        def current(self) -> None:
            raise RuntimeError("sec" + "ret")

    app.state.live = Broken()
    response = client.get("/api/v1/documents")
    assert response.status_code == 500
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "secret" not in response.text
    assert "secret" not in caplog.text
    assert "RuntimeError" in caplog.text
