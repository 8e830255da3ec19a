"""DNS records of hosts and annotations of Ingresses, as the gathered facts say."""

from __future__ import annotations

import pytest

from lib.azure.dns_records import DnsRecord, RecordState, Zone, ZoneKind, no_zones_of, zones_holding, zones_of
from lib.azure.ingress import annotations_of, dns_records
from lib.facts.ingress import ingress_controllers
from lib.facts.ingress_azure import ingress_on_azure, on_azure
from lib.facts.sources import source
from lib.model.snapshot import Snapshot
from lib.routing.routes import route_views
from lib.routing.services import service_views
from tests.azure.load import sample, snapshot_of

INGRESS = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: web, namespace: shop, annotations: {{{annotations}}}}}
spec:
  ingressClassName: {class_name}
  rules: [{{host: "{host}", http: {{paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: web, port: {{number: 80}}}}}}}}]}}}}]
status: {{loadBalancer: {{ingress: [{{ip: 203.0.113.9}}]}}}}
"""  # noqa: E501
APP_ROUTING = "webapprouting.kubernetes.azure.com"
AGIC = "azure-application-gateway"
AGC = "azure-alb-external"
ZONES = (Zone("example.com", ZoneKind.PUBLIC),)


def views(snapshot: Snapshot):
    return route_views(snapshot, service_views(snapshot))


def ingress(class_name: str, host: str = "shop.example.com", annotations: str = "") -> Snapshot:
    return snapshot_of(INGRESS.format(class_name=class_name, host=host, annotations=annotations))


def records(class_name: str, text: str, host: str = "shop.example.com") -> tuple[DnsRecord, ...]:
    snapshot = ingress(class_name, host)
    return dns_records(snapshot, views(snapshot), zones_of(text))


def record(class_name: str, *zones: str, host: str = "shop.example.com") -> DnsRecord:
    (found,) = records(class_name, ", ".join(zones), host)
    return found


def test_every_controller_of_the_other_data_file_has_its_entry_with_a_source() -> None:
    assert {c.id for c in ingress_controllers()} == {c.id for c in ingress_on_azure()}
    for found in ingress_on_azure():
        assert found.way[0] == "client" and found.way[-1].startswith("backend pod")
        assert found.sources and all(source(key).title for key in found.sources)
        assert found.dns.record in ("A", "CNAME") and found.dns.kinds
        assert len({a.name for a in found.annotations}) == len(found.annotations)
    assert on_azure("other") is None


@pytest.mark.parametrize(
    ("host", "zones", "found"),
    [
        ("shop.example.com", ("example.com",), ("example.com", "shop")),
        ("example.com", ("example.com",), ("example.com", "@")),
        ("a.b.example.com", ("example.com", "b.example.com"), ("b.example.com", "a")),
        ("*.example.com", ("example.com",), ("example.com", "*")),
        ("badexample.com", ("example.com",), ("", "")),
        ("SHOP.Example.com", ("example.com",), ("example.com", "shop")),
        ("shop.example.com", (), ("", "")),
    ],
)
def test_the_longest_zone_that_holds_a_host_gets_its_record(host: str, zones: tuple[str, ...], found) -> None:
    for kind in ZoneKind:
        (held,) = zones_holding(host, [Zone(name, kind) for name in zones])
        assert (held.zone.name if held.zone else "", held.name) == found


PUBLIC_ID = "/subscriptions/0/resourceGroups/g/providers/Microsoft.Network/dnszones/example.com"
PRIVATE_ID = "/subscriptions/0/resourcegroups/g/providers/Microsoft.Network/privateDnsZones/example.com"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (" Example.com., b.example ,,example.com", [("example.com", "not said"), ("b.example", "not said")]),
        ("public:example.com, Private: example.com.", [("example.com", "public"), ("example.com", "private")]),
        (f"{PUBLIC_ID}, {PRIVATE_ID}", [("example.com", "public"), ("example.com", "private")]),
        ("private:, public:,", []),
        ("privat:example.com, a b.example, https://c.example, d..example, e.example", [("e.example", "not said")]),
    ],
)
def test_zones_are_read_from_a_list(text: str, found: list[tuple[str, str]]) -> None:
    """Resource IDs are those that az network dns zone and az network private-dns zone print."""
    assert [(zone.name, zone.kind.value) for zone in zones_of(text)] == found
    items = {item.strip() for item in text.split(",")} - {""}
    assert set(no_zones_of(text)) == {i for i in items if not zones_of(i)}


def told(text: str, host: str = "a.shop.example.com") -> list[tuple[str, str, str, str]]:
    """Zone, kind, name and state of every record of a host of the add-on's."""
    found = records(APP_ROUTING, text, host)
    return [(r.zone.name, r.zone.kind.value, r.name, r.state.value) for r in found if r.zone]


def test_a_public_and_a_private_zone_of_one_name_each_get_the_record() -> None:
    """external_dns.go of the add-on's operator: one ExternalDNS for each kind of zones, both read every Ingress."""
    assert told("public:example.com, private:example.com") == [
        ("example.com", "public", "a.shop", "written"),
        ("example.com", "private", "a.shop", "written"),
    ]
    private = records(APP_ROUTING, "private:example.com")[0]
    assert "linked" in private.note and "linked" not in records(APP_ROUTING, "public:example.com")[0].note


def test_of_each_kind_the_longest_zone_gets_the_record() -> None:
    assert told("public:example.com, private:shop.example.com, public:other.org") == [
        ("example.com", "public", "a.shop", "written"),
        ("shop.example.com", "private", "a", "written"),
    ]


def test_a_zone_of_which_it_is_not_said_is_told_to_be_so() -> None:
    (only,) = records(APP_ROUTING, "example.com")
    assert only.state is RecordState.WRITTEN and "public or private is not said" in only.note


@pytest.mark.parametrize(
    ("text", "open_zone"),
    [
        ("example.com, private:shop.example.com", "example.com"),
        ("example.com, public:example.com", "example.com"),
        ("shop.example.com, public:example.com", "example.com"),
    ],
)
def test_which_zone_gets_the_record_is_unknown_where_a_kind_that_is_not_said_decides_it(text, open_zone) -> None:
    """If both are of one kind only the longer gets it, and if not, both do."""
    found = records(APP_ROUTING, text, "a.shop.example.com")
    assert [(r.zone.name, r.state) for r in found if r.state is RecordState.UNKNOWN] == [
        (open_zone, RecordState.UNKNOWN)
    ]
    assert all(r.note for r in found) and len(found) == 2


def test_states_are_counted_in_words_that_can_be_read() -> None:
    for state in RecordState:
        for number in (1, 2):
            said = state.counted(number)
            assert str(number) in said and state.value != said
    assert RecordState.BY_HAND.counted(1) == "1 is to be written by hand"


def test_app_routing_writes_an_a_record_inside_its_zones_only() -> None:
    inside = record(APP_ROUTING, "example.com")
    assert (inside.record, inside.state, inside.name) == ("A", RecordState.WRITTEN, "shop")
    assert inside.targets == ("203.0.113.9",)
    assert record(APP_ROUTING, "example.org").state is RecordState.OUTSIDE
    assert record(APP_ROUTING).state is RecordState.NO_ZONES


def test_more_zones_than_can_be_attached_are_told() -> None:
    most = on_azure("app-routing-nginx").dns.zones_max
    assert most is not None
    zones = tuple(f"zone{number}.example" for number in range(most + 1))
    assert f"At most {most} zones" in record(APP_ROUTING, *zones).note
    assert "At most" not in record(APP_ROUTING, *zones[:most]).note


def test_application_gateway_for_containers_needs_a_cname_by_hand_and_agic_has_no_known_writer() -> None:
    assert (record(AGC, "example.com").record, record(AGC, "example.com").state) == ("CNAME", RecordState.BY_HAND)
    assert record(AGIC, "example.com").state is RecordState.NOBODY


def test_routes_of_the_gateway_api_depend_on_an_object_that_is_not_read() -> None:
    snapshot = sample("gateway-ipv6")
    found = dns_records(snapshot, views(snapshot), ZONES)
    assert {r.state for r in found} == {RecordState.DEPENDS}
    assert all("is not read" in r.note and "IPv6" in r.note for r in found)


def test_the_shop_gets_the_records_that_a_careful_reader_would_write() -> None:
    snapshot = sample("shop")
    found = dns_records(snapshot, views(snapshot), ZONES)
    # The hosts of sample_data/shop/ingresses.yaml; all of the class of app routing, at one address.
    assert sorted((r.host, r.record, r.name, r.targets, r.state.value) for r in found) == [
        (f"{name}.example.com", "A", name, ("203.0.113.20",), "written") for name in ("admin.shop", "api.shop", "shop")
    ]
    (api,) = (r for r in found if r.name == "api.shop")
    assert {str(ref) for ref in api.routes} == {
        "shop-api/api[Ingress]",
        "shop-api/checkout[Ingress]",
        "shop-payments/callback[Ingress]",
    }


@pytest.mark.parametrize(
    ("annotation", "fault"),
    [
        ('appgw.ingress.kubernetes.io/request-timeout: "45"', ""),
        ('appgw.ingress.kubernetes.io/request-timeout: "soon"', "must be a whole number"),
        ('appgw.ingress.kubernetes.io/ssl-redirect: "yes"', "must be true or false"),
        ('appgw.ingress.kubernetes.io/backend-protocol: "grpc"', "must be http or https"),
        ('appgw.ingress.kubernetes.io/override-frontend-port: "65000"', "must be from 1 to 64999"),
        ('appgw.ingress.kubernetes.io/ssl-redirekt: "true"', "is not known"),
        ('alb.networking.azure.io/alb-name: "gw"', "has no effect"),
        ('kubernetes.azure.com/tls-cert-keyvault-uri: "https://kv.vault.azure.net/certificates/a"', "has no effect"),
    ],
)
def test_annotations_are_checked_against_the_controller_that_serves(annotation: str, fault: str) -> None:
    snapshot = ingress(AGIC, annotations=annotation)
    (found,) = annotations_of(snapshot, views(snapshot))
    assert found.fault.startswith(fault) if fault else found.fault == ""
    assert found.source.path[-1] == annotation.partition(":")[0]


def test_annotations_of_others_are_left_alone() -> None:
    snapshot = ingress(AGIC, annotations='kubernetes.azure.com/something: x, nginx.ingress.kubernetes.io/x: "1"')
    assert annotations_of(snapshot, views(snapshot)) == ()


@pytest.mark.parametrize("found", ingress_on_azure(), ids=lambda found: found.id)
def test_every_known_annotation_takes_its_own_default(found) -> None:
    class_name = {"agic": AGIC, "application-gateway-for-containers": AGC, "app-routing-nginx": APP_ROUTING}.get(
        found.id
    )
    told = [a for a in found.annotations if a.default and a.name != "override-frontend-port"]
    if class_name is None:
        assert not found.annotations
        return
    text = ", ".join(f'{found.prefix}{a.name}: "{a.default}"' for a in told)
    snapshot = ingress(class_name, annotations=text)
    assert [a.fault for a in annotations_of(snapshot, views(snapshot))] == [""] * len(told)


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("ssl-redirect", "TRUE", ""),
        ("ssl-redirect", "1", ""),
        ("ssl-redirect", "yes", "must be true or false"),
        ("ssl-redirect", "", "must be true or false"),
        ("backend-protocol", "HTTPS", ""),
        ("backend-protocol", "grpc", "must be http or https"),
        ("rule-priority", "20001", "must be from 1 to 20000"),
        ("request-timeout", "+30", ""),
        ("request-timeout", "30s", "must be a whole number"),
    ],
)
def test_values_are_read_as_the_application_gateways_controller_reads_them(name, value, fault):
    """ingress_annotations.go of AGIC: strconv.ParseBool, the protocol in any case, priorities from 1 to 20000."""
    snapshot = ingress(AGIC, annotations=f'appgw.ingress.kubernetes.io/{name}: "{value}"')
    (found,) = annotations_of(snapshot, views(snapshot))
    assert found.fault == fault


@pytest.mark.parametrize(("secret", "fault"), [("keyvault-web", ""), ("other", "makes the Secret keyvault-web")])
def test_a_certificate_of_key_vault_is_served_under_its_own_secrets_name(secret, fault):
    """app-routing-dns-ssl.md: the Secret is keyvault-<name of the Ingress>."""
    uri = 'kubernetes.azure.com/tls-cert-keyvault-uri: "https://kv.vault.azure.net/certificates/c"'
    text = INGRESS.format(class_name=APP_ROUTING, host="shop.example.com", annotations=uri)
    snapshot = snapshot_of(text.replace("spec:\n", f"spec:\n  tls: [{{secretName: {secret}}}]\n"))
    (found,) = annotations_of(snapshot, views(snapshot))
    assert found.fault.startswith(fault) and bool(found.fault) is bool(fault)


EXTERNAL = """\
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop, annotations: {KEY: "api.example.com, api.other.org"}}
spec: {type: LoadBalancer, ports: [{port: 80}]}
status: {loadBalancer: {ingress: [{ip: 203.0.113.9}]}}
"""
RUNS = """
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: external-dns, namespace: dns}
spec: {selector: {matchLabels: {app: dns}}, template: {metadata: {labels: {app: dns}}, spec: {containers: [{name: c}]}}}
"""


@pytest.mark.parametrize("key", ["external-dns.alpha.kubernetes.io/hostname", "external-dns.kubernetes.io/hostname"])
def test_names_that_annotations_ask_external_dns_for_are_records_that_depend_on_it(key):
    """docs/annotations/annotations.md of ExternalDNS: hostname, under the older and the present prefix."""
    snapshot = snapshot_of(EXTERNAL.replace("KEY", key))
    found = dns_records(snapshot, (), ZONES)
    assert [(r.host, r.zone.name if r.zone else "", r.name, r.state) for r in found] == [
        ("api.example.com", "example.com", "api", RecordState.DEPENDS),
        ("api.other.org", "", "", RecordState.OUTSIDE),
    ]
    assert {r.targets for r in found} == {("203.0.113.9",)} and all("shows no workload" in r.note for r in found)
    assert found[0].source.path == ("metadata", "annotations", key)
    assert dns_records(snapshot, (), (), services=()) == ()


def test_external_dns_that_runs_may_write_the_records_of_a_controller_that_writes_none():
    text = INGRESS.format(class_name="nginx", host="shop.example.com", annotations="")
    alone, beside = snapshot_of(text), snapshot_of(text + RUNS)
    assert [r.state for r in dns_records(alone, views(alone), ZONES)] == [RecordState.NOBODY]
    (found,) = dns_records(beside, views(beside), ZONES)
    assert (found.state, found.writer) == (RecordState.DEPENDS, "ExternalDNS") and "dns/external-dns" in found.note
