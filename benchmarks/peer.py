"""Measure the whole command beside network-config-analyzer, on the same generated clusters in the same run.

    python -m benchmarks.peer [--workloads 200 400] [--policies-per-namespace 5] [--pods-per-workload 0]

Both read the same files and list every permitted connection; CPU seconds and peak memory are the processes' own, of
the run that took the fewest CPU seconds: what other jobs on the machine take, they take from the caches of both. Each
runs once unmeasured, so that Python has compiled its modules, as on every run of a user but the first. ``make bench``
installs the peer apart, since it pins other versions of what NetAtlas uses; its dependencies are in
benchmarks/requirements-peer.txt. Without it only our own lines are printed.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

PEER: Final = Path(__file__).resolve().parent.parent / ".venv-peer" / "bin" / "nca"


def measured(command: list[str]) -> tuple[float, float, int]:
    """CPU seconds, peak memory in MB, and the exit status of one command, whose output is thrown away."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, child.returncode


def main(argv: list[str] | None = None) -> int:
    """Generate, run both, print one table; returns 2 where the peer is not installed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peer", description="Measure beside a peer.")
    parser.add_argument("--nca", type=Path, default=PEER, metavar="FILE", help="network-config-analyzer's program")
    parser.add_argument("--workloads", type=int, nargs="+", default=[200, 400], metavar="N")
    parser.add_argument("--policies-per-namespace", type=int, default=5, metavar="K")
    parser.add_argument("--namespaces", type=int, default=0, metavar="N", help="default: a namespace for 25 workloads")
    parser.add_argument("--runs", type=int, default=3, metavar="N", help="measure each so often, and print the best")
    parser.add_argument("--pods-per-workload", type=int, default=1, metavar="M", help="0: manifests without pods")
    given = parser.parse_args(argv)
    print("| workloads | input kB | program | CPU s | times | peak MB | exit status |")
    print("| ---: | ---: | --- | ---: | ---: | ---: | ---: |", flush=True)
    for workloads in given.workloads:
        compare(given, workloads)
    if not given.nca.exists():
        print(f"\nThe peer is not there: {given.nca} (make bench installs it)", file=sys.stderr)
        return 2
    return 0


def compare(given: argparse.Namespace, workloads: int) -> None:
    """The lines of one size; "times" is how many times our CPU time the peer took."""
    with tempfile.TemporaryDirectory() as folder:
        shape = {
            "--workloads": workloads,
            "--policies-per-namespace": given.policies_per_namespace,
            "--namespaces": given.namespaces,
            "--pods-per-workload": given.pods_per_workload,
        }
        options = [text for name, value in shape.items() for text in (name, str(value))]
        subprocess.run([sys.executable, "-m", "benchmarks.generate", *options, "--out", folder], check=True)
        size_kb = sum(file.stat().st_size for file in Path(folder).iterdir()) / 1000
        commands = {"netatlas": [sys.executable, "-m", "lib", "flows", folder, "--format", "json"]}
        if given.nca.exists():
            commands["network-config-analyzer"] = [str(given.nca), "--connectivity", "-r", folder, "-o", "json"]
        ours_s = 0.0
        for name, command in commands.items():
            measured(command)
            cpu_s, peak_mb, status = min(measured(command) for _ in range(given.runs))
            ours_s = ours_s or cpu_s
            cells = f"{workloads:,}", f"{size_kb:,.0f}", name, f"{cpu_s:.2f}", f"{cpu_s / ours_s:.0f}", f"{peak_mb:.0f}"
            print("| " + " | ".join((*cells, str(status))) + " |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
