"""The ports that NetworkPolicies and Cilium's policies name, as masks, with what an engine may read otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, assert_never

from lib.facts.engines import Known
from lib.model.policies import AllPorts, Direction, NamedPort, NumberedPorts, PolicyPort
from lib.model.records import replace
from lib.model.sets import PortSet, Protocol
from lib.policy.compile import Spaces
from lib.policy.engines import EngineProfile
from lib.policy.rules import CompiledRule, PortsAt
from lib.policy.spaces import Vocabulary

PORT_NAME_DOUBT: Final = "which number the port name"
"""How the doubt begins that a rule with a port name has where pods give it several numbers."""

SCTP_DOUBT: Final = "whether SCTP"
"""How the doubt begins that a rule for SCTP has where the engine may not support it."""

END_PORT_DOUBT: Final = "whether endPort counts"
"""How the doubt begins that a rule with a range of ports has where the engine may not know endPort."""


def port_vocabulary(ports: Iterable[PolicyPort]) -> Vocabulary:
    """The port names and ranges that ``ports`` tell apart."""
    listed = list(ports)
    return Vocabulary(
        named_ports=frozenset((p.name, p.protocol) for p in listed if isinstance(p, NamedPort)),
        ports=frozenset(
            (p.protocol, interval)
            for p in listed
            if isinstance(p, NumberedPorts)
            for interval in (*p.ports.intervals, *(_first_of(p).intervals if p.to_end_port else ()))
        ),
    )


def _first_of(port: NumberedPorts) -> PortSet:
    """The port that a range begins with."""
    return PortSet.of(port.ports.intervals[0][0])


def with_ports(rule: CompiledRule, ports: Iterable[PolicyPort], spaces: Spaces) -> Iterator[CompiledRule]:
    """The rule on its ports; once more, as a doubtful one, for every reason why ports may be read otherwise."""
    read = list(_ports(ports, rule.direction, spaces))
    found = replace(rule, ports=tuple(at for at, why in read if not why))
    unsure: dict[str, list[PortsAt]] = {}
    for at, why in read:
        if why:
            unsure.setdefault(why, []).append(at)
    if found.ports or not unsure:
        yield found
    for why, at_ports in unsure.items():
        yield replace(rule.perhaps(why), ports=tuple(at_ports))


def _ports(ports: Iterable[PolicyPort], direction: Direction, spaces: Spaces) -> Iterator[tuple[PortsAt, str]]:
    """The ports, each with the doubt whether the engine reads them as they are written ("": it does)."""
    profile = spaces.profile
    label = profile.label
    numbered = 0
    for port in ports:
        match port:
            case AllPorts():
                numbered |= spaces.ports.all
            case NumberedPorts() if port.protocol is Protocol.SCTP and profile.judges_sctp is Known.UNKNOWN:
                yield PortsAt(spaces.everything, spaces.ports.mask(port.protocol, port.ports)), _sctp_doubt(profile)
            case NumberedPorts() if port.to_end_port and profile.end_port is not Known.YES:
                # "If your network plugin does not support the endPort field and you specify a NetworkPolicy with that,
                # the policy will be applied only for the single port field."
                numbered |= spaces.ports.mask(port.protocol, _first_of(port))
                if profile.end_port is Known.UNKNOWN:
                    doubt = f"{END_PORT_DOUBT} under {label}{profile.because('end_port')}"
                    yield PortsAt(spaces.everything, spaces.ports.mask(port.protocol, port.ports)), doubt
            case NumberedPorts():
                numbered |= spaces.ports.mask(port.protocol, port.ports)
            case NamedPort():
                declared = spaces.endpoints.with_named_port(port.name, port.protocol)
                doubt = ""
                if port.protocol is Protocol.SCTP and profile.judges_sctp is Known.UNKNOWN:
                    doubt = _sctp_doubt(profile)
                elif (
                    len(declared) > 1
                    and direction is Direction.EGRESS
                    and profile.tells_port_names_apart is Known.UNKNOWN
                ):
                    why = profile.because("tells_port_names_apart")
                    doubt = f"{PORT_NAME_DOUBT} {port.name} means under {label}, where pods give it several{why}"
                for number, declaring in declared.items():
                    yield PortsAt(declaring, spaces.port_mask(port.protocol, number)), doubt
            case _:
                assert_never(port)
    if numbered:
        yield PortsAt(spaces.everything, numbered), ""


def _sctp_doubt(profile: EngineProfile) -> str:
    return f"{SCTP_DOUBT} is permitted by rules under {profile.label}{profile.because('judges_sctp')}"


def port_text(port: PolicyPort) -> str:
    """A port as rules are described."""
    match port:
        case AllPorts():
            return "all ports"
        case NumberedPorts():
            return f"{port.protocol.value} {port.ports}"
        case NamedPort():
            return f"{port.protocol.value} {port.name}"
        case _:
            assert_never(port)
