"""The policy engine that the arguments ask for."""

from __future__ import annotations

import argparse

from lib.cli.load import Input
from lib.policy.engine import Engine, compile_engine
from lib.policy.engines import profile


def engine_of(arguments: argparse.Namespace, given: Input) -> Engine:
    """The engine that the arguments ask for, compiled for the input."""
    chosen = profile(arguments.engine)
    if arguments.ipblock_matches_pods:
        chosen = chosen.with_ip_blocks_matching_pods(arguments.ipblock_matches_pods == "yes")
    return compile_engine(given.snapshot, chosen)
