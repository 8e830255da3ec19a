"""What must be said beside every result of the engine, because the input or the profile leaves room."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from lib.facts.engines import Known
from lib.model.cluster import METADATA_NAME_LABEL
from lib.model.policies import IpBlockPeer, NamespacesByLabel, NetworkPolicy, PodPeer
from lib.model.problem import Problem, Severity
from lib.model.snapshot import Coverage, Snapshot
from lib.policy.compile import Spaces
from lib.policy.engines import EngineProfile, detect_engine
from lib.policy.inventory import ignored_kinds


def notes_on(snapshot: Snapshot, spaces: Spaces) -> tuple[Problem, ...]:
    """Notes on the whole result, the weightiest first."""
    if not spaces.profile.enforces:
        return ()
    found = [
        *_not_enforced(snapshot),
        *_ignored(snapshot, spaces.profile),
        *_not_evaluated(snapshot, spaces.profile),
        *_blocks_over_pods(snapshot, spaces),
        *_unknown_namespace_labels(snapshot),
        *_coverage(snapshot),
    ]
    return tuple(sorted(found, key=lambda n: -n.severity))


def _not_enforced(snapshot: Snapshot) -> Iterator[Problem]:
    detected = detect_engine(snapshot)
    if detected.name == "none" and snapshot.network_policies:
        yield Problem(
            severity=Severity.WARNING,
            code="policies-not-enforced",
            message=f"the cluster seems to enforce no policies: {detected.evidence}; "
            "flows are computed as if they were enforced",
            remedy="Choose the engine none to see what is really open.",
            source=detected.source,
        )


# Group and kinds of policies that engines enforce beside NetworkPolicy, and that are not evaluated here.
_OTHER_POLICIES = {
    "cilium.io": ("CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy"),
}


def _ignored(snapshot: Snapshot, profile: EngineProfile) -> Iterator[Problem]:
    """Kinds that the engine does not know: policies of them change nothing there, whatever they say."""
    ignored = Counter(ignored_kinds(snapshot, profile))
    for group, kind, count in _counted_only(snapshot):
        if not profile.enforces_kind(group, kind):
            ignored[group, kind] += count
    if ignored:
        listed = ", ".join(f"{count:,} {kind} ({group})" for (group, kind), count in sorted(ignored.items()))
        yield Problem(
            severity=Severity.WARNING,
            code="policies-ignored",
            message=f"{profile.label} ignores kinds of policy that the input holds: {listed}",
            remedy="Say what they say in a kind that the engine enforces.",
        )


def _not_evaluated(snapshot: Snapshot, profile: EngineProfile) -> Iterator[Problem]:
    for group, kind, count in _counted_only(snapshot):
        if profile.enforces_kind(group, kind):
            objects = "object" if count == 1 else "objects"
            yield Problem(
                severity=Severity.WARNING,
                code="policies-not-evaluated",
                message=f"the input holds {count} {objects} of kind {kind} ({group}), a kind of policy that is not "
                "evaluated: flows are computed as if there were none, and they may allow or deny otherwise",
                remedy="Read results that such a policy may concern as those of the other policies alone.",
            )


def _counted_only(snapshot: Snapshot) -> Iterator[tuple[str, str, int]]:
    """API group, kind and number of the policies that were counted and not read."""
    for name, count in snapshot.other_kinds.items():
        version, _, kind = name.rpartition(" ")
        group = version.partition("/")[0]
        if kind in _OTHER_POLICIES.get(group, ()):
            yield group, kind, count


def _blocks_over_pods(snapshot: Snapshot, spaces: Spaces) -> Iterator[Problem]:
    if spaces.profile.ip_block_matches_pods is Known.YES:
        return
    known = {spaces.addresses.atom_of(a) for p in snapshot.pods if p.is_endpoint and not p.host_network for a in p.ips}
    held = sum(1 << atom for atom in known)
    how = "does not match" if spaces.profile.ip_block_matches_pods is Known.NO else "may or may not match"
    for policy in snapshot.network_policies:
        covering = [b for b in _blocks(policy) if spaces.addresses.atoms_in(b.addresses) & held]
        if covering:
            yield Problem(
                severity=Severity.WARNING,
                code="ip-block-covers-pods",
                message=f"{policy.ref}: the ipBlock {covering[0]} covers addresses of pods, which it {how} "
                f"under {spaces.profile.label}",
                remedy="Name pods by podSelector and namespaceSelector; ipBlock is meant for addresses outside.",
                source=covering[0].source,
                subject=policy.ref,
            )


def _blocks(policy: NetworkPolicy) -> Iterator[IpBlockPeer]:
    return (p for r in policy.rules for p in r.peers if isinstance(p, IpBlockPeer))


def _unknown_namespace_labels(snapshot: Snapshot) -> Iterator[Problem]:
    unknown = [n.name for n in snapshot.namespaces if not n.labels_known]
    if not unknown:
        return
    for policy in snapshot.network_policies:
        keys = {
            key
            for rule in policy.rules
            for peer in rule.peers
            if isinstance(peer, PodPeer) and isinstance(peer.namespaces, NamespacesByLabel)
            for key in peer.namespaces.selector.keys
        } - {METADATA_NAME_LABEL}
        if keys:
            named = ", ".join(unknown[:3]) + (f" and {len(unknown) - 3} more" if len(unknown) > 3 else "")
            yield Problem(
                severity=Severity.WARNING,
                code="namespace-labels-not-supplied",
                message=f"{policy.ref} selects namespaces by {', '.join(sorted(keys))}, but the Namespace objects of "
                f"{named} were not supplied: they count as having no label but {METADATA_NAME_LABEL}",
                remedy="Add the Namespace objects to the input: kubectl get namespaces -o yaml.",
                source=policy.source,
                subject=policy.ref,
            )


def _coverage(snapshot: Snapshot) -> Iterator[Problem]:
    coverage = snapshot.coverage_of("NetworkPolicy")
    if coverage in (Coverage.NOT_SUPPLIED, Coverage.REFUSED):
        yield Problem(
            severity=Severity.INFO,
            code="policies-not-supplied",
            message=f"NetworkPolicies: {coverage.value}; flows are computed over what was supplied",
            remedy="Add the policies to the input: kubectl get networkpolicies --all-namespaces -o yaml.",
        )
