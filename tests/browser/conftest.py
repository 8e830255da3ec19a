"""One server and one Chromium a worker, and a watch over each page: nothing may leave the machine, nothing may fail."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.chromium import Watch, running_browser
from tests.browser.server import Server, find_chromium, running_server

# A machine that does other things as well may be slow; nothing waits that long when it is not.
PATIENCE_MS = 30_000


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here drives a browser."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser's path; without one the tests are skipped, but in CI they fail."""
    found = find_chromium()
    if found is None:
        message = "no Chromium on the PATH and none named by NETATLAS_CHROMIUM"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return found


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """The worker's browser."""
    expect.set_options(timeout=PATIENCE_MS)
    with running_browser(chromium) as running:
        yield running


@pytest.fixture(scope="session")
def server(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The worker's server; after its last test it must not have tried to reach anything outside."""
    with running_server(tmp_path_factory.mktemp("server")) as running:
        yield running
        assert running.refused() == []


@pytest.fixture
def watch() -> Watch:
    """What the test's pages did."""
    return Watch()


@pytest.fixture
def page(browser: Browser, server: Server, watch: Watch) -> Iterator[Page]:
    """A visitor of their own; the test fails for any request outside, any failed request and any error."""
    refused, logged = len(server.refused()), len(server.log.read_text())
    context = browser.new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True)
    watch.attach(context)
    context.set_default_timeout(PATIENCE_MS)
    yield context.new_page()
    context.close()
    assert watch.complaints() == []
    assert server.refused()[refused:] == []
    assert "Traceback" not in server.log.read_text()[logged:]
