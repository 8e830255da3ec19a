"""A server that requires a login shows nothing of any input before it, also where nobody set one up."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from tests.conftest import ROOT


def open_app(page: str = "") -> AppTest:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    if page:
        app.switch_page(str(ROOT / "pages" / page))
    return app


def is_closed(app: AppTest) -> bool:
    return not app.exception and not app.dataframe and not app.sidebar.children and len(app.button) <= 1


@pytest.mark.app
@pytest.mark.parametrize("page", ["", "input.py", "policy_flows.py"])
def test_without_a_provider_nothing_is_shown(monkeypatch: pytest.MonkeyPatch, page: str) -> None:
    monkeypatch.setenv("NETATLAS_REQUIRE_LOGIN", "1")
    app = open_app(page).run()
    assert is_closed(app)
    assert not app.button
    assert "has no provider" in app.error[0].value


@pytest.mark.app
@pytest.mark.parametrize("page", ["", "input.py", "policy_flows.py"])
def test_with_one_there_is_a_button_and_nothing_else(monkeypatch: pytest.MonkeyPatch, page: str) -> None:
    monkeypatch.setenv("NETATLAS_REQUIRE_LOGIN", "1")
    monkeypatch.setattr("lib.ui.login.find_spec", lambda _: object())
    app = open_app(page)
    app.user = {"is_logged_in": False}
    app.run()
    assert is_closed(app)
    assert [b.label for b in app.button] == ["Log in"]
    assert not app.error


@pytest.mark.app
@pytest.mark.parametrize("value", ["", "0"])
def test_a_server_of_ones_own_asks_nobody(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("NETATLAS_REQUIRE_LOGIN", value)
    app = open_app().run()
    assert not app.exception
    assert "Log in" not in [b.label for b in app.button]
    assert app.dataframe or app.get("plotly_chart")


@pytest.mark.app
def test_who_has_logged_in_sees_everything_and_can_log_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETATLAS_REQUIRE_LOGIN", "1")
    monkeypatch.setattr("lib.ui.login.find_spec", lambda _: object())
    app = open_app()
    app.user = {"is_logged_in": True, "email": "ada@example.com"}
    app.run()
    assert not app.exception
    assert "Log out" in [b.label for b in app.sidebar.button]
    assert app.dataframe or app.get("plotly_chart")
