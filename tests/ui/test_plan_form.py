"""The form of the IP plan: its sheet, its words for problems, and what it takes from a loaded cluster."""

# ruff: noqa: E501 - one case a line reads as a table

from __future__ import annotations

import pytest

from lib.ipplan.read import read_plan
from lib.ipplan.sheet import CLUSTER_FIELDS, PLAN_FIELDS, POOL_FIELDS, SUBNET_FIELDS, Sheet
from lib.loaders.manifests import InputFile
from lib.ui.loaded import load
from lib.ui.plan_fields import CLUSTER, PLAN, POOL, SUBNET
from lib.ui.plan_source import cluster_of, pools_of, with_cluster
from lib.ui.plan_state import _with_clusters
from lib.ui.plan_table import cell_text, frame_of
from lib.ui.plan_words import in_words


def told(sheet: Sheet) -> list[str]:
    return [in_words(problem, sheet) for problem in read_plan(sheet.document()).problems]


@pytest.mark.parametrize(
    ("fields", "names"),
    [(PLAN, PLAN_FIELDS), (CLUSTER, CLUSTER_FIELDS), (POOL, POOL_FIELDS), (SUBNET, SUBNET_FIELDS)],
)
def test_the_form_has_every_field_of_a_plan_with_a_label(fields, names):
    assert set(fields) == set(names)
    assert all(field.label for field in fields.values())


TWO = Sheet({}, ({"name": "a"}, {"name": "b"}), ({"cluster": "a", "name": "x"}, {"cluster": "b", "name": "y"}))


@pytest.mark.parametrize(
    ("sheet", "sentence"),
    [
        (Sheet({"vnet": "10.0.0.0"}, ({},), ({},)), "Virtual network is '10.0.0.0'. It must be an address range such as 10.20.0.0/16."),
        (Sheet({}, ({"pod_cidr": "x"},), ({},)), "Pod CIDR is 'x'. It must be an address range such as 10.20.0.0/16."),
        (Sheet({}, ({"name": "a"}, {"name": "b", "pod_cidr": "x"}), ({"cluster": "a"}, {"cluster": "b"})), "Pod CIDR of b is 'x'. It must be an address range such as 10.20.0.0/16."),
        (Sheet({}, ({},), ({"name": "x"}, {"name": "y", "nodes": "many"})), "Nodes now of pool y is 'many'. It must be a whole number from 0 to 1000000."),
        (Sheet({}, TWO.clusters, ({"cluster": "a", "name": "x"}, {"cluster": "b", "name": "y", "surge": "200%"})), "Surge of pool y in b is '200%'. It must be a number of nodes such as 2, or a percentage up to 100%."),
        (Sheet({}, ({},), ({},), ({"service": "virtual_nodes"},)), "Prefix length of subnet virtual_nodes is missing."),
        (Sheet({}, TWO.clusters, (*TWO.pools, {"cluster": "z", "name": "lost"})), "Node pools name a cluster that the plan does not have: lost (z). It has a, b."),
    ],
)  # fmt: skip
def test_a_problem_is_told_with_the_forms_labels(sheet, sentence):
    assert sentence in told(sheet)


@pytest.mark.parametrize(
    "value", ["x" * 400, "-1", "٣", "10.0.0.0/33", "fd00::/64", "${a}", "1e3", "a=b", "null", "\x00", "💥"]
)
def test_every_bad_value_of_every_field_is_a_sentence_without_the_files_own_words(value):
    fields = {"plan": PLAN_FIELDS, "cluster": CLUSTER_FIELDS, "pool": POOL_FIELDS[1:], "subnet": SUBNET_FIELDS}
    for place, names in fields.items():
        for name in names:
            rows = {"plan": {}, "cluster": {}, "pool": {"name": "apps"}, "subnet": {"name": "x", "prefix": "27"}}
            rows[place][name] = value
            sheet = Sheet(rows["plan"], (rows["cluster"],), (rows["pool"],), (rows["subnet"],))
            for sentence in told(sheet):
                assert sentence.endswith((".", "?")) and "[0]" not in sentence, (name, sentence)


def test_models_are_told_by_their_labels():
    (sentence,) = told(Sheet({}, ({"model": "nope"},), ({},)))
    assert "Azure CNI Node Subnet" in sentence and "node_subnet" not in sentence


def test_pools_follow_a_cluster_that_is_renamed_and_go_with_one_that_is_removed():
    renamed = _with_clusters(TWO, ({"name": "a"}, {"name": "c"}))
    assert [pool["cluster"] for pool in renamed.pools] == ["a", "c"]
    assert told(renamed) == []
    fewer = _with_clusters(TWO, ({"name": "a"},))
    assert [pool["name"] for pool in fewer.pools] == ["x"]
    assert told(fewer) == []
    more = _with_clusters(TWO, (*TWO.clusters, {"name": "c"}))
    assert [pool["cluster"] for pool in more.pools] == ["a", "b", "c"]
    assert told(more) == []


def test_the_table_shows_what_was_typed_also_where_it_is_no_number():
    frame = frame_of(({"name": "a", "nodes": "3", "replaced": "true"}, {"name": "b", "nodes": "many"}), dict(POOL))
    assert list(frame["nodes"]) == ["3", "many"]
    assert list(frame["replaced"]) == [True, False]
    assert [cell_text(v) for v in (None, False, True, 3.0, " x ", 7)] == ["", "", "true", "3", "x", "7"]


NODES = """
apiVersion: v1
kind: Node
metadata: {name: n1, labels: {kubernetes.azure.com/agentpool: apps, kubernetes.azure.com/mode: user, kubernetes.io/os: linux, topology.kubernetes.io/zone: westeurope-2}}
status: {allocatable: {pods: "30"}}
---
apiVersion: v1
kind: Node
metadata: {name: n2, labels: {agentpool: apps, topology.kubernetes.io/zone: westeurope-1}}
status: {allocatable: {pods: "30"}}
---
apiVersion: v1
kind: Node
metadata: {name: n3, labels: {topology.kubernetes.io/zone: "0"}}
---
apiVersion: v1
kind: Pod
metadata: {name: p, namespace: a}
spec: {nodeName: n1, containers: [{name: c, image: i}]}
status: {phase: Running, podIP: 10.244.0.4}
---
apiVersion: v1
kind: Pod
metadata: {name: agent, namespace: a}
spec: {nodeName: n1, hostNetwork: true, containers: [{name: c, image: i}]}
---
apiVersion: v1
kind: Pod
metadata: {name: done, namespace: a}
spec: {nodeName: n2, containers: [{name: c, image: i}]}
status: {phase: Succeeded}
---
apiVersion: v1
kind: Service
metadata: {name: inside, namespace: a, annotations: {service.beta.kubernetes.io/azure-load-balancer-internal: "true"}}
spec: {type: LoadBalancer, selector: {a: b}, ports: [{name: a, port: 80}, {name: b, port: 443}]}
---
apiVersion: v1
kind: Service
metadata: {name: headless, namespace: a}
spec: {clusterIP: None, selector: {a: b}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: elsewhere, namespace: a}
spec: {type: ExternalName, externalName: example.com}
"""


def test_a_loaded_cluster_fills_pools_and_counts():
    loaded = load("upload:", "test", (InputFile("a.yaml", NODES.encode()),))
    assert pools_of(loaded.snapshot) == (
        {
            "name": "apps",
            "nodes": "2",
            "max_pods": "30",
            "mode": "user",
            "os": "linux",
            "pods_expected": "1",
            "zones": "1 2",
        },
        {"name": "pool", "nodes": "1"},
    )
    found = {name: text for name, text in cluster_of(loaded.snapshot).items() if text}
    assert found == {"services": "1", "internal_load_balancers": "1", "load_balancer_ports": "2"}


KUBEADM = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: kubeadm-config, namespace: kube-system}
data:
  ClusterConfiguration: |
    networking: {serviceSubnet: "10.7.0.0/20,fd00:7::/112", podSubnet: "10.64.0.0/14,fd00:64::/56"}
---
apiVersion: v1
kind: Node
metadata: {name: n1, labels: {kubernetes.azure.com/azure-cni-overlay: "true", kubernetes.azure.com/cluster: c}}
---
apiVersion: v1
kind: Service
metadata: {name: kube-dns, namespace: kube-system}
spec: {clusterIP: 10.7.0.10, clusterIPs: [10.7.0.10, "fd00:7::a"], ipFamilies: [IPv4, IPv6], ports: [{port: 53}]}
---
apiVersion: v1
kind: Service
metadata:
  name: a
  namespace: a
  annotations:
    service.beta.kubernetes.io/azure-load-balancer-internal: "true"
    service.beta.kubernetes.io/azure-pls-create: "true"
    service.beta.kubernetes.io/azure-pls-ip-configuration-ip-address-count: "3"
spec: {type: LoadBalancer, clusterIP: 10.7.0.11, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata:
  name: elsewhere
  namespace: a
  annotations:
    service.beta.kubernetes.io/azure-load-balancer-internal: "true"
    service.beta.kubernetes.io/azure-load-balancer-internal-subnet: apps
spec: {type: LoadBalancer, clusterIP: 10.7.0.12, ports: [{port: 80}]}
"""


def test_a_loaded_cluster_tells_its_model_ranges_and_what_lies_in_its_own_subnet():
    loaded = load("upload:", "test", (InputFile("a.yaml", KUBEADM.encode()),))
    assert {name: text for name, text in cluster_of(loaded.snapshot).items() if text} == {
        "model": "azure_cni_overlay",
        "service_cidr": "10.7.0.0/20",
        "service_cidr_ipv6": "fd00:7::/112",
        "pod_cidr": "10.64.0.0/14",
        "pod_cidr_ipv6": "fd00:64::/56",
        "dns_service_ip": "10.7.0.10",
        "dual_stack": "true",
        "services": "3",
        # The one in a subnet of its own takes nothing of the node subnet.
        "internal_load_balancers": "1",
        "private_link_services": "1",
        "private_link_ips": "3",
        "load_balancer_ports": "2",
    }


def test_a_cluster_that_is_taken_keeps_what_was_typed_and_loses_no_other_cluster():
    own = Sheet({"vnet": "10.20.0.0/16"}, ({"name": "shop", "growth_per_month": "5"},), ({"name": "old"},))
    found, pools = {"model": "kubenet", "services": "", "pod_cidr": "10.64.0.0/16"}, ({"name": "new", "nodes": "3"},)
    taken = with_cluster(own, found, pools)
    assert taken.clusters == (
        {"model": "kubenet", "name": "shop", "growth_per_month": "5", "pod_cidr": "10.64.0.0/16"},
    )
    assert (taken.pools, taken.plan) == (pools, own.plan)
    both = Sheet({}, ({"name": "a"}, {"name": "b"}), ({"cluster": "a", "name": "p"}, {"cluster": "b", "name": "q"}))
    once = with_cluster(both, found, pools)
    assert [cluster["name"] for cluster in once.clusters] == ["a", "b", "loaded"]
    assert once.pools == (*both.pools, {"cluster": "loaded", "name": "new", "nodes": "3"})
    assert with_cluster(once, found, pools) == once
