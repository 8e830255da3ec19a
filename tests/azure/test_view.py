"""All Services together: which load balancer each lands on, what is left out, limits, and faults between Services."""

from dataclasses import replace

import pytest

from lib.azure.backend_pool import pool_nodes
from lib.azure.limits import usages
from lib.azure.load_balancer_faults import is_on_azure, load_balancer_faults
from lib.azure.provider_settings import ProviderSettings
from lib.azure.view import azure_view
from lib.checks.run import run_checks
from lib.facts.reader import get
from lib.facts.service_traffic import without_node_ports
from lib.model.cluster import Node
from lib.model.services import ServiceType, TrafficPolicy
from lib.model.sets import Family
from lib.model.snapshot import Snapshot
from tests.azure.make import balanced, http, local, made, said, view_of
from tests.routing.make import src

INTERNAL = {"azure-load-balancer-internal": "true"}


def test_public_services_share_one_load_balancer_and_internal_ones_another():
    services = [balanced(name=n, uid=n, values=v) for n, v in (("b", {}), ("a", {}), ("c", INTERNAL))]
    found = view_of(*services).load_balancers
    assert [(b.name, b.internal, [s.ref.name for s in b.services]) for b in found] == [
        ("kubernetes", False, ["a", "b"]),
        ("kubernetes-internal", True, ["c"]),
    ]
    assert [len(b.frontends) for b in found] == [2, 1]


def test_services_with_a_class_and_those_being_deleted_are_left_out_and_named():
    services = [
        balanced(name="a", load_balancer_class="example.com/lb"),
        balanced(name="b", deleting=True),
        replace(balanced(name="c"), type=ServiceType.CLUSTER_IP),
    ]
    view = view_of(*services)
    assert view.services == ()
    assert [(ref.name, why.split()[-1]) for ref, why in view.left_out] == [("a", "else"), ("b", "deleted")]


@pytest.mark.parametrize("row", said()["allocate_lb_node_ports_false"], ids=str)
def test_without_node_ports_only_what_the_sources_name_works(row):
    policy, shared = TrafficPolicy(row["etp"]), row.get("shared_probe", False)
    values = {**INTERNAL, **({} if row["floating_ip"] else {"azure-disable-load-balancer-floating-ip": "true"})}
    service = balanced(
        http(node_port=0),
        values=values,
        external_traffic_policy=policy,
        health_check_node_port=32000 if policy is TrafficPolicy.LOCAL else 0,
        allocate_load_balancer_node_ports=False,
    )
    snapshot = Snapshot(services=(service,))
    view = azure_view(snapshot, ProviderSettings(shared_probe=shared))
    codes = {f.code for f in load_balancer_faults(view, snapshot)}
    assert ("azure-node-ports-missing" in codes) is not row["works"]


def test_the_facts_about_node_ports_are_those_of_the_sources():
    ours = [
        {
            "etp": row.external_traffic_policy,
            "floating_ip": row.floating_ip,
            **({} if row.shared_probe is None else {"shared_probe": row.shared_probe}),
            "works": row.works,
        }
        for row in without_node_ports()
    ]
    assert ours == said()["allocate_lb_node_ports_false"]


def test_node_ports_that_are_allocated_already_stay_in_use():
    service = balanced(http(node_port=30080), allocate_load_balancer_node_ports=False)
    snapshot = Snapshot(services=(service,))
    assert not list(load_balancer_faults(azure_view(snapshot), snapshot))


def test_limits_are_those_of_the_sources():
    limits = said()["limits"]
    assert get("lb_rules").number == limits["standard_lb"]["rules"]
    assert get("lb_frontends").number == limits["standard_lb"]["frontends"]
    assert get("lb_rules_per_nic").number == limits["rules_per_nic"]
    assert get("lb_private_link_services").number == limits["private_link_services_per_lb"]
    assert get("lb_backend_ip_configurations").number == limits["backend_ip_configurations_per_frontend"]
    assert get("load_balanced_services_per_cluster").number == limits["lb_services_per_cluster"]


def test_the_documented_example_of_backend_ip_configurations():
    """FACTS: 1 Service x 5 ports x 2,000 nodes = 10,000, which is the limit."""
    service = balanced(*(http(n, 30000 + n) for n in range(1, 6)))
    nodes = tuple(Node(f"n{i}", src()) for i in range(2000))
    snapshot = Snapshot(services=(service,), nodes=nodes)
    (found,) = [u for u in usages(azure_view(snapshot), snapshot) if u.fact.name == "lb_backend_ip_configurations"]
    assert (found.used, found.headroom) == (10000, 0)


def test_without_load_balancers_nothing_counts():
    assert usages(view_of(), Snapshot()) == ()


def test_one_port_of_a_shared_address_is_for_one_service():
    values = {**INTERNAL, "azure-load-balancer-ipv4": "10.0.0.9"}
    both = tuple(balanced(name=n, uid=n, values=values) for n in ("a", "b"))
    snapshot = Snapshot(services=both)
    found = [f for f in load_balancer_faults(azure_view(snapshot), snapshot) if "conflict" in f.code]
    assert [(f.subject.name, dict(f.evidence)["other"]) for f in found] == [
        ("a", "shop/b[Service]"),
        ("b", "shop/a[Service]"),
    ]


def test_faults_are_told_of_clusters_that_show_that_they_are_azures():
    service = balanced(http(3868, 30868, protocol="SCTP"))
    assert not is_on_azure(Snapshot(services=(service,)))
    assert "azure-load-balancer-refused" not in {f.code for f in run_checks(Snapshot(services=(service,)))}
    node = Node("n", src(), provider_id="azure:///subscriptions/s")
    snapshot = Snapshot(services=(service,), nodes=(node,))
    assert "azure-load-balancer-refused" in {f.code for f in run_checks(snapshot)}


def test_many_services_that_share_an_address_take_no_time_to_speak_of():
    values = {**INTERNAL, "azure-load-balancer-ipv4": "10.0.0.9"}
    services = [balanced(http(n % 60000 + 1, 0), name=f"s{n}", uid=f"{n}", values=values) for n in range(3000)]
    view = view_of(*services)
    assert len(view.services) == 3000
    assert max(len(" ".join(s.unknown)) for s in view.services) < 400


def test_a_local_service_and_one_of_the_cluster_have_the_same_frontend_name():
    assert made(local()).frontends == made(balanced()).frontends


def test_nodes_with_the_label_are_kept_out_of_the_pools_whatever_its_value():
    label = "node.kubernetes.io/exclude-from-external-load-balancers"
    nodes = (Node("a", src()), Node("b", src(), labels={label: "false"}))
    found = pool_nodes(Snapshot(nodes=nodes))
    assert [n.name for n in found.nodes] == ["a"] and [n.name for n in found.left_out] == ["b"]
    assert str(found) == f"1 node of the input, perhaps more; 1 kept out by {label}"


def test_a_private_link_service_needs_ipv4_an_internal_frontend_or_no_floating_ip_and_no_ipv6_beside_it():
    """CPADOC:pls-integration.md, Restrictions."""
    pls = {"azure-pls-create": "true"}
    off = {**pls, "azure-disable-load-balancer-floating-ip": "true"}
    both = (Family.IPV4, Family.IPV6)
    beside = balanced(name="six", uid="6", values=INTERNAL, ip_families=both)
    for services, settings, works in [
        ((balanced(values={**pls, **INTERNAL}),), {}, True),
        ((balanced(values=off),), {}, True),
        ((balanced(values=pls),), {}, False),
        ((balanced(values={**pls, **INTERNAL}, ip_families=(Family.IPV6,)),), {}, False),
        ((balanced(values={**pls, **INTERNAL}), beside), {}, False),
        ((balanced(values=off), beside), {}, True),
        ((balanced(values={**pls, **INTERNAL}),), {"configurations": ("kubernetes",)}, False),
    ]:
        snapshot = Snapshot(services=services)
        found = {f.code for f in load_balancer_faults(azure_view(snapshot, ProviderSettings(**settings)), snapshot)}
        assert ("azure-private-link-broken" in found) is not works
