"""The commands that dump every kind NetAtlas reads, and no Secret.

``kubectl get --raw`` asks for one kind's list over all namespaces and prints it with its type
(``NetworkPolicyList``), so that an empty list is a fact about that kind; ``kubectl get -o yaml`` would print an
untyped ``List``. A kind that isn't installed, or that one may not list, is skipped, and so is not supplied.
"""

from __future__ import annotations

from typing import Final

from lib.facts.config_maps import NAMESPACE, config_maps

# (path of the group, versions of which the first that the server knows is taken, resources)
GROUPS: Final = (
    (
        "api",
        ("v1",),
        (
            "namespaces",
            "nodes",
            "pods",
            "podtemplates",
            "replicationcontrollers",
            "services",
            "endpoints",
            "serviceaccounts",
        ),
    ),
    ("apis/apps", ("v1",), ("deployments", "replicasets", "statefulsets", "daemonsets")),
    ("apis/batch", ("v1",), ("jobs", "cronjobs")),
    ("apis/discovery.k8s.io", ("v1",), ("endpointslices",)),
    ("apis/networking.k8s.io", ("v1",), ("networkpolicies", "ingresses", "ingressclasses")),
    ("apis/policy.networking.k8s.io", ("v1alpha1",), ("adminnetworkpolicies", "baselineadminnetworkpolicies")),
    ("apis/policy.networking.k8s.io", ("v1beta1", "v1alpha2"), ("clusternetworkpolicies",)),
    ("apis/cilium.io", ("v2",), ("ciliumnetworkpolicies", "ciliumclusterwidenetworkpolicies")),
    ("apis/cilium.io", ("v2", "v2alpha1"), ("ciliumcidrgroups", "ciliumlocalredirectpolicies")),
    # The first is served by Calico's own API server, the second holds its objects where there is none.
    *(
        (
            f"apis/{group}",
            (version,),
            (
                "networkpolicies",
                "globalnetworkpolicies",
                "stagednetworkpolicies",
                "stagedglobalnetworkpolicies",
                "stagedkubernetesnetworkpolicies",
                "tiers",
                "networksets",
                "globalnetworksets",
                "hostendpoints",
            ),
        )
        for group, version in (("projectcalico.org", "v3"), ("crd.projectcalico.org", "v1"))
    ),
    (
        "apis/gateway.networking.k8s.io",
        ("v1", "v1beta1", "v1alpha3", "v1alpha2"),
        (
            "gatewayclasses",
            "gateways",
            "httproutes",
            "grpcroutes",
            "tlsroutes",
            "tcproutes",
            "udproutes",
            "referencegrants",
        ),
    ),
)
NAMED: Final = tuple(f"namespaces/{NAMESPACE}/configmaps/{name}" for name in config_maps())
"""ConfigMaps, each asked for by its name; what is not needed of them is dropped when the dump is read."""
OUTPUT: Final = "cluster.json"

# $(echo ...) and not a bare $versions, which zsh would not split.
_FUNCTION: Final = (
    "dump() {",
    "  group=$1; versions=$2; shift 2",
    '  for kind in "$@"; do',
    "    for version in $(echo $versions); do",
    '      kubectl get --raw "/$group/$version/$kind" 2>/dev/null && echo && break',
    "    done",
    "  done",
    # Else a kind that is not there would end a script that stops at the first fault.
    "  return 0",
    "}",
)


def _calls() -> list[str]:
    groups = (*GROUPS, ("api", ("v1",), NAMED))
    return [f'dump {group} "{" ".join(versions)}" {" ".join(kinds)}' for group, versions, kinds in groups]


def kubectl_command() -> str:
    """For a POSIX shell with kubectl and a context; writes ``cluster.json``."""
    calls = "\n".join(f"  {call}" for call in _calls())
    return "\n".join((*_FUNCTION, "{", calls, f"}} > {OUTPUT}"))


def az_command() -> str:
    """The same through ``az aks command invoke``, for a cluster whose API server can't be reached from here.

    The answer is packed on the way: the service cuts long output and mixes in what is written to standard error.
    """
    steps = [line.strip() for line in _FUNCTION]
    function = " ".join(step if step.endswith(("{", "do")) else f"{step};" for step in steps)
    inner = f"{function} {{ {'; '.join(_calls())}; }} | gzip -9 | base64 -w0"
    return (
        'az aks command invoke --resource-group "$GROUP" --name "$CLUSTER" --query logs --output tsv \\\n'
        f"  --command '{inner}' \\\n"
        f"  | base64 -d | gunzip > {OUTPUT}"
    )
