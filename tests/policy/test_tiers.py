"""Stages of ordered rules against a reading of them one by one, every doubt settled both ways."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.model.policies import Direction
from lib.model.refs import ObjectRef, Source
from lib.model.sets import Family, Protocol
from lib.policy.decide import Decision, NodeRelation, Reason
from lib.policy.engine import Engine
from lib.policy.engines import profile
from lib.policy.judge import decide
from lib.policy.points import points_of
from lib.policy.rules import Action, CompiledPolicy, CompiledRule, Named, PortsAt, Stage
from lib.policy.walk import Question, walk
from tests.policy.build import engine_of, pod, policy
from tests.policy.test_explain import OF_TIERS
from tests.policy.test_semantics import NODES, on_node

# Three classes of pods, one of a host-network pod, and the ports 80, 443 and the ranges around them.
CUT = policy("podSelector: {matchLabels: {app: a}}\ningress: [{ports: [{port: 80}, {port: 443}]}]")
PODS = [pod(name, app=name) for name in ("a", "b", "c")]
# The cluster speaks both families, so that its pods, of whose addresses nothing is known, do as well.
DUAL = NODES.replace("address: 10.9.0.2}", "address: 10.9.0.2}, {type: InternalIP, address: 'fd00::2'}")
BASE = engine_of(DUAL, on_node(pod("host", host=True), "node-1"), *(on_node(p, "node-1") for p in PODS), CUT)
SOURCE = Source("test.yaml", 1)
FAMILIES = (Family.IPV4, Family.IPV6)


def rule(
    direction: Direction, action: Action, subjects: int, sure: Named, possible: Named, ports: int, number: int
) -> CompiledRule:
    everything = BASE.spaces.everything
    ref = ObjectRef("", f"policy-{number}", "Policy")
    at = (PortsAt(everything, ports),)
    return CompiledRule(
        ref, direction, f"rule[{number}]", SOURCE, "text", subjects, sure, possible, at, doubt="it", action=action
    )


def bits(most: int) -> st.SearchStrategy[int]:
    """Subsets of ``most``; all of it often, since rules must meet to be told apart."""
    return st.sampled_from([most, most, 0]) | st.integers(0, most).map(lambda found: found & most)


@st.composite
def named(draw: st.DrawFn, most: int) -> Named:
    return Named.of(*(draw(bits(most)) for _ in range(3)))


@st.composite
def policies(draw: st.DrawFn, number: int) -> CompiledPolicy:
    classes = BASE.spaces.endpoints.everything & ~BASE.spaces.endpoints.host_network
    subjects = draw(bits(classes))
    rules = []
    for index in range(draw(st.integers(1, 3))):
        sure = draw(named(BASE.spaces.everything))
        doubted = draw(st.sampled_from([Named(), draw(named(BASE.spaces.everything))]))
        possible = Named(doubted.always & ~sure.any, doubted.ipv4 & ~sure.any, doubted.ipv6 & ~sure.any)
        direction = draw(st.sampled_from([Direction.INGRESS, Direction.INGRESS, Direction.EGRESS]))
        # A rule that only logs is none of those that decide.
        action = draw(st.sampled_from([each for each in Action if each is not Action.LOG]))
        ports = draw(bits(BASE.spaces.ports.all))
        rules.append(rule(direction, action, subjects, sure, possible, ports, 10 * number + index))
    directions = frozenset(draw(st.sets(st.sampled_from(Direction))))
    ref = ObjectRef("", f"policy-{number}", "Policy")
    return CompiledPolicy(ref, SOURCE, subjects, directions, ()).with_rules(rules)


@st.composite
def arrangements(draw: st.DrawFn) -> tuple[Stage, ...]:
    found, number = [], 0
    for order in range(draw(st.integers(1, 3))):
        levels = []
        for _ in range(draw(st.integers(1, 2))):
            level = []
            for _ in range(draw(st.integers(1, 2))):
                number += 1
                level.append(draw(policies(number)))
            levels.append(tuple(level))
        found.append(Stage(f"stage-{order}", order, tuple(levels)))
    return tuple(found)


def with_stages(stages: tuple[Stage, ...]) -> Engine:
    return replace(BASE, stages=stages)


def matching(rule: CompiledRule, subject: int, peer: int, port: int, family: Family) -> bool | None:
    """Whether the rule matches; None: perhaps."""
    if not rule.subjects >> subject & 1 or not rule.ports[0].mask >> port & 1:
        return False
    of_family = {Family.IPV4: "ipv4", Family.IPV6: "ipv6"}[family]
    if (rule.sure.always | getattr(rule.sure, of_family)) >> peer & 1:
        return True
    return None if (rule.possible.always | getattr(rule.possible, of_family)) >> peer & 1 else False


def first_of(policy: CompiledPolicy, direction: Direction, truth: Mapping[int, bool]) -> Action | None:
    return next((r.action for r in policy.rules if r.direction is direction and truth[id(r)]), None)


def read(
    stages: tuple[Stage, ...], direction: Direction, subject: int, truth: Mapping[int, bool], start: int = 0
) -> Iterator[bool]:
    """Every answer that one settling of the doubts leaves open; several only where equals disagree."""
    for number, stage in enumerate(stages[start:], start):
        decisions: set[Action] = set()
        for level in stage.levels:
            decisions = {d for p in level if (d := first_of(p, direction, truth)) is not None}
            if decisions:
                break
        if not decisions:
            if any(p.subjects >> subject & 1 and direction in p.directions for level in stage.levels for p in level):
                yield False
                return
            continue
        for action in decisions:
            if action is Action.PASS:
                yield from read(stages, direction, subject, truth, number + 1)
            else:
                yield action is Action.ALLOW
        return
    yield True


def answers(
    stages: tuple[Stage, ...], direction: Direction, src: int, dst: int, port: int, family: Family
) -> set[bool]:
    subject, peer = (src, dst) if direction is Direction.EGRESS else (dst, src)
    rules = [r for stage in stages for p in stage.policies for r in p.rules if r.direction is direction]
    matches = {id(r): matching(r, subject, peer, port, family) for r in rules}
    doubts = [key for key, found in matches.items() if found is None]
    out: set[bool] = set()
    for settled in product((True, False), repeat=len(doubts)):
        truth = {key: bool(found) for key, found in matches.items()} | dict(zip(doubts, settled, strict=True))
        out |= set(read(stages, direction, subject, truth))
    return out


def spoken(end: int) -> tuple[Family, ...]:
    """The families of a pod's packets; those of an outside address have its own."""
    if end < BASE.spaces.first_address:
        return FAMILIES
    return tuple(f for f in FAMILIES if BASE.spaces.outside_of(f) >> end & 1)


@given(arrangements(), st.data())
def test_a_row_says_what_reading_the_rules_one_by_one_says(stages: tuple[Stage, ...], data: st.DataObject) -> None:
    engine = with_stages(stages)
    ends = range(BASE.spaces.first_address + len(BASE.spaces.addresses))
    src, dst = data.draw(st.sampled_from(ends)), data.draw(st.sampled_from(range(BASE.spaces.first_address)))
    reach = engine.reachability().between(src, dst)
    for port in range(len(BASE.spaces.ports.atoms)):
        surely, may = [], []
        for family in spoken(src):
            both = [answers(stages, direction, src, dst, port, family) for direction in Direction]
            surely.append(all(found == {True} for found in both))
            may.append(all(True in found for found in both))
            found = reach.over(family is Family.IPV4, 1 << port)
            assert (bool(found[0]), bool(found[1])) == (surely[-1], may[-1])
        assert (bool(reach.allowed >> port & 1), bool(reach.possible >> port & 1)) == (all(surely), any(may))
        assert bool(reach.some >> port & 1) == any(surely)


@given(arrangements(), st.data())
def test_the_explanation_of_a_pair_ends_where_its_row_does(stages: tuple[Stage, ...], data: st.DataObject) -> None:
    engine = with_stages(stages)
    every = BASE.spaces.ports.all
    src, dst = (data.draw(st.sampled_from(range(len(BASE.spaces.endpoints.classes)))) for _ in range(2))
    leaving = walk(BASE.spaces, stages, Question(Direction.EGRESS, src, dst, dst, every))
    arriving = walk(BASE.spaces, stages, Question(Direction.INGRESS, dst, src, dst, every))
    reach = engine.reachability().between(src, dst)
    for is_ipv4, one, other in ((True, leaving.ipv4, arriving.ipv4), (False, leaving.ipv6, arriving.ipv6)):
        assert reach.over(is_ipv4, every) == (one[0] & other[0], one[1] & other[1])


# --- the reasons that only ordered rules can have ---------------------------------------------------------------------


def ingress(action: Action, ports: int, *, sure: bool = True, number: int = 1) -> CompiledRule:
    ends, nobody = Named(BASE.spaces.everything), Named()
    subjects = BASE.spaces.endpoints.selectable
    return rule(Direction.INGRESS, action, subjects, ends if sure else nobody, nobody if sure else ends, ports, number)


def of(*rules: CompiledRule, isolates: bool = False, number: int = 1) -> CompiledPolicy:
    directions = frozenset({Direction.INGRESS}) if isolates else frozenset[Direction]()
    ref = ObjectRef("", f"policy-{number}", "Policy")
    return CompiledPolicy(ref, SOURCE, BASE.spaces.endpoints.selectable, directions, rules)


def decided(*stages: tuple[tuple[CompiledPolicy, ...], ...], src: str = "a", every_port: bool = True) -> Decision:
    engine = with_stages(tuple(Stage(f"stage-{i}", i, levels) for i, levels in enumerate(stages)))
    ends = {w.ref.name: points_of(engine, w)[0] for w in engine.snapshot.workloads}
    asked = BASE.spaces.ports.all if every_port else HTTP
    return decide(engine, Direction.INGRESS, ends[src], ends["b"], asked)


ALL = BASE.spaces.ports.all
HTTP = BASE.spaces.port_mask(Protocol.TCP, 80)
CASES = {
    Reason.NOT_DECIDED: decided(((of(replace(ingress(Action.DENY, HTTP), sure=Named())),),)),
    Reason.PASSED_ON: decided(((of(ingress(Action.PASS, ALL)),),)),
    Reason.DENIED_IN_PART: decided(((of(ingress(Action.DENY, HTTP)),),)),
    Reason.RULE_DENIES: decided(((of(ingress(Action.DENY, ALL)),),), ((of(ingress(Action.ALLOW, ALL)),),)),
}


@pytest.mark.parametrize("reason", OF_TIERS, ids=lambda reason: reason.name.lower())
def test_ordered_rules_have_reasons_of_their_own(reason: Reason) -> None:
    assert CASES[reason].reason is reason
    assert "{" not in str(CASES[reason])


def test_a_rule_that_denies_also_denies_the_pods_own_node_whose_traffic_no_isolation_stops() -> None:
    isolated = decided(((of(isolates=True),),), src="host")
    denied = decided(((of(ingress(Action.DENY, ALL)),),), ((of(isolates=True),),), src="host")
    assert isolated.evidence.node is denied.evidence.node is NodeRelation.SAME
    assert isolated.reason is Reason.OWN_NODE
    assert denied.reason is Reason.RULE_DENIES


def test_what_a_pass_leaves_to_the_next_stage_is_decided_there() -> None:
    passed = ((of(ingress(Action.PASS, HTTP), ingress(Action.DENY, ALL, number=2)),),)
    closing = ((of(isolates=True, number=2),),)
    assert decided(passed, every_port=False).reason is Reason.PASSED_ON
    assert decided(passed, closing, every_port=False).reason is Reason.NO_RULE_PERMITS


def test_equals_that_disagree_leave_the_answer_open() -> None:
    level = (of(ingress(Action.DENY, ALL)), of(ingress(Action.ALLOW, ALL, number=2), number=2))
    engine = with_stages((Stage("admin", 1, (level,)),))
    assert engine.reachability().between(0, 1) == (0, ALL, None)


@pytest.mark.parametrize(("engine", "told"), [("kubernetes", True), ("calico", False), ("cilium", False)])
def test_policies_of_calico_beside_those_of_cilium_are_told(engine: str, told: bool) -> None:
    calico = """
        apiVersion: projectcalico.org/v3
        kind: GlobalNetworkPolicy
        metadata: {name: default.p}
        spec: {selector: all(), types: [Egress], egress: [{action: Pass}]}
    """
    cilium = """
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata: {name: p, namespace: shop}
        spec: {endpointSelector: {}, egress: [{}]}
    """
    for documents, both in (((calico, cilium), True), ((calico,), False), ((cilium,), False)):
        notes = engine_of(pod("web"), *documents, profile=profile(engine)).notes
        assert ("policies-of-two-engines" in {n.code for n in notes}) is (told and both)
