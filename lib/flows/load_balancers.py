"""What reaches pods through load balancers and node ports, where the packet's source may be translated on the way."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from lib.facts.engines import Known
from lib.facts.readings import SeenAs
from lib.model.policies import Direction, Verdict
from lib.model.records import dataclass
from lib.model.refs import ObjectRef
from lib.model.services import ServiceType, TrafficPolicy
from lib.model.sets import Protocol
from lib.policy.bits import Bits, positions
from lib.policy.by_family import Reach
from lib.policy.engine import Engine
from lib.policy.host_endpoints import forwarding
from lib.routing.services import ServiceView, service_views

SOME = "some"
"""Beside the three verdicts: it depends on the client's address or on the node that the connection came to."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Whether connections from outside get through one port of a Service to the pods of one workload.

    ``verdict`` is ``allowed``, ``denied``, ``unknown`` or ``some``; ``seen_as`` is whom the pod takes for the source:
    ``client``, ``node`` or ``node or client``. ``port`` is the one on the pods.
    """

    service: ObjectRef
    workload: ObjectRef
    protocol: Protocol
    port: int
    policy: TrafficPolicy
    seen_as: str
    verdict: str
    reason: str


def arrivals(engine: Engine, services: Sequence[ServiceView] | None = None) -> Iterator[Arrival]:
    """Every port of every LoadBalancer and NodePort Service with each workload behind it, in the Services' order."""
    views = service_views(engine.snapshot) if services is None else services
    classes = {
        pod.ref: number
        for workload, numbers in zip(engine.snapshot.workloads, engine.spaces.endpoints.members, strict=True)
        for pod, number in zip(workload.endpoints, numbers, strict=True)
    }
    for view in views:
        if view.service.type not in (ServiceType.LOAD_BALANCER, ServiceType.NODE_PORT):
            continue
        for port in view.ports:
            for target in port.targets:
                numbers = {classes[pod.ref] for pod in target.pods if pod.ref in classes}
                if target.port is not None and numbers:
                    policy, protocol = view.service.external_traffic_policy, port.port.protocol
                    seen_as, verdict, reason = judge_arrival(
                        engine, policy, numbers, engine.spaces.port_mask(protocol, target.port)
                    )
                    ref = target.workload.ref
                    yield Arrival(view.ref, ref, protocol, target.port, policy, seen_as, verdict, reason)


def judge_arrival(
    engine: Engine, policy: TrafficPolicy, numbers: Iterable[int], port: Bits, clients: tuple[int, ...] | None = None
) -> tuple[str, str, str]:
    """As whom the pods see it, the verdict, and why; ``clients`` are the outside ends that send it, None for all."""
    numbers, profile = tuple(numbers), engine.profile
    local = policy is TrafficPolicy.LOCAL
    whom = profile.cluster_policy_source
    seen_as = "client" if local else "node" if whom is SeenAs.NODE else "node or client"
    if open_because := uncounted(engine, policy):
        return seen_as, Verdict.ALLOWED.value, open_because
    asked = [] if local else [_nodes(engine)]
    asked += [_outside(engine) if clients is None else clients] if local or whom is not SeenAs.NODE else []
    found = {_from(engine, sources, numbers, port) for sources in asked}
    verdict, doubt = settle(engine, policy, found)
    return seen_as, verdict, doubt or f"ingress policies see it as from the {seen_as}"


def uncounted(engine: Engine, policy: TrafficPolicy) -> str:
    """Why ingress policies do not count for what came through a load balancer or node port; "" where they do or may."""
    profile = engine.profile
    if not profile.enforces:
        return f"{profile.called} enforces no policy"
    if _enforced(engine, policy) is Known.NO:
        return f"{profile.label} does not subject it to ingress policies"
    return ""


def surely_counted(engine: Engine, policy: TrafficPolicy) -> bool:
    """Whether it is known that ingress policies count for it: elsewhere nothing is denied."""
    return engine.profile.enforces and _enforced(engine, policy) is Known.YES


def _enforced(engine: Engine, policy: TrafficPolicy) -> Known:
    profile = engine.profile
    local = policy is TrafficPolicy.LOCAL
    return profile.local_policy_ingress_enforced if local else profile.cluster_policy_ingress_enforced


def settle(
    engine: Engine, policy: TrafficPolicy, found: Collection[str], *, source_known: bool = False
) -> tuple[str, str]:
    """The one verdict of ``found``, those for each source that the pods may see, and what leaves it open ("": nothing).

    ``source_known``: it is settled which source they see in which case.
    """
    profile = engine.profile
    verdict = next(iter(found)) if len(found) == 1 else Verdict.UNKNOWN.value if "unknown" in found else SOME
    forward = forwarding(engine.snapshot) if profile.enforces_kind("projectcalico.org", "GlobalNetworkPolicy") else ()
    if forward and verdict != Verdict.DENIED.value:
        return Verdict.UNKNOWN.value, f"nothing settles what {forward[0].ref} lets nodes forward"
    local = policy is TrafficPolicy.LOCAL
    switch = "local_policy_ingress_enforced" if local else "cluster_policy_ingress_enforced"
    if _enforced(engine, policy) is Known.UNKNOWN and verdict != Verdict.ALLOWED.value:
        why = f"nothing settles whether ingress policies count for it{profile.because(switch)}"
        return Verdict.UNKNOWN.value, why
    if len(found) > 1 and profile.cluster_policy_source is SeenAs.UNKNOWN and not source_known:
        why = f"nothing settles as from whom ingress policies see it{profile.because('cluster_policy_source')}"
        return Verdict.UNKNOWN.value, why
    return verdict, ""


def _outside(engine: Engine) -> tuple[int, ...]:
    """The outside ends that can be clients, one for each group that the rules treat alike."""
    group_of = engine.reachability().group_of
    return tuple({group_of(end): end for end in positions(engine.spaces.outside_in_use)}.values())


def _nodes(engine: Engine) -> tuple[int, ...]:
    """The ends of the nodes, without repetition; empty where the input has no node."""
    return tuple(set(engine.spaces.endpoints.nodes.values()))


def _towards(engine: Engine, source: int, number: int) -> Reach:
    """From a node the connection was sent on: it is not the one on which the pod runs."""
    if source in engine.own_nodes.selecting and engine.spaces.endpoints.host_network >> source & 1:
        return engine.own_nodes.entering(source, number)
    if engine.spaces.endpoints.host_network >> source & 1 and engine.profile.cluster_policy_source is not SeenAs.NODE:
        return engine.own_nodes.masks(Direction.INGRESS, source, number, same=False)
    return engine.reachability().between(source, number)


def _from(engine: Engine, sources: tuple[int, ...], numbers: tuple[int, ...], port: Bits) -> str:
    if not sources:
        # No node is in the input: what every outside address may do, a node may.
        everybody = _from(engine, _outside(engine), numbers, port)
        return everybody if everybody == Verdict.ALLOWED.value else Verdict.UNKNOWN.value
    sure = partly = possible = 0
    for source in sources:
        for number in numbers:
            found = _towards(engine, source, number)
            sure += found.allowed & port == port
            partly += found.some & port != 0
            possible += found.possible & port != 0
    if sure == len(sources) * len(numbers):
        return Verdict.ALLOWED.value
    if not possible:
        return Verdict.DENIED.value
    return SOME if partly else Verdict.UNKNOWN.value
