"""Which fields of an object may hold a secret, and how they are masked in place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from lib.loaders.built import CONTAINER_LISTS, HEADERS, LABEL_MAPS, WATCHED
from lib.loaders.credentials import is_header_note, is_telling
from lib.loaders.kinds import KEPT_ANNOTATIONS
from lib.loaders.mask import MASK
from lib.loaders.parse.session import field_names
from lib.model.patterns import pattern

LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"

FIELD_NAME: Final = pattern(r"[A-Za-z][A-Za-z0-9]{0,62}")
_ENV_NAME: Final = pattern(r"[-._a-zA-Z][-._a-zA-Z0-9]{0,252}")
CONTAINER_FIELDS: Final = field_names(
    "name image command args workingDir ports envFrom env resources resizePolicy restartPolicy restartPolicyRules "
    "volumeMounts volumeDevices livenessProbe readinessProbe startupProbe lifecycle terminationMessagePath "
    "terminationMessagePolicy imagePullPolicy securityContext stdin stdinOnce tty targetContainerName"
)
_KEY_REFERENCE: Final = frozenset({"name", "key", "optional"})
_VALUE_SOURCES: Final = {
    "secretKeyRef": _KEY_REFERENCE,
    "configMapKeyRef": _KEY_REFERENCE,
    "fieldRef": frozenset({"apiVersion", "fieldPath"}),
    "resourceFieldRef": frozenset({"containerName", "resource", "divisor"}),
    "fileKeyRef": frozenset({"volumeName", "path", "key", "optional"}),
}
_ENV_SOURCES: Final = dict.fromkeys(("secretRef", "configMapRef"), frozenset({"name", "optional"}))
_SNIPPET: Final = "-snippet"
_URL: Final = "://"
_USER: Final = pattern(r"://([^/\s@]*)@")
_TOKEN: Final = pattern(r"(?=\D*\d)[-\w.~%]{16,}")
"""Long and with a digit, as names of people are not."""
_PARAMETER: Final = pattern(r"[?&#;]([^\s=&?#;]*)=[^\s&]")
_TELLING: Final = pattern(r"token|key|secret|passw|sig|code|auth", re.IGNORECASE)


def is_env_item(item: Any) -> bool:
    """Whether an environment entry is of the API's shape, so that its secret can be in its value only."""
    return (
        isinstance(item, dict)
        and item.keys() <= {"name", "value", "valueFrom"}
        and isinstance(name := item.get("name"), str)
        and _ENV_NAME.fullmatch(name) is not None
        and _are_references(item.get("valueFrom", {}), _VALUE_SOURCES)
    )


def _are_references(value: Any, sources: Mapping[str, frozenset[str]]) -> bool:
    """Whether a mapping has nothing but references with the fields that the API knows."""
    return isinstance(value, dict) and all(
        key in sources and isinstance(reference, dict) and reference.keys() <= sources[key]
        for key, reference in value.items()
    )


def _is_reference_item(item: Any) -> bool:
    """Whether an element of ``envFrom`` is of the API's shape."""
    return isinstance(item, dict) and _are_references(
        {k: v for k, v in item.items() if k != "prefix" or not isinstance(v, str)}, _ENV_SOURCES
    )


def is_secret_note(notes: Mapping[str, Any], key: str, is_workload: bool) -> bool:
    """Whether one of the annotations must go: where to log in may stand there with the login.

    Those of pods tell other programs what to do, with what credentials ever.
    """
    value = notes[key]
    if key == LAST_APPLIED or key.endswith(_SNIPPET) or (is_workload and not key.startswith(KEPT_ANNOTATIONS)):
        return True
    return (isinstance(value, str) and _URL in value and _holds_login(value)) or is_header_note(notes, key)


def _holds_login(text: str) -> bool:
    """Whether a URL in it has a password, a token in place of a user, or a parameter that is called like one."""
    names = _PARAMETER.findall(text)
    return any(":" in user or _TOKEN.fullmatch(user) for user in _USER.findall(text)) or any(
        _TELLING.search(name) or is_telling(name, is_parameter=True) for name in names
    )


def is_secret(container: dict[str, Any], key: str, value: Any, is_workload: bool) -> bool:
    """Whether a value under a watched key must go; outside of pods a word beside words may be anybody's label."""
    match key:
        case "kubectl.kubernetes.io/last-applied-configuration":
            return True
        case "envFrom":
            return not (isinstance(value, list) and all(map(_is_reference_item, value)))
        case "message":
            return is_workload
        case "volumeAttributes" | "options":
            return is_workload and not isinstance(value, list)
        case _:
            return (
                is_workload
                or isinstance(value, dict | list)
                or "image" in container
                or any(isinstance(v, dict | list) for v in container.values())
            )


def _nested_specs(target: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """An object, its spec, and those of the templates in it: wherever the API has containers and metadata."""
    node: Any = target
    nodes = [node]
    while nodes:
        node = nodes.pop()
        if isinstance(node, dict):
            yield node
            nodes += (node[key] for key in ("spec", "template", "jobTemplate") if key in node)


def mask_unknown_container_fields(target: dict[str, Any]) -> set[tuple[int, str]]:
    """Mask what a container has that the API does not know, such as a misspelt ``env``; returns what was masked."""
    found = set()
    for node in _nested_specs(target):
        for field in CONTAINER_LISTS:
            containers = node.get(field)
            for container in containers if isinstance(containers, list) else [containers]:
                if isinstance(container, dict):
                    for key in container.keys() - CONTAINER_FIELDS:
                        if FIELD_NAME.fullmatch(key):
                            container[key] = MASK
                        else:
                            del container[key]
                        found.add((id(container), key))
    return found


def nested_metadata(target: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (meta for node in _nested_specs(target) if isinstance(meta := node.get("metadata"), dict))


def masked(value: Any) -> Any:
    return [MASK] if isinstance(value, list) else MASK


def mask_everywhere(value: Any, is_workload: bool, seen: set[int], parent: str = "") -> None:
    """Mask every watched value below ``value``: for documents in which aliases make one value stand in many places."""
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, list):
        for item in value:
            mask_everywhere(item, is_workload, seen)
    elif isinstance(value, dict):
        for key, child in value.items():
            if parent == "annotations" and is_secret_note(value, key, is_workload):
                value[key] = MASK
            elif parent in LABEL_MAPS or key not in WATCHED or key == HEADERS:
                mask_everywhere(child, is_workload, seen, key)
            elif key == "env" and isinstance(child, list) and all(map(is_env_item, child)):
                value[key] = [{k: MASK if k == "value" else v for k, v in item.items()} for item in child]
            elif is_workload if key == "value" else is_secret(value, key, child, is_workload):
                value[key] = MASK if key == LAST_APPLIED else masked(child)
            else:
                mask_everywhere(child, is_workload, seen, key)


def annotations_in(value: Any) -> Iterator[dict[str, Any]]:
    """The annotations of an object, of its pod template and of a list's items."""
    stack = [value]
    seen: set[int] = set()
    while stack:
        node = stack.pop()
        if id(node) in seen or not isinstance(node, dict | list):
            continue
        seen.add(id(node))
        if isinstance(node, dict):
            if isinstance(notes := node.get("annotations"), dict):
                yield notes
            stack += node.values()
        else:
            stack += node
