"""The command ``azure``: what Azure makes of the Services."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from lib.azure.profile import cluster_profile
from lib.azure.provider_settings import ProviderSettings, detect_location
from lib.azure.view import azure_view
from lib.cli.cluster import inputs_of
from lib.cli.load import load, problem_json
from lib.cli.output import write_json, write_rows
from lib.cli.security_rules import chosen_profile, given_group, security_command
from lib.cli.tables import in_namespaces
from lib.model.problem import Severity
from lib.model.security_rules import Attachment
from lib.tables.azure import (
    load_balancer_json,
    load_balancer_rule_rows,
    security_rule_json,
)
from lib.tables.row import Row
from lib.tables.security_rules import evaluation_json, evaluation_rows

_SHORT: Final = (
    "load_balancer",
    "service",
    "address",
    "rule_name",
    "protocol",
    "ports",
    "probe",
    "not_known",
    "source",
)


def azure_command(arguments: argparse.Namespace) -> int:
    """The load balancers of the Services; a table has a row for each load balancing rule."""
    settings = ProviderSettings(shared_probe=arguments.shared_probe, configurations=tuple(arguments.load_balancer))
    if arguments.packet or (arguments.subnet_nsg and arguments.list == "load-balancing-rules"):
        return security_command(arguments, settings)
    existing, nsg_problems = given_group(arguments.nsg or "", Attachment.NIC)
    given = load(inputs_of(arguments), complete=arguments.complete)
    kept = in_namespaces(arguments, given)
    settings = replace(settings, location=detect_location(given.snapshot))
    view = azure_view(given.snapshot, settings, existing)
    view = replace(view, services=tuple(s for s in view.services if kept(s.ref)))
    subnet, subnet_problems = given_group(arguments.subnet_nsg or "", Attachment.SUBNET)
    nsg_problems += subnet_problems
    groups = (view.group,) if subnet is None else (subnet, view.group)

    probes: list[Row] = []
    judged = ""
    if arguments.format == "json" or arguments.list == "probes":
        from lib.cli.probes import judged_probe_rows, judged_words

        probes = judged_probe_rows(given, settings, existing, subnet, kept, arguments)
        judged = judged_words(given, arguments.engine)
    if arguments.format == "json":
        tail = {
            "security_rules": security_rule_json(view),
            "rules_in_evaluation_order": evaluation_json(groups),
            "not_in_security_rules": [
                {"rule": rule.name, "not_in_input": list(rule.not_in_input)}
                for rule in view.security_rules
                if rule.not_in_input
            ],
            "probes": probes,
            "probes_judged": judged,
            "left_out": [{"service": str(ref), "reason": why} for ref, why in view.left_out if kept(ref)],
            "without_security_rules": [
                {"service": str(ref), "reason": why} for ref, why in view.without_security_rules if kept(ref)
            ],
            "assumptions": list(settings.assumptions),
            "problems": [problem_json(p, given.documents) for p in (*given.problems, *nsg_problems)],
        }
        plane = cluster_profile(given.snapshot, chosen_profile(arguments)).services_plane
        found = (load_balancer_json(balancer, plane) for balancer in view.load_balancers)
        write_json({"schema": "netatlas.azure/1"}, "load_balancers", found, tail)
    elif arguments.list == "security-rules":
        write_rows(arguments.format, evaluation_rows(groups, kept))
    elif arguments.list == "probes":
        write_rows(arguments.format, probes)
        sys.stderr.write(f"{judged}\n")
    else:
        rows = load_balancer_rule_rows(view.services, given.locate)
        write_rows(arguments.format, rows if arguments.format == "csv" else map(_shortened, rows))
    given.report(nsg_problems)
    return max(given.exit_status, 2 if any(p.severity is Severity.ERROR for p in nsg_problems) else 0)


def _shortened(row: Mapping[str, object]) -> dict[str, object]:
    ports = f"{row['frontend_port']} → {row['backend_port']}" if row["rule_name"] else ""
    shown = {**row, "service": f"{row['namespace']}/{row['service']}", "ports": ports}
    return {key: shown[key] for key in _SHORT}
