"""A large plan is made at once."""

from __future__ import annotations

import json
import time
from datetime import date

from lib.ipplan.demand import NetworkModel
from lib.ipplan.plan import plan
from lib.ipplan.read import read_plan
from lib.ipplan.serialise import to_json

SECONDS = 1.0


def test_a_thousand_pools_in_a_hundred_clusters_plan_in_a_second():
    """Read, planned and written, with growth, Services and outbound ports; in seconds of the processor."""
    models = [model.value for model in NetworkModel]
    clusters = [
        {
            "name": f"c{number}", "model": models[number % len(models)], "service_cidr": "172.20.0.0/16",
            "growth_per_month": "7%", "services": 100, "outbound_type": "loadBalancer",
            "pools": [
                {"name": f"p{index}", "nodes": 3 + index, "nodes_max": 10 + index, "surge": "33%", "max_pods": 30}
                for index in range(10)
            ],
        }
        for number in range(100)
    ]  # fmt: skip
    begun = time.process_time()
    reading = read_plan({"vnet": "10.0.0.0/8", "clusters": clusters}, date(2026, 11, 26))
    assert reading.demand is not None
    found = plan(reading.demand)
    written = json.dumps(to_json(found))
    assert time.process_time() - begun < SECONDS
    assert sum(len(cluster["pools"]) for cluster in json.loads(written)["clusters"]) == 1000
