"""The order in which policies are asked: which kinds stand in which stage, and who comes first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from lib.facts.engines import Known
from lib.model.calico_names import DEFAULT_TIER, TIER_PREFIX
from lib.model.cluster_policies import ClusterPolicy, PolicyTier
from lib.model.policies import Direction
from lib.model.records import replace
from lib.model.refs import ObjectRef, Source
from lib.model.snapshot import Snapshot
from lib.policy import cluster_policy, network_policy
from lib.policy.bits import Bits
from lib.policy.compile import Spaces
from lib.policy.domain_names import names_vocabulary
from lib.policy.engine_settings import CILIUM_CONFIG
from lib.policy.engines import EngineProfile
from lib.policy.readers import holds_calico, read_by, readers
from lib.policy.rules import CompiledPolicy, CompiledRule, Named, PortsAt, Stage
from lib.policy.spaces import Vocabulary
from lib.policy.unread_kinds import unread_stages

if TYPE_CHECKING:
    from lib.policy.any_policy import AnyPolicy
    from lib.policy.calico_tiers import Hosted

# Calico's numbering of tiers, which has a place for every kind (api/pkg/apis/projectcalico/v3/tier.go).
ADMIN_ORDER: Final = 1_000
DEFAULT_ORDER: Final = 1_000_000
BASELINE_ORDER: Final = 10_000_000
# Cilium has one list of policies: what one denies no other, and no NetworkPolicy, can allow.
CILIUM_DENY_ORDER: Final = DEFAULT_ORDER - 1
CILIUM_HOSTS_ORDER: Final = CILIUM_DENY_ORDER - 1
ALWAYS_DOUBT: Final = "whether nodes, whose host firewall is on, are among the endpoints that are always closed"
_NETWORK_POLICIES: Final = "NetworkPolicy"
_CILIUM_KINDS: Final = ("CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy")
_CLUSTER_KIND: Final = "ClusterNetworkPolicy"
# Which of Calico's tiers the cluster-wide kinds stand in: its "AdminNetworkPolicy priority field maps to the order
# field" of the policies of Calico's own that are put there too, and "the BaselineAdminNetworkPolicy is treated as if it
# had an order of 1,000" (docs.tigera.io, "Get started with policy tiers").
_OLD_TIERS: Final = {PolicyTier.ADMIN: "adminnetworkpolicy", PolicyTier.BASELINE: "baselineadminnetworkpolicy"}
_NEW_TIERS: Final = {PolicyTier.ADMIN: "kube-admin", PolicyTier.BASELINE: "kube-baseline"}
_BASELINE_KIND: Final = "BaselineAdminNetworkPolicy"
_BASELINE_POLICY_ORDER: Final = 1_000.0
_CLUSTER_ORDERS: Final = {PolicyTier.ADMIN: float(ADMIN_ORDER), PolicyTier.BASELINE: float(BASELINE_ORDER)}


def vocabularies(snapshot: Snapshot, profile: EngineProfile) -> Iterator[Vocabulary]:
    """Everything that the policies which ``profile`` enforces can tell apart, with what they refer to."""
    # The modules of Calico's own stages are many.
    if profile.enforces_kind("projectcalico.org", "NetworkPolicy") and holds_calico(snapshot):
        from lib.policy import calico_hosts, calico_policy, calico_profiles

        if snapshot.calico_policies or snapshot.calico_profiles:
            yield calico_policy.sets_vocabulary(snapshot)
        yield calico_profiles.vocabulary(snapshot)
        yield calico_hosts.vocabulary(snapshot)
    if _of_cilium(profile) and snapshot.cilium_policies:
        from lib.policy.cilium_match import peers_vocabulary

        yield peers_vocabulary(snapshot)
    yield names_vocabulary(snapshot, profile)
    yield from (vocabulary for _, vocabulary in policy_vocabularies(snapshot, profile))


def policy_vocabularies(snapshot: Snapshot, profile: EngineProfile) -> Iterator[tuple[AnyPolicy, Vocabulary]]:
    """What each policy that ``profile`` enforces can tell apart by its own words."""
    if profile.enforces_kind("networking.k8s.io", "NetworkPolicy"):
        yield from ((p, network_policy.vocabulary(p)) for p in snapshot.network_policies)
    if snapshot.calico_policies and profile.enforces_kind("projectcalico.org", "NetworkPolicy"):
        from lib.policy import calico_policy

        yield from ((p, calico_policy.vocabulary(p, snapshot)) for p in snapshot.calico_policies)
    if snapshot.cilium_policies and _of_cilium(profile):
        from lib.policy import cilium_policy

        yield from ((p, cilium_policy.vocabulary(p)) for p in snapshot.cilium_policies)
    yield from ((p, cluster_policy.vocabulary(p)) for p in _cluster_policies(snapshot, profile))


def _of_cilium(profile: EngineProfile) -> bool:
    """Whether one of Cilium's kinds counts at least."""
    return any(profile.enforces_kind("cilium.io", kind) for kind in _CILIUM_KINDS)


def stages(snapshot: Snapshot, spaces: Spaces) -> tuple[Stage, ...]:
    """The stages of a cluster, first asked first; those without a policy are left out.

    Where either of two engines may enforce the policies, the stages of each, one after the other.
    """
    found: list[Stage] = []
    for each in readers(snapshot, spaces.profile):
        as_read = replace(spaces, profile=each)
        found += read_by(each.reader, _stages(snapshot, as_read), snapshot, as_read)
    return tuple(found) or _stages(snapshot, spaces)


def _stages(snapshot: Snapshot, spaces: Spaces) -> tuple[Stage, ...]:
    found: list[Stage] = []
    apart = _cluster_policies(snapshot, spaces.profile)
    if spaces.profile.enforces:
        allowing: tuple[CompiledPolicy, ...] = ()
        if snapshot.cilium_policies and _of_cilium(spaces.profile):
            from lib.policy import cilium_policy

            bypassing, denying, allowing = cilium_policy.compile_policies(snapshot, spaces)
            found.append(Stage("Cilium's host firewall", CILIUM_HOSTS_ORDER, (bypassing,) if bypassing else ()))
            found.append(Stage("Cilium's deny rules", CILIUM_DENY_ORDER, (denying,) if denying else ()))
        of_cluster = _network_policies(snapshot, spaces, allowing)
        if spaces.profile.enforces_kind("projectcalico.org", "NetworkPolicy") and snapshot.calico_policies:
            from lib.policy import calico_tiers
            from lib.policy.calico_tiers import NETWORK_POLICY_ORDER, Hosted

            hosted, apart = _hosted(snapshot, spaces)
            hosted[DEFAULT_TIER] = [Hosted(NETWORK_POLICY_ORDER, p) for p in of_cluster.policies]
            shared = any(p.tier == DEFAULT_TIER for p in snapshot.calico_policies)
            name = f"{TIER_PREFIX}{DEFAULT_TIER}" if shared else of_cluster.name
            found += calico_tiers.tiers(snapshot, spaces, hosted, name)
        else:
            found.append(of_cluster)
    found += cluster_policy.stages(apart, spaces, _CLUSTER_ORDERS)
    found += unread_stages(snapshot, spaces)
    ordered = sorted((stage for stage in found if stage.levels), key=_place)
    if spaces.profile.enforces_kind("projectcalico.org", "NetworkPolicy") and holds_calico(snapshot):
        from lib.policy import calico_forward, calico_hosts, calico_profiles

        of_hosts, last = calico_hosts.stage(snapshot, spaces), calico_profiles.stage(snapshot, spaces)
        forwarded = calico_forward.stages(snapshot, spaces)
        return (*([of_hosts] if of_hosts else ()), *forwarded, *ordered, *([last] if last else ()))
    return tuple(ordered)


def _place(stage: Stage) -> tuple[float, str]:
    """Of equal orders Calico asks the tier first whose name comes first, the kinds of Kubernetes having names too."""
    names = _NEW_TIERS if all(p.ref.kind == _CLUSTER_KIND for p in stage.policies) else _OLD_TIERS
    of_kubernetes = {f"{tier.value} tier": name for tier, name in names.items()} | {_NETWORK_POLICIES: DEFAULT_TIER}
    return stage.order, of_kubernetes.get(stage.name, stage.name.removeprefix(TIER_PREFIX))


def _hosted(snapshot: Snapshot, spaces: Spaces) -> tuple[dict[str, list[Hosted]], list[ClusterPolicy]]:
    """The cluster-wide policies by the tier that they share with policies of Calico's, and those that share none."""
    chosen = {p.tier for p in snapshot.calico_policies}
    from lib.policy.calico_tiers import Hosted

    hosted: dict[str, list[Hosted]] = defaultdict(list)
    apart = []
    for policy in _cluster_policies(snapshot, spaces.profile):
        tier = (_NEW_TIERS if policy.ref.kind == _CLUSTER_KIND else _OLD_TIERS)[policy.tier]
        if tier in chosen:
            order = _BASELINE_POLICY_ORDER if policy.ref.kind == _BASELINE_KIND else float(policy.priority)
            hosted[tier].append(Hosted(order, cluster_policy.compile_policy(policy, spaces)))
        else:
            apart.append(policy)
    return hosted, apart


def _cluster_policies(snapshot: Snapshot, profile: EngineProfile) -> list[ClusterPolicy]:
    return [p for p in snapshot.cluster_policies if profile.enforces_kind("policy.networking.k8s.io", p.ref.kind)]


def _network_policies(snapshot: Snapshot, spaces: Spaces, beside: tuple[CompiledPolicy, ...]) -> Stage:
    """One level: NetworkPolicies only add to each other, and to what is ``beside`` them."""
    counts = spaces.profile.enforces_kind("networking.k8s.io", "NetworkPolicy")
    policies = tuple(network_policy.compile_policy(p, spaces) for p in snapshot.network_policies if counts)
    if spaces.profile.cluster.isolates_all:
        beside = (*beside, *_isolating_all(snapshot, spaces))
    kinds = (_NETWORK_POLICIES if policies or not beside else "", "Cilium policies" if beside else "")
    held = (*policies, *beside)
    return Stage(" and ".join(filter(None, kinds)), DEFAULT_ORDER, (held,) if held else ())


def _isolating_all(snapshot: Snapshot, spaces: Spaces) -> Iterator[CompiledPolicy]:
    """The setting by which ends are closed that no policy selects, as a policy without rules that selects every pod.

    "All endpoints" are closed by it, and of nodes with the host firewall on nobody says whether they are among those.
    """
    found = snapshot.config_map_by_name[CILIUM_CONFIG]
    place, both = found.place("enable-policy"), frozenset(Direction)
    yield CompiledPolicy(found.ref, place, spaces.endpoints.selectable, both, ())
    nodes = spaces.endpoints.host_network
    if spaces.profile.cluster.host_firewall is Known.YES and nodes:
        rules = tuple(_perhaps_open(found.ref, place, direction, nodes, spaces) for direction in Direction)
        yield CompiledPolicy(found.ref, place, nodes, both, rules)


def _perhaps_open(setting: ObjectRef, place: Source, direction: Direction, nodes: Bits, spaces: Spaces) -> CompiledRule:
    return CompiledRule(
        policy=setting,
        direction=direction,
        label="enable-policy",
        source=place,
        text="perhaps open, since it is a node",
        subjects=nodes,
        sure=Named(),
        possible=Named(always=spaces.everything),
        ports=(PortsAt(spaces.everything, spaces.ports.all),),
        doubt=ALWAYS_DOUBT,
    )
