"""Which engines may enforce what an input holds, where it holds objects for two that each ignore the other's.

Calico and Cilium both say what NetworkPolicies and their own kinds mean, and neither what the other's do. Where
policies of both stand in one input and no engine was chosen, either may enforce them, or each on some nodes, as while a
cluster moves from one to the other. So every stage is compiled as each of them reads it: what all readings allow is
allowed, what all deny is denied, and what they do not agree on is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from lib.model.calico_names import CALICO_NETWORK_POLICY
from lib.model.policies import Direction
from lib.model.records import replace
from lib.model.refs import ObjectRef, Source
from lib.model.snapshot import Snapshot
from lib.policy.compile import Spaces
from lib.policy.engines import CALICO_GROUP, CILIUM_GROUP, IGNORED_BY, EngineProfile
from lib.policy.rules import CompiledPolicy, CompiledRule, Named, NodeScope, PortsAt, Stage

DOUBT: Final = "which engine enforces the policies, Calico or Cilium, of both of which the input holds objects"
OWN_PODS: Final = "Calico's own nodes"
_CALICO: Final = "Calico"
_KINDS_OF_CALICO: Final = frozenset({CALICO_NETWORK_POLICY, "GlobalNetworkPolicy"})
_KINDS_OF_CILIUM: Final = frozenset({"CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy"})


def readers(snapshot: Snapshot, profile: EngineProfile) -> tuple[EngineProfile, ...]:
    """The profile as each engine that may enforce the input's policies reads them; none where there is no question."""
    both = profile.enforces_kind(CALICO_GROUP, "NetworkPolicy") and profile.enforces_kind(
        CILIUM_GROUP, "CiliumNetworkPolicy"
    )
    if not both or not any(True for _ in of_cilium(snapshot)) or not holds_calico(snapshot):
        return ()
    return tuple(replace(profile, reader=reader) for reader in IGNORED_BY)


def holds_calico(snapshot: Snapshot) -> bool:
    """Whether there is anything that decides flows where Calico enforces, and nowhere else."""
    return any(True for _ in of_calico(snapshot))


def of_calico(snapshot: Snapshot) -> Iterator[Source]:
    """Where what decides flows where Calico enforces stands; a policy or host endpoint that was rejected would, too."""
    yield from (policy.source for policy in snapshot.calico_policies)
    yield from (profile.source for profile in snapshot.calico_profiles)
    yield from (host.source for host in snapshot.host_endpoints)
    yield from (p.source for p in snapshot.rejected_policies if p.ref.kind in _KINDS_OF_CALICO)
    yield from (p.source for p in snapshot.rejected_hosts)
    yield from (pod.source for pod in snapshot.pods if pod.profiles is not None)


def of_cilium(snapshot: Snapshot) -> Iterator[Source]:
    """Where Cilium's policies stand, those among them that were rejected."""
    yield from (p.source for p in snapshot.cilium_policies)
    yield from (p.source for p in snapshot.rejected_policies if p.ref.kind in _KINDS_OF_CILIUM)


def read_by(reader: str, stages: Iterable[Stage], snapshot: Snapshot, spaces: Spaces) -> tuple[Stage, ...]:
    """The stages as those of one reader: at least one, since to whom it says nothing everything is open."""
    found = [*stages] or [Stage("policies", 0, ())]
    if reader == _CALICO:
        found.insert(0, _own_pods(snapshot, spaces))
    return tuple(replace(stage, name=f"{stage.name} (if {reader} enforces)", reader=reader) for stage in found)


def is_own_pods(stage: Stage) -> bool:
    """Whether it is no policy of the input but says that Calico's nodes reach their own pods."""
    return all(policy.ref.name == OWN_PODS for policy in stage.policies) and bool(stage.levels)


def _own_pods(snapshot: Snapshot, spaces: Spaces) -> Stage:
    """Where it is Calico that enforces, nodes reach the pods that run on them, whatever policies say."""
    source = next(of_calico(snapshot))
    ref = ObjectRef("", OWN_PODS, "Node")
    rule = CompiledRule(
        policy=ref,
        direction=Direction.INGRESS,
        label="to its own pods",
        source=source,
        text="from the pod's own node, which Calico lets reach it whatever policies say",
        subjects=spaces.endpoints.selectable,
        sure=Named(),
        possible=Named(always=spaces.endpoints.host_network),
        ports=(PortsAt(spaces.everything, spaces.ports.all),),
        doubt="whether the node is the one that the pod runs on",
        nodes=NodeScope.OWN,
    )
    policy = CompiledPolicy(ref, source, spaces.endpoints.selectable, frozenset(), (rule,))
    return Stage(OWN_PODS, 0, ((policy,),))
