"""Every command says the same of the same documents in another order, on random clusters with policies of all kinds.

Nothing here says what is right. Only places in files may differ, and the order of what is listed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.conformance.cases import ask
from tests.naive.clusters import Raw, hosted_clusters
from tests.policy import rewriting

ASSERTIONS = """
schema: netatlas.assertions/1
assertions:
- deny: {from: internet, to: {namespace: beta}}
- allow: {from: {namespace: alpha}, to: {namespace: beta}, ports: [TCP 80]}
"""
COMMANDS = (
    ("flows", "--nodes"),
    ("flows", "--by", "class"),
    ("flows", "--engine", "cilium"),
    ("exposure",),
    ("exposure", "--by", "peer"),
    ("explain", "--from", "{src}", "--to", "{dst}", "--port", "80"),
    ("explain", "--from", "internet", "--to", "{dst}", "--port", "80"),
    ("trace", "--from", "{src}", "--to", "{dst}:80"),
    ("trace", "--from", "internet", "--to", "{dst}:80"),
    ("lint",),
    ("check", "--assert", "{assertions}"),
    ("policies",),
    ("services",),
    ("recommend",),
    ("recommend", "--replace"),
    ("diff", "--engine", "azure-npm", "--engine", "calico"),
)
_PLACE = re.compile(r"(/[^\s:\"]*)?\bcluster\.yaml(:\d+)?|, document \d+")


def written(objects: list[Raw], folder: Path) -> str:
    folder.mkdir()
    path = folder / "cluster.yaml"
    path.write_text(yaml.safe_dump_all(objects), encoding="utf-8")
    return str(path)


def told(value: Any) -> Any:
    """An answer without the places in files, every list in an order of its own."""
    if isinstance(value, dict):
        return {key: told(child) for key, child in sorted(value.items()) if key not in ("source", "line", "document")}
    if isinstance(value, list):
        return sorted((told(child) for child in value), key=lambda child: json.dumps(child, sort_keys=True))
    return _PLACE.sub("", value) if isinstance(value, str) else value


def answer(command: tuple[str, ...], path: str) -> tuple[int, Any]:
    found = ask(command[0], path, *command[1:], "--format", "json")
    # A pod that has ended is no end that could be asked about, in whatever order.
    assert found.out or (found.status == 2 and "no pod that can send or receive" in found.err), found.err
    return found.status, told(json.loads(found.out)) if found.out else found.err


@given(hosted_clusters(), st.sampled_from(COMMANDS), st.randoms(use_true_random=False), st.data())
def test_a_command_answers_the_same_in_whatever_order_documents_stand(
    tmp_path_factory: Any, objects: list[Raw], command: tuple[str, ...], random: Random, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("order")
    pods = [f"{o['metadata']['namespace']}/{o['metadata']['name']}" for o in objects if o["kind"] == "Pod"]
    src, dst = data.draw(st.permutations(pods))[:2]
    assertions = folder / "assert.yaml"
    assertions.write_text(ASSERTIONS, encoding="utf-8")
    filled = tuple(word.format(src=src, dst=dst, assertions=assertions) for word in command)
    before = answer(filled, written(objects, folder / "before"))
    assert answer(filled, written(rewriting.shuffled(objects, random), folder / "after")) == before


@given(hosted_clusters(), st.sampled_from([rewriting.shuffled, rewriting.reordered]), st.randoms(use_true_random=False))
def test_a_cluster_does_not_differ_from_itself_in_another_order(
    tmp_path_factory: Any,
    objects: list[Raw],
    rewritten: Callable[[list[Raw], Random], list[Raw]],
    random: Random,
) -> None:
    folder = tmp_path_factory.mktemp("order")
    old, new = written(objects, folder / "old"), written(rewritten(objects, random), folder / "new")
    found = ask("diff", old, new, "--format", "json")
    document = json.loads(found.out)
    assert found.status == 0
    assert document["flows"] == []
