"""One row of the flows: two ends, a verdict, and the ports that it is about."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Any, Final

from lib.model.records import dataclass
from lib.model.refs import ObjectRef
from lib.model.sets import ConnectionSet
from lib.policy.bits import Bits
from lib.policy.by_family import words_by_family
from lib.policy.engine import Engine
from lib.policy.pairs import Sum


class RowVerdict(Enum):
    """Allowed for all pods of both ends, for some of them or one IP family only, or undecidable from the input."""

    ALLOWED = "allowed"
    PARTIAL = "partial"
    UNKNOWN = "unknown"


NO_PORTS: Final = ConnectionSet()


@dataclass(frozen=True, slots=True)
class FlowRow:
    """A permitted or undecidable flow between two ends; ports of one pair's rows never overlap.

    ``src`` and ``dst`` are the stable names of the command line; the refs are None for ends that are no object.
    ``pods`` is ``k/n`` for a partial row: of the pods of the only end that has several, else of all pairs of pods.
    It is "" where all have the same and only IP families differ, which ``reason`` says.
    ``reason`` is "" unless there is something to say. ``host``: one end uses its node's network.
    ``only_ipv4`` and ``only_ipv6`` are those of a partial row's ports that its ends have over one IP family only.
    """

    src: str
    dst: str
    ports: ConnectionSet
    verdict: RowVerdict = RowVerdict.ALLOWED
    pods: str = ""
    reason: str = ""
    host: bool = False
    src_ref: ObjectRef | None = None
    dst_ref: ObjectRef | None = None
    only_ipv4: ConnectionSet = NO_PORTS
    only_ipv6: ConnectionSet = NO_PORTS

    def to_json(self) -> dict[str, Any]:
        """The row as the command line writes it; keys without anything to say are left out."""
        row: dict[str, Any] = {
            "src": self.src,
            "dst": self.dst,
            "ports": self.ports.to_json(),
            "verdict": self.verdict.value,
        }
        if self.pods:
            row["pods"] = self.pods
        if self.reason:
            row["reason"] = self.reason
        if self.host:
            row["host"] = True
        for name, ports in (("only_ipv4", self.only_ipv4), ("only_ipv6", self.only_ipv6)):
            if ports:
                row[name] = ports.to_json()
        return row


def verdicts(total: Sum) -> Iterator[tuple[RowVerdict, Bits, str]]:
    """The rows that a pair of ends needs: verdict, port mask, and ``k/n`` for the partial one."""
    if total.every:
        yield RowVerdict.ALLOWED, total.every, ""
    if total.some:
        yield RowVerdict.PARTIAL, total.some, "" if total.alike else f"{total.have}/{total.total}"
    if total.unknown:
        yield RowVerdict.UNKNOWN, total.unknown, ""


def over_one_family(engine: Engine, total: Sum, verdict: RowVerdict) -> tuple[ConnectionSet, ConnectionSet]:
    """The ports of a row that its ends have over IPv4 only, and over IPv6 only."""
    only_ipv4, only_ipv6 = total.only if verdict is RowVerdict.PARTIAL else (0, 0)
    return engine.connections(only_ipv4), engine.connections(only_ipv6)


def reason_of(engine: Engine, total: Sum, verdict: RowVerdict, host: bool) -> str:
    """Why a row is unknown or partial, in a sentence part; "" where the count of pods says it, or nothing is to say."""
    match verdict:
        case RowVerdict.UNKNOWN:
            return unknown_reason(engine, host)
        case RowVerdict.PARTIAL if total.parted is not None:
            told = words_by_family(total.parted, total.some)
            whose = "" if total.alike else "of some pods "
            if len(told) == 1 and (whose or total.some in told.values()):
                return whose + next(iter(told))
            return "; ".join(f"{engine.connections(ports)} {whose}{words}" for words, ports in told.items())
        case _:
            return ""


UNKNOWN_NODE = "a pod's own node is exempt from policies, and the input does not settle which pods share a node"


NAMED_DOUBTS = 3


def unknown_reason(engine: Engine, host: bool) -> str:
    """Why a flow is unknown, in a sentence part."""
    if host and not engine.doubts:
        return UNKNOWN_NODE
    doubts = " or ".join(engine.doubts[:NAMED_DOUBTS]) or engine.spaces.address_doubt
    return f"the input does not settle {doubts}" + (f"; or {UNKNOWN_NODE}" if host else "")
