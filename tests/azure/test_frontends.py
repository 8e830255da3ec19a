"""Frontends: names, addresses, public IPs and subnets; which of several ways to ask for an address counts."""

import re
from typing import Any

import pytest

from lib.azure.annotations import address_of
from lib.azure.frontends import CLUSTER_SUBNET
from lib.azure.security_group import provider_group
from lib.facts.service_annotations import service_annotation
from lib.model.sets import Family
from lib.model.snapshot import Snapshot
from tests.azure.make import BASE, DUAL, balanced, http, made, said, view_of

INTERNAL = {"azure-load-balancer-internal": "true"}
PREFIX_ID = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/publicIPPrefixes/edge"


def frontends(**more: Any) -> Any:
    return made(balanced(**more)).frontends


def test_a_public_frontend_has_a_public_ip_with_the_clusters_name_before_it():
    assert said()["public_ip_name"].startswith("<cluster name>-a<uid...>[-<prefix name>][-IPv6]")
    (found,) = frontends()
    assert (found.name, found.public_ip, found.public) == (BASE, f"kubernetes-{BASE}", True)
    assert found.resource_group == "the node resource group" and found.subnet == ""


def test_dual_stack_adds_the_family_to_frontend_and_public_ip():
    assert said()["frontend_ip_config_name"] == "a<uid...>[-<internal subnet>][-IPv6]"
    found = frontends(ip_families=DUAL)
    assert [f.name for f in found] == [BASE, f"{BASE}-IPv6"]
    assert [f.public_ip for f in found] == [f"kubernetes-{BASE}", f"kubernetes-{BASE}-IPv6"]


def test_an_internal_frontend_takes_its_address_from_a_subnet_and_has_no_public_ip():
    (found,) = frontends(values={**INTERNAL, "azure-load-balancer-internal-subnet": "apps"})
    assert (found.name, found.public_ip, found.subnet) == (f"{BASE}-apps", "", "apps")
    assert frontends(values=INTERNAL)[0].subnet == "the cluster's subnet"
    assert "cluster subnet" in service_annotation("azure-load-balancer-internal-subnet").default


def test_an_internal_annotation_in_another_case_makes_a_public_frontend():
    assert frontends(values={"azure-load-balancer-internal": "True"})[0].public


@pytest.mark.parametrize(
    ("values", "wins", "public_ip"),
    [
        ({}, "", f"kubernetes-{BASE}"),
        ({"azure-load-balancer-ipv4": "203.0.113.7"}, "azure-load-balancer-ipv4", ""),
        (
            {"azure-load-balancer-ipv4": "203.0.113.7", "azure-pip-prefix-id": PREFIX_ID},
            "azure-pip-prefix-id",
            f"kubernetes-{BASE}-edge",
        ),
        (
            {"azure-load-balancer-ipv4": "203.0.113.7", "azure-pip-prefix-id": PREFIX_ID, "azure-pip-name": "mine"},
            "azure-pip-name",
            "mine",
        ),
    ],
)
def test_a_name_wins_over_a_prefix_and_a_prefix_over_an_address(values, wins, public_ip):
    """determinePublicIPName."""
    (found,) = frontends(values=values)
    assert (found.pin.key.rpartition("/")[2] if found.pin else "") == wins
    assert found.public_ip == public_ip


def test_the_annotation_wins_over_the_field_that_it_replaces():
    assert frontends(load_balancer_ip="10.0.0.8", values=INTERNAL)[0].address == "10.0.0.8"
    values = {**INTERNAL, "azure-load-balancer-ipv4": "10.0.0.9"}
    assert frontends(load_balancer_ip="10.0.0.8", values=values)[0].address == "10.0.0.9"


def test_the_field_counts_for_its_own_family_only():
    found = frontends(load_balancer_ip="fd00::8", values=INTERNAL, ip_families=DUAL)
    assert [f.address for f in found] == ["", "fd00::8"]


def test_long_names_are_cut_to_75_characters_before_the_familys_ending():
    """getPublicIPName: 80 characters at most, 5 of them for the family."""
    values = {"azure-pip-prefix-id-ipv6": PREFIX_ID + "e" * 80}
    found = frontends(values=values, ip_families=DUAL)[1].public_ip
    assert len(found) == 80 and found.endswith("eee-IPv6")
    subnet = {**INTERNAL, "azure-load-balancer-internal-subnet": "s" * 80}
    assert [len(f.name) for f in frontends(values=subnet, ip_families=DUAL)] == [75, 80]


def test_in_single_stack_ipv6_the_plain_name_counts_unless_there_is_one_for_ipv6():
    assert "either family in single stack" in service_annotation("azure-pip-name").effect
    only = {"azure-pip-name": "plain"}
    assert frontends(values=only, ip_families=(Family.IPV6,))[0].public_ip == "plain"
    both = {**only, "azure-pip-name-ipv6": "six"}
    assert frontends(values=both, ip_families=(Family.IPV6,))[0].public_ip == "six"
    assert [f.public_ip for f in frontends(values=both, ip_families=DUAL)] == ["plain", "six"]


def test_the_status_shows_the_address_and_additional_public_ips_are_none():
    values = {"azure-additional-public-ips": "203.0.113.50"}
    (found,) = frontends(values=values, lb=("203.0.113.50", "203.0.113.7"))
    assert found.address == "203.0.113.7"
    additional = made(balanced(values=values)).additional_public_ips
    assert additional == (address_of("203.0.113.50"),)


def test_an_address_that_is_asked_for_and_another_in_the_status_are_both_told():
    (found,) = frontends(values={**INTERNAL, "azure-load-balancer-ipv4": "10.0.0.9"}, lb=("10.0.0.8",))
    assert found.address == "10.0.0.8"
    assert "10.0.0.9" in found.address_from and "still shows 10.0.0.8" in found.address_from


def test_the_dns_name_has_the_region_where_the_nodes_tell_it():
    pattern = re.search(r"<label>\.<location>\.[\w.]+\w", service_annotation("azure-dns-label-name").effect)[0]
    service = balanced(values={"azure-dns-label-name": "shop"})
    expected = pattern.replace("<label>", "shop")
    assert made(service).frontends[0].dns_name == expected
    assert made(service, location="westeurope").frontends[0].dns_name == expected.replace("<location>", "westeurope")
    assert frontends(values={**INTERNAL, "azure-dns-label-name": "shop"})[0].dns_name == ""


def test_a_service_that_asks_for_anothers_address_shares_its_frontend():
    """CPADOC:shared-ip.md: the Service without the annotation owns the frontend, the others add rules to it."""
    first = balanced(name="first", lb=("203.0.113.7",))
    second = balanced(
        http(443, 30443),
        name="second",
        uid="22",
        values={"azure-load-balancer-ipv4": "203.0.113.7"},
        lb=("203.0.113.7",),
    )
    view = view_of(second, first)
    (balancer,) = view.load_balancers
    assert [(f.name, f.owner.name) for f in balancer.frontends] == [(BASE, "first")]
    assert [(r.name, r.frontend) for r in balancer.rules] == [(f"{BASE}-TCP-80", BASE), ("a22-TCP-443", BASE)]


def test_of_two_that_ask_for_one_address_nobody_knows_whose_frontend_it_is():
    both = [balanced(name=n, uid=n, values={**INTERNAL, "azure-load-balancer-ipv4": "10.0.0.9"}) for n in ("a", "b")]
    said_ = [s.unknown for s in view_of(*both).services]
    assert all(any("10.0.0.9" in words for words in unknown) for unknown in said_)


def test_a_private_link_service_is_named_after_its_frontend():
    values = {**INTERNAL, "azure-pls-create": "true", "azure-load-balancer-internal-subnet": "apps"}
    found = made(balanced(values=values)).private_link
    pattern = service_annotation("azure-pls-name").default
    assert found.name == pattern.replace("<LB frontend config name>", f"{BASE}-apps")
    assert found.subnet == "apps"
    assert found.address_count == service_annotation("azure-pls-ip-configuration-ip-address-count").default_number
    assert made(balanced(values=INTERNAL)).private_link is None
    assert made(balanced(values=values, ip_families=(Family.IPV6,))).private_link is None


def test_tags_are_put_on_a_public_ip_and_ip_tags_only_where_the_provider_makes_it():
    assert service_annotation("azure-pip-ip-tags").effect == "IP tags when a PIP is created"
    values = {"azure-pip-tags": "a=b, c=d,e", "azure-pip-ip-tags": "RoutingPreference=Internet"}
    assert frontends(values=values)[0].tags == ("a=b", "c=d", "RoutingPreference=Internet")
    assert frontends(values={**values, "azure-pip-name": "mine"})[0].tags == ("a=b", "c=d")
    assert frontends(values={**values, **INTERNAL})[0].tags == ()


@pytest.mark.parametrize("wanted", ["10.224.0.9", "168.63.129.16"])
def test_a_public_service_that_asks_for_a_private_address_or_one_of_azures_own_is_refused(wanted: str):
    """A public Service that pins a private or Azure-reserved address is refused: azure_loadbalancer.go."""
    found = made(balanced(values={"azure-load-balancer-ipv4": wanted}))
    assert wanted in found.refused and not found.rules and not found.probes
    snapshot = Snapshot(services=(balanced(values={"azure-load-balancer-ipv4": wanted}),))
    assert provider_group(snapshot).written == ()


@pytest.mark.parametrize(
    "values",
    [
        {"azure-load-balancer-ipv4": "10.0.0.256"},
        {"azure-load-balancer-ipv4": " 20.50.1.2"},
        {**INTERNAL, "azure-load-balancer-ipv4": "fd00::7"},
        {"azure-pip-prefix-id": "edge"},
    ],
    ids=str,
)
def test_an_address_or_prefix_that_is_none_is_refused_and_gets_no_rules(values):
    """The data file's types: an IPv4 address, a public IP prefix's resource ID; Azure finds or makes nothing else."""
    service = balanced(values=values)
    found = made(service)
    assert list(values)[-1] in found.refused and not found.rules and not found.probes
    assert provider_group(Snapshot(services=(service,))).written == ()


def cut_at(character: str):
    room = 75 - len(f"{BASE}-")
    return made(
        balanced(values={**INTERNAL, "azure-load-balancer-internal-subnet": "a" * (room - 1) + character + "zz"})
    )


@pytest.mark.parametrize(("character", "end"), said()["frontend_name_cut_at"].items())
def test_a_name_that_is_cut_ends_as_the_providers_tests_show(character, end):
    found = cut_at(character)
    assert (len(found.frontends[0].name), found.frontends[0].name[-1]) == (75, end)
    assert not any("last character" in words for words in found.unknown)


def test_whether_a_digit_stays_at_the_end_of_a_name_that_is_cut_is_not_known():
    assert any("last character of the frontend's name" in words for words in cut_at("7").unknown)


def test_a_public_service_that_asks_for_an_address_of_the_internet_is_made():
    found = made(balanced(values={"azure-load-balancer-ipv4": "20.50.1.2"}))
    assert not found.refused and found.rules


def test_a_subnet_of_spaces_is_none():
    (found,) = frontends(values={**INTERNAL, "azure-load-balancer-internal-subnet": "  "})
    assert found.name == BASE and found.subnet == CLUSTER_SUBNET
