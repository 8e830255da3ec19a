"""A frontend whose address Azure has yet to give: what is known of that address all the same."""

from __future__ import annotations

from dataclasses import dataclass

from lib.model.refs import ObjectRef
from lib.model.sets import Address, Family, family_of
from lib.routing.reach import is_public


@dataclass(frozen=True, slots=True)
class Unassigned:
    """A Service's frontend of one family, in place of its address; ``words`` name it as security rules do.

    With ``unused`` Azure will choose an address for it that nothing has yet.
    """

    service: ObjectRef
    family: Family
    public: bool
    words: str
    unused: bool

    def __str__(self) -> str:
        return self.words


Receiver = Address | Unassigned
"""What a packet to a frontend is sent to."""


def family_at(receiver: Receiver) -> Family:
    """The IP family of packets to a receiver."""
    return receiver.family if isinstance(receiver, Unassigned) else family_of(receiver)


def public_at(receiver: Receiver) -> bool:
    """Whether a receiver has, or will have, an address of the Internet."""
    return receiver.public if isinstance(receiver, Unassigned) else is_public(receiver)
