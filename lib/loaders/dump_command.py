"""The commands that dump every kind NetAtlas reads, and no Secret.

``kubectl get --raw`` asks for one kind's list over all namespaces and prints it with its type
(``NetworkPolicyList``), so that an empty list is a fact about that kind; ``kubectl get -o yaml`` would print an
untyped ``List``. A kind that isn't installed, or that one may not list, is skipped, and so is not supplied.
"""

from __future__ import annotations

from typing import Final

# Of several versions separated by "|" the first that the server knows is taken.
PATHS: Final = (
    "api/v1/namespaces",
    "api/v1/nodes",
    "api/v1/pods",
    "api/v1/services",
    "api/v1/endpoints",
    "api/v1/podtemplates",
    "api/v1/replicationcontrollers",
    "apis/apps/v1/deployments",
    "apis/apps/v1/replicasets",
    "apis/apps/v1/statefulsets",
    "apis/apps/v1/daemonsets",
    "apis/batch/v1/jobs",
    "apis/batch/v1/cronjobs",
    "apis/discovery.k8s.io/v1/endpointslices",
    "apis/networking.k8s.io/v1/networkpolicies",
    "apis/networking.k8s.io/v1/ingresses",
    "apis/networking.k8s.io/v1/ingressclasses",
    "apis/gateway.networking.k8s.io/v1/gatewayclasses",
    "apis/gateway.networking.k8s.io/v1/gateways",
    "apis/gateway.networking.k8s.io/v1/httproutes",
    "apis/gateway.networking.k8s.io/v1/grpcroutes",
    "apis/gateway.networking.k8s.io/v1|v1alpha3|v1alpha2/tlsroutes",
    "apis/gateway.networking.k8s.io/v1|v1alpha2/tcproutes",
    "apis/gateway.networking.k8s.io/v1|v1alpha2/udproutes",
    "apis/gateway.networking.k8s.io/v1|v1beta1/referencegrants",
)

OUTPUT: Final = "cluster.json"


def _requests() -> list[str]:
    """One word a kind: its path, and after commas the same path with older versions."""
    words = []
    for path in PATHS:
        group, versions, resource = path.rsplit("/", 2)
        words.append(",".join(f"{group}/{version}/{resource}" for version in versions.split("|")))
    return words


def _loop(separator: str) -> str:
    words = " ".join(_requests()) if separator == "; " else " \\\n  ".join(_requests())
    ask = 'kubectl get --raw "/$path" 2>/dev/null && echo && break'
    if separator == "; ":
        return f"for paths in {words}; do for path in $(echo $paths | tr , ' '); do {ask}; done; done"
    return f"for paths in {words}\ndo\n  for path in $(echo $paths | tr , ' '); do\n    {ask}\n  done\ndone"


def kubectl_command() -> str:
    """For a shell with kubectl and a context; writes ``cluster.json``."""
    return f"{_loop(chr(10))} > {OUTPUT}"


def az_command() -> str:
    """The same through ``az aks command invoke``, for a cluster whose API server can't be reached from here.

    The answer is packed on the way, since the service cuts long output.
    """
    inner = f"({_loop('; ')}) | gzip -9 | base64 -w0"
    quoted = inner.replace('"', '\\"').replace("$", "\\$")
    return (
        'az aks command invoke --resource-group "$GROUP" --name "$CLUSTER" --query logs --output tsv \\\n'
        f'  --command "{quoted}" \\\n'
        f"  | base64 -d | gunzip > {OUTPUT}"
    )
