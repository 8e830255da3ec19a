"""Kinds of policies that the API server refused to list, or whose list broke off: nobody knows what they decide.

Such a kind is neither "none" nor a fault of one policy: any of its policies may allow or deny anything to the pods
that it can select. So a stage stands for it whose rules are only possible, and every verdict that it could change is
unknown, with the reason. So does one for the settings of the engine that the server refused: they may say that nothing
is enforced, that what no policy selects is closed, or that some kinds of policies don't count.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lib.facts.config_maps import NAMESPACE
from lib.model.calico_names import CALICO_NETWORK_POLICY
from lib.model.policies import Direction
from lib.model.records import dataclass
from lib.model.refs import ObjectRef, Source
from lib.model.snapshot import UNREAD, Snapshot
from lib.policy.bits import Bits
from lib.policy.compile import Spaces
from lib.policy.engine_settings import CILIUM_CONFIG
from lib.policy.engines import EngineProfile
from lib.policy.rules import Action, CompiledPolicy, CompiledRule, Named, PortsAt, Stage

NAME: Final = "(not read)"
_FIRST: Final = float("-inf")
_JUST_BEFORE_NETWORK_POLICIES: Final = 999_999.5
_JUST_BEFORE_BASELINE: Final = 9_999_999.5


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind that decides verdicts: what the engine enforces where it counts, where it is asked, whether of nodes.

    ``referred_to``: it holds no rules but what policies of Calico's refer to, and counts where there are some.
    """

    kind: str
    enforced_as: tuple[str, str]
    order: float = _FIRST
    selects_nodes: bool = False
    referred_to: bool = False

    def counts(self, snapshot: Snapshot, spaces: Spaces) -> bool:
        """Whether it could change a verdict, and the server gave it at most in part."""
        if snapshot.coverage_of(self.kind) not in UNREAD or not spaces.profile.enforces_kind(*self.enforced_as):
            return False
        return not self.referred_to or bool(snapshot.calico_policies or snapshot.rejected_policies)


_CALICO: Final = ("projectcalico.org", "NetworkPolicy")
_CILIUM: Final = ("cilium.io", "CiliumNetworkPolicy")
_KINDS: Final = (
    _Kind("NetworkPolicy", ("networking.k8s.io", "NetworkPolicy"), _JUST_BEFORE_NETWORK_POLICIES),
    _Kind("AdminNetworkPolicy", ("policy.networking.k8s.io", "AdminNetworkPolicy")),
    _Kind(
        "BaselineAdminNetworkPolicy",
        ("policy.networking.k8s.io", "BaselineAdminNetworkPolicy"),
        _JUST_BEFORE_BASELINE,
    ),
    _Kind("ClusterNetworkPolicy", ("policy.networking.k8s.io", "ClusterNetworkPolicy")),
    # A policy of Calico's or Cilium's may stand in any tier or deny before all others.
    _Kind(CALICO_NETWORK_POLICY, _CALICO),
    _Kind("GlobalNetworkPolicy", _CALICO, selects_nodes=True),
    _Kind("Tier", _CALICO, selects_nodes=True, referred_to=True),
    _Kind("NetworkSet", _CALICO, selects_nodes=True, referred_to=True),
    _Kind("GlobalNetworkSet", _CALICO, selects_nodes=True, referred_to=True),
    _Kind("HostEndpoint", _CALICO, selects_nodes=True, referred_to=True),
    _Kind("CiliumNetworkPolicy", _CILIUM),
    _Kind("CiliumClusterwideNetworkPolicy", _CILIUM, selects_nodes=True),
)
_SETTINGS: Final = _Kind("ConfigMap", ("", ""), selects_nodes=True)
_CILIUM_ID: Final = "cilium"


def stands_for_unread(policy: CompiledPolicy) -> bool:
    """Whether it is no policy of the input but stands for those of a kind that could not be read."""
    return policy.ref.name == NAME


def unread_stages(snapshot: Snapshot, spaces: Spaces) -> Iterator[Stage]:
    """A stage for every kind of policies, or of what they refer to, that the server gave at most in part."""
    for each in _KINDS:
        if each.counts(snapshot, spaces):
            coverage = snapshot.coverage_of(each.kind)
            what = f"{each.kind} objects, which were {coverage.value}"
            doubt = f"which objects of the kind {each.kind} there are ({coverage.value})"
            yield _stage(each, what, doubt, spaces)
    if has_unread_settings(snapshot, spaces.profile):
        told = f"{NAMESPACE}/{CILIUM_CONFIG} ({snapshot.coverage_of(_SETTINGS.kind).value})"
        doubt = f"what the ConfigMap {told} says of when policies are enforced, and which"
        yield _stage(_SETTINGS, f"the ConfigMap {told}", doubt, spaces)


def has_unread_settings(snapshot: Snapshot, profile: EngineProfile) -> bool:
    """Whether the server did not give the ConfigMap that says how the engine of the profile enforces policies."""
    unread = snapshot.coverage_of(_SETTINGS.kind) in UNREAD and CILIUM_CONFIG not in snapshot.config_map_by_name
    return unread and profile.id == _CILIUM_ID


def _stage(kind: _Kind, what: str, doubt: str, spaces: Spaces) -> Stage:
    ends = spaces.endpoints
    subjects = ends.selectable | (ends.host_network if kind.selects_nodes else 0)
    # One after the other: a packet that may be denied may as well be allowed.
    levels = tuple((_perhaps(kind, what, doubt, subjects, action, spaces),) for action in (Action.DENY, Action.ALLOW))
    return Stage(f"{kind.kind} {NAME}", kind.order, levels)


def _perhaps(kind: _Kind, what: str, doubt: str, subjects: Bits, action: Action, spaces: Spaces) -> CompiledPolicy:
    ref, source = ObjectRef("", NAME, kind.kind), Source(kind.kind, 1)
    rules = tuple(
        CompiledRule(
            policy=ref,
            direction=direction,
            label=f"rules that may {action.value}",
            source=source,
            text=f"what depends on {what}",
            subjects=subjects,
            sure=Named(),
            possible=Named(always=spaces.everything),
            ports=(PortsAt(spaces.everything, spaces.ports.all),),
            doubt=doubt,
            action=action,
        )
        for direction in Direction
    )
    return CompiledPolicy(ref, source, subjects, frozenset(), rules)
