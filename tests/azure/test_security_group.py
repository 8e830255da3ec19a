"""The provider's rules are those of its own tests, name by name and number by number."""

from __future__ import annotations

import pytest

from lib.azure.security_group import FRESH, RECONCILED, allow_name, azure_default_rules, provider_group
from lib.facts.nsg import custom_priorities, group_limits, provider_rules, service_tags
from lib.model.refs import ObjectRef
from lib.model.security_rules import (
    ANY,
    Access,
    Attachment,
    RuleDirection,
    SecurityGroup,
    SecurityRule,
    in_evaluation_order,
)
from lib.model.services import ServicePort, TrafficPolicy
from lib.model.sets import Family, Protocol
from tests.azure.nsg import (
    cluster,
    example_nodes,
    example_service,
    load_balancer,
    node,
    provider_examples,
    worked_examples,
)

CASES = provider_examples()["cases"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_the_rules_are_those_of_the_providers_own_tests(case):
    found = provider_group(cluster(example_service(case), nodes=example_nodes()))
    written = [
        {
            "priority": rule.priority,
            "name": rule.name,
            "access": rule.access.value,
            "direction": rule.direction.value,
            "protocol": rule.protocol,
            "source": list(rule.sources),
            "source_ports": ",".join(rule.source_ports),
            "destination": list(rule.destinations),
            "destination_ports": list(rule.ports),
        }
        for rule in found.written
    ]
    assert written == sorted(case["rules"], key=lambda rule: rule["priority"])
    if "error" in case:
        assert len(found.left_out) == 1
        assert "loadBalancerSourceRanges" in found.left_out[0][1]
    else:
        assert not found.left_out


def test_all_twelve_examples_are_there():
    assert len(CASES) == 12


@pytest.mark.parametrize("check", provider_examples()["name_hash_checks"], ids=lambda check: check["input"])
def test_the_hash_in_a_name_is_the_providers(check):
    protocol, sources, ports = split(check["input"])
    numbers = [int(port) for port in ports.split(",")]
    assert allow_name(Family.IPV4, protocol, sources.split(","), reversed(numbers)) == check["name"]


def split(text: str) -> tuple[str, str, str]:
    protocol, _, rest = text.partition("_")
    sources, _, ports = rest.rpartition("_")
    return protocol, sources, ports


@pytest.mark.parametrize("direction", RuleDirection)
def test_the_default_rules_are_azures(direction):
    said = worked_examples()["azure_default_rules"][direction.value.lower()]
    ours = [rule for rule in azure_default_rules() if rule.direction is direction]
    assert [(r.name, r.priority, r.access.value) for r in ours] == [
        (s["name"], s["priority"], s["access"]) for s in said
    ]
    for rule, stated in zip(ours, said, strict=True):
        assert stated["protocol"] == "Any" and rule.protocol == ANY
        assert stated["ports"] == "0-65535" and rule.ports == (ANY,)
        for text, ends in ((stated["source"], rule.sources), (stated["destination"], rule.destinations)):
            assert ends == (ANY if text == "0.0.0.0/0" else text,)


def test_the_facts_agree_with_the_examples():
    said = worked_examples()["azure_default_rules"]
    assert list(custom_priorities()) == said["custom_priority_range"]
    assert {f"{limit.name}_per_nsg": limit.value for limit in group_limits()} == {
        key: value for key, value in said["limits"].items() if key.endswith("_per_nsg")
    }
    assert dict(provider_rules().protocols) == provider_examples()["protocol_strings"]
    assert [word for _, word in provider_rules().protocols] == provider_examples()["order"]
    assert {tag.name for tag in service_tags()} == set(worked_examples()["service_tags"]) - {"source"}


def names(found) -> list[str]:
    return [rule.name for rule in found.written]


def test_services_with_equal_rules_share_one_and_add_their_frontends():
    found = provider_group(
        cluster(load_balancer("b", frontends=("20.0.0.2",)), load_balancer("a", frontends=("20.0.0.10",)))
    )
    (rule,) = found.written
    assert rule.destinations == ("20.0.0.10", "20.0.0.2")
    assert [ref.name for ref in rule.services] == ["a", "b"]
    assert [(c.service.name, c.destinations) for c in found.contributions] == [
        ("a", ("20.0.0.10",)),
        ("b", ("20.0.0.2",)),
    ]


def test_services_are_taken_by_namespace_and_name():
    ports = [ServicePort(n, n) for n in (81, 82, 83)]
    services = (
        load_balancer("z", ports[0], frontends=("20.0.0.1",), namespace="a"),
        load_balancer("a", ports[1], frontends=("20.0.0.2",), namespace="b"),
        load_balancer("b", ports[2], frontends=("20.0.0.3",), namespace="a"),
    )
    found = provider_group(cluster(*services))
    assert [(r.priority, r.ports) for r in found.written] == [(500, ("83",)), (501, ("81",)), (502, ("82",))]
    assert found.group.origin == FRESH


def test_a_range_with_host_bits_closes_the_service_and_the_rest_of_the_list_still_counts():
    service = load_balancer("a", frontends=("20.0.0.1",), ranges=("10.0.0.1/8", "192.168.0.0/16"))
    found = provider_group(cluster(service))
    assert [(r.access, r.sources) for r in found.written] == [
        (Access.ALLOW, ("192.168.0.0/16",)),
        (Access.DENY, (ANY,)),
    ]
    assert found.accesses[0].invalid_ranges == ("10.0.0.1/8",)


def test_only_invalid_ranges_leave_nobody_but_the_rule_that_closes():
    found = provider_group(cluster(load_balancer("a", frontends=("20.0.0.1",), notes={"azure-allowed-ip-ranges": ""})))
    assert [r.access for r in found.written] == [Access.DENY]


def test_a_valid_list_beside_an_invalid_one_is_no_error():
    notes = {"azure-allowed-ip-ranges": "10.0.0.1"}
    found = provider_group(cluster(load_balancer("a", frontends=("20.0.0.1",), ranges=("10.0.0.0/8",), notes=notes)))
    assert not found.left_out
    assert [r.access for r in found.written] == [Access.ALLOW, Access.DENY]


def test_everything_in_ipv4_closes_the_ipv6_side():
    service = load_balancer(
        "a", frontends=("20.0.0.1", "2603::1"), ranges=("0.0.0.0/0",), ip_families=(Family.IPV4, Family.IPV6)
    )
    (rule,) = provider_group(cluster(service)).written
    assert rule.sources == ("0.0.0.0/0",)
    assert rule.destinations == ("20.0.0.1",)


def test_neighbouring_and_contained_ranges_are_merged():
    ranges = ("0.0.0.0/1", "128.0.0.0/1", "10.0.0.0/8")
    (rule,) = provider_group(cluster(load_balancer("a", frontends=("20.0.0.1",), ranges=ranges))).written
    assert rule.sources == ("0.0.0.0/0",)


def test_the_traffic_policy_changes_no_rule():
    ports = ServicePort(443, 443, node_port=30443)
    rules = [
        provider_group(
            cluster(load_balancer("a", ports, frontends=("20.0.0.1",), external_traffic_policy=policy))
        ).written
        for policy in TrafficPolicy
    ]
    assert rules[0] == rules[1]


def test_any_spelling_of_true_makes_the_rules_those_of_an_internal_service():
    service = load_balancer("a", frontends=("20.0.0.1",), notes={"azure-load-balancer-internal": "True"})
    assert not provider_group(cluster(service)).written


def test_a_space_in_the_additional_addresses_keeps_every_rule_away():
    service = load_balancer("a", frontends=("20.0.0.1",), notes={"azure-additional-public-ips": "20.0.0.8, 20.0.0.9"})
    found = provider_group(cluster(service))
    assert not found.written
    assert found.left_out[0][0] == service.ref


def test_sctp_is_written_as_any_protocol_after_the_others():
    ports = [ServicePort(7, 7, protocol) for protocol in (Protocol.SCTP, Protocol.UDP, Protocol.TCP)]
    notes = {"azure-load-balancer-internal": "true", "azure-allowed-ip-ranges": "10.0.0.0/8"}
    found = provider_group(cluster(load_balancer("a", *ports, frontends=("10.224.0.9",), notes=notes)))
    assert [r.protocol for r in found.written] == ["Tcp", "Udp", "*"]


def test_a_service_whose_load_balancer_is_refused_gets_no_rules():
    """SCTP is for internal Standard load balancers only."""
    service = load_balancer("a", ServicePort(7, 7, Protocol.SCTP), frontends=("20.0.0.1",))
    found = provider_group(cluster(service))
    assert not found.written
    assert [ref for ref, _ in found.left_out] == [service.ref]


def test_an_unknown_frontend_is_named_in_words_and_the_rule_keeps_its_name():
    known = provider_group(cluster(load_balancer("a", frontends=("20.0.0.1",)))).written[0]
    (rule,) = provider_group(cluster(load_balancer("a"))).written
    assert rule.name == known.name
    assert rule.destinations == ()
    assert rule.open_destinations == ("the IPv4 frontend address of shop/a",)


def test_a_pinned_address_is_the_frontend_until_there_is_a_status():
    notes = {
        "azure-load-balancer-internal": "true",
        "azure-load-balancer-ipv4": "10.224.0.9",
        "azure-allowed-ip-ranges": "10.0.0.0/8",
    }
    (rule,) = provider_group(cluster(load_balancer("a", notes=notes))).written
    assert rule.destinations == ("10.224.0.9",)


def test_a_node_port_that_is_not_in_the_input_leaves_the_rule_open():
    notes = {"azure-disable-load-balancer-floating-ip": "true"}
    (rule,) = provider_group(
        cluster(load_balancer("a", frontends=("20.0.0.1",), notes=notes), nodes=(node("n", "10.224.0.4"),))
    ).written
    assert rule.ports == ()
    assert rule.open_ports == ("the node port of shop/a port 80/TCP",)
    assert "unknown" in rule.name


def test_nodes_that_a_label_keeps_out_are_no_destinations():
    notes = {"azure-disable-load-balancer-floating-ip": "true"}
    out = {"node.kubernetes.io/exclude-from-external-load-balancers": ""}
    nodes = (node("in", "10.224.0.4"), node("out", "10.224.0.5", labels=out))
    service = load_balancer("a", ServicePort(80, 80, node_port=30080), frontends=("20.0.0.1",), notes=notes)
    (rule,) = provider_group(cluster(service, nodes=nodes)).written
    assert rule.destinations == ("10.224.0.4",)
    assert rule.ports == ("30080",)


def test_services_of_another_class_and_those_that_go_are_not_the_providers():
    services = (
        load_balancer("a", frontends=("20.0.0.1",), load_balancer_class="example.com/other"),
        load_balancer("b", frontends=("20.0.0.2",), deleting=True),
    )
    found = provider_group(cluster(*services))
    assert not found.accesses and not found.written


def existing(*rules: SecurityRule) -> SecurityGroup:
    return SecurityGroup("live", Attachment.NIC, "as given", in_evaluation_order([*rules, *azure_default_rules()]))


def allow(name: str, priority: int, *destinations: str, **more) -> SecurityRule:
    return SecurityRule(
        name, priority, RuleDirection.INBOUND, Access.ALLOW, more.pop("protocol", "Tcp"), ("Internet",), ("*",),
        destinations, more.pop("ports", ("80",)),
    )  # fmt: skip


def test_live_priorities_are_kept_and_new_rules_take_what_is_free():
    web = load_balancer("web", frontends=("20.0.0.1",))
    api = load_balancer("api", ServicePort(443, 443), frontends=("20.0.0.2",))
    present = allow(allow_name(Family.IPV4, "Tcp", ["Internet"], [80]), 777, "20.0.0.1")
    foreign = allow("mine", 500, "20.0.0.9", ports=("8080",))
    found = provider_group(cluster(web, api), existing(present, foreign))
    assert {r.name: r.priority for r in found.written} == {
        present.name: 777,
        "mine": 500,
        allow_name(Family.IPV4, "Tcp", ["Internet"], [443]): 501,
    }
    assert found.group.origin == RECONCILED


def test_a_managed_rule_loses_the_destinations_that_no_service_wants_any_more_and_goes_with_the_last():
    web = load_balancer("web", ServicePort(8080, 8080), frontends=("20.0.0.1",))
    stale = allow(allow_name(Family.IPV4, "Tcp", ["Internet"], [80]), 500, "20.0.0.1")
    other = allow(allow_name(Family.IPV4, "Tcp", ["Internet"], [81]), 501, "20.0.0.1", "20.0.0.7", ports=("81",))
    found = provider_group(cluster(web), existing(stale, other))
    assert {r.name: r.destinations for r in found.written} == {
        other.name: ("20.0.0.7",),
        allow_name(Family.IPV4, "Tcp", ["Internet"], [8080]): ("20.0.0.1",),
    }


@pytest.mark.parametrize("limit", group_limits(), ids=lambda limit: limit.name)
def test_a_service_that_would_go_over_a_limit_gets_no_rule(limit):
    per_service = {
        "rules": lambda i: load_balancer(f"s{i:05}", ServicePort(i, i), frontends=("20.0.0.1",)),
        "source_addresses": lambda i: load_balancer(
            f"s{i:05}", ServicePort(i, i), frontends=("20.0.0.1",), ranges=tuple(f"20.{n}.0.0/24" for n in range(100))
        ),
        "destination_addresses": lambda i: load_balancer(f"s{i:05}", frontends=(f"20.1.{i // 256}.{i % 256}",)),
    }[limit.name]
    each = 100 if limit.name == "source_addresses" else 1
    fitting = limit.value // each
    found = provider_group(cluster(*(per_service(i + 1) for i in range(fitting + 1))))
    assert [ref for ref, _ in found.left_out] == [ObjectRef("shop", f"s{fitting + 1:05}", "Service")]
    assert f"over {limit.value}" in found.left_out[0][1]
    full = {
        "rules": len(found.written),
        "source_addresses": sum(len(r.sources) for r in found.written),
        "destination_addresses": sum(len(r.destinations) for r in found.written),
    }
    assert full[limit.name] == limit.value
