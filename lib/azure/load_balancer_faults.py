"""What is wrong with the load balancers of Services, each as a finding with its place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from lib.azure import annotations as names
from lib.azure.annotations import Annotations
from lib.azure.frontends import private_pin
from lib.azure.limits import usages
from lib.azure.load_balancer import NODE_IP_CONFIGURATION, ServiceLoadBalancer
from lib.azure.rules import LoadBalancingRule
from lib.azure.signs import shown_by_signs
from lib.azure.view import AzureView
from lib.facts.service_traffic import needs_local_for_ipv6, without_node_ports
from lib.model.finding import Finding, finding
from lib.model.services import TrafficPolicy
from lib.model.sets import Family
from lib.model.snapshot import Snapshot

_AZURE_PROVIDER = "azure://"
_AZURE_KEY = "azure-"
_STATIC_BLOCKS = "pod_subnet_static_block"


def is_on_azure(snapshot: Snapshot) -> bool:
    """Whether a node or a Service's annotation shows that the cluster is Azure's."""
    return any(node.provider_id.startswith(_AZURE_PROVIDER) for node in snapshot.nodes) or any(
        _AZURE_KEY in key.lower() for service in snapshot.services for key in service.annotations
    )


def load_balancer_faults(view: AzureView, snapshot: Snapshot) -> Iterator[Finding]:
    """Every fault of the load balancers but those of single annotations."""
    static_blocks = shown_by_signs(snapshot, "network_model").value == _STATIC_BLOCKS
    with_ipv6 = {s.load_balancer for s in view.services if Family.IPV6 in s.families}
    for found in view.services:
        annotations = Annotations(found.service)
        private = tuple(_private_address(found))
        yield from private
        if found.refused and not private:
            yield finding("azure-load-balancer-refused", found.ref, found.service.source, reason=found.refused)
        yield from _node_ports(annotations, found, view.settings.shared_probe)
        yield from _private_link(annotations, found, with_ipv6, static_blocks)
    yield from _ipv6_without_local(view, snapshot)
    yield from _claimed_twice(view)
    yield from _labels(view)
    yield from _limits(view, snapshot)


def _private_address(found: ServiceLoadBalancer) -> Iterator[Finding]:
    """A public load balancer can't have a private address."""
    for frontend in found.frontends:
        address = private_pin(frontend)
        if frontend.pin is not None and address is not None:
            yield finding(
                "azure-public-address-private",
                found.ref,
                frontend.pin.source,
                key=frontend.pin.key,
                address=address,
            )


def _node_ports(annotations: Annotations, found: ServiceLoadBalancer, shared_probe: bool) -> Iterator[Finding]:
    """Without node ports only some settings work."""
    service = found.service
    if service.allocate_load_balancer_node_ports or any(port.node_port for port in service.ports):
        return
    floating = not annotations.flag(names.NO_FLOATING_IP)
    policy = service.external_traffic_policy.value
    for row in without_node_ports():
        fits = row.shared_probe in (None, shared_probe)
        if row.external_traffic_policy == policy and row.floating_ip == floating and fits and not row.works:
            yield finding(
                "azure-node-ports-missing",
                found.ref,
                service.source.at("spec", "allocateLoadBalancerNodePorts"),
                policy=policy,
                floating="on" if floating else "off",
            )


def _ipv6_without_local(view: AzureView, snapshot: Snapshot) -> Iterator[Finding]:
    """Some nodes take IPv6 from a load balancer under the Local policy only."""
    signs = needs_local_for_ipv6()
    labels = ((n.name, key, n.labels.get(key, "").lower()) for n in snapshot.nodes for key, _ in signs)
    node = next((name for name, key, value in labels if any(value.startswith(b) for k, b in signs if k == key)), None)
    for found in view.services if node is not None else ():
        if Family.IPV6 in found.families and found.service.external_traffic_policy is TrafficPolicy.CLUSTER:
            source = found.service.source.at("spec", "externalTrafficPolicy")
            yield finding("azure-ipv6-needs-local", found.ref, source, node=node)


def _private_link(
    annotations: Annotations, found: ServiceLoadBalancer, with_ipv6: set[str], static_blocks: bool
) -> Iterator[Finding]:
    if not annotations.flag(names.PLS_CREATE):
        return
    why = ""
    if Family.IPV4 not in found.families:
        why = "the Service has no IPv4 frontend"
    elif not found.internal and not annotations.flag(names.NO_FLOATING_IP):
        why = "the load balancer is public and floating IP is on"
    elif found.backend_pool_type != NODE_IP_CONFIGURATION:
        why = f"the backend pools are of type {found.backend_pool_type}"
    elif found.load_balancer in with_ipv6:
        why = f"the load balancer {found.load_balancer} has IPv6 frontends"
    elif static_blocks:
        why = "the cluster gives pods their addresses in static blocks"
    if why:
        yield finding("azure-private-link-broken", found.ref, annotations.source(names.PLS_CREATE), why=why)


def _labels(view: AzureView) -> Iterator[Finding]:
    """One Service alone may set the DNS label of a public IP that several share."""
    setting: dict[str, list[ServiceLoadBalancer]] = defaultdict(list)
    for found in view.services:
        if not found.internal and Annotations(found.service).text(names.DNS_LABEL) is not None:
            for address in {f.address or (f.pin.value if f.pin else f.name) for f in found.frontends}:
                setting[address].append(found)
    for address, users in setting.items():
        for found in users if len(users) > 1 else ():
            other = next(s.ref for s in users if s is not found)
            source = Annotations(found.service).source(names.DNS_LABEL)
            yield finding("azure-dns-label-taken", found.ref, source, address=address, other=other)


def _limits(view: AzureView, snapshot: Snapshot) -> Iterator[Finding]:
    """A limit that all Services together pass is told once, at the last of them."""
    for usage in usages(view, snapshot):
        if usage.headroom < 0:
            last = view.services[-1]
            yield finding(
                "azure-load-balancer-limit",
                last.ref,
                last.service.source,
                whose=usage.of,
                used=f"{usage.used:,}",
                limit=f"{usage.fact.number:,}",
                unit=usage.fact.unit,
            )


def _claimed_twice(view: AzureView) -> Iterator[Finding]:
    """Two Services that share a frontend can't share a port of it."""
    claims: dict[tuple[str, str, str, int], list[tuple[ServiceLoadBalancer, LoadBalancingRule]]] = defaultdict(list)
    for found in view.services:
        shared = [(f.name, f.address or (f.pin.value if f.pin else "")) for f in found.frontends]
        for rule in found.rules:
            address = next((value for name, value in shared if name == rule.frontend), "")
            if address:
                claims[found.load_balancer, address, rule.protocol, rule.frontend_port].append((found, rule))
    for (_, address, protocol, port), users in claims.items():
        for found, rule in users if len(users) > 1 else ():
            other = next(s.ref for s, r in users if r is not rule)
            yield finding(
                "azure-frontend-port-conflict",
                found.ref,
                rule.source,
                port=port,
                protocol=protocol,
                address=address,
                other=other,
            )
