"""The way to a load balancer's address: Azure's hops for who comes from outside, the nodes' own for who is inside."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from typing import Final

from lib.azure.balanced import is_azure_load_balancer, why_left_out
from lib.azure.load_balancer import ServiceLoadBalancer
from lib.azure.probes import Probe
from lib.azure.rules import LoadBalancingRule
from lib.azure.security_group_judge import rule_words
from lib.azure.security_group_match import Place
from lib.azure.security_group_question import Answer, Question, ask
from lib.azure.source_ranges import sender_outside_ranges
from lib.azure.unassigned import Receiver, Unassigned, family_at, public_at
from lib.model.cluster import Node
from lib.model.errors import ModelError
from lib.model.refs import Source
from lib.model.services import Service, ServicePort, TrafficPolicy
from lib.model.sets import Address, AddressSet, Protocol, family_of
from lib.routing.reach import is_public
from lib.routing.services import ServiceView
from lib.trace.context import Context
from lib.trace.ends import Start, addresses_of_end
from lib.trace.frontends import asked_addresses, granted
from lib.trace.hop import Decider, Hop, HopKind, HopVerdict, Way, together
from lib.trace.judged import WORDS, plain_words
from lib.trace.probe import probe_hop

_FIELD: Final = "spec.loadBalancerSourceRanges"
NO_WAY: Final = "the Internet has no way to a private address"


def sender_on_the_way(start: Start, destination: Receiver) -> Address | Place:
    """Who Azure takes for the sender: whoever leaves a virtual network for a public address is translated first."""
    if start.place is Place.VIRTUAL_NETWORK and public_at(destination):
        return Place.INTERNET
    if start.address is not None and not is_public(start.address) and public_at(destination):
        return Place.INTERNET
    return start.place or start.address or Place.INTERNET


def front_hops(
    context: Context, view: ServiceView, address: Receiver, asked: ServicePort, start: Start
) -> tuple[Hop, ...]:
    """Address, security rules, load balancing rule and probe, for a sender outside the cluster."""
    service = view.service
    source = _status(service)
    name = frontend_name(service, address)
    if context.on_the_internet(start.address or start.place) and not public_at(address):
        change = "a public frontend, or a gateway in the virtual network in front of it"
        return (Hop(HopKind.ADDRESS, HopVerdict.DENIED, name, NO_WAY, source, change=change),)
    if not is_azure_load_balancer(service):
        why = f"Azure makes no load balancer for it: {why_left_out(service) or f'its type is {service.type.value}'}"
        return (Hop(HopKind.ADDRESS, HopVerdict.UNKNOWN, name, f"{why}; who leads packets there is not in the input"),)
    balancer = context.balancer(service)
    rule = next(
        (r for r in balancer.rules if r.family is family_at(address) and _takes(r, asked.port, asked.protocol)), None
    )
    probe = balancer.probe(rule) if rule is not None else None
    answered = probe_hop(context, balancer, rule, probe, asked) if rule is not None and probe is not None else None
    return (
        _address(balancer, address, name, source, start),
        security_hop(context, Question(sender_on_the_way(start, address), address, asked.port, asked.protocol)),
        _rule(balancer, view, rule, probe, asked),
        *((answered,) if answered is not None else ()),
    )


def _status(service: Service) -> Source:
    return service.source.at("status", "loadBalancer")


def frontend_name(service: Service, address: Receiver) -> str:
    """A frontend as the subject of a hop; one without an address has the Service's name in its words."""
    return str(address) if isinstance(address, Unassigned) else f"{address} of Service {service.ref.qualified_name}"


def _address(balancer: ServiceLoadBalancer, address: Receiver, name: str, source: Source, start: Start) -> Hop:
    frontend = next((f for f in balancer.frontends if f.family is family_at(address)), None)
    kind = "public IP address" if frontend and frontend.public else "internal address"
    why = f"{kind} of the frontend {frontend.name} of load balancer {balancer.load_balancer}" if frontend else kind
    notes = []
    if start.place is Place.VIRTUAL_NETWORK and public_at(address):
        notes.append("What leaves a virtual network for a public address is translated: Azure sees a public sender.")
    if said := granted(balancer.service, address, frontend):
        source = frontend.pin.source if frontend is not None and frontend.pin is not None else balancer.service.source
        if balancer.refused:
            return _never(name, balancer.refused, source)
        notes.insert(0, f"It is the {why}.")
        change = "load the Service with its status: then the address is known"
        return Hop(
            HopKind.ADDRESS, HopVerdict.UNKNOWN, name, said, source, change=change, premise=True, notes=tuple(notes)
        )
    return Hop(HopKind.ADDRESS, HopVerdict.ALLOWED, name, why, source, notes=tuple(notes))


def security_hop(context: Context, question: Question) -> Hop:
    """Which security rules answer, through all groups on the way."""
    try:
        answer = ask(question, context.snapshot, context.provider, context.groups, context.known)
    except ModelError as error:
        return Hop(HopKind.SECURITY, HopVerdict.DENIED, "the nodes' security groups", str(error))
    deciders = tuple(_deciders(context, answer))
    notes = [note for judged in answer.judgements for note in judged.notes if _FIELD not in note]
    if context.given.subnet_group is None:
        notes.append("Judged without a security group on the nodes' subnet: none was given.")
    verdict = WORDS[answer.verdict]
    change = ""
    if verdict is HopVerdict.DENIED:
        change = "allow the sender: ranges or service tags of the Service, or a rule in your own group"
    elif verdict is HopVerdict.UNKNOWN:
        change = "say what is open: the virtual network's ranges, the group in use, the sender's address"
    return Hop(
        HopKind.SECURITY,
        verdict,
        ", ".join(dict.fromkeys(f"{g.name} on the {g.attachment.value}" for g in context.groups)),
        plain_words(str(answer)),
        deciders[0].source if deciders else None,
        deciders,
        change=change,
        notes=tuple(dict.fromkeys(notes)),
        line=deciders[0].line if deciders else None,
    )


def _deciders(context: Context, answer: Answer) -> dict[Decider, None]:
    services = context.snapshot.service_by_ref
    found: dict[Decider, None] = {}
    for judged in answer.judgements:
        for judgement in judged.judgements:
            for said in judgement.deciding:
                rule = said.rule
                if rule is None:
                    continue
                wrote = [services[ref] for ref in rule.services if ref in services]
                mine = [s for s in wrote if s.ref == judged.service] or wrote
                source = rule.source or (mine[0].source if mine else None)
                line = rule.line if rule.source else None
                words = f"{', '.join(rule.sources)} to {', '.join(rule.destinations)} ports {', '.join(rule.ports)}"
                found[Decider(rule_words(rule), rule.access.value, said.group.name, words, source, line)] = None
    return found


def _rule(
    balancer: ServiceLoadBalancer,
    view: ServiceView,
    rule: LoadBalancingRule | None,
    probe: Probe | None,
    asked: ServicePort,
) -> Hop:
    name = f"load balancer {balancer.load_balancer}"
    source = view.service.source
    if balancer.refused:
        why = f"the cloud provider makes no rule at all: {balancer.refused}"
        return Hop(HopKind.BALANCER, HopVerdict.DENIED, name, why, source, change="repair what it refuses")
    if rule is None:
        why = f"no load balancing rule for {asked.protocol.value} {asked.port} of the address's family"
        change = f"a port {asked.port}/{asked.protocol.value} in the Service, without an annotation that drops its rule"
        return Hop(HopKind.BALANCER, HopVerdict.DENIED, name, why, source, change=change)
    where = "with the frontend's address (floating IP)" if rule.floating_ip else f"as port {rule.backend_port}"
    why = f"rule {rule.name} hands it to a healthy node {where}"
    notes = list(balancer.unknown)
    if probe is None:
        notes.append("The rule has no probe: every node counts as healthy.")
    if view.service.external_traffic_policy is TrafficPolicy.LOCAL:
        notes.append("externalTrafficPolicy Local: only nodes with a ready endpoint pass the probe and get packets.")
    return Hop(HopKind.BALANCER, HopVerdict.ALLOWED, name, why, rule.source, notes=tuple(notes))


def _takes(rule: LoadBalancingRule, port: int, protocol: Protocol) -> bool:
    words = {Protocol.TCP: "Tcp", Protocol.UDP: "Udp"}
    every = rule.protocol == "All"
    return (every or rule.protocol == words.get(protocol)) and rule.frontend_port in (0, port)


def _never(name: str, refused: str, source: Source) -> Hop:
    """An address that no load balancer gets, since the cloud provider refuses what the Service asks for."""
    why = f"the cloud provider makes no rule at all, so no load balancer gets the address: {refused}"
    return Hop(HopKind.ADDRESS, HopVerdict.DENIED, name, why, source, change="repair what it refuses")


def inside_hop(context: Context, view: ServiceView, address: Receiver) -> Hop:
    """A sender inside: its node takes packets to the address itself, so that no hop of Azure is on the way."""
    name = frontend_name(view.service, address)
    entry = next((e for e in view.service.load_balancer_ingress if e.ip == str(address)), None)
    if entry is not None and entry.ip_mode != "VIP":
        why = f"ipMode {entry.ip_mode}: the packet goes out to the load balancer and back, with an address of nobody's"
        why += " in the input"
        change = "ipMode VIP in the status: then the sender's node takes the packet itself"
        return Hop(HopKind.ADDRESS, HopVerdict.UNKNOWN, name, why, _status(view.service), change=change)
    to_come = isinstance(address, Unassigned) or address in asked_addresses(view.service)
    mode = "ipMode VIP" if entry is not None or to_come else "an external IP"
    why = f"{mode}: the sender's own node takes it, so it never gets to Azure"
    if to_come:
        if refused := context.balancer(view.service).refused:
            return _never(name, refused, view.service.source)
        given = "the address that it asks for" if not isinstance(address, Unassigned) else "an address"
        why = f"Azure gives the Service {given}, and its status then shows it with {why}"
    # "Traffic sent to an External IP or LoadBalancer IP from within the cluster will always get Cluster semantics":
    # core/v1, ServiceSpec.externalTrafficPolicy.
    notes = ("From inside the cluster such an address always counts like externalTrafficPolicy Cluster.",)
    return Hop(HopKind.ADDRESS, HopVerdict.ALLOWED, name, why, _status(view.service), premise=to_come, notes=notes)


def ranges_hop(context: Context, service: Service, start: Start, destination: Receiver) -> Hop | None:
    """Whether the node lets the sender through ``loadBalancerSourceRanges``; None where there are none."""
    ranges = AddressSet.from_networks(service.load_balancer_source_ranges)
    if not ranges:
        return None
    ways = tuple(_in_ranges(context, ranges, start, destination))
    verdict = together(way.verdict for way in ways)
    why = "; ".join(dict.fromkeys(way.reason for way in ways))
    if verdict is not HopVerdict.ALLOWED:
        found = sender_outside_ranges(context.data_plane, start.in_cluster)
        verdict = verdict if found.drops else HopVerdict.UNKNOWN
        why += f"; {found.why}"
    change = "" if verdict is HopVerdict.ALLOWED else "the sender's address in the list; for pods, the pod CIDR"
    subject = f"{_FIELD} of {service.ref.qualified_name}"
    source = service.source.at("spec", "loadBalancerSourceRanges")
    decider = Decider(str(service.ref), "limits", _FIELD, str(ranges), source)
    told = ways if len(ways) > 1 else ()
    return Hop(HopKind.SERVICE, verdict, subject, why, source, (decider,), told, change)


def _in_ranges(context: Context, ranges: AddressSet, start: Start, destination: Receiver) -> list[Way]:
    seen = None if start.in_cluster else sender_on_the_way(start, destination)
    family = family_at(destination)
    if isinstance(seen, Place):
        outside = context.internet(family) if seen is Place.INTERNET else context.virtual_network(family)
        if outside <= ranges:
            return [Way(start.name, HopVerdict.ALLOWED, "the list holds every sender")]
        if not outside & ranges:
            return [Way(start.name, HopVerdict.DENIED, "the list holds no address of the sender")]
        return [Way(start.name, HopVerdict.DEPENDS, f"it depends on whether the sender is in {ranges}")]
    senders: dict[str, tuple[Address, ...]] = {p.ref.name: p.ips for p in start.pods}
    senders |= {end.name: addresses_of_end(end) for end in start.ends if isinstance(end, Node)}
    if isinstance(seen, IPv4Address | IPv6Address):
        senders[start.name] = (seen,)
    senders = {name: tuple(a for a in found if family_of(a) is family) for name, found in senders.items()}
    if not any(senders.values()):
        return [Way(start.name, HopVerdict.UNKNOWN, "the sender's address is not in the input")]
    found: dict[HopVerdict, Way] = {}
    for name, addresses in senders.items():
        if not addresses:
            verdict, reason = HopVerdict.UNKNOWN, f"the address of {name} is not in the input"
        elif any(address in ranges for address in addresses):
            verdict, reason = HopVerdict.ALLOWED, f"the list holds {start.name}"
        else:
            verdict, reason = HopVerdict.DENIED, f"the list does not hold {start.name}"
        found.setdefault(verdict, Way(name, verdict, reason))
    return list(found.values())
