"""The command ``azure`` on security groups: the rules, a packet, groups of one's own."""

from __future__ import annotations

import json

import pytest

from lib.azure.security_group import allow_name
from lib.cli import main
from lib.model.sets import Family
from tests.azure.nsg import worked_examples
from tests.azure.own_group import RULE
from tests.conftest import ROOT

SHOP = str(ROOT / "sample_data" / "shop")
OPEN = {**RULE, "name": "all", "priority": 300, "access": "Allow", "destinationPortRange": "*"}


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(["azure", SHOP, *arguments])
    found = capsys.readouterr()
    return status, found.out, found.err


def asked(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict:
    status, out, _ = run(capsys, "--format", "json", *arguments)
    assert status == 0
    return json.loads(out)


def test_the_shops_rules_are_those_that_its_services_ask_for(capsys):
    """By hand from sample_data/shop/services.yaml: two public Services, one with a range, one internal with a range."""
    rules = asked(capsys)["security_rules"]
    expected = [
        (["Internet"], [80, 443], "203.0.113.20"),
        (["Internet"], [80], "203.0.113.44"),
        (["198.51.100.64/26"], [443], "203.0.113.30"),
        (["10.100.0.0/16"], [443], "10.224.0.200"),
    ]
    assert rules == [
        {
            "name": allow_name(Family.IPV4, "Tcp", sources, ports),
            "priority": 500 + place,
            "protocol": "Tcp",
            "sources": sources,
            "destinations": [frontend],
            "ports": sorted(map(str, ports)),
            "access": "Allow",
        }
        for place, (sources, ports, frontend) in enumerate(expected)
    ]


@pytest.mark.parametrize(
    ("packet", "verdict", "rule"),
    [
        ("internet=monitoring/grafana:80", "allowed", "k8s-azure-lb_allow_IPv4_d39272f7f57ed937951650d93992ad77"),
        ("internet=monitoring/grafana:81", "denied", "DenyAllInbound"),
        ("198.51.100.70=shop-api/partner-feed:443", "allowed", ""),
        ("198.51.100.1=shop-api/partner-feed:443", "denied", "DenyAllInbound"),
        ("internet=shop-api/partner-feed:443", "unknown", ""),
        ("10.100.0.1=shop-payments/payments-partner:443", "allowed", ""),
        ("10.99.0.1=shop-payments/payments-partner:443", "unknown", ""),
        ("vnet=shop-payments/payments-partner:443", "allowed", "AllowVNetInBound"),
    ],
)
def test_a_packet_to_the_shop_is_answered(capsys, packet, verdict, rule):
    found = asked(capsys, "--packet", packet)
    assert found["schema"] == "netatlas.azure-packet/1"
    assert found["verdict"] == verdict
    groups = found["packets"][0]["arrives_as"][0]["groups"]
    assert groups[0]["origin"] == "fresh reconcile"
    if rule:
        assert groups[0]["rule"] == rule


def test_the_network_that_is_named_settles_private_senders(capsys):
    packet = "10.99.0.1=shop-payments/payments-partner:443"
    assert asked(capsys, "--packet", packet, "--vnet", "10.224.0.0/16")["verdict"] == "denied"
    assert asked(capsys, "--packet", packet, "--vnet", "10.0.0.0/8")["verdict"] == "allowed"


def test_a_group_on_the_subnet_is_asked_first(capsys, tmp_path):
    file = tmp_path / "nsg.json"
    file.write_text(json.dumps({"name": "corp", "securityRules": [RULE, OPEN]}))
    found = asked(capsys, "--packet", "internet=monitoring/grafana:80", "--subnet-nsg", str(file))
    assert found["verdict"] == "denied"
    assert [g["group"] for g in found["packets"][0]["arrives_as"][0]["groups"]] == ["corp"]
    rows = asked(capsys, "--subnet-nsg", str(file))["ports"]
    assert [(r["service"], r["port"], r["verdict"]) for r in rows] == [
        ("nginx", 80, "denied"),
        ("grafana", 80, "denied"),
        ("nginx", 443, "allowed"),
        ("partner-feed", 443, "allowed"),
        # In the virtual network 10.100.0.0/16 passes by the default rule, outside it by the group's own.
        ("payments-partner", 443, "allowed"),
    ]


def test_live_priorities_are_kept(capsys, tmp_path):
    live = {
        **OPEN,
        "name": allow_name(Family.IPV4, "Tcp", ["Internet"], [80]),
        "priority": 612,
        "protocol": "Tcp",
        "destinationAddressPrefix": "203.0.113.44",
        "destinationPortRange": "80",
    }
    file = tmp_path / "live.json"
    file.write_text(json.dumps([live]))
    rules = asked(capsys, "--nsg", str(file))["security_rules"]
    assert {r["priority"] for r in rules} == {500, 501, 502, 612}
    found = asked(capsys, "--packet", "internet=monitoring/grafana:80", "--nsg", str(file))
    assert found["packets"][0]["arrives_as"][0]["groups"][0]["priority"] == 612
    assert "priorities are kept" in found["packets"][0]["arrives_as"][0]["groups"][0]["origin"]


def test_a_group_without_rules_counts_and_a_text_without_a_group_is_refused(capsys, tmp_path):
    file = tmp_path / "nsg.json"
    empty = {"type": "Microsoft.Network/networkSecurityGroups", "name": "[parameters('n')]", "properties": {}}
    file.write_text(json.dumps({"parameters": {"n": {"defaultValue": "corp"}}, "resources": [empty]}))
    found = asked(capsys, "--packet", "internet=monitoring/grafana:80", "--subnet-nsg", str(file))
    assert found["verdict"] == "denied"
    for text in ("{}", "# nothing"):
        file.write_text(text)
        status, out, err = run(capsys, "--packet", "internet=monitoring/grafana:80", "--subnet-nsg", str(file))
        assert (status, out) == (2, "") and "no security group" in err


@pytest.mark.parametrize("format_", ["text", "csv", "md"])
def test_every_format_answers(capsys, format_, tmp_path):
    file = tmp_path / "nsg.json"
    file.write_text(json.dumps([RULE]))
    for more in (["--packet", "internet=monitoring/grafana:80"], ["--subnet-nsg", str(file)]):
        status, out, err = run(capsys, "--format", format_, *more)
        assert (status, err) == (0, "")
        assert "grafana" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--packet", "nonsense"], "FROM=TO:PORT"),
        (["--packet", "internet=shop/none:80"], "no Service"),
        (["--packet", "internet=monitoring/grafana:80", "--vnet", "10.0.0.0/99"], "--vnet"),
        (["--subnet-nsg", "no-such-file.json"], "can't be read"),
    ],
)
def test_what_can_not_be_answered_is_exit_2_with_one_line(capsys, arguments, said):
    status, out, err = run(capsys, *arguments)
    assert (status, out) == (2, "")
    assert said in err
    assert "Traceback" not in err


def test_a_bad_field_is_told_with_its_line_and_the_answer_is_printed_all_the_same(capsys, tmp_path):
    file = tmp_path / "nsg.json"
    file.write_text(json.dumps([{**RULE, "destinationPortRange": "http"}, OPEN], indent=1))
    status, out, err = run(capsys, "--packet", "internet=monitoring/grafana:80", "--subnet-nsg", str(file))
    assert status == 2
    assert "Unknown" in out
    assert f"{file}:11: " in err


def test_probes_are_listed_with_what_groups_and_policies_do(capsys, tmp_path):
    """The Local Services' probes are answered by nodes; grafana's comes to a pod that a policy opens to everybody."""
    found = {row["service"]: row for row in asked(capsys, "--list", "probes")["probes"]}
    assert {name: row["by_policies"] for name, row in found.items()} == {
        "nginx": "not asked",
        "partner-feed": "not asked",
        "payments-partner": "not asked",
        "grafana": "allowed",
    }
    assert {row["security_groups"] for row in found.values()} == {"allowed"}
    mine = tmp_path / "mine.json"
    closed = {**RULE, "sourceAddressPrefix": "AzureLoadBalancer", "destinationPortRange": "30665"}
    mine.write_text(json.dumps([closed]))
    status, out, _ = run(capsys, "--list", "probes", "--subnet-nsg", str(mine), "--format", "csv")
    (denied,) = [line for line in out.splitlines() if ",denied," in line]
    assert status == 0 and ",grafana," in denied and "rule web (200) of your group on the subnet" in denied


def test_check_tells_what_a_group_on_the_subnet_blocks(capsys, tmp_path):
    mine = tmp_path / "mine.json"
    mine.write_text(json.dumps([{**RULE, "sourceAddressPrefix": "*", "destinationPortRange": "*"}]))
    status = main(["check", SHOP, "--subnet-nsg", str(mine), "--format", "json"])
    codes = [row["code"] for row in json.loads(capsys.readouterr().out)["findings"]]
    assert status == 1
    assert (codes.count("azure-health-probe-denied"), codes.count("azure-subnet-group-blocks")) == (4, 5)
    assert main(["check", SHOP, "--subnet-nsg", str(tmp_path / "none.json")]) == 2
    capsys.readouterr()
    mine.write_text(json.dumps([{**RULE, "priority": 5}]))
    assert main(["check", SHOP, "--subnet-nsg", str(mine)]) == 2
    assert f"{mine}:1: " in capsys.readouterr().err


def test_the_rule_that_lets_a_probe_in_is_the_same_everywhere_and_the_other_is_named(capsys):
    """AD:service-tags-overview puts 168.63.129.16 into VirtualNetwork, too; nsg_cases.yaml names the probes' rule."""
    first, second = (
        next(r for r in worked_examples()["azure_default_rules"]["inbound"] if r["source"] == tag)
        for tag in ("VirtualNetwork", "AzureLoadBalancer")
    )
    assert first["priority"] < second["priority"] and first["access"] == second["access"] == "Allow"
    for packet in ("probe=monitoring/grafana:80", "168.63.129.16=10.224.0.4:30665"):
        found = asked(capsys, "--packet", packet)
        groups = found["packets"][0]["arrives_as"][0]["groups"]
        assert (groups[0]["rule"], groups[0]["priority"]) == (first["name"], first["priority"])
        (told,) = [note for note in found["packets"][0]["notes"] if first["name"] in note]
        assert f"{second['name']} ({second['priority']})" in told
    rows = asked(capsys, "--list", "probes")["probes"]
    assert all(first["name"] in row["because"] for row in rows)
