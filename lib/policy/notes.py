"""What must be said beside every result of the engine, because the input or the profile leaves room."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Final

from lib.facts.engines import Known, engine_facts
from lib.model.cluster import METADATA_NAME_LABEL
from lib.model.policies import Direction, IpBlockPeer, NetworkPolicy
from lib.model.problem import Problem, Severity
from lib.model.snapshot import UNREAD, Coverage, Snapshot
from lib.policy.compile import Spaces
from lib.policy.engines import KUBERNETES, EngineProfile, detect_engine
from lib.policy.engines import profile as profile_of
from lib.policy.inventory import ignored_kinds
from lib.policy.name_notes import name_notes
from lib.policy.note import about
from lib.policy.readers import of_calico, of_cilium, readers
from lib.policy.setting_notes import setting_notes
from lib.policy.tiers import policy_vocabularies

IGNORED_BY_CLUSTER: Final = "policies-ignored-by-cluster"
_ASKED: Final = 1_000
"""Up to how many Services a block is compared with from its first address on; one is enough to tell of."""


def notes_on(snapshot: Snapshot, spaces: Spaces) -> tuple[Problem, ...]:
    """Notes on the whole result, the weightiest first."""
    if not spaces.profile.enforces:
        return ()
    found = [
        *_not_enforced(snapshot),
        *_ignored(snapshot, spaces.profile),
        *_ignored_by_cluster(snapshot, spaces.profile),
        *_of_two_engines(snapshot, spaces.profile),
        *_on_windows(snapshot, spaces.profile),
        *_redirected(snapshot, spaces.profile),
        *_blocks_over_pods(snapshot, spaces),
        *_blocks_over_services(snapshot),
        *_ignored_labels(snapshot, spaces.profile),
        *_unknown_namespace_labels(snapshot, spaces.profile),
        *_about_nodes(snapshot, spaces.profile),
        *setting_notes(snapshot, spaces.profile),
        *name_notes(snapshot, spaces),
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


def _ignored(snapshot: Snapshot, profile: EngineProfile) -> Iterator[Problem]:
    """Kinds that the engine does not know: policies of them change nothing there, whatever they say."""
    if ignored := _listed(ignored_kinds(snapshot, profile)):
        yield Problem(
            severity=Severity.WARNING,
            code="policies-ignored",
            message=f"{profile.label} ignores kinds of policy that the input holds: {ignored}",
            remedy="Say what they say in a kind that the engine enforces.",
        )


def _ignored_by_cluster(snapshot: Snapshot, chosen: EngineProfile) -> Iterator[Problem]:
    """Kinds that count by the API's words, and that the cluster's own engine ignores."""
    detected = detect_engine(snapshot)
    if chosen.id != KUBERNETES.id or detected.name in (None, KUBERNETES.id):
        return
    runs = profile_of(detected.name)
    if runs.enforces and (ignored := _listed(ignored_kinds(snapshot, runs))):
        yield Problem(
            severity=Severity.WARNING,
            code=IGNORED_BY_CLUSTER,
            message=f"the cluster runs {runs.label} ({detected.evidence}), which ignores kinds of policy that the "
            f"input holds: {ignored}; judged by the API's own words they count here",
            remedy=f"Choose {runs.label} as policy engine (--engine {runs.id}) to judge as the cluster does.",
            source=detected.source,
        )


def _listed(kinds: Mapping[tuple[str, str], int]) -> str:
    return ", ".join(f"{count:,} {kind} ({group})" for (group, kind), count in sorted(kinds.items()))


def _of_two_engines(snapshot: Snapshot, profile: EngineProfile) -> Iterator[Problem]:
    """What decides flows for Calico beside what does for Cilium: a cluster is seldom enforced by both."""
    if readers(snapshot, profile):
        calico, cilium = list(of_calico(snapshot)), list(of_cilium(snapshot))
        yield Problem(
            severity=Severity.WARNING,
            code="policies-of-two-engines",
            message=f"the input holds objects that decide flows where Calico enforces ({len(calico):,}) and where "
            f"Cilium does ({len(cilium):,}), each of which ignores the other's, and does not show which of them "
            "enforces: allowed or denied is what both would allow or deny, and what only one of them would is unknown",
            remedy="Choose the engine that enforces policies: calico or cilium (on the command line --engine).",
            source=cilium[0],
        )


def _on_windows(snapshot: Snapshot, profile: EngineProfile) -> Iterator[Problem]:
    """What engines don't do on Windows nodes; verdicts are those of Linux nodes everywhere."""
    nodes = [node for node in snapshot.nodes if node.labels.get("kubernetes.io/os") == "windows"]
    for facts in engine_facts():
        if not nodes or facts.id != profile.id:
            continue
        lacking = [gap for found in facts.gaps if found.operating_system == "windows" for gap in found.gaps]
        if "windows" not in facts.operating_systems:
            lacking = ["any policy"]
        if lacking:
            yield Problem(
                severity=Severity.WARNING,
                code="windows-not-judged",
                message=f"{facts.label} does not support {', '.join(lacking)} on Windows nodes, which the input has "
                f"{len(nodes):,} of: verdicts on pods there are as if they were on Linux nodes",
                remedy="Read what is denied or permitted on Windows nodes as possible only.",
                source=nodes[0].source,
            )


def _redirected(snapshot: Snapshot, profile: EngineProfile) -> Iterator[Problem]:
    for redirect in snapshot.local_redirects:
        if profile.enforces_kind("cilium.io", "CiliumNetworkPolicy"):
            yield Problem(
                severity=Severity.INFO,
                code="traffic-redirected",
                message=f"{redirect.ref} sends what goes to {redirect.frontend} to {redirect.backend} on the sender's "
                "own node: policies see those pods and their ports",
                remedy="Ask about the pods that the traffic is sent to.",
                source=redirect.source,
                subject=redirect.ref,
            )


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


def _blocks_over_services(snapshot: Snapshot) -> Iterator[Problem]:
    """Egress blocks made for the virtual addresses of Services: nobody says whether they are compared with them."""
    held = sorted((ip.version, int(ip), s.ref, ip) for s in snapshot.services for ip in s.cluster_ips)
    for policy in snapshot.network_policies:
        for block in _blocks(policy, Direction.EGRESS):
            if not block.cidr.prefixlen:
                continue
            version, first, last = block.cidr.version, block.cidr.network_address, block.cidr.broadcast_address
            start, end = (bisect_left(held, (version, number)) for number in (int(first), int(last) + 1))
            within = islice(held, start, min(end, start + _ASKED))
            addresses = block.addresses
            service = next((ref for *_, ref, ip in within if ip in addresses), None)
            if service is not None:
                yield Problem(
                    severity=Severity.INFO,
                    code="ip-block-covers-services",
                    message=f"{policy.ref}: the ipBlock {block} covers addresses of Services, such as {service}'s; "
                    "whether it is compared with them or with the addresses of the pods behind them is not defined",
                    remedy="Select the pods behind the Service by podSelector and namespaceSelector.",
                    source=block.source,
                    subject=policy.ref,
                )
                break


def _blocks(policy: NetworkPolicy, *directions: Direction) -> Iterator[IpBlockPeer]:
    rules = (rule for rule in policy.rules if not directions or rule.direction in directions)
    return (p for rule in rules for p in rule.peers if isinstance(p, IpBlockPeer))


def _ignored_labels(snapshot: Snapshot, profile: EngineProfile) -> Iterator[Problem]:
    """Labels that the engine does not see: what selects by them means no pod, or every one."""
    for policy, read in policy_vocabularies(snapshot, profile):
        keys = sorted(key for key in read.pod_keys if profile.ignores_label(key))
        if keys:
            yield about(
                policy,
                "labels-ignored",
                f"{policy.ref} selects pods by {', '.join(keys)}, which {profile.label} counts as absent from "
                f"every pod{profile.because('ignored_labels')}",
                "Select pods by a label that says what they are, and not which copy.",
            )


def _unknown_namespace_labels(snapshot: Snapshot, profile: EngineProfile) -> Iterator[Problem]:
    unknown = [n.name for n in snapshot.namespaces if not n.labels_known]
    if not unknown:
        return
    named = ", ".join(unknown[:3]) + (f" and {len(unknown) - 3} more" if len(unknown) > 3 else "")
    refused = snapshot.coverage_of("Namespace") in UNREAD
    count = (
        "were not given by the server: what hangs on their labels is unknown"
        if refused
        else f"were not supplied: they count as having no label but {METADATA_NAME_LABEL}"
    )
    for policy, read in policy_vocabularies(snapshot, profile):
        keys = read.namespace_keys - {METADATA_NAME_LABEL}
        if keys:
            labels = ", ".join(sorted(keys))
            yield about(
                policy,
                "namespace-labels-not-supplied",
                f"{policy.ref} selects namespaces by {labels}, but the Namespace objects of {named} {count}",
                "Permit the login to list Namespaces."
                if refused
                else "Add the Namespace objects to the input: kubectl get namespaces -o yaml.",
            )


def _about_nodes(snapshot: Snapshot, profile: EngineProfile) -> Iterator[Problem]:
    """Policies that govern nodes, or what nodes forward, as far as their effect is left open."""
    if profile.enforces_kind("cilium.io", "CiliumClusterwideNetworkPolicy"):
        for policy in snapshot.cilium_policies:
            if any(spec.subject is None for spec in policy.specs) and profile.cluster.host_firewall is Known.NO:
                yield about(
                    policy,
                    "host-firewall-off",
                    f"{policy.ref} selects nodes, which counts for nothing here{profile.because('host_firewall')}",
                    "Turn Cilium's host firewall on, or take the policy out.",
                )
            elif any(spec.subject is None for spec in policy.specs) and profile.cluster.host_firewall is Known.UNKNOWN:
                yield about(
                    policy,
                    "host-firewall-unknown",
                    f"{policy.ref} selects nodes, which Cilium enforces only where its host firewall is "
                    "enabled; the input does not show that: what it would close on nodes is unknown",
                    "Read what is unknown on nodes as denied where the host firewall is enabled.",
                )
    if not snapshot.host_endpoints or not profile.enforces_kind("projectcalico.org", "GlobalNetworkPolicy"):
        return
    from lib.policy.host_endpoints import forwarding

    for each in forwarding(snapshot):
        kind = "doNotTrack" if each.untracked else "preDNAT" if each.before_dnat else "applyOnForward"
        yield about(
            each,
            "forwarding-judged-in-part",
            f"{each.ref} ({kind}) counts for what nodes forward: where a host endpoint stands for all interfaces of a "
            "node, that is judged for what passes between its pods and other nodes or addresses; unknown stays which "
            "named interface a packet passes, whether the pods' own interfaces count, and for which Service it came "
            "before DNAT",
            "Read the unknown flows of those pods as possible ones only.",
        )


def _coverage(snapshot: Snapshot) -> Iterator[Problem]:
    coverage = snapshot.coverage_of("NetworkPolicy")
    if coverage is Coverage.NOT_SUPPLIED:
        yield Problem(
            severity=Severity.INFO,
            code="policies-not-supplied",
            message=f"NetworkPolicies: {coverage.value}; flows are computed over what was supplied",
            remedy="Add the policies to the input: kubectl get networkpolicies --all-namespaces -o yaml.",
        )
