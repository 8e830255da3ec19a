"""Measure what system pods can still reach, with policies that name domains, and print a table.

    python -m benchmarks.egress [--workloads 5000] [--policies 300] [--at-most-ms MS]

Half of the policies hold for the system pods and name destinations that they need, half for the namespaces of the
generated cluster. Times are CPU milliseconds with the policies compiled beforehand, as the page keeps them. With
``--at-most-ms`` the exit status is 1 where judging the destinations took longer.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from typing import Any

from benchmarks.flows import Generated, RawObject
from benchmarks.generate import Shape, cluster
from lib.azure.destinations import Choice, destinations
from lib.exposure.required import required_reach
from lib.facts.egress_needs import client_pod, egress_needs, features
from lib.loaders.assemble import assemble
from lib.model.refs import Source
from lib.policy.engine import compile_engine
from lib.policy.engines import profile

Raw = dict[str, Any]
EVERYTHING = Choice(frozenset(f.id for f in features()), frozenset(), None, "westeurope", (), ())


def system_pods() -> list[Raw]:
    """A Deployment for each client pod whose labels are stated."""
    known = {pods_id for need in egress_needs() for pods_id in need.pods}
    found = [client_pod(pods_id) for pods_id in sorted(known)]
    return [_deployment(pods.name, dict(pods.labels)) for pods in found if pods.labels and pods.namespace]


def _deployment(name: str, labels: dict[str, str]) -> Raw:
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "main", "image": "main"}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "kube-system"},
        "spec": {"selector": {"matchLabels": labels}, "template": template},
    }


def policies(count: int, namespaces: list[str]) -> list[Raw]:
    """Policies that name domains: destinations in turn for system pods, names of their own for the others."""
    labels = [pods["spec"]["selector"]["matchLabels"] for pods in system_pods()]
    hosts = [host for found in destinations(EVERYTHING) for host in found.hosts if "." in host]
    mine = [
        _policy(f"system-{i}", "kube-system", labels[i % len(labels)], hosts[i % len(hosts)]) for i in range(count // 2)
    ]
    return mine + [
        _policy(f"own-{i}", namespaces[i % len(namespaces)], {}, f"api{i}.example.com") for i in range(count // 2)
    ]


def _policy(name: str, namespace: str, labels: dict[str, str], host: str) -> Raw:
    named = {"matchPattern": host} if "*" in host else {"matchName": host}
    rule = {"toFQDNs": [named], "toPorts": [{"ports": [{"port": "443", "protocol": "TCP"}]}]}
    return {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumNetworkPolicy",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"endpointSelector": {"matchLabels": labels}, "egress": [rule]},
    }


def main() -> int:
    """Print the table; returns 1 where judging took longer than is asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.egress", description=__doc__)
    parser.add_argument("--workloads", type=int, default=5000)
    parser.add_argument("--policies", type=int, default=300)
    parser.add_argument("--at-most-ms", type=float)
    options = parser.parse_args()
    generated = list(cluster(Shape(workloads=options.workloads)))
    namespaces = [o["metadata"]["name"] for o in generated if o["kind"] == "Namespace"]
    objects = [*generated, *system_pods(), *policies(options.policies, namespaces)]
    raw = tuple(RawObject(o, Source("generated", i)) for i, o in enumerate(objects, 1))
    snapshot = assemble(Generated(raw), title="generated").snapshot
    engine = compile_engine(snapshot, profile("cilium"))
    engine.reachability()
    begin = time.process_time()
    rows = required_reach(engine, destinations(EVERYTHING))
    took = (time.process_time() - begin) * 1000
    counts = ", ".join(f"{n} {word}" for word, n in sorted(Counter(row.verdict.value for row in rows).items()))
    print(f"{'workloads':>10}{'policies':>10}{'rows':>8}{'ms':>8}  verdicts")
    print(f"{len(snapshot.workloads):10,}{len(snapshot.cilium_policies):10,}{len(rows):8,}{took:8.0f}  {counts}")
    return 1 if options.at_most_ms is not None and took > options.at_most_ms else 0


if __name__ == "__main__":
    sys.exit(main())
