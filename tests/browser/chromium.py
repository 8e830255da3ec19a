"""One Chromium, started so that it asks nobody for anything on its own, and pages that report what goes wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    sync_playwright,
)

SWITCHES = (
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--no-first-run",
    "--no-proxy-server",
)

# Streamlit's browser part asks for these on a page's address and falls back to the root: a 404 that harms nothing.
HARMLESS_404 = re.compile(r"/[a-z_]+/(_stcore/health|_stcore/host-config)$")


@dataclass
class Watch:
    """Everything that a page did which no page of ours may do."""

    outside: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def attach(self, context: BrowserContext) -> None:
        """Look at every request, console message and error from now on, and let nothing leave the machine."""
        context.route(lambda url: not is_local(url), lambda route: route.abort())
        # The browser tells of a socket only once it is connected, so each one outside is taken over when it is made.
        context.route_web_socket(lambda url: not is_local(url), lambda socket: self.outside.append(socket.url))
        context.on("request", self._on_request)
        context.on("response", self._on_response)
        context.on("console", self._on_console)
        context.on("weberror", lambda error: self.errors.append(f"page error: {error.error}"))

    def complaints(self) -> list[str]:
        """What a test has to fail for, in words."""
        return [*(f"left the machine: {url}" for url in self.outside), *self.errors, *self.missing]

    def _on_request(self, request: Request) -> None:
        if not is_local(request.url):
            self.outside.append(request.url)

    def _on_response(self, response: Response) -> None:
        if response.status >= 400 and not HARMLESS_404.search(urlsplit(response.url).path):
            self.missing.append(f"{response.status} for {response.url}")

    def _on_console(self, message: ConsoleMessage) -> None:
        # A failed request is also reported by the response itself, which knows whether it is a harmless one.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.errors.append(f"console: {message.text}")


def is_local(url: str) -> bool:
    """Whether a request stays on this machine, or in the browser itself."""
    parts = urlsplit(url)
    return parts.scheme in ("data", "blob", "about", "chrome") or parts.hostname in ("127.0.0.1", "localhost", "::1")


@contextmanager
def running_browser(executable: str) -> Iterator[Browser]:
    """Chromium without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(SWITCHES))
        try:
            yield browser
        finally:
            browser.close()


def settle(page: Page, timeout_s: float = 60) -> None:
    """Wait until Streamlit has drawn the page and runs no script any more."""
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]', timeout=timeout_s * 1000)
    page.wait_for_selector('[data-testid="stAppViewContainer"] h1', timeout=timeout_s * 1000)
    page.wait_for_function("document.querySelectorAll('[data-stale=\"true\"]').length === 0", timeout=timeout_s * 1000)
