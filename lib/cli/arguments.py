"""The command line's words."""

from __future__ import annotations

import argparse
from typing import Final

from lib.cli.cluster import add_cluster_arguments
from lib.cli.egress_arguments import add_egress_arguments
from lib.cli.plan_arguments import add_plan_arguments
from lib.cli.trace_arguments import add_trace_arguments
from lib.model.problem import Severity

ENGINES: Final = ("kubernetes", "azure-npm", "calico", "cilium", "none")
TABULAR: Final = ("text", "json", "csv", "md")
DIAGRAMS: Final = ("dot", "mermaid")

EPILOG = """\
A PATH is a file, a folder, an archive, or - for standard input; --context NAME reads a live cluster instead.
A REF is namespace/name, namespace/kind/name, or a row's own form namespace/name[Kind].

Exit status: 0 answered; 1 findings at or over the threshold, a needed flow that is not proven, or a denied trace;
2 wrong usage, nothing loadable, a refused plan, or input that could not be read. The result is printed all the same."""


def _severity(text: str) -> Severity:
    try:
        return Severity[text.upper()]
    except KeyError:
        raise argparse.ArgumentTypeError(f"{text!r} is none of info, warning, error") from None


def build_parser() -> argparse.ArgumentParser:
    """The parser with a sub-command for each result."""
    parser = argparse.ArgumentParser(
        prog="python -m lib",
        description="See, prove and plan the network of a Kubernetes cluster.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(
        name: str, text: str, *, formats: tuple[str, ...] = TABULAR, loads: bool = True
    ) -> argparse.ArgumentParser:
        sub = commands.add_parser(
            name, help=text, description=text, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        if loads:
            sub.add_argument("paths", nargs="*", metavar="PATH", help="file, folder, archive or -")
            add_cluster_arguments(sub)
            sub.add_argument(
                "--complete", action="store_true", help="the input is everything in the cluster: absence is a fact"
            )
        if formats:
            sub.add_argument("--format", choices=formats, default="text", help="how to print (default: text)")
        return sub

    def filters(sub: argparse.ArgumentParser) -> None:
        sub.add_argument("--namespace", "-n", action="append", default=[], help="only this namespace; may be repeated")

    def engine(sub: argparse.ArgumentParser, *, several: bool = False) -> None:
        if several:
            text = "whose reading of policies; twice, to compare two engines on one input"
            sub.add_argument("--engine", choices=ENGINES, action="append", help=text)
        else:
            sub.add_argument("--engine", choices=ENGINES, default="kubernetes", help="whose reading of policies")
        sub.add_argument(
            "--ipblock-matches-pods",
            choices=("yes", "no"),
            help="override whether an ipBlock can match a pod's address",
        )

    def names(sub: argparse.ArgumentParser) -> None:
        text = "a table of the addresses of domain names in policies (docs/names.md), or -"
        sub.add_argument("--names", metavar="FILE", help=text)

    flows = command(
        "flows", "every permitted flow, between workloads, to and from outside, nodes", formats=TABULAR + DIAGRAMS
    )
    filters(flows)
    engine(flows)
    names(flows)
    flows.add_argument(
        "--by", choices=("workload", "class", "namespace"), default="workload", help="what a row stands for"
    )
    flows.add_argument("--nodes", action="store_true", help="also the flows to and from every node, as node/NAME[Node]")

    exposure = command(
        "exposure", "how open each workload is to the Internet, to pods that are yet to come, and outwards"
    )
    filters(exposure)
    engine(exposure)
    names(exposure)
    exposure.add_argument(
        "--by",
        choices=("workload", "peer"),
        default="workload",
        help="a row for each workload, or for each of the ends beyond the input that it is open to",
    )

    egress = command(
        "egress",
        "what the cluster must reach outside, which pods do, outbound types and SNAT ports; as firewall rules too",
        formats=(*TABULAR, "arm", "az", "cilium"),
    )
    filters(egress)
    engine(egress)
    names(egress)
    add_egress_arguments(egress)

    explain = command("explain", "whether one end may talk to another, and every policy and rule that took part")
    engine(explain)
    names(explain)
    end = "a REF, node/NAME, an address or prefix, internet (the public addresses) or outside (every one outside)"
    explain.add_argument("--from", dest="src", required=True, metavar="END", help=f"where the connection starts: {end}")
    explain.add_argument("--to", dest="dst", required=True, metavar="END", help=f"where it goes: {end}")
    explain.add_argument("--port", type=int, help="destination port; without it, all ports are explained")
    explain.add_argument(
        "--protocol",
        choices=("TCP", "UDP", "SCTP"),
        help="protocol; without it, TCP where a port is given, else all of them",
    )

    found = command("trace", "a packet's way, hop by hop, each with its verdict and the line that decided it")
    engine(found)
    names(found)
    add_trace_arguments(found)

    diff = command("diff", "what differs between two inputs, or between two engines on one: flows, routes, exposures")
    filters(diff)
    engine(diff, several=True)
    names(diff)
    diff.add_argument(
        "--by", choices=("workload", "namespace", "object"), default="workload", help="what a row stands for"
    )

    filters(command("services", "Services, their endpoints and who can reach them", formats=TABULAR + DIAGRAMS))
    routes = command("routes", "host and path to Service to workload", formats=TABULAR + DIAGRAMS)
    filters(routes)
    routes.add_argument("--url", help="say which route answers this URL, and why")
    policies = command("policies", "policies, whom they select and isolate")
    filters(policies)
    names(policies)

    azure = command("azure", "what Azure makes of the Services: load balancers, frontends, rules, probes")
    filters(azure)
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
        help="what a row of a table stands for; JSON has all; probes are judged by security groups and policies",
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
    azure.add_argument("--nsg", metavar="FILE", help="AKS's security group as az network nsg show prints it")
    azure.add_argument("--subnet-nsg", metavar="FILE", help="your own security group on the nodes' subnet, likewise")
    azure.add_argument(
        "--vnet",
        action="append",
        default=[],
        metavar="PREFIX",
        help="a range of the virtual network, of what is joined to it, or of a user-defined route; may be repeated",
    )

    check = command(
        "check",
        "faults of Services, routes and policies, and input that could not be read",
        formats=(*TABULAR, "sarif"),
    )
    filters(check)
    engine(check)
    names(check)
    check.add_argument(
        "--assert",
        dest="assertions",
        metavar="FILE",
        help="also check the assertions of a file, or of - (docs/assertions.md)",
    )
    check.add_argument(
        "--subnet-nsg",
        metavar="FILE",
        help="also tell what your own security group on the nodes' subnet blocks (az network nsg show)",
    )
    check.add_argument(
        "--fail-on", type=_severity, default=Severity.ERROR, metavar="SEVERITY", help="info, warning or error (default)"
    )

    recommend = command(
        "recommend",
        "a least-privilege set of NetworkPolicies, proven: --format yaml prints what kubectl apply -f - takes",
        formats=("text", "json", "yaml"),
    )
    recommend.add_argument(
        "--namespace", "-n", action="append", default=[], help="cover only this one; may be repeated"
    )
    engine(recommend)
    names(recommend)
    recommend.add_argument(
        "--need",
        action="append",
        default=[],
        metavar="FROM=TO:PORTS",
        help="a flow that is needed, e.g. shop-web/storefront=shop-data/postgres:5432; may be repeated. An end is a "
        "REF, NAMESPACE/*, an address or prefix, internet or outside; ports are e.g. 5432, 8080-8081,53/UDP or all",
    )
    recommend.add_argument(
        "--replace", action="store_true", help="the present NetworkPolicies of the covered namespaces are to go"
    )
    recommend.add_argument(
        "--api-server", action="store_true", help="workloads with their own ServiceAccount may reach the API server"
    )

    lint = command(
        "lint", "policies and rules that do nothing, or nothing that others do not do", formats=(*TABULAR, "sarif")
    )
    filters(lint)
    engine(lint)
    names(lint)
    lint.add_argument(
        "--fail-on",
        type=_severity,
        metavar="SEVERITY",
        help="info, warning or error; without it findings are no failure",
    )

    snapshot = command("snapshot", "a redacted file of all that was read, which can be loaded again", formats=())
    snapshot.add_argument("-o", "--output", required=True, metavar="FILE", help="the zip to write, or -")
    snapshot.add_argument(
        "--anonymise", action="store_true", help="replace the names of nodes and files, each the same way everywhere"
    )

    plan_formats = (*TABULAR, "az", "bicep", "terraform")
    add_plan_arguments(command("plan", "how many addresses a cluster needs", formats=plan_formats, loads=False))
    doctor = command(
        "doctor", "what a login may and may not read of a cluster, and the rule that is missing", loads=False
    )
    add_cluster_arguments(doctor)
    dump = command("dump-command", "the command that dumps every kind that is read", formats=(), loads=False)
    dump.add_argument("--private", action="store_true", help="wrapped in `az aks command invoke`, for private clusters")
    return parser
