"""Small clusters for the lint, and its findings by the place that they are about."""

from __future__ import annotations

from lib.lint import LintFinding, LintKind, lint
from lib.policy.engine import Engine
from tests.policy.build import pod, policy

WEB, DB, OPS = pod("web", app="web"), pod("db", app="db"), pod("ops", app="ops")
FROM_WEB = "{from: [{podSelector: {matchLabels: {app: web}}}]}"
DENY_IN = policy("podSelector: {}\npolicyTypes: [Ingress]", name="deny")


def to_db(rules: str, name: str = "policy") -> str:
    return policy(f"podSelector: {{matchLabels: {{app: db}}}}\ningress: [{rules}]", name=name)


def found(engine: Engine) -> dict[str, LintFinding]:
    return {f"{f.place.policy.name} {f.place.rule}".rstrip(): f for f in lint(engine)}


def kinds(engine: Engine) -> dict[str, LintKind]:
    return {name: finding.kind for name, finding in found(engine).items()}
