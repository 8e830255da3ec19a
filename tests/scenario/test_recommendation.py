"""Recommended policies: what each kind of evidence makes, what is left closed and told, and how it is written."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from lib.loaders.policy_text import read_policies
from lib.model.errors import ModelError
from lib.model.policies import Verdict
from lib.policy.engine import Engine, compile_engine
from lib.policy.engines import KUBERNETES, profile
from lib.scenario import Change
from lib.scenario.recommendation import Options, Recommendation, end_text, recommend, summarise
from lib.scenario.recommendation.needs import NodeGroup
from tests.naive.evaluator import NaiveCluster, PodEnd
from tests.policy.build import engine_of, load, namespace, pod, policy

Raw = dict[str, Any]
WEB = pod("web", app="web", ports="[{name: http, containerPort: 8080}]")
DB = pod("db", app="db")
COREDNS = pod("coredns", "kube-system", **{"k8s-app": "kube-dns"})
DNS_SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: kube-dns, namespace: kube-system}
spec:
  selector: {k8s-app: kube-dns}
  ports: [{name: dns, port: 53, protocol: UDP}, {name: dns-tcp, port: 53, protocol: TCP, targetPort: 5353}]
"""


def service(spec: str, name: str = "web", space: str = "shop", status: str = "{}") -> str:
    return f"""
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: {space}}}
spec: {{selector: {{app: web}}, ports: [{{port: 80, targetPort: http}}], {spec}}}
status: {status}
"""


def ingress(class_name: str, status: str = "{}") -> str:
    return f"""
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: site, namespace: shop}}
spec:
  ingressClassName: {class_name}
  rules:
  - http: {{paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: web, port: {{number: 80}}}}}}}}]}}
status: {status}
"""


def asked(engine: Engine, **options: Any) -> Recommendation:
    return recommend(engine, Options(**options), read_policies, lambda s: f"{s.file}:{s.document}")


def recommended(*documents: str, engine: str = "kubernetes", **options: Any) -> Recommendation:
    return asked(engine_of(*documents, profile=profile(engine)), **options)


def written(found: Recommendation) -> dict[str, Raw]:
    """The specs of the written policies by namespace and name."""
    documents = yaml.safe_load_all(found.text)
    return {f"{d['metadata']['namespace']}/{d['metadata']['name']}": d["spec"] for d in documents if d}


def flows(found: Recommendation) -> set[str]:
    return {f"{end_text(n.src)} → {end_text(n.dst)} {n.ports}" for n in found.needs if "53" not in str(n.ports)}


def questions(found: Recommendation) -> str:
    return "\n".join(f"{q.text}. {q.remedy}" for q in found.questions)


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


CONTROLLER = pod("nginx", "edge", app="web", role="ingress")
EDGE_SERVICE = service(
    "type: LoadBalancer, externalTrafficPolicy: Local", "edge", "edge", "{loadBalancer: {ingress: [{ip: 203.0.113.9}]}}"
)


def test_a_route_needs_the_way_from_the_controller_whose_services_address_the_ingress_has() -> None:
    found = recommended(
        WEB, CONTROLLER, EDGE_SERVICE, service("type: ClusterIP"),
        ingress("whatever", "{loadBalancer: {ingress: [{ip: 203.0.113.9}]}}"),
    )  # fmt: skip
    assert "edge/nginx[Pod] → shop/web[Pod] TCP 8080" in flows(found)
    (need,) = [n for n in found.needs if "edge/nginx" in end_text(n.src) and "shop/web" in end_text(n.dst)]
    assert [e.text for e in need.evidence] == [
        "Ingress shop/site leads to it",
        "shop/site[Ingress] has the address of Service edge/edge, 203.0.113.9",
    ]
    assert all(e.source is not None for e in need.evidence)


def test_a_documented_controller_that_is_not_in_the_input_is_named_by_its_labels() -> None:
    found = recommended(WEB, service("type: ClusterIP"), ingress("nginx"))
    (rule,) = written(found)["shop/netatlas-web"]["ingress"]
    assert rule["from"] == [
        {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress-nginx"}},
            "podSelector": {
                "matchLabels": {
                    "app.kubernetes.io/name": "ingress-nginx",
                    "app.kubernetes.io/component": "controller",
                }
            },
        }
    ]
    assert found.proof is not None
    assert found.proof.holds


@pytest.mark.parametrize(
    ("class_name", "says"),
    [
        ("traefik", "which pods are its controller is not known (class traefik)"),
        ("azure-application-gateway", "connects from its own subnet, which is not in the input"),
    ],
)
def test_a_controller_that_nobody_knows_is_asked_for_and_stays_closed(class_name: str, says: str) -> None:
    found = recommended(WEB, service("type: ClusterIP"), ingress(class_name))
    assert says in questions(found)
    assert "=shop/web:8080" in questions(found)
    assert "# NOT KNOWN, and closed: Ingress shop/site leads to shop/web[Pod] (TCP 8080); " in found.text
    assert "shop/netatlas-web" not in written(found)


def test_a_load_balancer_with_source_ranges_needs_those_alone_where_pods_see_the_client() -> None:
    spec = "type: LoadBalancer, externalTrafficPolicy: Local, loadBalancerSourceRanges: [198.51.100.0/24]"
    (rule,) = written(recommended(WEB, service(spec)))["shop/netatlas-web"]["ingress"]
    assert rule["from"] == [{"ipBlock": {"cidr": "198.51.100.0/24"}}]
    assert rule["ports"] == [{"protocol": "TCP", "port": 8080}]


NODE = "apiVersion: v1\nkind: Node\nmetadata: {name: n1}\nstatus: {addresses: [{type: InternalIP, address: 10.0.0.4}]}"
LIMITED = service("type: LoadBalancer, loadBalancerSourceRanges: [198.51.100.0/24]")


def test_where_pods_may_see_a_node_instead_its_address_is_needed_too() -> None:
    (rule,) = written(recommended(NODE, WEB, LIMITED))["shop/netatlas-web"]["ingress"]
    assert rule["from"] == [{"ipBlock": {"cidr": "10.0.0.4/32"}}, {"ipBlock": {"cidr": "198.51.100.0/24"}}]


def test_a_node_that_the_input_or_the_engine_cannot_name_is_asked_for() -> None:
    assert "does not show the nodes' addresses" in questions(recommended(WEB, LIMITED))
    # "Cilium: ipBlock does not match nodes."
    assert "no NetworkPolicy can name under Cilium" in questions(recommended(NODE, WEB, LIMITED, engine="cilium"))


def test_what_an_engine_does_not_subject_to_policies_needs_no_rule() -> None:
    found = recommended(NODE, WEB, LIMITED, engine="azure-npm")
    assert "does not subject to ingress policies" in questions(found)
    assert "shop/netatlas-web" not in written(found)


def test_pods_are_not_outside_where_an_ip_block_may_mean_them() -> None:
    # "azure-npm: an ipBlock matches pods", by whose ranges on the nodes it would let every pod in.
    node = NODE.replace("status:", "spec: {podCIDRs: [10.244.0.0/24]}\nstatus:")
    door = service("type: LoadBalancer, externalTrafficPolicy: Local, ipFamilies: [IPv4]")
    for engine, excepts in (("azure-npm", {"except": ["10.244.0.0/24"]}), ("kubernetes", {})):
        (rule,) = written(recommended(node, WEB, door, engine=engine))["shop/netatlas-web"]["ingress"]
        assert rule["from"] == [{"ipBlock": {"cidr": "0.0.0.0/0", **excepts}}]


def test_what_closes_is_written_after_what_opens() -> None:
    found = recommended(WEB, DB, COREDNS, needs=("shop/web=shop/db:5432",))
    assert [d.ref.name for d in found.drafts] == [
        "netatlas-db",
        "netatlas-web",
        "netatlas-dns",
        "netatlas-default-deny",
    ]


def test_a_rejected_policy_that_stays_is_told() -> None:
    broken = policy("podSelector: {}\ningress: [{ports: [{port: 70000}]}]", name="broken")
    engine = compile_engine(load([d for text in (WEB, broken) for d in yaml.safe_load_all(text)]).snapshot)
    assert "shop/broken[NetworkPolicy] could not be read" in questions(asked(engine))
    assert "shop/broken[NetworkPolicy] could not be read" not in questions(asked(engine, replace=True))


def test_a_door_that_present_policies_narrow_is_not_opened_wider() -> None:
    narrow = policy(
        "podSelector: {matchLabels: {app: web}}\n"
        "ingress: [{from: [{ipBlock: {cidr: 10.80.0.0/16}}], ports: [{port: 8080}]}]"
    )
    door = service("type: NodePort, externalTrafficPolicy: Local")
    (rule,) = written(recommended(WEB, door, narrow, replace=True))["shop/netatlas-web"]["ingress"]
    assert rule["from"] == [{"ipBlock": {"cidr": "10.80.0.0/16"}}]


FROM_WEB = "podSelector: {matchLabels: {app: db}}\ningress: [{from: [%s], ports: [{port: 5432}]}]"


@pytest.mark.parametrize(
    ("peer", "is_kept"),
    [
        ("{podSelector: {matchLabels: {app: web}}}", True),
        ("{podSelector: {matchExpressions: [{key: app, operator: In, values: [web]}]}}", True),
        ("{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: shop}}}", True),
        ("{podSelector: {}}", False),
        ("{namespaceSelector: {}}", False),
        ("{podSelector: {matchExpressions: [{key: legacy, operator: DoesNotExist}]}}", False),
        ("{podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [other]}]}}", False),
        ("{ipBlock: {cidr: 0.0.0.0/0}}", False),
    ],
)
def test_a_present_rule_is_kept_where_it_names_somebody(peer: str, is_kept: bool) -> None:
    found = recommended(WEB, DB, policy(FROM_WEB % peer), replace=True)
    assert ("shop/web[Pod] → shop/db[Pod] TCP 5432" in flows(found)) is is_kept
    assert bool(found.not_kept) is not is_kept
    for rule in found.not_kept:
        assert rule.source.path[:2] == ("spec", "ingress")


def test_prefixes_that_present_rules_name_are_kept_with_their_exceptions() -> None:
    out = policy(
        "podSelector: {matchLabels: {app: web}}\npolicyTypes: [Egress]\n"
        "egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8]}}], ports: [{port: 443}]}]"
    )
    (rule,) = written(recommended(WEB, out, replace=True))["shop/netatlas-web"]["egress"]
    assert rule["to"] == [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}}]


def test_both_families_of_addresses_are_written_as_what_they_are() -> None:
    out = policy(
        "podSelector: {matchLabels: {app: web}}\npolicyTypes: [Egress]\n"
        "egress: [{to: [{ipBlock: {cidr: '::/0', except: ['fd00::/8']}}, {ipBlock: {cidr: 192.0.2.0/24}}]}]"
    )
    (rule,) = written(recommended(WEB, out, replace=True))["shop/netatlas-web"]["egress"]
    assert rule["to"] == [
        {"ipBlock": {"cidr": "192.0.2.0/24"}},
        {"ipBlock": {"cidr": "::/0", "except": ["fd00::/8"]}},
    ]
    assert "ports" not in rule


def test_a_rule_of_one_side_that_nothing_answers_is_told_and_left_closed() -> None:
    out = policy(
        "podSelector: {matchLabels: {app: web}}\npolicyTypes: [Egress]\n"
        "egress: [{to: [{podSelector: {matchLabels: {app: db}}}], ports: [{port: 5432}]}]", name="out"
    )  # fmt: skip
    shut = policy("podSelector: {matchLabels: {app: db}}\npolicyTypes: [Ingress]", name="shut")
    found = recommended(WEB, DB, out, shut)
    assert "which is closed today (ingress: shop/shut[NetworkPolicy] isolates" in questions(found)
    assert "shop/web=shop/db:5432" in questions(found)
    stated = recommended(WEB, DB, out, shut, needs=("shop/web=shop/db:5432",))
    assert "which is closed today" not in questions(stated)


def test_beside_present_policies_what_they_permit_stays_open_and_is_said_with_the_rule() -> None:
    wide = policy("podSelector: {matchLabels: {app: db}}\ningress: [{from: [{podSelector: {}}]}]", name="wide")
    own = policy("podSelector: {}\npolicyTypes: [Egress]\negress: [{}]", name="out")
    beside = recommended(WEB, DB, wide, own).proof
    assert beside is not None
    (flow,) = [f for f in beside.open if f.dst == "shop/db[Pod]"]
    assert (flow.src, flow.verdict) == ("shop/web[Pod]", Verdict.ALLOWED)
    assert "shop/wide[NetworkPolicy] spec.ingress[0]" in flow.why
    found = recommended(WEB, DB, wide, own, replace=True)
    assert found.proof is not None
    assert found.proof.open == ()
    assert found.removal == ("kubectl delete networkpolicy -n shop out wide",)
    assert any(c.change is Change.LOST and c.dst == "shop/db[Pod]" for c in found.proof.changes)


def test_what_an_admin_policy_allows_stays_open_whatever_is_recommended() -> None:
    admin = """
apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {name: monitor}
spec:
  priority: 5
  subject: {namespaces: {}}
  ingress: [{action: Allow, from: [{namespaces: {}}]}]
  egress: [{action: Allow, to: [{namespaces: {}}]}]
"""
    proof = recommended(WEB, DB, admin, replace=True).proof
    assert proof is not None
    assert {(f.src, f.dst) for f in proof.open} >= {("shop/web[Pod]", "shop/db[Pod]")}
    assert "monitor[AdminNetworkPolicy]" in proof.open[0].why


def test_a_need_that_an_admin_policy_denies_is_not_proven() -> None:
    admin = """
apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {name: never}
spec:
  priority: 5
  subject: {namespaces: {}}
  ingress: [{action: Deny, from: [{namespaces: {}}]}]
"""
    found = recommended(WEB, DB, COREDNS, admin, needs=("shop/web=shop/db:5432",))
    assert found.proof is not None
    denied = {str(n.need): n.reason for n in found.proof.needs if n.verdict is Verdict.DENIED}
    assert "never[AdminNetworkPolicy] spec.ingress[0]" in denied["shop/web[Pod] → shop/db[Pod] (TCP 5432)"]
    assert not found.proof.holds
    assert summarise(found, "X").proven[0].startswith("Not proven")


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


def test_names_are_not_those_of_present_policies() -> None:
    taken = policy("podSelector: {}", name="netatlas-default-deny")
    assert "shop/netatlas-default-deny-2" in written(recommended(WEB, taken))


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


def test_a_door_that_present_policies_close_entirely_stays_closed_and_is_told() -> None:
    narrow = policy("{podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {}}]}]}")
    door = service("type: LoadBalancer, externalTrafficPolicy: Local")
    found = recommended(WEB, DB, door, narrow, replace=True)
    assert not any("outside" in flow for flow in flows(found))
    assert "left closed" in questions(found)
    opened = recommended(WEB, DB, door, narrow, replace=True, needs=("10.1.0.0/16=shop/web:8080",))
    assert "outside 10.1.0.0/16 → shop/web[Pod] TCP 8080" in flows(opened)
    assert "left closed" not in questions(opened)
    # Under an engine that enforces nothing the present policies close nothing.
    assert "left closed" not in questions(recommended(WEB, DB, door, narrow, engine="none", replace=True))


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


@pytest.mark.parametrize("need", ["node/n1=shop/web:1", "shop/web=node/n1:1"])
@pytest.mark.parametrize("addresses", ["[{type: InternalIP, address: garbage}]", "[]"])
def test_a_node_without_a_readable_address_is_refused_in_words(need: str, addresses: str) -> None:
    node = f"apiVersion: v1\nkind: Node\nmetadata: {{name: n1}}\nstatus: {{addresses: {addresses}}}\n"
    documents = [d for text in (WEB, node) for d in yaml.safe_load_all(text)]
    engine = compile_engine(load(documents).snapshot)
    with pytest.raises(ModelError, match="no readable address of type InternalIP of node 'n1'"):
        asked(engine, needs=(need,))


def test_pods_that_use_their_nodes_network_are_stated_as_their_nodes() -> None:
    agent = pod("agent", "mon", host=True, app="agent")
    with pytest.raises(ModelError, match="all pods of mon use their node's network"):
        recommended(WEB, agent, needs=("mon/*=shop/web:8080",))
    placed = agent.replace("spec:", "spec:\n  nodeName: n1")
    found = recommended(NODE, WEB, placed, needs=("mon/*=shop/web:8080",))
    (rule,) = written(found)["shop/netatlas-web"]["ingress"]
    assert rule["from"] == [{"ipBlock": {"cidr": "10.0.0.4/32"}}]


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


def test_a_rejected_policy_goes_by_its_name_and_nothing_is_proven_while_one_stays() -> None:
    broken = policy("podSelector: {}\ningress: [{ports: [{port: 70000}]}]", name="broken")
    snapshot = load([d for text in (WEB, broken) for d in yaml.safe_load_all(text)]).snapshot
    stays = summarise(asked(compile_engine(snapshot)), "Kubernetes")
    assert not any(line.startswith("Proven: no other flow") for line in stays.proven)
    gone = asked(compile_engine(snapshot), replace=True)
    assert gone.removal == ("kubectl delete networkpolicy -n shop broken",)
    assert "kubectl delete networkpolicy -n shop broken" in gone.text
    assert any(line.startswith("Proven: no other flow") for line in summarise(gone, "Kubernetes").proven)


def test_a_rejected_policy_without_a_name_of_its_own_stays_and_is_told() -> None:
    # No object in a cluster can have this name, and a shell would take it for two commands.
    broken = policy("podSelector: {}\ningress: [{ports: [{port: 70000}]}]", name="'a.yaml:3; true'")
    snapshot = load([d for text in (WEB, broken) for d in yaml.safe_load_all(text)]).snapshot
    assert len(snapshot.rejected_policies) == 1
    found = asked(compile_engine(snapshot), replace=True)
    assert found.removal == ()
    assert "could not be read" in questions(found)
    assert not any(line.startswith("Proven: no other") for line in summarise(found, "Kubernetes").proven)


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


NODES = """
apiVersion: v1
kind: Node
metadata: {name: n1}
status: {addresses: [{type: InternalIP, address: 10.0.0.4}]}
---
apiVersion: v1
kind: Node
metadata: {name: n2}
status: {addresses: [{type: InternalIP, address: 10.0.0.5}]}
"""
BLOCK = "{{from: [{{ipBlock: {{cidr: {}}}}}], ports: [{{port: 8080}}]}}"


@pytest.mark.parametrize(
    ("blocks", "nodes", "asked"),
    [
        ([], ["node n1", "node n2"], False),
        (["198.51.100.0/24"], [], True),
        (["198.51.100.0/24", "10.0.0.4/31"], ["node n1", "node n2"], False),
        (["198.51.100.0/24", "10.0.0.4/32"], ["node n1"], False),
    ],
)
def test_nodes_that_present_policies_close_stay_closed_and_are_asked_about(
    blocks: list[str], nodes: list[str], asked: bool
) -> None:
    """With externalTrafficPolicy Cluster a packet may come from another node's address."""
    balancer = service("type: LoadBalancer, loadBalancerSourceRanges: [198.51.100.0/24]")
    present = [policy(f"podSelector: {{}}\ningress: [{', '.join(map(BLOCK.format, blocks))}]")] if blocks else []
    found = recommended(WEB, *NODES.split("---"), balancer, *present, replace=True)
    needed = [n for need in found.needs if isinstance(need.src, NodeGroup) for n in need.src.nodes]
    assert [f"node {name}" for name, _ in needed] == nodes
    assert ("none of which the present policies are known to let in" in questions(found)) is asked


def test_nodes_that_are_closed_are_opened_where_that_is_stated() -> None:
    balancer = service("type: LoadBalancer, loadBalancerSourceRanges: [198.51.100.0/24]")
    present = policy(f"podSelector: {{}}\ningress: [{BLOCK.format('198.51.100.0/24')}]")
    only_one = NODES.split("---")[0]
    found = recommended(WEB, only_one, balancer, present, replace=True, needs=("node/n1=shop/web:8080",))
    assert "none of which the present policies" not in questions(found)
    assert "node n1 → shop/web[Pod] TCP 8080" in flows(found)
