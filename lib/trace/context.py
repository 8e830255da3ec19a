"""What a trace asks: the engine, the Services, the routes, the security groups, each made when it is first needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from ipaddress import ip_network

from lib.azure.data_plane import DataPlane, detect_data_plane
from lib.azure.dns_settings import DnsSettings, dns_settings
from lib.azure.load_balancer import ServiceLoadBalancer, load_balancer_of
from lib.azure.masquerade import Masquerade, detect_masquerade
from lib.azure.probe_access import ProbeGroups
from lib.azure.profile import ClusterProfile, cluster_profile
from lib.azure.provider_settings import detect_location
from lib.azure.security_group import ProviderGroup, provider_group
from lib.azure.security_group_arrival import known_addresses
from lib.azure.security_group_match import KnownAddresses, Place, network_senders, public_senders
from lib.azure.view import address_owners
from lib.facts.engines import Known
from lib.facts.networks import network
from lib.model.cluster import Node, Pod, Workload
from lib.model.refs import ObjectRef
from lib.model.security_rules import SecurityGroup
from lib.model.services import Service, TrafficPolicy
from lib.model.sets import Address, AddressSet, Family, Protocol, family_of
from lib.model.snapshot import Snapshot
from lib.policy.engine import Engine, compile_engine
from lib.policy.projection import families_of
from lib.routing.reach import address_or_none
from lib.routing.route_view import RouteView
from lib.routing.routes import named_services, route_views
from lib.routing.selection import PodIndex
from lib.routing.services import ServiceView, service_view
from lib.trace.frontends import asked_addresses
from lib.trace.unread_pods import unread_pods


@dataclass(frozen=True, slots=True)
class Given:
    """What a person says beside the input; "" and None: nothing, then the input counts as far as it shows it.

    ``data_plane`` is ``kube-proxy`` or ``cilium``; ``network_model`` and ``outbound_type`` are ids of their facts.
    ``external_traffic_policy`` counts for the Services on the way instead of their own. ``gateway_subnet`` holds the
    addresses of an Application Gateway's subnet. ``local_dns``: the nodes run LocalDNS. ``existing`` is AKS's security
    group as it is now, ``subnet_group`` one of the person's own on the nodes' subnet.
    """

    data_plane: str = ""
    network_model: str = ""
    outbound_type: str = ""
    external_traffic_policy: TrafficPolicy | None = None
    virtual_network: AddressSet | None = None
    gateway_subnet: AddressSet | None = None
    local_dns: bool = False
    existing: SecurityGroup | None = None
    subnet_group: SecurityGroup | None = None


class Context:
    """All that hops are made of, for one engine and one set of givens; parts are kept once they were made.

    ``routes`` and ``provider`` hand in what a caller has already.
    """

    def __init__(
        self,
        engine: Engine,
        given: Given | None = None,
        *,
        routes: Callable[[], tuple[RouteView, ...]] | None = None,
        provider: Callable[[], ProviderGroup] | None = None,
    ) -> None:
        self.engine = engine
        self.given = given or Given()
        self._routes, self._provider = routes, provider
        self._views: dict[ObjectRef, ServiceView] = {}
        self._of_family: dict[Family, Context] = {}

    def of_family(self, family: Family) -> Context:
        """What is asked about packets of one IP family.

        Where rules mean pods or nodes by their addresses, and these have both families, the engine puts the answers
        for both together: then it is another engine, which knows the addresses of one family alone.
        """
        if not self.engine.reachability().parts_families or len(families_of(self.snapshot)) < len(Family):
            return self
        if family not in self._of_family:
            engine = compile_engine(_of_one_family(self.snapshot, family), self.engine.profile)
            self._of_family[family] = Context(engine, self.given, routes=self._routes, provider=self._provider)
        return self._of_family[family]

    @property
    def snapshot(self) -> Snapshot:
        """The cluster."""
        return self.engine.snapshot

    @cached_property
    def unread_pods(self) -> Mapping[Address, ObjectRef]:
        """The pods that slices name and the input lacks, by their addresses."""
        return unread_pods(self.snapshot)

    @cached_property
    def routes(self) -> tuple[RouteView, ...]:
        """Every route of both APIs; of Services only those are looked at that some route names."""
        if self._routes:
            return self._routes()
        views = (self.service(ref) for ref in sorted(named_services(self.snapshot)))
        return route_views(self.snapshot, tuple(view for view in views if view is not None))

    @cached_property
    def provider(self) -> ProviderGroup:
        """AKS's security group."""
        if self._provider:
            return self._provider()
        return provider_group(self.snapshot, self.given.existing)

    @cached_property
    def known(self) -> KnownAddresses:
        """What is known of the virtual network; where the network model gives pods addresses of it, theirs as well."""
        known = known_addresses(self.snapshot, self.provider, self.given.virtual_network)
        model = self.profile.network_model.value
        if not model or network(model).pods_reachable_from_vnet is not Known.YES:
            return known
        pods = {ip for pod in self.snapshot.pods if not pod.host_network for ip in pod.ips}
        inside = known.virtual_network | AddressSet.from_networks(map(ip_network, pods))
        return replace(known, virtual_network=inside)

    def internet(self, family: Family) -> AddressSet:
        """The addresses of one family that somebody on the Internet can have: public, and not of the virtual network.

        The same as ``internet`` means where security groups are asked.
        """
        everybody = public_senders(self.known)
        return AddressSet.from_intervals(family, everybody.of_family(family))

    def on_the_internet(self, sender: Address | Place | None) -> bool:
        """Whether a sender outside the cluster is on the Internet: its address is public, and not the network's."""
        if sender is None or isinstance(sender, Place):
            return sender is Place.INTERNET
        return sender in public_senders(self.known)

    def virtual_network(self, family: Family) -> AddressSet:
        """The addresses of one family that somebody in the virtual network can have, or in one joined to it."""
        everybody = network_senders(self.known)
        return AddressSet.from_intervals(family, everybody.of_family(family))

    @property
    def groups(self) -> tuple[SecurityGroup, ...]:
        """The security groups on the way to the nodes."""
        own = self.given.subnet_group
        return (self.provider.group,) if own is None else (own, self.provider.group)

    @cached_property
    def profile(self) -> ClusterProfile:
        """How the cluster was made, with what the person says of it."""
        given = self.given
        chosen = {
            "data_plane": given.data_plane,
            "network_model": given.network_model,
            "outbound_type": given.outbound_type,
        }
        return cluster_profile(self.snapshot, {name: value for name, value in chosen.items() if value})

    @cached_property
    def data_plane(self) -> DataPlane:
        """Who carries out Services on the nodes."""
        if self.given.data_plane:
            return DataPlane(self.given.data_plane, "you chose it")
        return detect_data_plane(self.snapshot)

    @cached_property
    def masquerade(self) -> Masquerade | None:
        """To which destinations pods keep their address, where the input shows it."""
        return detect_masquerade(self.snapshot)

    @cached_property
    def dns(self) -> DnsSettings:
        """What CoreDNS is told."""
        return dns_settings(self.snapshot)

    @cached_property
    def _pods(self) -> PodIndex:
        return PodIndex(self.snapshot)

    def service(self, ref: ObjectRef) -> ServiceView | None:
        """One Service, with the traffic policy that the person sets; None where the input does not hold it."""
        found = self._views.get(ref)
        service = self.snapshot.service_by_ref.get(ref)
        if found is None and service is not None:
            policy = self.given.external_traffic_policy
            changed = service if policy is None else replace(service, external_traffic_policy=policy)
            found = service_view(self.snapshot, changed, self._pods, self.snapshot.workload_by_pod)
            self._views[ref] = found
        return found

    def balancer(self, service: Service) -> ServiceLoadBalancer:
        """What Azure makes of a Service that it makes a load balancer for."""
        settings = replace(self.provider.settings, location=detect_location(self.snapshot))
        return load_balancer_of(service, settings, self._owners)

    @cached_property
    def probes(self) -> ProbeGroups:
        """The security groups as health probes meet them."""
        return ProbeGroups(self.snapshot, self.groups, self.known)

    @cached_property
    def _owners(self) -> dict[str, Service]:
        return address_owners(access.service for access in self.provider.accesses)

    @cached_property
    def by_address(self) -> Mapping[Address, tuple[tuple[Service, str], ...]]:
        """The Services that an address is of, and as what: ``cluster IP``, ``load balancer`` or ``external IP``.

        One that a Service asks for counts where its status shows none. Several Services may share a load balancer's
        address, each with ports of its own.
        """
        found: dict[Address, list[tuple[Service, str]]] = {}
        for service in self.snapshot.services:
            mine = [(address, "cluster IP") for address in service.cluster_ips]
            shown = (address_or_none(entry.ip) for entry in service.load_balancer_ingress)
            mine += [(address, "load balancer") for address in shown if address is not None]
            mine += [(address, "load balancer") for address in asked_addresses(service)]
            mine += [(address, "external IP") for address in service.external_ips]
            for address, what in mine:
                found.setdefault(address, []).append((service, what))
        return {address: tuple(owners) for address, owners in found.items()}

    def owner(self, address: Address, port: int | None, protocol: Protocol) -> tuple[ServiceView, str] | None:
        """The Service that takes packets to an address and port, else the first that has the address; None: nobody."""
        owners = self.by_address.get(address, ())
        taking = (o for o in owners if any((p.port, p.protocol) == (port, protocol) for p in o[0].ports))
        service, what = next(taking, owners[0] if owners else (None, ""))
        view = self.service(service.ref) if service is not None else None
        return None if view is None else (view, what)


def _of_one_family(snapshot: Snapshot, family: Family) -> Snapshot:
    """The cluster with the addresses of one family alone; who has none of it keeps what it has."""

    def of_pod(pod: Pod) -> Pod:
        kept = tuple(ip for ip in pod.ips if family_of(ip) is family)
        hosts = tuple(ip for ip in pod.host_ips if family_of(ip) is family)
        return replace(pod, ips=kept or pod.ips, host_ips=hosts or pod.host_ips)

    def of_node(node: Node) -> Node:
        parsed = ((each, address_or_none(each.address)) for each in node.addresses)
        kept = tuple(each for each, address in parsed if address is None or family_of(address) is family)
        return replace(node, addresses=kept or node.addresses)

    def of_workload(workload: Workload) -> Workload:
        return replace(workload, pods=tuple(map(of_pod, workload.pods)), to_come=tuple(map(of_pod, workload.to_come)))

    return replace(
        snapshot, workloads=tuple(map(of_workload, snapshot.workloads)), nodes=tuple(map(of_node, snapshot.nodes))
    )
