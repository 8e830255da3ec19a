"""The sample shop: the checks find the faults that its README lists, and nothing else that is wrong."""

from pathlib import Path

import pytest

from lib.checks.run import at_or_over, run_checks
from lib.checks.wording import message_of
from lib.loaders.assemble import assemble
from lib.loaders.manifests import inputs_from_paths, read_inputs
from lib.model.problem import Severity
from lib.model.snapshot import Snapshot
from lib.routing.routes import route_views
from lib.routing.services import service_views
from lib.routing.url_test import Certainty
from lib.routing.url_test import test_url as ask

SHOP = Path(__file__).resolve().parents[2] / "sample_data" / "shop"

# The README's table of faults, in its order.
PLANTED = [
    ("service-selects-nothing", "shop-api/notifications[Service]"),
    ("service-target-port-undeclared", "shop-payments/fraud-check[Service]"),
    ("route-backend-missing", "shop-web/storefront[Ingress]"),
    ("tls-secret-missing", "shop-web/admin[Ingress]"),
    ("route-conflict", "shop-api/checkout[Ingress]"),
    ("policy-peer-covers-others", "shop-data/postgres-from-api[NetworkPolicy]"),
    ("policy-selects-nothing", "shop-data/redis-from-api[NetworkPolicy]"),
    ("load-balancer-open-to-internet", "monitoring/grafana[Service]"),
]


def load(complete: bool) -> Snapshot:
    files, _ = inputs_from_paths([SHOP])
    return assemble(read_inputs(files), title="shop", assume_complete=complete).snapshot


@pytest.fixture(scope="module")
def shop() -> Snapshot:
    return load(complete=True)


def test_the_eight_planted_faults_are_found_and_no_other(shop: Snapshot) -> None:
    found = at_or_over(run_checks(shop), Severity.WARNING)
    assert sorted((f.code, str(f.subject)) for f in found) == sorted(PLANTED), [message_of(f) for f in found]


def test_the_only_other_word_is_about_the_ingress_controllers_support(shop: Snapshot) -> None:
    notes = [f for f in run_checks(shop) if f not in at_or_over(run_checks(shop), Severity.WARNING)]
    assert [f.code for f in notes] == ["ingress-controller-fading"]
    assert "November 2026" in message_of(notes[0])


def test_faulty_rows_come_first(shop: Snapshot) -> None:
    services = [str(v.ref) for v in service_views(shop)]
    assert set(services[:3]) == {s for _, s in PLANTED if s.endswith("[Service]")}
    assert [row.where for row in route_views(shop)[:2]] == ["admin.shop.example.com/", "shop.example.com/blog"]


@pytest.mark.parametrize(
    ("url", "backend"),
    [
        ("https://shop.example.com/", "shop-web/storefront:80"),
        ("https://shop.example.com/static/logo.png", "shop-web/static-assets:http"),
        ("https://shop.example.com/staticx", "shop-web/storefront:80"),
        ("https://shop.example.com/healthz", "shop-web/storefront:http"),
        ("https://shop.example.com/healthz/x", "shop-web/storefront:80"),
        ("https://api.shop.example.com/payments/callback", "shop-payments/payments:https"),
        ("https://api.shop.example.com/search?q=tea", "shop-api/search:http"),
    ],
)
def test_urls_lead_to_the_backends_that_the_ingresses_name(shop: Snapshot, url: str, backend: str) -> None:
    answer = ask(shop, url)
    assert answer.certainty is Certainty.CERTAIN
    assert answer.winner is not None and answer.winner.backend.label == backend


@pytest.mark.parametrize("url", ["https://api.shop.example.com/payments", "https://unknown.example.com/"])
def test_urls_that_no_ingress_names_have_no_route(shop: Snapshot, url: str) -> None:
    assert ask(shop, url).certainty is Certainty.NO_ROUTE
