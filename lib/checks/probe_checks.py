"""Health probes of Azure's load balancers that policies keep from the pods that answer them."""

from __future__ import annotations

from collections.abc import Iterator

from lib.azure.balanced import is_azure_load_balancer
from lib.azure.load_balancer import load_balancer_of
from lib.azure.load_balancer_faults import is_on_azure
from lib.azure.provider_settings import ProviderSettings
from lib.checks.arrivals import answers_hold, classes_of_pods, spots_of
from lib.checks.closed_services import isolating_policies, listed
from lib.checks.context import Context
from lib.flows.load_balancers import surely_counted
from lib.model.finding import Finding, finding
from lib.trace.context import Context as Traced
from lib.trace.hop import HopVerdict
from lib.trace.probe_answer import policies_on_probe


def check_probes(context: Context) -> Iterator[Finding]:
    """A probe that no pod behind its node port may answer: Azure takes every node for down."""
    if not is_on_azure(context.snapshot) or not answers_hold(context.engine):
        return
    traced = Traced(context.engine)
    classes = classes_of_pods(context.engine)
    for view in context.services:
        service = view.service
        if not is_azure_load_balancer(service) or not surely_counted(context.engine, service.external_traffic_policy):
            continue
        balancer = load_balancer_of(service, ProviderSettings())
        asked = {p.port: (rule.family, p) for rule in balancer.rules if (p := balancer.probe(rule)) is not None}
        for family, probe in asked.values():
            found = policies_on_probe(traced, balancer, family, probe)
            if found.word == HopVerdict.DENIED.value and found.port is not None:
                refs = isolating_policies(context.engine, spots_of(context.engine, classes, found.port))
                yield finding(
                    "azure-health-probe-blocked-by-policies",
                    view.ref,
                    found.port.port.source or service.source,
                    port=found.port.port.port,
                    node_port=probe.port,
                    whom=found.seen_as,
                    policies=listed(policy.ref for policy in refs),
                    isolate="isolates" if len(refs) == 1 else "isolate",
                )
