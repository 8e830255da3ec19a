"""The login of docs/deploy.md as it stands there, with a provider on this machine and a browser before both."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from joserfc.jwk import RSAKey
from playwright.sync_api import Browser, Page, expect

from tests.browser.chromium import settle
from tests.browser.conftest import PATIENCE_MS
from tests.browser.provider import CLIENT, METADATA, SECRET, Provider, running_provider
from tests.browser.server import ROOT, Server, running_server

DOCUMENT = (ROOT / "docs" / "deploy.md").read_text("utf-8")
COOKIE_SECRET = "cookie-secret-planted-5d"


@dataclass(frozen=True)
class Guarded:
    """A server that requires a login, and who gives it."""

    server: Server
    provider: Provider


def documented_secrets(callback: str, metadata: str) -> str:
    """The file ``secrets.toml`` of the document with only its values changed."""
    (text,) = re.findall(r"```toml\n(.*?)```", DOCUMENT, re.S)
    changes = {
        "https://tools.example.com/netatlas/oauth2callback": callback,
        "a long random text, the same for all replicas": COOKIE_SECRET,
        'client_id = "…"': f'client_id = "{CLIENT}"',
        'client_secret = "…"': f'client_secret = "{SECRET}"',
        f"https://login.microsoftonline.com{METADATA}": metadata,
    }
    for old, new in changes.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


@pytest.fixture(scope="module")
def guarded(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("guarded")
    secrets = folder / "secrets.toml"
    with pytest.MonkeyPatch.context() as patch, running_provider() as provider:
        patch.setenv("NETATLAS_REQUIRE_LOGIN", "1")
        with running_server(folder, base_path="netatlas", options=(f"--secrets.files={secrets}",)) as server:
            # Read when somebody first opens a page; the port is known from here on.
            provider.redirect_uri = f"{server.url}/oauth2callback"
            secrets.write_text(documented_secrets(provider.redirect_uri, f"{provider.url}{METADATA}"), "utf-8")
            yield Guarded(server, provider)
            assert provider.faults == []
            assert server.refused() == []


@pytest.fixture
def honest(guarded: Guarded) -> Iterator[Provider]:
    """The provider, which is made honest again afterwards."""
    yield guarded.provider
    guarded.provider.denies, guarded.provider.claims, guarded.provider.signs_with = False, {}, None


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Callable[[], Page]]:
    """A new browser with no cookie each time."""
    contexts = []

    def come() -> Page:
        contexts.append(browser.new_context())
        contexts[-1].set_default_timeout(PATIENCE_MS)
        return contexts[-1].new_page()

    yield come
    for context in contexts:
        context.close()


def enter(page: Page, guarded: Guarded, path: str = "/") -> None:
    """Come to the closed door and press Log in."""
    page.goto(f"{guarded.server.url}{path}")
    settle(page)
    expect(page.get_by_text("A shop on AKS")).to_have_count(0)
    page.evaluate("window.isBeforeLogin = true")
    page.get_by_role("button", name="Log in").click()


def wait_for_token(page: Page, provider: Provider, before: int) -> None:
    """Wait until the server has got a token, and the browser that brought the code is on a page of its again."""
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while provider.tokens == before:
        assert time.monotonic() < deadline, "the server asked for no token"
        page.wait_for_timeout(100)
    # The server sends the browser back: a visit of one's own that begins meanwhile may end neither.
    page.wait_for_function("!window.isBeforeLogin && document.readyState === 'complete'")


def stays_outside(page: Page, guarded: Guarded) -> None:
    """Where the login led to is closed, and so is every other page."""
    is_closed(page)
    page.goto(f"{guarded.server.url}/input")
    settle(page)
    is_closed(page)


def is_closed(page: Page) -> None:
    """Nothing is shown but the door."""
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    expect(page.get_by_text("A shop on AKS")).to_have_count(0)


def test_who_logs_in_sees_the_pages_and_who_logs_out_no_longer(
    guarded: Guarded, honest: Provider, visitor: Callable[[], Page]
) -> None:
    page = visitor()
    enter(page, guarded)
    expect(page.get_by_text("A shop on AKS").first).to_be_visible()
    assert page.url.startswith(guarded.server.url)
    page.goto(f"{guarded.server.url}/policy_flows")
    expect(page.get_by_role("heading", level=1)).to_have_text("Policy flows")
    page.get_by_role("button", name="Log out").click()
    is_closed(page)
    assert "access-planted-91" not in guarded.server.log.read_text()
    assert SECRET not in guarded.server.log.read_text()


def test_one_visitors_login_lets_no_other_in(guarded: Guarded, honest: Provider, visitor: Callable[[], Page]) -> None:
    first, second = visitor(), visitor()
    enter(first, guarded)
    expect(first.get_by_text("A shop on AKS").first).to_be_visible()
    second.goto(f"{guarded.server.url}/input")
    settle(second)
    is_closed(second)


def test_whom_the_provider_refuses_stays_outside(
    guarded: Guarded, honest: Provider, visitor: Callable[[], Page]
) -> None:
    honest.denies = True
    page = visitor()
    enter(page, guarded)
    is_closed(page)


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "another-client"},
        {"iss": "https://evil.example"},
        {"nonce": "another"},
        {"exp": int(time.time()) - 9_999},
    ],
    ids=["audience", "issuer", "nonce", "expired"],
)
def test_a_token_that_was_not_made_for_this_visit_lets_nobody_in(
    guarded: Guarded, honest: Provider, visitor: Callable[[], Page], claims: dict[str, Any]
) -> None:
    honest.claims = claims
    tokens = honest.tokens
    page = visitor()
    enter(page, guarded)
    wait_for_token(page, honest, tokens)
    stays_outside(page, guarded)


def test_a_token_of_another_key_lets_nobody_in(guarded: Guarded, honest: Provider, visitor: Callable[[], Page]) -> None:
    honest.signs_with = RSAKey.generate_key(2048, {"kid": "tests"})
    tokens = honest.tokens
    page = visitor()
    enter(page, guarded)
    wait_for_token(page, honest, tokens)
    stays_outside(page, guarded)


def test_a_callback_that_nobody_asked_for_lets_nobody_in(guarded: Guarded, visitor: Callable[[], Page]) -> None:
    page = visitor()
    page.goto(f"{guarded.server.url}/oauth2callback?code=made-up&state=made-up")
    page.goto(f"{guarded.server.url}/")
    settle(page)
    is_closed(page)
