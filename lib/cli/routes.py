"""The command that lists routes, and tests a URL."""

from __future__ import annotations

import argparse

from lib.cli.cluster import inputs_of
from lib.cli.load import load
from lib.cli.output import write
from lib.cli.tables import in_namespaces, print_rows
from lib.reports.diagram import Edge
from lib.routing.routes import route_views
from lib.routing.url_test import test_url
from lib.tables.routes import candidate_rows, route_rows


def routes_command(arguments: argparse.Namespace) -> int:
    """Every route; with ``--url`` those that a URL could meet, the winner first."""
    given = load(inputs_of(arguments), complete=arguments.complete)
    kept = in_namespaces(arguments, given)
    views = [v for v in route_views(given.snapshot, day=arguments.today) if kept(v.route)]
    if arguments.url:
        answer = test_url(given.snapshot, arguments.url, routes=views)
        rows = candidate_rows(answer, given.locate)
        if arguments.format == "text":
            write([f"{answer.sentence}\n\n"])
        edges = (Edge(arguments.url, w.backend.label, w.where) for w in answer.winners)
        return print_rows(arguments, given, "candidates", rows, edges, answer=answer.sentence)
    edges = (Edge(v.where, v.backend.label, v.path_type, dashed=v.accepted is not True) for v in views)
    return print_rows(arguments, given, "routes", route_rows(views, given.locate), edges)
