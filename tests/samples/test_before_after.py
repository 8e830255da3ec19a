"""The change between the two folders is the one that the README tells, flow by flow."""

import re

from tests.samples.raw import SAMPLES, Raw, name_of, objects, of_kind
from tests.samples.reach import End, ends, may_connect, serves

FOLDER = SAMPLES / "before-after"
BEFORE, AFTER = objects(FOLDER / "before"), objects(FOLDER / "after")
README = (FOLDER / "README.md").read_text(encoding="utf-8")
PORTS = (5432, 8080, 8081, 8082, 8443, 9090, 4318, 12345)
OFFICE, STREET = "10.100.3.9", "198.51.100.9"
INTERNAL = "service.beta.kubernetes.io/azure-load-balancer-internal"

Flow = tuple[str, str, int]


def flows(items: list[Raw]) -> set[Flow]:
    everyone: dict[str, End | str] = {**ends(items), OFFICE: OFFICE, STREET: STREET}
    return {
        (source, target, port)
        for source, one in everyone.items()
        for target, other in everyone.items()
        for port in PORTS
        if isinstance(one, End) or isinstance(other, End)
        if may_connect(items, one, other, port)
    }


def told(word: str) -> set[Flow]:
    """The README's rows as single flows; "all" is every probed port, "outside" both probed addresses."""
    found = set()
    for source, targets, ports in re.findall(
        rf"^\| {word} \| ([^|]+) \| ([^|]+) \| ((?:TCP|all)[^|]*) \|", README, re.M
    ):
        source = STREET if source.startswith("outside, 0.0.0.0/0 but 10.100.0.0/16") else source
        for target in targets.split(", "):
            for end in (OFFICE, STREET) if target == "outside" else (target,):
                for port in PORTS if ports == "all" else (int(ports.removeprefix("TCP ")),):
                    found.add((source, end, port))
    return found


def test_lost_flows_are_those_told() -> None:
    assert flows(BEFORE) - flows(AFTER) == told("lost") != set()


def test_gained_flows_are_those_told() -> None:
    assert flows(AFTER) - flows(BEFORE) == told("gained") != set()


def test_kept_flows_are_those_told() -> None:
    kept = flows(BEFORE) & flows(AFTER)
    for flow in (
        ("app-routing-system/nginx", "tickets/site", 8080),
        ("app-routing-system/nginx", "tickets/api", 8080),
        ("tickets/site", "tickets/api", 8080),
        ("tickets/admin", "tickets/api", 8080),
        ("tickets/api", "tickets/db", 5432),
        (OFFICE, "tickets/admin", 8081),
    ):
        assert flow in kept


def test_only_admin_and_status_change_among_the_services() -> None:
    before = {name_of(item): item for item in of_kind(BEFORE, "Service")}
    after = {name_of(item): item for item in of_kind(AFTER, "Service")}
    assert set(after) - set(before) == {"tickets/status"} and set(before) <= set(after)
    assert {ref for ref in before if before[ref] != after[ref]} == {"tickets/admin"}
    assert "annotations" not in before["tickets/admin"]["metadata"]
    assert after["tickets/admin"]["metadata"]["annotations"] == {INTERNAL: "true"}
    for items in (BEFORE, AFTER):
        for service in of_kind(items, "Service"):
            assert serves(items, service), name_of(service)


def test_the_route_to_status_is_the_only_new_one() -> None:
    def routes(items: list[Raw]) -> set[tuple[str, str, str]]:
        return {
            (rule["host"], path["path"], path["backend"]["service"]["name"])
            for ingress in of_kind(items, "Ingress")
            for rule in ingress["spec"]["rules"]
            for path in rule["http"]["paths"]
        }

    assert routes(AFTER) - routes(BEFORE) == {("tickets.example.com", "/status", "status")}
    assert routes(BEFORE) <= routes(AFTER)


def test_both_folders_have_the_same_files() -> None:
    names = [sorted(path.name for path in (FOLDER / side).iterdir()) for side in ("before", "after")]
    assert names[0] == names[1] == ["policies.yaml", "routes.yaml", "services.yaml", "workloads.yaml"]
