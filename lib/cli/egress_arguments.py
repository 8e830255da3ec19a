"""The words of the command ``egress``."""

from __future__ import annotations

import argparse
from ipaddress import ip_address
from typing import Final

# Kept as words, so that a run for another command reads no data file; a test compares them with the data.
LISTS: Final = ("reach", "required", "internet", "outbound", "migrations", "snat", "profile")
OUTBOUND_TYPES: Final = (
    "loadBalancer",
    "managedNATGateway",
    "managedNATGatewayV2",
    "userAssignedNATGateway",
    "userDefinedRouting",
    "none",
    "block",
)
NETWORK_MODELS: Final = (
    "azure_cni_overlay",
    "azure_cni_overlay_cilium",
    "kubenet",
    "pod_subnet_dynamic",
    "pod_subnet_static_block",
    "node_subnet",
    "byo_cni",
)
FEATURES: Final = (
    "os-updates",
    "gpu-nodes",
    "windows-nodes",
    "workload-identity",
    "defender-for-containers",
    "key-vault-csi",
    "azure-monitor",
    "azure-policy",
    "cost-analysis",
    "cluster-extensions",
    "istio-addon",
    "app-routing",
)
CONDITIONS: Final = ("without-konnectivity", "old-nodes", "custom-dns", "pods-call-api-server-by-ip")


def add_egress_arguments(sub: argparse.ArgumentParser) -> None:
    """Add the options beside those that commands share."""
    sub.add_argument(
        "--list",
        choices=LISTS,
        default="reach",
        help="what to print as rows: which pods reach what they need (default), what the cluster must reach, who may "
        "reach the Internet, the way out, changes of the outbound type, SNAT ports, the profile of the cluster",
    )
    text = "a feature; may be repeated. Without it those that the input shows"
    sub.add_argument("--feature", action="append", default=[], choices=FEATURES, help=text)
    text = "what only some clusters need; may be repeated"
    sub.add_argument("--condition", action="append", default=[], choices=CONDITIONS, help=text)
    sub.add_argument("--region", help="the region, which some names hold; without it that of the nodes' labels")
    sub.add_argument("--private", action="store_true", help="a private cluster")
    text = "a custom DNS server; may be repeated"
    sub.add_argument("--dns-server", action="append", default=[], type=ip_address, metavar="ADDRESS", help=text)
    sub.add_argument("--outbound-type", choices=OUTBOUND_TYPES, help="no object in a cluster shows it")
    sub.add_argument("--network-model", choices=NETWORK_MODELS, help="counts before what the input shows")
    text = "managed: AKS makes the virtual network (default, where the outbound type is for such); own: you bring it"
    sub.add_argument("--virtual-network", choices=("managed", "own"), help=text)
    sub.add_argument("--nodes", type=int, help="nodes that share the outbound addresses; without it those of the input")
    sub.add_argument("--surge", type=int, help="extra nodes while upgrading; without it the default of AKS")
    sub.add_argument("--outbound-ips", type=int, default=1, help="outbound public addresses (default: 1)")
    sub.add_argument("--ports-per-node", type=int, default=0, help="allocated ports; 0: automatic (default)")
