"""The ports of a rule of Calico's, for the destinations that they mean: by number, by name, and those of a Service."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lib.model.calico_policies import CalicoPorts, CalicoRule
from lib.model.cluster import ContainerPort
from lib.model.records import replace
from lib.model.sets import PortSet, Protocol
from lib.policy.bits import Bits
from lib.policy.calico_match import Matcher, positive_selector
from lib.policy.compile import Spaces
from lib.policy.rules import PortsAt


def numbered(rule: CalicoRule, ports: Iterable[ContainerPort]) -> CalicoRule:
    """The rule with the numbers that an endpoint gives the names of its ports; other names mean none."""
    listed = tuple(ports)

    def numbers(written: CalicoPorts | None) -> CalicoPorts | None:
        if written is None:
            return None
        known = (p.port for p in listed if p.name in written.names and p.protocol in rule.protocols)
        found = written.numbers
        for number in known:
            found |= PortSet.of(number)
        return CalicoPorts(found)

    return replace(rule, to=replace(rule.to, ports=numbers(rule.to.ports), not_ports=numbers(rule.to.not_ports)))


def without_names(ports: CalicoPorts | None) -> CalicoPorts | None:
    """Ports by number alone; None where none is left."""
    return CalicoPorts(ports.numbers) if ports is not None and ports.numbers else None


def ports_of(rule: CalicoRule, matcher: Matcher) -> Iterator[PortsAt]:
    """The ports that a rule names, by destination; none for a rule about ICMP and the like alone."""
    spaces = matcher.spaces
    whole = 0
    for protocol in rule.protocols:
        whole |= spaces.ports.mask(protocol, PortSet.all())
    if not whole:
        return
    if rule.to.service is not None:
        for at in matcher.services.ports(rule.to.service):
            yield PortsAt(at.destinations, at.mask & whole)
        return
    groups = [(spaces.everything, whole)]
    # "if there's a selector for the relevant direction, we filter the named port by the selector", the negated one too
    # (felix/calc/rule_scanner.go): a pod that only a set's addresses bring in has no named ports, nor has one on its
    # node's network, which is no endpoint.
    positive = positive_selector(rule.to)
    naming = spaces.endpoints.selectable if positive is None else matcher.classes(positive)[1]
    if rule.to.ports is not None:
        groups = _split([(spaces.everything, 0)], rule.to.ports, rule.protocols, spaces, naming, add=True)
    if rule.to.not_ports is not None:
        groups = _split(groups, rule.to.not_ports, rule.protocols, spaces, naming, add=False)
        for numbering, ends in matcher.port_names.towards(rule.to.not_ports.names, positive):
            excluded = numbered(rule, numbering).to.not_ports or CalicoPorts(PortSet())
            groups = _split(groups, excluded, rule.protocols, spaces, naming, add=False, among=ends)
    for destinations, mask in groups:
        if mask:
            yield PortsAt(destinations, mask)


def _split(
    groups: list[tuple[Bits, Bits]],
    ports: CalicoPorts,
    protocols: frozenset[Protocol],
    spaces: Spaces,
    naming: Bits,
    *,
    add: bool,
    among: Bits | None = None,
) -> list[tuple[Bits, Bits]]:
    """Groups of destinations with the ports that are left to each, after ``ports`` are added or taken away.

    Names count at the ends in ``naming`` only, numbers at those ``among`` which the change is made (None: all).
    """
    every = spaces.everything if among is None else among
    changes = [(every, spaces.ports.mask(protocol, ports.numbers)) for protocol in protocols]
    for name in sorted(ports.names):
        for protocol in protocols:
            for number, declaring in spaces.endpoints.with_named_port(name, protocol).items():
                changes.append((declaring & naming, spaces.port_mask(protocol, number)))
    for ends, mask in changes:
        groups = [
            (part, (had | mask if add else had & ~mask) if inside else had)
            for group, had in groups
            for part, inside in ((group & ends, True), (group & ~ends, False))
            if part
        ]
    return groups
