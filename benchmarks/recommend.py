"""Measure recommended policies on generated clusters and print a table.

    python -m benchmarks.recommend [--workloads 200 1000 5000] [--policies-per-namespace 6] [--namespaces 0]

Every size runs in a process of its own. Times are CPU seconds for everything after loading: finding what is needed,
writing the policies, reading them back, compiling them and proving them. Memory is the process's peak.
"""

import argparse
import json
import resource
import subprocess
import sys
import time

from benchmarks.flows import Generated, RawObject
from benchmarks.generate import Shape, cluster
from lib.loaders.assemble import assemble
from lib.loaders.policy_text import read_policies
from lib.model.refs import Source
from lib.policy.engine import compile_engine
from lib.scenario.recommendation import Options, recommend

COLUMNS = (
    "workloads",
    "present",
    "replace",
    "needs",
    "policies",
    "text_mb",
    "lost",
    "open",
    "proven",
    "cpu_s",
    "peak_mb",
)


def measure(shape: Shape, replace: bool) -> dict[str, object]:
    """One row of the table."""
    objects = tuple(RawObject(o, Source("generated", i)) for i, o in enumerate(cluster(shape), 1))
    snapshot = assemble(Generated(objects), title="generated").snapshot
    engine = compile_engine(snapshot)
    start = time.process_time()
    found = recommend(engine, Options(replace=replace), read_policies, lambda s: f"{s.file}:{s.document}")
    cpu_s = time.process_time() - start
    assert found.proof is not None
    return {
        "workloads": len(snapshot.workloads),
        "present": len(snapshot.network_policies),
        "replace": "yes" if replace else "no",
        "needs": len(found.needs),
        "policies": len(found.drafts),
        "text_mb": round(len(found.text) / 1e6, 2),
        "lost": sum(count for change, count in found.proof.tally.total.items() if change.value == "lost"),
        "open": f"{len(found.proof.open)}{'+' if found.proof.open_cut else ''}",
        "proven": "yes" if found.proof.holds else "no",
        "cpu_s": round(cpu_s, 2),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def main(argv: list[str] | None = None) -> int:
    """Measure every size, beside and instead of the present policies."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recommend", description="Measure recommendations.")
    parser.add_argument("--workloads", type=int, nargs="+", default=[200, 1000, 5000], metavar="N")
    parser.add_argument("--policies-per-namespace", type=int, default=6, metavar="K")
    parser.add_argument("--namespaces", type=int, default=0, metavar="N")
    parser.add_argument("--one", choices=("yes", "no"), help="measure the first size here and print it as JSON")
    given = parser.parse_args(argv)
    if given.one:
        shape = Shape(given.workloads[0], 1, given.policies_per_namespace, given.namespaces)
        print(json.dumps(measure(shape, given.one == "yes")))
        return 0
    print("| " + " | ".join(name.replace("_", " ") for name in COLUMNS) + " |")
    print("|" + " ---: |" * len(COLUMNS), flush=True)
    rest = ["--policies-per-namespace", str(given.policies_per_namespace), "--namespaces", str(given.namespaces)]
    for size in given.workloads:
        for one in ("no", "yes"):
            command = [sys.executable, "-m", "benchmarks.recommend", "--workloads", str(size), "--one", one, *rest]
            row = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            print(
                "| " + " | ".join(f"{row[c]:,}" if isinstance(row[c], int) else str(row[c]) for c in COLUMNS) + " |",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
