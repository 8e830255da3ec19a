"""A packet as a person writes it: ``internet=shop/web:443``, ``10.1.2.3=203.0.113.20:53/UDP``; and its answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from lib.azure.data_plane import DataPlane
from lib.azure.security_group import ProviderGroup
from lib.azure.security_group_arrival import SentJudgement, judge_sent
from lib.azure.security_group_destinations import frontends_of
from lib.azure.security_group_match import End, KnownAddresses, Packet, Place
from lib.azure.unassigned import Receiver, family_at
from lib.model.errors import ModelError
from lib.model.policies import Verdict
from lib.model.refs import ObjectRef
from lib.model.security_rules import SecurityGroup
from lib.model.sets import FIRST_PORT, LAST_PORT, Address, Family, Protocol, family_of, parse_address
from lib.model.snapshot import Snapshot

_TO: Final = re.compile(r"(?:\[(?P<bracketed>[^\]]+)\]|(?P<plain>[^:]+)):(?P<port>[0-9]{1,5})(?:/(?P<protocol>\w+))?")
_SERVICE: Final = re.compile(r"(?P<namespace>[-a-z0-9.]+)/(?P<name>[-a-z0-9.]+)(?:\[Service\])?")
_PLACES: Final = {place.value: place for place in Place}


@dataclass(frozen=True, slots=True)
class Question:
    """Which rule answers a packet; ``destination`` is an address, or a Service that means each of its frontends."""

    source: End
    destination: Receiver | ObjectRef
    port: int
    protocol: Protocol = Protocol.TCP


@dataclass(frozen=True, slots=True)
class Answer:
    """The judgements on a question's packets, one for each frontend of the sender's family.

    ``missing`` says in words what of the frontends the input does not show.
    """

    judgements: tuple[SentJudgement, ...]
    missing: tuple[str, ...]

    @property
    def verdict(self) -> Verdict:
        """The verdict on all of them; unknown where they differ, or a frontend is not known."""
        found = {judged.verdict for judged in self.judgements}
        return found.pop() if len(found) == 1 and not self.missing else Verdict.UNKNOWN

    def __str__(self) -> str:
        said = [f"Unknown: the input does not show {text}." for text in self.missing]
        if len(self.judgements) == 1:
            return " ".join([*said, str(self.judgements[0])])
        return " ".join([*said, *(f"To {judged.sent.destination}: {judged}" for judged in self.judgements)])


def read_source(text: str) -> End:
    """``internet``, ``vnet``, ``probe`` or an address. Raises ModelError for anything else."""
    text = text.strip()
    if text.lower() in _PLACES:
        return _PLACES[text.lower()]
    try:
        return parse_address(text)
    except ModelError:
        raise ModelError(f"{text[:64]!r} is none of {', '.join(_PLACES)} and no address") from None


def read_destination(text: str) -> Address | ObjectRef:
    """An address, or a Service as namespace/name. Raises ModelError for anything else."""
    text = text.strip()
    named = _SERVICE.fullmatch(text) if len(text) <= 600 else None
    if named is not None:
        return ObjectRef(named["namespace"], named["name"], "Service")
    try:
        return parse_address(text)
    except ModelError:
        raise ModelError(f"{text[:64]!r} is neither an address nor a Service as namespace/name") from None


def read_question(text: str) -> Question:
    """``FROM=TO:PORT`` or ``FROM=TO:PORT/PROTOCOL``; an IPv6 address in TO stands in brackets. Raises ModelError."""
    source, equals, rest = text.partition("=")
    found = _TO.fullmatch(rest.strip()) if equals and len(rest) <= 1_000 else None
    if found is None:
        raise ModelError(f"{text[:100]!r} is not of the form FROM=TO:PORT/PROTOCOL, e.g. internet=shop/web:443/TCP")
    port = int(found["port"])
    if not FIRST_PORT <= port <= LAST_PORT:
        raise ModelError(f"port {port} is not within {FIRST_PORT}-{LAST_PORT}")
    word = (found["protocol"] or Protocol.TCP.value).upper()
    if word not in Protocol.__members__:
        raise ModelError(f"{word[:20]!r} is none of {', '.join(Protocol.__members__)}")
    to = read_destination(found["bracketed"] or found["plain"])
    return Question(read_source(source), to, port, Protocol[word])


def ask(
    question: Question,
    snapshot: Snapshot,
    provider: ProviderGroup,
    groups: Sequence[SecurityGroup],
    known: KnownAddresses,
    plane: DataPlane | None = None,
) -> Answer:
    """The answer to a question; ``plane`` is the nodes' data plane, None for the one that the input shows.

    Raises ModelError where it names a Service without a load balancer of Azure's.

    Also where sender and destination are of different families, between which no packet goes.
    """
    source = question.source
    wanted = tuple(Family) if isinstance(source, Place) else (family_of(source),)
    ends, missing = _frontends(question.destination, provider)
    fitting = [end for end in ends if family_at(end) in wanted]
    unknown = tuple(text for family, text in missing if family in wanted)
    if not fitting and not unknown:
        raise ModelError(f"{source} and the destination have no IP family in common")
    packets = (Packet(source, end, question.port, question.protocol) for end in fitting)
    return Answer(tuple(judge_sent(packet, snapshot, provider, groups, known, plane) for packet in packets), unknown)


def _frontends(
    destination: Receiver | ObjectRef, provider: ProviderGroup
) -> tuple[tuple[Receiver, ...], tuple[tuple[Family, str], ...]]:
    if not isinstance(destination, ObjectRef):
        return (destination,), ()
    access = next((a for a in provider.accesses if a.service.ref == destination), None)
    if access is None:
        raise ModelError(f"the input has no Service {destination.qualified_name} with a load balancer of Azure's")
    found = frontends_of(access.service)
    return found.addresses, tuple((family, text) for family in Family for text in found.of(family).unknown)
