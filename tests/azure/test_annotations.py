"""Values are read as the provider reads them (FACTS of cloud-provider-azure, lib/facts/service_annotations.yaml)."""

from dataclasses import replace
from ipaddress import ip_address, ip_network

import pytest

from lib.azure import annotations as names
from lib.azure.annotations import Annotations, SourceRanges
from lib.facts.files import FactsError
from lib.facts.service_annotations import prefix, service_annotation, service_annotations
from tests.routing.make import service, sport


def with_values(values: dict[str, str], **more: object) -> Annotations:
    written = {prefix() + name: value for name, value in values.items()}
    return Annotations(service("web", None, sport(80), type="LoadBalancer", annotations=written, **more))


@pytest.mark.parametrize(
    ("value", "internal", "in_any_case"),
    [
        ("true", True, True),
        ("True", False, True),
        ("TRUE", False, True),
        (" true", False, False),
        ("yes", False, False),
    ],
)
def test_only_exactly_true_makes_a_load_balancer_internal_and_any_case_does_for_security_rules(
    value, internal, in_any_case
):
    found = with_values({names.INTERNAL: value})
    assert (found.internal, found.internal_in_any_case) == (internal, in_any_case)


@pytest.mark.parametrize(("value", "expected"), [("true", True), ("TRUE", True), ("1", False), ("", False)])
def test_a_flag_is_true_in_any_case_and_false_for_anything_else(value, expected):
    assert with_values({names.NO_FLOATING_IP: value}).flag(names.NO_FLOATING_IP) is expected


def test_a_number_counts_within_its_limits_only():
    facts = service_annotation(names.IDLE_TIMEOUT)
    assert facts.minimum is not None and facts.maximum is not None
    for value, expected in [
        (str(facts.minimum), facts.minimum),
        (f" {facts.maximum} ", facts.maximum),
        (str(facts.minimum - 1), None),
        (str(facts.maximum + 1), None),
        ("4.5", None),
        ("4m", None),
        ("٤", None),
        ("9" * 40, None),
    ]:
        assert with_values({names.IDLE_TIMEOUT: value}).number(names.IDLE_TIMEOUT) == expected


@pytest.mark.parametrize(
    ("value", "valid", "invalid"),
    [
        ("10.0.0.0/8", ("10.0.0.0/8",), ()),
        ("10.0.0.0/8 , fd00::/8", ("10.0.0.0/8", "fd00::/8"), ()),
        ("10.0.0.1/8", (), ("10.0.0.1/8",)),
        ("10.0.0.1", (), ("10.0.0.1",)),
        ("10.0.0.0/8,", ("10.0.0.0/8",), ("",)),
        ("", (), ("",)),
        ("10.0.0.0/255.0.0.0", (), ("10.0.0.0/255.0.0.0",)),
        ("010.0.0.0/8", (), ("010.0.0.0/8",)),
        ("10.0.0.0/08", (), ("10.0.0.0/08",)),
    ],
)
def test_a_range_with_host_bits_or_without_prefix_length_is_invalid(value, valid, invalid):
    for name in (names.ALLOWED_RANGES, names.LEGACY_RANGES):
        found = with_values({name: value}).allowed_ranges
        assert found.valid == tuple(ip_network(v) for v in valid)
        assert found.invalid == invalid


def test_ranges_of_the_spec_are_read_as_written():
    web = service("web", None, sport(80), type="LoadBalancer", ranges=("10.0.0.0/8",))
    assert Annotations(web).source_ranges.valid == (ip_network("10.0.0.0/8"),)
    as_written = replace(web, load_balancer_source_ranges_written=(" 10.0.0.0/8", "10.0.0.7/8"))
    assert Annotations(as_written).source_ranges == SourceRanges((ip_network("10.0.0.0/8"),), ("10.0.0.7/8",))


def test_tags_and_ranges_are_trimmed_and_additional_addresses_are_not():
    found = with_values({names.ALLOWED_TAGS: " A , B ", names.ADDITIONAL_PUBLIC_IPS: "203.0.113.1, 203.0.113.2"})
    assert found.items(names.ALLOWED_TAGS) == ("A", "B")
    assert found.addresses(names.ADDITIONAL_PUBLIC_IPS) == ()
    found = with_values({names.ADDITIONAL_PUBLIC_IPS: "203.0.113.1,203.0.113.2"})
    assert found.addresses(names.ADDITIONAL_PUBLIC_IPS) == (ip_address("203.0.113.1"), ip_address("203.0.113.2"))


def test_an_annotation_for_a_port_carries_its_number():
    found = with_values({"port_80_no_lb_rule": "true"})
    assert found.flag(names.PORT_NO_RULE, 80) and not found.flag(names.PORT_NO_RULE, 81)
    assert found.source(names.PORT_NO_RULE, 80).path[-1] == "service.beta.kubernetes.io/port_80_no_lb_rule"


def test_every_name_in_the_code_is_in_the_data_and_an_unknown_one_is_a_defect():
    known = {facts.name for facts in service_annotations()}
    used = {v for k, v in vars(names).items() if k.isupper() and isinstance(v, str) and k != "TRUE"}
    assert used <= known
    with pytest.raises(FactsError):
        with_values({}).text("azure-load-balancer-colour")
