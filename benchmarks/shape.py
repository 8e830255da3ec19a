"""What a generated cluster is made of: its size, its workloads, and how its objects are named."""

import uuid
from dataclasses import dataclass
from random import Random

from benchmarks.emit import Raw

TIERS = ("web", "api", "data", "worker")
ENVIRONMENTS = ("prod", "stage", "dev")
TEAMS = 12
PODS_PER_NODE = 200
WORKLOADS_PER_NAMESPACE = 25
MAX_NODES = 16_384
MAX_WORKLOADS = 500_000
CREATED = "2026-11-01T08:00:00Z"


@dataclass(frozen=True, slots=True)
class Shape:
    """How large the cluster is.

    ``pods_per_workload`` 0 means manifests as in a repository: no nodes, pods, ReplicaSets, EndpointSlices.
    Raises ValueError where a count is out of range.
    """

    workloads: int
    pods_per_workload: int = 1
    policies_per_namespace: int = 6
    namespaces: int = 0  # 0: one for each WORKLOADS_PER_NAMESPACE workloads
    seed: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.workloads <= MAX_WORKLOADS:
            raise ValueError(f"workloads must be within 1-{MAX_WORKLOADS}")
        if min(self.pods_per_workload, self.policies_per_namespace, self.namespaces) < 0:
            raise ValueError("counts can't be negative")
        if self.namespaces > self.workloads:
            raise ValueError("there can't be more namespaces than workloads")
        if self.node_count > MAX_NODES:
            raise ValueError(f"{self.pod_count} pods need {self.node_count} nodes, at most {MAX_NODES} fit")

    @property
    def namespace_count(self) -> int:
        return self.namespaces or -(-self.workloads // WORKLOADS_PER_NAMESPACE)

    @property
    def pod_count(self) -> int:
        return self.workloads * self.pods_per_workload

    @property
    def node_count(self) -> int:
        return -(-self.pod_count // PODS_PER_NODE)


@dataclass(frozen=True, slots=True)
class App:
    """One workload; ``index`` counts through the whole cluster."""

    index: int
    namespace: str
    name: str
    tier: str
    port_name: str
    port: int

    @property
    def labels(self) -> dict[str, str]:
        return {"app": self.name, "tier": self.tier, "shard": f"s{self.index % 3}"}


def namespace_name(number: int) -> str:
    return f"ns-{number:05d}"


def apps_of(shape: Shape, number: int, random: Random) -> list[App]:
    """The workloads of one namespace; each of the first four is of another tier."""
    count, rest = divmod(shape.workloads, shape.namespace_count)
    first = number * count + min(number, rest)
    apps = []
    for index in range(first, first + count + (number < rest)):
        tier = TIERS[index % 4] if index - first < 4 else random.choice(TIERS)
        name, port = {
            "web": ("http", 8080 + random.randrange(2)),
            "api": ("grpc", 9000) if random.random() < 0.3 else ("http", 8080),
            "data": ("db", random.choice((5432, 6379, 9042))),
            "worker": ("http", 8080),
        }[tier]
        apps.append(App(index, namespace_name(number), f"{tier}-{index:06d}", tier, name, port))
    return apps


def uid_of(shape: Shape, kind: str, name: str) -> str:
    """The object's identifier, the same wherever it is named."""
    return str(uuid.UUID(int=Random(f"{shape.seed}/{kind}/{name}").getrandbits(128), version=4))


def meta_of(shape: Shape, kind: str, name: str, namespace: str = "", labels: dict[str, str] | None = None) -> Raw:
    """The object's metadata; without ``namespace`` it is a cluster-wide one."""
    meta: Raw = {"creationTimestamp": CREATED, "name": name}
    if labels:
        meta["labels"] = labels
    if namespace:
        meta["namespace"] = namespace
    meta["uid"] = uid_of(shape, kind, f"{namespace}/{name}")
    return meta


def owner_of(shape: Shape, kind: str, api: str, name: str, namespace: str) -> list[Raw]:
    """The ``ownerReferences`` of what this object controls."""
    uid = uid_of(shape, kind, f"{namespace}/{name}")
    return [{"apiVersion": api, "blockOwnerDeletion": True, "controller": True, "kind": kind, "name": name, "uid": uid}]
