"""Recommended policies: what each kind of evidence makes, what is left closed and told, and how it is written."""

from __future__ import annotations

import pytest
import yaml

from lib.loaders.policy_text import read_policies
from lib.model.errors import ModelError
from lib.policy.engine import compile_engine
from lib.policy.engines import KUBERNETES
from lib.scenario.recommendation import Options, recommend, summarise
from tests.naive.evaluator import NaiveCluster, PodEnd
from tests.policy.build import engine_of, load, namespace, pod, policy
from tests.scenario.recommending import (
    COREDNS,
    DB,
    FROM_WEB,
    NODE,
    WEB,
    asked,
    flows,
    questions,
    recommended,
    written,
)

DNS_SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: kube-dns, namespace: kube-system}
spec:
  selector: {k8s-app: kube-dns}
  ports: [{name: dns, port: 53, protocol: UDP}, {name: dns-tcp, port: 53, protocol: TCP, targetPort: 5353}]
"""


def test_a_namespace_gets_one_default_deny_and_one_dns_policy() -> None:
    specs = written(recommended(WEB, DB, COREDNS, DNS_SERVICE))
    assert specs == {
        "shop/netatlas-default-deny": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
        "shop/netatlas-dns": {
            "podSelector": {},
            "policyTypes": ["Egress"],
            "egress": [
                {
                    "to": [
                        {
                            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
                            "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
                        }
                    ],
                    # The port on the pods, as the Service's target port says for each protocol.
                    "ports": [{"protocol": "TCP", "port": 5353}, {"protocol": "UDP", "port": 53}],
                }
            ],
        },
    }


def test_dns_that_is_not_in_the_input_is_permitted_by_its_documented_labels_and_told() -> None:
    found = recommended(WEB)
    (rule,) = written(found)["shop/netatlas-dns"]["egress"]
    assert rule["to"][0]["podSelector"] == {"matchLabels": {"k8s-app": "kube-dns"}}
    assert rule["ports"] == [{"protocol": "TCP", "port": 53}, {"protocol": "UDP", "port": 53}]
    assert "not in the input" in questions(found)
    assert found.proof is not None
    assert found.proof.holds


def test_the_nodes_dns_cache_is_permitted_at_its_usual_address() -> None:
    # "The local listen IP address for NodeLocal DNSCache … This document uses 169.254.20.10 as an example."
    cache = pod("node-local-dns", "kube-system", host=True, **{"k8s-app": "node-local-dns"})
    found = recommended(WEB, COREDNS, cache)
    blocks = [p["ipBlock"] for r in written(found)["shop/netatlas-dns"]["egress"] for p in r["to"] if "ipBlock" in p]
    assert blocks == [{"cidr": "169.254.20.10/32"}]
    assert "which address it listens on" in questions(found)


def test_where_the_dns_servers_are_covered_everybody_is_let_in_to_them() -> None:
    found = recommended(WEB, COREDNS, DNS_SERVICE, namespaces=frozenset({"kube-system"}))
    (rule,) = written(found)["kube-system/netatlas-coredns"]["ingress"]
    assert rule["from"] == [{"namespaceSelector": {}}]
    assert "asks servers outside" in questions(found)


def test_what_closes_is_written_after_what_opens() -> None:
    found = recommended(WEB, DB, COREDNS, needs=("shop/web=shop/db:5432",))
    assert [d.ref.name for d in found.drafts] == [
        "netatlas-db",
        "netatlas-web",
        "netatlas-dns",
        "netatlas-default-deny",
    ]


def test_an_engine_that_enforces_nothing_is_said_to_close_nothing() -> None:
    summary = summarise(recommended(WEB, DB, engine="none"), "No policy engine")
    assert "close nothing" in summary.cautions[0]
    assert summary.proven == ()


def test_selectors_never_use_labels_that_a_rollout_changes() -> None:
    blue = pod("blue", app="web", **{"pod-template-hash": "1", "app.kubernetes.io/version": "1", "color": "blue"})
    green = pod("green", app="web", **{"pod-template-hash": "2", "app.kubernetes.io/version": "2", "color": "green"})
    specs = written(recommended(blue, green, needs=("shop/blue=shop/green:80",)))
    assert specs["shop/netatlas-blue"]["podSelector"] == {"matchLabels": {"color": "blue"}}
    same = [pod(n, app="web", **{"pod-template-hash": n}) for n in ("a", "b")]
    found = recommended(*same, needs=("shop/a=10.0.0.1:80",))
    assert {t.what for t in found.twins} == {"shop/a[Pod]", "shop/b[Pod]"}
    assert found.proof is not None
    assert [(f.src, str(f.ports)) for f in found.proof.open] == [("shop/b[Pod]", "TCP 80")]


def test_a_workload_whose_labels_all_others_have_is_told_by_what_it_lacks() -> None:
    plain, marked = pod("plain", app="web"), pod("marked", app="web", role="extra")
    specs = written(recommended(plain, marked, needs=("shop/plain=10.0.0.1:80",)))
    assert specs["shop/netatlas-plain"]["podSelector"] == {
        "matchLabels": {"app": "web"},
        "matchExpressions": [{"key": "role", "operator": "DoesNotExist"}],
    }


def test_host_network_the_system_and_workloads_without_pods_are_left_out_and_named() -> None:
    agent = pod("agent", host=True, app="agent")
    ended = pod("ended", app="ended") + "status: {phase: Succeeded}\n"
    found = recommended(WEB, agent, ended, COREDNS)
    assert [item.what for item in found.covered.left_out] == [
        "namespace kube-system",
        "shop/agent[Pod]",
        "shop/ended[Pod]",
    ]
    assert set(found.covered.workloads) == {w.ref for w in engine_of(WEB).snapshot.workloads}


def test_the_api_server_is_permitted_only_where_it_is_asked_for() -> None:
    own = WEB.replace("containers:", "serviceAccountName: reader\n  containers:")
    slice_ = """
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: kubernetes, namespace: default, labels: {kubernetes.io/service-name: kubernetes}}
addressType: IPv4
endpoints: [{addresses: [203.0.113.5]}]
ports: [{name: https, port: 443}]
"""
    closed = recommended(own, DB, slice_)
    assert "1 workload has a ServiceAccount of its own" in questions(closed)
    assert "shop/netatlas-web" not in written(closed)
    specs = written(recommended(own, DB, slice_, api_server=True))
    assert specs["shop/netatlas-web"]["egress"] == [
        {"to": [{"ipBlock": {"cidr": "203.0.113.5/32"}}], "ports": [{"protocol": "TCP", "port": 443}]}
    ]
    assert "shop/netatlas-db" not in specs


@pytest.mark.parametrize(
    ("need", "flow"),
    [
        ("shop/web=shop/db:5432", "shop/web[Pod] → shop/db[Pod] TCP 5432"),
        ("web=db:all", "shop/web[Pod] → shop/db[Pod] all ports"),
        ("shop/web = 192.0.2.0/24:443,8080-8081/UDP", "shop/web[Pod] → outside 192.0.2.0/24 TCP 443; UDP 8080-8081"),
        ("2001:db8::/32=shop/web:443", "outside 2001:db8::/32 → shop/web[Pod] TCP 443"),
        ("outside=shop/web:8080", "anywhere outside → shop/web[Pod] TCP 8080"),
        ("shop/*=shop/db:1", "shop/* → shop/db[Pod] TCP 1"),
    ],
)
def test_a_need_may_be_stated_in_each_form(need: str, flow: str) -> None:
    found = recommended(WEB, DB, needs=(need,))
    assert flow in flows(found)
    assert found.proof is not None
    assert found.proof.holds


@pytest.mark.parametrize(
    ("need", "says"),
    [
        ("", "write FROM=TO:PORTS"),
        ("shop/web", "write FROM=TO:PORTS"),
        ("shop/web=shop/db", "write FROM=TO:PORTS"),
        ("shop/web=shop/nobody:1", "no workload or pod 'shop/nobody'"),
        ("shop/web=shop/db:0", "not within 1-65535"),
        ("shop/web=shop/db:99999999999999999999", "is no port"),
        ("shop/web=shop/db:1/ICMP", "none of TCP, UDP, SCTP"),
        ("10.0.0.0/8=192.0.2.1:1", "both ends are outside"),
        ("nowhere/*=shop/db:1", "no namespace 'nowhere'"),
    ],
)
def test_a_need_that_means_nothing_is_refused_in_words(need: str, says: str) -> None:
    with pytest.raises(ModelError) as refused:
        recommended(WEB, DB, needs=(need,))
    assert says in str(refused.value)


def test_a_namespace_that_is_not_there_is_refused() -> None:
    with pytest.raises(ModelError):
        recommended(WEB, namespaces=frozenset({"nowhere"}))


def test_an_empty_cluster_has_nothing_to_recommend() -> None:
    found = recommended(namespace("shop"))
    assert (found.text, found.proof) == ("", None)
    assert summarise(found, "X").lines == ("There is nothing to recommend: no workload is covered.",)


def test_the_text_is_the_same_whatever_the_order_of_the_input() -> None:
    documents = (WEB, DB, COREDNS, policy(FROM_WEB % "{podSelector: {matchLabels: {app: web}}}"))
    texts = [
        recommend(engine_of(*each), Options(replace=True), read_policies, lambda s: "").text
        for each in (documents, documents[::-1])
    ]
    assert texts[0] == texts[1]


def test_hostile_names_and_labels_neither_break_the_yaml_nor_leave_their_comment() -> None:
    evil = """
apiVersion: v1
kind: Pod
metadata: {name: "a\\n---\\nkind: Evil", namespace: shop, labels: {app: "x\\ny", "bad key": "v", team: "on", n: "1"}}
spec: {containers: [{name: c, image: i, ports: [{containerPort: 80}]}]}
"""
    objects = [d for text in (evil, WEB) for d in yaml.safe_load_all(text)]
    found = asked(compile_engine(load(objects).snapshot, KUBERNETES), needs=("shop/web=10.0.0.1:80",))
    kinds = {d["kind"] for d in yaml.safe_load_all(found.text) if d}
    assert kinds == {"NetworkPolicy"}
    assert len(read_policies(found.text)) == len(found.drafts)


def test_the_naive_evaluator_finds_the_whole_chain_open_and_nothing_else() -> None:
    found = recommended(WEB, DB, pod("other", app="other"), needs=("shop/web=shop/db:5432",))
    objects = [d for text in (WEB, DB, pod("other", app="other")) for d in yaml.safe_load_all(text)]
    naive = NaiveCluster(
        [{**o, "status": {"podIPs": [{"ip": f"10.1.0.{i}"}]}} for i, o in enumerate(objects)]
        + [d for d in yaml.safe_load_all(found.text) if d]
    )
    for raw in naive.pods.values():
        raw["spec"]["nodeName"] = raw["metadata"]["name"]
    ends = {name: PodEnd("shop", name) for name in ("web", "db", "other")}
    allowed = {
        (a, b, port)
        for a in ends for b in ends for port in (80, 5432) if a != b
        if naive.allows(ends[a], ends[b], "TCP", port)
    }  # fmt: skip
    assert allowed == {("web", "db", 5432)}


def test_each_slice_of_the_api_server_gives_its_own_addresses_its_own_ports() -> None:
    def part(name: str, address: str, port: int) -> str:
        return f"""
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{name: {name}, namespace: default, labels: {{kubernetes.io/service-name: kubernetes}}}}
addressType: IPv4
ports: [{{name: https, port: {port}, protocol: TCP}}]
endpoints: [{{addresses: [{address}]}}]
"""

    own = WEB.replace("containers:", "serviceAccountName: reader\n  containers:")
    found = recommended(own, part("one", "20.1.1.1", 443), part("two", "20.2.2.2", 6443), api_server=True)
    assert flows(found) == {
        "shop/web[Pod] → outside 20.1.1.1/32 TCP 443",
        "shop/web[Pod] → outside 20.2.2.2/32 TCP 6443",
    }


def test_dns_on_its_nodes_network_is_its_nodes_and_never_a_pod_that_is_not_there() -> None:
    # Pod selectors do not take pods that use the host network, so that no peer by label lets anybody reach them.
    dns = pod("coredns", "kube-system", host=True, **{"k8s-app": "kube-dns"})
    found = recommended(WEB, dns, DNS_SERVICE)
    assert "shop/netatlas-dns" not in written(found)
    assert "on its node's network, and the input does not show its nodes" in questions(found)
    shown = recommended(NODE, WEB, dns.replace("spec:", "spec:\n  nodeName: n1"), DNS_SERVICE)
    (rule,) = written(shown)["shop/netatlas-dns"]["egress"]
    assert rule["to"] == [{"ipBlock": {"cidr": "10.0.0.4/32"}}]
    assert shown.proof is not None
    assert shown.proof.holds


def idle(kind: str, labels: str) -> str:
    return f"""
apiVersion: apps/v1
kind: {kind}
metadata: {{name: idle, namespace: shop}}
spec:
  replicas: 0
  selector: {{matchLabels: {labels}}}
  template: {{metadata: {{labels: {labels}}}, spec: {{containers: [{{name: main, image: example.org/a}}]}}}}
"""


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet"])
def test_a_workload_scaled_to_zero_is_told_apart_where_labels_can_and_named_where_not(kind: str) -> None:
    web = pod("web", app="web", tier="x")
    need = ("shop/web=10.0.0.1:80",)
    apart = recommended(web, idle(kind, "{app: web, tier: y}"), needs=need)
    assert written(apart)["shop/netatlas-web"]["podSelector"] == {"matchLabels": {"tier": "x"}}
    assert apart.twins == ()
    lacking = recommended(WEB, idle(kind, "{app: web, tier: y}"), needs=need)
    assert written(lacking)["shop/netatlas-web"]["podSelector"] == {
        "matchLabels": {"app": "web"},
        "matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}],
    }
    (twin,) = recommended(web, idle(kind, "{app: web, tier: x}"), needs=need).twins
    assert twin.what == "shop/web[Pod]"
    assert f"shop/idle[{kind}]" in twin.why
