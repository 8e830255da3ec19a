"""Raw objects by what they are, and what the other modules ask of a pod."""

from __future__ import annotations

from collections import defaultdict

from tests.naive.flow import AddressEnd, End, PodEnd, Raw


def namespace_of(obj: Raw) -> str:
    """``metadata.namespace``; "default" where it is missing."""
    return obj["metadata"].get("namespace") or "default"


class Objects:
    """The objects of a cluster; pods that have ended or have no address yet are none.

    Without ``tells_own_nodes`` no node counts as a pod's own.
    """

    def __init__(self, objects: list[Raw], *, tells_own_nodes: bool = True) -> None:
        self._tells_own_nodes = tells_own_nodes
        self.pods: dict[PodEnd, Raw] = {}
        self.node_labels: dict[str, dict[str, str]] = {}
        self.namespaces: dict[str, dict[str, str]] = {}
        self._addresses: dict[tuple[End, int], list[str]] = {}
        self._of_kind: dict[tuple[str, str], list[Raw]] = defaultdict(list)
        for obj in objects:
            group = obj["apiVersion"].rpartition("/")[0]
            self._of_kind[group, obj["kind"]].append(obj)
            if obj["kind"] == "Pod" and _lives(obj):
                self.pods[PodEnd(namespace_of(obj), obj["metadata"]["name"])] = obj
            elif obj["kind"] == "Node":
                self.node_labels[obj["metadata"]["name"]] = dict(obj["metadata"].get("labels") or {})
            elif obj["kind"] == "Namespace":
                self.namespaces[obj["metadata"]["name"]] = dict(obj["metadata"].get("labels") or {})

    def of_kind(self, group: str, kind: str) -> list[Raw]:
        """The objects of one kind, "" being the core group."""
        return self._of_kind[group, kind]

    def labels(self, pod: PodEnd) -> dict[str, str]:
        """A pod's own labels."""
        return self.pods[pod]["metadata"].get("labels") or {}

    def namespace_labels(self, namespace: str) -> dict[str, str]:
        """A namespace's labels, with the one that the API server sets."""
        return {**self.namespaces.get(namespace, {}), "kubernetes.io/metadata.name": namespace}

    def on_host(self, pod: PodEnd) -> bool:
        """Whether a pod uses its node's network."""
        return bool(self.pods[pod]["spec"].get("hostNetwork"))

    def node(self, pod: PodEnd) -> str:
        """The name of the node that a pod runs on."""
        return str(self.pods[pod]["spec"]["nodeName"])

    def own_node(self, a: End, b: End) -> bool:
        """Whether one end is a pod, and the other one its node."""
        if isinstance(a, AddressEnd) or isinstance(b, AddressEnd) or self.on_host(a) == self.on_host(b):
            return False
        if not self._tells_own_nodes:
            return False
        return self.node(a) == self.node(b)

    def addresses(self, end: End) -> list[str]:
        """The addresses that packets from and to an end have."""
        if isinstance(end, AddressEnd):
            return [end.address]
        status = self.pods[end].get("status") or {}
        return [entry["ip"] for entry in status.get("hostIPs" if self.on_host(end) else "podIPs") or []]

    def address(self, end: End, family: int) -> list[str]:
        """The address of one family, if an end has it."""
        found = self._addresses.get((end, family))
        if found is None:
            found = [a for a in self.addresses(end) if _family(a) == family]
            self._addresses[end, family] = found
        return found

    def families(self, end: End) -> set[int]:
        """The families of an end's addresses."""
        return {_family(a) for a in self.addresses(end)}

    def ports_called(self, pod: PodEnd, name: str, protocol: str) -> list[int]:
        """The numbers of a pod's ports of a name: those of its containers, then those of its sidecars."""
        spec = self.pods[pod]["spec"]
        sidecars = [c for c in spec.get("initContainers") or [] if c.get("restartPolicy") == "Always"]
        return [
            int(port["containerPort"])
            for container in [*spec["containers"], *sidecars]
            for port in container.get("ports") or []
            if port.get("name") == name and port.get("protocol", "TCP") == protocol
        ]

    def declares(self, end: End, name: str, protocol: str) -> int | None:
        """The number of a pod's port of a name, the first where it has several."""
        found = self.ports_called(end, name, protocol) if isinstance(end, PodEnd) else []
        return found[0] if found else None


def _family(address: str) -> int:
    return 6 if ":" in address else 4


def _lives(pod: Raw) -> bool:
    status = pod.get("status") or {}
    phase = status.get("phase")
    return phase not in ("Succeeded", "Failed") and (phase != "Pending" or bool(status.get("podIPs")))
