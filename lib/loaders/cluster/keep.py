"""What is kept of an object that a server listed: what the model is made of, and no more."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from lib.loaders.cluster.resources import Resource
from lib.loaders.kinds import KEPT_ANNOTATIONS, WORKLOADS
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
from lib.loaders.parse.session import field_names
from lib.loaders.redact import redact_object

_METADATA: Final = field_names("name namespace uid labels creationTimestamp deletionTimestamp")
_TOLD: Final = frozenset({"Ready", "Complete", "Failed"})


class Keeper:
    """Prunes and redacts objects; equal parts of them are one in memory. For one thread."""

    def __init__(self) -> None:
        self._shared: dict[str, Any] = {}

    def keep(self, obj: Mapping[str, Any], resource: Resource, api_version: str) -> dict[str, Any]:
        """A new object with what is kept of ``obj``."""
        prune = _PRUNERS.get((resource.group, resource.written), _everything_read)
        kept = {"metadata": _metadata(obj.get("metadata")), **prune(obj)}
        redact_object(kept, api_version, resource.written)
        return self._share_parts(kept)

    def _share_parts(self, kept: dict[str, Any]) -> dict[str, Any]:
        """Labels, owners, containers and templates are the same in many pods."""
        for part, keys in _SHARED_PARTS:
            holder = kept.get(part)
            if isinstance(holder, dict):
                for key in keys & holder.keys():
                    value = holder[key]
                    if value.__class__ in (dict, list):
                        holder[key] = self._shared.setdefault(json.dumps(value), value)
        return kept


_SHARED_PARTS: Final = (
    ("metadata", field_names("labels ownerReferences annotations")),
    ("spec", field_names("containers initContainers template jobTemplate selector")),
    ("status", field_names("conditions hostIPs")),
)


def _some(value: Any, keys: frozenset[str]) -> Any:
    """The named fields of a mapping; what is none stays as it is where it can hold nothing."""
    if isinstance(value, dict):
        return {key: value[key] for key in value if key in keys}
    return value if value is None or isinstance(value, bool | int) else []


def _each(value: Any, keep: Callable[[Any], Any]) -> Any:
    return [keep(item) for item in value] if isinstance(value, list) else _some(value, frozenset())


def _metadata(value: Any) -> Any:
    if not isinstance(value, dict):
        return _some(value, frozenset())
    kept: dict[str, Any] = {key: value[key] for key in value if key in _METADATA}
    notes = value.get("annotations")
    if isinstance(notes, dict):
        needed = {k: v for k, v in notes.items() if k.startswith(KEPT_ANNOTATIONS)}
        if needed:
            kept["annotations"] = needed
    if value.get("ownerReferences"):
        kept["ownerReferences"] = _each(value["ownerReferences"], lambda owner: _some(owner, OWNER))
    return kept


def _conditions(status: Mapping[str, Any]) -> dict[str, Any]:
    listed = status.get("conditions")
    if not isinstance(listed, list):
        return {}
    told = [_some(c, CONDITION) for c in listed if isinstance(c, dict) and c.get("type") in _TOLD]
    return {"conditions": told} if told else {}


def _pod_spec(spec: Any) -> Any:
    if not isinstance(spec, dict):
        return _some(spec, frozenset())
    kept = {key: spec[key] for key in spec if key in POD_SPEC}
    kept["containers"] = _each(spec.get("containers"), lambda container: _some(container, CONTAINER))
    if spec.get("initContainers"):
        kept["initContainers"] = _each(spec["initContainers"], lambda container: _some(container, CONTAINER))
    return kept


def _template(template: Any) -> Any:
    if not isinstance(template, dict):
        return _some(template, frozenset())
    metadata = _some(template.get("metadata"), frozenset({"labels"}))
    return {"metadata": metadata, "spec": _pod_spec(template.get("spec"))}


def _status(status: Any, keys: frozenset[str]) -> dict[str, Any]:
    if not isinstance(status, dict):
        return {}
    return {"status": {**_some(status, keys), **_conditions(status)}}


def _pod(obj: Mapping[str, Any]) -> dict[str, Any]:
    return {"spec": _pod_spec(obj.get("spec")), **_status(obj.get("status"), POD_STATUS)}


def _workload(obj: Mapping[str, Any]) -> dict[str, Any]:
    spec = obj.get("spec")
    if not isinstance(spec, dict):
        return {"spec": _some(spec, frozenset())}
    kept: dict[str, Any] = _some(spec, CONTROLLER_SPEC)
    if "template" in spec:
        kept["template"] = _template(spec["template"])
    job = spec.get("jobTemplate")
    if isinstance(job, dict) and isinstance(job.get("spec"), dict):
        kept["jobTemplate"] = {"spec": {"template": _template(job["spec"].get("template"))}}
    return {"spec": kept, **_status(obj.get("status"), CONTROLLER_STATUS)}


def _node(obj: Mapping[str, Any]) -> dict[str, Any]:
    status = obj.get("status")
    kept = _status(status, frozenset({"addresses"}))
    if isinstance(status, dict):
        kept["status"]["allocatable"] = _some(status.get("allocatable"), NODE_ALLOCATABLE)
        kept["status"]["nodeInfo"] = _some(status.get("nodeInfo"), NODE_INFO)
    return {"spec": _some(obj.get("spec"), NODE_SPEC), **kept}


def _everything_read(obj: Mapping[str, Any]) -> dict[str, Any]:
    """The kinds of networking are kept as they are: whoever judges them must see every field."""
    return {key: value for key, value in obj.items() if key not in ("metadata", "kind", "apiVersion")}


_PRUNERS: Final[Mapping[tuple[str, str], Callable[[Mapping[str, Any]], dict[str, Any]]]] = {
    **dict.fromkeys(WORKLOADS, _workload),
    ("", "Pod"): _pod,
    ("", "Node"): _node,
    ("", "ServiceAccount"): lambda _: {},
}
