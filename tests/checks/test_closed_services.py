"""Services that policies close: the Service's port named for the pods', and load balancers that nothing gets through.

What is expected follows from the API's words: policies see the pods' port, they only add up, an isolated pod gets what
some rule permits, and a pod's own node is always let in.
"""

from typing import Any

import pytest

from lib.checks.run import run_checks
from lib.checks.wording import message_of
from lib.policy.engine import compile_engine
from lib.policy.engines import profile
from tests.checks.objects import (
    Raw,
    balanced,
    cluster,
    endpoint,
    endpoint_slice,
    namespace,
    node,
    obj,
    pod,
    policy,
    port,
    service,
    sport,
    web,
)

BLOCKED = "service-blocked-by-policies"
OPEN = "load-balancer-open-to-internet"
BEHIND = "load-balancer-behind-policies"
SHOP = namespace("shop")
EVERYBODY = {"endpointSelector": {}, "ingress": [{"fromEntities": ["all"]}]}
DENY = policy("deny", policyTypes=["Ingress"])
# Policies don't select pods that use their node's network.
ON_HOST = obj(
    "Pod",
    "web-1",
    {"hostNetwork": True, "nodeName": "node-1", "containers": [{"name": "main", "image": "example/main:1"}]},
    meta={"labels": {"app": "web"}},
    status={"phase": "Running", "podIP": "10.224.0.4", "podIPs": [{"ip": "10.224.0.4"}], "hostIP": "10.224.0.4"},
)
CALLER = pod("caller-1", "caller", ip="10.244.0.20")
FROM_CALLER = [{"podSelector": {"matchLabels": {"app": "caller"}}}]


def behind(*ports: Raw, **spec: Any) -> list[Raw]:
    """A Service whose pods listen on 8080 under the name http, and on 9090."""
    return [
        SHOP,
        pod("web-1", "web", [port(8080, "http"), port(9090)]),
        service("web", *(ports or (sport(80, 8080),)), **spec),
        endpoint_slice("web", endpoint("10.244.0.9", "web-1")),
    ]


def permit(*ports: int | str, name: str = "allow", app: str = "web", peers: list[Raw] | None = None) -> Raw:
    """A policy whose one rule names these ports and peers; none of either is every port or everybody."""
    rule = {"ports": [{"port": p} for p in ports]} if ports else {}
    return policy(name, app, ingress=[{**rule, **({"from": peers} if peers else {})}])


def said(*objects: Raw, code: str = BLOCKED, complete: bool = True, engine: str = "kubernetes") -> list[str]:
    snapshot = cluster(*objects, complete=complete)
    found = run_checks(snapshot, engine=compile_engine(snapshot, profile(engine)))
    return [message_of(f) for f in found if f.code == code]


@pytest.mark.parametrize(
    ("policies", "isolating", "instead"),
    [
        (
            [DENY, permit(80)],
            "policies shop/allow, shop/deny isolate them",
            "policy shop/allow permits port 80, the Service's own port; policies see the pods' port 8080",
        ),
        (
            [permit(80), permit(80, name="too")],
            "policies shop/allow, shop/too isolate them",
            "policies shop/allow, shop/too permit port 80, the Service's own port; policies see the pods' port 8080",
        ),
        ([DENY], "policy shop/deny isolates them", "nothing is permitted"),
        ([DENY, permit(9090)], "policies shop/allow, shop/deny isolate them", "permitted is only TCP 9090"),
        ([permit("https")], "policy shop/allow isolates them", "nothing is permitted"),
        (
            [permit(8080, peers=[{"podSelector": {"matchLabels": {"app": "gone"}}}])],
            "policy shop/allow isolates them",
            "policy shop/allow admits to it nobody who is in the input",
        ),
        (
            [
                permit(8080, peers=FROM_CALLER),
                policy("locked", "caller", policyTypes=["Egress"], egress=[]),
                CALLER,
            ],
            "policy shop/allow isolates them",
            "whom policy shop/allow admits to it, other policies hold back",
        ),
    ],
)
def test_a_port_that_nobody_may_reach_is_found_with_its_cause(
    policies: list[Raw], isolating: str, instead: str
) -> None:
    (message,) = said(*behind(), *policies)
    assert message.startswith("shop/web[Service]: port 80 leads to 8080/TCP on its pods")
    assert f"{isolating}; {instead}" in message


@pytest.mark.parametrize("engine", ["azure-npm", "calico", "cilium"])
@pytest.mark.parametrize("code", [BLOCKED, "dns-egress-missing"])
def test_what_an_engine_does_with_ipv6_is_nothing_to_a_cluster_without_it(engine: str, code: str) -> None:
    """Azure NPM "doesn't support IPv6"; every address of the input is an IPv4 address."""
    out = policy("out", "web", policyTypes=["Egress"], egress=[{"to": FROM_CALLER, "ports": [{"port": 5432}]}])
    assert len(said(*behind(), DENY, permit(80), out, CALLER, code=code, engine=engine)) == 1


def test_a_named_target_port_is_resolved_on_the_pods() -> None:
    (message,) = said(*behind(sport(80, "http")), permit(80))
    assert "leads to 8080/TCP" in message and "policies see the pods' port 8080" in message


def test_the_finding_stands_at_the_port() -> None:
    (found,) = (f for f in run_checks(cluster(*behind(), DENY, permit(80))) if f.code == BLOCKED)
    assert found.source.path[:2] == ("spec", "ports")


@pytest.mark.parametrize(
    "objects",
    [
        pytest.param([*behind()], id="no policy at all"),
        pytest.param([*behind(), permit(80, app="other")], id="isolated are others"),
        pytest.param([*behind(), policy("out", "web", policyTypes=["Egress"])], id="egress alone is isolated"),
        pytest.param([*behind(), DENY, permit(8080)], id="the pods' port is permitted"),
        pytest.param([*behind(), DENY, permit("http")], id="the pods' port is permitted by its name"),
        pytest.param([*behind(), DENY, permit(80), permit(name="all")], id="another policy permits every port"),
        pytest.param([*behind(), permit(8080, peers=[{"podSelector": {}}])], id="its own namespace is let in"),
        pytest.param([*behind(), CALLER, permit(8080, peers=FROM_CALLER)], id="one caller is let in"),
        pytest.param([*behind(), permit(8080, peers=[{"namespaceSelector": {}}])], id="every namespace is let in"),
        pytest.param(
            [*behind(clusterIP="None"), CALLER, permit(8080, peers=FROM_CALLER)],
            id="a headless database behind a policy that lets its caller in",
        ),
        pytest.param(
            [
                *behind(type="LoadBalancer", status=balanced("203.0.113.9")),
                permit(8080, peers=[{"ipBlock": {"cidr": "198.51.100.0/24"}}]),
            ],
            id="a load balancer whose clients an ipBlock lets in",
        ),
        pytest.param(
            [*behind(sport(80, 8080), sport(81, 9090)), permit(8080)], id="a second port that is closed may be meant so"
        ),
        pytest.param([SHOP, ON_HOST, *behind()[2:], DENY], id="no policy isolates pods on their node's network"),
        pytest.param(
            [*behind(), policy("void", "wob", ingress=[{"ports": [{"port": 8080}]}]), DENY],
            id="the policy that should permit it selects nothing, and is found itself",
        ),
        pytest.param(
            [
                *behind(),
                DENY,
                obj("CiliumNetworkPolicy", "more", EVERYBODY, "cilium.io/v2"),
            ],
            id="a policy of Cilium's permits it",
        ),
    ],
)
def test_nothing_is_said_of(objects: list[Raw]) -> None:
    assert said(*objects) == []


def test_one_of_two_ports_is_found_where_a_rule_names_the_services_own_port() -> None:
    (message,) = said(*behind(sport(80, 8080), sport(81, 9090)), permit(80, 9090))
    assert "port 80 leads to 8080/TCP" in message


def test_one_pod_that_can_be_reached_is_enough() -> None:
    other = pod("web-2", "web", [port(8080, "http")], ip="10.244.0.10")
    other["metadata"]["labels"]["open"] = "yes"
    allow = policy("some", ingress=[{}])
    allow["spec"]["podSelector"] = {"matchLabels": {"open": "yes"}}
    assert len(said(*behind(), other, DENY)) == 1
    assert said(*behind(), other, DENY, allow) == []


@pytest.mark.parametrize(("number", "found"), [(80, 1), (8080, 0)])
def test_callers_that_may_be_missing_count_only_for_the_port_that_they_may_use(number: int, found: int) -> None:
    elsewhere: list[Raw] = [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "front"}}}]
    objects = [*behind()[1:], DENY, permit(number, peers=elsewhere)]
    assert len(said(*objects, complete=False)) == found


def test_a_workload_without_pods_may_be_the_caller() -> None:
    resting = obj(
        "Deployment",
        "caller",
        {
            "replicas": 0,
            "selector": {"matchLabels": {"app": "caller"}},
            "template": {
                "metadata": {"labels": {"app": "caller"}},
                "spec": {"containers": [{"name": "main", "image": "example/main:1"}]},
            },
        },
        "apps/v1",
    )
    allow = permit(8080, peers=FROM_CALLER)
    assert len(said(*behind(), allow)) == 1
    assert said(*behind(), resting, allow) == []


# Load balancers


def balancer(traffic: str = "Cluster") -> list[Raw]:
    return [
        SHOP,
        *web(type="LoadBalancer", status=balanced("203.0.113.9"), clusterIP="10.0.0.9", externalTrafficPolicy=traffic),
    ]


INSIDE: list[Raw] = [{"podSelector": {}}]
AGENT = {**ON_HOST, "metadata": {"name": "agent", "namespace": "shop"}}


@pytest.mark.parametrize(
    ("policies", "cluster_says", "local_says"),
    [
        ([], OPEN, OPEN),
        ([permit(peers=INSIDE)], BEHIND, None),
        ([permit(peers=INSIDE), node("node-1"), AGENT], BEHIND, None),
        ([permit(80)], OPEN, OPEN),
        ([permit(peers=INSIDE), permit(name="vpn", peers=[{"ipBlock": {"cidr": "198.51.100.0/24"}}])], OPEN, OPEN),
        ([policy("out", "web", policyTypes=["Egress"], egress=[{}])], OPEN, OPEN),
        ([permit(app="other", peers=INSIDE)], OPEN, OPEN),
        (
            [permit(peers=INSIDE), obj("CiliumNetworkPolicy", "more", EVERYBODY, "cilium.io/v2")],
            OPEN,
            OPEN,
        ),
    ],
    ids=[
        "no policy: open",
        "only pods of the namespace are let in: not open, but a node may come",
        "with nodes and a host network pod in the input: the same",
        "a rule without peers lets everybody in",
        "some outside addresses are let in",
        "egress alone is isolated",
        "isolated are others",
        "a policy of Cilium's lets everybody in",
    ],
)
def test_a_load_balancer_is_called_open_unless_policies_let_nothing_in_from_outside(
    policies: list[Raw], cluster_says: str | None, local_says: str | None
) -> None:
    for traffic, expected in (("Cluster", cluster_says), ("Local", local_says)):
        codes = {f.code for f in run_checks(cluster(*balancer(traffic), *policies))}
        assert codes & {OPEN, BEHIND} == ({expected} if expected else set()), traffic


def test_what_a_node_may_still_bring_is_said() -> None:
    (message,) = said(*balancer(), permit(peers=INSIDE), code=BEHIND)
    assert "policy shop/allow" in message and "a pod's own node is always let in" in message


def test_a_load_balancer_without_known_pods_stays_open() -> None:
    front = service("web", selector={}, type="LoadBalancer", status=balanced("203.0.113.9"), clusterIP="10.0.0.9")
    slices = endpoint_slice("web", endpoint("10.9.0.1"))
    assert len(said(SHOP, front, slices, *web("cart"), DENY, code=OPEN)) == 1
