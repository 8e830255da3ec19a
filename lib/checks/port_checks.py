"""Ports of nodes that two objects claim."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from lib.checks.context import Context
from lib.model.cluster import ContainerPort, Workload
from lib.model.finding import Finding, finding
from lib.model.refs import Source
from lib.model.services import Service, ServicePort
from lib.model.sets import Protocol
from lib.routing.faults import Fault
from lib.routing.reach import address_or_none


def check_node_ports(context: Context) -> Iterator[Finding]:
    """A node port belongs to one Service port of the cluster."""
    taken: dict[tuple[int, Protocol], list[tuple[Service, ServicePort]]] = defaultdict(list)
    for service in context.snapshot.services:
        for port in service.ports:
            if port.node_port:
                taken[port.node_port, port.protocol].append((service, port))
    for (number, protocol), users in taken.items():
        for service, port in users:
            others = ", ".join(sorted({str(s.ref) for s, p in users if p is not port}))
            if others:
                yield finding(
                    Fault.NODE_PORT_CONFLICT.code,
                    service.ref,
                    port.source or service.source,
                    port=number,
                    protocol=protocol.value,
                    others=others,
                )


def check_host_ports(context: Context) -> Iterator[Finding]:
    """Two pods that take the same port of a node can't run on the same node.

    Workloads whose pods have all found their nodes get along: node selectors may keep them apart for good.
    """
    taken: dict[tuple[int, Protocol], dict[object, tuple[Workload, ContainerPort, Source]]] = defaultdict(dict)
    for workload in context.snapshot.workloads:
        for pod in workload.endpoints:
            for port in pod.ports:
                if port.host_port:
                    users = taken[port.host_port, port.protocol]
                    users.setdefault((workload.ref, port.host_ip), (workload, port, port.source or pod.source))
    for (number, protocol), users in taken.items():
        for workload, port, source in users.values():
            others = sorted(
                {
                    str(w.ref)
                    for w, p, _ in users.values()
                    if w.ref != workload.ref
                    and _overlap(p.host_ip, port.host_ip)
                    and not (_is_placed(w) and _is_placed(workload))
                }
            )
            if others:
                yield finding(
                    Fault.HOST_PORT_CONFLICT.code,
                    workload.ref,
                    source,
                    port=number,
                    protocol=protocol.value,
                    others=", ".join(others),
                )


def _is_placed(workload: Workload) -> bool:
    return all(pod.node_name for pod in workload.endpoints)


def _overlap(a: str, b: str) -> bool:
    return a == b or _is_every(a) or _is_every(b)


def _is_every(host_ip: str) -> bool:
    address = address_or_none(host_ip)
    return address is None or address.is_unspecified
