"""Measure reading a large cluster through its API server and print a table.

    python -m benchmarks.live_cluster [--pods 20000 200000]

A server in a process of its own replays lists in pages of 500, packed as API servers pack them; pods are filled up
to what a recorded one holds. Times are CPU seconds of the reader alone: "read" lists every kind and keeps what the
model needs, "assemble" makes the Snapshot, "classes" compiles the policies and works out every class's row, "rows"
lists every flow as the command line does. Memory is the process's peak.
"""

import argparse
import gzip
import json
import resource
import subprocess
import sys
import time
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from benchmarks.generate import Shape, cluster
from lib.flows import flow_rows
from lib.loaders.assemble import assemble
from lib.loaders.cluster.connection import Connection
from lib.loaders.cluster.listing import PAGE
from lib.loaders.cluster.login import Login
from lib.loaders.cluster.read import read_cluster
from lib.loaders.cluster.resources import RESOURCES
from lib.policy.engine import compile_engine

PODS_PER_WORKLOAD = 50
COLUMNS = (
    "pods",
    "objects",
    "MB of lists",
    "read s",
    "assemble s",
    "classes s",
    "rows",
    "rows s",
    "in all s",
    "peak MB",
)


RECORDING = Path(__file__).parents[1] / "tests" / "cluster" / "recordings" / "page-1.json"


def listed(obj: dict[str, Any], recorded: dict[str, Any]) -> dict[str, Any]:
    """A generated object as an API server lists it: with all else that a recorded pod has, if it is one."""
    noted = {"managedFields": recorded["metadata"]["managedFields"]}
    found = {key: value for key, value in obj.items() if key not in ("kind", "apiVersion")}
    if obj["kind"] == "Pod":
        found |= {key: {**recorded[key], **obj[key]} for key in ("spec", "status")}
    return {**found, "metadata": {**obj["metadata"], **noted}}


def serve(pods: int) -> None:
    """Make the pages, print the URL, and serve until the reader goes away."""
    paths = {(r.api_version(v), r.written): r.path(v) for r in RESOURCES for v in r.versions}
    pages: dict[str, list[bytes]] = defaultdict(list)
    waiting: dict[str, list[dict[str, Any]]] = defaultdict(list)
    kinds: dict[str, tuple[str, str]] = {}
    size = 0
    recorded = json.loads(RECORDING.read_text("utf-8"))["body"]["items"][0]

    def page(path: str, last: bool) -> None:
        nonlocal size
        token = "" if last else str(len(pages[path]) + 1)
        version, kind = kinds[path]
        body = {"kind": f"{kind}List", "apiVersion": version, "metadata": {"continue": token}, "items": waiting[path]}
        text = json.dumps(body).encode()
        size += len(text)
        pages[path].append(gzip.compress(text, 1))
        waiting[path] = []

    for obj in cluster(Shape(workloads=max(1, pods // PODS_PER_WORKLOAD), pods_per_workload=PODS_PER_WORKLOAD)):
        path = paths.get((obj["apiVersion"], obj["kind"]))
        if path is None:
            continue
        kinds[path] = (obj["apiVersion"], obj["kind"])
        if len(waiting[path]) == PAGE:
            page(path, last=False)
        waiting[path].append(listed(obj, recorded))
    for path in list(waiting):
        page(path, last=True)
    for resource_ in RESOURCES:
        for version in resource_.versions if not resource_.group or "." not in resource_.group else ():
            path = resource_.path(version)
            if path not in pages:
                kinds[path], waiting[path] = (resource_.api_version(version), resource_.written), []
                page(path, last=True)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            number = int(parse_qs(url.query).get("continue", ["0"])[0])
            found = pages.get(url.path)
            body = found[number] if found else b"404 page not found\n"
            self.send_response(200 if found else 404)
            self.send_header("Content-Length", str(len(body)))
            if found:
                self.send_header("Content-Encoding", "gzip")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(json.dumps({"url": f"http://127.0.0.1:{server.server_address[1]}", "mb": size / 1e6}), flush=True)
    server.serve_forever()


def measure(pods: int) -> list[Any]:
    """One row of the table; the server ends with it."""
    command = [sys.executable, "-m", "benchmarks.live_cluster", "--serve", str(pods)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            told = json.loads(server.stdout.readline())
            times = [time.process_time()]
            with Connection(Login(told["url"])) as connection:
                found = read_cluster(connection)
            times.append(time.process_time())
            loaded = assemble(found.read, title="live", coverage=found.coverage)
            assert not [p for p in loaded.problems if p.severity.label == "error"], loaded.problems[0]
            times.append(time.process_time())
            engine = compile_engine(loaded.snapshot)
            engine.reachability()
            times.append(time.process_time())
            rows = sum(1 for _ in flow_rows(engine))
            times.append(time.process_time())
        finally:
            server.terminate()
    counted = loaded.snapshot.object_counts
    assert counted["Pod"] == pods // PODS_PER_WORKLOAD * PODS_PER_WORKLOAD
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    steps = [f"{after - before:.1f}" for before, after in pairwise(times)]
    steps.insert(-1, f"{rows:,}")
    total = f"{times[-1] - times[0]:.1f}"
    return [f"{counted['Pod']:,}", f"{sum(counted.values()):,}", f"{told['mb']:,.0f}", *steps, total, f"{peak:,.0f}"]


def main() -> None:
    """Every size in a process of its own, so that each peak is its own."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.live_cluster", description=__doc__.split("\n")[0])
    parser.add_argument("--pods", type=int, nargs="+", default=[20_000, 200_000])
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        serve(arguments.serve)
    elif arguments.one:
        print("| " + " | ".join(map(str, measure(arguments.one))) + " |", flush=True)
    else:
        print("| " + " | ".join(COLUMNS) + " |\n|" + " ---: |" * len(COLUMNS), flush=True)
        for pods in arguments.pods:
            subprocess.run([sys.executable, "-m", "benchmarks.live_cluster", "--one", str(pods)], check=True)


if __name__ == "__main__":
    main()
