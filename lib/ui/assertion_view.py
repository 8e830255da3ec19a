"""Assertions beside the loaded cluster: their text, what became of each, and the flows that are to blame."""

from __future__ import annotations

from collections import Counter
from typing import Final

import streamlit as st

from lib.assertions import Outcome, Result, check_assertions, of_result
from lib.loaders.assertions import AssertionReading, read_assertions
from lib.tables.assertions import explanation
from lib.tables.row import Row
from lib.trace.questions import of_flow
from lib.ui import results
from lib.ui.navigation import ROOT
from lib.ui.page_context import PageContext
from lib.ui.problems import say_problems
from lib.ui.text import plain, sentence
from lib.ui.trace_link import TracedTable, offer_trace, show_traced
from lib.ui.widgets import selected_row

_TEXT: Final = "netatlas.assertions"
_EDITOR: Final = "assertions-text"
_SHOP: Final = "sample:shop"
_FILE: Final = "assertions"
_CHARS_UP_TO: Final = 200_000
_TEMPLATE: Final = """schema: netatlas.assertions/1
assertions:
  - name: policies let nobody in from the internet
    deny: {from: internet, to: any workload}
"""
_FORM: Final = (
    "`allow`, `deny`, `only` or `no-path`, each with `from`, `to` and `ports`. An end is `namespace/name`, an address "
    "or prefix, `internet`, `outside`, `any workload`, or `{namespace: …, labels: …}`. docs/assertions.md tells it "
    "all; `python -m lib check PATH --assert FILE` checks the same file in a pipeline."
)


def edit_assertions(page: PageContext) -> str:
    """The text of the assertions, kept for the visit; the shop's own to begin with."""
    kept = st.session_state.get(_TEXT, {})
    if page.loaded.id not in kept:
        shop = (ROOT / "docs" / "shop.assert.yaml").read_text("utf-8")
        kept = {**kept, page.loaded.id: shop if page.loaded.id == _SHOP else _TEMPLATE}
    text = st.text_area(
        "Assertions as YAML",
        value=kept[page.loaded.id],
        key=f"{_EDITOR}-{page.loaded.id}",
        height=300,
        max_chars=_CHARS_UP_TO,
        help=_FORM,
    )
    st.session_state[_TEXT] = {**kept, page.loaded.id: text or ""}
    st.download_button(
        "Save as a file", text or "", "assertions.yaml", "application/yaml", icon=":material/download:", type="tertiary"
    )
    return text or ""


def show_results(page: PageContext, choice: str, text: str) -> None:
    """Every assertion with its outcome, those that do not hold first, and the flows behind the chosen one."""
    reading = read_assertions(text, _FILE)
    say_problems(reading.problems)
    with st.spinner("Checking the assertions", show_time=True):
        found = page.cached(
            ("assertions", results.profile_of(page, choice).id, text), lambda: _checked(page, choice, reading)
        )
    if not found:
        return
    counts = Counter(result.outcome for result in found)
    with st.container(horizontal=True):
        for outcome, word in ((Outcome.FAILS, "Fail"), (Outcome.UNKNOWN, "Not known"), (Outcome.HOLDS, "Hold")):
            st.metric(word, f"{counts[outcome]:,}", border=True)
    st.caption("Judged over the whole input, whatever the filters show.")
    show_traced(
        page,
        TracedTable(
            [_row(result) for result in found],
            "assertions",
            lambda n: of_result(found[n], results.engine(page, choice)),
            alt="Assertions, those that do not hold first",
            engine=choice,
            details=lambda n: _show_examples(page, choice, found[n]),
            to_see="see the flows that are to blame",
        ),
    )
    if selected_row("assertions") is None and found[0].outcome is not Outcome.HOLDS:
        _show_examples(page, choice, found[0])


def _checked(page: PageContext, choice: str, reading: AssertionReading) -> tuple[Result, ...]:
    order = (Outcome.FAILS, Outcome.UNKNOWN, Outcome.HOLDS)
    found = check_assertions(results.engine(page, choice), reading.assertions)
    return tuple(sorted(found, key=lambda result: order.index(result.outcome)))


def _row(result: Result) -> Row:
    return {
        "state": result.outcome.value,
        "assertion": result.assertion.name,
        "message": result.message,
        "expects": str(result.assertion),
        "line": result.assertion.line,
    }


def _show_examples(page: PageContext, choice: str, result: Result) -> None:
    with st.container(border=True):
        st.markdown(f"**{plain(result.assertion.name, 120)}** — {plain(result.message, 600)}")
        for example in result.examples:
            over = f" over {', '.join(example.over)}" if example.over else ""
            told = explanation(example, results.locate(page))
            reason = f": {plain(sentence(told), 1200)}" if told else ""
            ends = f"{plain(example.src, 120)} → {plain(example.dst, 120)}"
            st.markdown(f"- **{ends}** on {plain(example.ports, 120)}{plain(over, 300)}{reason}")
            if not example.over:
                offer_trace(page, of_flow(example, page.snapshot), choice)
        if result.count > len(result.examples):
            st.caption(f"The first {len(result.examples)} of {result.count:,}; the page Policy flows lists all flows.")
