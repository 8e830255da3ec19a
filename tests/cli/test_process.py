"""A command's process: all output is out when it ends, exit functions run, and a stream that takes nothing is told."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHOP = str(ROOT / "sample_data" / "shop")


def run(*arguments: str, stdout: int | None = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], stdout=stdout, stderr=subprocess.PIPE, text=True, cwd=ROOT, check=False
    )


def test_output_that_fills_many_pipes_arrives_whole() -> None:
    found = run("-m", "lib", "flows", SHOP, "--format", "json")
    assert found.returncode == 0
    assert len(found.stdout) > 65_536 or json.loads(found.stdout)["flows"]
    assert json.loads(found.stdout)["schema"] == "netatlas.flows/1"


def test_what_takes_long_to_import_is_not_on_the_way_of_flows() -> None:
    """The standard library's dataclasses bring inspect with them; ours are made by ``lib.model.records``."""
    found = run("-X", "importtime", "-m", "lib", "flows", SHOP)
    imported = {line.rpartition("|")[2].strip() for line in found.stderr.splitlines()}
    assert "lib.policy.engine" in imported
    assert not imported & {"dataclasses", "inspect", "streamlit", "pandas", "kubernetes", "zipfile", "tarfile"}


def test_manifests_of_kubernetes_own_kinds_need_no_other_kinds_modules_and_no_library(tmp_path: Path) -> None:
    """Importing PyYAML alone takes longer than judging a few hundred workloads."""
    file = tmp_path / "web.yaml"
    file.write_text(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  selector:\n    matchLabels:\n"
        "      app: web\n  template:\n    metadata:\n      labels:\n        app: web\n    spec:\n      containers:\n"
        "      - name: main\n        image: web\n---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
        "metadata:\n  name: deny\nspec:\n  podSelector: {}\n"
    )
    found = run("-X", "importtime", "-m", "lib", "flows", str(file), "--format", "json")
    assert found.returncode == 0
    imported = {line.rpartition("|")[2].strip() for line in found.stderr.splitlines()}
    assert "lib.policy.network_policy" in imported
    other = {name for name in imported if name.startswith("lib.") and ("calico_p" in name or "cilium" in name)}
    assert not other | imported & {"yaml", "lib.policy.explain", "lib.routing.gateway_rows", "lib.loaders.event_reader"}


def test_the_exit_status_is_kept_and_exit_functions_run() -> None:
    code = """
import atexit, sys
from lib.process import leave
atexit.register(lambda: sys.stdout.write("exit function"))
sys.stdout.write("x" * 200_000 + "\\n")
sys.stderr.write("told")
leave(3)
"""
    found = run("-c", code)
    assert found.returncode == 3
    assert found.stdout == "x" * 200_000 + "\nexit function"
    assert found.stderr == "told"


def test_a_command_that_reads_nothing_says_so_with_status_2(tmp_path: Path) -> None:
    found = run("-m", "lib", "flows", str(tmp_path / "none.yaml"))
    assert (found.returncode, found.stdout) == (2, "")
    assert "there is no such file" in found.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
@pytest.mark.parametrize("format_", ["text", "json", "csv", "mermaid"])
def test_a_full_disk_is_told_in_one_line(format_: str) -> None:
    with Path("/dev/full").open("w") as full:
        found = run("-m", "lib", "flows", SHOP, "--format", format_, stdout=full.fileno())
    assert found.returncode == 2
    assert [line for line in found.stderr.splitlines() if "No space left" in line] == [
        "the result can't be written: No space left on device"
    ]
    assert "Traceback" not in found.stderr
    assert "Exception ignored" not in found.stderr


def test_a_reader_that_goes_away_is_no_fault() -> None:
    command = f"{sys.executable} -m lib flows {SHOP} --format json | head -c 10"
    found = subprocess.run(["sh", "-c", command], capture_output=True, text=True, cwd=ROOT, check=False)
    assert found.stdout.startswith("{")
    assert "Traceback" not in found.stderr
    assert "Broken" not in found.stderr
