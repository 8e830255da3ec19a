"""The command that writes a snapshot."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from lib.cli.cluster import inputs_of
from lib.cli.errors import UsageError
from lib.cli.load import load
from lib.cli.output import write
from lib.loaders.bundle.write import NotWritten, write_bundle


def snapshot_command(arguments: argparse.Namespace) -> int:
    """Everything that was read as one redacted file (docs/snapshot.md); says on standard output what it holds."""
    given = load(inputs_of(arguments), complete=arguments.complete)
    try:
        data = write_bundle(
            given.read,
            given.snapshot.coverage,
            anonymise=arguments.anonymise,
            more_problems=given.path_problems,
        )
    except NotWritten as error:
        raise UsageError(str(error)) from None
    given.report()
    if arguments.output == "-":
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return given.exit_status
    try:
        Path(arguments.output).write_bytes(data)
    except OSError as error:
        raise UsageError(f"{arguments.output} can't be written: {error.strerror}") from None
    count = len(given.read.objects)
    write([f"{arguments.output}: {count:,} objects; netatlas-snapshot.json in it lists what was removed\n"])
    return given.exit_status
