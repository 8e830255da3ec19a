"""What workloads are said to have with pods that are yet to come, the naive evaluator says of any such pod."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import reduce
from operator import or_
from typing import Any, NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from lib.exposure import ExposedTo, exposed_to
from lib.model.cluster import METADATA_NAME_LABEL
from lib.model.labels import Requirement
from lib.model.policies import Direction
from lib.model.refs import ObjectRef
from lib.model.sets import ConnectionSet, Protocol
from lib.policy.engine import Engine, compile_engine
from lib.policy.newcomers import ANYBODY, Newcomers, by_policy
from lib.policy.tiers import policy_vocabularies
from tests.naive.clusters import clusters, mixed_clusters
from tests.naive.draw.words import KEYS, NAMESPACES, PROTOCOLS, VALUES
from tests.naive.evaluator import NaiveCluster, PodEnd
from tests.policy.build import snapshot_of
from tests.policy.test_against_naive import PROBED_PORTS

Raw = dict[str, Any]
SOME_VALUES = (*VALUES, "yet-another")
NEW = "yet-to-come"


class Told(NamedTuple):
    """What is said of a workload and the newcomers of one selector, listed or not."""

    workload: ObjectRef
    direction: Direction
    newcomers: Newcomers
    every: ConnectionSet
    at_most: ConnectionSet
    apart: tuple[ExposedTo, ...]
    """The other rows of the same workload and direction."""


@given(clusters(), st.data())
def test_whatever_other_labels_a_new_pod_has_it_has_what_all_of_its_selector_have(
    objects: list[Raw], data: st.DataObject
) -> None:
    """NetworkPolicies only add, so that more labels can't take anything away but what speaks of their absence."""
    for told, newcomer in drawn(objects, data, beside=True):
        for protocol, port in PROBES:
            if port in told.every[Protocol(protocol)]:
                assert own_side(objects, newcomer, told, protocol, port), (told, newcomer, protocol, port)


@given(clusters() | mixed_clusters(), st.data())
def test_a_new_pod_without_other_labels_has_between_what_all_and_what_some_have(
    objects: list[Raw], data: st.DataObject
) -> None:
    for told, newcomer in drawn(objects, data, beside=False):
        for protocol, port in PROBES:
            if own_side(objects, newcomer, told, protocol, port):
                assert port in told.at_most[Protocol(protocol)], (told, newcomer, protocol, port)
            elif port in told.every[Protocol(protocol)]:
                # Who is listed with less is not meant.
                less = [t for t in told.apart if port not in t.ports.numbers[Protocol(protocol)]]
                assert any(fulfils(newcomer, t.newcomers) for t in less), (told, newcomer, protocol, port)


PROBES = [(protocol, port) for protocol in PROTOCOLS for port in PROBED_PORTS]


def drawn(objects: list[Raw], data: st.DataObject, *, beside: bool) -> list[tuple[Told, list[Raw]]]:
    """Some of what is said, each with a raw pod, and its namespace if it is new, that fulfil the selector."""
    engine = compile_engine(snapshot_of(objects))
    said = list(everything_told(engine))
    if not said:
        return []
    some = data.draw(st.lists(st.sampled_from(said), max_size=4))
    return [(told, newcomer) for told in some if (newcomer := made(told.newcomers, objects, data, beside))]


def everything_told(engine: Engine) -> Iterator[Told]:
    """Every workload with every selector of any policy; of what is not listed nothing is said but the most it has."""
    rows: dict[tuple[ObjectRef, Direction], dict[Newcomers, ExposedTo]] = defaultdict(dict)
    for row in exposed_to(engine):
        if row.newcomers is not None:
            rows[row.workload, row.direction][row.newcomers] = row
    named = by_policy(policy for policy, _ in policy_vocabularies(engine.snapshot, engine.profile))
    for workload in (w for w in engine.snapshot.workloads if w.endpoints):
        for direction in Direction:
            listed = rows[workload.ref, direction]
            anybody = listed[ANYBODY].ports.numbers if ANYBODY in listed else ConnectionSet()
            # Newcomers that are not listed may be named by the rules of others that are.
            of_any = reduce(or_, (r.ports.numbers | r.some.numbers for r in listed.values()), anybody)
            for each in {ANYBODY, *(n for of_one in named.values() for n in of_one[direction] if not n.doubt)}:
                row = listed.get(each)
                every = row.ports.numbers if row else ConnectionSet()
                at_most = every | row.some.numbers if row and each != ANYBODY else of_any
                apart = tuple(other for other in listed.values() if other.newcomers != each)
                yield Told(workload.ref, direction, each, every, at_most, apart)


def fulfils(newcomer: list[Raw], wanted: Newcomers | None) -> bool:
    """Whether a raw pod, after its namespace, fulfils a selector."""
    namespace, pod = (obj["metadata"] for obj in newcomer)
    of_namespace = {**namespace["labels"], METADATA_NAME_LABEL: namespace["name"]}
    return (
        wanted is not None
        and all(r.matches(of_namespace) for r in wanted.namespace_requirements)
        and all(r.matches(pod["labels"]) for r in wanted.pods.requirements)
    )


def made(newcomers: Newcomers, objects: list[Raw], data: st.DataObject, beside: bool) -> list[Raw]:
    present = {o["metadata"]["name"]: o["metadata"]["labels"] for o in objects if o["kind"] == "Namespace"}
    wanted = newcomers.namespace_requirements
    name = data.draw(st.sampled_from((*NAMESPACES, NEW)))
    if name in present:
        if not all(r.matches({**present[name], METADATA_NAME_LABEL: name}) for r in wanted):
            return []
    else:
        drawn = labels(wanted, ("team",) if beside else (), data, fixed={METADATA_NAME_LABEL: name})
        if drawn is None:
            return []
        present[name] = drawn
    of_pod = labels(newcomers.pods.requirements, KEYS if beside else (), data)
    if of_pod is None:
        return []
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": present[name]}}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": NEW, "namespace": name, "labels": of_pod},
        "spec": {"containers": [{"name": "main"}], "nodeName": "nowhere"},
        "status": {"podIPs": [{"ip": "10.1.0.99"}, {"ip": "fd00:1::99"}]},
    }
    return [namespace, pod]


def labels(
    requirements: tuple[Requirement, ...], beside: tuple[str, ...], data: st.DataObject, fixed: Raw | None = None
) -> dict[str, str] | None:
    """Labels that fulfil the requirements, with any values for the keys of ``beside``; None where there are none."""
    found: dict[str, str] = dict(fixed or {})
    for key in dict.fromkeys((*(r.key for r in requirements), *beside)):
        mine = [r for r in requirements if r.key == key]
        values = [found.get(key)] if key in found else [None, *SOME_VALUES]
        fits = [v for v in values if all(r.matches({} if v is None else {key: v}) for r in mine)]
        if not fits:
            return None
        value = data.draw(st.sampled_from(fits))
        if value is not None:
            found[key] = value
    return found


def own_side(objects: list[Raw], newcomer: list[Raw], told: Told, protocol: str, port: int) -> bool:
    """Whether the policies of the workload's own side permit it; each workload is one pod here."""
    naive = NaiveCluster([*objects, *newcomer])
    mine = PodEnd(told.workload.namespace, told.workload.name)
    other = PodEnd(newcomer[1]["metadata"]["namespace"], NEW)
    return any(True in naive.side(told.direction.value, mine, other, protocol, port, f) for f in (4, 6))


def test_labels_that_take_a_pod_out_of_rules_meet_each_other_in_every_way() -> None:
    """Of p and q, w1 leaves out one pair of values only and w2 another: each of them is closed to some pod."""
    web = [_pod(name, "web", {"app": name}) for name in ("w1", "w2")]
    policies = [_not_from("w1", p="a", q="d"), _not_from("w2", p="b", q="c")]
    for p, q, closed in (("a", "d", "w1"), ("b", "c", "w2")):
        naive = NaiveCluster([*web, *policies, _pod("new", "elsewhere", {"p": p, "q": q})])
        ends = {end.name: end for end in naive.pods}
        allowed = {name: naive.allows(ends["new"], ends[name], "TCP", 80) for name in ("w1", "w2")}
        assert allowed == {"w1": closed != "w1", "w2": closed != "w2"}
    rows = exposed_to(compile_engine(snapshot_of([*web, *policies])))
    rows = [r for r in rows if r.direction is Direction.INGRESS and r.newcomers is not None and r.ports]
    assert {r.workload.name for r in rows} == {"w1", "w2"}
    assert ANYBODY not in {r.newcomers for r in rows}


def test_of_more_choices_of_labels_than_are_tried_nothing_is_said_of_all_pods() -> None:
    """Forty values of each of two keys: some pod of them is left out by both rules."""
    web = [_pod("web", "web", {"app": "web"})]
    policies = [_not_from("web", p="v39", q="v39")]
    policies += [_not_from(f"other-{n}", p=f"v{n}", q=f"v{n}") for n in range(39)]
    rows = exposed_to(compile_engine(snapshot_of([*web, *policies])))
    (row,) = [r for r in rows if r.newcomers == ANYBODY and r.direction is Direction.INGRESS]
    assert not row.ports
    assert "not every choice of labels was tried" in row.doubt


def _pod(name: str, namespace: str, labels: dict[str, str]) -> Raw:
    spec = {"containers": [{"name": "main", "image": "example.org/a"}]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": spec,
    }


def _not_from(app: str, **values: str) -> Raw:
    """A policy with a rule for every pod without one value, for each of the labels."""
    peers = [
        {
            "namespaceSelector": {},
            "podSelector": {"matchExpressions": [{"key": k, "operator": "NotIn", "values": [v]}]},
        }
        for k, v in values.items()
    ]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": f"for-{app}", "namespace": "web"},
        "spec": {"podSelector": {"matchLabels": {"app": app}}, "ingress": [{"from": peers}]},
    }
