"""What the naive evaluator is asked about: two ends, and one packet between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Raw = dict[str, Any]


@dataclass(frozen=True)
class PodEnd:
    """A pod as one end of a flow."""

    namespace: str
    name: str


@dataclass(frozen=True)
class AddressEnd:
    """An address outside the cluster as one end of a flow."""

    address: str


End = PodEnd | AddressEnd


@dataclass(frozen=True)
class Packet:
    """The first packet of a connection, as the policies of one side see it.

    ``subject`` is the pod whose policies are asked and ``other`` the other end: the source for ``Ingress``, the
    destination for ``Egress``. ``family`` is 4 or 6. Of ICMP the port is the type of the
    message.
    """

    direction: Literal["Ingress", "Egress"]
    subject: PodEnd
    other: End
    protocol: str
    port: int
    family: int

    @property
    def source(self) -> End:
        """The end that opens the connection."""
        return self.other if self.direction == "Ingress" else self.subject

    @property
    def destination(self) -> End:
        """The end whose port it is."""
        return self.subject if self.direction == "Ingress" else self.other
