"""Snapshots and rows from raw objects, for tests of the engine."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import yaml

from lib.flows import FlowRow, flow_rows
from lib.loaders.assemble import Loaded, assemble
from lib.model.problem import Problem
from lib.model.refs import Source
from lib.model.snapshot import Snapshot
from lib.policy.engine import Engine, compile_engine
from lib.policy.engines import KUBERNETES, EngineProfile

Raw = dict[str, Any]


@dataclass(frozen=True)
class RawObject:
    """One raw object as the readers hand it over."""

    obj: Raw
    source: Source

    @property
    def api_version(self) -> str:
        return str(self.obj.get("apiVersion", ""))

    @property
    def kind(self) -> str:
        return str(self.obj.get("kind", ""))


@dataclass(frozen=True)
class Read:
    """What the readers hand over, without files."""

    objects: tuple[RawObject, ...]
    lists: tuple[Any, ...] = ()
    problems: tuple[Problem, ...] = ()
    content_hash: str = "test"
    files: tuple[str, ...] = ("test.yaml",)
    rejected_policies: tuple[Any, ...] = ()
    statements: tuple[Any, ...] = ()


def load(objects: Iterable[Raw]) -> Loaded:
    """Parse and assemble raw objects, as if each stood in a document of one file."""
    raws = tuple(RawObject(o, Source("test.yaml", i)) for i, o in enumerate(objects, 1))
    return assemble(Read(raws), title="test")


def snapshot_of(objects: Iterable[Raw]) -> Snapshot:
    """The snapshot of raw objects that are all valid."""
    loaded = load(objects)
    assert not [p for p in loaded.problems if p.severity.label == "error"], loaded.problems
    return loaded.snapshot


def snapshot_of_yaml(*documents: str) -> Snapshot:
    """The snapshot of YAML text, indented or not."""
    text = "\n---\n".join(textwrap.dedent(d) for d in documents)
    return snapshot_of(d for d in yaml.safe_load_all(text) if d)


def engine_of(*documents: str, profile: EngineProfile = KUBERNETES) -> Engine:
    """The engine over YAML text."""
    return compile_engine(snapshot_of_yaml(*documents), profile)


def rows_of(engine: Engine) -> list[FlowRow]:
    """All rows of the engine's flows."""
    return list(flow_rows(engine))


def pod(name: str, namespace: str = "shop", ports: str = "[]", host: bool = False, **labels: str) -> str:
    """A pod without status; ``ports`` is a YAML flow list of container ports."""
    return f"""
apiVersion: v1
kind: Pod
metadata: {{name: {name}, namespace: {namespace}, labels: {labels}}}
spec:
  hostNetwork: {str(host).lower()}
  containers: [{{name: main, image: example.org/a, ports: {ports}}}]
"""


def policy(spec: str, name: str = "policy", namespace: str = "shop") -> str:
    """A NetworkPolicy from its spec as YAML."""
    return _from_spec("networking.k8s.io/v1", "NetworkPolicy", spec, name, namespace)


def admin_policy(rules: str, name: str = "admin", priority: int = 5) -> str:
    """An AdminNetworkPolicy about every namespace, from its ingress and egress as YAML."""
    return f"""
apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {{name: {name}}}
spec:
  priority: {priority}
  subject: {{namespaces: {{}}}}
{textwrap.indent(textwrap.dedent(rules).strip(), "  ")}
"""


def cilium_policy(spec: str, name: str = "policy", namespace: str = "shop") -> str:
    """A CiliumNetworkPolicy from its spec as YAML."""
    return _from_spec("cilium.io/v2", "CiliumNetworkPolicy", spec, name, namespace)


def _from_spec(version: str, kind: str, spec: str, name: str, namespace: str) -> str:
    body = textwrap.indent(textwrap.dedent(spec).strip(), "  ")
    return f"""
apiVersion: {version}
kind: {kind}
metadata: {{name: {name}, namespace: {namespace}}}
spec:
{body}
"""


def namespace(name: str, **labels: str) -> str:
    """A Namespace object."""
    return f"""
apiVersion: v1
kind: Namespace
metadata: {{name: {name}, labels: {labels}}}
"""


def endpoint_slice(service: str, address: str, namespace: str = "shop", port: int = 80) -> str:
    """The EndpointSlice of a Service with one IPv4 address."""
    return textwrap.dedent(f"""
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata: {{name: {service}, namespace: {namespace}, labels: {{kubernetes.io/service-name: {service}}}}}
        addressType: IPv4
        endpoints: [{{addresses: [{address}]}}]
        ports: [{{port: {port}}}]
    """)
