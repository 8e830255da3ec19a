"""Which addresses nodes, pods, Services and the cluster's DNS have, as far as the input shows it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from ipaddress import ip_address, ip_network
from itertools import islice
from typing import Final, NamedTuple

from lib.azure.signs import Shown
from lib.facts.cluster_dns import cluster_dns
from lib.facts.config_maps import Form, config_maps
from lib.model.config_maps import ConfigMap
from lib.model.refs import ObjectRef, Source
from lib.model.sets import Address, AddressSet
from lib.model.snapshot import Snapshot

_RANGES_NAMED: Final = 3
_CILIUM: Final = "cilium-config"
_IPAM: Final = "ipam"
_CLUSTER_POOLS: Final = ("cluster-pool", "cluster-pool-v2beta")


class Claim(NamedTuple):
    """Ranges that an object states; ``text`` is them for people, ``how`` a sentence part."""

    text: str
    ranges: AddressSet
    how: str
    source: Source


def node_addresses(snapshot: Snapshot) -> Shown:
    """The InternalIPs of nodes."""
    found = [
        (address, node)
        for node in snapshot.nodes
        for text in node.addresses_of("InternalIP")
        if (address := parsed(text)) is not None
    ]
    if not found:
        return Shown("", "no node with an InternalIP is in the input")
    how = f"the InternalIP of {_nodes(len({n.name for _, n in found}))}"
    return Shown(_spans(a for a, _ in found), how, found[0][1].source)


def pod_addresses(snapshot: Snapshot) -> Shown:
    """The ranges that settings and nodes state, as far as the addresses of pods bear them out; else those."""
    pods = [pod for pod in snapshot.pods if pod.ips and not pod.host_network]
    seen = AddressSet.from_networks(ip_network(address) for pod in pods for address in pod.ips)
    claims = list(_pod_claims(snapshot))
    true = [claim for claim in claims if not seen - _of_families(claim, seen)]
    if true:
        return _agreed(true, [address for pod in pods for address in pod.ips], f"the addresses of {len(pods):,} pods")
    if not pods:
        return Shown("", "the input holds no podCIDRs of nodes, addresses of pods or settings that name them")
    how = f"the addresses of {len(pods):,} pods"
    if claims:
        how += f", of which some are not in what {claims[0].how} says ({claims[0].text})"
    return Shown(_spans(address for pod in pods for address in pod.ips), how, pods[0].source, _places(claims))


def service_addresses(snapshot: Snapshot) -> Shown:
    """The range that kubeadm was given where it is in the input; else the cluster IPs of Services."""
    found = [(address, service) for service in snapshot.services for address in service.cluster_ips]
    seen = AddressSet.from_networks(ip_network(address) for address, _ in found)
    claims = list(_kubeadm(snapshot, "serviceSubnet"))
    true = [claim for claim in claims if not seen - _of_families(claim, seen)]
    if true:
        return _agreed(true, [address for address, _ in found], f"the cluster IPs of {len(found):,} Services")
    if not found:
        return Shown("", "no Service in the input has a cluster IP")
    how = f"the cluster IPs of {len(found):,} Services; the service CIDR itself is in no object"
    if claims:
        how = f"the cluster IPs of {len(found):,} Services, of which some are not in what {claims[0].how} says"
        how += f" ({claims[0].text})"
    return Shown(_spans(a for a, _ in found), how, found[0][1].source, _places(claims))


def dns_addresses(snapshot: Snapshot) -> Shown:
    """The cluster IPs of the DNS Service."""
    fact = cluster_dns()
    service = snapshot.service_by_ref.get(ObjectRef(fact.namespace, fact.service, "Service"))
    if service is None or not service.cluster_ips:
        return Shown("", f"the Service {fact.namespace}/{fact.service} is not in the input, or has no cluster IP")
    text = ", ".join(map(str, service.cluster_ips))
    return Shown(text, f"the cluster IP of the Service {service.ref.qualified_name}", service.source)


def _agreed(claims: list[Claim], seen: Iterable[Address], whose: str) -> Shown:
    """The widest range where it holds the others; nothing where they differ.

    Of a family that no range is of, the addresses that were ``seen`` are told.
    """
    widest = next((c for c in claims if all(not other.ranges - c.ranges for other in claims)), None)
    if widest is None:
        told = "; ".join(f"{claim.how} says {claim.text}" for claim in claims)
        return Shown("", f"the signs differ: {told}", None, _places(claims))
    others = [claim for claim in claims if claim is not widest]
    stated = {first.version for first, _ in widest.ranges.ranges()}
    beyond = [address for address in seen if address.version not in stated]
    text, how = widest.text, widest.how
    if beyond:
        text, how = f"{text}, {_spans(beyond)}", f"{how}; of IPv{beyond[0].version} {whose}"
    return Shown(text, how, widest.source, _places(others))


def _places(claims: list[Claim]) -> tuple[Source, ...]:
    return tuple(claim.source for claim in claims)


def _of_families(claim: Claim, seen: AddressSet) -> AddressSet:
    """The claim, and all of the addresses of the families that it says nothing of."""
    versions = {first.version for first, _ in claim.ranges.ranges()}
    others = (ip_network("0.0.0.0/0"), ip_network("::/0"))
    return claim.ranges | AddressSet.from_networks(n for n in others if n.version not in versions)


def _pod_claims(snapshot: Snapshot) -> Iterator[Claim]:
    cilium = snapshot.config_map_by_name.get(_CILIUM)
    if cilium is not None and cilium.data.get(_IPAM, "").lower() in _CLUSTER_POOLS:
        keys = [k for k in ("cluster-pool-ipv4-cidr", "cluster-pool-ipv6-cidr") if cilium.data.get(k)]
        if keys:
            text = ",".join(cilium.data[key] for key in keys)
            yield from _claim(text, f"{_named(cilium)} {' and '.join(keys)}", cilium.place(keys[0]))
    yield from _kubeadm(snapshot, "podSubnet")
    for config_map in snapshot.config_maps:
        for key, value in config_map.data.items():
            fact = config_maps()[config_map.ref.name].key(key)
            if fact is not None and fact.form is Form.KUBE_PROXY and (text := json.loads(value).get("clusterCIDR")):
                yield from _claim(text, f"{_named(config_map)} {key}: clusterCIDR", config_map.place(key))
    nodes = [node for node in snapshot.nodes if node.pod_cidrs]
    if nodes:
        blocks = AddressSet.from_networks(cidr for node in nodes for cidr in node.pod_cidrs)
        spans = [f"{first}-{last}" for first, last in islice(blocks.ranges(), _RANGES_NAMED + 1)]
        text = ", ".join(spans[:_RANGES_NAMED]) + (" and more" if len(spans) > _RANGES_NAMED else "")
        yield Claim(text, blocks, f"the podCIDRs of {_nodes(len(nodes))}", nodes[0].source)


def _kubeadm(snapshot: Snapshot, field: str) -> Iterator[Claim]:
    found = snapshot.config_map_by_name.get("kubeadm-config")
    key = "ClusterConfiguration"
    if found is not None and key in found.data:
        text = json.loads(found.data[key]).get("networking", {}).get(field, "")
        yield from _claim(text, f"{_named(found)} {key}: networking.{field}", found.place(key))


def _claim(text: str, how: str, source: Source) -> Iterator[Claim]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if parts:
        yield Claim(", ".join(parts), AddressSet.from_networks(map(ip_network, parts)), how, source)


def _named(config_map: ConfigMap) -> str:
    return f"the ConfigMap {config_map.ref.qualified_name}"


def _spans(addresses: Iterable[Address]) -> str:
    """First and last of the addresses, by family: the range that they come from may be larger."""
    by_version: dict[int, list[Address]] = {}
    for address in addresses:
        by_version.setdefault(address.version, []).append(address)
    spans = []
    for _, found in sorted(by_version.items()):
        first, last = min(found, key=int), max(found, key=int)
        spans.append(str(first) if first == last else f"{first}-{last}")
    return ", ".join(spans)


def _nodes(count: int) -> str:
    return "1 node" if count == 1 else f"{count:,} nodes"


def parsed(text: str) -> Address | None:
    """An address; None where a text is none."""
    try:
        return ip_address(text)
    except ValueError:
        return None
