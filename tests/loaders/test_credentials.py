"""Credentials in headers of routes, policies and proxies: gone from objects and texts, and the rest stays."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
import yaml

from lib.flows.rows import flow_rows
from lib.loaders.assemble import assemble
from lib.loaders.cluster.keep import Keeper
from lib.loaders.cluster.resources import RESOURCES
from lib.loaders.credentials import is_header_note, is_telling
from lib.loaders.mask import MASK
from lib.policy.engine import compile_engine
from lib.routing.routes import ingress_backends, route_views
from lib.routing.url_test import Certainty
from lib.routing.url_test import test_url as ask_url
from tests.loaders.bundle.test_leaks import has_no_plant
from tests.loaders.test_redact import PLANT, everything, read

Raw = dict[str, Any]
SECRET = {"name": "Authorization", "value": f"Bearer {PLANT}"}
PLAIN = {"name": "X-Version", "value": "v2"}
SET = {"set": [SECRET, PLAIN], "add": [{"name": "x-api-key", "value": PLANT}]}
MODIFIERS = [
    {"type": "RequestHeaderModifier", "requestHeaderModifier": SET},
    {"type": "ResponseHeaderModifier", "responseHeaderModifier": {"set": [{"name": "Set-Cookie", "value": PLANT}]}},
]
MATCH = {
    "path": {"type": "PathPrefix", "value": "/"},
    "headers": [{"name": "X-Auth-Token", "value": PLANT}, PLAIN],
    "queryParams": [{"name": "code", "value": PLANT}, {"name": "page", "value": "2"}],
}


def route(kind: str = "HTTPRoute", match: Raw = MATCH, name: str = "r", backend: str = "web") -> Raw:
    refs = [{"name": backend, "port": 80, "filters": MODIFIERS}]
    matches = [{key: value for key, value in match.items() if key == "headers" or kind == "HTTPRoute"}]
    spec = {"parentRefs": [{"name": "gw"}], "rules": [{"matches": matches, "filters": MODIFIERS, "backendRefs": refs}]}
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": "shop"},
        "spec": spec,
    }


def cilium(field: str) -> Raw:
    http = {
        "headers": [f"X-Token: {PLANT}", f"Authorization {PLANT}", "X-Version: v2", "X-Api-Key"],
        "headerMatches": [{"name": "Cookie", "value": PLANT, "mismatch": "ADD"}, PLAIN],
    }
    rule = {
        "fromEndpoints": [{"matchLabels": {"name": "token", "value": "kept"}}],
        "toPorts": [{"ports": [{"port": "80", "protocol": "TCP"}], "rules": {"http": [http]}}],
    }
    spec: Any = {"endpointSelector": {"matchLabels": {"app": "web"}}, "ingress": [rule]}
    return {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumNetworkPolicy",
        "metadata": {"name": "p", "namespace": "shop"},
        field: [spec] if field == "specs" else spec,
    }


CALICO: Raw = {
    "apiVersion": "projectcalico.org/v3",
    "kind": "NetworkPolicy",
    "metadata": {"name": "default.p", "namespace": "shop"},
    "spec": {
        "selector": "all()",
        "ingress": [
            {
                "action": "Allow",
                "protocol": "TCP",
                "http": {
                    "methods": ["GET"],
                    "headers": [
                        {"header": "X-Api-Key", "operator": "In", "values": [PLANT]},
                        {"header": "X-Version", "operator": "In", "values": ["v2"]},
                    ],
                },
            }
        ],
    },
}
OBJECTS = {
    "HTTPRoute": route(),
    "GRPCRoute": route("GRPCRoute"),
    "Cilium, spec": cilium("spec"),
    "Cilium, specs": cilium("specs"),
    "Calico": CALICO,
}
STYLES = {
    "block YAML": lambda obj: yaml.safe_dump(json.loads(json.dumps(obj))),
    "flow YAML": lambda obj: yaml.safe_dump(json.loads(json.dumps(obj)), default_flow_style=True),
    "YAML with aliases": yaml.safe_dump,
    "JSON": json.dumps,
    "indented JSON": lambda obj: json.dumps(obj, indent=2),
    "a list": lambda obj: json.dumps({"apiVersion": "v1", "kind": "List", "items": [obj]}),
}


def without_plant(value: Any) -> Any:
    """The value with the mask where only the secret, with its scheme or after its header's name, stood."""
    if isinstance(value, dict):
        return {key: without_plant(child) for key, child in value.items()}
    if isinstance(value, list):
        return [without_plant(item) for item in value]
    if isinstance(value, str) and PLANT in value:
        begin = value.partition(PLANT)[0].removesuffix("Bearer ")
        return f"{begin.rstrip()} {MASK}".strip()
    return value


@pytest.mark.parametrize("obj", OBJECTS.values(), ids=OBJECTS.keys())
@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES.keys())
def test_values_of_telling_headers_go_and_everything_else_stays(obj: Raw, style: Any) -> None:
    result = read(style(obj))
    assert PLANT not in everything(result)
    (raw,) = result.objects
    assert raw.obj == without_plant(obj)
    assert "v2" in repr(raw.obj)


@pytest.mark.parametrize("obj", OBJECTS.values(), ids=OBJECTS.keys())
def test_they_go_from_what_a_server_lists(obj: Raw) -> None:
    group = obj["apiVersion"].rpartition("/")[0]
    resource = next(r for r in RESOURCES if (r.group, r.written) == (group, obj["kind"]))
    kept = Keeper().keep(json.loads(json.dumps(obj)), resource, obj["apiVersion"])
    expected = without_plant(obj)
    assert {**kept, "apiVersion": obj["apiVersion"], "kind": obj["kind"]} == expected


@pytest.mark.parametrize("obj", OBJECTS.values(), ids=OBJECTS.keys())
def test_they_are_in_no_snapshot(obj: Raw) -> None:
    has_no_plant(yaml.safe_dump(obj))


def test_lines_below_a_masked_header_are_right() -> None:
    text = yaml.safe_dump(route()) + "status:\n  parents: []\n"
    result = read(text)
    line = result.documents.line_of(result.objects[0].source.at("status"))
    assert line == text.split("\n").index("status:") + 1


@pytest.mark.parametrize(
    ("name", "is_parameter", "tells"),
    [
        ("Authorization", False, True),
        ("proxy-authorization", False, True),
        ("X-Api-Key", False, True),
        ("apikey", False, True),
        ("Ocp-Apim-Subscription-Key", False, True),
        ("x-functions-key", False, True),
        ("X-Amz-Security-Token", False, True),
        ("X-AccessToken", False, True),
        ("Cookie", False, True),
        ("Set-Cookie", False, True),
        ("X-Auth", False, True),
        ("X-JWT-Assertion", False, True),
        ("code", True, True),
        ("sig", True, True),
        ("X-Country-Code", False, False),
        (":authority", False, False),
        ("X-Author", False, False),
        ("X-Keyboard", False, False),
        ("X-Design", False, False),
        ("Accept", False, False),
        ("X-Forwarded-For", False, False),
        ("page", True, False),
        ("", False, False),
    ],
)
def test_which_names_say_that_they_carry_credentials(name: str, is_parameter: bool, tells: bool) -> None:
    assert is_telling(name, is_parameter=is_parameter) is tells


@pytest.mark.parametrize(
    ("key", "value", "goes"),
    [
        ("nginx.org/proxy-set-headers", f"X-Version: v2,X-Api-Key: {PLANT}", True),
        ("haproxy.org/request-set-header", f'|\n  Authorization "{PLANT}"', True),
        ("traefik.ingress.kubernetes.io/custom-request-headers", f"X-Version:v2||X-Token:{PLANT}", True),
        ("example.com/upstream", f"Bearer {PLANT}-1234", True),
        ("nginx.ingress.kubernetes.io/proxy-set-headers", "ingress/custom-headers", False),
        ("nginx.ingress.kubernetes.io/auth-proxy-set-headers", "ingress/auth-headers", False),
        ("nginx.ingress.kubernetes.io/cors-allow-headers", "Authorization, X-Api-Key,Cookie", False),
        ("nginx.ingress.kubernetes.io/auth-response-headers", "Authorization,X-Auth-Request-User", False),
        ("nginx.ingress.kubernetes.io/auth-realm", "Basic authentication is required", False),
        ("nginx.org/proxy-set-headers", "X-Version: v2", False),
    ],
)
def test_annotations_that_set_such_headers_go(key: str, value: str, goes: bool) -> None:
    notes = {key: value, "example.com/note": "kept"}
    obj = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "i", "namespace": "shop", "annotations": notes},
        "spec": {},
    }
    for text in (yaml.safe_dump(obj), json.dumps(obj), yaml.safe_dump(obj | {"x": obj["spec"]})):
        result = read(text)
        assert result.objects[0].obj["metadata"]["annotations"] == {**notes, key: MASK if goes else value}
        assert PLANT not in everything(result)


@pytest.mark.parametrize(("header", "goes"), [("X-Api-Key", True), ("X-Version", False)])
@pytest.mark.parametrize("what", ["canary-by-header-value", "canary-by-header-pattern"])
def test_what_a_canarys_header_must_hold_goes_with_its_name(header: str, goes: bool, what: str) -> None:
    key = "nginx.ingress.kubernetes.io/canary-by-header"
    notes = {key: header, f"{key.removesuffix('canary-by-header')}{what}": PLANT}
    obj = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "i", "annotations": notes}}
    (raw,) = (result := read(yaml.safe_dump(obj))).objects
    assert (PLANT not in everything(result)) is goes
    assert raw.obj["metadata"]["annotations"][key] == header


@pytest.mark.parametrize("piece", ["a", "a ", "bearer ", "basic  ", "a:", "token", "a'", "-a"])
def test_an_annotation_of_any_length_is_looked_through_at_once(piece: str) -> None:
    begun = time.process_time()
    is_header_note({"x/set-header": piece * 400_000}, "x/set-header")
    assert time.process_time() - begun < 5


GATEWAY: Raw = {
    "apiVersion": "gateway.networking.k8s.io/v1",
    "kind": "Gateway",
    "metadata": {"name": "gw", "namespace": "shop"},
    "spec": {"gatewayClassName": "c", "listeners": [{"name": "web", "port": 80, "protocol": "HTTP"}]},
}


def test_a_route_that_wants_a_hidden_value_is_unknown_and_in_no_conflict() -> None:
    # Of one route with each of two keys only the names are left: nobody may say that they want the same requests.
    match = {"path": {"type": "PathPrefix", "value": "/"}, "headers": [{"name": "X-Api-Key", "value": PLANT}]}
    other = {**match, "headers": [{"name": "X-Api-Key", "value": f"{PLANT}-2"}]}
    objects = [GATEWAY, route(match=match, name="one"), route(match=other, name="two", backend="other")]
    snapshot = assemble(read("---\n".join(map(yaml.safe_dump, objects))), title="t").snapshot
    rows = route_views(snapshot)
    assert {row.conditions for row in rows} == {f"header X-Api-Key={MASK}"}
    assert not [issue for row in rows for issue in row.issues if "conflict" in issue.fault.name.lower()]
    asked = ask_url(snapshot, "http://shop.example.com/", headers=[("X-Api-Key", PLANT)])
    assert asked.certainty is Certainty.UNKNOWN
    assert "X-Api-Key to be is a credential, which is not kept" in repr(asked)
    assert ask_url(snapshot, "http://shop.example.com/").winner is None


def test_several_specs_of_one_cilium_policy_count_from_a_file_as_spec_does() -> None:
    workload = """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: c, image: i, ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: client, namespace: shop, labels: {name: token, value: kept}}
spec: {containers: [{name: c, image: i}]}
---
"""
    found = []
    for field in ("spec", "specs"):
        result = assemble(read(workload + yaml.safe_dump(cilium(field))), title="t")
        assert not result.problems
        engine = compile_engine(result.snapshot)
        rows = flow_rows(engine, ingress_backends(result.snapshot), frozenset({"shop"}))
        found.append([(r.to_json()["src"], r.to_json()["dst"], r.to_json()["verdict"]) for r in rows])
    assert found[0] == found[1]


HTTP_ROUTE = (
    "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: r}\nspec:\n  rules:\n  - filters:\n"
    "    - type: RequestHeaderModifier\n      requestHeaderModifier:\n"
)
CILIUM = (
    "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: r}\nspec:\n  endpointSelector: {}\n"
    "  ingress:\n  - toPorts:\n    - rules:\n        http:\n"
)
CALICO = (
    "apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata: {name: default.r}\nspec:\n  ingress:\n"
    "  - action: Allow\n    http:\n"
)


@pytest.mark.parametrize(
    "text",
    [
        # What other kinds call these fields, which some manifests carry over.
        HTTP_ROUTE + "        set: {Authorization: %s}\n",
        HTTP_ROUTE + "        set:\n          X-Api-Key: %s\n",
        HTTP_ROUTE + "        set:\n        - {name: Authorization, values: [%s]}\n",
        HTTP_ROUTE + "        set:\n        - {name: Authorization, Value: %s}\n",
        HTTP_ROUTE + "        set:\n        - {Name: Authorization, value: %s}\n",
        HTTP_ROUTE + "        set:\n        - {header: Authorization, value: %s}\n",
        HTTP_ROUTE + "        set:\n        - {key: Authorization, value: %s}\n",
        HTTP_ROUTE + "        set:\n        - {name: [Authorization], value: %s}\n",
        # What a value says of itself, and names that run words together or are too long.
        HTTP_ROUTE + "        set:\n        - {name: X-Forward, value: Bearer 1%s}\n",
        HTTP_ROUTE + "        set:\n        - {name: x-appkey, value: %s}\n",
        HTTP_ROUTE + "        set:\n        - {name: x-authkey, value: %s}\n",
        HTTP_ROUTE + f"        set:\n        - {{name: {'x' * 300}-token, value: %s}}\n",
        # A value that comes with a merge.
        HTTP_ROUTE + "        set:\n        - &x {name: Authorization, value: %s}\n        - {<<: *x, name: other}\n",
        CILIUM + '        - headers: ["Authorization\\t%s"]\n',
        CILIUM + "        - headers: ['Authorization=%s']\n",
        CILIUM + "        - headers: ['X-Forward: Bearer 1%s']\n",
        CILIUM + "        - headers: {Authorization: %s}\n",
        CILIUM + "        - headers: [{Authorization: %s}]\n",
        CILIUM + "        - headers: 'Authorization: %s'\n",
        CALICO + "      headers: [{header: Authorization, operator: In, value: %s}]\n",
        CALICO + "      headers: [{name: Authorization, values: [%s]}]\n",
        CALICO + "      headers: {header: Authorization, values: [%s]}\n",
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: r\n  annotations:\n"
        "    konghq.com/headers.authorization: %s\n",
    ],
)
def test_values_go_in_forms_too_that_the_api_does_not_have(text: str) -> None:
    for written in (text, "apiVersion: v1\nkind: List\nitems:\n- " + text.rstrip().replace("\n", "\n  ") + "\n"):
        assert PLANT not in everything(read(written % PLANT))
        has_no_plant(written % PLANT)


def test_labels_and_references_that_are_called_like_credentials_stay() -> None:
    text = CILIUM.replace("{}", "{matchExpressions: [{key: auth-token, operator: In, values: [kept]}]}") + (
        "        - headerMatches: [{name: X-Version, value: v2, secret: {name: kept, namespace: shop}}]\n"
    )
    found = read(text)
    (raw,) = found.objects
    assert raw.obj == yaml.safe_load(text)
