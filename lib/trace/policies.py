"""Policies on the way: the engine's answers for each case, as a hop for the sender and one for the receiver."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from lib.model.cluster import Node, Pod, Workload
from lib.model.refs import Source
from lib.model.sets import Protocol
from lib.policy.explain import DirectionAnswer, Explanation
from lib.policy.points import End, name_of
from lib.trace.context import Context
from lib.trace.hop import Decider, Hop, HopKind, HopVerdict, Way, together
from lib.trace.unread_pods import pod_of, why_open

DECIDERS_MAX: Final = 40
_REASONS: Final = 2
_MISSES: Final = 5
_VERDICTS: Final = {
    "allowed": HopVerdict.ALLOWED,
    "denied": HopVerdict.DENIED,
    "unknown": HopVerdict.UNKNOWN,
    "partial": HopVerdict.DEPENDS,
}


@dataclass(frozen=True, slots=True)
class Flow:
    """One case: who sends to whom on which port of the receiver; ``label`` tells the cases apart.

    ``src_name`` and ``dst_name`` name ends for people that have no short name of their own. ``sent_on``: the sender is
    a node that only sends it on for somebody else.
    """

    src: End
    dst: End
    protocol: Protocol
    port: int
    label: str = ""
    src_name: str = ""
    dst_name: str = ""
    sent_on: bool = False

    @property
    def sender(self) -> str:
        """What the sender is called."""
        return self.src_name or name_of(self.src)

    @property
    def receiver(self) -> str:
        """What the receiver is called."""
        return self.dst_name or name_of(self.dst)


@dataclass(frozen=True, slots=True)
class Asked:
    """A case and the engine's answer; ``open`` says of each direction why it is not settled, "" where it is."""

    flow: Flow
    answer: Explanation
    open: tuple[str, str] = ("", "")

    @property
    def word(self) -> str:
        """Both directions together, in the engine's words."""
        if not any(self.open):
            return self.answer.verdict
        return "denied" if HopVerdict.DENIED in (self.on_side(0), self.on_side(1)) else "unknown"

    @property
    def verdict(self) -> HopVerdict:
        """Both directions together."""
        return _VERDICTS[self.word]

    def on_side(self, number: int) -> HopVerdict:
        """One direction (0: egress, 1: ingress)."""
        return HopVerdict.UNKNOWN if self.open[number] else _VERDICTS[self.answer.directions[number].verdict]


def ask(context: Context, flows: Iterable[Flow]) -> tuple[Asked, ...]:
    """Ask the engine about every case."""
    return tuple(_asked(context, flow) for flow in flows)


def _asked(context: Context, flow: Flow) -> Asked:
    engine, ends, unread = context.engine, (flow.src, flow.dst), context.unread_pods
    answer = engine.explain(flow.src, flow.dst, flow.protocol, flow.port, sent_on=flow.sent_on)
    src, dst = (pod_of(unread, end) for end in ends)
    if src is None and dst is None:
        return Asked(flow, answer)
    flow = replace(flow, src_name=str(src or flow.src_name), dst_name=str(dst or flow.dst_name))
    leaving, entering = (why_open(engine, unread, ends, n, answer.directions[n]) for n in range(2))
    return Asked(flow, answer, (leaving, entering))


def verdict_of(asked: Sequence[Asked]) -> HopVerdict:
    """What the cases amount to, both directions together."""
    return together(each.verdict for each in asked)


def policy_hops(asked: Sequence[Asked]) -> tuple[Hop, ...]:
    """The hop of the sender's policies and that of the receiver's."""
    return tuple(_hop(asked, number, kind) for number, kind in enumerate((HopKind.EGRESS, HopKind.INGRESS)))


def way_of(asked: Asked, number: int) -> Way:
    """One direction of a case (0: egress, 1: ingress)."""
    said = asked.open[number] or _said(asked.answer.directions[number])
    return Way(asked.flow.label, asked.on_side(number), said)


def _said(direction: DirectionAnswer) -> str:
    """The reasons, at most two for each verdict: ranges of addresses that are treated alike all have their own."""
    told = {(d.verdict, str(d)) for d in direction.decisions}
    if len(told) == 1:
        return next(iter(told))[1]
    parts = []
    for verdict in dict.fromkeys(d.verdict for d in direction.decisions):
        sentences = list(dict.fromkeys(str(d) for d in direction.decisions if d.verdict is verdict))
        more = f", and {len(sentences) - _REASONS:,} more alike" if len(sentences) > _REASONS else ""
        parts.append(f"{verdict.value} since {'; '.join(sentences[:_REASONS])}{more}")
    return "; ".join(parts)


def _hop(asked: Sequence[Asked], number: int, kind: HopKind) -> Hop:
    ways = tuple(way_of(each, number) for each in asked)
    verdict = together(way.verdict for way in ways)
    whose = [each.flow.src if number == 0 else each.flow.dst for each in asked]
    names = list(dict.fromkeys(a.flow.sender if number == 0 else a.flow.receiver for a in asked))
    deciders = deciders_of(each.answer.directions[number] for each in asked if not each.open[number])
    first = deciders[0].source if deciders else source_of(whose[0])
    return Hop(
        kind,
        verdict,
        names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more",
        reason_of(ways),
        first,
        deciders,
        ways if len(ways) > 1 else (),
        _change(asked, number, verdict, deciders),
        notes=() if verdict is HopVerdict.ALLOWED else missed(asked, number),
    )


def missed(asked: Sequence[Asked], number: int) -> tuple[str, ...]:
    """The rules that came near and took no part, with the condition that failed."""
    settled = (each.answer.directions[number] for each in asked if not each.open[number])
    found = (miss for direction in settled for miss in direction.near_misses)
    said = dict.fromkeys(f"{m.policy} {m.rule} takes no part: {m.failed}." for m in found)
    return tuple(said)[:_MISSES]


def reason_of(ways: Sequence[Way]) -> str:
    """The one reason of all cases, or each different one with a case of it."""
    by_reason: dict[str, str] = {}
    for way in ways:
        by_reason.setdefault(way.reason, way.label)
    if len(by_reason) == 1:
        return next(iter(by_reason))
    return "; ".join(f"{label}: {reason}" if label else reason for reason, label in by_reason.items())


def deciders_of(directions: Iterable[DirectionAnswer]) -> tuple[Decider, ...]:
    """The policies and rules that decided, each once."""
    found = dict.fromkeys(
        Decider(str(e.policy), e.effect, e.rule, e.text, e.source) for d in directions for e in d.deciding
    )
    return tuple(found)[:DECIDERS_MAX]


def source_of(end: End) -> Source | None:
    """Where an end stands in the input; None for an address."""
    return end.source if isinstance(end, Workload | Pod | Node) else None


def _change(asked: Sequence[Asked], number: int, verdict: HopVerdict, deciders: Sequence[Decider]) -> str:
    """What would let the packet through, or who could take it back."""
    flow = next((a.flow for a in asked if way_of(a, number).verdict is not HopVerdict.ALLOWED), asked[0].flow)
    subject, peer = (flow.sender, flow.receiver) if number == 0 else (flow.receiver, flow.sender)
    word, direction = ("to", "egress") if number == 0 else ("from", "ingress")
    if verdict is HopVerdict.ALLOWED:
        return _against(subject, direction, asked[0], number, deciders)
    if denying := [d for d in deciders if d.effect == "denies"]:
        return f"take the packet out of {denying[0].name} {denying[0].rule}: no rule that permits outweighs it"
    if verdict is HopVerdict.UNKNOWN:
        return ""
    port = f"{flow.protocol.value} {flow.port}"
    return f"an {direction} rule that permits {port} {word} {peer}, in a policy that selects {subject}"


def _against(subject: str, direction: str, asked: Asked, number: int, deciders: Sequence[Decider]) -> str:
    """What would stop a packet that is let through."""
    end = asked.flow.src if number == 0 else asked.flow.dst
    if not isinstance(end, Workload | Pod | Node):
        return f"nothing in the cluster: no policy here selects {subject}"
    if isinstance(end, Node) or end.host_network:
        return f"a policy for nodes, where the engine has such: none that selects pods covers {subject}"
    permitting = [d for d in deciders if d.effect == "permits"]
    if not permitting:
        return f"a policy that selects {subject} for {direction} and has no rule for it would stop it"
    if len(permitting) == 1:
        return f"without {permitting[0].rule} of {permitting[0].name} no rule would permit it"
    return f"taking out all {len(permitting)} rules that permit it would stop it"
