"""Each fault planted alone gives its own finding and no other; nothing is said about a sound cluster."""

from typing import Any

import pytest

from lib.azure.security_group_subnet import group_of_ones_own
from lib.checks.run import at_or_over, run_checks
from lib.checks.wording import finding_texts, message_of, severity_of, text_of
from lib.lint import lint
from lib.model.problem import Severity
from lib.model.security_rules import Access, Attachment, RuleDirection, SecurityRule
from lib.policy.engine import compile_engine
from lib.policy.engines import profile
from lib.routing.faults import Fault
from tests.checks.azure_cases import AZURE_CASES, internal
from tests.checks.objects import (
    CLASS,
    GATEWAY_API,
    Raw,
    balanced,
    cluster,
    endpoint,
    endpoint_slice,
    gateway,
    gateway_class,
    ingress,
    ingress_class,
    listener,
    namespace,
    node,
    obj,
    path,
    pod,
    policy,
    port,
    route,
    secret,
    service,
    sport,
    to,
    web,
)
from tests.checks.security_rule_cases import SECURITY_RULE_CASES

INTERNAL = "service.beta.kubernetes.io/azure-load-balancer-internal"
SHOP = namespace("shop")
FRONT = ingress("front", path("/", "web"))
GATE = [gateway_class(), gateway()]
AGENT = [port(9000, hostPort=9000)]
UNMAINTAINED = ingress_class("nginx", "k8s.io/ingress-nginx")
MANAGED_NGINX = ingress_class("webapprouting.kubernetes.azure.com", "webapprouting.kubernetes.azure.com/nginx")


def exposed(name: str = "web", addresses: tuple[str, ...] = ("10.224.0.9",), **spec: Any) -> list[Raw]:
    return web(name, type="LoadBalancer", status=balanced(*addresses), clusterIP="10.0.0.9", **spec)


def probed() -> list[Raw]:
    """An internal load balancer on Azure with a node port, and its node."""
    host = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-1"}, "spec": {"providerID": "azure:///1"}}
    host["status"] = {"addresses": [{"type": "InternalIP", "address": "10.224.0.4"}]}
    return [*internal({}, ports=[sport(80, nodePort=30080)]), host]


def https(namespace_: str = "") -> Raw:
    ref = {"name": "cert", **({"namespace": namespace_} if namespace_ else {})}
    return listener(name="s", port=443, protocol="HTTPS", tls={"certificateRefs": [ref]})


def secure(name: str) -> Raw:
    return ingress("front", path("/", "web"), spec={"tls": [{"hosts": ["shop.example.com"], "secretName": name}]})


def egress(*rules: Raw) -> Raw:
    return policy("out", "web", policyTypes=["Egress"], egress=list(rules))


DNS = [
    namespace("kube-system"),
    pod("coredns", "coredns", [port(53, "dns", protocol="UDP")], ns="kube-system"),
    service("kube-dns", sport(53, 53, protocol="UDP"), selector={"app": "coredns"}, ns="kube-system"),
    endpoint_slice(
        "kube-dns",
        {**endpoint("10.244.0.9"), "targetRef": {"kind": "Pod", "name": "coredns", "namespace": "kube-system"}},
        ns="kube-system",
    ),
]
TO_DNS = {"to": [{"namespaceSelector": {}}], "ports": [{"port": 53, "protocol": "UDP"}]}
KUBE_DNS = {
    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
    "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
}
TEAM = {"namespaceSelector": {"matchLabels": {"team": "a"}}}
TO_80 = {"ports": [{"port": 80}]}
TO_DB = {"to": [{"podSelector": {}}], "ports": [{"port": 5432}]}

# code → the objects, and the names of those that the finding is about.
CASES: dict[str, tuple[list[Raw], set[str]]] = {
    **AZURE_CASES,
    **SECURITY_RULE_CASES,
    "service-selects-nothing": ([service("web")], {"web"}),
    "service-no-ready-endpoints": (
        [
            pod("web-1", "web", ready=False),
            service("web"),
            endpoint_slice("web", endpoint("10.244.0.9", "web-1", ready=False)),
        ],
        {"web"},
    ),
    "service-no-endpoints": ([service("web", selector={})], {"web"}),
    "service-target-port-undeclared": (
        [pod("web-1", "web", [port(8080, "https")]), service("web", sport(80, "http")), web()[2]],
        {"web"},
    ),
    "service-target-port-partly-declared": (
        [
            pod("web-1", "web", [port(8080, "http")]),
            pod("web-2", "web", ip="10.244.0.10"),
            service("web", sport(80, "http")),
            endpoint_slice("web", endpoint("10.244.0.9", "web-1"), endpoint("10.244.0.10", "web-2")),
        ],
        {"web"},
    ),
    "service-endpoints-disagree": (
        [*web()[:2], endpoint_slice("web", endpoint("10.244.0.9", "web-1"), endpoint("10.244.0.7", "gone"))],
        {"web"},
    ),
    "external-name-is-address": (
        [obj("Service", "far", {"type": "ExternalName", "externalName": "192.0.2.1"})],
        {"far"},
    ),
    "external-name-selector": (
        [obj("Service", "far", {"type": "ExternalName", "externalName": "example.com", "selector": {"a": "b"}})],
        {"far"},
    ),
    "external-name-target-port": (
        [service("far", sport(80, 8080), selector={}, type="ExternalName", externalName="example.com")],
        {"far"},
    ),
    "headless-port-not-translated": (
        [pod("web-1", "web"), service("web", sport(80, 8080), clusterIP="None"), web()[2]],
        {"web"},
    ),
    "session-affinity-without-effect": (web(clusterIP="None", sessionAffinity="ClientIP"), {"web"}),
    "load-balancer-pending": (exposed(addresses=(), annotations={INTERNAL: "true"}), {"web"}),
    "load-balancer-open-to-internet": (exposed(addresses=("203.0.113.9",)), {"web"}),
    "load-balancer-behind-policies": (
        [*exposed(addresses=("203.0.113.9",)), SHOP, policy("p", "web", ingress=[{"from": [{"podSelector": {}}]}])],
        {"web"},
    ),
    "internal-annotation-spelling": (exposed(annotations={INTERNAL: "TRUE"}), {"web"}),
    "internal-load-balancer-public-address": (
        exposed(addresses=("203.0.113.9",), annotations={INTERNAL: "true"}, loadBalancerSourceRanges=["10.0.0.0/8"]),
        {"web"},
    ),
    "local-policy-without-node": (
        [
            *exposed(externalTrafficPolicy="Local", healthCheckNodePort=31000),
            node("node-1", **{"node.kubernetes.io/exclude-from-external-load-balancers": "true"}),
            node("node-2"),
        ],
        {"web"},
    ),
    "internal-local-policy-gaps": (
        [*web(internalTrafficPolicy="Local"), node("node-1"), node("node-2")],
        {"web"},
    ),
    "node-port-conflict": (
        [
            pod("a-1", "a"),
            service("a", sport(80, nodePort=30080), type="NodePort"),
            endpoint_slice("a", endpoint("10.244.0.9", "a-1")),
            pod("b-1", "b"),
            service("b", sport(80, nodePort=30080), type="NodePort"),
            endpoint_slice("b", endpoint("10.244.0.9", "b-1")),
        ],
        {"a", "b"},
    ),
    "host-port-conflict": ([pod("a", ports=AGENT), pod("b", ports=AGENT, node_name="")], {"a", "b"}),
    "ingress-class-missing": ([*web(), FRONT], {"front"}),
    "ingress-class-not-set": ([*web(), CLASS, ingress("front", path("/", "web"), cls=None)], {"front"}),
    "ingress-class-several-defaults": (
        [
            *web(),
            ingress_class("a", default=True),
            ingress_class("b", default=True),
            ingress("front", path("/", "web"), cls=None),
        ],
        {"front"},
    ),
    "ingress-controller-retired": (
        [*web(), UNMAINTAINED, ingress("front", path("/", "web"), cls="nginx")],
        {"front"},
    ),
    "ingress-controller-fading": (
        [
            *web(),
            MANAGED_NGINX,
            ingress("a", path("/", "web"), cls=MANAGED_NGINX["metadata"]["name"]),
            ingress("b", path("/b", "web"), cls=MANAGED_NGINX["metadata"]["name"]),
        ],
        {"a"},
    ),
    "route-backend-missing": ([*web(), CLASS, ingress("front", path("/blog", "blog"))], {"front"}),
    "route-backend-port-missing": ([*web(), CLASS, ingress("front", path("/", "web", 81))], {"front"}),
    "route-backend-external-name": (
        [
            service("far", selector={}, type="ExternalName", externalName="example.com"),
            CLASS,
            ingress("front", path("/", "far")),
        ],
        {"front"},
    ),
    "route-no-backend": ([*GATE, route({"matches": [{"path": {"value": "/x"}}]})], {"route"}),
    "route-weights-zero": ([*web(), *GATE, route(to("web", weight=0))], {"route"}),
    "tls-secret-missing": ([*web(), CLASS, secure("cert")], {"front"}),
    "tls-secret-unusable": ([*web(), CLASS, secure("cert"), secret("cert", "tls.crt")], {"front"}),
    "route-conflict": (
        [*web(), *web("cart"), CLASS, FRONT, ingress("other", path("/", "cart"))],
        {"other"},
    ),
    "route-gateway-missing": ([*web(), route(to("web"))], {"route"}),
    "gateway-class-missing": ([*web(), gateway(), route(to("web"))], {"gw"}),
    "gateway-class-not-accepted": ([*web(), gateway_class(accepted=False), gateway(), route(to("web"))], {"gw"}),
    "route-no-parent": (
        [*web(), *GATE, obj("HTTPRoute", "route", {"rules": [to("web")]}, GATEWAY_API)],
        {"route"},
    ),
    "route-mesh-parent": (
        [*web(), route(to("web"), parent={"kind": "Service", "group": "", "name": "web"})],
        {"route"},
    ),
    "route-no-matching-listener": (
        [*web(), *GATE, route(to("web"), parent={"name": "gw", "sectionName": "gone"})],
        {"route"},
    ),
    "route-namespace-not-allowed": (
        [
            *GATE,
            service("far", selector={}, type="ExternalName", externalName="example.com", ns="other"),
            route({"filters": [{"type": "RequestRedirect", "requestRedirect": {"hostname": "x.example"}}]}, ns="other"),
        ],
        {"route"},
    ),
    "route-kind-not-allowed": (
        [
            *web(),
            gateway_class(),
            gateway(listener(allowedRoutes={"kinds": [{"kind": "GRPCRoute"}]})),
            route(to("web")),
        ],
        {"route"},
    ),
    "route-hostname-not-served": (
        [*web(), gateway_class(), gateway(listener(hostname="*.a.example")), route(to("web"), hostnames=["b.example"])],
        {"route"},
    ),
    "reference-not-granted": (
        [
            pod("db-1", "db", ns="data"),
            service("db", ns="data"),
            endpoint_slice(
                "db",
                {**endpoint("10.244.0.9"), "targetRef": {"kind": "Pod", "name": "db-1", "namespace": "data"}},
                ns="data",
            ),
            *GATE,
            route(to("db", namespace="data")),
        ],
        {"route"},
    ),
    "policy-selects-nothing": ([*web(), SHOP, policy("p", "wob")], {"p"}),
    "policy-peer-covers-others": (
        [
            *web(),
            SHOP,
            policy(
                "p",
                "web",
                ingress=[{"from": [{"namespaceSelector": {}}, {"podSelector": {"matchLabels": {"app": "web"}}}]}],
            ),
        ],
        {"p"},
    ),
    "policy-peers-apart": (
        [
            *web(),
            SHOP,
            namespace("team", team="a"),
            pod("cli", "cli", ns="team"),
            policy("p", "web", ingress=[{"from": [TEAM, {"podSelector": {"matchLabels": {"app": "cli"}}}]}]),
        ],
        {"p"},
    ),
    "service-blocked-by-policies": (
        [pod("web-1", "web"), service("web", sport(80, 8080)), web()[2], SHOP, policy("p", "web", ingress=[TO_80])],
        {"web"},
    ),
    "dns-egress-missing": ([*web(), SHOP, *DNS, egress(TO_DB)], {"web-1"}),
}

# A fault whose consequence is told as well: the route that leads to the broken Service, the Service that is cut off.
WITH_CONSEQUENCE = {
    "route-backend-without-endpoints": (
        [service("web"), CLASS, FRONT],
        {("service-selects-nothing", "web"), ("route-backend-without-endpoints", "front")},
    ),
    "policy-peers-select-nothing": (
        [*web(), SHOP, policy("p", "web", ingress=[{"from": [{"podSelector": {"matchLabels": {"app": "gone"}}}]}])],
        {("policy-peers-select-nothing", "p"), ("service-blocked-by-policies", "web")},
    ),
}
# Objects, and senders and ports that a group on the subnet denies.
WITH_SUBNET: dict[str, tuple[list[Raw], list[tuple[str, str]]]] = {
    "azure-subnet-group-blocks": (probed(), [("VirtualNetwork", "80")]),
    "azure-health-probe-denied": (probed(), [("AzureLoadBalancer", "30080")]),
}
UNDER_CILIUM: dict[str, list[Raw]] = {
    "azure-health-probe-blocked-by-policies": [
        *probed(),
        policy("clients", "web", ingress=[{"from": [{"ipBlock": {"cidr": "10.100.0.0/16"}}]}]),
    ],
}
# The API server refuses such objects, and so does the loader: the finding is for other ways in.
REFUSED = {"session-affinity-timeout"}


@pytest.mark.parametrize("code", CASES)
def test_a_planted_fault_gives_its_finding_and_no_other(code: str) -> None:
    objects, names = CASES[code]
    found = run_checks(cluster(*objects))
    assert {(f.code, f.subject.name) for f in found} == {(code, name) for name in names}
    assert len(found) == len(names)


@pytest.mark.parametrize("code", WITH_CONSEQUENCE)
def test_a_fault_with_consequences_tells_both(code: str) -> None:
    objects, expected = WITH_CONSEQUENCE[code]
    assert {(f.code, f.subject.name) for f in run_checks(cluster(*objects))} == expected


def test_every_code_has_a_case() -> None:
    assert set(finding_texts()) == {*CASES, *WITH_CONSEQUENCE, *REFUSED, *WITH_SUBNET, *UNDER_CILIUM}


@pytest.mark.parametrize("code", WITH_SUBNET)
def test_what_a_group_on_the_subnet_blocks_is_told(code: str) -> None:
    objects, denied = WITH_SUBNET[code]
    rules = tuple(
        SecurityRule(
            f"deny-{source}-{port}", number, RuleDirection.INBOUND, Access.DENY, sources=(source,), ports=(port,)
        )
        for number, (source, port) in enumerate(denied, 100)
    )
    subnet = group_of_ones_own("mine", rules, (), Attachment.SUBNET)
    found = run_checks(cluster(*objects), subnet=subnet)
    assert {(f.code, f.subject.name) for f in found} == {(code, "web")}
    assert all("deny-" in message_of(f) and "{" not in message_of(f) for f in found)
    assert not run_checks(cluster(*objects))


@pytest.mark.parametrize("code", UNDER_CILIUM)
def test_what_only_an_engine_that_settles_it_shows_is_told(code: str) -> None:
    found = run_checks(
        cluster(*UNDER_CILIUM[code]), engine=compile_engine(cluster(*UNDER_CILIUM[code]), profile("cilium"))
    )
    assert {(f.code, f.subject.name) for f in found} == {(code, "web")}
    assert "policy shop/clients" in message_of(found[0]) and "{" not in message_of(found[0])


def test_every_fault_of_routing_is_worded() -> None:
    assert {fault.code for fault in Fault} <= set(finding_texts())


@pytest.mark.parametrize("text", finding_texts().values(), ids=lambda t: t.code)
def test_every_wording_is_complete(text: Any) -> None:
    assert text.code == text.code.lower() and " " not in text.code
    for words in (text.title, text.sentence, text.why, text.remedy, text.reference):
        assert words.strip() == words != ""
    assert text.why.endswith(".") and text.remedy.endswith(".")
    assert not text.sentence.endswith(".") and not text.title.endswith(".")


@pytest.mark.parametrize("code", [*CASES, *WITH_CONSEQUENCE])
def test_every_placeholder_is_filled(code: str) -> None:
    objects = {**CASES, **WITH_CONSEQUENCE}[code][0]
    for found in run_checks(cluster(*objects)):
        message = message_of(found)
        assert message.startswith(str(found.subject))
        assert "{" not in message and "None" not in message


@pytest.mark.parametrize(
    "code",
    [
        "service-selects-nothing",
        "route-backend-missing",
        "tls-secret-missing",
        "ingress-class-missing",
        "policy-selects-nothing",
        "route-gateway-missing",
        "reference-not-granted",
        "service-no-endpoints",
        "gateway-class-missing",
        "ingress-class-not-set",
    ],
)
def test_nothing_is_missing_unless_its_kind_is_complete(code: str) -> None:
    objects, _ = CASES[code]
    assert code not in {f.code for f in run_checks(cluster(*objects, complete=False))}


# Sound neighbours of the planted faults.
@pytest.mark.parametrize(
    "objects",
    [
        [*web(), CLASS, FRONT],
        [*web(), CLASS, secure("cert"), secret("cert", "tls.crt", "tls.key")],
        [*web(), *GATE, route(to("web"))],
        [*web(), SHOP, *DNS, egress(TO_DB, TO_DNS)],
        [*web(), SHOP, *DNS, egress()],
        [*web(), SHOP, *DNS, egress({"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}], "ports": TO_DNS["ports"]})],
        [*web(), SHOP, egress(TO_DNS, TO_DB)],
        [*web(), SHOP, pod("job-1", "job", phase="Succeeded"), policy("p", "job")],
        [
            pod("a", ports=[port(1, hostPort=1, hostIP="192.0.2.1")]),
            pod("b", ports=[port(1, hostPort=1, hostIP="192.0.2.2")], node_name=""),
        ],
        [pod("a", ports=[port(1, hostPort=1)]), pod("b", ports=[port(1, hostPort=1, protocol="UDP")], node_name="")],
        [pod("a", ports=AGENT), pod("b", ports=AGENT, node_name="node-2")],
        [*exposed(addresses=("203.0.113.9",)), CLASS, {**FRONT, "status": balanced("203.0.113.9")}],
        [*exposed(addresses=("203.0.113.9",), loadBalancerSourceRanges=["198.51.100.0/24"])],
        [],
    ],
)
def test_a_sound_cluster_has_no_findings(objects: list[Raw]) -> None:
    assert [message_of(f) for f in run_checks(cluster(*objects))] == []


def test_dns_is_missed_also_where_the_dns_pods_are_not_in_the_input() -> None:
    found = run_checks(cluster(*web(), SHOP, egress(TO_DB)))
    assert [f.code for f in found] == ["dns-egress-missing"]


def test_a_dns_rule_counts_where_the_dns_pods_that_it_selects_are_not_in_the_input() -> None:
    found = run_checks(cluster(*web(), SHOP, egress({**TO_DNS, "to": [KUBE_DNS]}, TO_DB)))
    assert "dns-egress-missing" not in [f.code for f in found]


def test_the_worst_comes_first_and_a_threshold_cuts() -> None:
    objects = [*CASES["route-backend-missing"][0], policy("p", "wob")]
    found = run_checks(cluster(*objects))
    severities = [severity_of(f) for f in found]
    assert severities == sorted(severities, reverse=True) == [Severity.ERROR, Severity.WARNING]
    assert at_or_over(found, Severity.ERROR) == found[:1]


def scaled_to_zero(labels: Raw, template: Raw) -> Raw:
    containers = [{"name": "main", "image": "example/main:1"}]
    spec = {
        "replicas": 0,
        "selector": {"matchLabels": template},
        "template": {"metadata": {"labels": template}, "spec": {"containers": containers}},
    }
    return obj("Deployment", "idle", spec, api="apps/v1", meta={"labels": labels})


@pytest.mark.parametrize(
    ("labels", "template", "reported"), [({"app": "x"}, {"app": "idle"}, False), ({"app": "idle"}, {"app": "x"}, True)]
)
def test_a_policy_waits_for_pods_by_the_labels_of_their_template(labels: Raw, template: Raw, reported: bool) -> None:
    found = run_checks(cluster(*web(), SHOP, scaled_to_zero(labels, template), policy("p", "idle")))
    assert ("policy-selects-nothing" in [f.code for f in found]) is reported


def test_check_and_lint_tell_of_the_same_fault_in_the_same_words() -> None:
    gone = {"from": [{"podSelector": {"matchLabels": {"app": "gone"}}}]}
    snapshot = cluster(
        *web(), SHOP, policy("idle", "wob"), policy("p", "web", ingress=[gone, {"ports": [{"port": 8080}]}])
    )
    told = {
        (f.kind.code, f.kind.severity, f.kind.title, f.sentence.rstrip(".").lower())
        for f in lint(compile_engine(snapshot))
    }
    found = {
        (f.code, severity_of(f), text_of(f).title, message_of(f).partition(": ")[2].lower())
        for f in run_checks(snapshot)
        if f.code in ("policy-selects-nothing", "policy-peers-select-nothing")
    }
    assert {code for code, *_ in found} == {"policy-selects-nothing", "policy-peers-select-nothing"}
    assert found <= told
