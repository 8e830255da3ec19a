"""Gateway API and both IP families: the sample's routes are traced through the Gateway's own pods."""

from __future__ import annotations

from functools import cache

import pytest

from lib.loaders.assemble import assemble
from lib.loaders.manifests import inputs_from_paths, read_inputs
from lib.policy.engine import compile_engine
from lib.trace.context import Context
from lib.trace.ends import read_goal, read_start
from lib.trace.hop import HopKind, HopVerdict, Trace
from lib.trace.walk import trace
from tests.conftest import ROOT
from tests.samples.raw import SAMPLES, objects, of_kind

ADDRESSES = [
    entry["ip"]
    for service in of_kind(objects(SAMPLES / "gateway-ipv6"), "Service")
    for entry in service.get("status", {}).get("loadBalancer", {}).get("ingress", [])
]
CLIENTS = {4: "192.0.2.9", 6: "2001:db8:77::9"}


@cache
def context() -> Context:
    inputs, _ = inputs_from_paths([str(ROOT / "sample_data" / "gateway-ipv6")], None)
    return Context(compile_engine(assemble(read_inputs(inputs), title="gateway").snapshot))


def walk(src: str, dst: str) -> Trace:
    start = read_start(src, context().snapshot)
    return trace(context(), start, read_goal(dst, context().snapshot, start))


@pytest.mark.parametrize("version", [4, 6])
def test_a_host_is_reached_by_the_address_of_the_senders_family(version):
    found = walk(CLIENTS[version], "https://www.books.example.com/")
    address = next(hop.subject for hop in found.hops if hop.kind is HopKind.ADDRESS)
    own = next(a for a in ADDRESSES if (":" in a) == (version == 6))
    assert address.startswith(f"{own} of Service")
    assert found.verdict is HopVerdict.ALLOWED


def test_the_controller_is_the_gateways_own_workload():
    hop = next(h for h in walk("internet", "https://www.books.example.com/").hops if h.kind is HopKind.CONTROLLER)
    # Its Deployment belongs to the Gateway, which is the highest owner of the pods.
    assert hop.subject.endswith("edge/public[Gateway]")


def test_a_path_that_no_route_has_ends_at_the_route():
    found = walk("internet", "https://api.books.example.com/no-such-path")
    assert found.stopped_at is not None
    assert found.stopped_at.kind is HopKind.ROUTE
