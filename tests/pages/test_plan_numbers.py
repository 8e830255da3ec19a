"""The page IP plan shows the numbers that the command line prints."""

from __future__ import annotations

import json
import random
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from lib.cli import main
from lib.ipplan.demand import NetworkModel
from lib.ipplan.read import read_plan_text
from lib.ipplan.sheet import sheet_of, to_link
from tests.pages.app import open_page, words

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "three-clusters.plan.yaml"
PLANS = {
    "example": EXAMPLE.read_text(encoding="utf-8"),
    "flat": "model: node_subnet\nnodes: 50\nsurge: 1\nmax_pods: 30\nvnet: 10.20.0.0/16\ngrowth_per_month: 10%\n",
    "dual stack": "vnet: 10.20.0.0/16, fd00:20::/56\ndual_stack: true\nnodes: 40\nnodes_max: 120\nservices: 70\n",
    "too small": "pod_cidr: 10.244.0.0/24\nnode_subnet: 10.20.0.0/28\nvnet: 10.20.0.0/16\nnodes: 12\n",
}


def said(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """What the command line answers."""
    file = tmp_path / "plan.yaml"
    file.write_text(text)
    main(["plan", str(file), "--format", "json"])
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


@pytest.mark.parametrize("name", PLANS)
def test_the_page_shows_what_the_command_line_says(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    check(PLANS[name], tmp_path, capsys)


@pytest.mark.parametrize("seed", range(12))
def test_the_page_shows_what_the_command_line_says_of_any_plan(
    seed: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    check(drawn(random.Random(seed)), tmp_path, capsys)


def drawn(draw: random.Random) -> str:
    """A plan of one to four clusters of any model, by chance."""
    clusters = []
    for number in range(draw.randint(1, 4)):
        pools = [
            {"name": f"p{index}", "nodes": (nodes := draw.randint(1, 30)), "nodes_max": nodes + draw.randint(0, 40),
             "max_pods": draw.choice([None, 30, 47, 110]), "surge": draw.choice([None, 2, "33%"]),
             "pods_expected": draw.choice([None, 200]), "mode": "user" if index else "system",
             "replaced": draw.random() < 0.1}
            for index in range(draw.randint(1, 3))
        ]  # fmt: skip
        model = draw.choice(list(NetworkModel)).value
        clusters.append(
            {"name": f"c{number}", "model": model, "pools": pools, "services": draw.choice([None, 80]),
             "service_cidr": "172.20.0.0/16", "internal_load_balancers": draw.randint(0, 5),
             "growth_per_month": draw.choice([None, 3, "5%"]), "dual_stack": draw.random() < 0.2}
        )  # fmt: skip
    return json.dumps({"vnet": ["10.64.0.0/10", "fd00:20::/48"], "clusters": clusters})


def check(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every number that both show is the same."""
    answer = said(text, tmp_path, capsys)
    demand = read_plan_text(text, date.today()).demand
    assert demand is not None
    app = open_page("ip_plan", **(to_link(sheet_of(demand)) or {}))
    assert not app.exception
    tables = [found.value for found in app.dataframe]
    subnets = next(table for table in tables if {"subnet", "smallest_prefix"} <= set(table.columns))
    shown = {
        row["subnet"]: (
            row["addresses_now"],
            row["addresses_at_maximum"],
            row["addresses_needed"],
            row["usable"],
            row["available"],
            row["prefix"],
        )
        for row in subnets.to_dict("records")
    }
    assert shown == {
        subnet["name"]: (
            subnet["ips_now"], subnet["ips_at_max"], subnet["ips_needed"], subnet["usable"], subnet["available"],
            f"/{subnet['prefix']}",
        )
        for subnet in answer["subnets"]
    }  # fmt: skip
    limits = next(table for table in tables if {"limit", "headroom"} <= set(table.columns))
    assert [(row["limit"], row["value"], row["used"], row["headroom"]) for row in limits.to_dict("records")] == [
        (limit["label"], limit["value"], limit["used"], limit["headroom"]) for limit in answer["clusters"][0]["limits"]
    ]
    assert all(row["sources"] for row in limits.to_dict("records"))
    assert answer["clusters"][0]["formula"] in [block.value for block in app.code]
    for problem in answer["problems"][:1]:
        assert problem["message"] in words(app)
    peak = sum(cluster["nodes_peak"] for cluster in answer["clusters"])
    assert f"{peak:,} nodes at the peak" in words(app)
