"""Namespaces and Nodes."""

from __future__ import annotations

from typing import Any

from lib.loaders.documents import RawObject
from lib.loaders.parse.fields import Fields
from lib.loaders.parse.metadata import open_object
from lib.loaders.parse.pods import condition
from lib.loaders.parse.session import Session, quote
from lib.loaders.parse.syntax import label_fault, parse_lenient_prefix
from lib.model.cluster import METADATA_NAME_LABEL, Namespace, Node, NodeAddress
from lib.model.sets import Network


def parse_namespace(session: Session, raw: RawObject) -> Namespace | None:
    """A Namespace, with the name label that the API server always sets."""
    reading = open_object(session, raw, namespaced=False, name_fault=label_fault)
    name = reading.ref.name
    written = reading.labels.get(METADATA_NAME_LABEL, name)
    if written != name:
        message = f"the label says {quote(written)}, but the API server sets it to the namespace's name"
        path = ("metadata", "labels", METADATA_NAME_LABEL)
        reading.entry.warn(path, "overridden-label", message, "Remove the label.")
    labels = {**reading.labels, METADATA_NAME_LABEL: name}
    return None if reading.entry.failed else Namespace(name, labels, raw.source)


def parse_node(session: Session, raw: RawObject) -> Node | None:
    """A Node; what its status holds amiss is reported and left out."""
    reading = open_object(session, raw, namespaced=False)
    spec, status = reading.root.section("spec"), reading.root.section("status")
    info = status.section("nodeInfo")
    node = Node(
        name=reading.ref.name,
        source=raw.source,
        labels=reading.labels,
        pod_cidrs=_pod_cidrs(spec),
        addresses=tuple(NodeAddress(a.text("type"), a.text("address")) for a in status.children("addresses")),
        provider_id=spec.text("providerID"),
        ready=condition(status, "Ready"),
        unschedulable=spec.boolean("unschedulable"),
        allocatable_pods=_count(status.section("allocatable").data.get("pods")),
        kubelet_version=info.text("kubeletVersion"),
        os_image=info.text("osImage"),
    )
    return None if reading.entry.failed else node


def _pod_cidrs(spec: Fields) -> tuple[Network, ...]:
    written = spec.texts("podCIDRs")
    paths = [("podCIDRs", index) for index, _ in written]
    texts = [text for _, text in written]
    if not texts and spec.has("podCIDR"):
        texts, paths = [spec.text("podCIDR")], [("podCIDR", -1)]
    found = []
    for text, (key, index) in zip(texts, paths, strict=True):
        if not text:
            continue
        parsed = parse_lenient_prefix(text)
        if parsed is None:
            path = (*spec.path, key) if index < 0 else (*spec.path, key, index)
            message = f"{quote(text)} is no address block in CIDR form"
            spec.entry.error(path, "invalid-cidr", message, "Write an address and a prefix length.")
        else:
            found.append(parsed[0])
    return tuple(found)


def _count(quantity: Any) -> int | None:
    """A whole number written as a quantity (``"110"``); None where absent or of another form."""
    if type(quantity) is int:
        return quantity
    if isinstance(quantity, str) and quantity.isdecimal() and len(quantity) < 10:
        return int(quantity)
    return None
