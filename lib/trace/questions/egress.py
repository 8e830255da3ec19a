"""The questions of rows about what leaves a cluster: required destinations, and the way out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from lib.azure.destinations import Destination, examples_of, workloads_of
from lib.azure.firewall import LeftOut
from lib.azure.fqdn_policy import NotWritten
from lib.exposure import ExposedTo
from lib.exposure.required import Reach
from lib.facts.egress_needs import Client, client_pod
from lib.facts.internet import INTERNET
from lib.model.cluster import Workload
from lib.model.policies import Direction
from lib.model.sets import ConnectionSet
from lib.model.snapshot import Snapshot
from lib.trace.questions.ends import NOWHERE, THE_INTERNET, Ends, can_be_asked, somebody, written
from lib.trace.questions.flows import example_of, to_addresses, whole_family, with_port

_ANY_NODE: Final = "node"


def of_destination(destination: Destination, snapshot: Snapshot) -> Ends:
    """From a pod that needs a destination, or from a node where nodes do; to one of the names that a pattern means."""
    need = destination.need
    host = next((h for h in destination.hosts if "<" not in h), "")
    clients = (w for pods in need.pods for w in workloads_of(snapshot, client_pod(pods)) if w.endpoints)
    client = next(clients, None)
    by_node = client is None and need.client in (Client.NODE, Client.BOTH) and bool(snapshot.nodes)
    src = str(client.ref) if client is not None else _ANY_NODE if by_node else ""
    if not host or not src or not need.port:
        return NOWHERE
    found = src, written(examples_of(host)[0], need.port, need.transport)
    # Of a network a service tag or a range may be named, which is no one place.
    return found if can_be_asked(found, snapshot) else NOWHERE


def of_left_out(row: LeftOut | NotWritten, found: Iterable[Destination], snapshot: Snapshot) -> Ends:
    """To the destination that no rule was written for, or from the client that no policy was written for."""
    for each in found:
        if isinstance(row, LeftOut):
            mine = each.need.destination == row.destination or row.destination in each.hosts
        else:
            mine = any(client_pod(pods).label == row.client for pods in each.need.pods)
        ends = of_destination(each, snapshot) if mine else NOWHERE
        if ends != NOWHERE:
            return ends
    return NOWHERE


def of_reach(reach: Reach) -> Ends:
    """From the workload to the destination; to one of the names that a pattern stands for."""
    if reach.workload is None or (reach.need is not None and "<" in reach.host):
        return NOWHERE
    to = examples_of(reach.host)[0] if reach.need is not None else reach.host
    return str(reach.workload), written(to, reach.port, reach.protocol.value)


def of_way_out(snapshot: Snapshot) -> Ends:
    """From a pod to some address of the Internet."""
    src = somebody(snapshot)
    sender = next((w for w in snapshot.workloads if str(w.ref) == src), None)
    if sender is not None:
        return to_addresses(sender.ref, INTERNET, ConnectionSet.all())
    return (src, with_port(str(example_of(INTERNET)), ConnectionSet.all())) if src else NOWHERE


def of_exposed_to(row: ExposedTo, snapshot: Snapshot) -> Ends:
    """Between a workload and the first end that is meant: an address outside, or somebody in the input who fits.

    NOWHERE for pods that are to come: no workload of the input stands for them.
    """
    workload = snapshot.workload_by_ref.get(row.workload)
    ports = row.ports.numbers or row.some.numbers or ConnectionSet.all()
    if workload is None:
        return NOWHERE
    if row.newcomers is None:
        address = example_of(row.addresses)
        if row.direction is Direction.EGRESS:
            return to_addresses(workload.ref, row.addresses, ports)
        src = THE_INTERNET if whole_family(row.addresses) else str(address or "")
        return (src, with_port(str(workload.ref), ports, workload)) if src else NOWHERE
    return _with_newcomer(row, workload, ports, snapshot)


def _with_newcomer(row: ExposedTo, workload: Workload, ports: ConnectionSet, snapshot: Snapshot) -> Ends:
    named = [snapshot.workload_by_ref[ref] for ref in row.present if ref != row.workload]
    peer = str(named[0].ref) if named else "" if row.selects else somebody(snapshot, [row.workload])
    if not peer:
        return NOWHERE
    if row.direction is Direction.INGRESS:
        return peer, with_port(str(workload.ref), ports, workload)
    receiver = next((w for w in snapshot.workloads if str(w.ref) == peer), None)
    return str(workload.ref), with_port(peer, ports, receiver)
