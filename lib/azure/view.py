"""What Azure makes of all Services together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

from lib.azure.annotations import Annotations
from lib.azure.balanced import families_of, is_azure_load_balancer, why_left_out
from lib.azure.frontends import Frontend, pin_of
from lib.azure.load_balancer import ServiceLoadBalancer, load_balancer_of
from lib.azure.probes import Probe
from lib.azure.provider_settings import ProviderSettings, detect_location
from lib.azure.rules import LoadBalancingRule
from lib.azure.security_group import ProviderGroup, is_managed, provider_group
from lib.model.refs import ObjectRef
from lib.model.security_rules import SecurityGroup
from lib.model.services import Service, ServiceType
from lib.model.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class SecurityRule:
    """One rule that the provider writes into the network security group, in Azure's own words.

    ``protocol`` is ``Tcp``, ``Udp`` or ``*``, ``access`` ``Allow`` or ``Deny``; ``name`` has the provider's hash.
    ``services`` want the rule; ``not_in_input`` says in words what its lists lack.
    """

    name: str
    priority: int
    protocol: str
    sources: tuple[str, ...]
    destinations: tuple[str, ...]
    ports: tuple[str, ...]
    access: str
    services: tuple[ObjectRef, ...] = ()
    not_in_input: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LoadBalancer:
    """One Azure load balancer with what all its Services bring; each frontend and probe is in it once."""

    name: str
    internal: bool
    frontends: tuple[Frontend, ...]
    rules: tuple[LoadBalancingRule, ...]
    probes: tuple[Probe, ...]
    services: tuple[ServiceLoadBalancer, ...]


@dataclass(frozen=True, slots=True)
class AzureView:
    """The Azure resources of a cluster's Services, taken in the order of namespace and name.

    ``group`` is the nodes' security group, ``security_rules`` what of it the provider writes. ``left_out`` are the
    other LoadBalancer Services, each with the reason; ``without_security_rules`` are those for which the provider
    writes no security rule although it should, likewise.
    """

    settings: ProviderSettings
    services: tuple[ServiceLoadBalancer, ...]
    group: SecurityGroup
    left_out: tuple[tuple[ObjectRef, str], ...] = ()
    security_rules: tuple[SecurityRule, ...] = ()
    without_security_rules: tuple[tuple[ObjectRef, str], ...] = ()

    @property
    def load_balancers(self) -> tuple[LoadBalancer, ...]:
        """The load balancers by name; the public one comes before its internal twin."""
        grouped: dict[str, list[ServiceLoadBalancer]] = defaultdict(list)
        for found in self.services:
            grouped[found.load_balancer].append(found)
        return tuple(_load_balancer(name, services) for name, services in sorted(grouped.items()))

    def service(self, ref: ObjectRef) -> ServiceLoadBalancer | None:
        """What Azure makes of one Service; None where that is nothing."""
        return next((s for s in self.services if s.ref == ref), None)


def azure_view(
    snapshot: Snapshot, settings: ProviderSettings | None = None, existing: SecurityGroup | None = None
) -> AzureView:
    """What Azure makes of the Services of ``snapshot``; the settings' default is AKS's own, in the nodes' region.

    ``existing`` is the nodes' security group as it is now, whose priorities are kept.
    """
    settings = settings or ProviderSettings(location=detect_location(snapshot))
    wanted = sorted((s for s in snapshot.services if is_azure_load_balancer(s)), key=lambda s: s.ref)
    owners = address_owners(wanted)
    made = _with_shared_addresses(load_balancer_of(service, settings, owners) for service in wanted)
    balanced = (s for s in snapshot.services if s.type is ServiceType.LOAD_BALANCER)
    others = ((s.ref, why_left_out(s)) for s in balanced if why_left_out(s))
    group = provider_group(snapshot, existing, settings)
    return AzureView(settings, made, group.group, tuple(sorted(others)), _security_rules(group), group.left_out)


def _security_rules(group: ProviderGroup) -> tuple[SecurityRule, ...]:
    """The rules that the provider writes; what the input does not show of one is left out of its lists."""
    return tuple(
        SecurityRule(
            rule.name,
            rule.priority,
            rule.protocol,
            rule.sources,
            rule.destinations,
            rule.ports,
            rule.access.value,
            rule.services,
            rule.open_parts,
        )
        for rule in group.written
        if is_managed(rule)
    )


def address_owners(services: Iterable[Service]) -> dict[str, Service]:
    """The Services that have an address without asking for it, by the address: whose frontend others share."""
    found: dict[str, Service] = {}
    for service in services:
        annotations, families = Annotations(service), families_of(service)
        if not any(pin_of(annotations, family, families) for family in families):
            for entry in service.load_balancer_ingress:
                if entry.ip:
                    found.setdefault(entry.ip, service)
    return found


def _with_shared_addresses(made: Iterable[ServiceLoadBalancer]) -> tuple[ServiceLoadBalancer, ...]:
    """Say of Services that ask for one address whose frontend it is: the input does not tell who was first."""
    made = tuple(made)
    asking: dict[str, list[ServiceLoadBalancer]] = defaultdict(list)
    for found in made:
        for frontend in found.frontends:
            if frontend.pin is not None and frontend.owner == found.ref:
                asking[frontend.address or frontend.pin.value].append(found)
    notes: dict[ObjectRef, list[str]] = defaultdict(list)
    for value, sharing in asking.items():
        for found in sharing if len(sharing) > 1 else ():
            other = next(s.ref.qualified_name for s in sharing if s is not found)
            more = f" and {len(sharing) - 2} more" if len(sharing) > 2 else ""
            ask = "ask" if more else "asks"
            notes[found.ref].append(f"the frontend's name: {other}{more} {ask} for {value} too, and the first names it")
    return tuple(
        replace(found, unknown=(*found.unknown, *dict.fromkeys(notes[found.ref]))) if found.ref in notes else found
        for found in made
    )


def _load_balancer(name: str, services: list[ServiceLoadBalancer]) -> LoadBalancer:
    frontends = {f.name: f for s in services for f in s.frontends}
    probes = {p.name: p for s in services for p in s.probes}
    rules = tuple(r for s in services for r in s.rules)
    return LoadBalancer(
        name, services[0].internal, tuple(frontends.values()), rules, tuple(probes.values()), tuple(services)
    )
