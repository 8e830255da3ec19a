"""Measure the policy engine on generated clusters and print a table.

    python -m benchmarks.flows [--workloads 200 1000 5000] [--pods-per-workload 1] [--policies-per-namespace 6]

Every size runs in a process of its own. Times are CPU seconds, memory is the process's peak; "assemble" turns raw
objects into a Snapshot (reading text is left out), "classes" compiles the policies and works out every class's row,
"rows" lists every flow as the command line does, "explain" and "matrix" are one question each. The last column is
the growth of "classes" against the size before, divided by the growth of the number of pods: 1 is linear.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Any

from benchmarks.generate import Shape, cluster
from lib.flows import flow_rows, namespace_matrix
from lib.loaders.assemble import assemble
from lib.model.refs import Source
from lib.model.snapshot import Snapshot
from lib.policy.engine import Engine, compile_engine

COLUMNS = (
    ("workloads", "workloads"),
    ("pods", "pods"),
    ("policies", "policies"),
    ("classes", "classes"),
    ("groups", "row groups"),
    ("assemble_s", "assemble s"),
    ("classes_s", "classes s"),
    ("rows", "rows"),
    ("rows_s", "rows s"),
    ("explain_ms", "explain ms"),
    ("matrix_ms", "matrix ms"),
    ("peak_mb", "peak MB"),
    ("growth", "growth"),
)
MOST_ROWS = 3_000_000


@dataclass(frozen=True)
class RawObject:
    """One generated object, as the readers hand theirs over."""

    obj: dict[str, Any]
    source: Source

    @property
    def api_version(self) -> str:
        return str(self.obj["apiVersion"])

    @property
    def kind(self) -> str:
        return str(self.obj["kind"])


@dataclass(frozen=True)
class Generated:
    """All generated objects, in place of what was read from files."""

    objects: tuple[RawObject, ...]
    lists: tuple[Any, ...] = ()
    problems: tuple[Any, ...] = ()
    content_hash: str = ""
    files: tuple[str, ...] = ()
    rejected_policies: tuple[Any, ...] = ()
    statements: tuple[Any, ...] = ()


def snapshot_of(shape: Shape) -> tuple[Snapshot, float]:
    """The generated cluster, and the CPU seconds that assembling took."""
    kinds = {"Namespace", "Node", "Pod", "Deployment", "ReplicaSet", "NetworkPolicy"}
    raws = (o for o in cluster(shape) if o["kind"] in kinds)
    objects = tuple(RawObject(o, Source("generated", i)) for i, o in enumerate(raws, 1))
    start = time.process_time()
    loaded = assemble(Generated(objects), title="generated")
    assert not [p for p in loaded.problems if p.severity.label == "error"], loaded.problems[0]
    return loaded.snapshot, time.process_time() - start


def measure(shape: Shape) -> dict[str, float]:
    """Everything that the table shows of one size."""
    snapshot, assemble_s = snapshot_of(shape)
    start = time.process_time()
    engine = compile_engine(snapshot)
    reachability = engine.reachability()
    groups = {reachability.group_of(n): n for n in range(reachability.spaces.first_address)}
    for number in groups.values():
        reachability.row(number)
    classes_s = time.process_time() - start
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    explain_ms, matrix_ms = questions(engine)
    start = time.process_time()
    rows = 0
    for _ in flow_rows(engine):
        rows += 1
        if rows == MOST_ROWS:
            break
    return {
        "workloads": len(snapshot.workloads),
        "pods": len(snapshot.pods),
        "policies": len(snapshot.network_policies),
        "classes": len(reachability.spaces.endpoints.classes),
        "groups": len(groups),
        "assemble_s": assemble_s,
        "classes_s": classes_s,
        "rows": rows,
        "rows_s": time.process_time() - start,
        "explain_ms": explain_ms,
        "matrix_ms": matrix_ms,
        "peak_mb": peak_mb,
    }


def questions(engine: Engine) -> tuple[float, float]:
    """CPU milliseconds to explain one pair, and to make the matrix of all namespaces."""
    workloads = engine.snapshot.workloads
    start = time.process_time()
    engine.explain(workloads[0], workloads[-1])
    explained = time.process_time()
    namespace_matrix(engine)
    return (explained - start) * 1000, (time.process_time() - explained) * 1000


def main(argv: list[str] | None = None) -> int:
    """Measure every size in a process of its own and print one table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.flows", description="Measure the policy engine.")
    parser.add_argument("--workloads", type=int, nargs="+", default=[200, 1000, 5000], metavar="N")
    parser.add_argument("--pods-per-workload", type=int, default=1, metavar="M")
    parser.add_argument("--policies-per-namespace", type=int, default=6, metavar="K")
    parser.add_argument("--one", action="store_true", help="measure the first size here and print it as JSON")
    given = parser.parse_args(argv)
    if given.one:
        shape = Shape(given.workloads[0], given.pods_per_workload, given.policies_per_namespace)
        print(json.dumps(measure(shape)))
        return 0
    print("| " + " | ".join(title for _, title in COLUMNS) + " |")
    print("|" + " ---: |" * len(COLUMNS), flush=True)
    before: dict[str, float] = {}
    for size in given.workloads:
        options = ["--pods-per-workload", str(given.pods_per_workload)]
        options += ["--policies-per-namespace", str(given.policies_per_namespace)]
        command = [sys.executable, "-m", "benchmarks.flows", "--one", "--workloads", str(size), *options]
        found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        if before:
            more_pods = found["pods"] / before["pods"]
            found["growth"] = found["classes_s"] / before["classes_s"] / more_pods
        before = found
        print("| " + " | ".join(_cell(found.get(key)) for key, _ in COLUMNS) + " |", flush=True)
    return 0


def _cell(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"


if __name__ == "__main__":
    sys.exit(main())
