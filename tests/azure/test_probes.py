"""Health probes in the precedence of the provider, from the table of the sources."""

from typing import Any

import pytest

from lib.facts.reader import get
from lib.facts.service_annotations import service_annotation
from lib.model.services import TrafficPolicy
from tests.azure.make import BASE, DUAL, balanced, http, local, made, said

PROBE = said()["health_probe"]
SHARED = PROBE["rules"][5]


def probes(*args: Any, **more: Any) -> Any:
    return made(balanced(*args, **more)).probes


def rule(index: int, *words: str) -> dict[str, Any]:
    """One rule of the sources, by its place and what it is about."""
    found: dict[str, Any] = PROBE["rules"][index]
    assert all(word in found["when"] for word in words), found
    return found


def test_local_services_have_one_http_probe_on_the_health_check_node_port():
    said_ = rule(0, "externalTrafficPolicy Local", "not (PLS with proxy protocol)")
    found = made(local(http(), http(443, 30443), health=32100))
    (probe,) = found.probes
    assert (probe.protocol, probe.path) == (said_["protocol"], said_["path"])
    assert said_["port"] == "spec.healthCheckNodePort" and probe.port == 32100
    assert probe.name == said_["name"].replace("<rule prefix>", BASE).replace("<healthCheckNodePort>", "32100")
    assert said_["note"].startswith("one probe for all ports") and {r.probe for r in found.rules} == {probe.name}


def test_a_udp_port_under_the_local_policy_gets_the_http_probe_too():
    found = made(local(http(53, 30053, protocol="UDP")))
    assert [r.probe for r in found.rules] == [p.name for p in found.probes] == [f"{BASE}-TCP-32000"]


@pytest.mark.parametrize("protocol", ["UDP", "SCTP"])
def test_other_ports_under_the_cluster_policy_have_no_probe(protocol):
    assert rule(1, "cluster policy", protocol)["probe"] == "none"
    values = {"azure-load-balancer-internal": "true"}
    found = made(balanced(http(53, 30053, protocol=protocol), values=values))
    assert (found.probes, [r.probe for r in found.rules]) == ((), [""])


@pytest.mark.parametrize(
    ("index", "app_protocol"), [(2, ""), (3, "http"), (3, "https"), (3, "HTTPS"), (4, "kubernetes.io/h2c"), (4, "grpc")]
)
def test_tcp_ports_under_the_cluster_policy_are_probed_on_the_node_port(index, app_protocol):
    said_ = rule(index, "cluster policy, TCP", "other" if index == 4 else "ppProtocol")
    (probe,) = probes(http(app_protocol=app_protocol))
    expected = app_protocol.capitalize() if index == 3 else said_["protocol"]
    assert expected in said_["protocol"].split("/")
    assert (probe.protocol, probe.port, said_["port"]) == (expected, 30080, "nodePort")
    assert probe.path == ("" if expected == "Tcp" else "/")
    assert probe.name == f"{BASE}-TCP-80"


def test_the_shared_probe_is_one_for_all_services_with_the_cluster_policy():
    said_ = rule(5, "shared mode", "cluster policy")
    first, second = balanced(name="a"), balanced(http(53, 30053, protocol="UDP"), name="b", uid="b")
    found = [made(s, shared_probe=True) for s in (first, second)]
    (probe,) = {p for f in found for p in f.probes}
    assert (probe.protocol, probe.port, probe.path, probe.name) == tuple(
        said_[key] for key in ("protocol", "port", "path", "name")
    )
    assert {r.probe for f in found for r in f.rules} == {probe.name}
    assert [p.port for p in made(local(), shared_probe=True).probes] == [32000]


def test_the_shared_probe_leaves_no_room_for_a_ports_own_but_a_port_can_do_without():
    values = {"port_80_health-probe_port": "9000", "port_443_no_probe_rule": "true"}
    found = made(balanced(http(), http(443, 30443), values=values), shared_probe=True)
    assert [r.probe for r in found.rules] == [SHARED["name"], ""]
    assert [p.name for p in found.probes] == [SHARED["name"]]


def test_the_port_of_the_shared_probe_is_shown_as_a_conflict_of_the_sources():
    fact = get("probe_shared_port")
    assert fact.number == SHARED["port"]
    other = str(fact.conflict[0].value)
    assert other in PROBE["shared_mode_port_conflict"]
    assert any(other in words for words in made(balanced(), shared_probe=True).unknown)
    assert made(balanced()).unknown == ()


def test_the_protocol_comes_from_the_port_annotation_then_app_protocol_then_the_service_then_tcp():
    assert PROBE["protocol_precedence"] == ["port annotation", "appProtocol", "global annotation", "Tcp"]
    everything = {"port_80_health-probe_protocol": "Tcp", "azure-load-balancer-health-probe-protocol": " https "}
    fewer = {"azure-load-balancer-health-probe-protocol": " https "}
    seen = [
        probes(http(app_protocol="http"), values=everything)[0].protocol,
        probes(http(app_protocol="http"), values=fewer)[0].protocol,
        probes(http(), values=fewer)[0].protocol,
        probes(http())[0].protocol,
    ]
    assert seen == ["Tcp", "Http", "Https", "Tcp"]


def test_a_protocol_that_nobody_knows_is_tcp():
    assert probes(values={"azure-load-balancer-health-probe-protocol": "grpc"})[0].protocol == "Tcp"


def test_the_path_comes_from_the_port_then_the_service_then_the_default():
    everywhere = {"azure-load-balancer-health-probe-request-path": "/all"}
    own = {"port_80_health-probe_request-path": "/own"}
    web = http(app_protocol="http")
    seen = [probes(web, values=v)[0].path for v in ({**everywhere, **own}, everywhere, {})]
    assert seen == ["/own", "/all", get("probe_default_path").text]
    assert service_annotation("port_{port}_health-probe_request-path").default == "global annotation, then /"


def test_timing_comes_from_the_port_then_the_service_then_the_default():
    everywhere = {
        "azure-load-balancer-health-probe-interval": "7",
        "azure-load-balancer-health-probe-num-of-probe": "3",
    }
    own = {"port_80_health-probe_interval": "9", "port_80_health-probe_num-of-probe": "4"}
    seen = [(p.interval_s, p.threshold) for v in ({**everywhere, **own}, everywhere, {}) for p in probes(values=v)]
    assert seen == [(9, 4), (7, 3), (PROBE["default_interval_seconds"], PROBE["default_threshold"])]


def test_timing_of_a_local_probe_is_the_services_or_that_of_the_health_check_node_port():
    values = {"azure-load-balancer-health-probe-interval": "7", "port_80_health-probe_interval": "9"}
    assert [p.interval_s for p in made(local(values=values)).probes] == [7]
    assert [p.interval_s for p in made(local(values={"port_32000_health-probe_interval": "11"})).probes] == [11]


@pytest.mark.parametrize(
    ("interval", "number", "refused"), [(59, 2, False), (60, 2, True), (5, 23, False), (5, 24, True)]
)
def test_interval_times_threshold_must_be_under_120_seconds(interval, number, refused):
    limit = get("probe_total_under").number
    assert service_annotation("azure-load-balancer-health-probe-interval").type == "int seconds"
    assert refused is (interval * number >= limit)
    values = {
        "azure-load-balancer-health-probe-interval": str(interval),
        "azure-load-balancer-health-probe-num-of-probe": str(number),
    }
    assert bool(made(balanced(values=values)).refused) is refused


@pytest.mark.parametrize(("name", "value"), [("interval", "4"), ("num-of-probe", "1")])
def test_a_ports_own_timing_has_the_least_values_of_the_services(name, value):
    """getHealthProbeConfigProbeInterval and -NumOfProbe share one validator between port and Service."""
    found = made(balanced(values={f"port_80_health-probe_{name}": value}))
    assert f"port_80_health-probe_{name}" in found.refused and not found.rules


def test_timing_that_no_probe_reads_refuses_nothing():
    found = made(balanced(http(53, 30053, protocol="UDP"), values={"port_53_health-probe_interval": "1"}))
    assert not found.refused and len(found.rules) == 1


@pytest.mark.parametrize(
    ("value", "port"),
    [("443", 30443), ("secure", 30443), ("SECURE", 30443), ("9000", 9000), ("0", 0), ("65535", 65535)],
)
def test_a_probes_port_is_a_service_port_by_number_or_name_or_any_other_number(value, port):
    assert "that port's nodePort" in service_annotation("port_{port}_health-probe_port").effect
    ports = (http(), http(443, 30443, name="secure"))
    assert probes(*ports, values={"port_80_health-probe_port": value})[0].port == port


@pytest.mark.parametrize("value", ["65536", "other", "-1", "80.0", "8o"])
def test_a_probes_port_that_is_neither_is_refused(value):
    assert made(balanced(http(name="web"), values={"port_80_health-probe_port": value})).refused


def test_a_probes_port_overrides_the_local_probe_for_its_port_only():
    ports = (http(), http(443, 30443))
    found = made(local(*ports, values={"port_80_health-probe_port": "80"}))
    assert {r.frontend_port: r.probe for r in found.rules} == {80: f"{BASE}-TCP-80", 443: f"{BASE}-TCP-32000"}
    assert [(p.protocol, p.port) for p in found.probes] == [("Tcp", 30080), ("Http", 32000)]


def test_a_private_link_service_with_proxy_protocol_has_the_probes_of_its_ports():
    rule(0, "not (PLS with proxy protocol)")
    values = {"azure-pls-create": "true", "azure-pls-proxy-protocol": "true", "azure-load-balancer-internal": "true"}
    assert [(p.protocol, p.port) for p in made(local(values=values)).probes] == [("Tcp", 30080)]


def test_a_port_without_a_probe_has_a_rule_all_the_same():
    found = made(balanced(http(), http(443, 30443), values={"port_80_no_probe_rule": "true"}))
    assert [r.probe for r in found.rules] == ["", f"{BASE}-TCP-443"]
    assert len(found.probes) == 1


def test_both_families_have_a_probe_of_their_own():
    assert [p.name for p in made(local(ip_families=DUAL)).probes] == [f"{BASE}-TCP-32000", f"{BASE}-TCP-32000-IPv6"]


def test_a_health_check_node_port_that_is_not_allocated_yet_is_not_known():
    found = made(local(health=0))
    assert found.probes[0].port is None and found.probes[0].name.endswith("<healthCheckNodePort>")
    assert any("probe ports" in words for words in found.unknown)
    assert local().external_traffic_policy is TrafficPolicy.LOCAL
