"""The words of the command ``trace``."""

from __future__ import annotations

import argparse
from typing import Final

from lib.cli.egress_arguments import NETWORK_MODELS, OUTBOUND_TYPES

DATA_PLANES: Final = ("kube-proxy", "cilium")
TRAFFIC_POLICIES: Final = ("Cluster", "Local")


def add_trace_arguments(sub: argparse.ArgumentParser) -> None:
    """Add the options beside those that commands share."""
    text = "where the packet starts: internet, vnet, node, a REF or an address"
    sub.add_argument("--from", dest="src", required=True, metavar="internet|vnet|node|REF|ADDRESS", help=text)
    text = "where it goes: a URL, svc/NAMESPACE/NAME:PORT, REF:PORT, NAME:PORT, ADDRESS:PORT or [IPv6]:PORT; with /UDP "
    text += "or /SCTP behind where it isn't TCP"
    sub.add_argument("--to", dest="dst", required=True, metavar="URL|svc/NS/NAME:PORT|REF:PORT", help=text)
    text = "trace the same flow under another profile as well, beside this one; e.g. engine=cilium,data-plane=cilium. "
    text += "KEY is engine, data-plane, network-model, outbound-type or traffic-policy; may be repeated"
    sub.add_argument("--against", action="append", default=[], metavar="KEY=VALUE[,...]", help=text)
    sub.add_argument("--data-plane", choices=DATA_PLANES, help="who carries out Services on the nodes")
    sub.add_argument("--network-model", choices=NETWORK_MODELS, help="counts before what the input shows")
    sub.add_argument("--outbound-type", choices=OUTBOUND_TYPES, help="no object in a cluster shows it")
    text = "externalTrafficPolicy of the Services on the way, instead of their own"
    sub.add_argument("--traffic-policy", choices=TRAFFIC_POLICIES, help=text)
    sub.add_argument("--local-dns", action="store_true", help="the nodes run LocalDNS, and pods ask it")
    text = "addresses of an Application Gateway's subnet; may be repeated"
    sub.add_argument("--gateway-subnet", action="append", default=[], metavar="PREFIX", help=text)
    sub.add_argument("--nsg", metavar="FILE", help="AKS's security group as az network nsg show prints it")
    sub.add_argument("--subnet-nsg", metavar="FILE", help="your own security group on the nodes' subnet, likewise")
    text = "a range of the virtual network, or of what is joined to it; may be repeated"
    sub.add_argument("--vnet", action="append", default=[], metavar="PREFIX", help=text)
