"""What Calico keeps open on the interfaces of nodes, as documented."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Any

from lib.facts.files import read_list
from lib.model.policies import Direction
from lib.model.records import dataclass
from lib.model.sets import Protocol


@dataclass(frozen=True, slots=True)
class FailsafePorts:
    """The default failsafe ports of a direction, seen from the node."""

    incoming: tuple[tuple[Protocol, int], ...]
    outgoing: tuple[tuple[Protocol, int], ...]
    source: str
    checked: date

    def of(self, direction: Direction) -> tuple[tuple[Protocol, int], ...]:
        """Destination ports: the node's own for what comes in, those of others for what goes out."""
        return self.incoming if direction is Direction.INGRESS else self.outgoing


@cache
def failsafe_ports() -> FailsafePorts:
    """The ports as they are without a FelixConfiguration."""
    (entry,) = read_list("calico_hosts.yaml")
    return FailsafePorts(_ports(entry["incoming"]), _ports(entry["outgoing"]), entry["source"], entry["checked"])


def _ports(by_protocol: dict[str, Any]) -> tuple[tuple[Protocol, int], ...]:
    return tuple((Protocol(name), number) for name, numbers in by_protocol.items() for number in numbers)
