"""The tab about policies and rules that do nothing, beside the flows."""

from __future__ import annotations

import streamlit as st

from lib.lint import LintFinding
from lib.tables.lint import lint_rows, not_checked_sentence
from lib.trace.questions import of_object
from lib.ui import results
from lib.ui.icons import icon_word
from lib.ui.page_context import PageContext
from lib.ui.text import plain
from lib.ui.trace_link import TracedTable, cluster_of, show_traced
from lib.ui.widgets import say_hidden
from lib.ui.yaml_block import show_yaml

_COVERS_SHOWN = 12


def show_lint(page: PageContext, choice: str, shown: tuple[LintFinding, ...]) -> None:
    """The findings as a table, and the chosen one in full sentences with what covers it and its YAML."""
    report = results.lint_report(page, choice)
    st.caption(
        "Policies and rules that do nothing, or nothing that others do not do. Each was taken out by itself, and the "
        "engine judged every packet without it."
    )
    if report.cut:
        st.warning(plain(report.cut, 400), icon=":material/warning:")
    if report.unproven:
        places = ", ".join(plain(place, 120) for place in report.unproven[:_COVERS_SHOWN])
        more = f" and {len(report.unproven) - _COVERS_SHOWN:,} more" if len(report.unproven) > _COVERS_SHOWN else ""
        st.caption(f":material/help: Of these the input does not settle whether they do something: {places}{more}.")
    if report.not_checked:
        st.caption(f":material/help: {plain(not_checked_sentence(report.not_checked), 900)}")
    say_hidden(len(shown), len(report.findings), "findings")
    if not shown:
        if report.findings or not (report.not_checked or report.unproven):
            st.caption(_nothing(page, len(report.findings), report.policies))
        return
    rows = lint_rows(shown, results.locate(page))
    ordered = sorted(shown, key=lambda finding: -finding.kind.severity)
    show_traced(
        page,
        TracedTable(
            rows,
            "lint",
            lambda n: of_object(ordered[n].place.policy, cluster_of(page)),
            alt="Policies and rules that do nothing",
            hide=("code", "proof"),
            first=("severity", "finding", "namespace", "policy", "rule", "what"),
            engine=choice,
            details=lambda n: _show_finding(page, ordered[n]),
            to_see="read it in full, with what was compared and with its YAML",
        ),
    )


def _nothing(page: PageContext, findings: int, policies: int) -> str:
    if findings:
        return "No finding is about a policy that the filter shows."
    if unread := page.snapshot.unread_text():
        return f"Nothing was found in what could be read; these kinds were not: {plain(unread, 400)}."
    if not policies and not page.snapshot.rejected_policies:
        return "The input has no policy that could do nothing."
    return "Every policy and every rule in the input counts: without any of them some flow would change."


def _show_finding(page: PageContext, finding: LintFinding) -> None:
    locate = results.locate(page)
    with st.container(border=True):
        severity = icon_word(finding.kind.severity.label)
        st.markdown(f"{severity} **{plain(finding.place, 160)}** — {plain(finding.kind.title)}")
        st.markdown(plain(" ".join(filter(None, (finding.sentence, finding.proof, finding.example))), 2_000))
        for place in finding.covers[:_COVERS_SHOWN]:
            st.markdown(f"- {plain(place, 160)} — {plain(locate(place.source))}")
        if len(finding.covers) > _COVERS_SHOWN:
            st.caption(f"and {len(finding.covers) - _COVERS_SHOWN:,} more; the export holds them")
        show_yaml(page.documents, finding.place.source)
