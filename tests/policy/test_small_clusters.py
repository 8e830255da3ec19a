"""Small clusters for each kind of policy, with verdicts worked out by hand from what its documentation says.

``small/ENGINE.yaml`` holds them: policies over three pods in three namespaces, or over pods of their own, and what is
asked. Each stands for one sentence of the documentation that its head names.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from lib.model.sets import Family, Protocol
from lib.policy.ends import parse_end
from lib.policy.engine import compile_engine
from lib.policy.engines import profile
from tests.policy.build import snapshot_of

CASES = Path(__file__).parent / "small"
FAMILIES = {family.label: family for family in Family}


def pod(name: str, namespace: str, *ports: tuple[str, int]) -> dict[str, Any]:
    listed = [{"name": called, "containerPort": number} for called, number in ports]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": name}},
        "spec": {"containers": [{"name": "main", "image": "example.org/a", "ports": listed}]},
    }


def namespace(name: str, **labels: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


NAMESPACES = [namespace("shop", team="a"), namespace("data", team="b"), namespace("ops", team="c", env="prod")]
PODS = [pod("web", "shop"), pod("db", "data", ("pg", 5432), ("adm", 5433)), pod("mon", "ops", ("pg", 9999))]


def cases() -> list[Any]:
    return [
        pytest.param(path.stem, case, id=f"{path.stem}: {case['name']}")
        for path in sorted(CASES.glob("*.yaml"))
        for case in yaml.safe_load(path.read_text(encoding="utf-8"))
    ]


@pytest.mark.parametrize(("engine", "case"), cases())
def test_a_small_cluster(engine: str, case: dict[str, Any]) -> None:
    pods = [] if case.get("pods") == "own" else PODS
    compiled = compile_engine(snapshot_of([*NAMESPACES, *pods, *case["documents"]]), profile(engine))
    found = []
    for ask in case["asks"]:
        src, _, dst, protocol, port, *over, _ = ask.split()
        ends = (parse_end(end, compiled.snapshot) for end in (src, dst))
        family = FAMILIES[over[1]] if over else None
        answer = compiled.explain(*ends, Protocol(protocol), int(port), family)
        found.append(" ".join([*ask.split()[:-1], answer.verdict]))
    assert found == case["asks"]
