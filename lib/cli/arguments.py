"""The command line's words."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Final

from lib.cli.cluster import add_cluster_arguments
from lib.model.problem import Severity

_PROGRAM: Final = "python -m lib"
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


_Add = Callable[..., argparse.ArgumentParser]
"""Adds the parser of one command, from what the command does."""


def _filters(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--namespace", "-n", action="append", default=[], help="only this namespace; may be repeated")


def _engine(sub: argparse.ArgumentParser, *, several: bool = False) -> None:
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


def _names(sub: argparse.ArgumentParser) -> None:
    text = "a table of the addresses of domain names in policies (docs/names.md), or -"
    sub.add_argument("--names", metavar="FILE", help=text)


def _flows(command: _Add) -> None:
    flows = command("every permitted flow, between workloads, to and from outside, nodes", formats=TABULAR + DIAGRAMS)
    _filters(flows)
    _engine(flows)
    _names(flows)
    flows.add_argument(
        "--by", choices=("workload", "class", "namespace"), default="workload", help="what a row stands for"
    )
    flows.add_argument("--nodes", action="store_true", help="also the flows to and from every node, as node/NAME[Node]")


def _exposure(command: _Add) -> None:
    exposure = command("how open each workload is to the Internet, to pods that are yet to come, and outwards")
    _filters(exposure)
    _engine(exposure)
    _names(exposure)
    exposure.add_argument(
        "--by",
        choices=("workload", "peer"),
        default="workload",
        help="a row for each workload, or for each of the ends beyond the input that it is open to",
    )


def _egress(command: _Add) -> None:
    egress = command(
        "what the cluster must reach outside, which pods do, outbound types and SNAT ports; as firewall rules too",
        formats=(*TABULAR, "arm", "az", "cilium"),
    )
    _filters(egress)
    _engine(egress)
    _names(egress)
    from lib.cli.egress_arguments import add_egress_arguments

    add_egress_arguments(egress)


def _explain(command: _Add) -> None:
    explain = command("whether one end may talk to another, and every policy and rule that took part")
    _engine(explain)
    _names(explain)
    end = "a REF, node/NAME, an address or prefix, internet (the public addresses) or outside (every one outside)"
    explain.add_argument("--from", dest="src", required=True, metavar="END", help=f"where the connection starts: {end}")
    explain.add_argument("--to", dest="dst", required=True, metavar="END", help=f"where it goes: {end}")
    explain.add_argument("--port", type=int, help="destination port; without it, all ports are explained")
    explain.add_argument(
        "--protocol",
        choices=("TCP", "UDP", "SCTP"),
        help="protocol; without it, TCP where a port is given, else all of them",
    )


def _trace(command: _Add) -> None:
    found = command("a packet's way, hop by hop, each with its verdict and the line that decided it")
    _engine(found)
    _names(found)
    from lib.cli.trace_arguments import add_trace_arguments

    add_trace_arguments(found)


def _diff(command: _Add) -> None:
    diff = command("what differs between two inputs, or between two engines on one: flows, routes, exposures")
    _filters(diff)
    _engine(diff, several=True)
    _names(diff)
    diff.add_argument(
        "--by", choices=("workload", "namespace", "object"), default="workload", help="what a row stands for"
    )


def _services(command: _Add) -> None:
    _filters(command("Services, their endpoints and who can reach them", formats=TABULAR + DIAGRAMS))


def _routes(command: _Add) -> None:
    from lib.cli.day import add_day_argument

    routes = command("host and path to Service to workload", formats=TABULAR + DIAGRAMS)
    _filters(routes)
    add_day_argument(routes)
    routes.add_argument("--url", help="say which route answers this URL, and why")


def _policies(command: _Add) -> None:
    policies = command("policies, whom they select and isolate")
    _filters(policies)
    _names(policies)


def _azure(command: _Add) -> None:
    azure = command("what Azure makes of the Services: load balancers, frontends, rules, probes")
    _filters(azure)
    _engine(azure)
    from lib.cli.azure_arguments import add_azure_arguments

    add_azure_arguments(azure)


def _check(command: _Add) -> None:
    from lib.cli.day import add_day_argument

    check = command(
        "faults of Services, routes and policies, and input that could not be read",
        formats=(*TABULAR, "sarif"),
    )
    _filters(check)
    add_day_argument(check)
    _engine(check)
    _names(check)
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


def _recommend(command: _Add) -> None:
    recommend = command(
        "a least-privilege set of NetworkPolicies, proven: --format yaml prints what kubectl apply -f - takes",
        formats=("text", "json", "yaml"),
    )
    recommend.add_argument(
        "--namespace", "-n", action="append", default=[], help="cover only this one; may be repeated"
    )
    _engine(recommend)
    _names(recommend)
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


def _lint(command: _Add) -> None:
    lint = command("policies and rules that do nothing, or nothing that others do not do", formats=(*TABULAR, "sarif"))
    _filters(lint)
    _engine(lint)
    _names(lint)
    lint.add_argument(
        "--fail-on",
        type=_severity,
        metavar="SEVERITY",
        help="info, warning or error; without it findings are no failure",
    )


def _snapshot(command: _Add) -> None:
    snapshot = command("a redacted file of all that was read, which can be loaded again", formats=())
    snapshot.add_argument("-o", "--output", required=True, metavar="FILE", help="the zip to write, or -")
    snapshot.add_argument(
        "--anonymise", action="store_true", help="replace the names of nodes and files, each the same way everywhere"
    )


def _plan(command: _Add) -> None:
    from lib.cli.plan_arguments import add_plan_arguments

    plan_formats = (*TABULAR, "az", "bicep", "terraform")
    add_plan_arguments(command("how many addresses a cluster needs", formats=plan_formats, loads=False))


def _doctor(command: _Add) -> None:
    doctor = command("what a login may and may not read of a cluster, and the rule that is missing", loads=False)
    add_cluster_arguments(doctor)


def _dump_command(command: _Add) -> None:
    dump = command("the command that dumps every kind that is read", formats=(), loads=False)
    dump.add_argument("--private", action="store_true", help="wrapped in `az aks command invoke`, for private clusters")


_COMMANDS: Final[Mapping[str, Callable[[_Add], None]]] = {
    "flows": _flows,
    "exposure": _exposure,
    "egress": _egress,
    "explain": _explain,
    "trace": _trace,
    "diff": _diff,
    "services": _services,
    "routes": _routes,
    "policies": _policies,
    "azure": _azure,
    "check": _check,
    "recommend": _recommend,
    "lint": _lint,
    "snapshot": _snapshot,
    "plan": _plan,
    "doctor": _doctor,
    "dump-command": _dump_command,
}


class _Help(argparse.RawDescriptionHelpFormatter):
    """Help as wide as the terminal, without what argparse imports to ask for that: it makes one for each argument."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_width() - 2)


@cache
def _width() -> int:
    try:
        return int(os.environ["COLUMNS"]) or 80
    except (KeyError, ValueError):
        pass
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or 80
    except (AttributeError, OSError, ValueError):
        return 80


def build_parser(only: str | None = None) -> argparse.ArgumentParser:
    """The parser with a sub-command for each result; where ``only`` names one, with no other.

    To make all of them takes as long as answering for a small input.
    """
    parser = argparse.ArgumentParser(
        prog=_PROGRAM,
        description="See, prove and plan the network of a Kubernetes cluster.",
        epilog=EPILOG,
        formatter_class=_Help,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", prog=_PROGRAM)

    def add(name: str, text: str, *, formats: tuple[str, ...] = TABULAR, loads: bool = True) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text, epilog=EPILOG, formatter_class=_Help)
        if loads:
            sub.add_argument("paths", nargs="*", metavar="PATH", help="file, folder, archive or -")
            add_cluster_arguments(sub)
            sub.add_argument(
                "--complete", action="store_true", help="the input is everything in the cluster: absence is a fact"
            )
        if formats:
            sub.add_argument("--format", choices=formats, default="text", help="how to print (default: text)")
        return sub

    for name, words in _COMMANDS.items():
        if only in (name, None) or only not in _COMMANDS:
            words(partial(add, name))
    return parser
