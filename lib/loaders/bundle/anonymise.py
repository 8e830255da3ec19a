"""Take the names of nodes, of files and of people out of a snapshot, one replacement for each name everywhere.

Users of a cluster stand in annotations, managed fields and kubeconfigs, of which a snapshot has none, and in the paths
of files. Node names stand in many fields and inside texts (the name of a static pod, a selector), so a node's name is
replaced wherever it stands as a word of its own. A name that is also one of the API's words could not be told from it:
then no snapshot is made.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_address
from typing import Any, Final

from lib.loaders.documents import RawObject
from lib.loaders.parse.session import field_names

_HOSTNAME_LABEL: Final = "kubernetes.io/hostname"
_HOST_ADDRESSES: Final = frozenset({"Hostname", "InternalDNS", "ExternalDNS"})
_NODE_FIELDS: Final = {
    "Pod": ("nodeName",),
    "HostEndpoint": ("node",),
    "WorkloadEndpoint": ("node",),
}
_WORDS: Final = field_names(
    "default kube-system kube-public kube-node-lease tcp udp sctp icmp icmpv6 http https grpc tls ingress "
    "egress allow deny pass log accept all any world host cluster remote-node kube-apiserver health init "
    "internet none node nodes pod pods service services namespace namespaces true false ready running "
    "pending succeeded failed unknown name exact prefix gateway clusterip nodeport loadbalancer "
    "externalname ipv4 ipv6 kubernetes calico cilium azure kubernetes.io networking.k8s.io"
)
_UNTOUCHED: Final = ("apiVersion", "kind")


class NotAnonymous(Exception):
    """A name can't be taken out; the message says which and why."""


def node_names(objects: Iterable[RawObject]) -> frozenset[str]:
    """Every name by which some object calls a node."""
    return frozenset(name for raw in objects for name in _names_in(raw) if name)


def _names_in(raw: RawObject) -> Iterator[str]:
    obj = raw.obj
    spec = _mapping(obj.get("spec"))
    metadata = _mapping(obj.get("metadata"))
    if raw.kind == "Node":
        yield _text(metadata.get("name"))
        yield _text(_mapping(metadata.get("labels")).get(_HOSTNAME_LABEL))
        for address in _list(_mapping(obj.get("status")).get("addresses")):
            if _mapping(address).get("type") in _HOST_ADDRESSES:
                yield _text(_mapping(address).get("address"))
    for field in _NODE_FIELDS.get(raw.kind, ()):
        yield _text(spec.get(field))
    template = _mapping(_mapping(spec.get("template")).get("spec"))
    yield _text(template.get("nodeName"))
    for owner in _list(metadata.get("ownerReferences")):
        if _mapping(owner).get("kind") == "Node":
            yield _text(_mapping(owner).get("name"))
    for endpoint in _list(obj.get("endpoints")):
        yield _text(_mapping(endpoint).get("nodeName"))
        yield _text(_mapping(_mapping(endpoint).get("topology")).get(_HOSTNAME_LABEL))
    for subset in _list(obj.get("subsets")):
        for field in ("addresses", "notReadyAddresses"):
            for address in _list(_mapping(subset).get(field)):
                yield _text(_mapping(address).get("nodeName"))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


class Names:
    """The replacement of every name; equal names get the same one, and names that differ stay different."""

    def __init__(self, nodes: Iterable[str], files: Iterable[str]) -> None:
        """Raises NotAnonymous where a node is called like a word that means something else."""
        # Windows' names of machines come in both cases.
        lower = sorted({name.lower() for name in nodes})
        for name in lower:
            if name in _WORDS or len(name) < 3 or _is_address(name):
                raise NotAnonymous(f'a node is called "{name}", which can\'t be told from other values of the objects')
        digits = len(str(len(lower)))
        self._nodes = {name: f"node-{number:0{digits}}" for number, name in enumerate(lower, 1)}
        self._files = {name: f"file-{number}" for number, name in enumerate(files, 1)}
        words = "|".join(re.escape(name) for name in sorted(lower, key=len, reverse=True))
        self._pattern = re.compile(f"(?<![a-z0-9])(?:{words})(?![a-z0-9])", re.IGNORECASE) if words else None

    def file(self, name: str) -> str:
        """What a file is called instead."""
        return self._files.get(name, "file")

    def text(self, text: str) -> str:
        """A text with the names of nodes replaced."""
        if self._pattern is None:
            return text
        return self._pattern.sub(lambda found: self._nodes[found.group().lower()], text)

    def message(self, text: str) -> str:
        """A message with the names of nodes and files replaced."""
        for name in sorted(self._files, key=len, reverse=True):
            text = text.replace(name, self._files[name])
        return self.text(text)

    def object(self, obj: dict[str, Any]) -> dict[str, Any]:
        """An object with the names of nodes replaced, in keys of labels and selectors too."""
        if self._pattern is None:
            return obj
        changed = {key: value if key in _UNTOUCHED else self._value(value) for key, value in obj.items()}
        if obj.get("kind") == "Node" and isinstance(spec := changed.get("spec"), dict) and "providerID" in spec:
            spec["providerID"] = _scheme(spec["providerID"]) + _text(_mapping(changed.get("metadata")).get("name"))
        return changed

    def _value(self, value: Any) -> Any:
        if type(value) is str:
            return self.text(value)
        if isinstance(value, list):
            return [self._value(item) for item in value]
        if isinstance(value, dict):
            return {
                # No field of the API has but letters in its name; the key of a label may.
                key if key.isalpha() else self.text(key): child if key == "kind" else self._value(child)
                for key, child in value.items()
            }
        return value


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _scheme(provider_id: Any) -> str:
    """Which cloud a node's machine is of; the rest names subscription, resource group and machine."""
    scheme, found, _ = _text(provider_id).partition("://")
    return f"{scheme}:///" if found else ""
