"""Calico's NetworkPolicy and GlobalNetworkPolicy, and the staged kinds, which are shown and not enforced.

A policy that Calico would refuse becomes a RejectedPolicy, as NetworkPolicies do. Source of the rules:
api/pkg/apis/projectcalico/v3 and libcalico-go/lib/validator/v3 of projectcalico/calico.
"""

from __future__ import annotations

from math import inf, isfinite
from typing import Final

from lib.loaders.documents import RawObject
from lib.loaders.parse.calico_entities import in_namespace, of_namespaces, selector_text
from lib.loaders.parse.calico_rules import read_rules
from lib.loaders.parse.fields import Fields
from lib.loaders.parse.metadata import Reading, open_object
from lib.loaders.parse.selectors import selector_at
from lib.loaders.parse.session import Session, Unknown, field_names, quote
from lib.model.calico_names import DEFAULT_TIER
from lib.model.calico_policies import (
    SERVICE_ACCOUNT_KEY,
    SERVICE_ACCOUNT_PREFIX,
    CalicoPolicy,
    CalicoRule,
    StagedPolicy,
)
from lib.model.calico_selector import Global, Has, conjunction, rewritten
from lib.model.labels import EVERYTHING
from lib.model.policies import Direction, RejectedPolicy

_SHARED: Final = field_names("tier order ingress egress selector types serviceAccountSelector performanceHints")
_GLOBAL: Final = _SHARED | field_names("doNotTrack preDNAT applyOnForward namespaceSelector")
_STAGED_ACTIONS: Final = ("Set", "Delete", "Learn", "Ignore")
_DIRECTIONS: Final = {direction.value: direction for direction in Direction}
_VERSIONS: Final = ("projectcalico.org/v3", "crd.projectcalico.org/v1")


def parse_calico_policy(session: Session, raw: RawObject) -> CalicoPolicy | RejectedPolicy:
    """A NetworkPolicy of Calico's."""
    return _policy(session, raw, namespaced=True)


def parse_global_policy(session: Session, raw: RawObject) -> CalicoPolicy | RejectedPolicy:
    """A GlobalNetworkPolicy."""
    return _policy(session, raw, namespaced=False)


def _policy(session: Session, raw: RawObject, *, namespaced: bool) -> CalicoPolicy | RejectedPolicy:
    reading = open_object(session, raw, namespaced=namespaced, unknown=Unknown.REJECTS)
    _check_version(reading)
    spec = reading.root.section("spec")
    spec.only(_SHARED if namespaced else _GLOBAL)
    policy = _read(reading, spec)
    if reading.entry.failed:
        directions = policy.directions if spec.data.get("types") and policy.directions else frozenset(Direction)
        namespace = reading.namespace if isinstance(reading.meta.data.get("namespace"), str | None) else ""
        return RejectedPolicy(reading.ref, raw.source, namespace, EVERYTHING, directions)
    return policy


def _check_version(reading: Reading) -> None:
    if not reading.api_version:
        reading.entry.failed = True  # which the reader of the document has told
    elif reading.api_version not in _VERSIONS:
        message = f"there is no such kind in the API version {quote(reading.api_version)}"
        remedy = f"Write apiVersion: {_VERSIONS[0]}."
        reading.entry.error(("apiVersion",), "unsupported-api-version", message, remedy)


def _read(reading: Reading, spec: Fields) -> CalicoPolicy:
    namespace = reading.namespace
    rules = [*read_rules(spec, Direction.INGRESS, namespace), *read_rules(spec, Direction.EGRESS, namespace)]
    stored = reading.api_version.startswith("crd.")
    # "Back compatibility: no Types means Ingress and Egress" (felix/calc/policy_sorter.go): only the API server, which
    # serves projectcalico.org/v3, looks at the rules.
    stated = _types(spec)
    directions = frozenset(Direction) if stored and not spec.data.get("types") else stated
    selector = selector_text(spec, "selector")
    accounts = selector_text(spec, "serviceAccountSelector")
    namespaces = selector_text(spec, "namespaceSelector")
    endpoints = conjunction(
        in_namespace(namespace) if namespace else of_namespaces(namespaces),
        None if accounts is None else rewritten(accounts, SERVICE_ACCOUNT_PREFIX, Has(SERVICE_ACCOUNT_KEY), Global()),
        selector,
    )
    untracked, before_dnat = spec.boolean("doNotTrack"), spec.boolean("preDNAT")
    _check_host_fields(spec, directions, untracked, before_dnat)
    written = [f"{key}: {spec.data[key]}" for key in ("namespaceSelector", "serviceAccountSelector") if spec.text(key)]
    return CalicoPolicy(
        ref=reading.ref,
        source=reading.entry.source,
        tier=spec.text("tier") or DEFAULT_TIER,
        selector=endpoints,
        selector_text="; ".join((spec.text("selector").strip() or "all()", *written)),
        directions=directions,
        order=read_order(spec),
        rules=_kept(spec, rules, directions),
        untracked=untracked,
        before_dnat=before_dnat,
        on_forward=spec.boolean("applyOnForward"),
    )


def read_order(spec: Fields) -> float:
    """``spec.order``; infinite where absent, so that what has none comes last."""
    value = spec.data.get("order")
    if value is None:
        return inf
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value) or abs(value) > 1e300:
        spec.entry.wrong_type((*spec.path, "order"), value, "a number", "Write a number without quotes.")
        return inf
    return float(value)


def _types(spec: Fields) -> frozenset[Direction]:
    """``spec.types``, or by the rules that are there: Ingress unless there are egress rules and no ingress rules."""
    found = []
    for index, word in spec.texts("types"):
        if word not in _DIRECTIONS:
            message = f"{quote(word)} is neither Ingress nor Egress"
            path = (*spec.path, "types", index)
            spec.entry.error(path, "unsupported-value", message, "List Ingress, Egress or both.")
        elif _DIRECTIONS[word] in found:
            path = (*spec.path, "types", index)
            spec.entry.error(path, "repeated-type", f"{word} stands twice", "Remove one of the two.")
        else:
            found.append(_DIRECTIONS[word])
    if found:
        return frozenset(found)
    egress, ingress = bool(spec.data.get("egress")), bool(spec.data.get("ingress"))
    stated = {Direction.EGRESS} if egress else set()
    return frozenset(stated | ({Direction.INGRESS} if ingress or not egress else set()))


def _kept(spec: Fields, rules: list[CalicoRule], directions: frozenset[Direction]) -> tuple[CalicoRule, ...]:
    for direction in sorted(frozenset(Direction) - directions, key=lambda d: d.field):
        if any(rule.direction is direction for rule in rules):
            message = f"these rules have no effect, since types does not list {direction.value}"
            remedy = f"Add {direction.value} to spec.types, or remove spec.{direction.field}."
            spec.warn(direction.field, "rules-without-policy-type", message, remedy)
    return tuple(rule for rule in rules if rule.direction in directions)


def _check_host_fields(spec: Fields, directions: frozenset[Direction], untracked: bool, before_dnat: bool) -> None:
    if untracked and before_dnat:
        message = "preDNAT and doNotTrack cannot both be true"
        spec.error("preDNAT", "untracked-before-dnat", message, "Keep one of the two.")
    if before_dnat and Direction.EGRESS in directions:
        message = "a preDNAT policy cannot have egress rules or the type Egress"
        spec.error("preDNAT", "egress-before-dnat", message, "Remove the egress rules and the type.")
    if (untracked or before_dnat) and not spec.boolean("applyOnForward"):
        message = "must be true where preDNAT or doNotTrack is true"
        spec.error("applyOnForward", "host-policy-not-forwarded", message, "Write applyOnForward: true.")


def parse_staged_policy(session: Session, raw: RawObject) -> StagedPolicy | None:
    """A StagedNetworkPolicy, StagedGlobalNetworkPolicy or StagedKubernetesNetworkPolicy."""
    namespaced = raw.kind != "StagedGlobalNetworkPolicy"
    reading = open_object(session, raw, namespaced=namespaced, unknown=Unknown.REJECTS_MANIFEST)
    spec = reading.root.section("spec")
    action = spec.choice("stagedAction", _STAGED_ACTIONS, "Set")
    counts = len(spec.sequence("ingress")), len(spec.sequence("egress"))
    if raw.kind == "StagedKubernetesNetworkPolicy":
        spec.only(field_names("stagedAction ingress egress podSelector policyTypes"))
        text = str(selector_at(spec, "podSelector"))
        stated = frozenset(_DIRECTIONS[word] for _, word in spec.texts("policyTypes") if word in _DIRECTIONS)
        directions = stated or (frozenset(Direction) if counts[1] else frozenset({Direction.INGRESS}))
        tier = DEFAULT_TIER
    else:
        spec.only((_SHARED if namespaced else _GLOBAL) | {"stagedAction"})
        read = _read(reading, spec)
        text, directions, tier = read.selector_text, read.directions, read.tier
    if reading.entry.failed:
        return None
    return StagedPolicy(reading.ref, raw.source, text, directions, action, tier, counts)
