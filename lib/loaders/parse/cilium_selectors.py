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
from lib.model.records import dataclass, field

NAMESPACE_KEY: Final = "io.kubernetes.pod.namespace"
NAMESPACE_LABELS: Final = "io.cilium.k8s.namespace.labels."
CLUSTER_KEY: Final = "io.cilium.k8s.policy.cluster"
RESERVED: Final = "reserved:"
# A key without a source means a label of any source; pods have only those of Kubernetes.
_KUBERNETES: Final = ("k8s:", "any:")
_NEGATIVE: Final = (Operator.NOT_IN, Operator.DOES_NOT_EXIST)
_NO_POD: Final = Requirement(RESERVED, Operator.EXISTS)
_RESERVED_ENTITIES: Final = {e.value: e for e in Entity if e not in (Entity.ALL, Entity.CLUSTER, Entity.NONE)}


def read_endpoint_selector(fields: Fields, namespace: str, *, subject: bool = False) -> CiliumSelector:
    """A selector of a policy in ``namespace``, or of a clusterwide one ("").

    Without a namespace of its own it means the policy's; a ``subject`` never means another one. What is said of
    namespaces in the negative only, nodes and addresses outside fulfil too: they are in none.
    """
    plain, foreign = _of_kubernetes(fields)
    pods, names, by_label, doubts = [], [], [], list(foreign.doubts)
    for each in read_selector(plain).requirements:
        if each.key == NAMESPACE_KEY:
            names.append(Requirement(METADATA_NAME_LABEL, each.operator, each.values))
        elif each.key.startswith(NAMESPACE_LABELS):
            by_label.append(Requirement(each.key.removeprefix(NAMESPACE_LABELS), each.operator, each.values))
        elif each.key == CLUSTER_KEY:
            doubts.append("what the cluster is called")
        else:
            pods.append(each)
    if foreign.reserved_stated:
        pods.append(_NO_POD)
    if subject and namespace:
        if names:
            message = f"a CiliumNetworkPolicy selects pods of its own namespace only, so {NAMESPACE_KEY} is left out"
            fields.warn(None, "foreign-namespace", message, "Remove it, or use a CiliumClusterwideNetworkPolicy.")
        names = [Requirement(METADATA_NAME_LABEL, Operator.IN, frozenset({namespace}))]
    scope: NamespaceScope = NamespacesByLabel(LabelSelector((*names, *by_label)))
    if namespace and not by_label and (subject or not (names or foreign.reserved)):
        scope = OwnNamespace(namespace)
    negative = all(r.operator in _NEGATIVE for r in (*pods, *names, *by_label) if r is not _NO_POD)
    beyond = bool(foreign.reserved or foreign.doubts) or (negative and bool(names or by_label))
    return CiliumSelector(LabelSelector(tuple(pods)), scope, " or ".join(dict.fromkeys(doubts)), beyond and not subject)


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


@dataclass(slots=True)
class _Foreign:
    """What a selector says of labels that pods don't have: those of other sources, and Cilium's own reserved ones.

    ``reserved``: some reserved label is named, so that no namespace goes without saying; ``reserved_stated``: it must
    be there, which it is on no pod.
    """

    doubts: list[str] = field(default_factory=list)
    reserved: bool = False
    reserved_stated: bool = False


def _of_kubernetes(fields: Fields) -> tuple[Fields, _Foreign]:
    """The same selector without the names of sources, and what it says of labels of other ones."""
    data = dict(fields.data)
    foreign = _Foreign()
    labels, expressions = data.get("matchLabels"), data.get("matchExpressions")
    more: list[Any] = []
    if isinstance(labels, dict):
        plain: dict[Any, Any] = {}
        for name, value in labels.items():
            key = _stripped(name, foreign, stated=True)
            if key is None:
                continue
            if key in plain:
                # The same key of two sources: both must hold.
                more.append({"key": key, "operator": "In", "values": [value]})
            else:
                plain[key] = value
        data["matchLabels"] = plain
    if isinstance(expressions, list) or more:
        listed = expressions if isinstance(expressions, list) else []
        data["matchExpressions"] = [e for each in listed if (e := _expression(each, foreign)) is not None] + more
    return Fields(fields.entry, data, fields.path), foreign


def _expression(each: Any, foreign: _Foreign) -> Any:
    if not isinstance(each, dict) or not isinstance(each.get("key"), str):
        return each
    stated = each.get("operator") in ("In", "Exists")
    key = _stripped(each["key"], foreign, stated=stated)
    return None if key is None else {**each, "key": key}


def _stripped(name: Any, foreign: _Foreign, *, stated: bool) -> Any:
    """A key without its source; None for a label that no manifest shows."""
    if not isinstance(name, str) or ":" not in name:
        return name
    if name.startswith(_KUBERNETES):
        return name.partition(":")[2]
    if name.startswith(RESERVED):
        foreign.reserved = True
        foreign.reserved_stated |= stated
    else:
        foreign.doubts.append(f"which endpoints have the label {name[:80]}")
    return None
