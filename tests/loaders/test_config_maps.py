"""ConfigMaps: a few of kube-system by name, of these the keys that are needed, and nothing else anywhere."""

from __future__ import annotations

import json

import pytest
import yaml

from lib.facts.config_maps import Form, config_maps
from lib.facts.sources import source
from lib.loaders.assemble import Loaded, assemble
from lib.loaders.bundle.write import write_bundle
from lib.loaders.config_values import kept_value
from lib.loaders.manifests import InputFile, ReadResult, read_inputs
from lib.loaders.mask import MASK

PLANT = "hunter2"
CONFIG = f"""\
apiVersion: v1
kind: ConfigMap
metadata:
  name: cilium-config
  namespace: kube-system
  annotations: {{a: {PLANT}}}
  labels: {{b: {PLANT}}}
data:
  # {PLANT}
  enable-policy: always
  etcd-config: |
    password: {PLANT}
  policy-cidr-match-mode: nodes
  clustermesh-secret: {PLANT}
binaryData: {{x: {PLANT}}}
"""
COREFILE = f"""\
.:53 {{
    errors
    # {PLANT}
    kubernetes cluster.local in-addr.arpa ip6.arpa {{
      pods insecure
    }}
    route53 example.org.:{PLANT} {{
      aws_access_key {PLANT} {PLANT}
    }}
    forward . /etc/resolv.conf 10.0.0.53 https://{PLANT}@dns.example {{
      tls_servername {PLANT}
    }}
    import custom/*.override
}}
(snippet) {{
    {PLANT}
}}
stub.example:53 {{
    forward . 10.1.0.1:5353
}}
import custom/*.server
"""


def in_kube_system(name: str, data: dict[str, object], namespace: str = "kube-system") -> str:
    obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}, "data": data}
    return yaml.safe_dump(obj)


def read(*texts: str, name: str = "a.yaml") -> ReadResult:
    return read_inputs([InputFile(name, "\n---\n".join(texts).encode())])


def load(*texts: str, name: str = "a.yaml") -> Loaded:
    return assemble(read(*texts, name=name), title="test")


def data_of(loaded: Loaded, name: str) -> dict[str, str]:
    return dict(loaded.snapshot.config_map_by_name[name].data)


@pytest.mark.parametrize("fact", config_maps().values(), ids=lambda f: f.name)
def test_every_key_says_what_it_tells_and_by_which_source(fact) -> None:
    assert fact.of and fact.keys
    for key in fact.keys:
        assert key.tells and str(source(key.source))


def test_the_needed_keys_are_kept_with_their_lines_and_nothing_else_is() -> None:
    found = read(CONFIG)
    loaded = assemble(found, title="test")
    assert data_of(loaded, "cilium-config") == {"enable-policy": "always", "policy-cidr-match-mode": "nodes"}
    place = loaded.snapshot.config_maps[0].place("policy-cidr-match-mode")
    assert found.documents.file_line(place) == "a.yaml:13"
    assert CONFIG.splitlines()[12].strip() == "policy-cidr-match-mode: nodes"
    assert not loaded.problems
    assert PLANT not in repr(found.objects) + repr(loaded) + found.documents.excerpt(place)[1]
    assert "policy-cidr-match-mode: nodes" in found.documents.excerpt(place)[1]


@pytest.mark.parametrize(
    ("name", "namespace"), [("cilium-config", "shop"), ("cilium-config", ""), ("app-config", "kube-system")]
)
def test_any_other_config_map_is_a_name_and_no_more(name: str, namespace: str) -> None:
    found = read(in_kube_system(name, {"enable-policy": PLANT}, namespace))
    loaded = assemble(found, title="test")
    assert not loaded.snapshot.config_maps
    assert loaded.snapshot.other_kinds == {"v1 ConfigMap": 1}
    assert PLANT not in repr(found.objects) + found.documents.excerpt(found.objects[0].source)[1]


def test_of_a_corefile_zones_domains_and_plain_servers_are_kept() -> None:
    found = read(in_kube_system("coredns", {"Corefile": COREFILE}))
    kept = data_of(assemble(found, title="test"), "coredns")["Corefile"]
    assert kept.splitlines() == [
        ".:53 {",
        "kubernetes cluster.local in-addr.arpa ip6.arpa",
        "forward . /etc/resolv.conf 10.0.0.53 other",
        "}",
        "other {",
        "}",
        "stub.example:53 {",
        "forward . 10.1.0.1:5353",
        "}",
    ]
    assert PLANT not in repr(found.objects) + found.documents.excerpt(found.objects[0].source)[1]


@pytest.mark.parametrize(
    ("name", "key", "text", "kept"),
    [
        (
            "kubeadm-config",
            "ClusterConfiguration",
            f"etcd: {{key: {PLANT}}}\nnetworking: {{podSubnet: 10.1.0.0/16, dnsDomain: Corp.Local, x: {PLANT}}}",
            {"networking": {"dnsDomain": "corp.local", "podSubnet": "10.1.0.0/16"}},
        ),
        ("kube-proxy", "config.conf", f"mode: ipvs\nclusterCIDR: ''\nx: {PLANT}", {"mode": "ipvs"}),
        (
            "azure-ip-masq-agent-config",
            "ip-masq-agent",
            f"nonMasqueradeCIDRs: [10.0.0.0/8, 'fd00::/8']\nmasqLinkLocal: true\nx: {PLANT}",
            {"nonMasqueradeCIDRs": ["10.0.0.0/8", "fd00::/8"], "masqLinkLocal": True},
        ),
    ],
)
def test_of_a_file_inside_only_named_fields_are_kept(name: str, key: str, text: str, kept: object) -> None:
    found = read(in_kube_system(name, {key: text, "other": PLANT}))
    loaded = assemble(found, title="test")
    assert json.loads(data_of(loaded, name)[key]) == kept
    assert PLANT not in repr(found.objects) + found.documents.excerpt(found.objects[0].source)[1]


BROKEN = {
    Form.WORD: ["a\nb", f"{PLANT}: x", "x" * 999, "<b>", "a=b"],
    Form.PREFIXES: ["10.0.0.0/99", PLANT, "10.0.0.0/8 " * 999, f"10.0.0.0/8,fe80::%{PLANT}/64"],
    Form.COREFILE: ["}", "a {", "a {\n" * 999, "a { \n } \n }"],
    Form.IP_MASQ_AGENT: ["[", PLANT, "nonMasqueradeCIDRs: x", "nonMasqueradeCIDRs: [1]", "nonMasqueradeCIDRs: [a]"],
    Form.KUBEADM: ["{", PLANT, "networking: x", "networking: {podSubnet: a}", "networking: {dnsDomain: 'a b'}"],
    Form.KUBE_PROXY: ["{", PLANT, "mode: 5", "mode: [a]", "clusterCIDR: b"],
}


@pytest.mark.parametrize(("form", "text"), [(f, t) for f, texts in BROKEN.items() for t in texts])
def test_a_value_that_is_not_of_its_form_is_not_kept(form: Form, text: str) -> None:
    assert kept_value(form, text) == MASK


@pytest.mark.parametrize("form", Form)
@pytest.mark.parametrize("value", [None, True, 5, ["a"], {"a": "b"}, "x" * 300_000])
def test_what_is_no_text_or_too_long_is_not_kept(form: Form, value: object) -> None:
    assert kept_value(form, value) == MASK


def test_a_value_that_cannot_be_read_is_told_with_its_line_and_says_nothing() -> None:
    found = read(in_kube_system("cilium-config", {"enable-policy": f"no: {PLANT}", "ipam": "cluster-pool"}))
    loaded = assemble(found, title="test")
    (problem,) = loaded.problems
    assert problem.code == "config-map-value" and problem.source is not None
    assert "does not tell whether policies are enforced" in problem.message and problem.remedy
    assert found.documents.file_line(problem.source) == "a.yaml:3"
    assert data_of(loaded, "cilium-config") == {"ipam": "cluster-pool"}
    assert PLANT not in repr(loaded)


@pytest.mark.parametrize(("form", "text"), [(f, texts[0]) for f, texts in BROKEN.items()])
def test_a_value_of_every_form_that_cannot_be_read_is_told(form: Form, text: str) -> None:
    name, key = next((fact.name, key.key) for fact in config_maps().values() for key in fact.keys if key.form is form)
    loaded = load(in_kube_system(name, {key.replace("*", "test"): text}))
    assert [p.code for p in loaded.problems] == ["config-map-value"]
    assert not data_of(loaded, name)


def test_a_value_that_an_alias_repeats_might_be_a_secret_and_is_not_kept() -> None:
    text = f"""\
apiVersion: v1
kind: List
items:
- {{apiVersion: v1, kind: Secret, metadata: {{name: s, namespace: a}}, data: &d {{ipam: {PLANT}}}}}
- {{apiVersion: v1, kind: ConfigMap, metadata: {{name: cilium-config, namespace: kube-system}}, data: *d}}
"""
    found = read(text)
    loaded = assemble(found, title="test")
    assert PLANT not in repr(found.objects) + repr(loaded)
    assert not data_of(loaded, "cilium-config")
    assert [p.code for p in loaded.problems] == ["config-map-value"]


def test_aliases_inside_a_file_inside_are_bounded() -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
    for left, right in ("ba", "cb", "dc", "ed", "fe"):
        bomb += f"{left}: &{left} [{', '.join([f'*{right}'] * 10)}]\n"
    assert kept_value(Form.KUBEADM, f"{bomb}networking: {{podSubnet: 10.0.0.0/8}}") == MASK


@pytest.mark.parametrize("name", ["a.yaml", "a.json"])
def test_a_list_as_kubectl_prints_it_is_read(name: str) -> None:
    objects = [yaml.safe_load(CONFIG), yaml.safe_load(in_kube_system("kube-root-ca.crt", {"ca.crt": PLANT}))]
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}, indent=1)
    loaded = load(text, name=name)
    assert data_of(loaded, "cilium-config")["enable-policy"] == "always"
    assert loaded.snapshot.other_kinds == {"v1 ConfigMap": 1}
    assert loaded.snapshot.object_counts == {"ConfigMap": 1}


@pytest.mark.parametrize(
    "text", [CONFIG, in_kube_system("coredns", {"Corefile": COREFILE}), in_kube_system("kubeadm-config", {
        "ClusterConfiguration": "networking: {podSubnet: 10.1.0.0/16}"})], ids=["cilium", "coredns", "kubeadm"]
)  # fmt: skip
def test_a_snapshot_says_the_same_and_what_is_kept_of_the_kept_is_the_same(text: str) -> None:
    found = read(text)
    loaded = assemble(found, title="test")
    bundle = write_bundle(found, loaded.snapshot.coverage)
    again = assemble(read_inputs([InputFile("s.zip", bundle)]), title="test")
    assert [(c.ref, dict(c.data)) for c in again.snapshot.config_maps] == [
        (c.ref, dict(c.data)) for c in loaded.snapshot.config_maps
    ]
    assert PLANT.encode() not in bundle


@pytest.mark.parametrize("data", ["[hunter2]", "hunter2", "5"])
def test_data_that_is_no_mapping_is_told(data: str) -> None:
    text = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: cilium-config, namespace: kube-system}}\ndata: {data}\n"
    loaded = load(text)
    assert [p.code for p in loaded.problems] == ["wrong-type"] and not loaded.snapshot.config_maps
    assert PLANT not in repr(loaded)
