"""Nodes as subjects of Calico's policies, which select them by their host endpoints.

A node's own traffic goes through the tiers and the profiles of its host endpoint like a pod's. The stage in here comes
before them and holds what may let traffic by, and what is asked before all of them. What nodes forward is in
``calico_forward``. Sources: "Host endpoint", "Protect hosts", "Pre-DNAT policy" and "Summary" of docs.tigera.io.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import inf
from typing import Final

from lib.facts.calico_hosts import failsafe_ports
from lib.model.calico_policies import CalicoPolicy
from lib.model.policies import Direction
from lib.model.records import dataclass
from lib.model.refs import ObjectRef, Source
from lib.model.sets import PortSet
from lib.model.snapshot import Snapshot
from lib.policy import calico_profiles
from lib.policy.bits import Bits, union
from lib.policy.calico_before_dnat import FAILSAFE_DOUBT, SKIPPED_DOUBT, compile_before_dnat, rules_before_dnat
from lib.policy.calico_match import Matcher
from lib.policy.calico_policy import compile_rules
from lib.policy.calico_tiers import UNKNOWN_TIER, tiers_of
from lib.policy.compile import Spaces
from lib.policy.forward_filters import tells_nodes
from lib.policy.host_endpoints import Host, hosts_of
from lib.policy.rules import Action, CompiledPolicy, CompiledRule, Named, NodeScope, PortsAt, Stage
from lib.policy.spaces import Vocabulary

STAGE: Final = "host endpoints"
OWN_PODS_DOUBT: Final = "whether a host endpoint of all interfaces counts for what the node's own pods send to it"
_PLACE_DOUBT: Final = "on which node the pod runs"
_DIRECTIONS: Final = (Direction.INGRESS, Direction.EGRESS)


def vocabulary(snapshot: Snapshot) -> Vocabulary:
    """The failsafe ports, and single nodes; also the pods on them where policies are about forwarded traffic."""
    if not snapshot.host_endpoints:
        return Vocabulary()
    ports = {
        (protocol, (number, number)) for direction in _DIRECTIONS for protocol, number in failsafe_ports().of(direction)
    }
    ports |= {(p.protocol, (p.port, p.port)) for each in snapshot.host_endpoints for p in each.ports}
    return Vocabulary(ports=frozenset(ports), node_names=True, pod_nodes=tells_nodes(snapshot))


def stage(snapshot: Snapshot, spaces: Spaces) -> Stage | None:
    """What comes before the tiers for nodes with host endpoints."""
    if not snapshot.host_endpoints:
        return None
    compiler = _Compiler(snapshot, Matcher(snapshot, spaces))
    found = tuple((policy,) for policy in compiler.policies() if policy.rules and policy.subjects)
    return Stage(STAGE, -inf, found) if found else None


@dataclass(frozen=True)
class _Compiler:
    snapshot: Snapshot
    matcher: Matcher

    @property
    def _spaces(self) -> Spaces:
        return self.matcher.spaces

    def policies(self) -> Iterator[CompiledPolicy]:
        hosts = [host for host in hosts_of(self.snapshot) if host.touching or self._is_closed(host)]
        for host in hosts:
            ends = self.matcher.ends_on(host.node)
            yield self._compiled(host, ends, tuple(self._own_traffic(host, ends)))
        nowhere = self.matcher.ends_on("")
        if hosts and nowhere:
            yield self._compiled(hosts[0], nowhere, tuple(self._open_question(hosts[0], nowhere, _PLACE_DOUBT)))

    def _is_closed(self, host: Host) -> bool:
        return bool(host.doubt) or calico_profiles.decides(host.first.profiles, self.snapshot)

    def _of(self, host: Host, wanted: Callable[[CalicoPolicy], bool]) -> list[CalicoPolicy]:
        """The wanted policies that select its host endpoints, first asked first."""
        found = [p for p in self.snapshot.calico_policies if p.ref in host.touching and wanted(p)]
        tiers = tiers_of(self.snapshot)
        return sorted(found, key=lambda p: (tiers.get(p.tier, UNKNOWN_TIER)[0], p.tier, p.order, p.ref.name))

    def _compiled(self, host: Host, ends: Bits, rules: tuple[CompiledRule, ...]) -> CompiledPolicy:
        return CompiledPolicy(host.first.ref, host.first.source, ends, frozenset(), ()).with_rules(rules)

    def _own_traffic(self, host: Host, ends: Bits) -> Iterator[CompiledRule]:
        """What the tiers do not know of the traffic of a node's own processes."""
        yield from self._own_pods(host, ends)
        if host.doubt:
            yield from self._open_question(host, ends, host.doubt)
            return
        endpoint = host.first
        for direction in _DIRECTIONS:
            mask = union(
                self._spaces.ports.mask(protocol, PortSet.of(port)) for protocol, port in failsafe_ports().of(direction)
            )
            text = "perhaps open as a failsafe port"
            yield self._maybe(host, ends, direction, text, FAILSAFE_DOUBT, ports=mask, label="failsafe ports")
            if not endpoint.is_wildcard:
                named = f"the interface {endpoint.interface}" if endpoint.interface else "the interface"
                text, doubt = f"about {named} only", f"whether the traffic passes {named} of {endpoint.ref}"
                yield self._maybe(host, ends, direction, text, doubt, label="spec.interfaceName")
        # "Host endpoints with interfaceName: * do not support untracked policy".
        for policy in self._of(host, lambda p: p.untracked and not endpoint.is_wildcard):
            doubt = f"what {policy.ref} does, which is asked before other policies and not judged"
            yield from (rule.perhaps(doubt) for rule in compile_rules(policy.ref, policy.rules, ends, self.matcher))
        # Explicitly allowed it "skips over any normal policy"; what no rule of it matches goes on.
        far = self._spaces.endpoints.everything & ~ends & ~self.matcher.pods_on(host.node) & ~self._nowhere
        for policy, rule, after_pass in rules_before_dnat(self._of(host, lambda p: p.before_dnat)):
            for compiled in compile_before_dnat(policy, rule, ends, self.matcher, Direction.INGRESS, far):
                # Of what passes other interfaces than the named one the rule above says that it may be let by.
                yield compiled.perhaps(SKIPPED_DOUBT) if after_pass else compiled

    @property
    def _nowhere(self) -> Bits:
        return self.matcher.ends_on("") | self.matcher.pods_on("")

    def _own_pods(self, host: Host, ends: Bits) -> Iterator[CompiledRule]:
        """ "Traffic from a host to its workload endpoints is always allowed, despite any policy in place"."""
        pods = self._spaces.endpoints.selectable
        open_, perhaps = "open between a node and its own pods", "perhaps open between a node and its own pods"
        scope = NodeScope.OWN_PERHAPS if host.is_wildcard else NodeScope.OWN
        doubt = OWN_PODS_DOUBT if host.is_wildcard else "whether the pod runs on this node"
        text = perhaps if host.is_wildcard else open_
        yield self._maybe(host, ends, Direction.INGRESS, text, doubt, peers=pods, nodes=scope, label="own pods")
        doubt = "whether the pod runs on this node"
        scope = NodeScope.OWN
        yield self._maybe(host, ends, Direction.EGRESS, open_, doubt, peers=pods, nodes=scope, label="own pods")

    def _open_question(self, host: Host, ends: Bits, doubt: str) -> Iterator[CompiledRule]:
        for direction in _DIRECTIONS:
            for action in (Action.ALLOW, Action.DENY):
                text = f"{action.value.capitalize()}, perhaps"
                yield self._maybe(host, ends, direction, text, doubt, action=action)

    def _maybe(
        self,
        host: Host,
        subjects: Bits,
        direction: Direction,
        text: str,
        doubt: str,
        *,
        action: Action = Action.ALLOW,
        peers: Bits | None = None,
        ports: Bits | None = None,
        nodes: NodeScope = NodeScope.ANY,
        label: str = "spec",
    ) -> CompiledRule:
        spaces = self._spaces
        return _rule(
            host.first.ref,
            host.first.source,
            subjects,
            direction,
            text,
            doubt,
            action=action,
            peers=spaces.everything if peers is None else peers,
            at=PortsAt(spaces.everything, spaces.ports.all if ports is None else ports),
            nodes=nodes,
            label=label,
        )


def _rule(
    ref: ObjectRef,
    source: Source,
    subjects: Bits,
    direction: Direction,
    text: str,
    doubt: str,
    *,
    action: Action,
    peers: Bits,
    at: PortsAt,
    nodes: NodeScope = NodeScope.ANY,
    label: str = "spec",
) -> CompiledRule:
    return CompiledRule(
        policy=ref,
        direction=direction,
        label=label,
        source=source,
        text=text,
        subjects=subjects,
        sure=Named(),
        possible=Named(always=peers),
        ports=(at,),
        doubt=doubt,
        action=action,
        nodes=nodes,
    )
