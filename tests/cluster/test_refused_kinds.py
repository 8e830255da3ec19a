"""A kind that the server refuses, or whose list breaks off, is unknown on every surface, and never called none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lib.cli import main
from lib.loaders.cluster.resources import RESOURCES
from tests.cluster.reading import kubeconfig, written
from tests.cluster.replay import ReplayServer, always, status_body
from tests.envtest.put import sample

PATHS = {r.kind: r.path(r.versions[0]) for r in reversed(RESOURCES)}
FORBIDDEN = always(403, status_body(403, "Forbidden"))


@pytest.fixture(scope="module")
def shop() -> list[dict[str, Any]]:
    """Every object of the sample shop."""
    return sample("shop")


@pytest.fixture
def server(shop: list[dict[str, Any]]) -> ReplayServer:
    """A server that has the sample shop."""
    found = ReplayServer.recorded()
    found.lists = {path: (kind, version, []) for path, (kind, version, _) in found.lists.items()}
    for resource in RESOURCES:
        for version in resource.versions:
            path, api_version = resource.path(version), resource.api_version(version)
            items = [o for o in shop if (o["kind"], o["apiVersion"]) == (resource.written, api_version)]
            if items or path in found.lists:
                found.lists[path] = (f"{resource.written}List", api_version, items)
    return found


@pytest.fixture
def config(server: ReplayServer, tmp_path: Path) -> Iterator[str]:
    """A kubeconfig of the running server."""
    with server.running() as url:
        yield str(written(tmp_path, kubeconfig(url)))


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        ("Service", ["services"]),
        ("Ingress", ["routes"]),
        ("NetworkPolicy", ["policies"]),
        ("NetworkPolicy", ["lint"]),
    ],
)
def test_an_empty_list_says_that_it_is_unknown(
    kind: str, arguments: list[str], server: ReplayServer, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    server.faults[PATHS[kind]] = FORBIDDEN
    main([*arguments, "--kubeconfig", config])
    said = capsys.readouterr()
    assert f"what there is of these kinds is unknown: {kind} (refused by the server)" in said.out
    assert f"{kind}: the login may not list it (403)" in said.err


@pytest.mark.parametrize("kind", ["Ingress", "Gateway", "HTTPRoute", "GRPCRoute"])
@pytest.mark.parametrize("url", ["https://shop.example.com/cart", "https://nobody.example.com/"])
def test_a_route_that_was_not_read_may_take_a_request(
    kind: str, url: str, server: ReplayServer, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    # Without discovery every kind is asked for, whether it is installed or not.
    server.faults["/apis"] = FORBIDDEN
    arguments = ["routes", "--kubeconfig", config, "--url", url]
    main(arguments)
    assert "may take it" not in capsys.readouterr().out
    server.faults |= {r.path(v): FORBIDDEN for r in RESOURCES if r.kind == kind for v in r.versions}
    main(arguments)
    assert f"routes that were not read may take it: {kind} (refused by the server)" in capsys.readouterr().out


def test_whether_a_policy_selects_pods_hangs_on_all_that_makes_pods(
    server: ReplayServer, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def states() -> set[str]:
        main(["policies", "--kubeconfig", config, "--format", "json"])
        return {row["state"] for row in json.loads(capsys.readouterr().out)["policies"]}

    server.faults[PATHS["CronJob"]] = FORBIDDEN
    assert "selects no pod" not in states() and "not checked" in states()


@pytest.mark.parametrize("kind", ["Ingress", "Service", "IngressClass"])
@pytest.mark.parametrize("refused_at_first", [True, False])
def test_what_was_not_read_is_neither_lost_nor_gained(
    kind: str, refused_at_first: bool, server: ReplayServer, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[None] = []

    def forbidden(request: object) -> bool:
        asked.append(None)
        return (len(asked) == 1) is refused_at_first and FORBIDDEN(request)  # type: ignore[arg-type]

    server.faults[PATHS[kind]] = forbidden
    main(["diff", "--kubeconfig", config, "--context", "test", "--context", "test", "--format", "json"])
    found = json.loads(capsys.readouterr().out)
    rows = [*found["routes"], *found["exposures"]]
    assert {row["change"] for row in rows} <= {"unknown"}
    assert rows or kind == "IngressClass"
    assert all(f"not read: {kind}" in json.dumps(row) for row in rows)


def test_a_recommendation_tells_what_was_not_read(
    server: ReplayServer, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    server.faults[PATHS["Ingress"]] = FORBIDDEN
    main(["recommend", "--kubeconfig", config, "--format", "json"])
    questions = json.loads(capsys.readouterr().out)["questions"]
    assert any("Ingress (refused by the server)" in q["not_known"] for q in questions)


WAYS = {
    "a URL": ["--from", "internet", "--to", "https://shop.example.com/cart"],
    "a Service": ["--from", "shop-web/storefront", "--to", "shop-data/redis:6379"],
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
@pytest.mark.parametrize(
    "kind", ["Pod", "Deployment", "StatefulSet", "EndpointSlice", "Node", "Namespace", "NetworkPolicy", "Ingress"]
)
def test_no_trace_turns_round_because_of_what_was_refused(
    kind: str, way: list[str], server: ReplayServer, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def verdict() -> str:
        main(["trace", *way, "--kubeconfig", config, "--format", "json"])
        return str(json.loads(capsys.readouterr().out)["verdict"])

    whole = verdict()
    server.faults[PATHS[kind]] = FORBIDDEN
    assert verdict() in (whole, "unknown", "depends")


def test_endpoints_whose_pods_were_refused_are_not_outside_the_cluster(
    server: ReplayServer, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    server.faults[PATHS["Pod"]] = FORBIDDEN
    main(["trace", *WAYS["a URL"], "--kubeconfig", config])
    said = capsys.readouterr().out
    assert "is outside the cluster" not in said and "[External]" not in said
    assert "[Pod] was not read: Pod (refused by the server); what policies say of it by its labels is not known" in said
