"""Every page with empty, broken and hostile input: an explanation, never a traceback, never markup."""

import re

import pytest

from tests.pages.app import PAGES, figures, markdown, open_page, words

BROKEN = b"apiVersion: v1\nkind: Service\nmetadata: {name: a\n---\nkind: [unclosed\n"
PART = b"""\
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
kind: [unclosed
"""
EVIL_TEXT = "![x](http://evil.example/x.png) <a href=http://evil.example>link</a> :red[x] $$x$$"
EVIL = f"""\
apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: shop
  labels: {{note: "{EVIL_TEXT}"}}
  annotations: {{service.beta.kubernetes.io/azure-load-balancer-internal: "{EVIL_TEXT}"}}
spec: {{type: LoadBalancer, selector: {{"{EVIL_TEXT}": "{EVIL_TEXT}"}}, ports: [{{port: 80, name: "{EVIL_TEXT}"}}]}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: "{EVIL_TEXT}", namespace: "{EVIL_TEXT}"}}
spec:
  rules:
  - host: "{EVIL_TEXT}"
    http:
      paths:
      - path: "/{EVIL_TEXT}"
        pathType: Prefix
        backend: {{service: {{name: "{EVIL_TEXT}", port: {{number: 80}}}}}}
---
apiVersion: v1
kind: Pod
metadata: {{name: "{EVIL_TEXT}", namespace: "<b>x</b>", labels: {{app: web}}}}
spec: {{containers: [{{name: c, image: i, ports: [{{containerPort: 80, hostPort: 80}}]}}]}}
"""
FILE = "![f](http://evil.example/f.png).yaml"
ACTIVE = re.compile(r"(?<!\\)!\[|(?<!\\)\]\(http|(?<!\\)<a |(?<!\\)<img|(?<!\\):red\[(?!:material)", re.IGNORECASE)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    ("files", "complete"),
    [({}, False), ({"a.yaml": b""}, True), ({"a.yaml": BROKEN}, False), ({"a.yaml": PART}, False)],
    ids=["no file", "empty file", "only broken documents", "one good document"],
)
def test_trouble_is_explained_on_every_page(page: str, files: dict[str, bytes], complete: bool) -> None:
    app = open_page(page, files=files, complete=complete)
    assert words(app).strip()


@pytest.mark.parametrize("page", PAGES)
def test_nothing_from_an_input_becomes_markup(page: str) -> None:
    app = open_page(page, files={FILE: EVIL.encode()}, complete=True)
    found = ACTIVE.search(markdown(app))
    assert not found, found
    for label in [*(t.label for t in app.tabs), *(e.label for e in app.expander), *(b.label for b in app.button)]:
        assert not ACTIVE.search(label)
    for figure in figures(app):
        texts = str(figure)
        assert "<a href" not in texts
        assert "<img" not in texts


def test_absence_of_a_kind_is_not_called_a_fault() -> None:
    app = open_page("services", files={"a.yaml": PART})
    (rows,) = [d.value for d in app.dataframe if "state" in d.value.columns]
    assert list(rows["state"]) == ["○ not checked"]


def test_without_a_sign_of_an_engine_the_page_says_that_it_assumes_one() -> None:
    app = open_page("policy_flows", files={"a.yaml": PART})
    assert "Assumes an enforcing engine" in words(app)


@pytest.mark.parametrize(
    "query",
    [
        {name: EVIL_TEXT}
        for name in ("vnet", "connected", "model", "name", "node_subnet", "pod_cidr", "growth_per_month", "plan")
    ]
    + [
        {"pools": f"name={EVIL_TEXT},nodes=3"},
        {"pools": f"{EVIL_TEXT}={EVIL_TEXT}"},
        {"clusters": f"name={EVIL_TEXT};name=b", "pools": f"cluster={EVIL_TEXT},nodes={EVIL_TEXT}"},
        {"subnets": f"service={EVIL_TEXT},name={EVIL_TEXT},delegation={EVIL_TEXT}"},
        {"connected": f"{EVIL_TEXT} 10.0.0.0/16"},
        {"subnets": f"prefix=27,delegation={EVIL_TEXT}"},
        {"pools": "name=a,nodes=999999999999999999999"},
        {"growth_per_month": "100%", "pools": "name=a,nodes=1000000"},
        {"pools": ";".join(f"name=p{i}" for i in range(300))},
    ],
    ids=lambda query: "-".join(query),
)  # fmt: skip
def test_nothing_from_a_plans_link_becomes_markup_or_an_error(query: dict[str, str]) -> None:
    app = open_page("ip_plan", **query)
    found = ACTIVE.search(markdown(app))
    assert not found, found
    assert all("<a href" not in str(figure) for figure in figures(app))
