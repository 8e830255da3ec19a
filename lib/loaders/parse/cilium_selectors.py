"""Cilium's endpoint selectors: Kubernetes' label selectors whose keys may name a source and reach namespaces.

Source: getEndpointSelector in pkg/k8s/apis/cilium.io/utils and pkg/policy/api/selector.go of cilium/cilium.
"""

from __future__ import annotations

from typing import Any, Final

from lib.loaders.parse.fields import Fields
from lib.loaders.parse.selectors import read_selector
from lib.model.cilium_policies import CiliumSelector, Entity
from lib.model.cluster import METADATA_NAME_LABEL
from lib.model.labels import LabelSelector, Operator, Requirement
from lib.model.policies import NamespacesByLabel, NamespaceScope, OwnNamespace

NAMESPACE_KEY: Final = "io.kubernetes.pod.namespace"
NAMESPACE_LABELS: Final = "io.cilium.k8s.namespace.labels."
CLUSTER_KEY: Final = "io.cilium.k8s.policy.cluster"
RESERVED: Final = "reserved:"
# A key without a source means a label of any source; pods have only those of Kubernetes.
_KUBERNETES: Final = ("k8s:", "any:")
_RESERVED_ENTITIES: Final = {e.value: e for e in Entity if e not in (Entity.ALL, Entity.CLUSTER, Entity.NONE)}


def read_endpoint_selector(fields: Fields, namespace: str, *, subject: bool = False) -> CiliumSelector:
    """A selector of a policy in ``namespace``, or of a clusterwide one ("").

    Without a namespace of its own it means the policy's; a ``subject`` never means another one.
    """
    plain, doubts = _of_kubernetes(fields)
    requirements = read_selector(plain).requirements
    pods, names, by_label = [], [], []
    for each in requirements:
        if each.key == NAMESPACE_KEY:
            names.append(Requirement(METADATA_NAME_LABEL, each.operator, each.values))
        elif each.key.startswith(NAMESPACE_LABELS):
            by_label.append(Requirement(each.key.removeprefix(NAMESPACE_LABELS), each.operator, each.values))
        elif each.key == CLUSTER_KEY:
            doubts.append("what the cluster is called")
        else:
            pods.append(each)
    if subject and namespace:
        if names:
            message = f"a CiliumNetworkPolicy selects pods of its own namespace only, so {NAMESPACE_KEY} is left out"
            fields.warn(None, "foreign-namespace", message, "Remove it, or use a CiliumClusterwideNetworkPolicy.")
        names = [Requirement(METADATA_NAME_LABEL, Operator.IN, frozenset({namespace}))]
    scope: NamespaceScope = NamespacesByLabel(LabelSelector((*names, *by_label)))
    if namespace and not by_label and (subject or not names):
        scope = OwnNamespace(namespace)
    return CiliumSelector(LabelSelector(tuple(pods)), scope, " or ".join(dict.fromkeys(doubts)))


def reserved_entity(fields: Fields) -> Entity | None:
    """The entity that a selector such as ``matchLabels: {"reserved:host": ""}`` means; None for any other one."""
    labels = fields.data.get("matchLabels")
    expressions = fields.data.get("matchExpressions")
    keys = [str(key) for key in labels] if isinstance(labels, dict) else []
    if isinstance(expressions, list):
        keys += [str(e.get("key")) if e.get("operator") == "Exists" else "" for e in expressions if isinstance(e, dict)]
    if len(keys) != 1 or not keys[0].startswith(RESERVED):
        return None
    return _RESERVED_ENTITIES.get(keys[0].removeprefix(RESERVED))


def _of_kubernetes(fields: Fields) -> tuple[Fields, list[str]]:
    """The same selector without the names of sources, and what its labels of other sources leave open."""
    data = dict(fields.data)
    doubts: list[str] = []
    labels, expressions = data.get("matchLabels"), data.get("matchExpressions")
    if isinstance(labels, dict):
        data["matchLabels"] = {
            key: value for name, value in labels.items() if (key := _stripped(name, doubts)) is not None
        }
    if isinstance(expressions, list):
        data["matchExpressions"] = [e for each in expressions if (e := _expression(each, doubts)) is not None]
    return Fields(fields.entry, data, fields.path), doubts


def _expression(each: Any, doubts: list[str]) -> Any:
    if not isinstance(each, dict) or not isinstance(each.get("key"), str):
        return each
    key = _stripped(each["key"], doubts)
    return None if key is None else {**each, "key": key}


def _stripped(name: Any, doubts: list[str]) -> Any:
    """A key without its source; None for a label that no manifest shows."""
    if not isinstance(name, str) or ":" not in name:
        return name
    if name.startswith(_KUBERNETES):
        return name.partition(":")[2]
    doubts.append(f"which endpoints have the label {name[:80]}")
    return None
