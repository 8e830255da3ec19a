"""What load balancers bring to pods, and what pods send to their own nodes: where two readings differ, and why."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from functools import reduce
from operator import and_
from typing import Final

from lib.flows.load_balancers import Arrival, arrivals
from lib.model.cluster import Node
from lib.model.policies import Direction, Verdict
from lib.model.refs import Source
from lib.model.services import TrafficPolicy
from lib.model.snapshot import Snapshot
from lib.policy.bits import union
from lib.policy.engine import Engine, compile_engine
from lib.scenario.advice import Advice, own_node
from lib.scenario.answer import Change, FlowAnswer, differing, judge
from lib.scenario.routes import RouteChange
from lib.trace.questions import NOWHERE, Ends, of_arrival, with_port

_SOME_NODE: Final = Node("\0", Source("", 0))


def arrival_changes(old: Engine, new: Engine) -> tuple[RouteChange, ...]:
    """What load balancers and node ports carry to pods in one reading and not in the other, by Service and port."""
    before, after = ({_arrival_key(a): a for a in arrivals(engine)} for engine in (old, new))
    found = []
    for key in dict.fromkeys((*before, *after)):
        was, is_now = before.get(key), after.get(key)
        if was is None or is_now is None or was.verdict == is_now.verdict:
            # A Service that came or went is a door of its own.
            continue
        found.append(
            RouteChange(
                "exposure",
                _arrival_change(was, is_now),
                f"{was.service} to {was.workload} {was.protocol.value} {was.port} ({is_now.policy.value})",
                f"{was.verdict}: {was.reason}",
                f"{is_now.verdict}: {is_now.reason}",
                old.snapshot.service_by_ref[was.service].source,
                new.snapshot.service_by_ref[is_now.service].source,
                _advice(was, is_now, old, new) if old.snapshot is new.snapshot else None,
                _way_in(is_now, new.snapshot),
            )
        )
    return tuple(sorted(found, key=lambda c: c.name))


def _way_in(arrival: Arrival, snapshot: Snapshot) -> Ends:
    """Through the Service's port that leads to the pods' one; where a name or nothing says which, its first."""
    service = snapshot.service_by_ref[arrival.service]
    fits = (p for p in service.ports if (p.protocol, p.target_port) == (arrival.protocol, arrival.port))
    return of_arrival(service, snapshot, next(fits, None))


def _arrival_key(arrival: Arrival) -> Hashable:
    return arrival.service, arrival.workload, arrival.protocol, arrival.port


def _arrival_change(old: Arrival, new: Arrival) -> Change:
    if Verdict.UNKNOWN.value in (old.verdict, new.verdict):
        return Change.UNKNOWN
    if old.verdict == Verdict.DENIED.value:
        return Change.GAINED
    return Change.LOST if new.verdict == Verdict.DENIED.value else Change.CHANGED


def _advice(was: Arrival, is_now: Arrival, old: Engine, new: Engine) -> Advice:
    """The first difference between two engines that what load balancers carry hangs on."""
    local = is_now.policy is TrafficPolicy.LOCAL
    before, after = old.profile, new.profile
    enforced = "local_policy_ingress_enforced" if local else "cluster_policy_ingress_enforced"
    if before.enforces != after.enforces:
        return Advice.on("enforces", "one of the two enforces no policy", _remedy(is_now, new), old, new)
    if getattr(before, enforced) is not getattr(after, enforced):
        why = f"ingress policies count for what comes in with externalTrafficPolicy {is_now.policy.value} under one of "
        why += "the engines, and not, or not surely, under the other"
        return Advice.on(enforced, why, _remedy(is_now, new), old, new)
    if not local and before.cluster_policy_source is not after.cluster_policy_source:
        why = f"ingress policies see it as from the {was.seen_as} under {before.label}, and as from the "
        why += f"{is_now.seen_as} under {after.label}"
        return Advice.on("cluster_policy_source", why, _remedy(is_now, new), old, new)
    why = "the engines read the policies of the pods behind it otherwise"
    return Advice("policies", why, f"Look at the flows of {is_now.workload} that differ, and at what is said of them.")


def _remedy(arrival: Arrival, new: Engine) -> str:
    if arrival.verdict == Verdict.ALLOWED.value:
        return "Restrict the clients by spec.loadBalancerSourceRanges of the Service: ingress policies won't."
    permit = f"Permit the clients' addresses by an ipBlock in an ingress rule for {arrival.workload}"
    if arrival.policy is TrafficPolicy.CLUSTER and new.profile.id == "cilium":
        permit += ", and what comes through other nodes by a CiliumNetworkPolicy with fromEntities: [remote-node]; "
        return permit + "or set externalTrafficPolicy to Local."
    if arrival.policy is TrafficPolicy.CLUSTER:
        return (
            f"{permit}, and the addresses of the nodes, or set externalTrafficPolicy to Local; test it after the move."
        )
    return f"{permit}, and test it after the move."


def own_node_changes(old: Engine, new: Engine) -> tuple[RouteChange, ...]:
    """The workloads that reach the nodes they run on under one of two engines only, over one and the same snapshot.

    Of a pod whose node is not in the input, all nodes are asked, or one of which nothing is known.
    """
    before, after = old.profile, new.profile
    differ = before.own_node_egress_allowed is not after.own_node_egress_allowed
    if old.snapshot is not new.snapshot or not differ or not (before.enforces and after.enforces):
        return ()
    readings = [_with_some_node(engine) for engine in (old, new)]
    found = []
    for number, workload in enumerate(old.snapshot.workloads):
        if not workload.host_network and workload.endpoints:
            was, is_now = (_to_own_node(reading, number) for reading in readings)
            change = judge(was, is_now)
            if change is not None:
                name, said = f"{workload.ref} to its own node", own_node(old, new)
                node = next((pod.node_name for pod in workload.endpoints if pod.node_name), "")
                way = str(workload.ref), with_port(f"node/{node}", differing(was, is_now))
                found.append(
                    RouteChange(
                        "node",
                        change,
                        name,
                        str(was),
                        str(is_now),
                        workload.source,
                        workload.source,
                        said,
                        way if node else NOWHERE,
                    )
                )
    return tuple(found)


def _with_some_node(engine: Engine) -> Engine:
    known = {node.name for node in engine.snapshot.nodes}
    if known and all(pod.node_name in known for pod in engine.snapshot.pods if pod.node_name):
        return engine
    return compile_engine(replace(engine.snapshot, nodes=(*engine.snapshot.nodes, _SOME_NODE)), engine.profile)


def _to_own_node(engine: Engine, number: int) -> FlowAnswer:
    """The ports that all pods of a workload have towards their nodes, that some have, and that nobody knows."""
    endpoints, ports = engine.spaces.endpoints, engine.connections
    every_node = tuple(dict.fromkeys(endpoints.nodes.values()))
    pods = zip(endpoints.members[number], engine.snapshot.workloads[number].endpoints, strict=True)
    some = endpoints.nodes.get(_SOME_NODE.name)
    all_of, some_of, possible = engine.spaces.ports.all, 0, 0
    for source, name in dict.fromkeys((source, pod.node_name) for source, pod in pods):
        node = endpoints.nodes.get(name, some if name else None)
        ends = every_node if node is None else (node,)
        masks = [engine.own_nodes.masks(Direction.EGRESS, source, end, same=True) for end in ends]
        all_of &= reduce(and_, (each.allowed for each in masks))
        some_of |= reduce(and_, (each.some for each in masks))
        possible |= union(each.possible for each in masks)
    return FlowAnswer(ports(all_of), ports(some_of & ~all_of), ports(possible & ~some_of))
