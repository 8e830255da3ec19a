"""Which function carries out which command."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Final

REFUSED: Final = 2
"""The exit status of what could not be answered as it was asked."""

INTERRUPTED: Final = 130
"""The exit status after Ctrl-C, as shells have it."""

COMMANDS: Final[Mapping[str, str]] = {
    "flows": "flows.flows_command",
    "exposure": "exposure.exposure_command",
    "explain": "explain.explain_command",
    "diff": "diff.diff_command",
    "services": "services.services_command",
    "routes": "routes.routes_command",
    "policies": "policies.policies_command",
    "azure": "azure.azure_command",
    "check": "check.check_command",
    "lint": "lint.lint_command",
    "plan": "plan.plan_command",
    "egress": "egress.egress_command",
    "trace": "trace.trace_command",
    "recommend": "recommend.recommend_command",
    "snapshot": "snapshot.snapshot_command",
    "doctor": "doctor.doctor_command",
    "dump-command": "dump.dump_command",
}
"""Each command's module in here and its function, which is imported when it is asked for: most of a short run's time
would go into importing the others."""


def command(name: str) -> Callable[[argparse.Namespace], int]:
    """What carries out one command and returns the exit status."""
    module, _, function = COMMANDS[name].partition(".")
    found: Callable[[argparse.Namespace], int] = getattr(import_module(f"lib.cli.{module}"), function)
    return found


def run(arguments: argparse.Namespace) -> int:
    """Carry out one command. Raises UsageError where it can't be answered as asked."""
    return command(arguments.command)(arguments)
