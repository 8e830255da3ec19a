"""CiliumNetworkPolicy and CiliumClusterwideNetworkPolicy, refused where Cilium refuses them.

Such an object stands in the cluster all the same, marked as not valid, and does nothing; it becomes a RejectedPolicy.
Source: pkg/policy/api/rule_validation.go and the types of cilium/cilium.
"""

from __future__ import annotations

from typing import Final

from lib.loaders.documents import RawObject
from lib.loaders.kinds import CILIUM_VERSION
from lib.loaders.parse.cilium_layer_7 import check_of_nodes
from lib.loaders.parse.cilium_rules import read_rules
from lib.loaders.parse.cilium_selectors import read_endpoint_selector
from lib.loaders.parse.fields import Fields
from lib.loaders.parse.metadata import open_object
from lib.loaders.parse.selectors import read_selector
from lib.loaders.parse.session import Session, Unknown, field_names, quote
from lib.model.cilium_policies import CiliumPolicy, CiliumSpec
from lib.model.labels import EVERYTHING
from lib.model.policies import Direction, RejectedPolicy

_SPEC: Final = field_names(
    "description labels endpointSelector nodeSelector ingress ingressDeny egress egressDeny enableDefaultDeny log"
)


def parse_cilium_policy(session: Session, raw: RawObject) -> CiliumPolicy | RejectedPolicy:
    """A CiliumNetworkPolicy."""
    return _policy(session, raw, namespaced=True)


def parse_clusterwide_policy(session: Session, raw: RawObject) -> CiliumPolicy | RejectedPolicy:
    """A CiliumClusterwideNetworkPolicy."""
    return _policy(session, raw, namespaced=False)


def _policy(session: Session, raw: RawObject, *, namespaced: bool) -> CiliumPolicy | RejectedPolicy:
    reading = open_object(
        session, raw, namespaced=namespaced, unknown=Unknown.REJECTS, fields=field_names("spec specs status")
    )
    entry = reading.entry
    if not raw.api_version:
        entry.failed = True  # which the reader of the document has told
    elif raw.api_version != CILIUM_VERSION:
        message = f"there is no {raw.kind} in the API version {quote(raw.api_version)}"
        entry.error(("apiVersion",), "unsupported-api-version", message, f"Write apiVersion: {CILIUM_VERSION}.")
    root = reading.root
    found = []
    if root.has("spec"):
        found.append(_spec(root.section("spec"), reading.namespace, "spec"))
    for index, fields in enumerate(root.children("specs")):
        found.append(_spec(fields, reading.namespace, f"specs[{index}]"))
    if not found:
        root.error(None, "missing-spec", "has neither spec nor specs", "Add a spec with an endpointSelector and rules.")
    if entry.failed:
        return RejectedPolicy(reading.ref, raw.source, reading.namespace, EVERYTHING, frozenset(Direction))
    return CiliumPolicy(reading.ref, raw.source, tuple(found))


def _spec(spec: Fields, namespace: str, label: str) -> CiliumSpec:
    spec.only(_SPEC)
    selector, nodes = spec.child("endpointSelector"), spec.child("nodeSelector")
    subject, of_nodes, text = None, None, "?"
    if selector is not None and nodes is not None:
        spec.error("nodeSelector", "not-exactly-one", "stands beside an endpointSelector", "Keep one of the two.")
    elif nodes is not None:
        if namespace:
            message = "only a CiliumClusterwideNetworkPolicy can select nodes"
            spec.error("nodeSelector", "nodes-in-namespace", message, "Write kind: CiliumClusterwideNetworkPolicy.")
        of_nodes = read_selector(nodes)
        text = "all nodes" if of_nodes.is_everything else f"nodes with {of_nodes}"
    elif selector is not None:
        subject = read_endpoint_selector(selector, namespace, subject=True)
        text = str(subject)
    elif not spec.entry.failed:
        remedy = "Add endpointSelector; {} means every pod of the namespace."
        spec.error(None, "missing-subject", "has neither endpointSelector nor nodeSelector", remedy)
    counted = {
        direction: len(spec.sequence(direction.field)) + len(spec.sequence(f"{direction.field}Deny"))
        for direction in Direction
    }
    if not any(counted.values()) and not spec.entry.failed:
        message = "has no rule in ingress, ingressDeny, egress or egressDeny; Cilium calls the policy not valid"
        spec.error(None, "no-rules", message, "To close a direction write an empty rule: ingress: [{}].")
    rules = tuple(rule for direction in Direction for rule in read_rules(spec, direction, namespace, label))
    if nodes is not None:
        check_of_nodes(spec)
    closing = spec.section("enableDefaultDeny")
    closing.only(field_names("ingress egress"))
    directions = frozenset(d for d in Direction if closing.boolean(d.field, bool(counted[d])))
    return CiliumSpec(label, spec.source, subject, text, directions, rules, of_nodes)
