"""The health probe of a load balancing rule as a flow of its own: a node whose probe fails gets no packets.

Sources: load-balancer-custom-probe-overview.md of azure-docs; shared-health-probes.md and configure-load-balancer-
standard.md of AKS's documentation; what pods see as the sender of a node port's probe: service_traffic.yaml.
"""

from __future__ import annotations

from ipaddress import ip_network
from typing import Final

from lib.azure.probes import Probe
from lib.azure.rules import LoadBalancingRule
from lib.azure.security_group_match import Place
from lib.azure.security_group_question import Question
from lib.azure.security_group_question import ask as ask_groups
from lib.facts.nsg import probe_address
from lib.facts.service_traffic import without_node_ports
from lib.model.policies import Verdict
from lib.model.services import Service, ServicePort
from lib.model.sets import Address, AddressSet, Family, Protocol, family_of, parse_address
from lib.policy.points import End
from lib.routing.services import ServiceView
from lib.trace.arrival import Client, arrival_hop
from lib.trace.context import Context
from lib.trace.ends import ANY_NODE, Start
from lib.trace.hop import Hop, HopKind, HopVerdict
from lib.trace.inside import senders
from lib.trace.judged import plain_words
from lib.trace.policies import Flow, ask, deciders_of, reason_of, verdict_of, way_of
from lib.trace.service import targets_of

_NAME: Final = "Azure's health probe"
# Of IPv6 frontends the probe comes from a link-local address that no source names.
_LINK_LOCAL: Final = AddressSet.from_networks([ip_network("fe80::/10")])
_DOWN: Final = {
    HopVerdict.DENIED: "; every node counts as down, and the load balancer sends nothing new",
    HopVerdict.DEPENDS: "; nodes where it fails get no packets",
    HopVerdict.UNKNOWN: "; whether nodes count as healthy is not known",
    HopVerdict.ALLOWED: "",
}


def probe_hop(
    context: Context, view: ServiceView, rule: LoadBalancingRule, probe: Probe, address: Address, asked: ServicePort
) -> Hop | None:
    """Whether nodes answer the probe, by security groups and by policies; None where nothing is there to answer it.

    ``asked`` is the Service port that the packet is for.
    """
    service, floating = view.service, rule.floating_ip
    subject = f"{probe.protocol}{probe.path and f' {probe.path}'} on port {probe.port or 'not allocated yet'}"
    source = asked.source or service.source
    if probe.port is None:
        return _without_port(service, subject, floating=floating)
    question = Question(Place.PROBE, address, asked.port, asked.protocol)
    groups = ask_groups(question, context.snapshot, context.provider, context.groups, context.known)
    if groups.verdict is Verdict.DENIED:
        why = f"security rules deny it: {plain_words(str(groups))}{_DOWN[HopVerdict.DENIED]}"
        change = "a rule of your own group that lets the service tag AzureLoadBalancer in, before the one that denies"
        return Hop(HopKind.PROBE, HopVerdict.DENIED, subject, why, source, change=change)
    answered = _answered(context, view, probe.port, family_of(address))
    if answered is None:
        return None
    verdict, why = answered.verdict, answered.reason
    if verdict is HopVerdict.DENIED:
        # AKS's page on shared probes says that policies can fail probes, not that they always do.
        verdict, why = HopVerdict.DEPENDS, f"policies deny it: {why}; where they do so to probes, no node is healthy"
    if groups.verdict is Verdict.UNKNOWN and context.snapshot.nodes:
        verdict, why = (
            HopVerdict.UNKNOWN,
            f"whether security rules let it in is not settled: {plain_words(str(groups))}",
        )
    every = f"asked every {probe.interval_s} s, down after {probe.threshold}; decided by {probe.decided_by}"
    change = answered.change or "a policy or a security rule that keeps the probe from nodes would take them out"
    return Hop(
        HopKind.PROBE,
        verdict,
        subject,
        f"{why}{_DOWN[verdict]}",
        answered.source or source,
        answered.deciders,
        answered.ways,
        change,
        notes=(f"The probe is {every}.",),
    )


def _without_port(service: Service, subject: str, *, floating: bool) -> Hop:
    """The probe's port is not in the input: not allocated yet, or never, with settings that may not work."""
    source = service.source.at("spec", "allocateLoadBalancerNodePorts")
    if not service.allocate_load_balancer_node_ports:
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
            return Hop(HopKind.PROBE, HopVerdict.DENIED, subject, why + _DOWN[HopVerdict.DENIED], source, change=change)
    why = "nodes answer the probe (the input does not show its port)"
    change = "load the Service as the API server has it, with its node ports"
    return Hop(HopKind.PROBE, HopVerdict.UNKNOWN, subject, why, service.source, change=change, premise=True)


def _answered(context: Context, view: ServiceView, number: int, family: Family) -> Hop | None:
    """Who answers on the nodes' port, as a hop with what policies say of it; None where no endpoint does."""
    service = view.service
    whose = parse_address(probe_address()) if family is Family.IPV4 else _LINK_LOCAL
    port = next((p for p in service.ports if p.node_port == number), None)
    if port is None:
        return _by_node(context, service, number, whose)
    found = view.port(port.port, port.protocol)
    targets = targets_of(context, view, found, family) if found is not None else ()
    if not targets:
        return None
    return arrival_hop(context, service, targets, Protocol.TCP, Client(whose, _NAME))


def _by_node(context: Context, service: Service, number: int, whose: End) -> Hop:
    """A port of the node itself: the health check node port, the shared probe, or one that an annotation names."""
    who = "each node answers itself"
    if number == service.health_check_node_port:
        who = "nodes with a ready endpoint of the Service answer it themselves, others fail it"
    every = Start(ANY_NODE, ends=context.snapshot.nodes, any_node=True)
    nodes = senders(context, every) if context.snapshot.nodes else ()
    asked = ask(context, [Flow(whose, node, Protocol.TCP, number, str(node.ref), _NAME) for node in nodes])
    verdict = verdict_of(asked) if asked else HopVerdict.ALLOWED
    if verdict is HopVerdict.ALLOWED:
        return Hop(HopKind.PROBE, verdict, "", who)
    ways = tuple(way_of(each, 1) for each in asked)
    deciders = deciders_of(each.answer.directions[1] for each in asked)
    change = f"let {probe_address()} in to port {number} of the nodes in the policies that cover nodes"
    source = deciders[0].source if deciders else None
    told = ways if len(ways) > 1 else ()
    return Hop(HopKind.PROBE, verdict, "", reason_of(ways), source, deciders, told, change)
