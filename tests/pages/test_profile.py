"""Every page that hangs on how the cluster was made says so, and takes what a person says of it."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

import pytest

import lib.ui
from lib.azure.profile import CHOOSABLE, RANGES
from tests.pages.app import markdown, open_page, table, words

HANGING = ("services", "security_rules", "ingress_routes", "engine_migration", "egress")
MIGRATION = "is not documented with"


@pytest.mark.parametrize("page", HANGING)
def test_the_page_says_what_the_input_shows_and_from_where(page: str) -> None:
    said = words(open_page(page))
    assert "Network model: **Azure CNI Overlay powered by Cilium**" in said
    assert "Data plane: **Cilium, without kube-proxy**" in said
    if page != "egress":
        assert "Shown by the input: Node aks-apps-31579240-vmss000000 has the label kubernetes.azure.com/" in said


@pytest.mark.parametrize("page", HANGING)
def test_what_is_chosen_on_one_page_counts_on_all(page: str) -> None:
    said = words(open_page(page, data_plane="kube-proxy"))
    assert "Data plane: **kube-proxy** (chosen)" in said
    assert "Network model: **Azure CNI Overlay**" in said


@pytest.mark.parametrize("page", HANGING)
def test_what_nothing_shows_is_called_unknown(page: str) -> None:
    manifest = (
        b"""{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: a, namespace: b}, spec: {rules: []}}"""
    )
    said = words(open_page(page, files={"a.yaml": manifest}))
    assert "Data plane: :orange[unknown]" in said


def test_a_chosen_data_plane_decides_whose_address_pods_see() -> None:
    """With kube-proxy and the Cluster policy the node's; with Cilium it depends on the node."""
    assert "Whose address the pods see depends on the node" in words(open_page("services"))
    said = words(open_page("services", data_plane="kube-proxy"))
    assert "The pods see the address of the node that received the packet" in said
    assert "depends on the node" not in said


def test_a_chosen_data_plane_decides_what_happens_beside_the_security_groups() -> None:
    asked = {"packet_from": "8.8.8.8", "packet_to": "shop-api/partner-feed", "packet_port": "443"}
    said = words(open_page("security_rules", **asked))
    assert "Cilium drops it on the node" in said and "kube-proxy drops" not in said
    assert "kube-proxy drops" in words(open_page("security_rules", data_plane="kube-proxy", **asked))


def test_settings_of_the_cloud_provider_can_be_said_on_the_page() -> None:
    said = words(open_page("services", shared_probe="true", load_balancers="kubernetes, second"))
    assert "**shared health probe** (chosen)" in said and "load balancers: **kubernetes, second** (chosen)" in said
    assert "Http 10256 /healthz" in said
    assert "which of the load balancers kubernetes, second takes it" in said


def test_a_hostile_choice_is_not_taken() -> None:
    page = open_page("services", data_plane="<b>x</b>", load_balancers="a`![x](http://evil.example/x.png)`, kubernetes")
    assert "Data plane: **Cilium, without kube-proxy**" in words(page)
    assert "load balancers: **kubernetes** (chosen)" in words(page)
    assert "can be no name of a load balancer" in words(page)
    assert "![x](" not in markdown(page)


def test_a_move_that_the_network_model_does_not_allow_is_told() -> None:
    """Documented: with the Cilium data plane the policy engine is Cilium's, and kubenet has no Cilium."""
    assert MIGRATION in words(open_page("engine_migration", old_engine="cilium", new_engine="calico"))
    kubenet = {"network_model": "kubenet", "data_plane": "kube-proxy", "old_engine": "calico"}
    assert MIGRATION in words(open_page("engine_migration", new_engine="cilium", **kubenet))
    assert MIGRATION not in words(open_page("engine_migration", new_engine="none", **kubenet))


def test_an_ingress_controller_that_the_network_model_does_not_allow_is_told() -> None:
    ingress = b"""
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop}
spec:
  ingressClassName: azure-alb-external
  rules:
  - host: a.example.com
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
"""
    page = open_page("ingress_routes", files={"a.yaml": ingress}, network_model="kubenet")
    assert any("It is not supported with kubenet" in e.value for e in page.error)
    other = open_page("ingress_routes", files={"a.yaml": ingress}, network_model="node_subnet")
    assert not [e for e in other.error if "kubenet" in e.value]


def test_no_other_widget_has_the_key_of_an_aspect() -> None:
    """What is chosen of the profile holds on all pages, so a key of its own on one page would be given its value."""
    modules = (import_module(f"lib.ui.{m.name}") for m in iter_modules(lib.ui.__path__))
    keys = {value for m in modules for name, value in vars(m).items() if name.endswith("_KEY")}
    assert keys
    assert not keys & {*CHOOSABLE, *RANGES}


def test_the_recommendation_opens_after_the_api_server_was_chosen() -> None:
    page = open_page("recommendation", api_server="private")
    assert not page.exception


KIND = b"""\
apiVersion: v1
kind: Node
metadata: {name: kind-control-plane}
spec: {providerID: kind://docker/kind/kind-control-plane}
status: {addresses: [{type: InternalIP, address: 172.18.0.2}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: cilium-config, namespace: kube-system}
data:
  kube-proxy-replacement: "true"
  enable-policy: never
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: cilium, namespace: kube-system}
spec:
  selector: {matchLabels: {a: b}}
  template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: b}]}}
---
apiVersion: v1
kind: Service
metadata: {name: a, namespace: b}
spec: {type: LoadBalancer, selector: {a: b}, ports: [{port: 80}]}
"""
KUBE_PROXY = b"""\
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: kube-proxy, namespace: kube-system}
spec:
  selector: {matchLabels: {a: b}}
  template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: b}]}}
"""


@pytest.mark.parametrize("page", [*HANGING, "trace"])
def test_the_page_says_what_a_config_map_shows_and_that_the_cluster_is_elsewhere(page: str) -> None:
    app = open_page(page, files={"kind.yaml": KIND})
    said = words(app)
    assert "Data plane: **Cilium, without kube-proxy**" in said
    assert any("This is no cluster of AKS" in w.value and "kind" in w.value for w in app.warning)
    if page in ("egress", "trace"):
        rows = {row["aspect"]: row for row in table(app, "aspect", "known_from").to_dict("records")}
        assert rows["Data plane"]["source"] == "kind.yaml:11"
        assert rows["Policy engine"]["source"] == "kind.yaml:12"
        assert rows["Runs on"]["value"] == "kind, not AKS" and rows["Runs on"]["source"] == "kind.yaml:1"
    else:
        assert "has kube-proxy-replacement: true. (kind.yaml:11)" in said


def test_a_cluster_of_aks_is_not_said_to_be_elsewhere() -> None:
    assert not [w for w in open_page("services").warning if "no cluster of AKS" in w.value]


@pytest.mark.parametrize("page", HANGING)
def test_signs_that_differ_are_shown_with_every_place_until_somebody_chooses(page: str) -> None:
    files = {"kind.yaml": KIND, "proxy.yaml": KUBE_PROXY}
    app = open_page(page, files=files)
    said = words(app)
    assert "Data plane: :orange[unknown]" in said
    if page != "egress":
        assert "kind.yaml:11, proxy.yaml:1" in said
    chosen = words(open_page(page, files=files, data_plane="kube-proxy"))
    assert "Data plane: **kube-proxy** (chosen)" in chosen


def test_an_engine_that_is_told_to_enforce_nothing_opens_everything_and_says_why() -> None:
    pods = b"".join(
        b"---\napiVersion: v1\nkind: Pod\nmetadata: {name: %b, namespace: b, labels: {a: b}}\n"
        b"spec: {containers: [{name: a, image: b}]}\nstatus: {phase: Running, podIP: 10.1.0.%d}\n" % (name, number)
        for number, name in enumerate((b"p", b"q"), 1)
    )
    closed = b"---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: n, namespace: b}\n"
    closed += b"spec: {podSelector: {}, policyTypes: [Ingress]}\n"
    app = open_page("policy_flows", files={"kind.yaml": KIND + pods + closed})
    assert "Not enforced**: the ConfigMap kube-system/cilium-config has enable-policy: never" in words(app)
