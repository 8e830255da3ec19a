"""What comes in through a load balancer or a node port, at the pod: as from whom, and what policies say to that.

The same reading as that of ``lib.flows.load_balancers``, by the same engine. What a node sends on with its own address
is not the node's own traffic, which its pods always let in: that is from "processes running on the host" (Calico,
"Protect hosts"), and of anything else the API says that "it is not defined whether this happens before or after
NetworkPolicy processing" (kubernetes.io, "Network Policies"). Where nothing settles whether policies see the client or
the node, both are asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from lib.azure.client_address import seen_address
from lib.azure.data_plane import DataPlane
from lib.facts.readings import SeenAs
from lib.facts.service_traffic import ClientAddress
from lib.flows.load_balancers import SOME, settle, uncounted
from lib.model.cluster import Node, Pod
from lib.model.services import Service, TrafficPolicy
from lib.model.sets import AddressSet, Protocol
from lib.policy.points import End, points_of
from lib.trace.context import Context
from lib.trace.hop import Hop, HopKind, HopVerdict, Way
from lib.trace.policies import Asked, Flow, ask, deciders_of, missed, reason_of, way_of
from lib.trace.service import Target

PAIRS_MAX: Final = 64
"""So many pairs of a node and a pod are asked about for one target; alike ones are asked about once."""
DATA_PLANES: Final = {"cilium": "Cilium", "kube-proxy": "kube-proxy"}
"""What people call the data planes."""
_SOMEBODY: Final = "a node, which is not in the input"
_VERDICTS: Final = {
    "allowed": HopVerdict.ALLOWED,
    "denied": HopVerdict.DENIED,
    "unknown": HopVerdict.UNKNOWN,
    "partial": HopVerdict.DEPENDS,
    SOME: HopVerdict.DEPENDS,
}


@dataclass(frozen=True, slots=True)
class Client:
    """Who sent the packet, as far as its address is seen; ``nodes`` are those that can receive it, all for none."""

    end: End
    name: str
    nodes: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class _Case:
    """One way of seeing the sender at the targets; ``before``: as policies see it that are asked before it is so."""

    seen: ClientAddress
    asked: tuple[Asked, ...]
    somebody: bool
    before: bool = False

    @property
    def verdict(self) -> str:
        """The engine's word for all pairs of the case; where no node is known, only what holds for everybody counts."""
        # The policies of who sends it on are none of its own.
        words = {"unknown" if a.open[1] else a.answer.directions[1].verdict for a in self.asked}
        if self.somebody and words != {"allowed"}:
            return "unknown"
        if len(words) == 1:
            return SOME if words == {"partial"} else words.pop()
        return "unknown" if "unknown" in words else SOME


def arrival_hop(
    context: Context, service: Service, targets: Sequence[Target], protocol: Protocol, client: Client
) -> Hop:
    """Whether the pods' policies let it in, by each address that they may see as the sender's."""
    policy = service.external_traffic_policy
    name = targets[0].name if len(targets) == 1 else f"{targets[0].name} and {len(targets) - 1} more"
    rows, certain = _rows(context, service)
    if open_because := uncounted(context.engine, policy):
        change = "no policy: this engine does not ask them here; one that does may stop it"
        after = _after(rows, client)
        source = targets[0].source
        return Hop(HopKind.INGRESS, HopVerdict.ALLOWED, name, open_because, source, change=change, source_after=after)
    cases = [_case(context, row, targets, protocol, client) for row in rows]
    if not certain and policy is TrafficPolicy.CLUSTER and all(row.seen != "client" for row in rows):
        cases.append(replace(_case(context, replace(rows[0], seen="client"), targets, protocol, client), before=True))
    cases = [case for case in cases if case.asked]
    word, doubt = settle(
        context.engine, policy, {case.verdict for case in cases}, source_known=certain or policy is TrafficPolicy.LOCAL
    )
    ways = tuple(
        Way(_label(case, client), _VERDICTS[case.verdict], reason_of([_way(a) for a in case.asked])) for case in cases
    )
    deciders = deciders_of(a.answer.directions[1] for case in cases for a in case.asked if not a.open[1])
    verdict = _VERDICTS[word]
    return Hop(
        HopKind.INGRESS,
        verdict,
        name,
        doubt or _reason(verdict, ways),
        deciders[0].source if deciders else targets[0].source,
        deciders,
        ways if len(ways) > 1 else (),
        _change(verdict, client, name, service, f"{protocol.value} {targets[0].port}"),
        source_after=_after([case.seen for case in cases if not case.before], client),
        notes=() if verdict is HopVerdict.ALLOWED else missed([a for case in cases for a in case.asked], 1),
    )


def _way(asked: Asked) -> Way:
    return way_of(asked, 1)


def _rows(context: Context, service: Service) -> tuple[tuple[ClientAddress, ...], bool]:
    """The ways in which pods see the sender, and whether it is settled that their policies see it so, too.

    By the engine where its documentation says it, unless a person says what the data plane is; else by the data plane.
    """
    found = seen_address(service, context.data_plane).ways
    if service.external_traffic_policy is TrafficPolicy.CLUSTER:
        plane = {SeenAs.BOTH: "cilium", SeenAs.NODE: "kube-proxy"}.get(context.engine.profile.cluster_policy_source)
        if plane is not None and not context.given.data_plane:
            found = seen_address(service, DataPlane(plane, "the policy engine has it")).ways
        return found, plane is not None
    # Every data plane shows the client, so that one of them stands for all.
    return found[:1], True


def _case(context: Context, row: ClientAddress, targets: Sequence[Target], protocol: Protocol, client: Client) -> _Case:
    flows: list[Flow] = []
    somebody = False
    for target in targets:
        if row.seen == "client":
            flows += [Flow(client.end, e, protocol, target.port, target.name, client.name) for e in target.ends]
            continue
        pairs = _pairs(context, target, client, others_only=row.seen != "node")
        flows += [Flow(node, pod, protocol, target.port, target.name, sent_on=True) for node, pod in pairs]
        if not context.snapshot.nodes:
            somebody = True
            everybody = AddressSet.all()
            flows += [Flow(everybody, e, protocol, target.port, target.name, _SOMEBODY) for e in target.ends]
    return _Case(row, ask(context, flows), somebody)


def _pairs(context: Context, target: Target, client: Client, *, others_only: bool) -> Iterator[tuple[Node, End]]:
    """Pairs of a node that received the packet and an endpoint, one for each that rules may treat unlike others.

    ``others_only``: only where the endpoint runs on another node, or where that is not known.
    """
    nodes = client.nodes or context.snapshot.nodes
    kinds = context.engine.spaces.endpoints.nodes
    pods: list[Pod | End] = list(target.pods) or list(target.ends)
    told: set[tuple[object, ...]] = set()
    for pod in pods:
        home = pod.node_name if isinstance(pod, Pod) else ""
        number = points_of(context.engine, pod)[0].number
        for node in nodes:
            key = (number, kinds[node.name])
            if key in told or (others_only and home and node.name == home):
                continue
            if len(told) == PAIRS_MAX:
                return
            told.add(key)
            yield node, pod


def _label(case: _Case, client: Client) -> str:
    plane = DATA_PLANES.get(case.seen.data_plane, case.seen.data_plane)
    if case.before:
        return f"{plane}: policies that are asked before the translation see {client.name}"
    whom = client.name if case.seen.seen == "client" else "the receiving node"
    return f"{plane}: a pod on {case.seen.backend} sees {whom}"


def _reason(verdict: HopVerdict, ways: Sequence[Way]) -> str:
    if verdict is HopVerdict.DEPENDS and len(ways) == 1:
        return f"it depends on the sender's address: {ways[0].reason}"
    if verdict is HopVerdict.DEPENDS:
        parts = "; ".join(f"{way.label}: {way.verdict.value}" for way in ways)
        return f"it depends on the node: {parts}"
    return "; ".join(dict.fromkeys(way.reason for way in ways))


def _after(rows: Sequence[ClientAddress], client: Client) -> str:
    return " or ".join(dict.fromkeys(client.name if row.seen == "client" else "the receiving node" for row in rows))


def _change(verdict: HopVerdict, client: Client, name: str, service: Service, port: str) -> str:
    if verdict is HopVerdict.ALLOWED:
        return ""
    let_in = f"an ingress rule that permits {port} from {client.name}, in a policy that selects {name}"
    if service.external_traffic_policy is TrafficPolicy.LOCAL:
        return let_in
    return f"{let_in}, and for the nodes; with externalTrafficPolicy Local the rule for the client is enough"
