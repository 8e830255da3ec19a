"""What a group of one's own on the subnet lets through of the Services' ports, and how full a group is."""

from __future__ import annotations

import time
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.azure.security_group import provider_group
from lib.azure.security_group_arrival import known_addresses
from lib.azure.security_group_judge import judge
from lib.azure.security_group_limits import limit_uses
from lib.azure.security_group_match import Packet
from lib.azure.security_group_subnet import Through, group_of_ones_own, through_subnet
from lib.facts.nsg import group_limits
from lib.model.policies import Verdict
from lib.model.security_rules import ANY, Access, Attachment, RuleDirection, SecurityRule
from lib.model.services import ServicePort
from lib.model.sets import AddressSet
from tests.azure.nsg import cluster, load_balancer, node

VNET = AddressSet.from_networks([ip_network("10.224.0.0/16")])


def rule(priority: int, access: str, *sources: str, ports: tuple[str, ...] = (ANY,)) -> SecurityRule:
    return SecurityRule(
        f"r{priority}", priority, RuleDirection.INBOUND, Access(access), sources=sources or (ANY,), ports=ports
    )


def through(service, *rules: SecurityRule, unplaced: tuple[SecurityRule, ...] = (), whole: bool = True):
    snapshot = cluster(service, nodes=(node("n", "10.224.0.4"),))
    provider = provider_group(snapshot)
    known = known_addresses(snapshot, provider, VNET if whole else None)
    subnet = group_of_ones_own("mine", rules, unplaced, Attachment.SUBNET)
    return list(through_subnet(snapshot, provider, subnet, known))


PUBLIC = load_balancer("web", ServicePort(443, 443), frontends=("20.0.0.1",))
RANGED = load_balancer("web", ServicePort(443, 443), frontends=("20.0.0.1",), ranges=("20.9.0.0/16",))
INTERNAL = load_balancer(
    "web", ServicePort(443, 443), frontends=("10.224.0.200",), notes={"azure-load-balancer-internal": "true"}
)


@pytest.mark.parametrize(
    ("service", "rules", "expected"),
    [
        # Azure's default rules deny the Internet, and let the virtual network in.
        (PUBLIC, (), Through.NONE),
        (INTERNAL, (), Through.ALL),
        (PUBLIC, (rule(100, "Allow"),), Through.ALL),
        (PUBLIC, (rule(100, "Allow", "Internet", ports=("443",)),), Through.ALL),
        (PUBLIC, (rule(100, "Allow", "Internet", ports=("80",)),), Through.NONE),
        (PUBLIC, (rule(100, "Deny", "20.9.0.0/17"), rule(200, "Allow", "Internet")), Through.SOME),
        (PUBLIC, (rule(100, "Allow", "AzureCloud"),), Through.UNKNOWN),
        (RANGED, (rule(100, "Allow", "20.9.0.0/16"),), Through.ALL),
        (RANGED, (rule(100, "Allow", "20.0.0.0/8"),), Through.ALL),
        (RANGED, (rule(100, "Allow", "20.9.0.0/17"),), Through.SOME),
        (RANGED, (rule(100, "Allow", "20.9.0.0/17", "20.9.128.0/17"),), Through.ALL),
        (RANGED, (rule(100, "Deny", "20.9.0.7/32"), rule(200, "Allow", "Internet")), Through.SOME),
        (RANGED, (rule(100, "Deny", "20.9.0.7/32", ports=("80",)), rule(200, "Allow", "Internet")), Through.ALL),
        (INTERNAL, (rule(100, "Deny", "VirtualNetwork"),), Through.NONE),
        (INTERNAL, (rule(100, "Deny", "10.224.0.4"),), Through.SOME),
    ],
)
def test_a_group_is_judged_for_every_sender_that_the_service_admits(service, rules, expected):
    (found,) = through(service, *rules)
    assert found.through is expected, str(found.example)
    assert found.example is not None
    if expected is Through.SOME:
        assert str(found.example).startswith("Denied")


PREFIXES = ["20.9.0.0/17", "20.9.128.0/17", "20.9.0.0/16", "20.0.0.0/8", "20.9.3.0/24", "20.9.3.7/32", "0.0.0.0/0"]
RULES = st.builds(
    rule,
    st.integers(100, 4096),
    st.sampled_from(["Allow", "Deny"]),
    st.sampled_from([*PREFIXES, "Internet", "VirtualNetwork", "*"]),
    ports=st.sampled_from([("443",), ("80",), ("400-500",), ("*",)]),
)


@given(
    st.lists(RULES, max_size=6, unique_by=lambda r: r.priority),
    st.lists(st.sampled_from(PREFIXES[:-1]), min_size=1, max_size=2, unique=True),
    st.lists(st.integers(0, 2**32 - 1), min_size=20, max_size=20),
)
def test_what_is_said_of_a_range_holds_for_each_of_its_addresses(rules, ranges, numbers):
    service = load_balancer("web", ServicePort(443, 443), frontends=("20.0.0.1",), ranges=tuple(ranges))
    snapshot = cluster(service)
    provider = provider_group(snapshot)
    known = known_addresses(snapshot, provider, VNET)
    subnet = group_of_ones_own("mine", rules, (), Attachment.SUBNET)
    for found in through_subnet(snapshot, provider, subnet, known):
        block = ip_network(found.senders)
        edges = [n for text in PREFIXES for n in (ip_network(text)[0], ip_network(text)[-1]) if n in block]
        inside = [block[number % block.num_addresses] for number in numbers] + edges
        verdicts = {judge(Packet(s, ip_address("20.0.0.1"), 443), [subnet], known).verdict for s in inside}
        match found.through:
            case Through.ALL:
                assert verdicts == {Verdict.ALLOWED}
            case Through.NONE:
                assert verdicts == {Verdict.DENIED}
            case _:
                # The edges of all prefixes are among the senders, so that both kinds are met.
                assert found.through is Through.SOME
                assert verdicts == {Verdict.ALLOWED, Verdict.DENIED}


def test_senders_in_a_network_that_is_only_partly_known_stay_open():
    (found,) = through(INTERNAL, rule(100, "Deny", "10.99.0.0/16"), whole=False)
    assert found.through is Through.UNKNOWN
    assert "10.99.0.0/16" in str(found.example)


def test_a_rule_that_may_stand_anywhere_leaves_open_what_it_would_change():
    (found,) = through(PUBLIC, unplaced=(rule(0, "Allow"),))
    assert found.through is Through.UNKNOWN
    (found,) = through(PUBLIC, unplaced=(rule(0, "Deny"),))
    assert found.through is Through.NONE


def test_an_unknown_frontend_or_tag_says_why():
    (found,) = through(load_balancer("web"), rule(100, "Allow"))
    assert (found.through, found.example) == (Through.UNKNOWN, None)
    assert "frontend" in found.why
    tagged = load_balancer("web", frontends=("20.0.0.1",), notes={"azure-allowed-service-tags": "AzureCloud"})
    (found,) = through(tagged, rule(100, "Allow"))
    assert "AzureCloud" in found.why


def test_a_group_with_too_many_parts_or_values_is_not_compared_for_ever():
    one_by_one = tuple(f"20.9.{i >> 8}.{(i & 255)}" for i in range(0, 4000, 2))
    begun = time.process_time()
    (found,) = through(RANGED, rule(100, "Allow", *one_by_one))
    assert found.through is Through.UNKNOWN
    assert "parts" in found.why
    ports = [ServicePort(n, n) for n in range(1, 200)]
    many = load_balancer("web", *ports, frontends=("20.0.0.1",), ranges=("20.9.0.0/16",))
    wide = [rule(100 + i, "Allow", *one_by_one, ports=("1",)) for i in range(20)]
    found = through(many, *wide)
    assert len(found) == len(ports)
    assert any("too large" in at.why or "parts" in at.why for at in found)
    assert time.process_time() - begun < 20


def test_the_limits_count_what_the_rules_list():
    services = (
        load_balancer("a", frontends=("20.0.0.1", "20.0.0.2"), ranges=("20.9.0.0/16", "20.11.0.0/16")),
        load_balancer("b", frontends=("20.0.0.3",)),
        load_balancer("c"),
    )
    found = {use.limit.name: use.used for use in limit_uses(provider_group(cluster(*services)).group)}
    # Two rules: a's with two sources and two destinations; b's and c's together, c's frontend not known yet.
    assert found == {"rules": 2, "source_addresses": 3, "destination_addresses": 4}
    shares = [use.share for use in limit_uses(provider_group(cluster(*services)).group)]
    assert shares == [found[limit.name] / limit.value for limit in group_limits()]
