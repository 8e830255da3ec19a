"""Traces that an input invites to: each can be asked, and is what it says it is."""

from __future__ import annotations

import pytest

from lib.loaders.assemble import assemble
from lib.loaders.manifests import InputFile, inputs_from_paths, read_inputs
from lib.model.snapshot import Snapshot
from lib.policy.engine import compile_engine
from lib.policy.engines import profile
from lib.routing.entry_points import entry_points
from lib.routing.routes import route_views
from lib.routing.services import service_views
from lib.trace.context import Context
from lib.trace.ends import read_goal, read_start
from lib.trace.hop import HopVerdict, Trace
from lib.trace.ready import ReadyTrace, ready_traces
from lib.trace.walk import trace
from tests.conftest import ROOT

SAMPLES = sorted(path.name for path in (ROOT / "sample_data").iterdir() if path.is_dir())
REFUSED = "From a workload to a Service that it may not reach"


def of(snapshot: Snapshot, engine: str = "kubernetes") -> list[tuple[ReadyTrace, Trace]]:
    compiled = compile_engine(snapshot, profile(engine))
    services = service_views(snapshot)
    routes, doors = route_views(snapshot, services), entry_points(snapshot, services)
    found = []
    for each in ready_traces(compiled, services, routes, doors):
        start = read_start(each.src, snapshot)
        found.append((each, trace(Context(compiled), start, read_goal(each.dst, snapshot, start))))
    return found


def sample(name: str) -> Snapshot:
    inputs, _ = inputs_from_paths([str(ROOT / "sample_data" / name)], None)
    return assemble(read_inputs(inputs), title=name).snapshot


@pytest.mark.parametrize("engine", ["kubernetes", "cilium"])
@pytest.mark.parametrize("name", SAMPLES)
def test_each_can_be_traced_and_the_refused_one_is_refused(name, engine):
    found = of(sample(name), engine)
    assert 2 <= len(found) <= 4
    for ready, walked in found:
        assert walked.hops
        assert ready.asks != REFUSED or walked.verdict is HopVerdict.DENIED


def test_the_shop_offers_one_of_each_sort_and_no_route_that_leads_nowhere():
    found = {ready.asks: (ready, walked) for ready, walked in of(sample("shop"))}
    assert len(found) == 4
    route, walked = found["From the Internet to a route"]
    assert route.src == "internet" and route.dst.startswith("https://") and walked.verdict is HopVerdict.ALLOWED


def test_where_nothing_enforces_policies_nothing_is_said_to_be_refused():
    assert REFUSED not in {ready.asks for ready, _ in of(sample("shop"), "none")}


@pytest.mark.parametrize(
    "text",
    [
        "{apiVersion: v1, kind: Namespace, metadata: {name: a}}",
        # A Service and a route without a host of its own, and no workload.
        "{apiVersion: v1, kind: Service, metadata: {name: s, namespace: a}, spec: {ports: [{port: 80}]}}\n---\n"
        "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: i, namespace: a}, spec: {rules: [{host: "
        "'*.example.com', http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: s, port: {number: "
        "80}}}}]}}]}}",
    ],
)
def test_nothing_is_offered_where_there_is_nothing_to_trace(text):
    read = read_inputs((InputFile("in.yaml", text.encode()),))
    assert of(assemble(read, title="x").snapshot) == []
