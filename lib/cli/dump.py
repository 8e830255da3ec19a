"""The command that prints how to dump a cluster."""

from __future__ import annotations

import argparse

from lib.cli.output import write
from lib.loaders.dump_command import az_command, kubectl_command


def dump_command(arguments: argparse.Namespace) -> int:
    """The command that dumps every kind that is read, and no Secret."""
    write([(az_command() if arguments.private else kubectl_command()) + "\n"])
    return 0
