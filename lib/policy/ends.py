"""The ends of a flow as people write them: references, addresses, prefixes."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_network
from typing import Final

from lib.facts.internet import BY_WORD
from lib.model.cluster import Node, Pod, Workload
from lib.model.errors import ModelError
from lib.model.refs import INGRESS_CONTROLLER, OUTSIDE_SUFFIX, ObjectRef
from lib.model.services import Service
from lib.model.sets import Address, AddressSet, Family, parse_address
from lib.model.snapshot import Snapshot
from lib.policy.lost_ends import EndNotFound
from lib.policy.points import End
from lib.policy.projection import families_of

SHOWN_CANDIDATES: Final = 20


def parse_end(text: str, snapshot: Snapshot) -> End:
    """A workload, pod or node by reference, or outside addresses by address, prefix or ``first-last[External]``.

    References are ``name`` where only one workload is called so, ``namespace/name``, ``namespace/kind/name``,
    ``namespace/name[Kind]``, ``node/NAME`` and ``node/NAME[Node]``; a workload wins over a pod of the same name. The
    address of a pod or node of the input means that pod or node; ``internet`` is the public addresses and ``outside``
    every address outside, of the IP families that the input shows (of both where it shows none). Raises ModelError,
    with the candidates where there are some, for what fits nothing or several things, for what can't send or receive,
    and for an address that policies never see: a Service's.
    """
    text = text.strip()
    if text in BY_WORD:
        return addresses_by_word(text, snapshot)
    if text == INGRESS_CONTROLLER:
        raise ModelError(
            f"{text} stands for the controller of the input's routes, wherever it runs: policies judge it by its own "
            "namespace and labels, so ask for its workload as namespace/name, or for internet where traffic does not "
            "pass through a controller; flows lists what the routes carry"
        )
    addresses = _addresses(text)
    if addresses is not None:
        return addresses if isinstance(addresses, AddressSet) else _known_address(addresses, snapshot)
    named, kind = _split_kind(text)
    parts = named.split("/")
    if parts[0] == "node" and len(parts) == 2 and kind in ("", "Node"):
        nodes = [n for n in snapshot.nodes if n.name == parts[1]]
        if nodes:
            return nodes[0]
        listed = _listed(f"node/{n.name}" for n in snapshot.nodes)
        raise EndNotFound(f"no node {parts[1]!r} in the input{listed}", ObjectRef("", parts[1], "Node"))
    if len(parts) == 3:
        parts, kind = [parts[0], parts[2]], parts[1]
    if len(parts) == 1 and (called := [w for w in snapshot.workloads if w.ref.name == parts[0]]):
        if len(called) > 1:
            raise ModelError(f"{text!r} is ambiguous{_listed(str(w.ref) for w in called)}")
        parts = [called[0].namespace, called[0].ref.name]
    if len(parts) != 2:
        raise EndNotFound(
            f"{text[:200]!r} is no reference: write namespace/name, node/NAME, an address, a prefix, internet or "
            "outside",
            ObjectRef("", named, kind),
        )
    return _referred(text, parts[0], parts[1], kind, snapshot)


def addresses_by_word(word: str, snapshot: Snapshot) -> AddressSet:
    """What ``internet`` and ``outside`` mean for one cluster, of the IP families that the input shows.

    Both families where it shows none. Raises KeyError for any other word.
    """
    addresses = BY_WORD[word]
    families = families_of(snapshot) or frozenset(Family)
    return AddressSet(
        addresses.ipv4 if Family.IPV4 in families else (), addresses.ipv6 if Family.IPV6 in families else ()
    )


def _referred(text: str, namespace: str, name: str, kind: str, snapshot: Snapshot) -> Workload | Pod:
    def fits(ref: ObjectRef) -> bool:
        same_kind = not kind or ref.kind.lower() == kind.lower()
        return ref.namespace == namespace and ref.name == name and same_kind

    workloads = [w for w in snapshot.workloads if fits(w.ref)]
    if len(workloads) > 1:
        raise ModelError(f"{text!r} is ambiguous{_listed(str(w.ref) for w in workloads)}")
    if workloads:
        if not workloads[0].endpoints:
            raise ModelError(f"{workloads[0].ref} has no pod that can send or receive: none runs, or all have ended")
        return workloads[0]
    pods = [p for p in snapshot.pods if fits(p.ref)]
    if pods:
        if not pods[0].is_endpoint:
            why = f"it has ended ({pods[0].phase.value})" if pods[0].has_ended else "it has no address yet"
            raise ModelError(f"{pods[0].ref} can neither send nor receive: {why}")
        return pods[0]
    if services := [s for s in snapshot.services if fits(s.ref)]:
        raise ModelError(_behind(services[0], f"{services[0].ref} is a Service", snapshot))
    near = (str(w.ref) for w in snapshot.workloads_by_namespace.get(namespace, ()))
    message = f"no workload or pod {text[:200]!r} in the input{_listed(near)}"
    raise EndNotFound(message, ObjectRef(namespace, name, kind))


def _known_address(address: Address, snapshot: Snapshot) -> Pod | Node | Address:
    """The pod or node that has it, else the address itself; ModelError for a Service or an unknown node."""
    for service in snapshot.services:
        balancer = (i.ip for i in service.load_balancer_ingress)
        if address in service.cluster_ips or address in service.external_ips or str(address) in balancer:
            raise ModelError(_behind(service, f"{address} is an address of {service.ref}", snapshot))
    nodes = {a.address for n in snapshot.nodes for a in n.addresses}
    if str(address) not in nodes:
        for pod in snapshot.pods:
            if address in pod.host_ips or (pod.host_network and address in pod.ips):
                raise ModelError(
                    f"{address} is the node of {pod.ref}, and that node is not in the input: load the Nodes"
                )
    for pod in snapshot.pods:
        if address in pod.ips and pod.is_endpoint and not pod.host_network:
            return pod
    internal = (n for n in snapshot.nodes if str(address) in n.addresses_of("InternalIP"))
    return next(internal, address)


def _behind(service: Service, what: str, snapshot: Snapshot) -> str:
    workloads = snapshot.workloads_by_namespace.get(service.namespace, ())
    selector = service.selector
    behind = [str(w.ref) for w in workloads if selector and any(selector.matches(p.labels) for p in w.endpoints)]
    return f"{what}; policies see the pods behind it and their ports: ask for one of those{_listed(behind)}"


def written_addresses(text: str) -> AddressSet | Address | None:
    """The addresses that a text names by number; None for words and references."""
    text = text.strip()
    return None if text in BY_WORD or text == INGRESS_CONTROLLER else _addresses(text)


def outside_addresses(name: str) -> AddressSet | None:
    """The addresses that the end of a row of flows names; None where it names no addresses outside."""
    if not name.endswith(OUTSIDE_SUFFIX):
        return None
    found = _addresses(name)
    return found if isinstance(found, AddressSet) or found is None else AddressSet.from_networks([ip_network(found)])


def _addresses(text: str) -> AddressSet | Address | None:
    first, dash, last = text.removesuffix(OUTSIDE_SUFFIX).partition("-")
    if dash and text.endswith(OUTSIDE_SUFFIX):
        return _range(parse_address(first), parse_address(last))
    try:
        if "/" in text:
            network = ip_network(text.removesuffix(OUTSIDE_SUFFIX), strict=False)
            return network[0] if network.num_addresses == 1 else AddressSet.from_networks([network])
        return parse_address(text.removesuffix(OUTSIDE_SUFFIX).removeprefix("[").removesuffix("]"))
    except ValueError:
        return None


def _range(first: Address, last: Address) -> AddressSet:
    if first.version != last.version or int(first) > int(last):
        raise ModelError(f"{first}-{last} is no range of addresses")
    interval = (int(first), int(last))
    return AddressSet(ipv4=(interval,)) if first.version == 4 else AddressSet(ipv6=(interval,))


def _split_kind(text: str) -> tuple[str, str]:
    if text.endswith("]") and "[" in text:
        named, _, kind = text[:-1].partition("[")
        return named, kind
    return text, ""


def _listed(candidates: Iterable[str]) -> str:
    found = sorted(candidates)
    if not found:
        return ""
    more = f"\n  and {len(found) - SHOWN_CANDIDATES} more" if len(found) > SHOWN_CANDIDATES else ""
    return "; candidates:\n  " + "\n  ".join(found[:SHOWN_CANDIDATES]) + more
