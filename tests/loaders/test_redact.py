# ruff: noqa: E501
"""Planted secrets: none may be found in anything that is returned, whatever the shape they were written in."""

import base64
import json
import time
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.loaders.assemble import assemble
from lib.loaders.manifests import InputFile, ReadResult, read_inputs
from lib.loaders.secret_fields import MASK, is_secret_note

PLANT = "hunter2"
ENCODED = base64.b64encode(PLANT.encode()).decode()


def everything(result: ReadResult) -> str:
    """All that was kept, as text: every repr, and every document's text."""
    texts = [repr(d) for d in result.documents._documents.values()]
    shown = [str(result.documents.excerpt(o.source)) for o in result.objects]
    return "\n".join([repr(result), *map(repr, result.objects), *map(repr, result.problems), *texts, *shown])


def read(text: str, name: str = "a.yaml") -> ReadResult:
    return read_inputs([InputFile(name, text.encode())])


def pod(container: str, kind: str = "Pod") -> str:
    lines = "\n".join("    " + line for line in container.strip("\n").split("\n"))
    head = f"apiVersion: v1\nkind: {kind}\nmetadata:\n  name: x\nspec:\n  containers:\n  - image: i\n"
    return f"{head}{lines}\n    ports: [{{containerPort: 80}}]\n"


SECRETS = {
    "plain": "data:\n  k: hunter2\n",
    "quoted": "data:\n  k: \"hunter2\"\n  l: 'hunter2'\n",
    "base64": f"data:\n  k: {ENCODED}\n",
    "literal block": "stringData:\n  k: |\n    a\n    hunter2\n  l: 1\n",
    "folded block": "stringData:\n  k: >-\n    a\n\n    hunter2\n",
    "many lines plain": "stringData:\n  k: a\n    hunter2\n    b\n",
    "many lines quoted": 'stringData:\n  k: "a\n    hunter2\n    b"\n',
    "flow": "data: {k: hunter2, 'l': \"hunter2\"}\n",
    "comment beside": "data:\n  k: x # hunter2\n",
    "comment before": "# hunter2\ndata:\n  # hunter2\n  k: x\n# hunter2\n",
    "comment beside kind": "kind: Secret # hunter2\n",
    "comment after a number sign": "type: a#b # hunter2\ndata: {k: 'x #', l: a#b} ## hunter2 # x\n",
    "annotation": "data: {}\nmetadata:\n  name: s\n  annotations:\n    note: hunter2\n",
    "data is text": "data: hunter2\n",
    "data is a list": "data:\n- hunter2\n- k: hunter2\n",
    "one level too high": "data:\nk: hunter2\n",
    "one level too deep": "data:\n  k:\n    l: hunter2\n",
    "no space after the colon": "stringData: {password:hunter2}\n",
    "no space after the colon in a block": "stringData:\n  password:hunter2\n",
    "colon without space at the top": "password:hunter2: 1\n",
    "anchor": "data:\n  k: &p hunter2\n  l: *p\n",
    "anchor repeated in a label": "data:\n  k: &p hunter2\nmetadata:\n  name: s\n  labels: {l: *p}\n",
    "merged": "base: &b {k: hunter2}\ndata:\n  <<: *b\n",
    "type is the secret": "type: hunter2 hunter2\n",
    "tagged": "data:\n  k: !!binary " + ENCODED + "\n",
    "unknown tag": "data:\n  k: !vault hunter2\n",
    "complex key": "stringData:\n  ? k\n  : hunter2\n",
    "null key text": 'stringData: {"hunter2 x": 1}\n',
    "duplicate key": "data:\n  k: hunter2\n  k: hunter2\n",
    "syntax error before": "data:\n  k: [\n  l: hunter2\n",
    "syntax error after": "data:\n  k: hunter2\n  l: ]\n",
    "wrong indentation": "data:\n  k: x\n l: hunter2\n",
    "unclosed quote": "data:\n  k: 'hunter2\n",
    "tab": "data:\n\tk: hunter2\n",
    "control character": "data:\n  k: hunter2\x01\n",
    "template": "data:\n  k: {{ .Values.x }} hunter2\n",
    "alias unknown": "data:\n  k: *hunter2\n",
}


@pytest.mark.parametrize("body", SECRETS.values(), ids=SECRETS.keys())
@pytest.mark.parametrize("kind", ["Secret", "ConfigMap", "secret", "SealedSecret", "Secret ", "Widget"])
def test_nothing_of_a_secret_is_kept(body: str, kind: str) -> None:
    text = f"apiVersion: v1\nkind: {kind}\n"
    text = body if body.startswith("kind") else text + body
    kept = everything(read("a: 1\n---\n" + text + "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: after}\n"))
    assert PLANT not in kept
    assert ENCODED not in kept
    assert "after" in kept


CONTAINERS = {
    "env value": "env:\n- name: A\n  value: hunter2\n",
    "env value block": "env:\n- name: A\n  value: |\n    hunter2\n    x\n- name: B\n  value: x\n",
    "env flow": 'env: [{name: A, value: hunter2}, {"name": "B", "value": "hunter2"}]\n',
    "env comment": "env:\n# - name: A\n#   value: hunter2\n- name: B # hunter2\n  value: x # hunter2\n",
    "env mapping": "env:\n  A: hunter2\n",
    "env strings": "env:\n- A=hunter2\n",
    "env name holds it": "env:\n- name: A=hunter2\n",
    "env text": "env: hunter2\n",
    "env misspelt": "env:\n- name: A\n  valeu: hunter2\n",
    "env no space": "env: [{name: A, value:hunter2}]\n",
    "env value is nested": "env:\n- name: A\n  value: {a: [hunter2]}\n",
    "env valueFrom is text": "env:\n- name: A\n  valueFrom: hunter2\n",
    "value beside env": "env:\n- name: A\nvalue: hunter2\n",
    "args": "args: [--password, hunter2]\n",
    "args block": "args:\n- --password\n- hunter2\n",
    "args text": "args: --password hunter2\n",
    "command": 'command: ["sh", "-c", "hunter2"]\n',
    "command block": "command:\n  - sh\n  - |\n    hunter2\n",
    "probe header": "readinessProbe:\n  httpGet:\n    httpHeaders:\n    - name: Authorization\n      value: hunter2\n",
    "probe command": "livenessProbe:\n  exec:\n    command: [hunter2]\n",
    "anchored value": "env:\n- name: A\n  value: &p hunter2\n- name: B\n  value: *p\n",
    "commented out whole": "# env:\n# - name: A\n#   value: hunter2\ntty: true\n",
    "anchored list": "args: &a [hunter2]\nextra: *a\n",
    "anchored env": "env: &e\n- {name: A, value: hunter2}\nextra: *e\n",
    "merged item": "env:\n- &e {name: A, value: hunter2}\n- <<: *e\n  name: B\n",
}


@pytest.mark.parametrize("body", CONTAINERS.values(), ids=CONTAINERS.keys())
def test_nothing_of_a_containers_secrets_is_kept(body: str) -> None:
    text = pod(body)
    result = read(text)
    assert PLANT not in everything(result)
    (raw,) = result.objects
    assert raw.obj["spec"]["containers"][0]["ports"] == [{"containerPort": 80}]
    line = result.documents.line_of(raw.source.at("spec", "containers", 0, "ports"))
    assert line == text.split("\n").index("    ports: [{containerPort: 80}]") + 1


# Written out, what an alias repeats is an unknown field's own value.
ALONE = {name: body for name, body in CONTAINERS.items() if "extra" not in body}


@pytest.mark.parametrize("body", ALONE.values(), ids=ALONE.keys())
@pytest.mark.parametrize("field", ["containers", "initContainers", "ephemeralContainers"])
def test_nothing_of_it_is_kept_in_templates_lists_and_json(body: str, field: str) -> None:
    template = yaml.load(pod(body).replace("kind: Pod", "kind: P"), Loader=yaml.CSafeLoader)["spec"]
    template[field] = template.pop("containers")
    job = {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "j"}}
    job["spec"] = {"jobTemplate": {"spec": {"template": {"spec": template}}}}
    bundle = {"apiVersion": "v1", "kind": "List", "items": [job, {"apiVersion": "v1", "kind": "Service"}, job]}
    typed = {"apiVersion": "batch/v1", "kind": "CronJobList", "items": [{"metadata": {}, "spec": job["spec"]}]}
    for value in (job, bundle, typed):
        for text in (json.dumps(value), json.dumps(value, indent=2), yaml.safe_dump(value), yaml.dump(value)):
            result = read(text)
            assert PLANT not in everything(result)
            assert result.objects
            assert not result.problems


def test_definitions_that_a_variable_repeats_are_hidden_where_they_only_serve_as_notes() -> None:
    text = pod("env:\n- {name: A, value: *p}\n").replace(
        "  name: x\n", "  name: x\n  annotations: {note: &p hunter2}\n", 1
    )
    assert PLANT not in everything(read(text))
    text = "x-env: &e {name: A, value: hunter2}\n" + pod("env:\n- *e\n")
    assert PLANT not in everything(read(text))


def test_a_name_that_a_variable_repeats_stays() -> None:
    text = pod("env:\n- {name: A, value: *n}\n").replace("name: x\n", "name: &n web\n", 1)
    (raw,) = read(text).objects
    assert raw.obj["metadata"]["name"] == "web"


LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


@pytest.mark.parametrize(
    "style", ['\'{"a":"hunter2"}\'', '|\n      {"a":\n        "hunter2"}', "hunter2", "{a: hunter2}"]
)
def test_last_applied_annotation_is_dropped(style: str) -> None:
    text = "apiVersion: v1\nkind: Service\nmetadata:\n  name: x\n  annotations:\n"
    text += f"    {LAST_APPLIED}: {style}\n    b: kept\nspec: {{}}\n"
    result = read(text)
    assert PLANT not in everything(result)
    (raw,) = result.objects
    assert raw.obj["metadata"]["annotations"]["b"] == "kept"
    assert result.documents.line_of(raw.source.at("spec")) == text.split("\n").index("spec: {}") + 1


def test_labels_named_like_watched_fields_are_left_alone() -> None:
    text = pod("name: c\n").replace(
        "  name: x\n", "  name: x\n  labels: {env: prod, value: v, command: c, args: a}\n", 1
    )
    (raw,) = read(text).objects
    assert raw.obj["metadata"]["labels"] == {"env": "prod", "value": "v", "command": "c", "args": "a"}


def test_values_of_routes_are_left_alone() -> None:
    path = {"path": {"type": "Exact", "value": "/a"}, "headers": [{"name": "h", "value": "v"}]}
    route = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": "r"}}
    route["spec"] = {"rules": [{"matches": [path]}]}
    (raw,) = read(yaml.safe_dump(route)).objects
    assert raw.obj == route


def test_secret_keeps_type_and_key_names() -> None:
    metadata = "metadata: {name: s, namespace: n, labels: {a: b}}\n"
    text = f"apiVersion: v1\nkind: Secret\ntype: kubernetes.io/tls\n{metadata}data: {{tls.crt: x, tls.key: y}}\n"
    (raw,) = read(text).objects
    assert raw.obj["type"] == "kubernetes.io/tls"
    assert raw.obj["metadata"] == {"name": "s", "namespace": "n"}
    assert list(raw.obj["data"]) == ["tls.crt", "tls.key"]


@pytest.mark.parametrize("text", [
    "apiVersion: v1\nkind: Config\nusers: [{name: a, user: {token: hunter2}}]\n",
    "kind: Config\nclusters: []\ncurrent-context: hunter2\n",
    "users: [{user: {password: hunter2}}]\nclusters: []\ncontexts: []\n",
    json.dumps({"kind": "Config", "users": [{"user": {"token": "hunter2"}}]}),
])  # fmt: skip
def test_kubeconfig_is_refused_whole(text: str) -> None:
    result = read(text)
    assert [p.code for p in result.problems] == ["kubeconfig"]
    assert not result.objects
    assert PLANT not in everything(result)


def test_documents_without_a_kind_are_not_kept() -> None:
    for text in (
        "password: hunter2\n",
        "hunter2\n",
        "- hunter2\n",
        "kind: [hunter2]\n",
        "kind: hunter2 x\n",
        "hunter2: 1\n",
    ):
        result = read(text)
        assert PLANT not in everything(result)
        assert result.problems


SHAPES = {
    "container without image, args text": "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec:\n  containers:\n  - name: c\n    args: --password hunter2\n",
    "no image command": "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: [{name: c, command: hunter2}]}\n",
    "tag value": pod("env:\n- name: A\n  value: !hunter2\n"),
    "tag secret": "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  p: !hunter2\n  q: !hunter2 x\n",
    "anchor secret": "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  p: &hunter2\n  q: &hunter2 x\n",
    "anchor env": pod("env:\n- name: A\n  value: &hunter2\n"),
    "anchor env2": pod("env:\n- name: A\n  value: &hunter2 x\n- {name: B, value: &hunter2 }\n"),
    "key set": 'apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {"hunter2 a", "hunter2 a"}\n',
    "annotation": pod("tty: true\n").replace("  name: x\n", "  name: x\n  annotations:\n    token: hunter2\n", 1),
    "kapp": pod("tty: true\n").replace(
        "  name: x\n",
        '  name: x\n  annotations:\n    kapp.k14s.io/original: |\n      {"env": [{"value": "hunter2"}]}\n',
        1,
    ),
    "csi": pod("tty: true\n")
    + "  volumes:\n  - csi: {driver: d, volumeAttributes: {password: hunter2}}\n    name: v\n",
    "flex": pod("tty: true\n") + "  volumes:\n  - flexVolume: {driver: d, options: {password: hunter2}}\n    name: v\n",
    "term": pod("tty: true\n")
    + 'status:\n  containerStatuses:\n  - name: c\n    lastState: {terminated: {message: "hunter2"}}\n',
    "envFrom": pod("envFrom:\n- PASSWORD: hunter2\n"),
    "valueFrom": pod("env:\n- name: A\n  valueFrom: {literal: hunter2}\n"),
    "valueFrom2": pod("env:\n- name: A\n  valueFrom: {secretKeyRef: hunter2}\n"),
    "valueFrom3": pod(
        "env:\n- name: A\n  valueFrom: {secretKeyRef: {name: s, key: k, value: hunter2, literal: hunter2}}\n"
    ),
    "Env": pod("Env:\n- name: A\n  Value: hunter2\n"),
    "environment": pod("environment:\n  PASSWORD: hunter2\n"),
    "trailing": "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {}\n# kind: Secret\n# data: hunter2\n",
    "trailing doc": "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {}\n# kind: Secret\n# data: hunter2\n---\na: 1\n",
    "leading": "# hunter2\n---\n# hunter2\napiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {}\n",
    "blockhdr": "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  p: | # hunter2\n    x\n",
    "blockhdr env": pod("env:\n- name: A\n  value: | # hunter2\n    x\n"),
    "blockhdr args": pod("args: # hunter2\n- | # hunter2\n  hunter2\n"),
    "comment after a comma": pod("env: [{name: A, value: x},# {name: B, value: hunter2}\n  {name: C}]\n"),
    "comment after a bracket": pod("env: [# hunter2\n  {# hunter2\n  name: C}# hunter2\n  ]# hunter2\n"),
    "comment after a colon": pod('env: [{"name":# hunter2\n  A}]\n'),
    "comment after a quote": pod("workingDir: 'a'# hunter2\nenv: [{\"name\"# hunter2\n  : A}]\n"),
    "comment after a block's sign": pod(
        "workingDir: |- # hunter2\n  a # b\nimagePullPolicy: >2 # hunter2\n    Always\n"
    ),
    "comment after a comma of a Secret": "{apiVersion: v1, kind: Secret,# hunter2\n metadata: {name: s}}\n",
    "list in list": "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: List\n  items:\n  - apiVersion: v1\n    kind: Secret\n    metadata: {name: a}\n    stringData: {p: hunter2}\n  - "
    + pod("env: [{name: A, value: hunter2}]\n").replace("\n", "\n    ").rstrip()
    + "\n",
    "podlist in list": "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: SecretList\n  items:\n  - metadata: {name: a}\n    stringData: {p: hunter2}\n",
    "cr": (
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  p: hunter2\n  q: |\n    hunter2\n"
    ).replace("\n", "\r"),
    "crlf": pod("env:\n- name: A\n  value: |\n    hunter2\n  # hunter2\nargs: [a, # hunter2\n  hunter2]\n").replace(
        "\n", "\r\n"
    ),
    "nel": pod('env:\n- name: A\n  value: "x\x85  hunter2\u2028 hunter2"\n'),
    "nel comment": pod("env:\n- name: A # hunter2\x85  value: x # hunter2\u2028  # hunter2\n"),
    "doc end": "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  p: hunter2\n...\n# hunter2\n",
    "doc end2": pod("tty: true\n") + "... # hunter2\n",
    "directive": "%YAML 1.1\n%hunter2\n---\n" + pod("tty: true\n"),
    "tagdir": "%TAG !hunter2! tag:x,2002:\n---\n" + pod("tty: true\n"),
    "secret with comment after kind": "apiVersion: v1\nkind: Secret # hunter2\nmetadata: {name: s} # hunter2\ntype: Opaque # hunter2\n",
    "jsonc": '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"},"stringData":{"p":"hunter2"}, # hunter2\n}',
    "json dup": '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"},"stringData":{"p":"hunter2","p":"hunter2"}}',
    "json esc": '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"s"},"spec":{"containers":[{"name":"c","image":"i","env":[{"name":"A","v\\u0061lue":"hunter2"}],"\\u0061rgs":["hunter2"]}]}}',
    "yaml esc": pod('"\\x65nv":\n- "name": A\n  "v\\x61lue": hunter2\n'),
    "explicit keys": pod("? env\n: - ? name\n    : A\n    ? value\n    : hunter2\n"),
    "explicit keys2": pod("? !!str env\n: - name: A\n    ? !!str value\n    : hunter2\n"),
    "alias key": "apiVersion: v1\nkind: Pod\nmetadata: {name: &v value, x: &e env}\nspec:\n  containers:\n  - image: i\n    *e :\n    - name: A\n      *v : hunter2\n",
    "merge env": "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec:\n  containers:\n  - &c\n    image: i\n    env: [{name: A, value: hunter2}]\n  - <<: *c\n    name: d\n  - <<: [*c, {args: [hunter2]}]\n    name: e\n",
    "merge inline": "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec:\n  containers:\n  - <<: {args: [hunter2], image: i}\n    name: d\n",
    "merge inline secret": "apiVersion: v1\nkind: Secret\nmetadata: {name: x}\nstringData:\n  <<: {a: hunter2}\n",
    "merge inline item": pod("env:\n- <<: {name: A, value: hunter2}\n"),
    "merge top": "<<: {stringData: {a: hunter2}}\napiVersion: v1\nkind: Secret\nmetadata: {name: x}\n",
    "merge top2": "<<: {apiVersion: v1, kind: Secret, stringData: {a: hunter2}}\nmetadata: {name: x}\n",
    "labels env list": pod("tty: true\n").replace("  name: x\n", "  name: x\n  labels: {env: [{value: hunter2}]}\n", 1),
    "selector spec": "apiVersion: v1\nkind: ReplicationController\nmetadata: {name: x}\nspec:\n  selector:\n    env: [{name: A, value: hunter2}]\n",
    "label value map": pod("tty: true\n").replace(
        "  name: x\n", "  name: x\n  labels:\n    x:\n      env: [{name: A, value: hunter2}]\n", 1
    ),
    "configmap": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {a: hunter2}\nbinaryData: {b: hunter2}\nimmutable: hunter2\n",
    "argo": "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: x, annotations: {a: hunter2}}\nspec: {arguments: {parameters: [{value: hunter2}]}}\n",
    "NetworkPolicy data": "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: x}\nspec: {podSelector: {}}\ndata: {a: hunter2}\n",
    "Pod stringData": "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nstringData: {a: hunter2}\nspec: {containers: []}\n",
    "service as secret": "apiVersion: v1\nkind: Service\nmetadata: {name: x}\nstringData:\n  a: hunter2\n",
    "kubeconfig min": "apiVersion: v1\nkind: Config\nclusters: []\nusers:\n- name: u\n  user: {token: hunter2}\n---\na: 1\n",
    "kubeconfig in list": "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Config\n  users: [{name: u, user: {token: hunter2}}]\n",
    "lost policy": "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: x\n  annotations: {a: hunter2}\nspec: [\n",
    "lifecycle": pod(
        "lifecycle:\n  preStop:\n    httpGet: {path: /, port: 80, httpHeaders: [{name: X, value: hunter2}]}\n"
    ),
    "wrong type env name": pod("env:\n- name: [hunter2]\n  value: x\n"),
    "wrong type container": "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec:\n  containers:\n    env: [{name: A, value: hunter2}]\n",
    "container as text": "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec:\n  containers: [{env: hunter2}]\n",
    "init env text": "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec:\n  env: hunter2\n  args: hunter2\n",
    "top env": "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nenv: [hunter2]\nspec:\n  containers: []\n",
    "container key without a space": pod("tty: true\n")
    .replace("image: i", "{image: i, value:hunter2}")
    .replace("    tty: true\n", "")
    .replace("    ports: [{containerPort: 80}]\n", ""),
    "misspelt env beside an alias": pod("Env: [hunter2]\nports: &p [{containerPort: 80}]\n").replace(
        "    ports: [{containerPort: 80}]\n", ""
    )
    + "  - {image: i, ports: *p, Args: hunter2}\n",
    "snippet of a proxy": "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: i\n  annotations:\n    nginx.ingress.kubernetes.io/configuration-snippet: |\n      hunter2\nspec: {}\n",
}


@pytest.mark.parametrize("text", SHAPES.values(), ids=SHAPES.keys())
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_nothing_secret_is_kept_of(text: str, encoding: str) -> None:
    result = read_inputs([InputFile("a.yaml", text.encode(encoding))])
    kept = everything(result) + repr(assemble(result, title="t"))
    assert PLANT not in kept


def test_annotations_that_networking_needs_stay() -> None:
    key = "service.beta.kubernetes.io/azure-load-balancer-internal"
    text = f"apiVersion: v1\nkind: Service\nmetadata:\n  name: x\n  annotations: {{{key}: 'true', note: kept}}\nspec: {{}}\n"
    (raw,) = read(text).objects
    assert raw.obj["metadata"]["annotations"] == {key: "true", "note": "kept"}


@pytest.mark.parametrize(
    ("value", "goes"),
    [
        ("https://user:hunter2@auth.example/x", True),
        ("first https://a.example then https://:hunter2@b.example", True),
        ("https://auth.example/x?rd=$escaped_request_uri&access_token=hunter2", True),
        ("https://a.example/cb?X-Api-Key=hunter2", True),
        ("https://ghp_hunter2hunter2hunter2@git.example/x", True),
        ("https://auth.example/cb#id_token=hunter2", True),
        ("https://auth.example/cb?a=b;pwd=hunter2", True),
        ("https://user@auth.example/x", False),
        ("https://auth.example/start?rd=$escaped_request_uri", False),
        ("https://auth.example/x?token=", False),
        ("/new?key=$1", False),
        ("a@b:c", False),
    ],
)
def test_a_login_that_stands_in_a_url_of_an_annotation_goes(value: str, goes: bool) -> None:
    key = "nginx.ingress.kubernetes.io/auth-url"
    text = (
        f"apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: a\n  annotations:\n    {key}: '{value}'\n"
    )
    found = read(text)
    (raw,) = found.objects
    assert raw.obj["metadata"]["annotations"][key] == (MASK if goes else value)
    assert ("hunter2" in found.documents.excerpt(raw.source)[1]) is False


@pytest.mark.parametrize("piece", ["://", "://a?b", "?&", "?a=", ":", "token="])
def test_a_url_of_any_length_is_looked_through_at_once(piece: str) -> None:
    begun = time.process_time()
    key = "nginx.ingress.kubernetes.io/auth-url"
    is_secret_note({key: "://" + piece * 200_000}, key, False)
    assert time.process_time() - begun < 2


def test_lines_below_a_masked_annotation_and_a_misspelt_field_are_right() -> None:
    text = pod("Env:\n- name: A\n  value: |\n    hunter2\n").replace(
        "  name: x\n", "  name: x\n  annotations:\n    note: |\n      hunter2\n\n    b: c\n", 1
    )
    (raw,) = (result := read(text)).objects
    line = result.documents.line_of(raw.source.at("spec", "containers", 0, "ports"))
    assert line == text.split("\n").index("    ports: [{containerPort: 80}]") + 1


def test_known_container_fields_stay() -> None:
    text = pod(
        "envFrom: [{prefix: A, secretRef: {name: s}}]\nenv: [{name: A, valueFrom: {fieldRef: {fieldPath: a}}}]\n"
    )
    (raw,) = read(text).objects
    assert raw.obj["spec"]["containers"][0] == {
        "image": "i",
        "envFrom": [{"prefix": "A", "secretRef": {"name": "s"}}],
        "env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "a"}}}],
        "ports": [{"containerPort": 80}],
    }


def test_items_that_are_no_objects_are_not_kept() -> None:
    items = "- hunter2\n- [hunter2]\n- {password: hunter2}\n- {kind: Service, apiVersion: v1}\n"
    text = f"apiVersion: v1\nkind: List\nitems:\n{items}note: hunter2\n"
    result = read(text)
    assert PLANT not in everything(result)
    assert [o.kind for o in result.objects] == ["Service"]
    assert [p.code for p in result.problems] == ["not-an-object", "not-an-object", "missing-kind"]


KEYS = st.sampled_from(["env", "value", "args", "command", "data", "name", "containers", "spec", "items", "k"])
LEAVES = st.sampled_from(["hunter2", "x", "a hunter2 b", "hunter2\nx\n"])
TREES = st.recursive(LEAVES, lambda t: st.lists(t, max_size=3) | st.dictionaries(KEYS, t, max_size=3), max_leaves=12)


@settings(derandomize=True, deadline=None, max_examples=80)
@given(st.dictionaries(KEYS, TREES, max_size=4), st.sampled_from(["Secret", "ConfigMap", "Foo"]), st.booleans())
def test_no_tree_of_an_unread_kind_is_kept(tree: dict[str, Any], kind: str, in_list: bool) -> None:
    value: dict[str, Any] = {**tree, "apiVersion": "v1", "kind": kind, "metadata": {"name": "n", "x": PLANT}}
    if in_list:
        value = {"apiVersion": "v1", "kind": "List", "items": [value, value]}
    for text in (
        json.dumps(value),
        yaml.safe_dump(value),
        yaml.dump(value),
        yaml.safe_dump(value, default_flow_style=True),
    ):
        assert PLANT not in everything(read(text))


@pytest.mark.parametrize("line_break", ["\r\n", "\n", "\r"])
def test_many_lines_masked_before_a_comment_at_the_end_are_read_at_once(line_break: str) -> None:
    # Each of the masked lines leaves an empty one behind; a search that may split them in many ways never ends.
    block = "".join(f"        {PLANT} {n}\n" for n in range(300))
    text = pod(f"env:\n- name: A\n  value: |\n{block}").replace("    ports: [{containerPort: 80}]\n", "")
    result = read((text + "# the end\n").replace("\n", line_break))
    assert [o.kind for o in result.objects] == ["Pod"]
    assert not result.problems
    kept = everything(result)
    assert PLANT not in kept
    assert "the end" not in kept
