"""Each of the annotations with values that are right, wrong and idle; expectations come from the data file's limits."""

from dataclasses import replace
from typing import Any

import pytest

from lib.azure.annotation_faults import annotation_faults
from lib.checks.wording import message_of, text_of
from lib.facts.service_annotations import ValueForm, prefix, service_annotations
from lib.model.services import ServiceType, TrafficPolicy
from lib.model.sets import Family
from tests.azure.load import snapshot_of
from tests.azure.make import DUAL, balanced, http, local, made

INTERNAL = {"azure-load-balancer-internal": "true"}
PREFIX_ID = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/publicIPPrefixes/edge"
INVALID, MISREAD = "azure-annotation-invalid", "azure-annotation-misread"
RANGE, IDLE, DEAD = "azure-source-range-invalid", "azure-annotation-without-effect", "azure-annotation-dead"
UNKNOWN, CONFLICT, TAGS = "azure-annotation-unknown", "azure-annotations-conflict", "azure-source-ranges-with-tags"

# Form → a value that is right, one that is wrong, and what the wrong one leads to.
FORMS: dict[ValueForm, tuple[str, str, str]] = {
    ValueForm.EXACT_TRUE: ("true", "yes", MISREAD),
    ValueForm.BOOL: ("TRUE", "1", MISREAD),
    ValueForm.IPV4: ("203.0.113.7", "fd00::7", INVALID),
    ValueForm.IPV6: ("2001:db8::7", "203.0.113.7", INVALID),
    ValueForm.RANGES: ("10.0.0.0/8, fd00::/8", "10.0.0.1/8", RANGE),
    ValueForm.ADDRESSES: ("203.0.113.7,203.0.113.8", "203.0.113.7, 203.0.113.8", INVALID),
    ValueForm.SPACED_ADDRESSES: ("10.0.0.7", "10.0.0.7,10.0.0.8", INVALID),
    ValueForm.PAIRS: ("a=b,c=d", "a=b,c", MISREAD),
    ValueForm.PROTOCOL: ("Https", "grpc", MISREAD),
    ValueForm.PORT: ("80", "70000", INVALID),
    ValueForm.LABEL: ("shop-web", "shop_web", INVALID),
    ValueForm.RESOURCE_ID: (PREFIX_ID, "edge", INVALID),
    ValueForm.NAMES: ("AzureCloud", "AzureCloud,", MISREAD),
    ValueForm.NAME: ("shop-web_1.x", "shop/web", INVALID),
    ValueForm.RESOURCE_GROUP: (" rg(1)-eu ", "rg.", INVALID),
}


def codes(service: Any) -> list[str]:
    return [found.code for found in annotation_faults(service)]


def about(service: Any, name: str) -> set[str]:
    """The codes of the findings about one annotation."""
    key = name if name.startswith("spec.") else prefix() + name
    return {f.code for f in annotation_faults(service) if dict(f.evidence).get("annotation") == key}


def named(facts: Any) -> str:
    name: str = facts.name.replace("{port}", "80")
    return name


def numbers(facts: Any) -> list[tuple[str, str]]:
    """Values of a number around its limits, each with the code that follows ("" for none)."""
    found = [("x", INVALID), ("4.5", INVALID), ("", INVALID), ("99999999999", INVALID)]
    if facts.minimum is not None:
        found += [(str(facts.minimum), ""), (str(facts.minimum - 1), INVALID)]
    if facts.maximum is not None:
        found += [(str(facts.maximum + 1), INVALID)]
    if facts.documented_maximum is not None:
        found += [(str(facts.documented_maximum), ""), (str(facts.documented_maximum + 1), "azure-annotation-doubtful")]
    elif facts.maximum is not None:
        found += [(str(facts.maximum), "")]
    return found


CASES = [
    (facts, value, expected)
    for facts in service_annotations()
    if not facts.state
    for value, expected in (
        numbers(facts)
        if facts.form is ValueForm.INT
        else [(FORMS[facts.form][0], ""), (FORMS[facts.form][1], FORMS[facts.form][2])]
        if facts.form in FORMS
        else [("anything", "")]
    )
]


@pytest.mark.parametrize(("facts", "value", "expected"), CASES, ids=lambda v: getattr(v, "name", v))
def test_every_annotation_is_checked_for_its_form_and_limits(facts, value, expected):
    found = about(balanced(http(app_protocol=""), values={named(facts): value}, ip_families=DUAL), named(facts))
    assert found - {IDLE, CONFLICT} == ({expected} if expected else set())


def test_every_annotation_of_the_data_has_a_case_or_is_dead():
    assert {facts.name for facts, _, _ in CASES} == {f.name for f in service_annotations() if not f.state}
    assert len(service_annotations()) == 46


@pytest.mark.parametrize("facts", [f for f in service_annotations() if f.state], ids=lambda f: f.name)
def test_what_nobody_reads_any_more_is_told_with_the_reason(facts):
    (found,) = annotation_faults(balanced(values={facts.name: "true"}))
    assert found.code == DEAD
    assert facts.effect in message_of(found)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("azure-load-balancer-internl", "azure-load-balancer-internal is one"),
        ("port_80_health-probe-port", "port_80_health-probe_port is one"),
        ("azure-something-else-entirely", ""),
        ("port_{port}_no_lb_rule", "write the number of a port for {port}"),
        ("port_99999999_no_lb_rule", ""),
        ("Azure-load-balancer-internal", "azure-load-balancer-internal is one"),
        ("azure_load_balancer_internal", "azure-load-balancer-internal is one"),
        ("load-balancer-internal", "azure-load-balancer-internal is one"),
        ("port_0080_no_lb_rule", "port_80_no_lb_rule is one"),
        ("port-80-no_lb_rule", "port_80_no_lb_rule is one"),
    ],
)
def test_an_unknown_annotation_is_told_with_the_nearest_one(name, hint):
    (found,) = annotation_faults(balanced(values={name: "true"}))
    assert found.code == UNKNOWN
    assert hint in message_of(found) and (bool(hint) or "is one" not in message_of(found))


@pytest.mark.parametrize(
    "key",
    [
        "services.beta.kubernetes.io/azure-load-balancer-internal",
        "service.alpha.kubernetes.io/azure-load-balancer-internal",
        "service.kubernetes.io/azure-load-balancer-internal",
        "azure-load-balancer-internal",
    ],
)
def test_a_key_without_the_right_prefix_is_told_with_the_right_one(key):
    text = f"""
apiVersion: v1
kind: Service
metadata: {{name: web, namespace: shop, annotations: {{{key}: "true"}}}}
spec: {{type: LoadBalancer, selector: {{app: web}}, ports: [{{port: 80}}]}}
"""
    (service,) = snapshot_of(text).services
    (found,) = annotation_faults(service)
    assert found.code == UNKNOWN and f"{prefix()}azure-load-balancer-internal is one" in message_of(found)
    assert found.source.path == ("metadata", "annotations", key)


def test_the_names_of_load_balancers_are_found_under_their_key_in_any_case():
    """GetLoadBalancerConfigurationsNames in helpers.go of cloud-provider-azure compares this one key in any case."""
    service = balanced(values={"Azure-Load-Balancer-Configurations": "second"})
    assert codes(service) == []
    assert made(service, configurations=("first", "second")).load_balancer == "second"


@pytest.mark.parametrize("label", ["Shop", "s", "1shop", "shop-", "s" * 64, "shop.eu", "shöp"])
def test_a_label_that_azure_does_not_take_is_told_and_no_load_balancer_is_made(label):
    """Azure's own message: it must conform to ^[a-z][a-z0-9-]{1,61}[a-z0-9]$ (lib/facts, public_dns_label)."""
    service = balanced(values={"azure-dns-label-name": label})
    assert codes(service) == [INVALID]
    assert "azure-dns-label-name" in made(service).refused and not made(service).rules


@pytest.mark.parametrize("value", [{"azure-pip-tags": "=b,c=d"}, {"azure-pip-ip-tags": " =b,c=d"}], ids=str)
def test_a_tag_without_a_name_is_passed_over(value):
    """parseTags in azure_utils.go of cloud-provider-azure ignores a pair whose key is empty."""
    assert codes(balanced(values=value)) == [MISREAD]
    assert made(balanced(values=value)).frontends[0].tags == ("c=d",)


def test_annotations_of_others_are_left_alone():
    service = balanced()
    others = {
        "service.beta.kubernetes.io/aws-load-balancer-type": "nlb",
        "service.kubernetes.io/topology-mode": "Auto",
        "example.com/azure-thing": "x",
    }
    service.annotations.update(others)
    assert codes(service) == []


def test_the_wrong_prefix_is_an_unknown_annotation():
    service = balanced()
    service.annotations["service.kubernetes.io/azure-load-balancer-internal"] = "true"
    assert codes(service) == [UNKNOWN]


@pytest.mark.parametrize("value", ["True", "TRUE", "tRUE"])
def test_the_spelling_of_internal_is_told_by_the_service_itself_and_not_twice(value):
    assert codes(balanced(values={"azure-load-balancer-internal": value})) == []


LOCAL_PROBE = {"external_traffic_policy": TrafficPolicy.LOCAL, "health_check_node_port": 32000}
UDP_80 = http(80, 30080, protocol="UDP")


@pytest.mark.parametrize(
    ("name", "service"),
    [
        ("azure-load-balancer-internal-subnet", balanced(values={"azure-load-balancer-internal-subnet": "a"})),
        ("azure-dns-label-name", balanced(values={**INTERNAL, "azure-dns-label-name": "shop"})),
        ("azure-pip-name", balanced(values={**INTERNAL, "azure-pip-name": "a"})),
        ("azure-pip-tags", balanced(values={**INTERNAL, "azure-pip-tags": "a=b"})),
        ("azure-pip-ip-tags", balanced(values={"azure-pip-name": "a", "azure-pip-ip-tags": "a=b"})),
        ("azure-pip-name-ipv6", balanced(values={"azure-pip-name-ipv6": "a"})),
        ("azure-load-balancer-ipv6", balanced(values={"azure-load-balancer-ipv6": "2001:db8::7"})),
        (
            "azure-load-balancer-ipv4",
            balanced(values={"azure-load-balancer-ipv4": "203.0.113.7", "azure-pip-name": "a"}),
        ),
        (
            "azure-pip-name",
            balanced(
                values={"azure-pip-name": "a", "azure-pip-name-ipv6": "b"},
                ip_families=(Family.IPV6,),
            ),
        ),
        (
            "spec.loadBalancerIP",
            balanced(values={**INTERNAL, "azure-load-balancer-ipv4": "10.0.0.9"}, load_balancer_ip="10.0.0.8"),
        ),
        (
            "azure-load-balancer-enable-high-availability-ports",
            balanced(values={"azure-load-balancer-enable-high-availability-ports": "true"}),
        ),
        ("azure-pls-name", balanced(values={"azure-pls-name": "a"})),
        (
            "azure-deny-all-except-load-balancer-source-ranges",
            balanced(values={"azure-deny-all-except-load-balancer-source-ranges": "true"}),
        ),
        ("port_81_no_lb_rule", balanced(values={"port_81_no_lb_rule": "true"})),
        (
            "port_80_health-probe_port",
            balanced(values={"port_80_no_lb_rule": "true", "port_80_health-probe_port": "80"}),
        ),
        (
            "port_80_health-probe_port",
            balanced(values={"port_80_no_probe_rule": "true", "port_80_health-probe_port": "80"}),
        ),
        ("port_80_health-probe_protocol", balanced(UDP_80, values={"port_80_health-probe_protocol": "Tcp"})),
        ("port_80_health-probe_protocol", local(values={"port_80_health-probe_protocol": "Tcp"})),
        ("port_80_health-probe_interval", local(values={"port_80_health-probe_interval": "7"})),
        ("port_80_health-probe_request-path", balanced(values={"port_80_health-probe_request-path": "/a"})),
        (
            "azure-load-balancer-health-probe-request-path",
            balanced(values={"azure-load-balancer-health-probe-request-path": "/a"}),
        ),
        (
            "azure-load-balancer-health-probe-request-path",
            local(values={"azure-load-balancer-health-probe-request-path": "/a"}),
        ),
        (
            "azure-load-balancer-health-probe-protocol",
            balanced(http(app_protocol="http"), values={"azure-load-balancer-health-probe-protocol": "Https"}),
        ),
        (
            "azure-load-balancer-health-probe-protocol",
            local(values={"azure-load-balancer-health-probe-protocol": "Tcp"}),
        ),
        (
            "azure-load-balancer-health-probe-interval",
            balanced(UDP_80, values={"azure-load-balancer-health-probe-interval": "7"}),
        ),
        (
            "azure-load-balancer-tcp-idle-timeout",
            balanced(values={"azure-load-balancer-tcp-idle-timeout": "9"}, load_balancer_class="example.com/lb"),
        ),
    ],
)
def test_a_setting_without_effect_is_told_with_the_reason(name, service):
    assert about(service, name) == {IDLE}


@pytest.mark.parametrize(
    "service",
    [
        balanced(values={**INTERNAL, "azure-load-balancer-internal-subnet": "a"}),
        balanced(values={"azure-dns-label-name": "shop"}),
        balanced(values={"azure-dns-label-name": ""}),
        balanced(values={"azure-pip-name": "a", "azure-pip-name-ipv6": "b"}, ip_families=DUAL),
        balanced(values={"azure-pip-name": "a"}, ip_families=(Family.IPV6,)),
        balanced(values={**INTERNAL, "azure-pls-create": "true", "azure-pls-name": "a"}),
        balanced(
            values={
                "azure-allowed-ip-ranges": "10.0.0.0/8",
                "azure-deny-all-except-load-balancer-source-ranges": "true",
            }
        ),
        balanced(http(app_protocol="https"), values={"azure-load-balancer-health-probe-request-path": "/a"}),
        balanced(values={"azure-load-balancer-health-probe-protocol": "Http"}),
        balanced(values={"port_80_health-probe_protocol": "http", "port_80_health-probe_request-path": "/a"}),
        local(values={"azure-load-balancer-health-probe-interval": "7"}),
        local(values={"port_32000_health-probe_interval": "7"}),
        local(values={"port_80_health-probe_port": "80", "port_80_health-probe_protocol": "Http"}),
        balanced(values={"azure-load-balancer-configurations": "kubernetes"}),
    ],
)
def test_a_setting_that_has_an_effect_is_not_told(service):
    assert codes(service) == []


@pytest.mark.parametrize(
    ("code", "service"),
    [
        (CONFLICT, balanced(values={"azure-allowed-ip-ranges": "10.0.0.0/8"}, ranges=("10.0.0.0/8",))),
        (CONFLICT, balanced(values={"load-balancer-source-ranges": "10.0.0.0/8"}, ranges=("10.0.0.0/8",))),
        (TAGS, balanced(values={"azure-allowed-service-tags": "AzureCloud"}, ranges=("10.0.0.0/8",))),
        (RANGE, balanced(values={"azure-pip-tags": "a=b"}, ranges=("10.0.0.0/8",))),
        (CONFLICT, balanced(values={"azure-load-balancer-configurations": "a", "azure-pip-name": "b"})),
        (
            CONFLICT,
            balanced(
                values={
                    **INTERNAL,
                    "azure-pls-create": "true",
                    "azure-pls-ip-configuration-ip-address": "10.0.0.7 10.0.0.8",
                }
            ),
        ),
        (
            CONFLICT,
            balanced(
                values={
                    **INTERNAL,
                    "azure-pls-create": "true",
                    "azure-pls-visibility": "a",
                    "azure-pls-auto-approval": "b",
                }
            ),
        ),
    ],
)
def test_settings_that_exclude_each_other_are_told(code, service):
    expected = [] if code == RANGE else [code]
    assert codes(service) == expected


def test_an_invalid_range_beside_a_valid_one_is_no_conflict_but_invalid():
    """FACTS 2.2: two valid lists are the error; an invalid one beside a valid one is not."""
    service = balanced(values={"azure-allowed-ip-ranges": "10.0.0.1/8"}, ranges=("10.0.0.0/8",))
    assert codes(service) == [RANGE]


def test_a_range_of_the_spec_with_host_bits_is_invalid_to_the_provider():
    service = replace(balanced(), load_balancer_source_ranges_written=("10.0.0.7/8",))
    (found,) = annotation_faults(service)
    assert (found.code, found.source.path[-1]) == (RANGE, "loadBalancerSourceRanges")


def test_approval_of_a_subscription_is_right_where_everybody_sees_the_service():
    values = {**INTERNAL, "azure-pls-create": "true", "azure-pls-visibility": "*", "azure-pls-auto-approval": "b"}
    assert codes(balanced(values=values)) == []


def test_an_annotation_of_another_type_of_service_has_no_effect():
    service = replace(balanced(values={"azure-dns-label-name": "shop"}), type=ServiceType.CLUSTER_IP)
    (found,) = annotation_faults(service)
    assert found.code == IDLE and "ClusterIP" in message_of(found)


@pytest.mark.parametrize("facts", service_annotations(), ids=lambda f: f.name)
def test_a_hostile_value_is_one_finding_at_its_place_and_never_an_exception(facts):
    for value in ("\x00" * 50, "[" * 100_000, "٣", "a" * 100_000, "-0", "1e9", "/" * 1000, ",," * 1000, "=" * 1000):
        service = balanced(values={named(facts): value}, ip_families=DUAL)
        for found in annotation_faults(service):
            assert found.source.path[:2] in (("metadata", "annotations"), ("spec",))
            assert len(message_of(found)) < 1500 and text_of(found)
