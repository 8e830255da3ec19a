"""What becomes of a load balancer's health probe: the one answer of traces, lists, pages and findings.

A probe goes to each node. On a node port a pod answers it, and what nodes and policies do with any client's packet
they do with it: AKS's page on shared probes says that Azure "infers node health from whichever application pod answers
the probe", so that a policy's rule can make an entire node appear down. Where policies deny it at every pod, from
every address that it may be seen with, each node does.

Sources: shared-health-probes.md and configure-load-balancer-standard.md of AKS's documentation; load-balancer-custom-
probe-overview.md of azure-docs; what pods see as the sender of a node port's probe: service_traffic.yaml.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from ipaddress import ip_network
from typing import Final

from lib.azure.load_balancer import ServiceLoadBalancer
from lib.azure.probe_access import ProbeAccess
from lib.azure.probes import Probe
from lib.azure.security_group_subnet import Through
from lib.facts.nsg import probe_address
from lib.facts.service_traffic import without_node_ports
from lib.model.services import Service
from lib.model.sets import AddressSet, Family, Protocol
from lib.policy.points import End
from lib.routing.target_ports import PortView
from lib.trace.arrival import Client, arrival_hop
from lib.trace.context import Context
from lib.trace.ends import ANY_NODE, Start
from lib.trace.hop import Hop, HopKind, HopVerdict
from lib.trace.inside import senders
from lib.trace.judged import plain_words
from lib.trace.policies import Flow, ask, deciders_of, reason_of, verdict_of, way_of
from lib.trace.service import targets_of

AT_THE_NODE: Final = "not asked"
"""In place of the policies' verdict: the node itself answers the probe, and no policy keeps it out."""
_NAME: Final = "Azure's health probe"
# Of IPv6 frontends the probe comes from a link-local address that no source names.
_LINK_LOCAL: Final = AddressSet.from_networks([ip_network("fe80::/10")])


@dataclass(frozen=True, slots=True)
class PolicyAnswer:
    """What policies do with one probe.

    ``word`` is a verdict of hops or ``not asked``; ``reason`` has no full stop. ``port`` is the Service's whose pods
    answer, None for none. ``hop`` has the policies and rules that decided, None where nothing was asked.
    """

    word: str
    reason: str
    port: PortView | None = None
    hop: Hop | None = None

    @property
    def seen_as(self) -> str:
        """As whose packet the pods see the probe."""
        return self.hop.source_after if self.hop is not None else ""


@dataclass(frozen=True, slots=True)
class ProbeAnswer:
    """One probe of a Service: what groups do with it, what policies do, and what that amounts to.

    ``verdict`` and ``reason`` are about both together; ``premise`` as a hop's: only that no node is in the input, or
    the probe's port, leaves it open.
    """

    access: ProbeAccess
    policies: PolicyAnswer
    verdict: HopVerdict
    reason: str
    change: str = ""
    premise: bool = False


def answer_probe(context: Context, access: ProbeAccess) -> ProbeAnswer:
    """The whole answer to one probe."""
    policies = policies_on_probe(context, access.balancer, access.family, access.probe)
    if access.probe.port is None:
        return _without_port(access, policies)
    found = access.through
    said = plain_words(str(access))
    if found is Through.NONE:
        change = "a rule of your own group that lets the service tag AzureLoadBalancer in, before the one that denies"
        return ProbeAnswer(access, policies, HopVerdict.DENIED, f"security rules deny it: {said}", change)
    asked = _verdict(policies)
    change = policies.hop.change if policies.hop is not None else ""
    if asked is HopVerdict.DENIED:
        return ProbeAnswer(access, policies, asked, f"policies deny it: {policies.reason}", change)
    if found is Through.UNKNOWN and access.example is not None:
        why = f"whether security rules let it in is not settled: {said}"
        return ProbeAnswer(access, policies, HopVerdict.UNKNOWN, why, change)
    if found is Through.SOME and asked is not HopVerdict.UNKNOWN:
        why = f"security rules keep it from some nodes: {said}"
        return ProbeAnswer(access, policies, HopVerdict.DEPENDS, why, change)
    if found is Through.UNKNOWN and asked is HopVerdict.ALLOWED:
        why = f"security rules let the probe in ({access.why})"
        return ProbeAnswer(access, policies, HopVerdict.UNKNOWN, why, "load the nodes", premise=True)
    return ProbeAnswer(access, policies, asked, policies.reason, change)


def _verdict(policies: PolicyAnswer) -> HopVerdict:
    return HopVerdict.ALLOWED if policies.word == AT_THE_NODE else HopVerdict(policies.word)


def policies_on_probe(context: Context, balancer: ServiceLoadBalancer, family: Family, probe: Probe) -> PolicyAnswer:
    """The policies' part of the answer."""
    context = context.of_family(family)
    view = context.service(balancer.ref)
    service = view.service if view is not None else balancer.service
    if probe.port is None:
        if probe.name in {rule.name for rule in balancer.rules}:
            return PolicyAnswer(HopVerdict.UNKNOWN.value, "the API server has yet to allocate the probe's port")
        return PolicyAnswer(AT_THE_NODE, "each node answers itself")
    # As a range, since it is nobody's in the cluster: a single address is looked for among all pods first.
    whose = AddressSet.from_networks([ip_network(probe_address())]) if family is Family.IPV4 else _LINK_LOCAL
    port = next((p for p in view.ports if p.port.node_port == probe.port), None) if view is not None else None
    if view is None or port is None:
        return _by_node(context, service, probe.port, whose)
    targets = targets_of(context, view, port, family)
    if not targets:
        return PolicyAnswer(HopVerdict.UNKNOWN.value, "the input shows no pod that answers it", port)
    hop = arrival_hop(context, service, targets, Protocol.TCP, Client(whose, _NAME))
    if hop.verdict is not HopVerdict.ALLOWED:
        hop = _with_change(hop, targets[0].name)
    return PolicyAnswer(hop.verdict.value, hop.reason, port, hop)


def _with_change(hop: Hop, name: str) -> Hop:
    change = (
        f"ingress rules for the nodes and for {probe_address()} in a policy that selects {name}; or a probe that nodes "
        "answer themselves: externalTrafficPolicy Local, or the cluster's shared probe"
    )
    return replace(hop, change=change)


def _by_node(context: Context, service: Service, number: int, whose: End) -> PolicyAnswer:
    """A port of the node itself: the health check node port, the shared probe, or one that an annotation names."""
    who = "each node answers itself"
    if number == service.health_check_node_port:
        who = "nodes with a ready endpoint of the Service answer it themselves, others fail it"
    every = Start(ANY_NODE, ends=context.snapshot.nodes, any_node=True)
    nodes = senders(context, every) if context.snapshot.nodes else ()
    asked = ask(context, [Flow(whose, node, Protocol.TCP, number, str(node.ref), _NAME) for node in nodes])
    verdict = verdict_of(asked) if asked else HopVerdict.ALLOWED
    if verdict is HopVerdict.ALLOWED:
        return PolicyAnswer(AT_THE_NODE, who)
    ways = tuple(way_of(each, 1) for each in asked)
    deciders = deciders_of(each.answer.directions[1] for each in asked)
    change = f"let {probe_address()} in to port {number} of the nodes in the policies that cover nodes"
    source = deciders[0].source if deciders else None
    told = ways if len(ways) > 1 else ()
    hop = Hop(HopKind.PROBE, verdict, "", reason_of(ways), source, deciders, told, change)
    return PolicyAnswer(verdict.value, hop.reason, None, hop)


def _without_port(access: ProbeAccess, policies: PolicyAnswer) -> ProbeAnswer:
    """The probe's port is not in the input: not allocated yet, or never, with settings that may not work."""
    service = access.balancer.service
    if not service.allocate_load_balancer_node_ports:
        floating = any(r.floating_ip for r in access.balancer.rules if r.probe == access.probe.name)
        policy = service.external_traffic_policy.value
        rows = [
            row
            for row in without_node_ports()
            if (row.external_traffic_policy, row.floating_ip) == (policy, floating) and not row.shared_probe
        ]
        if any(not row.works for row in rows):
            why = (
                f"allocateLoadBalancerNodePorts is false: with externalTrafficPolicy {policy} there is no port to probe"
            )
            change = "allocateLoadBalancerNodePorts true, or externalTrafficPolicy Local with floating IP"
            return ProbeAnswer(access, policies, HopVerdict.DENIED, why, change)
    why = "nodes answer the probe (the input does not show its port)"
    change = "load the Service as the API server has it, with its node ports"
    return ProbeAnswer(access, policies, HopVerdict.UNKNOWN, why, change, premise=True)
