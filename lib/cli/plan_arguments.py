"""The words of the command ``plan``, apart from it, so that other commands need not import the planner."""

from __future__ import annotations

import argparse
from typing import Final

# The flags mirror the fields of a plan file; their values are read, and checked, by the same reader.
FLAGS: Final = {
    "model": "network model, e.g. azure_cni_overlay, pod_subnet_dynamic, node_subnet",
    "name": "name of the cluster",
    "nodes": "nodes now",
    "nodes-max": "nodes at the autoscaler's maximum",
    "surge": "extra nodes during an upgrade, as a number or a percentage",
    "max-unavailable": "nodes that an upgrade may take away instead of adding",
    "max-pods": "pods per node at most",
    "vnet": "range of the virtual network",
    "vnet-name": "name of the virtual network",
    "resource-group": "name of the resource group",
    "node-subnet": "range of the node subnet",
    "pod-subnet": "range of the pod subnet",
    "pod-cidr": "range of pod addresses outside the virtual network",
    "service-cidr": "range of Service addresses",
    "dns-service-ip": "address of the cluster's DNS Service",
    "pod-cidr-ipv6": "IPv6 range of pod addresses, with --dual-stack",
    "service-cidr-ipv6": "IPv6 range of Service addresses, with --dual-stack",
    "internal-load-balancers": "internal load balancer addresses",
    "private-link-services": "Private Link Services",
    "private-endpoints": "private endpoints in the node subnet",
    "other-addresses": "other addresses taken from the node subnet",
    "services": "Services that are expected",
    "pods-expected": "pods that are expected",
    "mode": "system, user or gateway",
    "os": "the nodes' operating system, e.g. linux",
    "policy-engine": "cilium, calico, azure-npm or none",
    "keep": "places of an earlier layout that should stay, e.g. shop-nodes=10.20.0.0/24,shop-pods=10.20.16.0/20",
    "private-link-ips": "addresses of each Private Link Service, 1 to 8",
    "load-balancer-ports": "ports of all load-balanced Services together",
    "outbound-type": "loadBalancer, managedNATGateway and so on, to count outbound ports",
    "outbound-ips": "public addresses for outbound connections",
    "outbound-ports-per-node": "outbound ports allocated to each node; 0 leaves it to Azure",
    "pods-ceiling": "which figure counts for the pods of a cluster, where sources state several",
    "pod-cidr-now": "pod CIDR of an existing cluster, to be expanded",
    "growth-per-month": "nodes that are added each month, as a number or a percentage",
    "target-date": "day or month by which all pools are at their maximum, in place of a growth per month",
    "start": "day or month that growth is counted from; today by default",
    "zones": "availability zones of the nodes, e.g. 1,2,3",
    "egress-prefix": "length of the public IP prefix of a gateway pool",
    "connected": "range of a peered or on-premises network",
}
SWITCHES: Final = {
    "dual-stack": "IPv4 and IPv6",
    "api-server-vnet-integration": "the API server has addresses in a subnet of the virtual network",
    "auto-provisioned": "the nodes are made by node auto-provisioning, --nodes-max at most",
    "replaced": "the pool is replaced: old and new nodes exist together for a while",
}


def add_plan_arguments(parser: argparse.ArgumentParser) -> None:
    """The plan's file and flags."""
    parser.add_argument("file", nargs="?", metavar="FILE", help="a plan file (YAML or JSON), or -")
    parser.add_argument(
        "--existing",
        nargs="+",
        metavar="FILE",
        help="check what exists: JSON of az aks show, az aks nodepool list, az network vnet show, or -",
    )
    for flag, text in FLAGS.items():
        parser.add_argument(f"--{flag}", help=text)
    for switch, text in SWITCHES.items():
        parser.add_argument(f"--{switch}", action="store_true", default=None, help=text)
    parser.add_argument(
        "--node-pool", action="append", metavar="FIELDS", help="name=apps,nodes=3,max-pods=30; may be repeated"
    )
    parser.add_argument(
        "--extra-subnet",
        action="append",
        metavar="FIELDS",
        help="service=bastion, or name=jump,prefix=27; may be repeated",
    )
