"""DNS: every pod resolves names, so every namespace needs the way to those that answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_network

from lib.facts.cluster_dns import DnsFact, cluster_dns, node_local_dns
from lib.facts.sources import describe
from lib.model.cluster import Workload
from lib.model.refs import ObjectRef
from lib.model.sets import AddressSet, ConnectionSet, PortSet, Protocol
from lib.model.snapshot import Snapshot
from lib.routing.services import ServiceView
from lib.scenario.recommendation.coverage import Covered
from lib.scenario.recommendation.needs import EVERYWHERE, Basis, End, Evidence, Need, PodGroup, Question
from lib.scenario.recommendation.nodes import nodes_of


@dataclass(frozen=True, slots=True)
class Dns:
    """Who answers, on which ports, and what the input leaves open; ``workloads`` are those of the input."""

    servers: tuple[tuple[End, ConnectionSet, Evidence], ...]
    workloads: frozenset[ObjectRef]
    questions: tuple[Question, ...]

    def needs(self, covered: Covered) -> Iterator[Need]:
        """The way out of every namespace, and the way in where the servers themselves are covered."""
        for namespace in covered.namespaces:
            for end, ports, evidence in self.servers:
                yield Need(PodGroup(namespace), end, ports, (evidence,))
        for ref in sorted(self.workloads & covered.workloads.keys()):
            _, ports, evidence = self.servers[0]
            yield Need(PodGroup(EVERYWHERE), ref, ports, (evidence,))


def find_dns(snapshot: Snapshot, services: Sequence[ServiceView], covered: Covered) -> Dns:
    """The cluster's DNS by its Service or its labels, else as it is documented; and the node's cache."""
    fact = cluster_dns()
    view = next((v for v in services if (v.ref.namespace, v.ref.name) == (fact.namespace, fact.service)), None)
    labelled = _labelled(snapshot, fact) or _labelled(snapshot, fact, host_network=True)
    found = labelled or tuple(view.workloads if view else ())
    questions = []
    group = PodGroup(fact.namespace, fact.labels)
    if not labelled and view is not None and view.service.selector is not None and found:
        chosen = ((r.key, sorted(r.values)[0]) for r in view.service.selector.requirements)
        group = PodGroup(fact.namespace, tuple(chosen))
    ports = _ports(view, fact)
    if found:
        source = view.service.source if view else found[0].source
        where = f"Service {view.ref.qualified_name}" if view else found[0].ref.qualified_name
        evidence = Evidence(Basis.DNS, f"{where} is {fact.label}", source)
    else:
        evidence = Evidence(Basis.DNS, f"{fact.label} is not in the input; by its documented labels")
        text = f"{fact.label} is not in the input: its pods are taken to be {group}, on port {fact.port}"
        questions.append(
            Question(text, f"Check the labels: kubectl get pods -n {fact.namespace}. {describe((fact.source,))}")
        )
    servers: list[tuple[End, ConnectionSet, Evidence]] = []
    on_nodes = [w for w in found if w.host_network]
    if len(on_nodes) < len(found) or not found:
        servers.append((group, ports, evidence))
    if on_nodes:
        nodes = nodes_of(snapshot, *on_nodes)
        if nodes is not None:
            servers.append((nodes, ports, evidence))
        else:
            text = f"{on_nodes[0].ref} is {fact.label} on its node's network, and the input does not show its nodes"
            remedy = "Load the Nodes and the pods, or state the need: NAMESPACE/*=NODE_PREFIX:53/UDP,53/TCP"
            questions.append(Question(text, remedy, source=on_nodes[0].source))
    mine = frozenset(w.ref for w in found) & covered.workloads.keys()
    for ref in sorted(mine):
        text = f"{ref} asks servers outside the cluster for all other names, which the input does not name"
        questions.append(Question(text, f"State the need: {ref.qualified_name}=ADDRESS:53/UDP", ref))
    questions += _node_cache(snapshot, servers)
    return Dns(tuple(servers), frozenset(w.ref for w in found), tuple(questions))


def _node_cache(snapshot: Snapshot, servers: list[tuple[End, ConnectionSet, Evidence]]) -> Iterator[Question]:
    fact = node_local_dns()
    caches = _labelled(snapshot, fact, host_network=True)
    if not caches:
        return
    evidence = Evidence(Basis.DNS, f"{caches[0].ref} is {fact.label}", caches[0].source)
    ports = _ports(None, fact)
    if not caches[0].host_network:
        servers.append((PodGroup(fact.namespace, fact.labels), ports, evidence))
        return
    network = AddressSet.from_networks([ip_network(fact.address)])
    servers.append((network, ports, evidence))
    text = (
        f"{caches[0].ref} is {fact.label}: which address it listens on stands in its arguments, which are not read; "
        f"permitted is the usual one, {fact.address}"
    )
    yield Question(text, "If it is another one, or pods ask the DNS Service's own address, put that into the rule.")


def _labelled(snapshot: Snapshot, fact: DnsFact, *, host_network: bool = False) -> tuple[Workload, ...]:
    return tuple(
        w
        for w in snapshot.workloads_by_namespace.get(fact.namespace, ())
        if w.endpoints
        and (host_network or not w.host_network)
        and all(p.labels.get(k) == v for p in w.endpoints for k, v in fact.labels)
    )


def _ports(view: ServiceView | None, fact: DnsFact) -> ConnectionSet:
    """The ports on the pods, UDP and TCP; as documented where the Service does not say."""
    found = {}
    for protocol in (Protocol.UDP, Protocol.TCP):
        port = view.port(fact.port, protocol) if view else None
        numbers = port.numbers if port is not None else ()
        found[protocol] = PortSet.from_intervals((n, n) for n in numbers or (fact.port,))
    return ConnectionSet.from_ports(found)
