"""Run every benchmark in turn, each in a process of its own: ``python -m benchmarks [NAME...]``."""

import argparse
import subprocess
import sys

BENCHMARKS = {
    "read_yaml": "Reading YAML",
    "flows": "The policy engine on generated clusters",
    "trace": "Traces on a generated cluster",
    "egress": "What system pods can still reach, by policies that name domains",
    "peer": "The whole command beside a peer",
    "live_cluster": "Reading a live cluster",
    "recommend": "Recommended policies",
    "plan": "Address plans of many clusters",
    "pages": "The pages in a browser",
}


def main(argv: list[str] | None = None) -> int:
    """Run the named ones, or all; returns 1 if one of them failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Run the benchmarks in turn.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; all without any")
    names = parser.parse_args(argv).names or list(BENCHMARKS)
    unknown = sorted(set(names) - set(BENCHMARKS))
    if unknown:
        parser.error(f"no such benchmark: {', '.join(unknown)}")
    failed = False
    for name in names:
        print(f"\n## {BENCHMARKS[name]}\n", flush=True)
        failed |= subprocess.run([sys.executable, "-m", f"benchmarks.{name}"]).returncode != 0
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
