"""Whether a policy or rule may be about pods or nodes that are in the cluster and were just not supplied."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from lib.lint.written import AnyRule, PodSet, Subject
from lib.model.calico_policies import NAMESPACE_KEY, CalicoRule
from lib.model.calico_selector import And, CalicoSelector, Compare, Comparison
from lib.model.cilium_policies import EndpointsPeer, NodesPeer
from lib.model.cluster import METADATA_NAME_LABEL
from lib.model.cluster_policies import NodePeer
from lib.model.labels import Operator
from lib.model.policies import Direction, NamespaceScope, OwnNamespace, PodPeer
from lib.model.snapshot import Snapshot


@dataclass(frozen=True)
class Supplied:
    """What the input holds of the cluster.

    A namespace counts as supplied when a workload of it is in the input, so that a rule about other labels of its pods
    is a matter of the policy and not of the input.
    """

    snapshot: Snapshot

    def lacks_subjects(self, subjects: Iterable[Subject]) -> bool:
        """Whether a policy that selects nobody may select pods that were not supplied."""
        if self._has_all_pods:
            return False
        return any(not self._is_held(s.namespaces) if isinstance(s, PodSet) else not self._pins(s) for s in subjects)

    def lacks_peers(self, rule: AnyRule, *, means_nobody: bool) -> bool:
        """Whether a rule has a peer that nothing in the input is, and that may be something not supplied.

        ``means_nobody``: the engine finds nobody that the rule is about; of Calico's rules, whose selectors are over
        labels that Calico makes, that is what tells it.
        """
        if isinstance(rule, CalicoRule):
            far = rule.from_ if rule.direction is Direction.INGRESS else rule.to
            return means_nobody and far.selector is not None and not self._has_all_pods and not self._pins(far.selector)
        return any(map(self._lacks, rule.peers))

    def _lacks(self, peer: object) -> bool:
        match peer:
            case PodPeer():
                return self._lacks_pods(PodSet(peer.namespaces, peer.pods))
            case EndpointsPeer():
                return self._lacks_pods(PodSet(peer.selector.namespaces, peer.selector.pods))
            case NodePeer():
                found = any(peer.nodes.matches(node.labels) for node in self.snapshot.nodes)
                return not found and not self.snapshot.is_complete("Node")
            case NodesPeer():
                return not self.snapshot.nodes and not self.snapshot.is_complete("Node")
            case _:
                return False

    def _lacks_pods(self, pods: PodSet) -> bool:
        if self._has_all_pods or self._is_held(pods.namespaces):
            return False
        names = self.snapshot.namespace_by_name
        return not any(
            pods.pods.matches(pod.labels)
            for name, workloads in self.snapshot.workloads_by_namespace.items()
            if pods.namespaces.matches(names[name])
            for workload in workloads
            for pod in workload.endpoints
        )

    @cached_property
    def _has_all_pods(self) -> bool:
        return self.snapshot.is_complete("Pod", "Namespace")

    def _is_held(self, scope: NamespaceScope) -> bool:
        """Whether a scope can mean no other namespaces than such as were supplied."""
        if isinstance(scope, OwnNamespace):
            return self._all_held([scope.name])
        named = [
            r.values for r in scope.selector.requirements if (r.key, r.operator) == (METADATA_NAME_LABEL, Operator.IN)
        ]
        return any(map(self._all_held, named))

    def _pins(self, selector: CalicoSelector | None) -> bool:
        """Whether one of the conditions that must hold names supplied namespaces."""
        if isinstance(selector, And):
            return any(map(self._pins, selector.parts))
        return (
            isinstance(selector, Compare)
            and selector.key == NAMESPACE_KEY
            and selector.comparison in (Comparison.EQUAL, Comparison.IN)
            and self._all_held(selector.values)
        )

    def _all_held(self, names: Iterable[str]) -> bool:
        return all(name in self.snapshot.workloads_by_namespace for name in names)
