"""Runs the app without a browser, from the sample or from files of a test's own."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

from lib.loaders.manifests import InputFile
from lib.ui.loaded import LoadedInput, load

ROOT = Path(__file__).resolve().parents[2]
PAGES = (
    "overview",
    "services",
    "security_rules",
    "ingress_routes",
    "policy_flows",
    "trace",
    "recommendation",
    "engine_migration",
    "compare",
    "assertions",
    "egress",
    "ip_plan",
    "input",
)


def open_page(page: str, *, files: dict[str, bytes] | None = None, complete: bool = False, **query: str) -> AppTest:
    """The page after its run; ``files`` are loaded as the visitor's own, without them it is the first sample."""
    if files is None:
        return _run(page, _app(), query)
    inputs = tuple(InputFile(name, data) for name, data in files.items())
    return open_loaded(page, load("upload:", "test input", inputs, assume_complete=complete), **query)


def open_loaded(page: str, loaded: LoadedInput, **query: str) -> AppTest:
    """The page with an input that the visitor has loaded."""
    app = _app()
    app.session_state["netatlas.upload"] = loaded
    return _run(page, app, {"src": loaded.id, **query})


def _app() -> AppTest:
    return AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)


def _run(page: str, app: AppTest, query: dict[str, str]) -> AppTest:
    for name, value in query.items():
        app.query_params[name] = value
    if page != "overview":
        app.switch_page(str(ROOT / "pages" / f"{page}.py"))
    app.run()
    assert not app.exception, [e.value for e in app.exception]
    return app


def tables(app: AppTest) -> list[Any]:
    """Every table on the page."""
    return [d.value for d in app.dataframe]


def table(app: AppTest, *columns: str) -> Any:
    """The first table that has these columns."""
    return next(t for t in tables(app) if set(columns) <= set(t.columns))


def figures(app: AppTest) -> list[dict[str, Any]]:
    """Every figure on the page."""
    return [json.loads(f.proto.spec) for f in app.get("plotly_chart")]


def markdown(app: AppTest) -> str:
    """Everything that is shown as Markdown, as it is sent."""
    kinds = (app.title, app.subheader, app.markdown, app.caption, app.error, app.warning, app.info, app.success)
    return "\n".join(str(e.value) for kind in kinds for e in kind)


def words(app: AppTest) -> str:
    """The same as people read it, without the escapes."""
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", markdown(app))
