"""The generated clusters are the same for the same seed, consistent, and what plain YAML readers read back."""

import io
import json
from collections import Counter
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
import yaml

from benchmarks.emit import Raw, json_list, write, yaml_documents, yaml_list
from benchmarks.generate import Shape, cluster, main
from tests.samples.raw import has_labels, labels_of, namespace_of, of_kind, port_numbers, selects

SHAPE = Shape(workloads=120, pods_per_workload=3, policies_per_namespace=9, namespaces=7, seed=5)
ITEMS = list(cluster(SHAPE))


def text(parts: object) -> str:
    return "".join(parts)  # type: ignore[arg-type]


def test_same_seed_same_cluster_other_seed_another() -> None:
    assert list(cluster(SHAPE)) == ITEMS
    other = Shape(workloads=120, pods_per_workload=3, policies_per_namespace=9, namespaces=7, seed=6)
    assert list(cluster(other)) != ITEMS


def test_it_has_as_many_of_everything_as_asked() -> None:
    kinds = Counter(item["kind"] for item in ITEMS)
    assert kinds["Namespace"] == kinds["Ingress"] == 7
    assert kinds["Deployment"] == kinds["ReplicaSet"] == kinds["Service"] == kinds["EndpointSlice"] == 120
    assert kinds["Pod"] == 360
    assert kinds["NetworkPolicy"] == 63
    assert kinds["Node"] == 2


def test_without_pods_it_is_a_repository_of_manifests() -> None:
    kinds = {item["kind"] for item in cluster(Shape(workloads=30, pods_per_workload=0))}
    assert kinds == {"Namespace", "IngressClass", "Deployment", "Service", "Ingress", "NetworkPolicy"}


def test_yaml_reads_back_as_the_same_objects() -> None:
    assert list(yaml.load_all(text(yaml_documents(ITEMS)), Loader=yaml.CSafeLoader)) == ITEMS


def test_yaml_list_reads_back_as_the_same_objects() -> None:
    document = yaml.load(text(yaml_list(ITEMS)), Loader=yaml.CSafeLoader)
    assert (document["kind"], document["items"]) == ("List", ITEMS)
    assert yaml.safe_load(text(yaml_list([])))["items"] == []


def test_json_reads_back_as_the_same_objects() -> None:
    document = json.loads(text(json_list(ITEMS)))
    assert (document["kind"], document["items"]) == ("List", ITEMS)


TEXTS = ("", "on", "Yes", "y", "NULL", "~", "1", "1e3", "0x1f", "12:30", "1.5", "a: b", "a #b", "- a", "=", "<<")
MORE_TEXTS = ("2026-11-01", "1.2.3.4", "10.0.0.0/8", "é", "{}", "a\nb", "'", '"', " a", "a ", "a:", "_", "/a.b-c")
OTHERS: tuple[object, ...] = (True, None, 0, -1, 2.5, [], {}, [[1], {"a": []}], [{"b": {"c": [1]}}])


@pytest.mark.parametrize("value", [*TEXTS, *MORE_TEXTS, *OTHERS])
def test_any_value_survives_the_yaml_writer(value: object) -> None:
    item: Raw = {"kind": "Test", "value": value, "values": [value], "keys": {str(value): 1}}
    for reader in (yaml.CSafeLoader, yaml.SafeLoader):
        (document,) = yaml.load_all(text(yaml_documents([item])), Loader=reader)
        assert document == item


def test_addresses_are_unique_and_in_their_blocks() -> None:
    blocks = {n["metadata"]["name"]: ip_network(n["spec"]["podCIDR"]) for n in of_kind(ITEMS, "Node")}
    pods = [(pod["status"]["podIP"], pod["spec"]["nodeName"]) for pod in of_kind(ITEMS, "Pod")]
    assert len({address for address, _ in pods}) == len(pods)
    assert all(ip_address(address) in blocks[node] for address, node in pods)
    clusters = [item["spec"]["clusterIP"] for item in of_kind(ITEMS, "Service")]
    assert len(set(clusters)) == len(clusters)


def test_owners_slices_and_backends_lead_somewhere() -> None:
    uids = {item["metadata"]["uid"]: item for item in ITEMS}
    assert len(uids) == len(ITEMS)
    services = {(namespace_of(item), item["metadata"]["name"]): item for item in of_kind(ITEMS, "Service")}
    for item in ITEMS:
        for owner in item["metadata"].get("ownerReferences", []):
            assert uids[owner["uid"]]["kind"] == owner["kind"]
            assert uids[owner["uid"]]["metadata"]["name"] == owner["name"]
    for item in of_kind(ITEMS, "EndpointSlice"):
        service = services[namespace_of(item), labels_of(item)["kubernetes.io/service-name"]]
        for endpoint in item["endpoints"]:
            pod = uids[endpoint["targetRef"]["uid"]]
            assert [pod["status"]["podIP"]] == endpoint["addresses"]
            assert has_labels(service["spec"]["selector"], labels_of(pod))
            (port,) = service["spec"]["ports"]
            assert port_numbers(pod["spec"], port["targetPort"], "TCP") == {item["ports"][0]["port"]}
    for item in of_kind(ITEMS, "Ingress"):
        for rule in item["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                assert (namespace_of(item), path["backend"]["service"]["name"]) in services


def test_policies_select_somebody_and_use_every_kind_of_rule() -> None:
    for policy in of_kind(ITEMS, "NetworkPolicy"):
        home = namespace_of(policy)
        assert any(
            selects(policy["spec"]["podSelector"], labels_of(pod))
            for pod in of_kind(ITEMS, "Pod")
            if namespace_of(pod) == home
        )
    written = json.dumps(of_kind(ITEMS, "NetworkPolicy"))
    for word in (
        "endPort",
        "ipBlock",
        "except",
        "NotIn",
        "DoesNotExist",
        "Exists",
        '"In"',
        "metrics",
        "namespaceSelector",
    ):
        assert word in written


def test_large_services_are_cut_into_slices_of_a_hundred() -> None:
    items = list(cluster(Shape(workloads=1, pods_per_workload=250)))
    assert [len(item["endpoints"]) for item in of_kind(items, "EndpointSlice")] == [100, 100, 50]


def test_a_folder_gets_a_file_for_each_namespace(tmp_path: Path) -> None:
    arguments = ["--workloads", "60", "--namespaces", "3", "--out"]
    assert main([*arguments, str(tmp_path / "yaml")]) == 0
    assert main([*arguments, str(tmp_path / "json"), "--format", "json"]) == 0
    assert sorted(path.name for path in (tmp_path / "json").iterdir()) == [
        "cluster.json",
        "ns-00000.json",
        "ns-00001.json",
        "ns-00002.json",
    ]
    expected = list(cluster(Shape(workloads=60, namespaces=3)))
    found = [
        document
        for path in sorted((tmp_path / "yaml").iterdir())
        for document in yaml.load_all(path.read_text(), Loader=yaml.CSafeLoader)
    ]
    assert found == expected


def test_standard_output_gets_one_stream(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--workloads", "4", "--out", "-"]) == 0
    assert list(yaml.safe_load_all(capsys.readouterr().out)) == list(cluster(Shape(workloads=4)))


@pytest.mark.parametrize(
    "arguments",
    [
        ["--workloads", "0"],
        ["--workloads", "500001"],
        ["--workloads", "5", "--namespaces", "6"],
        ["--workloads", "5", "--pods-per-workload", "-1"],
        ["--workloads", "500000", "--pods-per-workload", "100"],
    ],
)
def test_impossible_sizes_are_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([*arguments, "--out", "-"])
    assert stopped.value.code == 2
    assert "error:" in capsys.readouterr().err


def test_write_counts_what_it_wrote() -> None:
    stream = io.StringIO()
    assert write(yaml_documents(ITEMS[:9]), stream) == len(stream.getvalue()) > 0
