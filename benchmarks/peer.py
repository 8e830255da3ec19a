"""Measure the whole command beside network-config-analyzer, on the same generated cluster in the same run.

    python -m venv nca && nca/bin/pip install network-config-analyzer
    python -m benchmarks.peer --nca nca/bin/nca [--workloads 200] [--policies-per-namespace 5]

Both read the same files and list every permitted connection; CPU seconds and peak memory are the processes' own. Each
runs once unmeasured, so that Python has compiled its modules, as on every run of a user but the first.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path


def measured(command: list[str]) -> tuple[float, float, int]:
    """CPU seconds, peak memory in MB, and the exit status of one command, whose output is thrown away."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, child.returncode


def main(argv: list[str] | None = None) -> int:
    """Generate, run both, print one table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peer", description="Measure beside a peer.")
    parser.add_argument(
        "--nca", required=True, type=Path, metavar="FILE", help="the program of network-config-analyzer"
    )
    parser.add_argument("--workloads", type=int, default=200, metavar="N")
    parser.add_argument("--policies-per-namespace", type=int, default=5, metavar="K")
    given = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        shape = ["--workloads", str(given.workloads), "--policies-per-namespace", str(given.policies_per_namespace)]
        subprocess.run([sys.executable, "-m", "benchmarks.generate", *shape, "--out", folder], check=True)
        commands = {
            "netatlas": [sys.executable, "-m", "lib", "flows", folder, "--format", "json"],
            "network-config-analyzer": [str(given.nca), "--connectivity", "-r", folder, "-o", "json"],
        }
        print("| program | workloads | CPU s | peak MB | exit status |")
        print("| --- | ---: | ---: | ---: | ---: |", flush=True)
        for name, command in commands.items():
            measured(command)
            cpu_s, peak_mb, status = measured(command)
            print(f"| {name} | {given.workloads:,} | {cpu_s:.2f} | {peak_mb:.0f} | {status} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
