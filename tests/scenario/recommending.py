"""Small clusters to recommend policies for, and what was recommended in short."""

from __future__ import annotations

from typing import Any

import yaml

from lib.loaders.policy_text import read_policies
from lib.policy.engine import Engine
from lib.policy.engines import profile
from lib.scenario.recommendation import Options, Recommendation, end_text, recommend
from tests.policy.build import engine_of, pod

Raw = dict[str, Any]
WEB = pod("web", app="web", ports="[{name: http, containerPort: 8080}]")
DB = pod("db", app="db")
COREDNS = pod("coredns", "kube-system", **{"k8s-app": "kube-dns"})


def asked(engine: Engine, **options: Any) -> Recommendation:
    return recommend(engine, Options(**options), read_policies, lambda s: f"{s.file}:{s.document}")


def recommended(*documents: str, engine: str = "kubernetes", **options: Any) -> Recommendation:
    return asked(engine_of(*documents, profile=profile(engine)), **options)


def written(found: Recommendation) -> dict[str, Raw]:
    """The specs of the written policies by namespace and name."""
    documents = yaml.safe_load_all(found.text)
    return {f"{d['metadata']['namespace']}/{d['metadata']['name']}": d["spec"] for d in documents if d}


def flows(found: Recommendation) -> set[str]:
    return {f"{end_text(n.src)} → {end_text(n.dst)} {n.ports}" for n in found.needs if "53" not in str(n.ports)}


def questions(found: Recommendation) -> str:
    return "\n".join(f"{q.text}. {q.remedy}" for q in found.questions)


NODE = "apiVersion: v1\nkind: Node\nmetadata: {name: n1}\nstatus: {addresses: [{type: InternalIP, address: 10.0.0.4}]}"
FROM_WEB = "podSelector: {matchLabels: {app: db}}\ningress: [{from: [%s], ports: [{port: 5432}]}]"


def service(spec: str, name: str = "web", space: str = "shop", status: str = "{}") -> str:
    return f"""
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: {space}}}
spec: {{selector: {{app: web}}, ports: [{{port: 80, targetPort: http}}], {spec}}}
status: {status}
"""
