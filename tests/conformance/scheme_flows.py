"""The flows that network-config-analyzer lists, in the form of the corpus's rows, and ours in its words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from lib.flows import flow_rows
from lib.model.refs import OUTSIDE_SUFFIX
from lib.model.sets import ConnectionSet, PortSet, Protocol
from tests.conformance.cases import Row
from tests.conformance.schemes import Config

_PART = re.compile(r"\{protocols:([^{}]*?)(?:,dst_ports:([-0-9,]*?))?(?:,(?:hosts|paths):[^{}]*)?\}")
_RANGE = re.compile(r"[0-9.]+(?:-[0-9.]+)?")


def connections(text: str) -> ConnectionSet:
    """``All connections``, ``{protocols:TCP,dst_ports:80-90}`` or ``All but {protocols:TCP}``.

    Protocols other than TCP, UDP and SCTP are no connections here; ``hosts`` and ``paths`` of an Ingress are left out.
    """
    if text.lower() == "all connections":
        return ConnectionSet.all()
    if text.lower() == "no connections":
        return ConnectionSet()
    but = text.removeprefix("All but ")
    found = ConnectionSet()
    for part in but.split("},{"):
        match = _PART.fullmatch("{" + part.strip("{}") + "}")
        assert match is not None, text
        spans = [tuple(map(int, (s.split("-") * 2)[:2])) for s in (match[2] or "").split(",") if s]
        ports = PortSet.from_intervals((a, b) for a, b in spans) if spans else PortSet.all()
        known = {p.value: p for p in Protocol}
        found |= ConnectionSet.from_ports({known[n]: ports for n in match[1].split(", ") if n in known})
    return ConnectionSet.all() - found if but != text else found


def sayable(flows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The flows between pods and addresses; not those of host endpoints, DNS names and pods that the tool invents."""
    return [f for f in flows if all(_is_end(f[end]) for end in ("src", "dst"))]


def _is_end(name: str) -> bool:
    return bool(_RANGE.fullmatch(name)) or (name.endswith("]") and "-livesim[" not in name)


def expected_rows(flows: Iterable[dict[str, Any]]) -> list[Row]:
    """The tool's rows, addresses marked as the corpus marks them."""
    found = []
    for flow in flows:
        ports = connections(flow["connections"])
        ends = {end: flow[end] + OUTSIDE_SUFFIX if _RANGE.fullmatch(flow[end]) else flow[end] for end in ("src", "dst")}
        found.append({**ends, "ports": ports.to_json()})
    return found


def our_rows(config: Config) -> list[Row]:
    """Our rows; a pod that a kubelet makes of its own files goes by its node, as with the tool."""
    engine = config.by_workload
    named = {}
    for workload in engine.snapshot.workloads:
        node = workload.pods[0].node_name if workload.ref.kind == "Pod" else ""
        if node and workload.ref.name.endswith(f"-{node}"):
            named[str(workload.ref)] = f"{workload.namespace}/{node}[Node]"
    rows = []
    for row in flow_rows(engine):
        told = row.to_json()
        rows.append({**told, **{end: named.get(told[end], told[end]) for end in ("src", "dst")}})
    return rows
