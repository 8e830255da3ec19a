"""Virtual networks, their subnets and peerings, as ``az network vnet show`` and subnet lists say them."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from typing import Final

from lib.ipplan.demand import ConnectedNetwork, Network, OtherAddresses
from lib.ipplan.existing.values import Json, is_name

_SUBNET_ID: Final = re.compile(
    r"/resourcegroups/(?P<group>[^/]+)/.*/virtualnetworks/(?P<vnet>[^/]+)/subnets/(?P<subnet>[^/]+)", re.I
)
_GROUP: Final = re.compile(r"/resourcegroups/([^/]+)/", re.I)


@dataclass(frozen=True, slots=True)
class SubnetId:
    """Where a subnet is: its resource group and network in lower case, its name as it is written."""

    group: str
    vnet: str
    name: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes two ids the same: Azure does not tell case apart."""
        return self.group, self.vnet, self.name.lower()


@dataclass(frozen=True, slots=True)
class FoundSubnet:
    """A subnet that the JSON describes. ``uses`` counts what has addresses in it by kind; None where it is not said."""

    id: SubnetId
    cidr: IPv4Network
    ipv6: IPv6Network | None
    delegation: str
    uses: Counter[tuple[str, str]] | None
    path: str


@dataclass(slots=True)
class FoundNetworks:
    """Every network of the JSON: address spaces and names by network, subnets by id, peerings by network."""

    spaces: dict[tuple[str, str], tuple[Network, ...]] = field(default_factory=dict)
    names: dict[tuple[str, str], str] = field(default_factory=dict)
    subnets: dict[tuple[str, str, str], FoundSubnet] = field(default_factory=dict)
    peers: dict[tuple[str, str], list[ConnectedNetwork]] = field(default_factory=dict)


def subnet_id(text: str) -> SubnetId | None:
    """The parts of a subnet's resource id; None for anything else."""
    found = _SUBNET_ID.search(text)
    if found is None or not (is_name(found["vnet"]) and is_name(found["subnet"])):
        return None
    return SubnetId(found["group"].lower(), found["vnet"].lower(), found["subnet"])


def read_network(found: Json, networks: FoundNetworks) -> None:
    """Add a virtual network, its subnets and its peerings to ``networks``."""
    name, id_ = found.name(), found.text("id")
    space = found.inner("addressSpace")
    if name is None or space is None:
        if space is None:
            found.wrong("addressSpace", "A virtual network has an address space.")
        return
    group = _GROUP.search(id_ or "")
    key = (group[1].lower() if group else "", name.lower())
    if key in networks.spaces:
        found.wrong("name", "The input holds this virtual network twice.")
    networks.spaces[key] = tuple(space.networks("addressPrefixes"))
    networks.names[key] = name
    for subnet in found.items("subnets"):
        read_subnet(subnet, networks, key)
    for peering in found.items("virtualNetworkPeerings"):
        _read_peering(peering, networks.peers.setdefault(key, []))


def read_subnet(found: Json, networks: FoundNetworks, owner: tuple[str, str] = ("", "")) -> None:
    """Add a subnet; ``owner`` are resource group and network where its id does not say them."""
    name = found.name()
    prefixes = list(found.networks("addressPrefixes" if found.has("addressPrefixes") else "addressPrefix"))
    cidr = next((cidr for cidr in prefixes if isinstance(cidr, IPv4Network)), None)
    ipv6 = next((cidr for cidr in prefixes if isinstance(cidr, IPv6Network)), None)
    if name is None:
        return
    for other in prefixes:
        if other not in (cidr, ipv6):
            found.notes.add_unknown(found.place("addressPrefixes"), f"holds {other} too, which is not checked.")
    if cidr is None:
        if not found.has("addressPrefixes"):
            found.wrong("addressPrefix", "A subnet has an IPv4 prefix.")
        return
    id_ = subnet_id(found.text("id") or "") or SubnetId(*owner, name)
    delegations = [item.text("serviceName") or "" for item in found.items("delegations")]
    uses = Counter(_use(item.text("id") or "") for item in found.items("ipConfigurations"))
    said = uses if found.has("ipConfigurations") else None
    if id_.key in networks.subnets:
        found.wrong("name", "The input holds this subnet twice.")
    networks.subnets[id_.key] = FoundSubnet(id_, cidr, ipv6, "".join(delegations[:1]), said, found.path)


def other_addresses(subnet: FoundSubnet, node_groups: frozenset[str]) -> OtherAddresses:
    """What has addresses in a subnet beside nodes and pods, whose machines lie in ``node_groups`` (lower case)."""
    uses = subnet.uses or Counter()
    balancers = sum(count for (kind, _), count in uses.items() if kind == "loadbalancers")
    links = sum(count for (kind, _), count in uses.items() if kind == "privatelinkservices")
    nodes = sum(
        count for (kind, group), count in uses.items() if kind == "virtualmachinescalesets" and group in node_groups
    )
    return OtherAddresses(
        internal_load_balancers=balancers,
        private_link_services=links,
        other=uses.total() - balancers - links - nodes,
    )


def _use(id_: str) -> tuple[str, str]:
    """The kind of resource that holds an IP configuration, and its resource group, both in lower case."""
    group = _GROUP.search(id_)
    kind = re.search(r"/providers/[^/]+/([^/]+)/", id_)
    return kind[1].lower() if kind else "", group[1].lower() if group else ""


def _read_peering(found: Json, peers: list[ConnectedNetwork]) -> None:
    remote, space = found.inner("remoteVirtualNetwork"), found.inner("remoteAddressSpace")
    name = ((remote.text("id") or "") if remote is not None else "").rpartition("/")[2]
    name = name if is_name(name) else ""
    if space is None or not space.has("addressPrefixes"):
        found.notes.add_unknown(found.place("remoteAddressSpace"), "does not say which addresses the peer has.")
        return
    peers.extend(ConnectedNetwork(name, cidr) for cidr in space.networks("addressPrefixes"))
