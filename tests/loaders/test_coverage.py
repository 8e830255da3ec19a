"""What may be concluded from the lists of an input about the kinds in it."""

from __future__ import annotations

import pytest

from lib.loaders.coverage import ListContent, infer_coverage
from lib.model.snapshot import Coverage
from tests.loaders.parse.build import load

KINDS = {"Pod": True, "Service": True, "Node": False}
COMPLETE, PARTIAL, ABSENT = Coverage.COMPLETE, Coverage.PARTIAL, Coverage.NOT_SUPPLIED


def content(kind: str, server: bool = True, kinds: str = "", namespaces: str = "") -> ListContent:
    return ListContent(kind, server, set(kinds.split()), set(namespaces.split()))


@pytest.mark.parametrize(
    ("lists", "seen", "expected"),
    [
        pytest.param([], "", (ABSENT, ABSENT, ABSENT), id="nothing"),
        pytest.param([], "Pod", (PARTIAL, ABSENT, ABSENT), id="single objects are a part"),
        pytest.param([content("PodList", True, "Pod", "a b")], "Pod", (COMPLETE, ABSENT, ABSENT), id="two namespaces"),
        pytest.param([content("PodList", True, "Pod", "a")], "Pod", (PARTIAL, ABSENT, ABSENT), id="one namespace"),
        pytest.param([content("PodList", False, "Pod", "a b")], "Pod", (PARTIAL, ABSENT, ABSENT), id="by hand"),
        pytest.param([content("ServiceList")], "", (ABSENT, COMPLETE, ABSENT), id="an empty list from a server"),
        pytest.param([content("ServiceList", False)], "", (ABSENT, ABSENT, ABSENT), id="an empty list by hand"),
        pytest.param([content("NodeList", True, "Node")], "Node", (ABSENT, ABSENT, COMPLETE), id="cluster-scoped"),
        pytest.param(
            [content("List", True, "Pod Node", "a b")], "Pod Node", (COMPLETE, ABSENT, COMPLETE), id="kubectl, all"
        ),
        pytest.param(
            [content("List", True, "Pod Node", "a")], "Pod Node", (PARTIAL, ABSENT, PARTIAL), id="kubectl, perhaps one"
        ),
        pytest.param([content("List", True, "Node")], "Node", (ABSENT, ABSENT, PARTIAL), id="kubectl, maybe by name"),
        pytest.param([content("List", False, "Pod", "a b")], "Pod", (PARTIAL, ABSENT, ABSENT), id="a List by hand"),
        pytest.param(
            [content("List", True, "Service", "a b"), content("PodList", True, "Pod", "a")],
            "Pod Service",
            (PARTIAL, COMPLETE, ABSENT),
            id="each list speaks for its own kinds",
        ),
    ],
)
def test_a_kind_is_complete_only_where_a_server_was_asked_for_all_of_it(
    lists: list[ListContent], seen: str, expected: tuple[Coverage, ...]
) -> None:
    found = infer_coverage(KINDS, seen.split(), lists)
    assert (found["Pod"], found["Service"], found["Node"]) == expected


def test_a_kind_of_which_an_object_was_not_taken_over_is_never_complete() -> None:
    found = infer_coverage(KINDS, ["Pod"], [content("PodList", True, "Pod", "a b")], damaged=["Pod"])
    assert found["Pod"] is PARTIAL


def test_the_persons_word_makes_every_kind_complete() -> None:
    assert set(infer_coverage(KINDS, [], [], assume_complete=True).values()) == {COMPLETE}


def test_what_kubectl_prints_for_all_namespaces_is_complete() -> None:
    loaded = load("""
        apiVersion: v1
        kind: List
        metadata: {resourceVersion: ""}
        items:
        - {apiVersion: v1, kind: Pod, metadata: {name: a, namespace: one, uid: u1}, spec: {}}
        - {apiVersion: v1, kind: Pod, metadata: {name: b, namespace: two, uid: u2}, spec: {}}
        - {apiVersion: v1, kind: Service, metadata: {name: s, namespace: two, uid: u3}, spec: {ports: [{port: 1}]}}
    """)
    assert loaded.snapshot.is_complete("Pod", "Service")
    assert not loaded.snapshot.is_complete("NetworkPolicy")


def test_an_empty_answer_of_the_server_says_that_there_is_none() -> None:
    loaded = load(
        "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicyList, metadata: {resourceVersion: '9'}, items: []}"
    )
    assert loaded.snapshot.is_complete("NetworkPolicy")
