"""The hop of a load balancing rule's health probe: a node whose probe fails gets no packets.

Source: load-balancer-custom-probe-overview.md of azure-docs.
"""

from __future__ import annotations

from typing import Final

from lib.azure.load_balancer import ServiceLoadBalancer
from lib.azure.probes import Probe
from lib.azure.rules import LoadBalancingRule
from lib.model.services import ServicePort
from lib.trace.context import Context
from lib.trace.hop import Hop, HopKind, HopVerdict
from lib.trace.probe_answer import answer_probe

_DOWN: Final = {
    HopVerdict.DENIED: "; every node counts as down, and the load balancer sends nothing new",
    HopVerdict.DEPENDS: "; nodes where it fails get no packets",
    HopVerdict.UNKNOWN: "; whether nodes count as healthy is not known",
    HopVerdict.ALLOWED: "",
}


def probe_hop(
    context: Context, balancer: ServiceLoadBalancer, rule: LoadBalancingRule, probe: Probe, asked: ServicePort
) -> Hop | None:
    """Whether nodes answer the probe, by security groups and by policies; None where nothing is there to answer it.

    ``asked`` is the Service port that the packet is for.
    """
    found = answer_probe(context, context.probes.access(balancer, rule.family, probe))
    subject = f"{probe.protocol}{probe.path and f' {probe.path}'} on port {probe.port or 'not allocated yet'}"
    hop, port = found.policies.hop, found.policies.port
    if hop is None and port is not None and found.verdict is HopVerdict.UNKNOWN:
        # Without an endpoint the hop of the node says what is wrong.
        return None
    source = asked.source or balancer.service.source
    if probe.port is None:
        source = balancer.service.source.at("spec", "allocateLoadBalancerNodePorts")
    every = f"asked every {probe.interval_s} s, down after {probe.threshold}; decided by {probe.decided_by}"
    by_policies = hop is not None and found.reason.endswith(hop.reason)
    return Hop(
        HopKind.PROBE,
        found.verdict,
        subject,
        found.reason if found.premise else f"{found.reason}{_DOWN[found.verdict]}",
        hop.source if by_policies and hop is not None and hop.source is not None else source,
        hop.deciders if hop is not None else (),
        hop.ways if hop is not None else (),
        found.change or "a policy or a security rule that keeps the probe from nodes would take them out",
        premise=found.premise,
        notes=(f"The probe is {every}.",),
    )
