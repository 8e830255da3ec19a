"""``plan`` as code, as a review, and of what exists."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lib.cli import main
from tests.ipplan.azure_json import az_cluster, az_pool, az_subnet, az_vnet, node_use
from tests.ipplan.read_exports import az_calls, bicep, terraform

FLAGS = (
    "plan",
    "--model",
    "node_subnet",
    "--nodes",
    "50",
    "--surge",
    "1",
    "--max-pods",
    "30",
    "--vnet",
    "10.128.0.0/16",
)


def ask(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    status = main(list(argv))
    out, err = capsys.readouterr()
    return status, out, err


def test_the_same_subnet_stands_in_json_and_in_every_language(capsys: pytest.CaptureFixture[str]) -> None:
    cidr = json.loads(ask(capsys, *FLAGS, "--format", "json")[1])["subnets"][0]["suggested_cidr"]
    calls = az_calls(ask(capsys, *FLAGS, "--format", "az")[1])
    assert [call[-1] for call in calls if call[2:4] == ["subnet", "create"]] == [cidr]
    (subnet,) = bicep(ask(capsys, *FLAGS, "--format", "bicep")[1])["vnet"]["properties"]["subnets"]
    assert subnet["properties"]["addressPrefix"] == cidr
    (body,) = terraform(ask(capsys, *FLAGS, "--format", "terraform")[1])["azurerm_subnet"].values()
    assert body["address_prefixes"] == [cidr]
    assert f"| cluster-nodes | nodes and pods | {cidr} |" in ask(capsys, *FLAGS, "--format", "md")[1]


@pytest.mark.parametrize("language", ["az", "bicep", "terraform"])
def test_a_plan_without_a_network_is_no_code(capsys: pytest.CaptureFixture[str], language: str) -> None:
    status, out, err = ask(capsys, "plan", "--nodes", "3", "--format", language)
    assert (status, out) == (2, "")
    assert "give its address space" in err


def test_kept_places_stay_when_the_demand_grows(capsys: pytest.CaptureFixture[str]) -> None:
    flags = ("plan", "--model", "pod_subnet_dynamic", "--vnet", "10.128.0.0/16", "--format", "json")
    before = json.loads(ask(capsys, *flags, "--nodes", "3")[1])["subnets"]
    keep = ",".join(f"{subnet['name']}={subnet['suggested_cidr']}" for subnet in before)
    after = json.loads(ask(capsys, *flags, "--nodes", "6", "--keep", keep)[1])["subnets"]
    for one, other in zip(before, after, strict=True):
        assert other["suggested_cidr"] in (one["suggested_cidr"], one["can_grow_to"])
    assert before != after


def existing(folder: Path, **pool: object) -> list[str]:
    files = {
        "aks.json": az_cluster(az_pool(**pool)),
        "net.json": az_vnet(az_subnet("nodes", "10.1.0.0/24", [node_use("MC_apps_shop")])),
    }
    for name, value in files.items():
        (folder / name).write_text(json.dumps(value), "utf-8")
    return [str(folder / name) for name in files]


def test_what_exists_is_planned_and_checked(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    # AKS, "Azure CNI Node Subnet": a /24 has 251 addresses, and 8 nodes with 30 pods each take 248 of them.
    status, out, err = ask(capsys, "plan", "--existing", *existing(tmp_path, count=8), "--format", "json")
    plan = json.loads(out)
    assert (status, plan["clusters"][0]["node_subnet"]["ips_now"]) == (1, 248)
    assert [problem["code"] for problem in plan["problems"]] == ["subnet-too-small"]
    assert "subnet-too-small" in err
    assert plan["unknown"] == []


def test_what_is_not_stated_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    _, out, _ = ask(capsys, "plan", "--existing", *existing(tmp_path, maxPods=None))
    assert "Not stated" in out and "$.agentPoolProfiles[0].maxPods" in out


def test_what_is_wrong_ends_in_two_with_its_path(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    status, _, err = ask(capsys, "plan", "--existing", *existing(tmp_path, count="x"))
    assert status == 2
    assert "aks.json: $.agentPoolProfiles[0].count is 'x'" in err


def test_what_exists_and_a_plan_of_ones_own_do_not_go_together(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    status, _, err = ask(capsys, "plan", "--nodes", "3", "--existing", *existing(tmp_path))
    assert status == 2 and "do not go together" in err
    status, _, err = ask(capsys, "plan", "--existing", str(tmp_path / "nothing.json"))
    assert status == 2 and "can't be read" in err
