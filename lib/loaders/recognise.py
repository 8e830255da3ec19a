"""Tell what a file is that is no manifest, so that its Problem can say what to do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from lib.model.patterns import pattern
from lib.model.problem import Severity
from lib.model.records import dataclass


@dataclass(frozen=True, slots=True)
class Advice:
    """A Problem without its place."""

    severity: Severity
    code: str
    message: str
    remedy: str


HELM_TEMPLATE: Final = Advice(
    Severity.ERROR,
    "helm-template",
    "this is a Helm template that was not rendered",
    "Run `helm template RELEASE CHART > rendered.yaml` and load that file.",
)
HELM_CHART: Final = Advice(
    Severity.WARNING,
    "helm-chart",
    "this describes a Helm chart; it holds no Kubernetes object",
    "Run `helm template RELEASE CHART > rendered.yaml` and load that file.",
)
HELM_VALUES: Final = Advice(
    Severity.WARNING,
    "helm-values",
    "these are values for a Helm chart; they hold no Kubernetes object",
    "Run `helm template RELEASE CHART -f VALUES > rendered.yaml` and load that file.",
)
KUSTOMIZATION: Final = Advice(
    Severity.WARNING,
    "kustomization",
    "this is a kustomization file; what it builds is not known here",
    "Run `kubectl kustomize FOLDER > built.yaml` (or `kustomize build FOLDER`) and load that file.",
)
KUBECONFIG: Final = Advice(
    Severity.ERROR,
    "kubeconfig",
    "this is a kubeconfig, which holds credentials; nothing of it was read or kept",
    "Choose it as a live cluster's kubeconfig instead, and load manifests here.",
)
KUBECTL_ERROR: Final = Advice(
    Severity.ERROR,
    "kubectl-error",
    "this is a message of kubectl, not what it was asked for",
    "Run the command again, see to the error it reports, and load its output with `-o yaml`.",
)
KUBECTL_TABLE: Final = Advice(
    Severity.ERROR,
    "kubectl-table",
    "this is the table that `kubectl get` prints for people; it leaves out most of each object",
    "Add `-o yaml` to the command and load its output.",
)
NOT_A_MAPPING: Final = Advice(
    Severity.ERROR,
    "not-an-object",
    "this document is no mapping, so it is no Kubernetes object",
    "Load YAML or JSON whose documents have apiVersion, kind and metadata.",
)
EMPTY_ARRAY: Final = Advice(
    Severity.INFO,
    "empty-array",
    "the array is empty",
    "Nothing needs to be done.",
)
NO_KIND: Final = Advice(
    Severity.ERROR,
    "missing-kind",
    "this document has no valid kind",
    "Write apiVersion and kind, as every Kubernetes object has them.",
)
NO_API_VERSION: Final = Advice(
    Severity.ERROR,
    "missing-api-version",
    "this object has no valid apiVersion",
    "Write apiVersion, as every Kubernetes object has it.",
)

_TEMPLATE: Final = pattern(
    r"\{\{-?\s*(?:[.$]|/\*|(?:include|template|if|else|end|range|with|define|block|toYaml|tpl|default|required"
    r"|quote|printf|index|not|and|or|eq|ne|fail)\b)"
)
_ERROR_LINE: Final = pattern(
    r"(?:error: |Error from server|Error: |The connection to the server|Unable to connect to the server"
    r"|No resources found|E\d{4} \d\d:\d\d:\d\d|error validating|Please enter Username|couldn't get )"
)
_TABLE_LINE: Final = pattern(r"(?:NAMESPACE +)?(?:NAME|LAST SEEN)(?: {2,}[A-Z][A-Z()\-_ /]*)+\s*$")
_VALUES_NAME: Final = pattern(r"(?:.*[-.])?values(?:[-.].*)?\.ya?ml$", re.IGNORECASE)
_CHART_NAMES: Final = ("chart.yaml", "chart.lock", "requirements.yaml", "requirements.lock")
_KUSTOMIZE_NAMES: Final = ("kustomization.yaml", "kustomization.yml", "kustomization")


def has_template(text: str) -> bool:
    """Whether actions of Go templates stand in the text, as a Helm chart's templates have them."""
    return "{{" in text and _TEMPLATE.search(text) is not None


def by_first_line(text: str) -> Advice | None:
    """What kubectl prints instead of objects, by the first line that is not empty."""
    line = text.lstrip().partition("\n")[0]
    if _ERROR_LINE.match(line):
        return KUBECTL_ERROR
    if _TABLE_LINE.match(line):
        return KUBECTL_TABLE
    return None


def by_content(value: Mapping[str, Any], name: str) -> Advice | None:
    """What a mapping is that has no kind, or one that is not the API server's."""
    kind, version = value.get("kind"), value.get("apiVersion")
    if kind in ("Kustomization", "Component") and (
        version is None or (isinstance(version, str) and version.startswith("kustomize.config.k8s.io/"))
    ):
        return KUSTOMIZATION
    if kind is not None:
        return None
    base = PurePosixPath(name).name.lower()
    if base in _KUSTOMIZE_NAMES:
        return KUSTOMIZATION
    if base in _CHART_NAMES or (version in ("v1", "v2") and {"name", "version"} <= value.keys()):
        return HELM_CHART
    if _VALUES_NAME.match(base):
        return HELM_VALUES
    return None
