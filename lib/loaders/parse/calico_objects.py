"""What Calico's policies refer to: tiers, sets of addresses, host endpoints, and ServiceAccounts with their labels."""

from __future__ import annotations

from typing import Final

from lib.loaders.documents import RawObject
from lib.loaders.parse.addresses import read_address, read_net
from lib.loaders.parse.calico_endpoints import endpoint_ports
from lib.loaders.parse.calico_policies import read_order
from lib.loaders.parse.metadata import open_object
from lib.loaders.parse.session import Session, Unknown, field_names
from lib.model.calico_policies import CalicoTier, HostEndpoint, NetworkSet, ServiceAccount
from lib.model.labels import EVERYTHING
from lib.model.policies import Direction, RejectedPolicy

_HOST_FIELDS: Final = field_names("node interfaceName expectedIPs profiles ports")


def parse_tier(session: Session, raw: RawObject) -> CalicoTier | None:
    """A Tier; without a defaultAction it denies what no rule of it decided."""
    reading = open_object(session, raw, namespaced=False, unknown=Unknown.REJECTS)
    spec = reading.root.section("spec")
    spec.only(field_names("order defaultAction"))
    passes = spec.choice("defaultAction", ("Deny", "Pass"), "Deny") == "Pass"
    tier = CalicoTier(reading.ref, raw.source, read_order(spec), passes)
    return None if reading.entry.failed else tier


def parse_network_set(session: Session, raw: RawObject) -> NetworkSet | None:
    """A NetworkSet or GlobalNetworkSet; a single address counts as its own block."""
    reading = open_object(session, raw, namespaced=raw.kind == "NetworkSet", unknown=Unknown.REJECTS)
    spec = reading.root.section("spec")
    spec.only(field_names("nets allowedEgressDomains"))
    nets = tuple(
        net
        for index, text in spec.texts("nets")
        if (net := read_net(reading.entry, (*spec.path, "nets", index), text)) is not None
    )
    domains = tuple(text for _, text in spec.texts("allowedEgressDomains"))
    found = NetworkSet(reading.ref, raw.source, reading.labels, nets, domains)
    return None if reading.entry.failed else found


def parse_host_endpoint(session: Session, raw: RawObject) -> HostEndpoint | RejectedPolicy:
    """A HostEndpoint; of one that can't be read the name is kept, since it changes what policies do on some node."""
    reading = open_object(session, raw, namespaced=False, unknown=Unknown.WARNS)
    spec = reading.root.section("spec")
    spec.only(_HOST_FIELDS)
    interface = spec.text("interfaceName")
    profiles = tuple(name for _, name in spec.texts("profiles"))
    addresses = tuple(
        address
        for index, text in spec.texts("expectedIPs")
        if (address := read_address(reading.entry, (*spec.path, "expectedIPs", index), text)) is not None
    )
    found = HostEndpoint(
        ref=reading.ref,
        source=raw.source,
        labels=reading.labels,
        node=spec.text("node"),
        interface=interface,
        profiles=profiles,
        expected_ips=addresses,
        ports=endpoint_ports(spec),
    )
    unread = RejectedPolicy(reading.ref, raw.source, "", EVERYTHING, frozenset(Direction))
    return unread if reading.entry.failed else found


def parse_service_account(session: Session, raw: RawObject) -> ServiceAccount | None:
    """A core ServiceAccount; of it only the labels count."""
    reading = open_object(session, raw)
    return None if reading.entry.failed else ServiceAccount(reading.ref, raw.source, reading.labels)
