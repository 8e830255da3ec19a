"""Whatever stands in an object, reading it raises nothing and loses nothing silently."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from lib.loaders.assemble import assemble
from lib.loaders.documents import DocumentStore, RawObject
from lib.loaders.manifests import ReadResult
from lib.loaders.parse import KIND_READERS
from lib.loaders.parse.session import field_names
from lib.loaders.yaml_resolver import PlainLetter
from lib.model.problem import Severity
from lib.model.refs import Source
from tests.loaders.parse.build import load

FIELD_NAMES = sorted(
    field_names(
        "name namespace labels annotations ownerReferences kind controller uid generateName spec status template "
        "metadata containers initContainers restartPolicy ports containerPort protocol hostPort port targetPort "
        "selector matchLabels matchExpressions key operator values ingress egress from to podSelector ipBlock cidr "
        "except endPort policyTypes type clusterIP externalIPs endpoints addresses conditions subsets rules host "
        "http paths path pathType backend service number listeners parentRefs backendRefs matches jobTemplate data"
    )
)
WHOLE = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: a, namespace: b, labels: {c: d}, annotations: {e: f}}
spec:
  podSelector: {matchLabels: {a: b}, matchExpressions: [{key: a, operator: In, values: [b]}]}
  policyTypes: [Ingress, Egress]
  ingress: [{from: [{podSelector: {}, namespaceSelector: {}}, {ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}]}]
  egress: [{ports: [{port: 80, endPort: 90, protocol: TCP}, {port: dns}]}]
---
apiVersion: v1
kind: Service
metadata: {name: a}
spec:
  type: LoadBalancer
  selector: {a: b}
  ports: [{name: a, port: 80, targetPort: http, nodePort: 30000, protocol: TCP}]
  clusterIPs: [10.0.0.1]
  ipFamilies: [IPv4]
  externalIPs: [20.0.0.1]
  loadBalancerSourceRanges: [10.0.0.0/8]
  sessionAffinity: ClientIP
  sessionAffinityConfig: {clientIP: {timeoutSeconds: 9}}
status: {loadBalancer: {ingress: [{ip: 20.0.0.1}]}}
---
apiVersion: v1
kind: Pod
metadata: {name: a, ownerReferences: [{kind: Job, name: j, controller: true}]}
spec:
  hostNetwork: false
  containers: [{name: a, ports: [{name: http, containerPort: 80, hostPort: 81}]}]
  initContainers: [{name: b, restartPolicy: Always, ports: [{containerPort: 90}]}]
status: {phase: Running, podIPs: [{ip: 10.0.0.1}], hostIP: 10.0.0.2, conditions: [{type: Ready, status: "True"}]}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: a}
spec: {jobTemplate: {spec: {template: {metadata: {labels: {a: b}}, spec: {containers: [{ports: []}]}}}}}
---
apiVersion: v1
kind: Node
metadata: {name: a}
spec: {podCIDRs: [10.0.0.0/24], providerID: x}
status: {addresses: [{type: InternalIP, address: 10.0.0.1}], allocatable: {pods: "9"}, nodeInfo: {osImage: x}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: a, labels: {kubernetes.io/service-name: a}}
addressType: IPv4
ports: [{name: a, port: 80}]
endpoints: [{addresses: [10.0.0.1], conditions: {ready: true}, targetRef: {kind: Pod, name: a}, nodeName: n}]
---
apiVersion: v1
kind: Endpoints
metadata: {name: a}
subsets: [{addresses: [{ip: 10.0.0.1}], notReadyAddresses: [{ip: 10.0.0.2}], ports: [{port: 80}]}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: a}
spec:
  defaultBackend: {resource: {kind: K, name: n}}
  rules: [{host: a.b, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: a, port: {number: 1}}}}]}}]
  tls: [{hosts: [a.b], secretName: s}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: a}
spec:
  gatewayClassName: c
  listeners:
  - {name: a, port: 443, protocol: HTTPS, hostname: a.b, tls: {certificateRefs: [{name: a}]},
     allowedRoutes: {namespaces: {from: Selector, selector: {matchLabels: {a: b}}}, kinds: [{kind: HTTPRoute}]}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: a}
spec:
  parentRefs: [{name: a, sectionName: b, port: 80}]
  hostnames: [a.b]
  rules:
  - matches: [{path: {type: Exact, value: /a}, method: GET, headers: [{name: a, value: b}]}]
    filters: [{type: URLRewrite}]
    backendRefs: [{name: a, port: 80, weight: 1}]
"""
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=12),
    st.sampled_from(
        ["10.0.0.0/8", "10.0.0.1", "TCP", "In", "Exists", "Ingress", "All", "None", "http", PlainLetter("y")]
    ),
)
values: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(FIELD_NAMES), inner, max_size=5)
    ),
    max_leaves=25,
)
objects = st.dictionaries(st.sampled_from(FIELD_NAMES), values, max_size=6)
versions = st.sampled_from(sorted({v for r in KIND_READERS.values() for v in (*r.served, *r.removed)}))


@given(st.lists(st.tuples(st.sampled_from(sorted(KIND_READERS)), versions, objects), max_size=4))
def test_no_object_makes_the_reader_raise_or_vanish(items: list[tuple[str, str, dict[str, Any]]]) -> None:
    raws = tuple(
        RawObject(obj, Source("a.yaml", number), version, kind) for number, (kind, version, obj) in enumerate(items, 1)
    )
    loaded = assemble(ReadResult(raws, (), DocumentStore(), (), "", ()), title="")
    assert sum(loaded.snapshot.object_counts.values()) + sum(loaded.snapshot.other_kinds.values()) == len(raws)
    refused = {p.source.document for p in loaded.problems if p.source and p.severity is Severity.ERROR}
    governed = {p.source.document for p in loaded.snapshot.network_policies}
    governed |= {p.source.document for p in loaded.snapshot.rejected_policies}
    twice = {p.source.document for p in loaded.problems if p.source and p.code.endswith("-object")}
    for raw in raws:
        if raw.kind == "NetworkPolicy" and not twice and "conflicting-objects" not in {p.code for p in loaded.problems}:
            assert raw.source.document in governed
    rejected = {p.source.document for p in loaded.snapshot.rejected_policies}
    assert rejected <= refused


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The paths to everything inside ``value``."""
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        yield (*path, step)
        yield from places(inner, (*path, step))


@st.composite
def spoilt(draw: st.DrawFn) -> dict[str, Any]:
    """A valid object of some kind with one to three of its values replaced by anything."""
    obj: dict[str, Any] = draw(st.sampled_from(list(yaml.safe_load_all(WHOLE))))
    for _ in range(draw(st.integers(1, 3))):
        *parents, last = draw(st.sampled_from([p for p in places(obj) if p[0] not in ("kind", "apiVersion")]))
        target: Any = obj
        for step in parents:
            target = target[step]
        target[last] = draw(values)
    return obj


def test_the_objects_that_are_spoilt_below_are_valid() -> None:
    loaded = load(WHOLE)
    assert loaded.problems == ()
    assert loaded.snapshot.rejected_policies == ()


@given(spoilt())
def test_one_wrong_value_anywhere_is_read_or_reported(obj: dict[str, Any]) -> None:
    raw = RawObject(obj, Source("a.yaml", 1), obj["apiVersion"], obj["kind"])
    loaded = assemble(ReadResult((raw,), (), DocumentStore(), (), "", ()), title="")
    snapshot = loaded.snapshot
    kept = [*snapshot.workloads, *snapshot.services, *snapshot.nodes, *snapshot.endpoint_slices, *snapshot.ingresses]
    kept += [*snapshot.gateways, *snapshot.gateway_routes, *snapshot.network_policies]
    is_refused = any(p.severity is Severity.ERROR for p in loaded.problems)
    assert bool(kept) is not is_refused
    assert (len(snapshot.rejected_policies) == 1) is (is_refused and obj["kind"] == "NetworkPolicy")
    for problem in loaded.problems:
        assert problem.message.isprintable()
        assert len(problem.message) < 600


@given(st.sampled_from(sorted(KIND_READERS)), objects)
def test_every_problem_is_short_and_printable(kind: str, obj: dict[str, Any]) -> None:
    raw = RawObject(obj, Source("a.yaml", 1), KIND_READERS[kind].served[0], kind)
    for problem in assemble(ReadResult((raw,), (), DocumentStore(), (), "", ()), title="").problems:
        assert problem.message.isprintable()
        assert len(problem.message) < 600
        assert problem.remedy
