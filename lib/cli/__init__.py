"""The same results as the pages, for pipelines and tests."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from lib.cli.arguments import build_parser
from lib.cli.commands import INTERRUPTED, REFUSED, run
from lib.cli.errors import UsageError
from lib.cli.output import drop_output

__all__ = ["main"]


def main(argv: Sequence[str]) -> int:
    """Run one command and return its exit status; errors go to standard error as one line, never as a traceback."""
    arguments = build_parser(argv[0] if argv else None).parse_args(argv)
    try:
        return run(arguments)
    except UsageError as error:
        sys.stderr.write(f"{error}\n")
        return REFUSED
    except KeyboardInterrupt:
        sys.stderr.write("given up\n")
        return INTERRUPTED
    except BrokenPipeError:
        # The reader went away (`| head`).
        drop_output()
        return 0
