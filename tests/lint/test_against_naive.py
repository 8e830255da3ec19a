"""What the lint says is so, by the naive evaluator: what it reports changes nothing, what it does not report counts."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lib.lint import LintFinding, LintKind, LintReport, examine
from lib.model.snapshot import Coverage
from lib.policy.engine import compile_engine
from lib.policy.engines import KUBERNETES
from tests.lint.without import (
    CALICO,
    DIRECTIONS,
    KINDS,
    Alike,
    Packet,
    kind_of,
    labels_of,
    name_of,
    on_every_node,
    rule_at,
    without,
)
from tests.naive.clusters import calico_clusters, clusters, mixed_clusters
from tests.naive.draw.words import NAMESPACES, VALUES
from tests.naive.evaluator import NaiveCluster
from tests.policy.build import snapshot_of

Raw = dict[str, Any]
Name = tuple[tuple[str, str, str], str]

WHOLE = (
    LintKind.POLICY_NEVER_SELECTS,
    LintKind.POLICY_SELECTS_NO_POD,
    LintKind.POLICY_WAITS_FOR_PODS,
    LintKind.POLICY_REDUNDANT,
    LintKind.POLICY_WITHOUT_EFFECT,
    LintKind.POLICY_SAFETY_NET,
)
BY_OTHERS = (
    LintKind.RULE_REDUNDANT,
    LintKind.RULE_REDUNDANT_NOW,
    LintKind.RULE_SHADOWED,
    LintKind.RULE_SHADOWED_NOW,
)
FOR_ANY_PODS = (
    LintKind.POLICY_NEVER_SELECTS,
    LintKind.POLICY_REDUNDANT,
    LintKind.RULE_NEVER_MATCHES,
    LintKind.RULE_REDUNDANT,
    LintKind.RULE_SHADOWED,
)


def examined(objects: list[Raw]) -> LintReport:
    profile = KUBERNETES.with_ip_blocks_matching_pods(True)
    # A random cluster is all there is: nothing is left unchecked for what may not have been supplied.
    whole = replace(snapshot_of(objects), coverage=dict.fromkeys(("Pod", "Namespace", "Node"), Coverage.COMPLETE))
    return examine(compile_engine(whole, profile))


def naive(objects: list[Raw]) -> Alike:
    return Alike(objects, ip_block_matches_pods=True)


def told(finding: LintFinding) -> Name:
    ref = finding.place.policy
    return (ref.namespace, ref.name, ref.kind), finding.place.rule


def differs(objects: list[Raw], others: list[Raw]) -> Packet | None:
    return naive(objects).differs(naive(others))


def differs_for_others(objects: list[Raw], others: list[Raw]) -> Packet | None:
    """The first packet of ICMP or of a protocol without ports that one of two inputs passes and the other doesn't."""
    before, after = naive(others), naive(objects)
    for src, dst, protocol, port, family in before.packets():
        if (protocol, port) != ("TCP", 1):
            continue
        name = "ICMP" if family == 4 else "ICMPv6"
        for kind, type_ in ((name, 0), (name, 8), (name, 128), ("GRE", 0)):
            packet = (src, dst, kind, type_, family)
            if before.passes(packet) != after.passes(packet):
                return packet
    return None


def parts(objects: list[Raw]) -> list[Name]:
    """Every policy and every rule."""
    return [(name_of(o), label) for o in objects if kind_of(o) in KINDS for label in ("", *labels_of(o))]


def is_left_alone(objects: list[Raw], name: Name) -> bool:
    """Whether it is a rule of Cilium that the lint does not judge.

    That is one about ICMP alone, and one that matches nobody, alone in its direction, whose presence closes that.
    """
    (policy,) = (o for o in objects if kind_of(o) in KINDS and name_of(o) == name[0])
    if not name[1] or not policy["kind"].startswith("Cilium"):
        return False
    spec, key, index = rule_at(policy, name[1])
    direction = key.removesuffix("Deny")
    rule = spec[key][index]
    if rule.get("icmps"):
        return True
    peers = [value for k, value in rule.items() if k.startswith(("from", "to")) and k != "toPorts"]
    nobody = (not rule) or any(value == [] for value in peers)
    return nobody and len(spec.get(direction) or []) + len(spec.get(f"{direction}Deny") or []) == 1


def has_rules_of_all_traffic(objects: list[Raw]) -> bool:
    specs = [o["spec"] for o in objects if kind_of(o) in KINDS]
    rules = (rule for spec in specs for key in DIRECTIONS for rule in spec.get(key) or [])
    return any(not (rule.get("ports") or rule.get("protocols") or rule.get("toPorts")) for rule in rules)


# Each example judges tens of thousands of packets one by one.
FEWER = settings(max_examples=settings().max_examples // 3)


@st.composite
def repetitive(draw: st.DrawFn) -> list[Raw]:
    """Random clusters of mixed kinds in which a NetworkPolicy, or one rule of it, often stands a second time."""
    objects = on_every_node(draw(clusters() | mixed_clusters()))
    plain = [o for o in objects if o["kind"] == "NetworkPolicy"]
    again = draw(st.sampled_from(["nothing", "policy", "rule", "rule"]))
    twin = copy.deepcopy(draw(st.sampled_from(plain)))
    if again == "policy":
        twin["metadata"]["name"] = "twin"
        objects.append(twin)
    directions = [d for d in DIRECTIONS if twin["spec"].get(d)]
    if again == "rule" and directions:
        rules = twin["spec"][draw(st.sampled_from(directions))]
        rules.append(copy.deepcopy(draw(st.sampled_from(rules))))
        objects = [twin if o["kind"] == "NetworkPolicy" and name_of(o) == name_of(twin) else o for o in objects]
    return objects


def engines_of(objects: list[Raw]) -> set[bool]:
    """Whose policies there are: Cilium's (True), Calico's (False), or those of both."""
    return {o["kind"].startswith("Cilium") for o in objects if kind_of(o).startswith(("Cilium", *CALICO))}


def without_effect(objects: list[Raw]) -> list[LintFinding]:
    """What is reported, but for the last policy of one of two engines: without it, it is settled which one enforces."""
    found = examined(objects).findings
    if engines_of(objects) != {True, False}:
        return list(found)
    return [f for f in found if engines_of(without(objects, [told(f)])) == {True, False}]


RANDOM = repetitive()
OF_CALICO = st.builds(on_every_node, calico_clusters())


@FEWER
@given(RANDOM | OF_CALICO, st.data())
def test_nothing_changes_without_what_is_reported(objects: list[Raw], data: st.DataObject) -> None:
    found = without_effect(objects)
    for finding in data.draw(st.lists(st.sampled_from(found), min_size=1, max_size=2, unique=True)) if found else ():
        assert differs(without(objects, [told(finding)]), without(objects, [])) is None, finding


@FEWER
@given(RANDOM, st.data())
def test_nor_does_it_between_pods_that_share_a_node(objects: list[Raw], data: st.DataObject) -> None:
    found = examined(objects).findings
    if not found:
        return
    left = without(objects, [told(data.draw(st.sampled_from(found)))])
    before, after = (NaiveCluster(o, ip_block_matches_pods=True) for o in (objects, left))
    for src, dst, protocol, port, _ in naive(objects).packets()[::7]:
        assert before.answers(src, dst, protocol, port) == after.answers(src, dst, protocol, port)


@FEWER
@given(RANDOM | OF_CALICO, st.data())
def test_nor_does_it_for_other_protocols(objects: list[Raw], data: st.DataObject) -> None:
    """A rule without ports and protocol is about all traffic, and some rules are about ICMP alone."""
    found = without_effect(objects)
    for finding in data.draw(st.lists(st.sampled_from(found), min_size=1, max_size=2, unique=True)) if found else ():
        assert differs_for_others(without(objects, [told(finding)]), without(objects, [])) is None, finding


@FEWER
@given(RANDOM)
def test_what_is_not_reported_counts(objects: list[Raw]) -> None:
    # Without a pod that runs, or will, at an address only what can never match is looked for, which the report says.
    pods = (o["status"] for o in objects if o["kind"] == "Pod")
    assume(any(status["phase"] in ("Running", "Pending") and "podIP" in status for status in pods))
    report = examined(objects)
    assert not report.cut
    # Whether the API server's traffic keeps its address is settled for no rule that lets in all of the cluster; a rule
    # about all traffic may be covered for TCP, UDP and SCTP alone.
    unproven = {((p.policy.namespace, p.policy.name, p.policy.kind), p.rule) for p in report.unproven}
    assert not unproven or any(o["kind"].startswith("Cilium") for o in objects) or has_rules_of_all_traffic(objects)
    reported = {told(f) for f in report.findings} | unproven
    whole = {told(f)[0] for f in report.findings if f.kind in WHOLE}
    for name in parts(objects):
        if name not in reported and name[0] not in whole and not is_left_alone(objects, name):
            assert differs(without(objects, [name]), without(objects, [])) is not None, name


@FEWER
@given(RANDOM)
def test_rules_that_lean_on_no_other_finding_can_all_go_at_once(objects: list[Raw]) -> None:
    found = [told(f) for f in examined(objects).findings if f.kind in BY_OTHERS and not f.either]
    assert differs(without(objects, found), without(objects, [])) is None


@FEWER
@given(RANDOM)
def test_safety_nets_that_lean_on_no_other_finding_can_all_go_at_once(objects: list[Raw]) -> None:
    found = [f for f in examined(objects).findings if f.kind is LintKind.POLICY_SAFETY_NET and not f.either]
    assert differs(without(objects, map(told, found)), without(objects, [])) is None


@FEWER
@given(RANDOM, st.data())
def test_what_a_safety_net_closes_those_that_it_names_close_alone(objects: list[Raw], data: st.DataObject) -> None:
    found = [f for f in examined(objects).findings if f.kind is LintKind.POLICY_SAFETY_NET]
    if not found:
        return
    finding = data.draw(st.sampled_from(found))
    named = {told(replace(finding, place=place))[0] for place in finding.covers}
    spared = {told(finding)[0], *named}
    gone = [(name_of(o), "") for o in objects if o["kind"] == "NetworkPolicy" and name_of(o) not in spared]
    assert differs(without(objects, [*gone, told(finding)]), without(objects, gone)) is None


@FEWER
@given(RANDOM, st.data())
def test_of_two_of_which_only_one_can_go_one_must_stay(objects: list[Raw], data: st.DataObject) -> None:
    found = [f for f in examined(objects).findings if "can go, not both." in f.sentence and len(f.either) == 1]
    if not found:
        return
    finding = data.draw(st.sampled_from(found))
    (other,) = (((p.policy.namespace, p.policy.name, p.policy.kind), p.rule) for p in finding.either)
    assert differs(without(objects, [told(finding), other]), without(objects, [])) is not None


@given(RANDOM, st.dictionaries(st.just("team"), st.sampled_from(VALUES)))
def test_what_holds_for_any_pods_holds_with_all_other_pods(objects: list[Raw], team: dict[str, str]) -> None:
    found = [f for f in examined(objects).findings if f.kind in FOR_ANY_PODS or "whatever pods there are" in f.sentence]
    place = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "gamma", "labels": team}}
    every = [o for o in objects if o["kind"] != "Pod"] + [place, *every_pod()]
    before = naive(without(every, []))
    ports = (("TCP", 80), ("UDP", 53), ("SCTP", 8080), ("TCP", 443))
    packets = [(src, dst, *port, 4) for src in before.pods for dst in before.pods for port in ports]
    verdicts = list(map(before.passes, packets)) if found else []
    for finding in found:
        after = naive(without(every, [told(finding)]))
        assert list(map(after.passes, packets)) == verdicts, finding


def every_pod() -> list[Raw]:
    """A pod of every sort of labels in each namespace, with the ports that the policies name."""
    ports = [{"name": "web", "containerPort": 80}, {"name": "dns", "containerPort": 53, "protocol": "UDP"}]
    sorts = [
        (namespace, {key: value for key, value in (("app", app), ("tier", tier)) if value})
        for namespace in (*NAMESPACES, "gamma")
        for app in ("", *VALUES)
        for tier in ("", *VALUES)
    ]
    return [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": f"new-{number}", "namespace": namespace, "labels": labels},
            "spec": {"nodeName": "node-1", "containers": [{"name": "main", "image": "e.org/a", "ports": ports}]},
            "status": {
                "phase": "Running",
                "podIPs": [{"ip": f"10.1.0.{number + 1}"}],
                "hostIPs": [{"ip": "10.0.0.1"}],
            },
        }
        for number, (namespace, labels) in enumerate(sorts)
    ]
