# ruff: noqa: E501
"""Without names of nodes and files: none is left, equal ones are replaced alike, and the answers stay."""

from __future__ import annotations

import json
import re
import zipfile
from io import BytesIO

import pytest

from lib.loaders.bundle.write import NotWritten
from lib.loaders.manifests import InputFile
from tests.conftest import ROOT
from tests.loaders.bundle.again import bare, differences, text, twice

NODES = ("aks-apps-31415-vmss000000", "aks-apps-31415-vmss000001", "aks-system-27182-vmss000000")


def node(name: str) -> str:
    return (
        f"apiVersion: v1\nkind: Node\nmetadata: {{name: '{name}', labels: {{kubernetes.io/hostname: '{name}'}}}}\n"
        f"spec: {{providerID: 'azure:///subscriptions/s/resourceGroups/g/virtualMachines/{name}'}}\n"
        f"status: {{addresses: [{{type: Hostname, address: '{name}'}}, {{type: InternalIP, address: 10.0.0.4}}]}}\n---\n"
    )


CLUSTER = "".join(map(node, NODES)) + (
    f"apiVersion: v1\nkind: Pod\nmetadata: {{name: kube-proxy-{NODES[0]}, namespace: kube-system, labels: {{a: b}},\n"
    f"  ownerReferences: [{{apiVersion: v1, kind: Node, name: {NODES[0]}, uid: u}}]}}\n"
    f"spec: {{nodeName: {NODES[0]}, hostNetwork: true, containers: [{{name: c}}]}}\n---\n"
    "apiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: a}\nspec: {ports: [{port: 80}]}\n---\n"
    "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\naddressType: IPv4\nports: []\n"
    "metadata: {name: s-1, namespace: a, labels: {kubernetes.io/service-name: s}}\n"
    f"endpoints: [{{addresses: [10.0.0.9], nodeName: {NODES[1]}}}]\n---\n"
    "apiVersion: cilium.io/v2\nkind: CiliumClusterwideNetworkPolicy\nmetadata: {name: p}\n"
    f"spec: {{nodeSelector: {{matchLabels: {{kubernetes.io/hostname: {NODES[2]}}}}}, ingress: [{{}}]}}\n---\n"
    "apiVersion: projectcalico.org/v3\nkind: HostEndpoint\nmetadata: {name: h, labels: {a: b}}\n"
    f"spec: {{node: {NODES[0]}, interfaceName: eth0}}\n---\n"
    "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: g}\n"
    f"spec: {{selector: \"kubernetes.io/hostname == '{NODES[1]}'\", types: [Ingress]}}\n"
)


def contents(data: bytes) -> str:
    with zipfile.ZipFile(BytesIO(data)) as archive:
        return "\n".join([*archive.namelist(), *(archive.read(name).decode() for name in archive.namelist())])


def test_no_name_of_a_node_or_file_is_left() -> None:
    found = contents(twice(text(CLUSTER, "/home/lovelace/contoso.yaml"), anonymise=True).data)
    assert not [name for name in (*NODES, "vmss", "lovelace", "contoso", "resourceGroups") if name in found]
    assert '"anonymised": true' in found


def test_the_same_name_is_replaced_alike_everywhere_and_everything_else_stays() -> None:
    plain, hidden = twice(text(CLUSTER)), twice(text(CLUSTER), anonymise=True)
    written = json.dumps(bare(plain.after.snapshot), default=str)
    for number, name in enumerate(sorted(NODES), 1):
        written = re.sub(f'azure:[^"]*{name}', f"azure:///node-{number}", written).replace(name, f"node-{number}")
    assert json.loads(written) == json.loads(json.dumps(bare(hidden.after.snapshot), default=str))


def test_the_shop_keeps_its_workloads_services_and_policies() -> None:
    folder = ROOT / "sample_data" / "shop"
    files = [InputFile(p.name, p.read_bytes()) for p in sorted(folder.glob("*.yaml"))]
    plain, hidden = (twice(files, anonymise=anonymise).after.snapshot for anonymise in (False, True))
    assert plain.nodes and not {n.name for n in plain.nodes} & {n.name for n in hidden.nodes}
    assert len(plain.nodes) == len(hidden.nodes)
    for part in ("services", "network_policies", "ingresses", "coverage", "object_counts"):
        assert not differences(bare(getattr(plain, part)), bare(getattr(hidden, part)))
    assert [w.ref for w in plain.workloads] == [w.ref for w in hidden.workloads]


def test_what_could_not_be_read_names_neither() -> None:
    broken = f"{node(NODES[0])}apiVersion: v1\nkind: Pod\nmetadata: {{name: {NODES[0]}\n"
    found = twice(text(broken, "contoso.yaml"), anonymise=True)
    assert found.after.problems
    assert not [name for name in (NODES[0], "contoso") if name in contents(found.data)]


@pytest.mark.parametrize("name", ["default", "tcp", "10.0.0.4", "a1"])
def test_a_name_that_is_also_another_value_is_refused_and_not_half_replaced(name: str) -> None:
    with pytest.raises(NotWritten, match="can't be told from other values"):
        twice(text(node(name)), anonymise=True)
