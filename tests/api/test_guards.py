import pytest
from fastapi.testclient import TestClient

from api.guards import CONTENT_SECURITY_POLICY

FORM = {"text": "培训多少人", "message_id": "m-1"}
PAGES = (
    "/",
    "/documents",
    "/contact",
    "/privacy",
    "/conversations",
    "/docs",
    "/nowhere",
    "/api/v1/documents",
)


@pytest.mark.parametrize("path", PAGES)
def test_every_reply_carries_the_security_headers(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", PAGES)
def test_pages_hold_no_inline_script_or_style(client: TestClient, path: str) -> None:
    text = client.get(path, headers={"accept": "text/html"}).text
    assert "<style" not in text
    assert " style=" not in text
    assert "<script>" not in text
    assert "onclick" not in text
    assert "http://" not in text.replace("http://www.w3.org", "")
    assert "https://" not in text


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://elsewhere.example"},
        {"origin": "null"},
        {"referer": "https://elsewhere.example/page"},
    ],
)
@pytest.mark.parametrize("path", ["/messages", "/theme", "/api/v1/chat/messages"])
def test_posts_from_other_sites_are_refused(
    client: TestClient, headers: dict[str, str], path: str
) -> None:
    if path.startswith("/api"):
        response = client.post(path, json=FORM, headers=headers)
    else:
        response = client.post(path, data=FORM | {"theme": "dark"}, headers=headers)
    assert response.status_code == 403
    assert "其他网站" in response.json()["detail"]


@pytest.mark.parametrize(
    "headers", [{}, {"sec-fetch-site": "same-origin"}, {"origin": "http://testserver"}]
)
def test_posts_from_our_own_pages_are_taken(client: TestClient, headers: dict[str, str]) -> None:
    response = client.post("/messages", data=FORM, headers=headers, follow_redirects=False)
    assert response.status_code == 303


def test_pages_are_compressed_and_small(client: TestClient) -> None:
    page = client.get("/", headers={"accept-encoding": "gzip"})
    assert page.headers["content-encoding"] == "gzip"
