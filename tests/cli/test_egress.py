"""The command ``egress``: its lists, its texts, and what it refuses."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
import yaml

from lib.cli import egress_arguments, main
from lib.facts.egress_needs import conditions, features
from lib.facts.networks import network_facts
from lib.facts.outbound import OutboundType, migrations, outbound_types
from lib.facts.snat import default_steps, snat_examples, snat_fact
from tests.conftest import ROOT

SHOP = str(ROOT / "sample_data" / "shop")


def ask(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    status = main(("egress", *argv))
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return status, out, err


def test_the_words_of_the_options_are_those_of_the_data() -> None:
    assert set(egress_arguments.FEATURES) == {f.id for f in features() if not f.always}
    assert set(egress_arguments.CONDITIONS) == set(conditions())
    assert set(egress_arguments.OUTBOUND_TYPES) == {t.id for t in outbound_types()}
    assert set(egress_arguments.NETWORK_MODELS) == {n.id for n in network_facts()}


@pytest.mark.parametrize("name", egress_arguments.LISTS)
@pytest.mark.parametrize("form", ["text", "csv", "md"])
def test_every_list_is_printed_in_every_form(capsys: pytest.CaptureFixture[str], name: str, form: str) -> None:
    status, out, _ = ask(capsys, SHOP, "--list", name, "--format", form)
    assert status == 0
    if form == "csv":
        rows = list(csv.reader(io.StringIO(out)))
        assert len(rows) > 1 and len({len(row) for row in rows}) == 1
    else:
        assert len(out.splitlines()) > 1


def test_json_holds_every_list(capsys: pytest.CaptureFixture[str]) -> None:
    answer = json.loads(ask(capsys, SHOP, "--format", "json")[1])
    assert answer["schema"] == "netatlas.egress/1"
    assert all(answer[name] for name in egress_arguments.LISTS if name != "reach")
    (konnectivity,) = (row for row in answer["egress"] if row["needed_for"] != "name resolution")
    assert (konnectivity["workload"], konnectivity["verdict"]) == ("konnectivity-agent", "allowed")
    # The policy's own line, as anybody can look up.
    file, _, line = konnectivity["source"].rpartition(":")
    near = (ROOT / file).read_text("utf-8").splitlines()[int(line) - 1 :][:40]
    assert "networkpolicies.yaml" in file and near


def test_the_documented_example_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = (e for e in snat_examples() if "excess_ports" in e.expected)
    given = example.given
    options = ["--nodes", given["nodes"], "--surge", given["surge"], "--outbound-ips", given["ips"]]
    options += ["--ports-per-node", given["ports"], "--list", "snat", "--format", "csv"]
    out = ask(capsys, SHOP, *map(str, options))[1]
    numbers = {row["quantity"]: row["number"] for row in csv.DictReader(io.StringIO(out))}
    assert numbers["ports that the nodes leave"] == str(example.expected["excess_ports"])
    assert numbers["ports of the surge nodes besides"] == str(example.expected["surge_ports"])


def test_a_nat_gateway_is_counted_as_one(capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--outbound-type", "managedNATGateway", "--list", "snat", "--outbound-ips", "2")
    assert "on demand" in ask(capsys, SHOP, *options)[1]
    status, _, err = ask(capsys, SHOP, *options[:-1], "99")
    assert status == 2 and "public addresses" in err


@pytest.mark.parametrize(
    "argv", [("--region", "<west>"), ("--namespace", "nowhere"), ("--list", "snat", "--ports-per-node", "-8")]
)
def test_what_makes_no_sense_is_refused_in_a_sentence(
    capsys: pytest.CaptureFixture[str], argv: tuple[str, ...]
) -> None:
    status, out, err = ask(capsys, SHOP, *argv)
    assert (status, out) == (2, "") and err.strip()


def test_a_word_that_is_no_address_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(("egress", SHOP, "--dns-server", "dns.example"))
    assert stopped.value.code == 2
    assert "dns-server" in capsys.readouterr().err


def test_rules_and_policies_are_printed_as_text_that_others_read(capsys: pytest.CaptureFixture[str]) -> None:
    options = (SHOP, "--feature", "azure-monitor", "--condition", "custom-dns", "--dns-server", "10.0.0.4")
    (group,) = json.loads(ask(capsys, *options, "--format", "arm")[1])["resources"]
    assert group["properties"]["ruleCollections"]
    assert ask(capsys, *options, "--format", "az")[1].startswith("az network firewall network-rule create")
    documents = list(yaml.safe_load_all(ask(capsys, *options, "--format", "cilium")[1]))
    assert {d["kind"] for d in documents} == {"CiliumNetworkPolicy"}


def test_the_printed_policies_can_be_given_back(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    text = ask(capsys, SHOP, "--format", "cilium")[1]
    (tmp_path / "egress.yaml").write_text(text)
    status, out, err = ask(capsys, SHOP, str(tmp_path), "--engine", "cilium", "--format", "csv")
    assert status == 0 and "egress.yaml" not in err
    assert "netatlas-egress-konnectivity-agent" in out


def test_a_namespace_limits_what_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    out = ask(capsys, SHOP, "--list", "internet", "-n", "shop-web", "--format", "csv")[1]
    assert {row["namespace"] for row in csv.DictReader(io.StringIO(out))} == {"shop-web"}


@pytest.mark.parametrize("kind", outbound_types(), ids=lambda kind: kind.id)
def test_a_type_is_taken_to_stand_in_a_network_that_it_is_documented_for(
    capsys: pytest.CaptureFixture[str], kind: OutboundType
) -> None:
    """The tables of egress-outboundtype.md, by the kinds of virtual network that each type is for."""
    out = ask(capsys, SHOP, "--outbound-type", kind.id, "--list", "migrations", "--format", "csv")[1]
    table = migrations().tables[kind.networks[0]][kind.id]
    words = {True: {"possible"}, False: {"not possible", "the documentation contradicts itself"}}
    found = {row["to"]: row["change"] for row in csv.DictReader(io.StringIO(out))}
    assert {new for new, change in found.items() if change != "not stated"} == set(table)
    assert all(found[new] in words[allowed] for new, allowed in table.items())
    other = next((n for n in ("managed", "own") if n not in kind.networks), None)
    if other:
        err = ask(capsys, SHOP, "--outbound-type", kind.id, "--list", "migrations", "--virtual-network", other)[2]
        assert f"{kind.id} is documented for virtual networks that are" in err


@pytest.mark.parametrize("kind", outbound_types(), ids=lambda kind: kind.id)
def test_what_follows_from_a_type_is_told_beside_its_steps(
    capsys: pytest.CaptureFixture[str], kind: OutboundType
) -> None:
    status, _, err = ask(capsys, SHOP, "--outbound-type", kind.id, "--list", "outbound")
    assert status == 0
    for told in (kind.translated_by, *kind.needs, *kind.creates, *kind.notes):
        assert told in err
    notes = json.loads(ask(capsys, SHOP, "--outbound-type", kind.id, "--format", "json")[1])["notes"]
    assert set(err.splitlines()) <= set(notes)
    assert any(kind.id in note and "translates nothing" in note for note in notes) is not bool(kind.ports)


def test_a_change_that_no_table_holds_names_the_kind_of_network(capsys: pytest.CaptureFixture[str]) -> None:
    for kind, said in (("managed", "made by AKS"), ("own", "brought along")):
        out = ask(capsys, SHOP, "--list", "migrations", "--virtual-network", kind)[1]
        assert f"for virtual networks that are {said} has no such pair" in out


def test_a_type_that_nobody_chose_is_told_to_be_the_default(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("outbound", "migrations", "snat"):
        assert "The outbound type is not known" in ask(capsys, SHOP, "--list", name)[2]
        assert "not known" not in ask(capsys, SHOP, "--list", name, "--outbound-type", "loadBalancer")[2]
    assert ask(capsys, SHOP, "--list", "required")[2] == ""


def test_ports_that_azure_would_refuse_or_nobody_states_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    step = snat_fact("load_balancer", "allocation_step").value
    last = default_steps()[-1].nodes_max
    for options, said in (
        (("--ports-per-node", str(step * 100 + 1)), f"not a multiple of {step}"),
        (("--nodes", str(last)), f"more than {last:,} nodes"),
        (("--nodes", str(default_steps()[0].nodes_max), "--surge", "1"), "passes a step"),
    ):
        assert said in ask(capsys, SHOP, "--list", "snat", "--outbound-type", "loadBalancer", *options)[2]
