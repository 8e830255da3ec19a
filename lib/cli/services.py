"""The command that lists Services."""

from __future__ import annotations

import argparse

from lib.azure.services import service_views_on_azure
from lib.cli.cluster import inputs_of
from lib.cli.load import load
from lib.cli.tables import in_namespaces, print_rows
from lib.reports.diagram import Edge
from lib.tables.services import service_rows


def services_command(arguments: argparse.Namespace) -> int:
    """Every Service, its ports and who stands behind them."""
    given = load(inputs_of(arguments), complete=arguments.complete)
    kept = in_namespaces(arguments, given)
    views = [v for v in service_views_on_azure(given.snapshot) if kept(v.ref)]
    edges = (Edge(str(v.ref), str(w.ref), ", ".join(p.text for p in v.ports)) for v in views for w in v.workloads)
    return print_rows(arguments, given, "services", service_rows(views, given.locate), edges)
