"""What a recommendation says first: by whose words it is judged, and what is proven of what."""

from __future__ import annotations

import pytest

from lib.scenario.recommendation import API_SERVER_TOGGLE, summarise
from lib.tables.recommendation import arrival_rows
from tests.scenario.recommending import COREDNS, DB, WEB, questions, recommended, service
from tests.scenario.test_recommendation_beside_others import admin

# The DaemonSet that Cilium's own installation names: cilium in kube-system.
AGENT = """
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: cilium, namespace: kube-system}
spec:
  selector: {matchLabels: {k8s-app: cilium}}
  template:
    metadata: {labels: {k8s-app: cilium}}
    spec: {hostNetwork: true, containers: [{name: cilium-agent, image: example.org/cilium}]}
"""
RUNS_CILIUM = "Judged by the API's own words; the cluster runs Cilium (the DaemonSet kube-system/cilium is its agent)"


def test_that_the_cluster_runs_another_engine_is_said_first() -> None:
    found = recommended(WEB, DB, AGENT)
    first = summarise(found, "X").lines[0]
    assert first.startswith(RUNS_CILIUM)
    assert "--engine cilium" in first
    assert found.text.splitlines()[0].startswith(f"# {RUNS_CILIUM}")


@pytest.mark.parametrize("engine", ["cilium", "kubernetes"])
def test_nothing_is_said_where_the_engine_is_the_clusters_or_the_input_shows_none(engine: str) -> None:
    documents = (WEB, DB, AGENT) if engine == "cilium" else (WEB, DB)
    found = recommended(*documents, engine=engine)
    assert found.other_engine == ""
    assert "the cluster runs" not in found.text + " ".join(summarise(found, "X").lines)


@pytest.mark.parametrize(
    ("engine", "says"), [("kubernetes", "by the API's own words"), ("calico", "as Calico reads policies")]
)
def test_the_yaml_always_names_the_engine_that_it_is_proven_for(engine: str, says: str) -> None:
    text = recommended(WEB, DB, engine=engine).text
    assert f"# Judged {says} (engine {engine})" in text


def test_what_is_not_proven_is_said_without_parts_that_count_nothing() -> None:
    found = recommended(WEB, DB, COREDNS, admin("Deny"), needs=("shop/web=shop/db:5432",))
    proven = summarise(found, "X").proven[0]
    assert "would be denied" in proven
    assert "settle" not in proven
    assert " 0 " not in proven


def test_a_need_about_no_covered_workload_is_told_and_not_counted() -> None:
    far = COREDNS.replace("name: coredns", "name: agent")
    found = recommended(WEB, DB, far, needs=("kube-system/agent=192.0.2.1:443",), namespaces=frozenset({"shop"}))
    without = recommended(WEB, DB, far, namespaces=frozenset({"shop"}))
    assert found.needs == without.needs
    assert "is about no workload that this recommendation covers: it is not proven here" in questions(found)
    assert "Not proven: 1 stated need is about no workload that is covered." in summarise(found, "X").proven
    assert (found.is_proven, without.is_proven) == (False, True)


def test_the_api_server_question_names_the_option_and_the_toggle() -> None:
    told = questions(recommended(WEB.replace("containers:", "serviceAccountName: reader\n  containers:"), DB))
    assert "--api-server; on the page: " + API_SERVER_TOGGLE in told


NODE = """
apiVersion: v1
kind: Node
metadata: {name: n1}
status: {addresses: [{type: InternalIP, address: 10.0.0.4}]}
"""


def test_what_node_ports_let_in_no_longer_is_counted_against_today() -> None:
    # Without a policy everything gets in. Cilium takes what another node sends on for that node's, which no ipBlock
    # means, so that a rule for the clients' addresses lets in only a part.
    documents = (WEB, NODE, service("type: NodePort"))
    found = recommended(*documents, engine="cilium")
    assert found.proof is not None
    (arrival,) = found.proof.arrivals
    assert arrival.name.startswith("shop/web[Service] to shop/web[Pod] TCP 8080")
    assert arrival.old.startswith("allowed")
    assert not arrival.new.startswith("allowed")
    assert "ways in through load balancers and node ports: 1 changed" in " ".join(summarise(found, "X").cautions)
    (row,) = arrival_rows(found.proof, str)
    assert (row["from"], row["to"]) == ("clients of shop/web[Service]", "shop/web[Pod] TCP 8080 (Cluster)")
    closed = recommended(WEB, NODE, engine="cilium")
    assert closed.proof is not None
    assert closed.proof.arrivals == ()
    assert "node ports" not in " ".join(summarise(closed, "X").cautions)
