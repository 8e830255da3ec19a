"""Ingress and IngressClass: both forms, and what pkg/apis/networking/validation refuses."""

from __future__ import annotations

import pytest

from lib.model.refs import ObjectRef
from lib.model.routes import ResourceBackend, ServiceBackend
from tests.loaders.parse.build import faults, load, merged

BASE = """
    apiVersion: networking.k8s.io/v1
    kind: Ingress
    metadata: {name: web, namespace: shop, creationTimestamp: "2026-01-02T03:04:05Z"}
    spec:
      ingressClassName: nginx
      rules:
      - host: shop.example
        http:
          paths:
          - {path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}
"""
PATHS = "spec: {{rules: [{{http: {{paths: [{}]}}}}]}}"
BACKEND = "backend: {service: {name: web, port: {number: 80}}}"


def test_a_rule_reads_host_path_and_backend() -> None:
    loaded = load(BASE)
    assert loaded.problems == ()
    (found,) = loaded.snapshot.ingresses
    (rule,) = found.rules
    (path,) = rule.paths
    assert (rule.host, path.path, path.path_type) == ("shop.example", "/", "Prefix")
    assert isinstance(path.backend, ServiceBackend)
    assert (path.backend.service, path.backend.port) == (ObjectRef("shop", "web", "Service"), 80)
    assert (found.class_name, found.class_from_annotation, found.created) == ("nginx", False, "2026-01-02T03:04:05Z")


def test_the_annotation_names_the_class_where_the_field_does_not() -> None:
    changes = "{metadata: {annotations: {kubernetes.io/ingress.class: agic}}, spec: {ingressClassName: null}}"
    (found,) = load(merged(BASE, changes)).snapshot.ingresses
    assert (found.class_name, found.class_from_annotation) == ("agic", True)


def test_v1beta1_has_its_own_backend_and_needs_no_path_type() -> None:
    loaded = load("""
        apiVersion: extensions/v1beta1
        kind: Ingress
        metadata: {name: web}
        spec:
          backend: {serviceName: fallback, servicePort: http}
          rules: [{http: {paths: [{path: /a, backend: {serviceName: web, servicePort: 80}}]}}]
    """)
    assert faults(loaded) == [("warning", "removed-api-version", "apiVersion")]
    (found,) = loaded.snapshot.ingresses
    assert isinstance(found.default_backend, ServiceBackend)
    assert (found.default_backend.service.name, found.default_backend.port) == ("fallback", "http")
    assert found.rules[0].paths[0].path_type == "ImplementationSpecific"


def test_a_resource_backend_keeps_its_group_and_kind() -> None:
    resource = "{path: /a, pathType: Exact, backend: {resource: {apiGroup: s.example, kind: Bucket, name: b}}}"
    (found,) = load(merged(BASE, PATHS.format(resource))).snapshot.ingresses
    backend = found.rules[0].paths[0].backend
    assert isinstance(backend, ResourceBackend)
    assert (backend.api_group, backend.ref) == ("s.example", ObjectRef("shop", "b", "Bucket"))


REFUSED_PATHS = [
    ("no path type", f"{{path: /, {BACKEND}}}", "missing-path-type", ""),
    ("unknown path type", f"{{path: /, pathType: prefix, {BACKEND}}}", "unsupported-value", ".pathType"),
    ("Prefix without slash", f"{{path: a, pathType: Prefix, {BACKEND}}}", "invalid-path", ".path"),
    ("Exact without path", f"{{pathType: Exact, {BACKEND}}}", "invalid-path", ".path"),
    ("two slashes", f"{{path: /a//b, pathType: Prefix, {BACKEND}}}", "invalid-path", ".path"),
    ("a dot at the end", f"{{path: /a/., pathType: Exact, {BACKEND}}}", "invalid-path", ".path"),
    ("relative own path", f"{{path: a, pathType: ImplementationSpecific, {BACKEND}}}", "invalid-path", ".path"),
    ("no backend", "{path: /, pathType: Prefix}", "missing-backend", ""),
    ("empty backend", "{path: /, pathType: Prefix, backend: {}}", "missing-backend", ".backend"),
    (
        "both backends",
        "{path: /, pathType: Prefix, backend: {service: {name: a, port: {number: 1}}, resource: {kind: K, name: n}}}",
        "two-backends",
        ".backend",
    ),
    ("no port", "{path: /, pathType: Prefix, backend: {service: {name: a}}}", "incomplete-backend", ".backend.service"),
    (
        "port name and number",
        "{path: /, pathType: Prefix, backend: {service: {name: a, port: {name: b, number: 1}}}}",
        "two-ports",
        ".backend.service.port",
    ),
    (
        "the old form in v1",
        "{path: /, pathType: Prefix, backend: {serviceName: a, servicePort: 1}}",
        "unknown-field",
        ".backend.serviceName",
    ),
    (
        "port too large",
        "{path: /, pathType: Prefix, backend: {service: {name: a, port: {number: 65536}}}}",
        "out-of-range",
        ".backend.service.port.number",
    ),
]


@pytest.mark.parametrize(("item", "code", "path"), [pytest.param(*case[1:], id=case[0]) for case in REFUSED_PATHS])
def test_a_path_that_the_server_refuses_rejects_the_ingress(item: str, code: str, path: str) -> None:
    loaded = load(merged(BASE, PATHS.format(item)))
    assert ("error", code, f"spec.rules[0].http.paths[0]{path}") in faults(loaded)
    assert loaded.snapshot.ingresses == ()


@pytest.mark.parametrize(
    ("changes", "code", "path"),
    [
        ("spec: {rules: null}", "empty-ingress", "spec"),
        ("spec: {rules: [{host: 10.0.0.1}]}", "invalid-host", "spec.rules[0].host"),
        ("spec: {rules: [{host: 'a.*.b'}]}", "invalid-host", "spec.rules[0].host"),
        ("spec: {rules: [{host: Shop.example}]}", "invalid-host", "spec.rules[0].host"),
        ("spec: {rules: [{http: {}}]}", "missing-paths", "spec.rules[0].http"),
        ("spec: {tls: [{hosts: ['*']}]}", "invalid-host", "spec.tls[0].hosts[0]"),
        (
            "metadata: {annotations: {kubernetes.io/ingress.class: other}}",
            "two-ingress-classes",
            "metadata.annotations['kubernetes.io/ingress.class']",
        ),
    ],
)
def test_what_the_server_refuses_is_not_taken_over(changes: str, code: str, path: str) -> None:
    loaded = load(merged(BASE, changes))
    assert ("error", code, path) in faults(loaded)
    assert loaded.snapshot.ingresses == ()


def test_a_rule_without_http_is_valid_and_has_no_paths() -> None:
    (found,) = load(merged(BASE, "spec: {rules: [{host: '*.shop.example'}]}")).snapshot.ingresses
    assert (found.rules[0].host, found.rules[0].paths) == ("*.shop.example", ())


def test_a_class_is_default_only_by_the_word_true() -> None:
    text = """
        apiVersion: networking.k8s.io/v1
        kind: IngressClass
        metadata: {{name: c, annotations: {{ingressclass.kubernetes.io/is-default-class: "{}"}}}}
        spec: {{controller: example.com/c}}
    """
    assert load(text.format("true")).snapshot.ingress_classes[0].is_default
    assert not load(text.format("True")).snapshot.ingress_classes[0].is_default


def test_a_class_without_controller_is_refused() -> None:
    loaded = load("{apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: {name: c}, spec: {}}")
    assert faults(loaded) == [("error", "invalid-controller", "spec")]
