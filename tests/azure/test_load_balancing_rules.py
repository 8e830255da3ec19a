"""Names and properties of load balancing rules, as the sources state them."""

import re
from dataclasses import replace
from typing import Any

import pytest

from lib.azure.rules import BY_SOURCE, DEFAULT_DISTRIBUTION
from lib.facts.service_annotations import service_annotation
from lib.model.services import SessionAffinity, TrafficPolicy
from lib.model.sets import Family
from tests.azure.make import BASE, DUAL, balanced, http, local, made, said

RULE = said()["load_balancer_rule"]
INTERNAL = {"azure-load-balancer-internal": "true"}


def rules(*args: Any, **more: Any) -> Any:
    return made(balanced(*args, **more)).rules


def test_the_name_of_the_providers_own_test_is_reproduced():
    expected = RULE["name_example_from_tests"]
    uid = re.fullmatch(r"a(.+)-TCP-80", expected)[1]
    assert [r.name for r in rules(uid=uid)] == [expected]


def test_a_name_is_the_uid_without_dashes_cut_to_32_characters_then_protocol_and_port():
    assert re.search(r"32 chars", RULE["name"]) and len(BASE) == 32
    found = rules(http(), http(53, 30053, protocol="UDP"), http(80, 30081, protocol="UDP"))
    assert [r.name for r in found] == [f"{BASE}-TCP-80", f"{BASE}-UDP-53", f"{BASE}-UDP-80"]


def test_there_is_one_rule_for_each_port_and_family_and_dual_stack_adds_an_ending():
    assert RULE["one_rule_per"] == "Service port and IP family" and "[-IPv6 in dual stack]" in RULE["name"]
    found = rules(http(), http(443, 30443), ip_families=DUAL)
    assert [r.name for r in found] == [
        f"{BASE}-TCP-80",
        f"{BASE}-TCP-443",
        f"{BASE}-TCP-80-IPv6",
        f"{BASE}-TCP-443-IPv6",
    ]
    assert [r.name for r in rules(ip_families=(Family.IPV6,))] == [f"{BASE}-TCP-80"]


def test_the_subnet_of_an_internal_load_balancer_stands_in_the_name_and_not_of_a_public_one():
    subnet = {"azure-load-balancer-internal-subnet": "apps"}
    assert [r.name for r in rules(values={**INTERNAL, **subnet})] == [f"{BASE}-apps-TCP-80"]
    assert [r.name for r in rules(values=subnet)] == [f"{BASE}-TCP-80"]


def test_a_long_subnet_is_cut_so_that_the_name_has_75_characters_and_room_for_a_family():
    """getLoadBalancerRuleName: 80 characters at most, 5 of them for the family."""
    name = rules(values={**INTERNAL, "azure-load-balancer-internal-subnet": "s" * 90})[0].name
    assert len(name) == 75
    assert name.startswith(f"{BASE}-sss") and name.endswith("s-TCP-80")


def test_defaults_are_those_of_the_sources():
    (found,) = rules()
    assert found.idle_timeout_minutes == RULE["idle_timeout_minutes"]
    assert found.floating_ip is RULE["enable_floating_ip"]
    assert found.tcp_reset is True and RULE["enable_tcp_reset"].startswith("true for TCP")
    assert (found.protocol, found.frontend_port, found.backend_port) == ("Tcp", 80, 80)


@pytest.mark.parametrize("affinity", list(SessionAffinity))
def test_session_affinity_is_the_distribution(affinity):
    expected = RULE["load_distribution"][f"sessionAffinity {affinity.value}"].split()[0]
    assert expected in (DEFAULT_DISTRIBUTION, BY_SOURCE)
    assert rules(session_affinity=affinity)[0].distribution == expected


def test_without_floating_ip_the_rule_goes_to_the_node_port():
    assert "nodePort when floating IP disabled or internal IPv6" in RULE["backend_port"]
    (found,) = rules(values={"azure-disable-load-balancer-floating-ip": "TRUE"})
    assert (found.floating_ip, found.backend_port) == (False, 30080)


def test_an_internal_ipv6_frontend_has_no_floating_ip_and_a_public_one_has():
    families = [(r.family, r.floating_ip, r.backend_port) for r in rules(values=INTERNAL, ip_families=DUAL)]
    assert families == [(Family.IPV4, True, 80), (Family.IPV6, False, 30080)]
    assert [r.floating_ip for r in rules(ip_families=DUAL)] == [True, True]


def test_a_node_port_that_is_not_allocated_yet_is_not_known():
    found = made(balanced(http(node_port=0), values={"azure-disable-load-balancer-floating-ip": "true"}))
    assert found.rules[0].backend_port is None
    assert any("node ports" in words for words in found.unknown)


def test_udp_has_no_tcp_reset_and_the_annotation_turns_it_off_for_tcp():
    ports = (http(), http(53, 30053, protocol="UDP"))
    assert [r.tcp_reset for r in rules(*ports)] == [True, None]
    off = {"azure-load-balancer-disable-tcp-reset": "true"}
    assert [r.tcp_reset for r in rules(*ports, values=off)] == [False, None]


def test_the_idle_timeout_is_taken_within_its_limits_and_refused_outside():
    facts = service_annotation("azure-load-balancer-tcp-idle-timeout")
    for minutes, taken in [
        (facts.minimum, True),
        (facts.maximum, True),
        (facts.minimum - 1, False),
        (facts.maximum + 1, False),
    ]:
        found = made(balanced(values={facts.name: str(minutes)}))
        assert [r.idle_timeout_minutes for r in found.rules] == ([minutes] if taken else [])
        assert bool(found.refused) is not taken


def test_sctp_is_only_for_internal_load_balancers():
    assert RULE["sctp"].startswith("only on internal")
    port = http(3868, 30868, protocol="SCTP")
    assert made(balanced(port)).refused and not made(balanced(port)).rules
    (found,) = rules(port, values=INTERNAL)
    assert (found.protocol, found.name) == ("All", f"{BASE}-SCTP-3868")


def test_a_port_without_a_rule_is_left_out_even_where_it_would_be_refused():
    sctp = http(3868, 30868, protocol="SCTP")
    found = rules(http(), sctp, values={"port_3868_no_lb_rule": "true"})
    assert [r.frontend_port for r in found] == [80]


def test_high_availability_ports_are_one_rule_named_after_the_first_port():
    assert RULE["ha_ports"] == "protocol All, ports 0, named after the first port"
    values = {**INTERNAL, "azure-load-balancer-enable-high-availability-ports": "true"}
    found = made(balanced(http(53, 30053, protocol="UDP"), http(), values=values))
    (rule,) = found.rules
    assert (rule.name, rule.protocol, rule.frontend_port, rule.backend_port) == (f"{BASE}-UDP-53", "All", 0, 0)
    # The first port that gives a probe does: a UDP port gives none. It is named after the rule.
    assert [(p.name, p.port) for p in found.probes] == [(f"{BASE}-UDP-53", 30080)]


def test_high_availability_ports_have_floating_ip_but_for_ipv6_whatever_the_annotation_says():
    """getExpectedLBRules: the annotation is read for single rules only."""
    values = {
        **INTERNAL,
        "azure-load-balancer-enable-high-availability-ports": "true",
        "azure-disable-load-balancer-floating-ip": "true",
    }
    assert [(r.family, r.floating_ip) for r in rules(values=values, ip_families=DUAL)] == [
        (Family.IPV4, True),
        (Family.IPV6, False),
    ]


def test_high_availability_ports_of_a_public_load_balancer_are_single_rules():
    found = rules(http(), http(443, 30443), values={"azure-load-balancer-enable-high-availability-ports": "true"})
    assert [r.frontend_port for r in found] == [80, 443]


def test_load_balancers_and_pools_have_the_names_of_the_sources():
    public, internal = said()["load_balancer_name"]["public"], said()["load_balancer_name"]["internal"]
    assert made(balanced()).load_balancer == re.search(r"AKS (\w+)", public)[1]
    assert made(balanced(values=INTERNAL)).load_balancer == re.search(r"\((.+)\)", internal)[1]
    pools = [r.backend_pool for r in rules(ip_families=DUAL)]
    assert pools == ["kubernetes", said()["backend_pool_name"]["ipv6"].replace("<cluster name>", "kubernetes")]


def test_local_services_have_a_pool_of_their_own_on_multiple_load_balancers():
    pattern = said()["backend_pool_name"]["etp_local_multi_slb"]
    assert pattern == "<namespace>-<service>[-ipv6]"
    found = made(local(ip_families=DUAL), configurations=("kubernetes",))
    assert [r.backend_pool for r in found.rules] == ["shop-web", "shop-web-ipv6"]
    assert found.backend_pool_type in said()["backend_pool_types"] and found.backend_pool_type == "nodeIP"
    assert made(local()).rules[0].backend_pool == "kubernetes"
    assert "default" in said()["backend_pool_types"][made(local()).backend_pool_type]


def test_one_of_multiple_load_balancers_is_known_only_where_the_service_leaves_no_choice():
    wanted = balanced(values={"azure-load-balancer-configurations": "kubernetes, Second"})
    several = made(wanted, configurations=("kubernetes", "second", "third"))
    assert any("fewest rules" in words for words in several.unknown)
    only = balanced(values={**INTERNAL, "azure-load-balancer-configurations": "second"})
    found = made(only, configurations=("kubernetes", "second"))
    assert (found.load_balancer, found.unknown) == ("second-internal", ())
    assert any("not in the input" in words for words in made(wanted).unknown)


def test_names_of_a_manifest_say_that_they_are_not_known():
    found = made(replace(balanced(), uid=""))
    assert found.rules[0].name == "a<uid of shop/web>-TCP-80"
    assert any("uid" in words for words in found.unknown)


def test_traffic_policy_does_not_change_the_rules():
    assert [r.name for r in made(local()).rules] == [r.name for r in rules()]
    assert balanced().external_traffic_policy is TrafficPolicy.CLUSTER
