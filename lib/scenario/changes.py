"""The rows of a comparison, and their count."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from lib.model.refs import ObjectRef, Source
from lib.model.sets import ConnectionSet
from lib.scenario.answer import Change, FlowAnswer, differing


@dataclass(frozen=True, slots=True)
class Cause:
    """A policy, or a rule of it, by which the answer of one reading is not that of the other.

    ``reading`` is ``old`` or ``new``: where it stands, and where ``source`` leads. ``effect``: permits, denies,
    passes, isolates or undecided, and then ``doubt`` says what is not settled. ``rule`` is "" for the whole policy.
    """

    reading: str
    policy: ObjectRef
    effect: str
    rule: str
    source: Source
    text: str = ""
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class FlowChange:
    """A flow that is not the same in both readings; names as in the rows of flows.

    ``pods`` is ``k/n`` for the ports that only some pods have, of the old and the new reading. ``workloads`` says of
    each end that only one reading has that it was added or removed. ``notes`` are what else must be known: why an
    answer is unknown, a rejected policy. ``host``: one end uses its node's network.
    ``node`` is the name of one of the nodes that an end stands for; "" where it stands for none.
    """

    change: Change
    src: str
    dst: str
    old: FlowAnswer
    new: FlowAnswer
    causes: tuple[Cause, ...] = ()
    workloads: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    pods: tuple[str, str] = ("", "")
    host: bool = False
    src_ref: ObjectRef | None = None
    dst_ref: ObjectRef | None = None
    node: str = ""

    @property
    def ports(self) -> ConnectionSet:
        """The ports whose verdict differs."""
        return differing(self.old, self.new)


@dataclass
class Tally:
    """How many flows were gained, lost, changed and left unknown: in all, and by the namespaces of their ends.

    The namespace of an end that is no workload is its name.
    """

    total: Counter[Change] = field(default_factory=Counter)
    between: dict[tuple[str, str], Counter[Change]] = field(default_factory=dict)

    def add(self, change: Change, src: str, dst: str, count: int = 1) -> None:
        """Count flows between two namespaces."""
        if count:
            self.total[change] += count
            self.between.setdefault((src, dst), Counter())[change] += count

    def __bool__(self) -> bool:
        return bool(self.total)

    @property
    def flows(self) -> int:
        """All flows that differ."""
        return sum(self.total.values())
