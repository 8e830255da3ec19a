"""The smallest change that would allow a denied flow: NetworkPolicies as YAML, parsed and evaluated like any other."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from itertools import islice
from typing import Any, Final

import yaml

from lib.facts.engines import Known
from lib.facts.internet import BY_WORD
from lib.model.cluster import METADATA_NAME_LABEL, Node, Pod, Workload
from lib.model.policies import Direction, NetworkPolicy, Verdict
from lib.model.refs import ObjectRef
from lib.model.sets import Address, AddressSet, ConnectionSet, Family, Network, Protocol
from lib.policy.decide import Decision, Reason
from lib.policy.ends import outside_addresses
from lib.policy.engine import Engine, compile_engine
from lib.policy.explain import Explanation
from lib.policy.isolation import Isolation, newly_isolated
from lib.policy.points import End, name_of
from lib.scenario.changes import FlowChange
from lib.scenario.diff import diff
from lib.scenario.labels import telling_labels
from lib.scenario.recommendation.blocks import ip_blocks
from lib.scenario.recommendation.selectors import PodSelectors
from lib.scenario.whatif import PolicyEdit, edited

OTHERS_UP_TO: Final = 1_000
_BLOCKS_UP_TO: Final = 64
_NAME_UP_TO: Final = 253

Parse = Callable[[str], Sequence[NetworkPolicy]]
"""Reads the policies of YAML text as the input's own are read; raises ModelError for one that is refused."""

Raw = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SmallestChange:
    """NetworkPolicies that allow a flow, and everything else that they do; or the reason why there are none.

    ``policies`` are YAML documents, as few as will do; empty where ``refused`` says why. ``others`` are the flows but
    for the asked one that they would add or lose, at most OTHERS_UP_TO: there are more where ``cut``. ``isolated``:
    what no policy isolated before. ``left_out``: what was not compared, in sentences; "" where that is nothing.
    """

    policies: tuple[str, ...] = ()
    others: tuple[FlowChange, ...] = ()
    isolated: tuple[Isolation, ...] = ()
    cut: bool = False
    refused: str = ""
    left_out: str = ""

    @property
    def text(self) -> str:
        """All policies as one YAML text."""
        return "---\n".join(self.policies)


class _RefusedError(Exception):
    """Why there is no change to offer."""


def smallest_change(
    engine: Engine,
    src: End,
    dst: End,
    protocol: Protocol | None,
    port: int | None,
    parse: Parse,
    family: Family | None = None,
) -> SmallestChange | None:
    """What to add so that every pair of pods has every asked port; None where nothing is missing.

    With ``family`` packets of one IP family are asked about; the policies name pods, and so let both families through.

    Refused where the input or the engine's documentation does not settle the answer as it is, since a change would
    hide that, and where no added NetworkPolicy can help.
    """
    answer = engine.explain(src, dst, protocol, port, family)
    if answer.connections == answer.asked:
        return None
    question = _Question(engine, src, dst, protocol, port, parse)
    try:
        needed = _needed(answer)
        tries = [needed]
        if all(d.reason is Reason.NO_COMMON_FAMILY for _, ds in _blocked(answer) for d in ds):
            # One direction may be enough to give both a family in common.
            tries = [(direction,) for direction in needed] + tries
        result = answer
        for directions in tries:
            documents = question.policies(directions)
            put = tuple(p for text in documents for p in parse(text))
            after = compile_engine(edited(engine.snapshot, PolicyEdit(put=put)), engine.profile)
            result = after.explain(src, dst, protocol, port, family)
            if result.connections == result.asked:
                return question.evaluated(documents, after, answer.asked)
        raise _RefusedError(_why_not(result))
    except _RefusedError as error:
        return SmallestChange(refused=str(error))


def _blocked(answer: Explanation) -> Iterator[tuple[Direction, list[Decision]]]:
    """The decisions by which some pair of pods lacks some asked port."""
    for direction in answer.directions:
        lacking = [d for d in direction.decisions if not _is_open(d)]
        if lacking:
            yield direction.direction, lacking


def _is_open(decision: Decision) -> bool:
    return decision.reason in _ALWAYS_OPEN or (decision.evidence.covers_all and decision.evidence.families_meet)


_ALWAYS_OPEN: Final = frozenset(
    {Reason.NOT_ENFORCED, Reason.SAME_POD, Reason.OUTSIDE, Reason.NODE_SIDE, Reason.OWN_NODE, Reason.NOT_ISOLATED}
)


def _needed(answer: Explanation) -> tuple[Direction, ...]:
    found = list(_blocked(answer))
    for _, decisions in found:
        for decision in decisions:
            if decision.reason.verdict is Verdict.UNKNOWN or decision.evidence.undecided:
                raise _RefusedError(f"{decision}; settle this first: a change would hide it")
            if decision.evidence.rejected:
                refs = ", ".join(str(r.ref) for r in decision.evidence.rejected[:3])
                raise _RefusedError(f"{refs} was rejected and may permit the flow; mend it first")
    if not found:
        raise _RefusedError("the input has no pods to permit it for")
    return tuple(direction for direction, _ in found)


def _why_not(answer: Explanation) -> str:
    denying = {f"{rule.policy} {rule.label}" for _, ds in _blocked(answer) for d in ds for rule in d.evidence.denying}
    if denying:
        return (
            f"denied by {', '.join(sorted(denying)[:3])}, which is asked before any NetworkPolicy: no added "
            "NetworkPolicy can help; change that rule"
        )
    reasons = "; ".join(str(d) for _, ds in _blocked(answer) for d in ds[:1])
    return f"no added NetworkPolicy can help: even with one, {reasons}"


@dataclass(frozen=True, slots=True)
class _Question:
    engine: Engine
    src: End
    dst: End
    protocol: Protocol | None
    port: int | None
    parse: Parse

    def policies(self, directions: Iterable[Direction]) -> tuple[str, ...]:
        """One policy for each end that needs one; a single one where both directions have the same subject."""
        specs: dict[tuple[str, str], Raw] = {}
        for direction in directions:
            subject, peer = (self.src, self.dst) if direction is Direction.EGRESS else (self.dst, self.src)
            if not isinstance(subject, Workload | Pod):
                raise _RefusedError(f"no NetworkPolicy selects {name_of(subject)}")
            selector = self._selector(subject)
            key = (subject.namespace, str(selector))
            spec = specs.setdefault(key, {"podSelector": selector, "policyTypes": []})
            spec["policyTypes"].append(direction.value)
            rule: Raw = {"from" if direction is Direction.INGRESS else "to": self._peers(peer, subject.namespace)}
            if self.protocol is not None or self.port is not None:
                number = {} if self.port is None else {"port": self.port}
                rule["ports"] = [{"protocol": (self.protocol or Protocol.TCP).value, **number}]
            spec[direction.field] = [rule]
        taken = {p.ref for p in self.engine.snapshot.network_policies}
        documents = []
        for (namespace, _), spec in specs.items():
            name = _free_name(self._name(spec["policyTypes"][0]), namespace, taken)
            taken.add(ObjectRef(namespace, name, "NetworkPolicy"))
            documents.append(
                yaml.safe_dump(
                    {
                        "apiVersion": "networking.k8s.io/v1",
                        "kind": "NetworkPolicy",
                        "metadata": {"name": name, "namespace": namespace},
                        "spec": spec,
                    },
                    sort_keys=False,
                )
            )
        return tuple(documents)

    def _selector(self, end: Workload | Pod) -> Raw:
        """Takes the pods of an end and as few others as can be, by labels that no rollout changes."""
        snapshot, pods = self.engine.snapshot, _endpoints(end)
        workload = end if isinstance(end, Workload) else snapshot.workload_by_pod[end.ref]
        if pods == workload.endpoints and not workload.host_network:
            return PodSelectors(snapshot).of(workload).raw()
        labels = telling_labels(snapshot, pods)
        return {"matchLabels": labels} if labels else {}

    def _peers(self, end: End, namespace: str) -> list[Raw]:
        if isinstance(end, Workload | Pod) and not end.host_network:
            peer: Raw = {"podSelector": self._selector(end)}
            if end.namespace != namespace:
                by_name = {"matchLabels": {METADATA_NAME_LABEL: end.namespace}}
                peer = {"namespaceSelector": by_name, **peer}
            return [peer]
        blocks = self._blocks(end)
        if not blocks:
            raise _RefusedError("the input does not show the addresses that an ipBlock would have to name")
        if len(blocks) > _BLOCKS_UP_TO:
            raise _RefusedError(f"more than {_BLOCKS_UP_TO} ipBlocks would be needed to name {name_of(end)}")
        return blocks

    def _blocks(self, end: End) -> list[Raw]:
        match end:
            case AddressSet():
                return ip_blocks(end)
            case Workload() | Pod() | Node():
                return [{"ipBlock": {"cidr": str(_block(ip_address(text)))}} for text in self._node_addresses(end)]
            case _:
                return [{"ipBlock": {"cidr": str(_block(end))}}]

    def _node_addresses(self, end: Workload | Pod | Node) -> list[str]:
        profile = self.engine.profile
        if profile.ip_block_matches_nodes is not Known.YES:
            raise _RefusedError(
                f"under {profile.label} no NetworkPolicy can surely name a node, or what runs on its network"
            )
        nodes = {n.name: n for n in self.engine.snapshot.nodes}
        names = [end.name] if isinstance(end, Node) else [p.node_name for p in _endpoints(end)]
        if not nodes.keys() >= set(names):
            raise _RefusedError("the input does not show on which nodes the pods run, whose addresses an ipBlock needs")
        return list(dict.fromkeys(a for name in names for a in nodes[name].addresses_of("InternalIP")))

    def _name(self, direction: str) -> str:
        src, dst = (_short(end) for end in (self.src, self.dst))
        return f"allow-{dst}-from-{src}" if direction == Direction.INGRESS.value else f"allow-{src}-to-{dst}"

    def evaluated(self, documents: tuple[str, ...], after: Engine, asked: ConnectionSet) -> SmallestChange:
        """The change with everything that it does besides."""
        found = diff(self.engine, after, (), ())
        rows = (row for row in found.rows(None) if not self._is_asked(row, asked))
        others = tuple(islice(rows, OTHERS_UP_TO + 1))
        return SmallestChange(
            documents,
            others[:OTHERS_UP_TO],
            newly_isolated(self.engine, after),
            len(others) > OTHERS_UP_TO,
            left_out=found.left_out,
        )

    def _is_asked(self, row: FlowChange, asked: ConnectionSet) -> bool:
        """Whether a row that differs is what was asked for and no more."""
        return row.ports <= asked and _is_end(self.src, row.src) and _is_end(self.dst, row.dst)


def _is_end(end: End, name: str) -> bool:
    addresses = outside_addresses(name)
    match end:
        case Workload():
            return name == str(end.ref)
        case AddressSet():
            return addresses is not None and addresses <= end
        case Pod():
            # A row is about all pods of a workload; only of a pod that is alone it is about no other.
            return name == str(end.ref)
        case Node():
            # An ipBlock means whoever has the address, and that is the node.
            own = AddressSet.from_networks(_block(ip_address(text)) for text in end.addresses_of("InternalIP"))
            return name == name_of(end) or (addresses is not None and addresses <= own)
        case _:
            return addresses == AddressSet.from_networks([_block(end)])


def _block(address: Address) -> Network:
    return ip_network(address)


def _endpoints(end: Workload | Pod) -> tuple[Pod, ...]:
    return (end,) if isinstance(end, Pod) else end.endpoints


def _short(end: End) -> str:
    """An end as part of an object's name."""
    if isinstance(end, Workload | Pod):
        return end.ref.name
    if isinstance(end, Node):
        return end.name
    if name_of(end) in BY_WORD:
        return name_of(end)
    first = next(iter(end.ranges()))[0] if isinstance(end, AddressSet) else end
    return str(first).replace(":", "-").strip("-") or "any"


def _free_name(wished: str, namespace: str, taken: Collection[ObjectRef]) -> str:
    base = wished[: _NAME_UP_TO - 4].rstrip("-.")
    names = itertools.chain([base], (f"{base}-{i}" for i in itertools.count(2)))
    return next(n for n in names if ObjectRef(namespace, n, "NetworkPolicy") not in taken)
