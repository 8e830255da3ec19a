"""Measure traces on a generated cluster and print a table.

    python -m benchmarks.trace [--workloads 5000] [--at-most-ms MS]

Times are CPU milliseconds of one question each, with the policies compiled beforehand, as pages and command line keep
them, and the files of facts read: "first" with nothing else made yet, "again" with what the first question left. With
``--at-most-ms`` the exit status is 1 where a question took longer.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time

from benchmarks.flows import Generated, RawObject
from benchmarks.generate import Shape, cluster
from lib.loaders.assemble import assemble
from lib.model.refs import Source
from lib.model.snapshot import Snapshot
from lib.policy.engine import Engine, compile_engine
from lib.trace.context import Context
from lib.trace.ends import read_goal, read_start
from lib.trace.walk import trace


def snapshot_of(shape: Shape) -> Snapshot:
    """The generated cluster with all of its kinds."""
    objects = tuple(RawObject(o, Source("generated", i)) for i, o in enumerate(cluster(shape), 1))
    return assemble(Generated(objects), title="generated").snapshot


def compiled(snapshot: Snapshot) -> Engine:
    """The engine as pages keep it, the groups of its rows included."""
    engine = compile_engine(snapshot)
    engine.reachability()
    return engine


def questions(snapshot: Snapshot) -> dict[str, tuple[str, str]]:
    """One question of each sort, by its name."""
    balanced = [s for s in snapshot.services if s.load_balancer_ingress]
    public = next(s for s in balanced if not any("internal" in key for key in s.annotations))
    rule = snapshot.ingresses[0].rules[0]
    sender, receiver = snapshot.workloads[0], snapshot.workloads[-1]
    service = snapshot.services[-1]
    return {
        "internet to a load balancer": ("internet", f"{public.load_balancer_ingress[0].ip}:{public.ports[0].port}"),
        "internet to a URL": ("internet", f"https://{rule.host}{rule.paths[0].path}"),
        "pod to a Service": (str(sender.ref), f"svc/{service.ref.qualified_name}:{service.ports[0].port}"),
        "pod to a pod": (str(sender.ref), f"{receiver.ref}:8080"),
        "node to a Service": ("node", f"svc/{service.ref.qualified_name}:{service.ports[0].port}"),
        "pod to a name outside": (str(sender.ref), "example.org:443"),
    }


def measure(engine: Engine, context: Context, src: str, dst: str) -> float:
    """CPU milliseconds of one trace, without the garbage that making the cluster has left."""
    gc.collect()
    begin = time.process_time()
    start = read_start(src, engine.snapshot)
    trace(context, start, read_goal(dst, engine.snapshot, start))
    return (time.process_time() - begin) * 1000


def warm_up() -> None:
    """Trace in a small cluster, so that the files of facts, which a process reads once, do not count."""
    engine = compiled(snapshot_of(Shape(workloads=60)))
    for src, dst in questions(engine.snapshot).values():
        measure(engine, Context(engine), src, dst)


def main() -> int:
    """Print the table; returns 1 where a question took longer than is asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.trace", description=__doc__)
    parser.add_argument("--workloads", type=int, default=5000)
    parser.add_argument("--at-most-ms", type=float)
    options = parser.parse_args()
    engine = compiled(snapshot_of(Shape(workloads=options.workloads)))
    warm_up()
    slowest = 0.0
    print(f"{'trace':32}{'first ms':>10}{'again ms':>10}")
    for name, (src, dst) in questions(engine.snapshot).items():
        context = Context(engine)
        first, again = (measure(engine, context, src, dst) for _ in range(2))
        slowest = max(slowest, first, again)
        print(f"{name:32}{first:10.0f}{again:10.0f}")
    return 1 if options.at_most_ms is not None and slowest > options.at_most_ms else 0


if __name__ == "__main__":
    sys.exit(main())
