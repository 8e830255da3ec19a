"""Put the samples, the kinds that they need and deploy/rbac.yaml into a server."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import yaml

from lib.loaders.cluster.resources import RESOURCES, Resource
from lib.loaders.kinds import CUSTOM_KINDS
from lib.loaders.parse import KIND_READERS
from tests.conftest import ROOT
from tests.envtest.control_plane import Answer, ControlPlane, Raw

PLANT = "hunter2-of-a-real-secret"
# Kinds that rbac.yaml needs beside those that are read: their path's plural and whether they have a namespace.
_OTHERS = {
    "Secret": ("secrets", True),
    "ConfigMap": ("configmaps", True),
    "Role": ("roles", True),
    "RoleBinding": ("rolebindings", True),
    "ClusterRole": ("clusterroles", False),
    "ClusterRoleBinding": ("clusterrolebindings", False),
    "CustomResourceDefinition": ("customresourcedefinitions", False),
}
_SERVERS_OWN = ("uid", "resourceVersion", "creationTimestamp", "generation", "managedFields", "selfLink")
_POD_STATUS = ("phase", "podIP", "podIPs", "hostIP", "hostIPs", "conditions")
# With no Calico API server, its objects lie in this group.
_NOT_SERVED = "projectcalico.org"


def sample(name: str) -> list[Raw]:
    """Every object of a sample, items of lists with their kind, in an order in which they can be made."""
    found = []
    for path in sorted((ROOT / "sample_data" / name).glob("*.yaml")):
        for document in yaml.safe_load_all(path.read_text("utf-8")):
            found += list(_objects(document))
    return sorted(found, key=lambda obj: (obj["kind"] != "Namespace", obj["kind"] != "Node"))


def _objects(document: Any) -> Iterator[Raw]:
    if document and "items" in document:
        kind, version = document["kind"].removesuffix("List"), document["apiVersion"]
        for item in document["items"]:
            yield {"apiVersion": version, "kind": kind, **item}
    elif document:
        yield document


def custom_kinds() -> list[Raw]:
    """A definition for each kind that a cluster has only where somebody installed it; any field is taken.

    kubernetes.io, "api-approved.kubernetes.io": a group below k8s.io needs the note, here that nobody approved it.
    """
    kinds = [r for r in RESOURCES if r.kind in CUSTOM_KINDS and r.group != _NOT_SERVED]
    return [_definition(resource) for resource in kinds]


def _definition(resource: Resource) -> Raw:
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    names = {
        "plural": resource.plural,
        "singular": resource.written.lower(),
        "kind": resource.written,
        "listKind": f"{resource.written}List",
    }
    versions = [
        {"name": version, "served": True, "storage": position == 0, "schema": schema}
        for position, version in enumerate(resource.versions)
    ]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{resource.plural}.{resource.group}",
            "annotations": {"api-approved.kubernetes.io": "unapproved, made by NetAtlas' tests"},
        },
        "spec": {
            "group": resource.group,
            "scope": "Namespaced" if KIND_READERS[resource.kind].namespaced else "Cluster",
            "names": names,
            "versions": versions,
        },
    }


def put_all(plane: ControlPlane, objects: list[Raw]) -> list[str]:
    """Make every object; what the server refuses, in its own words."""
    return [refusal for obj in objects if (refusal := _put(plane, obj))]


def _put(plane: ControlPlane, obj: Raw) -> str:
    wanted = _as_made(obj)
    # The definitions of custom kinds have no status apart: it is made with the object.
    status = None if wanted["kind"] in CUSTOM_KINDS else wanted.pop("status", None)
    path, name = _path(wanted), wanted["metadata"]["name"]
    is_there = plane.ask("GET", f"{path}/{name}").status == 200
    made = Answer(409, {}) if is_there else _make(plane, path, wanted)
    if made.status == 409:
        # The server has namespaces and a Service of its own; they take the sample's labels and keep the rest.
        present = plane.ask("GET", f"{path}/{name}").body
        labels = {**(present["metadata"].get("labels") or {}), **(wanted["metadata"].get("labels") or {})}
        made = plane.ask("PUT", f"{path}/{name}", {**present, "metadata": {**present["metadata"], "labels": labels}})
    elif made.status == 201 and status:
        for kept in _statuses(wanted["kind"], status):
            body = {**made.body, "status": {**made.body.get("status", {}), **kept}}
            answer = plane.ask("PUT", f"{path}/{name}/status", body)
            if answer.status == 200:
                break
        made = answer
    if made.status in (200, 201):
        return ""
    return f"{wanted['kind']} {name}: {made.status} {made.body.get('message', made.body)}"


def as_the_server_has_them(plane: ControlPlane, objects: list[Raw]) -> list[Raw]:
    """The objects with the times of creation and the uids that the server gave them.

    Of two Ingresses the older one wins, and Azure's names of rules are made of the Service's uid.
    """
    return [_as_the_server_has_it(plane, obj) for obj in objects]


def _as_the_server_has_it(plane: ControlPlane, obj: Raw) -> Raw:
    served = plane.ask("GET", f"{_path(obj)}/{obj['metadata']['name']}").body.get("metadata", {})
    given = {key: served[key] for key in ("creationTimestamp", "uid") if key in served}
    return {**obj, "metadata": {**obj["metadata"], **given}}


def _make(plane: ControlPlane, path: str, wanted: Raw) -> Answer:
    """Make an object; once more where a server that has just begun is not ready for it."""
    for _ in range(10):
        made = plane.ask("POST", path, wanted)
        if made.status < 500 and made.status != 429:
            break
        time.sleep(1)
    return made


def _statuses(kind: str, status: Raw) -> Iterator[Raw]:
    """What to try as an object's status, the sample's own first."""
    if kind == "Pod":
        yield {key: status[key] for key in _POD_STATUS if key in status}
        return
    yield status
    if kind == "Job":
        # Newer servers take a Job for complete only once it says that it met what makes it so.
        met = [{**c, "type": "SuccessCriteriaMet"} for c in status.get("conditions", ()) if c["type"] == "Complete"]
        yield {**status, "conditions": [*met, *status.get("conditions", ())]}


def _as_made(obj: Raw) -> Raw:
    """The object as somebody would make it who wants what the sample shows."""
    wanted = deepcopy(obj)
    for key in _SERVERS_OWN:
        wanted["metadata"].pop(key, None)
    if wanted["kind"] == "Job":
        # Else the server makes a selector of its own, by the uid that it gives the Job.
        wanted["spec"]["manualSelector"] = True
    if wanted["kind"] == "Secret":
        wanted["type"] = "Opaque"
        wanted["data"] = {"token": base64.b64encode(PLANT.encode()).decode()}
    return wanted


def _path(obj: Raw) -> str:
    """Where objects of this kind are made."""
    version, kind = obj["apiVersion"], obj["kind"]
    group = version.rpartition("/")[0]
    resource = next((r for r in RESOURCES if r.group == group and r.written == kind), None)
    if resource is not None:
        plural, namespaced = resource.plural, KIND_READERS[resource.kind].namespaced
    else:
        plural, namespaced = _OTHERS[kind]
    root = f"/apis/{version}" if group else f"/api/{version}"
    return f"{root}/namespaces/{obj['metadata']['namespace']}/{plural}" if namespaced else f"{root}/{plural}"


def wait_for_kinds(plane: ControlPlane, definitions: list[Raw], patience_s: float = 60.0) -> None:
    """Wait until objects of the defined kinds can be made and listed. Raises RuntimeError when they can't in time."""
    deadline = time.monotonic() + patience_s
    waiting = list(definitions)
    while waiting and time.monotonic() < deadline:
        waiting = [each for each in waiting if not _is_served(plane, each)]
        if waiting:
            time.sleep(0.3)
    if waiting:
        raise RuntimeError(f"not served in time: {[each['metadata']['name'] for each in waiting]}")


def _is_served(plane: ControlPlane, definition: Raw) -> bool:
    spec = definition["spec"]
    listed = f"/apis/{spec['group']}/{spec['versions'][0]['name']}/{spec['names']['plural']}"
    return plane.ask("GET", listed).status == 200


def token_of(plane: ControlPlane, name: str, namespace: str) -> str:
    """A token of a service account for an hour, as ``kubectl create token`` gets it."""
    body = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {"expirationSeconds": 3600},
    }
    answer = plane.ask("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token", body)
    assert answer.status == 201, answer.body
    token: str = answer.body["status"]["token"]
    return token
