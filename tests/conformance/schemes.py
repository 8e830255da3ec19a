"""The scheme files of network-config-analyzer: their configurations as snapshots, compiled by the one engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from ipaddress import ip_address
from typing import Any

from lib.cli.errors import UsageError
from lib.cli.load import load
from lib.model.cluster import Node, NodeAddress, Pod, PodPhase, Workload
from lib.model.refs import ObjectRef
from lib.model.snapshot import Snapshot
from lib.policy.engine import Engine, compile_engine
from lib.policy.engines import profile
from tests.conformance.cases import Case, cases

SUITE = "nca-schemes"
POLICY_FIELDS = ("network_policies", "calico_policies")
KINDS = {
    "K8sNetworkPolicy": "NetworkPolicy",
    "CalicoNetworkPolicy": "CalicoNetworkPolicy",
    "CalicoGlobalNetworkPolicy": "GlobalNetworkPolicy",
}
# The suite's tool never takes a pod for an address of an ipBlock.
PROFILE = profile("kubernetes").with_ip_blocks_matching_pods(False)


@dataclass(frozen=True)
class Config:
    """One configuration: a topology with policies, each pod by itself and none on its node's network.

    ``with_hosts``: host endpoints are ends, too.
    """

    name: str
    snapshot: Snapshot
    errors: tuple[str, ...] = ()
    with_hosts: bool = False

    @cached_property
    def engine(self) -> Engine:
        pods = apart(self.snapshot)
        return compile_engine(hosts_apart(pods) if self.with_hosts else pods, PROFILE)

    @cached_property
    def by_workload(self) -> Engine:
        return compile_engine(plain(self.snapshot), PROFILE)

    @property
    def policies(self) -> tuple[Any, ...]:
        """The policies that a query is about."""
        return tuple(p for field in POLICY_FIELDS for p in getattr(self.snapshot, field))

    def with_policies(self, change: Callable[[Any], Iterable[Any]]) -> Config:
        """The same topology with each policy replaced by those that ``change`` gives for it."""
        fields = {f: tuple(new for p in getattr(self.snapshot, f) for new in change(p)) for f in POLICY_FIELDS}
        return replace(self, snapshot=replace(self.snapshot, **fields))

    def on(self, topology: Config) -> Config:
        """These policies on another topology."""
        fields = {field: getattr(self.snapshot, field) for field in POLICY_FIELDS}
        return replace(self, snapshot=replace(topology.snapshot, **fields))


def plain(snapshot: Snapshot) -> Snapshot:
    """The same cluster with no pod on its node's network and none that has ended: the tool knows neither."""

    def running(pod: Pod) -> Pod:
        return replace(pod, host_network=False, phase=PodPhase.RUNNING)

    workloads = (replace(w, pods=tuple(map(running, w.pods))) for w in snapshot.workloads)
    return replace(snapshot, workloads=tuple(workloads))


def apart(snapshot: Snapshot) -> Snapshot:
    """The same cluster with each pod as a workload of its own: the queries are about pods."""
    pods = [p for w in plain(snapshot).workloads for p in w.endpoints]
    found = (Workload(replace(p.ref, kind="Pod"), p.source, (p,), p.labels) for p in pods)
    return replace(snapshot, workloads=tuple(sorted(found, key=lambda w: w.ref)))


def hosts_apart(snapshot: Snapshot) -> Snapshot:
    """The same cluster with each host endpoint as all there is of a machine of its own, with an address of its own.

    To the tool a host endpoint is an end by itself, whichever machine, interface and addresses it has; what runs on its
    machine's network stands for it here.
    """
    found = []
    for number, host in enumerate(snapshot.host_endpoints):
        address = ip_address("198.18.0.0") + number + 1
        pod = Pod(
            ObjectRef("hosts", host.ref.name, "Pod"),
            host.source,
            phase=PodPhase.RUNNING,
            node_name=host.ref.name,
            host_network=True,
            ips=(address,),
            host_ips=(address,),
        )
        node = Node(host.ref.name, host.source, addresses=(NodeAddress("InternalIP", str(address)),))
        found.append((replace(host, node=node.name, interface="*", expected_ips=(address,)), node, pod))
    return replace(
        snapshot,
        host_endpoints=tuple(host for host, _, _ in found),
        nodes=tuple(node for _, node, _ in found),
        workloads=(*snapshot.workloads, *(Workload(pod.ref, pod.source, (pod,), pod.labels) for *_, pod in found)),
    )


@dataclass(frozen=True)
class Scheme:
    """One case: its configurations by name, and its queries."""

    case: Case

    @cached_property
    def told(self) -> dict[str, Any]:
        return self.case.expected

    @property
    def queries(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.told["queries"]
        return found

    @cached_property
    def _loaded(self) -> dict[str, Config]:
        return {}

    @cached_property
    def _entries(self) -> Mapping[str, Mapping[str, Any]]:
        return {entry["name"]: entry for entry in self.told["configs"]}

    def config(self, name: str) -> Config:
        """``CONFIG``, or one policy of it: ``CONFIG/[[KIND/]NAMESPACE/]NAME``."""
        found = self._loaded.get(name)
        if found is None:
            of, slash, policy = name.partition("/")
            whole = self._loaded.get(of) or self._loaded.setdefault(of, self._load(of))
            found = self._loaded[name] = _just(whole, policy) if slash else whole
        return found

    def files(self, name: str) -> tuple[list[str], list[str]]:
        """The paths of a configuration's topology and of its policies, as far as the case holds them."""
        entry = self._entries[name]
        inherited = self.told if not {"namespaceList", "podList", "resourceList"} & entry.keys() else {}
        resources = self._paths(entry, inherited, "resourceList")
        topology = self._paths(entry, inherited, "namespaceList") + self._paths(entry, inherited, "podList")
        stated = self._paths(entry, {}, "networkPolicyList")
        return list(dict.fromkeys(topology + resources)), list(dict.fromkeys(stated or resources))

    def _paths(self, entry: Mapping[str, Any], inherited: Mapping[str, Any], key: str) -> list[str]:
        stated = entry.get(key, inherited.get(key)) or []
        listed = [stated] if isinstance(stated, str) else stated
        places = (self.case.folder / path.removesuffix("/**") for path in listed if not path.startswith("https:"))
        return [str(place) for place in places]

    def _load(self, name: str) -> Config:
        """What the command line reads of the files; policies that only the topology's files hold do not count."""
        topology, policies = self.files(name)
        try:
            given = load(list(dict.fromkeys([*topology, *policies])), complete=False)
        except UsageError as error:
            return Config(name, Snapshot(), (str(error),))
        try:
            meant = {p.ref for p in Config(name, load(policies, complete=False).snapshot).policies}
        except UsageError:
            meant = set()  # a file without an object is a configuration without policies
        errors = tuple(p.message for p in given.problems if p.severity.label == "error")
        return Config(name, given.snapshot, errors).with_policies(lambda p: [p] if p.ref in meant else [])


def _just(config: Config, policy: str) -> Config:
    """The configuration with one policy alone."""
    *before, name = policy.split("/")
    kind = KINDS[before[0]] if len(before) > 1 else ""
    namespace = before[-1] if before else None

    def is_meant(ref: ObjectRef) -> bool:
        return ref.name == name and kind in ("", ref.kind) and namespace in (None, ref.namespace, ref.namespace or None)

    found = config.with_policies(lambda p: [p] if is_meant(p.ref) else [])
    assert len(found.policies) == 1, (config.name, policy)
    return found


def schemes() -> list[Scheme]:
    return [Scheme(case) for case in cases(SUITE)]
