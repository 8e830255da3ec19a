# ruff: noqa: E501
"""Planted secrets: none is in a snapshot, packed or unpacked, whatever place and shape they were written in."""

from __future__ import annotations

import base64
import json
import zipfile
from io import BytesIO

import pytest

from lib.loaders.manifests import InputFile
from tests.loaders.bundle.again import text, twice
from tests.loaders.test_redact import CONTAINERS, SECRETS, SHAPES, pod

PLANT = "hunter2"
FORMS = (PLANT, base64.b64encode(PLANT.encode()).decode().rstrip("="))

OBJECT = "apiVersion: {version}\nkind: {kind}\nmetadata:\n  name: example-1\n  namespace: a\n"
ANNOTATED = OBJECT + "  annotations:\n    {key}: 'hunter2'\n"
KINDS = {
    "v1": ("Service", "Pod", "Namespace", "Node", "Secret", "ConfigMap", "ServiceAccount", "Endpoints"),
    "apps/v1": ("Deployment", "DaemonSet"),
    "networking.k8s.io/v1": ("NetworkPolicy", "Ingress", "IngressClass"),
    "gateway.networking.k8s.io/v1": ("Gateway", "HTTPRoute"),
    "cilium.io/v2": ("CiliumNetworkPolicy",),
    "projectcalico.org/v3": ("NetworkPolicy", "GlobalNetworkPolicy"),
    "discovery.k8s.io/v1": ("EndpointSlice",),
}
KEYS = (
    "example.com/token",
    "kubectl.kubernetes.io/last-applied-configuration",
    "nginx.ingress.kubernetes.io/configuration-snippet",
    "password",
)


def contents(data: bytes) -> str:
    """The bytes as they are, names of entries included, and all that is in them."""
    with zipfile.ZipFile(BytesIO(data)) as archive:
        parts = [archive.read(name).decode() for name in archive.namelist()]
        return "\n".join([data.decode("latin-1"), *archive.namelist(), *parts])


def has_no_plant(content: str, name: str = "a.yaml") -> None:
    for anonymise in (False, True):
        data = twice(text(content, name), anonymise=anonymise).data
        found = contents(data)
        assert not [form for form in FORMS if form in found]


@pytest.mark.parametrize("body", SECRETS.values(), ids=SECRETS.keys())
@pytest.mark.parametrize("kind", ["Secret", "ConfigMap", "SealedSecret"])
def test_nothing_of_a_secret_is_in_it(body: str, kind: str) -> None:
    has_no_plant(f"apiVersion: v1\nkind: {kind}\nmetadata:\n  name: example-1\n{body}")


@pytest.mark.parametrize("body", CONTAINERS.values(), ids=CONTAINERS.keys())
def test_nothing_of_a_containers_secrets_is_in_it(body: str) -> None:
    has_no_plant(pod(body))


@pytest.mark.parametrize("content", SHAPES.values(), ids=SHAPES.keys())
def test_no_odd_shape_brings_one_in(content: str) -> None:
    has_no_plant(content)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(("version", "kind"), [(v, k) for v, kinds in KINDS.items() for k in kinds])
def test_no_annotation_of_any_kind_brings_one_in(version: str, kind: str, key: str) -> None:
    has_no_plant(ANNOTATED.format(version=version, kind=kind, key=key))


def test_no_annotation_of_a_template_or_of_what_a_gateway_makes_brings_one_in() -> None:
    note = "annotations: {example.com/token: hunter2}"
    has_no_plant(
        OBJECT.format(version="apps/v1", kind="Deployment")
        + f"spec: {{template: {{metadata: {{{note}}}, spec: {{}}}}}}\n"
    )
    gateway = OBJECT.format(version="gateway.networking.k8s.io/v1", kind="Gateway")
    has_no_plant(gateway + f"spec: {{gatewayClassName: c, infrastructure: {{{note}}}, listeners: []}}\n")


@pytest.mark.parametrize(
    "field",
    [
        "volumes: [{name: v, hostPath: {path: /hunter2}}]",
        "imagePullSecrets: [{name: hunter2}]",
        "nodeSelector: {a: hunter2}",
        "containers: [{name: c, image: registry/hunter2, volumeMounts: [{mountPath: /hunter2}]}]",
        "containers: [{name: c, readinessProbe: {httpGet: {httpHeaders: [{name: Authorization, value: hunter2}]}}}]",
        "containers: hunter2",
        "containers: [hunter2]",
        "initContainers: {hunter2: hunter2}",
    ],
)
def test_what_the_model_does_not_need_of_a_pod_is_not_in_it(field: str) -> None:
    has_no_plant(OBJECT.format(version="v1", kind="Pod") + f"spec: {{{field}}}\n")


@pytest.mark.parametrize("kind", ["HTTPRoute", "GRPCRoute"])
def test_headers_that_a_route_sets_are_not_in_it(kind: str) -> None:
    header = "{name: Authorization, value: Bearer hunter2}"
    item = f"{{type: RequestHeaderModifier, requestHeaderModifier: {{set: [{header}], add: [{header}]}}}}"
    backend = f"{{name: s, port: 80, filters: [{item}]}}"
    route = OBJECT.format(version="gateway.networking.k8s.io/v1", kind=kind)
    has_no_plant(f"{route}spec: {{rules: [{{filters: [{item}], backendRefs: [{backend}]}}]}}\n")


def test_comments_managed_fields_and_a_servers_messages_are_not_in_it() -> None:
    pod_text = OBJECT.format(version="v1", kind="Pod").replace("metadata:", "metadata: # hunter2")
    status = (
        "status: {phase: Failed, message: hunter2, reason: hunter2, conditions: [{type: Ready, message: hunter2}]}\n"
    )
    has_no_plant(f"# hunter2\n{pod_text}{status}# hunter2\n")
    service = OBJECT.format(version="v1", kind="Service") + "  managedFields: [{manager: hunter2}]\n"
    has_no_plant(f"# hunter2\n{service}spec: {{ports: [{{port: 80}}]}} # hunter2\n")


def test_a_kubeconfig_is_not_in_it() -> None:
    has_no_plant(
        "apiVersion: v1\nkind: Config\nusers: [{name: u, user: {token: hunter2}}]\nclusters: []\ncontexts: []\n"
    )


def test_text_that_could_not_be_read_is_not_in_it() -> None:
    has_no_plant("apiVersion: v1\nkind: Secret\ndata: {a: hunter2\n")


def test_the_home_that_a_file_lay_in_is_not_in_it() -> None:
    has_no_plant(OBJECT.format(version="v1", kind="Service") + "spec: {}\n", "/home/hunter2/a.yaml")


def test_no_secret_is_an_object_of_it_and_routes_know_its_keys_all_the_same() -> None:
    content = "apiVersion: v1\nkind: Secret\ntype: kubernetes.io/tls\nmetadata: {name: s, namespace: a}\nstringData: {tls.key: hunter2}\n"
    found = twice([InputFile("a.yaml", content.encode())])
    with zipfile.ZipFile(BytesIO(found.data)) as archive:
        assert archive.namelist() == ["netatlas-snapshot.json"]
        statement = json.loads(archive.read("netatlas-snapshot.json"))
    assert statement["secrets"] == [{"namespace": "a", "name": "s", "type": "kubernetes.io/tls", "keys": ["tls.key"]}]
    (secret,) = found.after.snapshot.secrets
    assert (str(secret.ref), secret.type, secret.keys) == ("a/s[Secret]", "kubernetes.io/tls", ("tls.key",))


def test_what_was_removed_is_listed_with_its_number() -> None:
    annotated = ANNOTATED.format(version="v1", kind="Service", key="example.com/a")
    content = f"{annotated}---\n" + pod("env: [{name: A, value: hunter2}]\ncommand: [hunter2]\n")
    with zipfile.ZipFile(BytesIO(twice(text(content)).data)) as archive:
        removed = json.loads(archive.read("netatlas-snapshot.json"))["removed"]
    assert "values of environment variables" in removed["always"]
    assert removed["here"]["annotations that networking does not need"] == 1
    assert removed["here"]["env of containers"] == 1
    assert removed["here"]["command of containers"] == 1
    assert removed["here"]["image of containers"] == 1
