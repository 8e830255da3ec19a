"""The flows between namespaces as a table, whose rows lead to the trace of a flow between two of their workloads."""

from __future__ import annotations

from lib.tables.flows import matrix_rows
from lib.trace.questions import between_namespaces
from lib.ui import results
from lib.ui.page_context import PageContext
from lib.ui.trace_link import TracedTable, show_traced


def show_namespace_flows(page: PageContext, choice: str = results.AUTOMATIC) -> None:
    """Every pair of the namespaces that the filter shows."""
    cells, judged = tuple(results.matrix(page, choice)), results.engine(page, choice)
    show_traced(
        page,
        TracedTable(
            matrix_rows(cells),
            "namespace-flows",
            lambda n: between_namespaces(judged, cells[n].src, cells[n].dst),
            alt="Permitted flows between namespaces",
            engine=choice,
        ),
    )
