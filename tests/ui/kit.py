"""Small help for the tests of the frame: the app in Streamlit's own test harness, and inputs to load."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from streamlit.testing.v1 import AppTest

from lib.loaders.manifests import InputFile
from lib.ui.loaded import LoadedInput, load

ROOT = Path(__file__).resolve().parents[2]

HOSTILE = (
    "![x](http://192.0.2.1/a.png)",
    "<a href='http://x.example'>y</a>",
    "<script>alert(1)</script>",
    "$math$",
    ":material/home:",
    ":red[danger]",
    ":streamlit:",
    "http://x.example/y",
    "www.x.example",
    "a@x.example",
    "# head",
    "**b** _i_ `c`",
    "a -> b",
    "|a|b|",
    "&lt;b&gt;",
)

NAMESPACE = """apiVersion: v1
kind: Namespace
metadata:
  name: {name}
"""


def app(query: Mapping[str, str | list[str]] | None = None, page: str = "") -> AppTest:
    """The app as a first visit with that query sees it; ``page`` is a file in ``pages``, without its suffix."""
    test = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30)
    for key, value in (query or {}).items():
        test.query_params[key] = value
    if page:
        test.switch_page(f"pages/{page}.py")
    return test.run()


def namespaces(*names: str) -> bytes:
    """Manifests of Namespaces."""
    return "---\n".join(NAMESPACE.format(name=name) for name in names).encode()


def loaded(files: Mapping[str, bytes], *, assume_complete: bool = False) -> LoadedInput:
    """An input of a visitor's own."""
    inputs = tuple(InputFile(name, data) for name, data in files.items())
    return load("upload:", "test", inputs, assume_complete=assume_complete)


def words(test: AppTest) -> str:
    """All texts that a run has drawn, for a look at what a person would read."""
    groups: Iterable[Iterable[object]] = (
        test.title,
        test.caption,
        test.markdown,
        test.warning,
        test.error,
        test.success,
        test.subheader,
    )
    return "\n".join(str(getattr(element, "value", "")) for group in groups for element in group)
