"""What the filters show."""

from __future__ import annotations

import pytest

from lib.model.refs import ObjectRef
from lib.model.selector import parse_selector
from lib.ui.page_context import PageContext
from lib.ui.view import ViewFilter
from tests.ui.kit import loaded

WEB = ObjectRef("shop", "web", "Deployment")
MANIFESTS = """apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, labels: {tier: front}}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: i}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: db, namespace: data, labels: {tier: back}}
spec:
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: c, image: i}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop, labels: {tier: front}}
spec: {selector: {app: web}, ports: [{port: 80}]}
"""


@pytest.mark.parametrize(
    ("namespaces", "selector", "shown"),
    [
        ((), "", True),
        (("shop",), "", True),
        (("data",), "", False),
        ((), "tier=front", True),
        ((), "tier!=front", False),
        (("shop",), "!tier", False),
    ],
)
def test_both_filters_must_let_an_object_through(namespaces: tuple[str, ...], selector: str, shown: bool) -> None:
    view = ViewFilter(frozenset(namespaces), parse_selector(selector))
    assert view.shows(WEB, {"tier": "front"}) is shown


def test_cluster_scoped_objects_are_in_no_namespace_that_could_be_hidden() -> None:
    assert ViewFilter(frozenset({"shop"})).shows(ObjectRef("", "node-1", "Node"))


def test_a_page_lists_what_the_filters_show_and_computes_on_everything() -> None:
    page = PageContext(loaded({"a.yaml": MANIFESTS.encode()}), ViewFilter(frozenset({"shop"}), parse_selector("tier")))
    assert [w.ref.name for w in page.workloads] == ["web"]
    assert len(page.snapshot.workloads) == 2
    assert not page.shows(ObjectRef("data", "db", "Deployment"))
    assert page.shows(WEB)
