"""The words of the command ``azure``."""

from __future__ import annotations

import argparse


def add_azure_arguments(azure: argparse.ArgumentParser) -> None:
    """Add what the command ``azure`` takes besides what every command takes."""
    azure.add_argument(
        "--shared-probe", action="store_true", help="the cluster's load balancers share one health probe"
    )
    azure.add_argument(
        "--load-balancer",
        action="append",
        default=[],
        metavar="NAME",
        help="one of the cluster's multiple load balancers; may be repeated",
    )
    azure.add_argument(
        "--list",
        choices=("load-balancing-rules", "security-rules", "probes"),
        default="load-balancing-rules",
        help="what a row of a table stands for; JSON has all; probes are judged by groups and policies",
    )
    azure.add_argument(
        "--data-plane",
        choices=("kube-proxy", "cilium"),
        help="who carries out Services on the nodes; without it, whom the input shows",
    )
    azure.add_argument(
        "--packet",
        metavar="FROM=TO:PORT[/PROTOCOL]",
        help="say which security rule answers a packet, e.g. internet=shop/web:443; FROM is internet, vnet, probe or "
        "an address, TO a Service or an address",
    )
    azure.add_argument(
        "--nsg",
        metavar="FILE",
        help="AKS's security group as az network nsg show prints it, or in another form that docs/azure-model.md names",
    )
    azure.add_argument("--subnet-nsg", metavar="FILE", help="your own security group on the nodes' subnet, likewise")
    azure.add_argument(
        "--vnet",
        action="append",
        default=[],
        metavar="PREFIX",
        help="a range of the virtual network, of what is joined to it, or of a user-defined route; may be repeated",
    )
