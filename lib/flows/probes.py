"""What ingress policies do with health probes of load balancers that pods answer.

A probe of a node port comes to a pod as any client's packet does, from the node or from Azure's probe address. Probes
of the health check node port and the shared probe are answered by the node itself. Source: shared-health-probes.md of
AKS's documentation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_address

from lib.azure.load_balancer import ServiceLoadBalancer
from lib.azure.probe_access import ProbeAccess
from lib.azure.probes import Probe
from lib.facts.nsg import probe_address
from lib.flows.load_balancers import SOME, judge_arrival
from lib.model.policies import Verdict
from lib.model.records import dataclass
from lib.model.refs import ObjectRef
from lib.model.sets import Family
from lib.policy.engine import Engine
from lib.routing.services import ServiceView
from lib.routing.target_ports import PortView

AT_THE_NODE = "not asked"
"""In place of a verdict: no pod answers the probe, so that no policy of pods counts."""


@dataclass(frozen=True, slots=True)
class ProbeAtPods:
    """What policies do with one probe.

    ``verdict`` is ``allowed``, ``denied``, ``unknown``, ``some`` (it depends on the node or on the pod) or ``not
    asked``; ``reason`` says why, without a full stop. ``port`` is the Service's whose pods answer, None for none.
    """

    verdict: str
    reason: str
    port: PortView | None = None
    seen_as: str = ""


def probe_at_pods(
    engine: Engine,
    view: ServiceView,
    balancer: ServiceLoadBalancer,
    probe: Probe,
    family: Family,
    classes: Mapping[ObjectRef, int],
) -> ProbeAtPods:
    """The policies' answer to one probe of a Service; ``classes`` holds the class of every pod."""
    port = next((p for p in view.ports if probe.port and p.port.node_port == probe.port), None)
    if port is None:
        if probe.port is None and probe.name in {rule.name for rule in balancer.rules}:
            return ProbeAtPods(Verdict.UNKNOWN.value, "the API server has yet to allocate the probe's port")
        return ProbeAtPods(AT_THE_NODE, "the node itself answers it, not a pod")
    clients = (engine.spaces.end_of(ip_address(probe_address())),) if family is Family.IPV4 else None
    found: dict[str, str] = {}
    seen_as = ""
    for target in port.targets:
        numbers = {classes[pod.ref] for pod in target.pods if pod.ref in classes}
        if target.port is not None and numbers:
            mask = engine.spaces.port_mask(port.port.protocol, target.port)
            policy = view.service.external_traffic_policy
            seen_as, verdict, reason = judge_arrival(engine, policy, numbers, mask, clients)
            found.setdefault(verdict, reason)
    if not found:
        return ProbeAtPods(Verdict.UNKNOWN.value, "the input shows no pod that answers it", port)
    if len(found) == 1:
        ((verdict, reason),) = found.items()
        return ProbeAtPods(verdict, reason, port, seen_as)
    verdict = Verdict.UNKNOWN.value if Verdict.UNKNOWN.value in found else SOME
    return ProbeAtPods(verdict, found.get(verdict, "its workloads differ"), port, seen_as)


@dataclass(frozen=True, slots=True)
class JudgedProbe:
    """A probe, and what security groups and policies do with it."""

    access: ProbeAccess
    at_pods: ProbeAtPods


def judged_probes(
    engine: Engine, views: Iterable[ServiceView], accesses: Iterable[ProbeAccess]
) -> Iterator[JudgedProbe]:
    """Both answers to each probe of ``accesses``, in their order; ``views`` are those of the Services."""
    by_ref = {view.ref: view for view in views}
    members = zip(engine.snapshot.workloads, engine.spaces.endpoints.members, strict=True)
    classes = {
        pod.ref: number
        for workload, numbers in members
        for pod, number in zip(workload.endpoints, numbers, strict=True)
    }
    for at in accesses:
        view = by_ref[at.balancer.ref]
        yield JudgedProbe(at, probe_at_pods(engine, view, at.balancer, at.probe, at.family, classes))
