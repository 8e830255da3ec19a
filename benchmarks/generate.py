"""Generate a large cluster, the same for the same seed.

    python -m benchmarks.generate --workloads 5000 --out - > cluster.yaml

Objects come one namespace at a time, so memory stays small whatever the size. Namespaces hold
workloads of four tiers that talk web → api → data; policies use every kind of selector, ports by
number, name and range, and IP blocks with exceptions. All references hold: owners, EndpointSlices,
backends, addresses. Nothing is a secret and nothing exists.
"""

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

from benchmarks import objects
from benchmarks.emit import Raw, json_list, write, yaml_documents, yaml_list
from benchmarks.policies import policy
from benchmarks.shape import Shape, apps_of, namespace_name

__all__ = ["Shape", "cluster", "cluster_wide", "main", "namespaced"]


def cluster(shape: Shape) -> Iterator[Raw]:
    """Every object of the cluster: namespaces and nodes first, then namespace by namespace."""
    yield from cluster_wide(shape)
    for number in range(shape.namespace_count):
        yield from namespaced(shape, number)


def cluster_wide(shape: Shape) -> Iterator[Raw]:
    """Namespaces, nodes and the IngressClass."""
    for number in range(shape.namespace_count):
        yield objects.namespace(shape, number)
    for number in range(shape.node_count):
        yield objects.node(shape, number)
    yield objects.ingress_class(shape)


def namespaced(shape: Shape, number: int) -> Iterator[Raw]:
    """Everything inside one namespace."""
    # Text seeds are hashed the same way in every process; each namespace has its own stream.
    random = Random(f"{shape.seed}/{number}")
    apps = apps_of(shape, number, random)
    for app in apps:
        yield from objects.workload(shape, app)
        yield from objects.service(shape, app)
    web = [app for app in apps if app.tier == "web"]
    if web:
        yield objects.ingress(shape, web)
    for index in range(shape.policies_per_namespace):
        yield policy(shape, number, index, apps, random)


def main(argv: list[str] | None = None) -> int:
    """Write the cluster to a folder, a file a namespace, or to standard output."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.generate", description="Generate a large cluster.")
    parser.add_argument("--workloads", type=int, required=True, metavar="N")
    parser.add_argument("--pods-per-workload", type=int, default=1, metavar="M", help="0: manifests without pods")
    parser.add_argument("--policies-per-namespace", type=int, default=6, metavar="K")
    parser.add_argument("--namespaces", type=int, default=0, metavar="N", help="default: a namespace for 25 workloads")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--format", choices=("yaml", "list", "json"), default="yaml", help="list: one kind List in YAML"
    )
    parser.add_argument("--out", required=True, metavar="DIR|-")
    given = parser.parse_args(argv)
    try:
        shape = Shape(
            given.workloads, given.pods_per_workload, given.policies_per_namespace, given.namespaces, given.seed
        )
    except ValueError as error:
        parser.error(str(error))
    emit = {"yaml": yaml_documents, "list": yaml_list, "json": json_list}[given.format]
    if given.out == "-":
        try:
            write(emit(cluster(shape)), sys.stdout)
            sys.stdout.flush()
        except BrokenPipeError:  # the reader has seen enough, as with head
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    folder = Path(given.out)
    folder.mkdir(parents=True, exist_ok=True)
    suffix = "json" if given.format == "json" else "yaml"
    with (folder / f"cluster.{suffix}").open("w", encoding="ascii") as stream:
        size = write(emit(cluster_wide(shape)), stream)
    for number in range(shape.namespace_count):
        with (folder / f"{namespace_name(number)}.{suffix}").open("w", encoding="ascii") as stream:
            size += write(emit(namespaced(shape, number)), stream)
    print(f"{shape.namespace_count + 1} files, {size / 1e6:.1f} MB in {folder}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
