"""Measure address plans of many clusters and print a table.

    python -m benchmarks.plan [--clusters 1 10 100] [--pools 10] [--repeat 5]

Every cluster has its own network model in turn, every pool its own max pods, surge and maximum. ``growth`` is the
same plan with nodes added each month, which asks every limit for its month. Times are the least CPU seconds of the
repeats: reading the values, planning, and writing the JSON.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from datetime import date
from typing import Any

from lib.ipplan.plan import plan
from lib.ipplan.read import read_plan
from lib.ipplan.serialise import to_json

COLUMNS = ("clusters", "pools", "growth", "subnets", "limits", "problems", "read_s", "plan_s", "json_s")
MODELS = ("azure_cni_overlay", "pod_subnet_dynamic", "node_subnet", "pod_subnet_static_block")


def document(clusters: int, pools: int, growth: bool) -> dict[str, Any]:
    """A plan file's mapping; the same for the same numbers."""
    grown = {"growth_per_month": "3"} if growth else {}
    return {
        "vnet": "10.0.0.0/8",
        "clusters": [
            {
                "name": f"c{index}",
                "model": MODELS[index % len(MODELS)],
                "service_cidr": "172.20.0.0/16",
                "pod_cidr": "192.168.0.0/16" if index % len(MODELS) == 0 else None,
                **grown,
                "pools": [
                    {"name": f"p{i}", "nodes": 10 + i, "nodes_max": 20 + i, "surge": "33%", "max_pods": 30 + i}
                    for i in range(pools)
                ],
            }
            for index in range(clusters)
        ],
    }


def measure(clusters: int, pools: int, growth: bool, repeat: int) -> dict[str, object]:
    """One row of the table."""
    values = document(clusters, pools, growth)
    times: list[tuple[float, float, float]] = []
    for _ in range(repeat):
        begun = time.process_time()
        demand = read_plan(values, date(2026, 1, 1)).demand
        read = time.process_time()
        assert demand is not None
        found = plan(demand)
        planned = time.process_time()
        json.dumps(to_json(found))
        times.append((read - begun, planned - read, time.process_time() - planned))
    least = [min(column) for column in zip(*times, strict=True)]
    return {
        "clusters": clusters,
        "pools": clusters * pools,
        "growth": "yes" if growth else "no",
        "subnets": len(found.subnets),
        "limits": sum(len(cluster.limits) for cluster in found.clusters),
        "problems": len(found.problems),
        **{name: f"{seconds:.3f}" for name, seconds in zip(("read_s", "plan_s", "json_s"), least, strict=True)},
    }


def main(argv: list[str] | None = None) -> int:
    """Measure every size with and without growth."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.plan", description="Measure address plans.")
    parser.add_argument("--clusters", type=int, nargs="+", default=[1, 10, 100])
    parser.add_argument("--pools", type=int, default=10)
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args(argv)
    print("| " + " | ".join(COLUMNS) + " |\n|" + " ---: |" * len(COLUMNS))
    for clusters in options.clusters:
        for growth in (False, True):
            row = measure(clusters, options.pools, growth, options.repeat)
            print("| " + " | ".join(str(row[column]) for column in COLUMNS) + " |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
