"""What Azure makes of Services, on their page."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.pages.app import open_page, tables

pytestmark = pytest.mark.app
PREFIX = "service.beta.kubernetes.io/"


def rules(app: Any) -> Any:
    return next(t for t in tables(app) if "backend_port" in t.columns)


def texts(app: Any) -> str:
    return "\n".join(str(e.value) for e in (*app.markdown, *app.caption, *app.subheader))


def balanced(name: str, annotations: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    meta = {"name": name, "namespace": "shop", "uid": f"uid-{name}", "annotations": annotations or {}}
    body = {"type": "LoadBalancer", "ports": [{"name": "http", "port": 80, "nodePort": 30080}], **spec}
    return {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": body}


def files(*services: dict[str, Any]) -> dict[str, bytes]:
    return {"services.json": json.dumps({"apiVersion": "v1", "kind": "List", "items": list(services)}).encode()}


def test_the_sample_has_a_card_and_rows_for_each_load_balanced_service():
    app = open_page("services")
    shown = texts(app)
    for name in ("nginx", "grafana", "partner\\-feed", "payments\\-partner"):
        assert name in shown
    assert "What Azure makes of them" in shown
    assert set(rules(app)["load_balancer"]) == {"kubernetes", "kubernetes-internal"}
    assert len(rules(app)) == 5


def test_a_chosen_service_shows_its_parts_and_what_it_means_on_a_node():
    app = open_page("services", service="shop-api/partner-feed")
    shown = texts(app)
    assert "Frontend IP configurations" in shown and "Health probes" in shown
    assert "On every node" in shown and "When the Service changes" in shown
    frontends = next(t for t in tables(app) if "public_ip" in t.columns)
    assert "kubernetes-a9cdd22fa614e4ae280672b3101b9554" in frontends["public_ip"][0]


def test_probes_stand_with_what_security_groups_and_policies_do_with_them():
    (row,) = next(
        t for t in tables(open_page("services", service="monitoring/grafana")) if "threshold" in t.columns
    ).to_dict("records")
    assert "allowed" in row["security_groups"].lower() and "allowed" in row["by_policies"].lower()
    (row,) = next(
        t for t in tables(open_page("services", service="shop-api/partner-feed")) if "threshold" in t.columns
    ).to_dict("records")
    assert row["by_policies"] == "not asked"


def test_an_input_without_load_balancers_does_not_speak_of_azure():
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}}
    assert "What Azure makes" not in texts(open_page("services", files=files(namespace)))


def test_a_service_that_is_refused_says_why():
    app = open_page("services", files=files(balanced("web", {PREFIX + "azure-load-balancer-tcp-idle-timeout": "1"})))
    assert "No rule" in texts(app)
    (row,) = next(t for t in tables(app) if "not_known" in t.columns).to_dict("records")
    assert "no rule" in row["not_known"]


def test_values_of_annotations_are_shown_as_text():
    hostile = {
        PREFIX + "azure-pip-name": "![x](http://example.com/a.png)",
        PREFIX + "azure-load-balancer-ipv4": "<a href=x>:red[y]</a>",
    }
    for values in (hostile, dict(list(hostile.items())[1:])):
        shown = texts(open_page("services", files=files(balanced("web", values))))
        assert "example" in shown or "red" in shown
        assert not re.search(r"(?<!\\)(!\[|<a|:red)", shown)


def test_many_services_have_a_few_cards_and_all_rows():
    app = open_page("services", files=files(*(balanced(f"web-{n}") for n in range(40))))
    assert sum("Public load balancer" in str(c.value) for c in app.caption) == 6
    assert len(rules(app)) == 40
