"""What of an object a snapshot takes along: what the readers of ``parse`` look at, and of some kinds all but notes.

The input was redacted when it was read. Here goes what the model does not need, so that a file which leaves the house
holds no more than that. A value of a wrong type keeps its type and loses its content, since the Problem that it causes
has to be the same when the snapshot is read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from typing import Any, Final

from lib.loaders.config_values import fact_of
from lib.loaders.documents import RawObject
from lib.loaders.kinds import KEPT_ANNOTATIONS, WORKLOADS, group_of, written
from lib.loaders.mask import MASK
from lib.loaders.model_fields import (
    CONDITION,
    CONTAINER,
    CONTROLLER_SPEC,
    CONTROLLER_STATUS,
    NODE_ALLOCATABLE,
    NODE_INFO,
    NODE_SPEC,
    OWNER,
    POD_SPEC,
    POD_STATUS,
)
from lib.loaders.parse import reader_for
from lib.loaders.parse.session import field_names
from lib.loaders.parse.syntax import label_key_fault
from lib.loaders.secret_fields import is_secret_note
from lib.loaders.yaml_resolver import PlainLetter

_DROPPED_METADATA: Final = field_names("managedFields selfLink generation")
_IDENTITY: Final = field_names("uid resourceVersion")
_CONTROLLER_SPEC: Final = CONTROLLER_SPEC | field_names("template jobTemplate")
_POD_SPEC: Final = POD_SPEC | field_names("containers initContainers")
_PORT: Final = field_names("name containerport protocol hostport hostip")
_WORKLOAD_STATUS: Final = POD_STATUS | CONTROLLER_STATUS | field_names("conditions")
_NODE_STATUS: Final = field_names("addresses conditions allocatable nodeInfo")
_PLAIN: Final = field_names("Node Namespace ServiceAccount")
"""Kinds whose reader does not care whether a server wrote the object."""
_ROUTES: Final = field_names("HTTPRoute GRPCRoute")
_TOLD: Final = field_names("env envFrom command args image volumes volumeMounts")
"""Fields that the list of what was removed names one by one."""

ANNOTATIONS: Final = "annotations that networking does not need"
SERVER_FIELDS: Final = "fields that the server keeps for itself (managedFields, selfLink, generation, uid)"
_Removed = Counter[str]


def needed(raw: RawObject, removed: Counter[str]) -> dict[str, Any]:
    """A copy of an object with what a snapshot needs of it; ``removed`` counts what stays behind, in words.

    Of a kind that is not read only the name goes along. A Secret must not be handed over.
    """
    obj = {**raw.obj, "apiVersion": raw.api_version, "kind": written(raw.kind)}
    if not raw.api_version:
        del obj["apiVersion"]
    group = group_of(raw.api_version)
    if reader_for(raw.api_version, raw.kind) is None or (raw.kind == "ConfigMap" and fact_of(raw.obj) is None):
        metadata = obj.get("metadata")
        names = {k: v for k, v in metadata.items() if k in ("name", "namespace")} if isinstance(metadata, dict) else {}
        return {k: v for k, v in obj.items() if k in ("apiVersion", "kind")} | {"metadata": names}
    is_workload = (group, raw.kind) in WORKLOADS
    obj = {key: _without_notes(value, removed, is_workload) for key, value in obj.items()}
    obj["metadata"] = _metadata(obj.get("metadata"), removed, is_workload or raw.kind in _PLAIN)
    if is_workload:
        return _workload(obj, raw.kind, removed)
    if raw.kind in _ROUTES:
        obj["spec"] = _without_filters(obj.get("spec"), removed)
    if raw.kind == "Node":
        obj = _of(obj, _TOP, removed, "nodes")
        obj["spec"] = _of(obj.get("spec"), NODE_SPEC, removed, "nodes")
        obj["status"] = _node_status(_of(obj.get("status"), _NODE_STATUS, removed, "nodes"), removed)
    return {key: value for key, value in obj.items() if value is not None}


def _without_filters(value: Any, removed: _Removed) -> Any:
    """A route's spec with the types of its filters alone: the headers that one sets may hold credentials."""
    if isinstance(value, list):
        return [_without_filters(item, removed) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {key: _without_filters(child, removed) for key, child in value.items() if key != "filters"}
    if "filters" in value:
        kept["filters"] = value["filters"]
        kept = _each(kept, "filters", lambda item: _of(item, ("type",), removed, "filters of routes"))
    return kept


_TOP: Final = field_names("apiVersion kind metadata spec status")


def _workload(obj: dict[str, Any], kind: str, removed: _Removed) -> dict[str, Any]:
    obj = _of(obj, _TOP, removed, "workloads")
    spec = obj.get("spec")
    if kind == "Pod":
        obj["spec"] = _pod_spec(spec, removed)
    else:
        obj["spec"] = _controller_spec(spec, removed)
    status = _of(obj.get("status"), _WORKLOAD_STATUS, removed, "workloads")
    obj["status"] = _each(status, "conditions", lambda c: _of(c, CONDITION, removed, "conditions"))
    return {key: value for key, value in obj.items() if value is not None}


def _controller_spec(spec: Any, removed: _Removed) -> Any:
    spec = _of(spec, _CONTROLLER_SPEC, removed, "workloads")
    if not isinstance(spec, dict):
        return spec
    if isinstance(job := spec.get("jobTemplate"), dict):
        spec["jobTemplate"] = {"spec": _controller_spec(job["spec"], removed)} if "spec" in job else {}
    elif "jobTemplate" in spec:
        spec["jobTemplate"] = shape(job)
    if isinstance(template := spec.get("template"), dict):
        kept: dict[str, Any] = {}
        if "metadata" in template:
            kept["metadata"] = _of(template["metadata"], ("labels",), removed, "pod templates")
        if "spec" in template:
            kept["spec"] = _pod_spec(template["spec"], removed)
        spec["template"] = kept
    elif "template" in spec:
        spec["template"] = shape(template)
    return spec


def _pod_spec(spec: Any, removed: _Removed) -> Any:
    spec = _of(spec, _POD_SPEC, removed, "pods")
    for field in ("containers", "initContainers"):
        spec = _each(spec, field, lambda c: _container(c, removed))
    return spec


def _container(container: Any, removed: _Removed) -> Any:
    kept = _of(container, CONTAINER, removed, "containers")
    # A misspelt containerPort is named by the Problem about it.
    return _each(kept, "ports", lambda p: {k: v for k, v in p.items() if str(k).lower() in _PORT})


def _node_status(status: Any, removed: _Removed) -> Any:
    status = _each(status, "conditions", lambda c: _of(c, CONDITION, removed, "conditions"))
    if isinstance(status, dict):
        for field, known in (("nodeInfo", NODE_INFO), ("allocatable", NODE_ALLOCATABLE)):
            if field in status:
                status[field] = _of(status[field], known, removed, "nodes")
    return status


def _metadata(metadata: Any, removed: _Removed, is_plain: bool) -> Any:
    if not isinstance(metadata, dict):
        return shape(metadata)
    dropped = _DROPPED_METADATA | _IDENTITY if is_plain else _DROPPED_METADATA
    kept = {key: value for key, value in metadata.items() if key not in dropped}
    removed[SERVER_FIELDS] += len(metadata) - len(kept)
    return _each(kept, "ownerReferences", lambda owner: {k: v for k, v in owner.items() if k in OWNER})


def _without_notes(value: Any, removed: _Removed, is_workload: bool) -> Any:
    """A deep copy in which annotations, wherever they stand, are those that networking needs."""
    if isinstance(value, list):
        return [_without_notes(item, removed, is_workload) for item in value]
    if not isinstance(value, dict):
        return value
    copied: dict[str, Any] = {}
    for key, child in value.items():
        if key == "annotations" and isinstance(child, dict):
            kept = {k: note for k in child if (note := _note(child, k, is_workload)) is not _GONE}
            removed[ANNOTATIONS] += sum(1 for k in child if k not in kept)
            if kept:
                copied[key] = kept
        else:
            copied[key] = _without_notes(child, removed, is_workload)
    return copied


_GONE: Final = object()


def _note(notes: dict[str, Any], key: str, is_workload: bool) -> Any:
    """An annotation that is needed; one that makes its object invalid without its content; ``_GONE`` for the rest."""
    value = notes[key]
    if key.startswith(KEPT_ANNOTATIONS):
        # That there is a snippet counts; what it says may hold credentials.
        return shape(value) if is_secret_note(notes, key, is_workload) else value
    if isinstance(value, str) and not isinstance(value, PlainLetter) and not label_key_fault(key.lower()):
        return _GONE
    return shape(value)


def _of(value: Any, known: Collection[str], removed: _Removed, of: str) -> Any:
    """What ``known`` names of a mapping; anything else without its content."""
    if not isinstance(value, dict):
        return shape(value)
    for key in value.keys() - known:
        removed[f"{key} of {of}" if key in _TOLD else f"other fields of {of}"] += 1
    return {key: child for key, child in value.items() if key in known}


def _each(value: Any, field: str, change: Callable[[Any], Any]) -> Any:
    """``value`` with ``change`` made to every mapping of the list at ``field``."""
    if not isinstance(value, dict) or field not in value:
        return value
    items = value[field]
    if isinstance(items, list):
        changed = [change(item) if isinstance(item, dict) else shape(item) for item in items]
        return {**value, field: changed}
    return {**value, field: shape(items)}


def shape(value: Any) -> Any:
    """A value of the same type that says nothing."""
    match value:
        case None | PlainLetter():
            return value
        case bool():
            return False
        case int():
            return 0
        case float():
            return 0.5
        case str():
            return MASK if value else ""
        case list():
            return []
        case _:
            return {}
