"""A live cluster in place of files: ``--context NAME`` and ``--kubeconfig FILE``."""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING, Final

from lib.cli.errors import UsageError
from lib.model.records import dataclass

if TYPE_CHECKING:
    from lib.loaders.cluster.connection import Connection
    from lib.loaders.cluster.read import ClusterProgress, ClusterRead

_SPARSE_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class ClusterSource:
    """Which cluster to read: a kubeconfig ("": where kubectl finds it) and a context of it ("": the current one)."""

    kubeconfig: str = ""
    context: str = ""

    def __str__(self) -> str:
        return self.context or f"the current context of {self.kubeconfig}"


Given = str | ClusterSource
"""A PATH of the command line, or a cluster."""


def add_cluster_arguments(parser: argparse.ArgumentParser) -> None:
    """``--context``, which may be repeated where inputs are compared, and ``--kubeconfig``."""
    text = "read this context's cluster instead of a PATH, through its API server: get and list only, and no Secret"
    parser.add_argument("--context", action="append", default=[], metavar="NAME", help=text)
    parser.add_argument("--kubeconfig", default="", metavar="FILE", help="find contexts in this file only")


def inputs_of(arguments: argparse.Namespace) -> list[Given]:
    """The files and clusters that the arguments name, files first. Raises UsageError where they name none."""
    contexts = arguments.context or ([""] if arguments.kubeconfig else [])
    found = [*arguments.paths, *(ClusterSource(arguments.kubeconfig, context) for context in contexts)]
    if not found:
        raise UsageError("name a PATH to read, or a cluster: --context NAME")
    return found


def connect(source: ClusterSource) -> tuple[str, Connection]:
    """The name of the context and a connection to its cluster. Raises UsageError with what to do."""
    # The client takes half a second to import, which reading files should not pay for.
    from lib.loaders.cluster.connection import Connection
    from lib.loaders.cluster.errors import ClusterError
    from lib.loaders.cluster.kubeconfig import own_kubeconfig
    from lib.loaders.cluster.login import IN_CLUSTER, log_in, runs_in_cluster, service_account_login

    try:
        if source.context == IN_CLUSTER and not source.kubeconfig and runs_in_cluster():
            name, login = IN_CLUSTER, service_account_login()
        else:
            config = own_kubeconfig(source.kubeconfig)
            context = config.context(source.context)
            name, login = context.name, log_in(config, context, may_ask=True)
        if not login.verify or not login.encrypted:
            sys.stderr.write(f"{login.server}: the connection is not secure: the server's identity is not verified\n")
        return name, Connection(login)
    except ClusterError as error:
        raise UsageError(str(error)) from None


def read_live(source: ClusterSource) -> tuple[str, ClusterRead]:
    """The context's name and everything that its login may list. Raises UsageError where nothing can be read."""
    from lib.loaders.cluster.errors import ClusterError
    from lib.loaders.cluster.read import read_cluster

    name, connection = connect(source)
    show = _Progress()
    try:
        with connection:
            return name, read_cluster(connection, show.show if sys.stderr.isatty() else lambda _: None)
    except ClusterError as error:
        raise UsageError(str(error)) from None
    finally:
        show.clear()


class _Progress:
    """One line on the terminal that is written over and gone in the end."""

    def __init__(self) -> None:
        self._shown = 0.0
        self._width = 0

    def show(self, progress: ClusterProgress) -> None:
        if time.monotonic() - self._shown < _SPARSE_S:
            return
        self._shown = time.monotonic()
        text = f"{progress.done} of {len(progress.kinds)} kinds, {progress.objects:,} objects"
        sys.stderr.write(f"\r{text:<{self._width}}")
        sys.stderr.flush()
        self._width = len(text)

    def clear(self) -> None:
        if self._width:
            sys.stderr.write(f"\r{'':<{self._width}}\r")
