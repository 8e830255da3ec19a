"""The lines of "who talks to whom" in the shop's README are permitted, and their opposites are not."""

import pytest

from tests.samples.raw import SAMPLES, objects
from tests.samples.reach import End, ends, may_connect

ITEMS = objects(SAMPLES / "shop")
WORKLOADS = ends(ITEMS)
DNS_PORT = 53

STORY = [
    ("203.0.113.200", "app-routing-system/nginx", 8443),
    ("app-routing-system/nginx", "shop-web/storefront", 8080),
    ("app-routing-system/nginx", "shop-web/static-assets", 8080),
    ("app-routing-system/nginx", "shop-web/admin-console", 8081),
    ("app-routing-system/nginx", "shop-api/catalog", 8080),
    ("app-routing-system/nginx", "shop-api/cart", 8080),
    ("app-routing-system/nginx", "shop-api/orders", 8080),
    ("app-routing-system/nginx", "shop-api/search", 8080),
    ("app-routing-system/nginx", "shop-payments/payments", 8443),
    ("shop-web/storefront", "shop-api/catalog", 8080),
    ("shop-web/storefront", "shop-api/cart", 8080),
    ("shop-web/storefront", "shop-api/search", 8080),
    ("shop-web/admin-console", "shop-api/catalog", 8080),
    ("shop-web/admin-console", "shop-api/orders", 8080),
    ("shop-api/search", "shop-api/catalog", 8080),
    ("shop-api/catalog", "shop-data/postgres", 5432),
    ("shop-api/orders", "shop-data/postgres", 5432),
    ("shop-api/orders", "shop-data/nats", 4222),
    ("shop-api/notifications", "shop-data/nats", 4222),
    ("shop-api/orders", "shop-payments/payments", 8443),
    ("shop-api/orders", "shop-api/notifications", 8080),
    ("shop-api/notifications", "198.51.100.25", 587),
    ("shop-payments/payments", "shop-payments/fraud-check", 9000),
    ("shop-payments/payments", "10.60.4.10", 1521),
    ("shop-payments/payments", "10.60.4.11", 1521),
    ("shop-payments/payments", "198.51.100.140", 443),
    ("shop-payments/settlement", "10.60.4.11", 1521),
    ("shop-payments/settlement", "198.51.100.164", 22),
    ("shop-data/postgres-backup", "shop-data/postgres", 5432),
    ("shop-data/postgres-backup", "10.224.2.5", 443),
    ("shop-data/postgres-backup", "10.70.0.10", 21),
    ("shop-data/postgres-backup", "10.70.0.10", 50000),
    ("shop-data/postgres-backup", "10.70.0.10", 50100),
    ("198.51.100.64", "shop-api/catalog", 8090),
    ("10.100.7.7", "shop-payments/payments", 8443),
    ("10.80.3.4", "shop-api/orders", 8080),
    ("monitoring/prometheus", "shop-web/storefront", 9102),
    ("monitoring/prometheus", "shop-web/static-assets", 9113),
    ("monitoring/prometheus", "shop-api/orders", 9102),
    ("monitoring/prometheus", "shop-data/postgres", 9187),
    ("monitoring/prometheus", "shop-payments/fraud-check", 9102),
    # fault 6: meant for the API tier alone
    ("monitoring/grafana", "shop-data/postgres", 5432),
    ("kube-system/coredns", "shop-data/postgres", 5432),
    # fault 8: in a namespace without policies
    ("192.0.2.77", "monitoring/grafana", 3000),
]

REFUSED = [
    # fault 7: meant to be permitted
    ("shop-api/catalog", "shop-data/redis", 6379),
    ("shop-api/cart", "shop-data/redis", 6379),
    ("shop-web/storefront", "shop-data/postgres", 5432),
    ("shop-web/storefront", "shop-payments/payments", 8443),
    ("shop-api/cart", "shop-payments/payments", 8443),
    ("shop-api/search", "shop-payments/fraud-check", 9000),
    ("203.0.113.200", "shop-web/storefront", 8080),
    ("203.0.113.200", "shop-api/catalog", 8090),
    ("198.51.100.64", "shop-api/catalog", 8080),
    ("10.80.3.4", "shop-payments/payments", 8443),
    ("shop-payments/payments", "198.51.100.193", 443),
    ("shop-payments/payments", "198.51.100.127", 443),
    ("shop-data/postgres-backup", "10.70.0.10", 50101),
    ("app-routing-system/nginx", "shop-data/postgres", 5432),
    ("monitoring/grafana", "shop-web/storefront", 9102),
    ("2001:db8::7", "app-routing-system/nginx", 8443),
]


def end(ref: str) -> End | str:
    return WORKLOADS.get(ref, ref)


@pytest.mark.parametrize(("source", "target", "port"), STORY)
def test_line_of_the_story_is_permitted(source: str, target: str, port: int) -> None:
    assert "/" not in source or source in WORKLOADS
    assert may_connect(ITEMS, end(source), end(target), port)


@pytest.mark.parametrize(("source", "target", "port"), REFUSED)
def test_what_is_not_told_is_refused(source: str, target: str, port: int) -> None:
    assert "/" not in source or source in WORKLOADS
    assert not may_connect(ITEMS, end(source), end(target), port)


@pytest.mark.parametrize("source", WORKLOADS)
@pytest.mark.parametrize("protocol", ["UDP", "TCP"])
def test_every_workload_may_ask_coredns(source: str, protocol: str) -> None:
    assert may_connect(ITEMS, WORKLOADS[source], WORKLOADS["kube-system/coredns"], DNS_PORT, protocol)
