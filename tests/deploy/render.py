"""The chart as Helm renders it, and the files beside it."""

from __future__ import annotations

from typing import Any

import helm_python as helm
import yaml

from tests.conftest import ROOT

DEPLOY = ROOT / "deploy"
CHART = DEPLOY / "chart"
Raw = dict[str, Any]

API_SERVER = [{"cidr": "10.0.0.1/32", "port": 443}, {"cidr": "203.0.113.10/32", "port": 6443}]
SETTINGS: dict[str, Raw] = {
    "as it comes": {},
    "behind a proxy": {
        "basePath": "tools/netatlas",
        "allowedHosts": ["tools.example.com", "*.example.org"],
        "ingress": {"enabled": True, "host": "tools.example.com", "tlsSecret": "tools-tls"},
    },
    "with the server's own credentials": {"serverCredentials": True, "networkPolicy": {"apiServers": API_SERVER}},
    "with visitors' kubeconfigs": {
        "allowedApiServers": ["api.example.com", "10.1.0.0/16"],
        "networkPolicy": {"apiServers": API_SERVER},
    },
    "with a login": {
        "login": {"enabled": True, "secretName": "netatlas-login"},
        "networkPolicy": {"loginProvider": [{"cidr": "198.51.100.0/24", "port": 443}]},
    },
    "with everything": {
        "image": {"digest": "sha256:" + "0" * 64, "pullSecrets": [{"name": "registry"}]},
        "replicas": 3,
        "podLabels": {"team": "platform"},
        "podAnnotations": {"example.com/note": "a"},
        "tolerations": [{"key": "tools", "operator": "Exists", "effect": "NoSchedule"}],
    },
    "without network policies": {"networkPolicy": {"enabled": False}, "serverCredentials": True},
}


def documents(text: str) -> list[Raw]:
    """The objects of a text."""
    return [document for document in yaml.safe_load_all(text) if document]


def rendered(values: Raw, name: str = "netatlas") -> list[Raw]:
    """What ``helm template`` would print."""
    with helm.Chart.load(str(CHART)) as chart:
        texts = chart.render(values, name=name, namespace="netatlas")
    return [obj for path in sorted(texts) for obj in documents(texts[path])]


def file(name: str) -> list[Raw]:
    """The objects of a file of the folder deploy."""
    return documents((DEPLOY / name).read_text("utf-8"))


def of_kind(objects: list[Raw], kind: str) -> list[Raw]:
    return [obj for obj in objects if obj["kind"] == kind]


def one(objects: list[Raw], kind: str) -> Raw:
    (found,) = of_kind(objects, kind)
    return found
