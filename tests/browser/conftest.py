import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, BrowserContext, Page, Request, sync_playwright

from tests.fixtures.edge import app, live, settings, stand_in

__all__ = ["app", "live", "settings", "stand_in"]

CHROMIUM = "/usr/bin/chromium"
# Without the switches Chromium calls its maker's hosts at every start.
SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        yield browser
        browser.close()


@pytest.fixture
def site(app: FastAPI) -> Iterator[str]:
    """The application on a real port."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    listening.close()


@pytest.fixture
def requested() -> list[str]:
    """The addresses that pages asked for."""
    return []


@pytest.fixture
def complaints() -> list[str]:
    """Errors of scripts and of the content security policy."""
    return []


def watch(page: Page, requested: list[str], complaints: list[str]) -> Page:
    def note_request(request: Request) -> None:
        requested.append(request.url)

    page.on("request", note_request)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda message: (
            complaints.append(message.text)
            if message.type == "error" and "Failed to load resource" not in message.text
            else None
        ),
    )
    return page


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport=PHONE, locale="zh-CN")  # type: ignore[arg-type]
    context.set_default_timeout(5000)
    yield context
    context.close()


@pytest.fixture
def page(
    context: BrowserContext, site: str, requested: list[str], complaints: list[str]
) -> Iterator[Page]:
    """A page of a phone's browser at the chat; afterwards: no other host, no complaint."""
    page = watch(context.new_page(), requested, complaints)
    page.goto(site)
    yield page
    assert [url for url in requested if not url.startswith(site)] == []
    assert complaints == []


@pytest.fixture
def plain_page(
    browser: Browser, site: str, requested: list[str], complaints: list[str]
) -> Iterator[Page]:
    """The same without JavaScript."""
    context = browser.new_context(viewport=PHONE, locale="zh-CN", java_script_enabled=False)  # type: ignore[arg-type]
    context.set_default_timeout(5000)
    page = watch(context.new_page(), requested, complaints)
    page.goto(site)
    yield page
    assert [url for url in requested if not url.startswith(site)] == []
    context.close()
