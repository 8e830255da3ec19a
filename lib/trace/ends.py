"""The two ends of a trace as a person writes them, read strictly: from where, and to what."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

from lib.azure.security_group_match import Place
from lib.model.cluster import Node, Pod, Workload
from lib.model.domain_names import canonical
from lib.model.errors import ModelError
from lib.model.refs import ObjectRef
from lib.model.sets import FIRST_PORT, LAST_PORT, Address, AddressSet, Family, Protocol, family_of, parse_address
from lib.model.snapshot import Snapshot
from lib.policy.ends import parse_end
from lib.policy.lost_ends import EndNotFound
from lib.policy.points import name_of
from lib.routing.reach import address_or_none
from lib.routing.url import UrlError, UrlRequest, parse_url

CHARS_MAX: Final = 2_048
ANY_NODE: Final = "node"
_PLACES: Final = {"internet": Place.INTERNET, "vnet": Place.VIRTUAL_NETWORK}
_PLACE_WORDS: Final = {Place.INTERNET: "the Internet", Place.VIRTUAL_NETWORK: "the virtual network"}
_TO: Final = re.compile(
    r"(?:\[(?P<bracketed>[^\]]{1,64})\]|(?P<plain>[^:]+))(?::(?P<port>[-a-z0-9]{1,63}))?(?:/(?P<protocol>[A-Za-z]{1,8}))?"
)
_HOST: Final = re.compile(r"(?=.{1,253}$)[a-z0-9_]([-a-z0-9_]{0,62})(\.[a-z0-9_]([-a-z0-9_]{0,62}))*")
_CLUSTER_NAME: Final = re.compile(r"(?P<name>[-a-z0-9]+)\.(?P<namespace>[-a-z0-9]+)\.svc(\.[-a-z0-9.]+)?")


@dataclass(frozen=True, slots=True)
class Start:
    """Where the packet comes from.

    ``place`` is set for the Internet and the virtual network, ``ends`` for what is in the cluster: one pod, workload
    or node, or with ``any_node`` all nodes. ``address`` is one outside the cluster. ``family``: only packets of this
    one are meant; None: of any that both ends have.
    """

    name: str
    place: Place | None = None
    ends: tuple[Workload | Pod | Node, ...] = ()
    any_node: bool = False
    address: Address | None = None
    family: Family | None = None

    def speaks(self, address: Address) -> bool:
        """Whether the packet that is meant can go to an address: both are of one IP family."""
        if self.address is not None and self.address.version != address.version:
            return False
        return self.family is None or family_of(address) is self.family

    @property
    def words(self) -> str:
        """The start as a sentence names it."""
        return _PLACE_WORDS[self.place] if self.place in _PLACE_WORDS and self.name in _PLACES else self.name

    @property
    def in_cluster(self) -> bool:
        """Whether a pod or a node sends it: then nodes of the cluster translate Service addresses at once."""
        return bool(self.ends)

    @property
    def pods(self) -> tuple[Pod, ...]:
        """The pods that send it; none for a node or an address."""
        found = ((end.endpoints if isinstance(end, Workload) else (end,)) for end in self.ends if _runs(end))
        return tuple(pod for pods in found for pod in pods if isinstance(pod, Pod))


def _runs(end: Workload | Pod | Node) -> bool:
    return not isinstance(end, Node)


def addresses_of_end(end: Workload | Pod | Node) -> tuple[Address, ...]:
    """The addresses that a workload's pods, a pod or a node has in the input."""
    if isinstance(end, Node):
        shown = (address_or_none(text) for text in end.addresses_of("InternalIP"))
        return tuple(address for address in shown if address is not None)
    pods = end.endpoints if isinstance(end, Workload) else (end,)
    return tuple(address for pod in pods for address in pod.ips)


class GoalKind(Enum):
    """What a packet can be sent to."""

    URL = "URL"
    SERVICE = "Service"
    END = "pod or node"
    ADDRESS = "address"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Goal:
    """Where the packet goes to; what does not belong to its ``kind`` is None or "".

    ``port`` is a number or a Service port's name; None where none was given. ``by_name``: the sender asks DNS.
    """

    kind: GoalKind
    name: str
    port: int | str | None = None
    protocol: Protocol | None = None
    url: UrlRequest | None = None
    service: ObjectRef | None = None
    end: Workload | Pod | Node | None = None
    address: Address | None = None
    host: str = ""

    @property
    def number(self) -> int:
        """The port as a number; 0 for a name or none."""
        return self.port if isinstance(self.port, int) else 0


def read_start(text: str, snapshot: Snapshot) -> Start:
    """``internet``, ``vnet``, ``node``, a reference or an address. Raises ModelError with a sentence."""
    text = _bounded(text, "--from")
    if text.lower() in _PLACES:
        return Start(text.lower(), place=_PLACES[text.lower()])
    if text.lower() == ANY_NODE:
        if not snapshot.nodes:
            raise ModelError("the input holds no Node, so none of them can be the sender: load the Nodes")
        return Start(ANY_NODE, ends=snapshot.nodes, any_node=True)
    end = parse_end(text, snapshot)
    if isinstance(end, Workload | Pod | Node):
        return Start(name_of(end), ends=(end,))
    if isinstance(end, AddressSet):
        raise ModelError(f"{text[:64]} is a range: a trace starts at internet, vnet, node, a reference or one address")
    return Start(str(end), address=end)


def read_goal(text: str, snapshot: Snapshot, start: Start) -> Goal:
    """A URL, ``svc/namespace/name:port``, a name, an address or a reference with a port. Raises ModelError.

    A name without dots, or with one, is tried as a Service in the sender's search domains.
    """
    text = _bounded(text, "--to")
    if "://" in text:
        try:
            url = parse_url(text)
        except UrlError as error:
            raise ModelError(str(error)) from None
        return Goal(GoalKind.URL, str(url), url.port, Protocol.TCP, url=url)
    found = _TO.fullmatch(text)
    if found is None:
        raise ModelError(
            f"{text[:100]!r} is no destination: write a URL, svc/namespace/name:port, namespace/name:port, name:port, "
            "address:port or [IPv6 address]:port, with /UDP or /SCTP behind where it isn't TCP"
        )
    named, protocol = found["bracketed"] or found["plain"], _protocol(found["protocol"])
    port = _port(found["port"])
    return _goal(named, port, protocol, snapshot, start)


def _goal(named: str, port: int | str | None, protocol: Protocol | None, snapshot: Snapshot, start: Start) -> Goal:
    parts = named.split("/")
    if parts[0] == "svc" and len(parts) == 3:
        return _service(named, ObjectRef(parts[1], parts[2], "Service"), port, protocol, snapshot, "")
    if (address := _address(named)) is not None:
        number = _number(named, port)
        shown = f"[{address}]:{number}" if address.version == 6 else f"{address}:{number}"
        return Goal(GoalKind.ADDRESS, shown, number, protocol, address=address)
    if "/" not in named and (ref := _service_called(named, snapshot, start)) is not None:
        return _service(named, ref, port, protocol, snapshot, canonical(named))
    if "/" not in named and "." in named and _HOST.fullmatch(canonical(named)):
        number = _number(named, port)
        return Goal(GoalKind.NAME, f"{canonical(named)}:{number}", number, protocol, host=canonical(named))
    try:
        end = parse_end(named, snapshot)
    except ModelError:
        ref = ObjectRef(parts[0], parts[-1], "Service")
        if len(parts) == 2 and ref in snapshot.service_by_ref:
            return _service(named, ref, port, protocol, snapshot, "")
        raise
    if not isinstance(end, Workload | Pod | Node):
        raise ModelError(f"{named[:64]} is a range: a trace goes to one address")
    number = _end_port(named, end, port)
    return Goal(GoalKind.END, f"{name_of(end)} port {number}", number, protocol, end=end)


def _service(
    named: str,
    ref: ObjectRef,
    port: int | str | None,
    protocol: Protocol | None,
    snapshot: Snapshot,
    host: str,
) -> Goal:
    service = snapshot.service_by_ref.get(ref)
    if service is None:
        near = sorted(s.ref.qualified_name for s in snapshot.services if s.namespace == ref.namespace)[:20]
        listed = "; candidates:\n  " + "\n  ".join(near) if near else ""
        raise EndNotFound(f"no Service {ref.qualified_name[:200]} in the input{listed}", ref)
    fitting = [
        p for p in service.ports if port in (None, p.port, p.name) and protocol in (None, p.protocol)
    ]  # a name's case counts
    if port is None and len(service.ports) == 1:
        port = service.ports[0].port
    elif port is None:
        ports = ", ".join(f"{p.port}/{p.protocol.value}" for p in service.ports) or "none"
        raise ModelError(f"say which port of {ref.qualified_name}: {ports}")
    if protocol is None and len(fitting) == 1:
        protocol = fitting[0].protocol
    return Goal(GoalKind.SERVICE, f"{ref.qualified_name}:{port}", port, protocol, service=ref, host=host)


def _service_called(name: str, snapshot: Snapshot, start: Start) -> ObjectRef | None:
    """The Service that a name means to the sender: NAME.NAMESPACE.svc, or short in a pod's search domains."""
    name = canonical(name)
    if found := _CLUSTER_NAME.fullmatch(name):
        return ObjectRef(found["namespace"], found["name"], "Service")
    own = [pod.namespace for pod in start.pods][:1]
    labels = name.split(".")
    if own and len(labels) == 1:
        labels.append(own[0])
    ref = ObjectRef(labels[-1], labels[0], "Service")
    return ref if own and len(labels) == 2 and ref in snapshot.service_by_ref else None


def _end_port(named: str, end: Workload | Pod | Node, port: int | str | None) -> int:
    """A number, or the one that a port's name has on all of the pods."""
    if isinstance(port, str) and not isinstance(end, Node):
        pods = end.endpoints if isinstance(end, Workload) else (end,)
        numbers = {p.port for pod in pods for p in pod.ports if p.name == port}
        if len(numbers) == 1:
            return numbers.pop()
        raise ModelError(f"{named[:100]} has no port called {port[:63]!r}, or several")
    return _number(named, port)


def _number(named: str, port: int | str | None) -> int:
    if isinstance(port, int):
        return port
    if port is None:
        raise ModelError(f"{named[:100]} needs a port: write {named[:100]}:443")
    raise ModelError(f"{port[:63]!r} is no port number")


def _port(text: str | None) -> int | str | None:
    if text is None or not (text.isascii() and text.isdecimal()):
        return text
    number = int(text)
    if not FIRST_PORT <= number <= LAST_PORT:
        raise ModelError(f"port {text[:20]} is not within {FIRST_PORT}-{LAST_PORT}")
    return number


def _protocol(word: str | None) -> Protocol | None:
    if word is None:
        return None
    if word.upper() not in Protocol.__members__:
        raise ModelError(f"{word!r} is none of {', '.join(Protocol.__members__)}")
    return Protocol[word.upper()]


def _address(text: str) -> Address | None:
    try:
        return parse_address(text)
    except ModelError:
        return None


def _bounded(text: str, option: str) -> str:
    text = text.strip()
    if not text:
        raise ModelError(f"{option} is empty")
    if len(text) > CHARS_MAX:
        raise ModelError(f"{option} is longer than {CHARS_MAX} characters")
    if not text.isprintable():
        raise ModelError(f"{option} holds a character that can't be printed")
    return text
