"""Every row of docs/azure-model.md's worked example is what the facts' rules give by hand.

The rules are read from load_balancer_facts.yaml and applied to the raw objects here, without the product's code.
"""

from __future__ import annotations

import json
import re
from contextlib import redirect_stdout
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml

from lib.cli import main
from tests.azure.make import said

ROOT = Path(__file__).resolve().parents[2]
DOC = (ROOT / "docs/azure-model.md").read_text("utf-8")
PREFIX = "service.beta.kubernetes.io/"


def rows(title: str) -> list[list[str]]:
    """The cells of the table under a heading, without its head."""
    text = DOC.partition(f"### {title}\n")[2]
    lines = [line for line in text.partition("\n\n")[0].splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


@cache
def services() -> dict[str, Any]:
    """The raw load-balanced Services of the sample, by namespace/name."""
    items = yaml.safe_load((ROOT / "sample_data/shop/services.yaml").read_text("utf-8"))["items"]
    balanced = [i for i in items if i["spec"].get("type") == "LoadBalancer"]
    return {f"{i['metadata']['namespace']}/{i['metadata']['name']}": i for i in balanced}


def annotation(service: Any, name: str) -> str | None:
    found: str | None = service["metadata"].get("annotations", {}).get(PREFIX + name)
    return found


def base(service: Any) -> str:
    length = int(re.search(r"(\d+) chars in all", said()["load_balancer_rule"]["name"])[1])
    return ("a" + service["metadata"]["uid"].replace("-", ""))[:length]


def by_hand(service: Any) -> tuple[list[str], list[list[str]], list[list[str]]]:
    """A Service's frontend, rules and probes by the words of the facts."""
    facts, probe_facts = said()["load_balancer_rule"], said()["health_probe"]
    internal = annotation(service, "azure-load-balancer-internal") == "true"
    name, spec = base(service), service["spec"]
    where = said()["load_balancer_name"]["internal" if internal else "public"]
    balancer = re.search(r"\((?:AKS )?(.+)\)", where)[1]
    address = service["status"]["loadBalancer"]["ingress"][0]["ip"]
    frontend = [balancer, name, address, "the cluster's subnet" if internal else f"kubernetes-{name}"]
    idle = annotation(service, "azure-load-balancer-tcp-idle-timeout") or str(facts["idle_timeout_minutes"])
    spread = facts["load_distribution"][f"sessionAffinity {spec['sessionAffinity']}"].split()[0]
    timing = [str(probe_facts["default_interval_seconds"]), str(probe_facts["default_threshold"])]
    local, _, tcp, *_ = probe_facts["rules"]
    rules, probes = [], {}
    for port in spec["ports"]:
        rule = f"{name}-{port['protocol']}-{port['port']}"
        if spec["externalTrafficPolicy"] == "Local":
            number = spec["healthCheckNodePort"]
            probe = local["name"].replace("<rule prefix>", name).replace("<healthCheckNodePort>", str(number))
            probes[probe] = [probe, local["protocol"], str(number), local["path"], *timing]
        else:
            assert "appProtocol" not in port and tcp["port"] == "nodePort" and tcp["name"] == "rule name"
            probe = rule
            probes[probe] = [probe, tcp["protocol"], str(port["nodePort"]), "", *timing]
        number_ = str(port["port"])
        assert facts["enable_floating_ip"] is True and facts["backend_port"].startswith("same as port")
        rules.append([rule, port["protocol"].capitalize(), number_, number_, "on", idle, spread, probe])
    return frontend, rules, list(probes.values())


@cache
def printed() -> dict[str, Any]:
    out = StringIO()
    with redirect_stdout(out):
        assert main(["azure", str(ROOT / "sample_data/shop"), "--format", "json"]) == 0
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def names() -> list[str]:
    return sorted(services(), key=lambda n: (annotation(services()[n], "azure-load-balancer-internal") == "true", n))


def test_the_documented_frontends_are_those_of_the_facts():
    expected = [(name, by_hand(services()[name])[0]) for name in names()]
    assert rows("Frontends") == [[f[0], name, *f[1:]] for name, f in expected]


def test_the_documented_rules_and_probes_are_those_of_the_facts():
    found = [by_hand(services()[name]) for name in names()]
    assert rows("Load balancing rules") == [rule for _, rules, _ in found for rule in rules]
    assert rows("Health probes") == [probe for _, _, probes in found for probe in probes]


def test_the_example_in_words_names_the_services_own_numbers():
    text = DOC.partition("## The worked example")[2].partition("### Frontends")[0]
    service = services()["shop-api/partner-feed"]
    spec = service["spec"]
    for word in (
        service["metadata"]["uid"],
        base(service),
        f"node port {spec['ports'][0]['nodePort']}",
        f"health check node port {spec['healthCheckNodePort']}",
        f"{annotation(service, 'azure-load-balancer-tcp-idle-timeout')} minutes",
        annotation(service, "azure-dns-label-name"),
        f"every {said()['health_probe']['default_interval_seconds']} seconds",
        f"after {said()['health_probe']['default_threshold']} failures",
    ):
        assert word in text
    assert f"has {['no', 'one', 'two', 'three', 'four'][len(services())]} such Services" in text


@pytest.mark.parametrize(
    ("service", "verdict"),
    [("shop-api/partner-feed", "client"), ("monitoring/grafana", "depends on the node")],
)
def test_whose_address_the_pods_see_is_as_documented(service, verdict):
    found = {s["service"]: s["pods_see"] for b in printed()["load_balancers"] for s in b["services"]}
    assert found[f"{service}[Service]"]["verdict"] == verdict


def test_the_form_of_the_command_is_the_documented_one():
    found = printed()
    assert found["schema"] == "netatlas.azure/1"
    assert {"load_balancers", "security_rules", "problems"} <= found.keys()
    for balancer in found["load_balancers"]:
        assert {"name", "frontends", "rules", "probes"} <= balancer.keys()
        assert all(f.keys() == {"name", "address", "public"} for f in balancer["frontends"])
