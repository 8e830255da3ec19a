"""Read the sample files as plain YAML, with nothing of NetAtlas between."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

SAMPLES = Path(__file__).resolve().parents[2] / "sample_data"

Raw = dict[str, Any]


def documents(folder: Path) -> Iterator[tuple[Path, Raw]]:
    """Every non-empty YAML document below ``folder`` with its file, in path order."""
    for path in sorted(folder.rglob("*.yaml")):
        with path.open(encoding="utf-8") as stream:
            for document in yaml.load_all(stream, Loader=yaml.CSafeLoader):
                if document is not None:
                    yield path, document


def objects(folder: Path) -> list[Raw]:
    """Every object below ``folder``, Lists taken apart."""
    found: list[Raw] = []
    for _, document in documents(folder):
        found.extend(unfold(document))
    return found


def unfold(document: Raw) -> list[Raw]:
    """The objects of a kubectl ``List`` or of an API server's typed list, or the one that the document is."""
    kind = document["kind"]
    if kind == "List":
        return list(document["items"])
    if "items" in document:
        return [
            {"apiVersion": document["apiVersion"], "kind": kind.removesuffix("List")} | i for i in document["items"]
        ]
    return [document]


def of_kind(items: list[Raw], *kinds: str) -> list[Raw]:
    return [item for item in items if item["kind"] in kinds]


def name_of(item: Raw) -> str:
    """``namespace/name``; a missing namespace is ``default`` as kubectl takes it, or none for cluster kinds."""
    meta = item["metadata"]
    return f"{meta['namespace']}/{meta['name']}" if "namespace" in meta else str(meta["name"])


def namespace_of(item: Raw) -> str:
    return str(item["metadata"].get("namespace", "default"))


def labels_of(item: Raw) -> Mapping[str, str]:
    labels: Mapping[str, str] = item["metadata"].get("labels") or {}
    return labels


def selects(selector: Raw, labels: Mapping[str, str]) -> bool:
    """Whether a label selector (matchLabels and matchExpressions) matches; an empty one matches all."""
    for key, value in (selector.get("matchLabels") or {}).items():
        if labels.get(key) != value:
            return False
    for term in selector.get("matchExpressions") or []:
        key, values = term["key"], term.get("values") or []
        match term["operator"]:
            case "In":
                held = labels.get(key) in values
            case "NotIn":
                held = labels.get(key) not in values
            case "Exists":
                held = key in labels
            case "DoesNotExist":
                held = key not in labels
            case other:
                raise AssertionError(f"unknown operator {other}")
        if not held:
            return False
    return True


def has_labels(wanted: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    return all(labels.get(key) == value for key, value in wanted.items())


def containers(pod_spec: Raw) -> list[Raw]:
    return [*pod_spec.get("initContainers", []), *pod_spec["containers"]]


def port_numbers(pod_spec: Raw, target: int | str, protocol: str) -> set[int]:
    """The numbers that a targetPort means on one pod; empty where the name is not declared."""
    if isinstance(target, int):
        return {target}
    return {
        port["containerPort"]
        for container in pod_spec["containers"]
        for port in container.get("ports", [])
        if port.get("name") == target and port.get("protocol", "TCP") == protocol
    }
