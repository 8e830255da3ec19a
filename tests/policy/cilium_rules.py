"""Cilium's policies as YAML, and a server and its clients to hold them against."""

from __future__ import annotations

from lib.model.sets import Protocol
from lib.policy.ends import parse_end
from lib.policy.engine import Engine
from tests.policy.build import engine_of, namespace, pod
from tests.policy.test_semantics import CLIENT, SERVER, ports_between

SHOP, OTHER = namespace("shop", team="a"), namespace("other", team="b")
STRANGER = pod("client", namespace="other", app="client")
SELECTS = "endpointSelector: {matchLabels: {app: server}}"


def cnp(spec: str, name: str = "rule", selects: str = SELECTS) -> str:
    return f"""
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {{name: {name}, namespace: shop}}
spec: {{{selects}, {spec}}}
"""


def ccnp(spec: str, name: str = "rule", selects: str = SELECTS) -> str:
    text = cnp(spec, name, selects).replace("CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy")
    return text.replace(", namespace: shop", "")


def into_server(*documents: str, client: str = "shop/client") -> object:
    engine = engine_of(SHOP, OTHER, CLIENT, STRANGER, SERVER, *documents)
    return ports_between(engine, client, "shop/server")


def verdict(engine: Engine, src: str, dst: str, port: int = 80) -> str:
    ends = {w.ref.name: w for w in engine.snapshot.workloads} | {n.name: n for n in engine.snapshot.nodes}
    first, last = (ends.get(name) or parse_end(name, engine.snapshot) for name in (src, dst))
    return engine.explain(first, last, Protocol.TCP, port).verdict
