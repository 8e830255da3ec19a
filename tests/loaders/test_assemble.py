"""Everything read becomes one Snapshot."""

from __future__ import annotations

import pytest

from lib.loaders.assemble import assemble
from lib.loaders.manifests import LoadCancelled
from lib.loaders.parse.session import Session
from lib.model.cluster import METADATA_NAME_LABEL
from lib.model.problem import Problem, Severity
from lib.model.refs import Source
from lib.model.snapshot import Coverage
from tests.loaders.parse.build import faults, load, read

SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec: {ports: [{port: %s}]}\n"


def test_a_namespace_exists_for_everything_that_stands_in_one() -> None:
    loaded = load(SERVICE % 80 + "---\n{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {}}")
    assert [(n.name, n.labels, n.labels_known) for n in loaded.snapshot.namespaces] == [
        ("default", {METADATA_NAME_LABEL: "default"}, False),
        ("shop", {METADATA_NAME_LABEL: "shop"}, False),
    ]


def test_an_object_that_is_repeated_word_for_word_counts_once() -> None:
    loaded = load(SERVICE % 80 + "---\n" + SERVICE % 80)
    assert faults(loaded) == [("info", "repeated-object", "")]
    assert len(loaded.snapshot.services) == 1


def test_of_two_different_objects_with_one_name_the_later_counts_and_both_are_named() -> None:
    loaded = load(SERVICE % 80 + "---\n" + SERVICE % 81)
    (problem,) = loaded.problems
    assert (problem.severity, problem.code) == (Severity.WARNING, "conflicting-objects")
    assert problem.source == Source("a.yaml", 2)
    assert "a.yaml, document 1" in problem.message
    assert loaded.snapshot.services[0].ports[0].port == 81


@pytest.mark.parametrize(
    ("labels", "severity"),
    [
        ("{a: b, kubernetes.io/metadata.name: shop}", "warning"),
        ("{kubernetes.io/metadata.name: shop}", "error"),
        ("{a: c}", "error"),
    ],
)
def test_of_two_namespaces_whose_labels_differ_one_is_lost_which_policies_may_ask_about(
    labels: str, severity: str
) -> None:
    """The server itself adds kubernetes.io/metadata.name."""
    shop = "{{apiVersion: v1, kind: Namespace, metadata: {{name: shop, labels: {}}}}}\n"
    loaded = load(shop.format("{a: b}") + "---\n" + shop.format(labels))
    assert [f[:2] for f in faults(loaded)] == [(severity, "conflicting-objects")]


def test_a_later_object_that_is_refused_leaves_the_earlier_one() -> None:
    loaded = load(SERVICE % 80 + "---\n" + SERVICE % 0)
    assert [code for _, code, _ in faults(loaded)] == ["out-of-range"]
    assert loaded.snapshot.services[0].ports[0].port == 80


def test_one_bad_object_hides_no_other() -> None:
    loaded = load(SERVICE % 0 + "---\n{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {}}")
    assert len(loaded.snapshot.pods) == 1
    assert loaded.snapshot.object_counts == {"Pod": 1, "Service": 1}


def test_other_kinds_are_counted_by_group_and_version() -> None:
    loaded = load("""
        {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}
        ---
        {apiVersion: serving.knative.dev/v1, kind: Service, metadata: {name: b, namespace: k}}
        ---
        {apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: c}}
    """)
    assert loaded.problems == ()
    assert loaded.snapshot.other_kinds == {
        "networking.istio.io/v1 Gateway": 1,
        "serving.knative.dev/v1 Service": 1,
        "v1 ConfigMap": 1,
    }
    assert loaded.snapshot.services == ()


@pytest.mark.parametrize(
    ("version", "kind", "meant"),
    [
        ("networking.k8s.io/v1", "NetworkPolicies", "NetworkPolicy"),
        ("networking.k8s.io/v1", "NetworkPolcy", "NetworkPolicy"),
        ("networking.k8s.io/v1", "Ingresses", "Ingress"),
        ("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicies", "AdminNetworkPolicy"),
        ("cilium.io/v2", "CiliumNetworkPolicies", "CiliumNetworkPolicy"),
        ("projectcalico.org/v3", "GlobalNetworkPolicies", "GlobalNetworkPolicy"),
        ("crd.projectcalico.org/v1", "NetworkPolicies", "NetworkPolicy"),
        ("gateway.networking.k8s.io/v1", "HTTPRoutes", "HTTPRoute"),
    ],
)
def test_a_kind_that_is_nearly_one_that_is_read_is_told(version: str, kind: str, meant: str) -> None:
    loaded = load(f"{{apiVersion: {version}, kind: {kind}, metadata: {{name: a, namespace: b}}, spec: {{}}}}")
    (problem,) = loaded.problems
    assert (problem.severity, problem.code) == (Severity.WARNING, "unknown-kind")
    place = "" if meant in ("AdminNetworkPolicy", "GlobalNetworkPolicy") else "b/"
    assert (problem.remedy, str(problem.subject)) == (f"Did you mean {meant}?", f"{place}a[{kind}]")
    assert loaded.snapshot.other_kinds == {f"{version} {kind}": 1}


@pytest.mark.parametrize(
    ("version", "kinds"),
    [
        ("networking.k8s.io/v1", "IPAddress ServiceCIDR ClusterCIDR"),
        (
            "cilium.io/v2",
            "CiliumNode CiliumNodeConfig CiliumEndpoint CiliumEndpointSlice CiliumIdentity CiliumEnvoyConfig "
            "CiliumClusterwideEnvoyConfig CiliumEgressGatewayPolicy CiliumLoadBalancerIPPool CiliumPodIPPool "
            "CiliumL2AnnouncementPolicy CiliumBGPPeeringPolicy CiliumBGPClusterConfig CiliumBGPPeerConfig "
            "CiliumBGPAdvertisement CiliumBGPNodeConfig CiliumGatewayClassConfig CiliumExternalWorkload TracingPolicy",
        ),
        (
            "projectcalico.org/v3",
            "IPPool IPReservation BGPConfiguration BGPPeer BGPFilter BlockAffinity FelixConfiguration Node "
            "KubeControllersConfiguration ClusterInformation CalicoNodeStatus IPAMConfiguration "
            "KubernetesNetworkPolicy KubernetesAdminNetworkPolicy KubernetesClusterNetworkPolicy",
        ),
        ("gateway.networking.k8s.io/v1", "BackendTLSPolicy ListenerSet ReferencePolicy BackendLBPolicy"),
        ("networking.istio.io/v1", "Gateways"),
        ("example.org/v1", "NetworkPolicies"),
    ],
)
def test_other_kinds_of_the_same_groups_are_no_slips(version: str, kinds: str) -> None:
    text = "---\n".join(f"{{apiVersion: {version}, kind: {kind}, metadata: {{name: a}}}}\n" for kind in kinds.split())
    assert load(text).problems == ()


@pytest.mark.parametrize(
    ("version", "kind", "code", "taken"),
    [
        ("apps/v1beta1", "Deployment", "removed-api-version", 1),
        ("extensions/v1beta1", "Deployment", "removed-api-version", 1),
        ("apps/v3", "Deployment", "unsupported-api-version", 0),
        ("v1", "Deployment", "unsupported-api-version", 0),
    ],
)
def test_versions_that_are_not_served(version: str, kind: str, code: str, taken: int) -> None:
    loaded = load(f"{{apiVersion: {version}, kind: {kind}, metadata: {{name: a}}, spec: {{template: {{}}}}}}")
    assert [c for _, c, _ in faults(loaded)] == [code]
    assert len(loaded.snapshot.workloads) == taken


def test_a_live_loaders_coverage_wins_over_the_inference() -> None:
    found = load(SERVICE % 80, coverage={"Secret": Coverage.REFUSED, "Service": Coverage.COMPLETE}).snapshot
    assert found.coverage_of("Secret") is Coverage.REFUSED
    assert found.coverage_of("Service") is Coverage.COMPLETE
    assert found.coverage_of("Pod") is Coverage.NOT_SUPPLIED


def test_progress_is_told_and_a_cancelled_load_gives_nothing() -> None:
    told: list[tuple[int, int, str]] = []
    assemble(read(SERVICE % 80), title="", progress=lambda *state: told.append(state))
    assert told == [(0, 1, "Service"), (1, 1, "")]
    with pytest.raises(LoadCancelled):
        assemble(read(SERVICE % 80), title="", cancelled=lambda: True)


def test_of_many_problems_in_a_file_some_are_told_and_the_rest_is_counted() -> None:
    session = Session(limit=2)
    for _ in range(5):
        session.add(Problem(Severity.WARNING, "c", "m", "r", Source("a.yaml", 1)))
    session.add(Problem(Severity.ERROR, "e", "m", "r", Source("a.yaml", 1)))
    assert [p.code for p in session.problems] == ["c", "c", "e"]
    (rest,) = session.closing()
    assert (rest.severity, rest.message.startswith("3 more")) == (Severity.WARNING, True)


def test_every_problem_says_where_what_and_what_to_do() -> None:
    loaded = load(SERVICE % 0 + "---\n" + SERVICE % "true" + "---\n{apiVersion: v1, kind: Pod, metadata: {}}")
    assert len(loaded.problems) == 3
    for problem in loaded.problems:
        assert problem.source
        assert problem.subject
        assert problem.message
        assert problem.remedy.endswith(".")
