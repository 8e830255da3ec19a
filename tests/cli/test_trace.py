"""The command ``trace``: verdicts, exit status, lines, JSON, profiles side by side, and hostile questions."""

from __future__ import annotations

import json

import pytest

from lib.azure.profile import choices
from lib.cli import main
from lib.cli.trace_arguments import DATA_PLANES, TRAFFIC_POLICIES
from lib.model.services import TrafficPolicy
from tests.conftest import ROOT

SHOP = str(ROOT / "sample_data" / "shop")


def run(capsys: pytest.CaptureFixture[str], src: str, dst: str, *more: str) -> tuple[int, str, str]:
    status = main(["trace", SHOP, "--from", src, "--to", dst, *more])
    found = capsys.readouterr()
    return status, found.out, found.err


def asked(capsys: pytest.CaptureFixture[str], src: str, dst: str, *more: str) -> dict:
    _, out, _ = run(capsys, src, dst, "--format", "json", *more)
    found = json.loads(out)
    assert found["schema"] == "netatlas.trace/1"
    return found


def test_an_allowed_trace_ends_in_0_and_a_denied_one_in_1(capsys):
    assert run(capsys, "internet", "https://shop.example.com/cart")[0] == 0
    assert run(capsys, "internet", "https://shop.example.com/blog")[0] == 1
    # Unknown and "it depends" are no denials.
    assert run(capsys, "vnet", "10.224.0.200:443")[0] == 0


def test_json_holds_each_hop_with_its_object_and_line(capsys):
    found = asked(capsys, "shop-api/cart", "svc/shop-data/redis:6379")
    stopped = found["hops"][found["stopped_at"] - 1]
    assert (found["verdict"], stopped["verdict"]) == ("denied", "denied")
    assert stopped["kind"] == "policies of the receiver"
    for decider in stopped["decided_by"]:
        file, _, line = decider["source"].rpartition(":")
        assert file.endswith("networkpolicies.yaml")
        assert int(line) > 0
    assert [hop["reached"] for hop in found["hops"]] == [n < found["stopped_at"] for n in range(len(found["hops"]))]


@pytest.mark.parametrize("format_", ["text", "csv", "md"])
def test_every_format_names_the_hop_that_stops_the_packet(capsys, format_):
    status, out, _ = run(capsys, "internet", "https://shop.example.com/blog", "--format", format_)
    assert status == 1
    assert "ingresses.yaml" in out
    assert "blog" in out


def test_profiles_stand_side_by_side_and_the_first_decides_over_the_status(capsys):
    more = ("--against", "engine=azure-npm,data-plane=kube-proxy", "--against", "traffic-policy=Cluster,engine=cilium")
    found = asked(capsys, "192.0.2.9", "203.0.113.20:443", *more)
    assert found["verdict"] == "allowed"
    assert [side["profile"] for side in found["against"]] == [
        {"engine": "azure-npm", "data-plane": "kube-proxy"},
        {"traffic-policy": "Cluster", "engine": "cilium"},
    ]
    # The shop's policy for NGINX permits addresses of the Internet, and no nodes: AKS's words on Cilium.
    assert [side["verdict"] for side in found["against"]] == ["allowed", "depends"]
    _, out, _ = run(capsys, "192.0.2.9", "203.0.113.20:443", *more)
    assert "traffic-policy Cluster, engine cilium" in out


def test_overlay_against_flat(capsys):
    found = asked(
        capsys, "vnet", "shop-api/cart:8080", "--vnet", "10.224.0.0/12", "--against", "network-model=node_subnet"
    )
    assert [hop["kind"] for hop in found["hops"]] == ["address"]
    assert found["verdict"] == "denied"
    assert found["against"][0]["hops"][0]["verdict"] == "allowed"


HOSTILE = [
    ("", "x:1"),
    ("internet", ""),
    ("internet", "x" * 5_000),
    ("internet", "http://[::1"),
    ("internet", "ftp://shop.example.com"),
    ("internet", "https://user:pw@shop.example.com/"),
    ("internet", "10.0.0.1:0"),
    ("internet", "10.0.0.1:99999"),
    ("internet", "10.0.0.1:80/ICMP"),
    ("internet", "[::1]:80"),
    ("internet", "10.0.0.1"),
    ("internet", "svc/shop-api/nosuch:80"),
    ("internet", "svc/app-routing-system/nginx"),
    ("internet", "a/b/c/d:80"),
    ("internet", "\u202eevil:80"),
    ("no/such", "shop-api/cart:80"),
    ("10.0.0.0/8", "shop-api/cart:80"),
    ("shop-api/cart", "node/nosuch:80"),
    ("2001:db8::1", "203.0.113.20:443"),
    ("203.0.113.20", "shop-api/cart:80"),
    ("internet", "8.8.8.8:53/UDP"),
    ("internet", "no-such-thing:80"),
]


@pytest.mark.parametrize(("src", "dst"), HOSTILE)
def test_an_odd_question_is_answered_with_a_sentence(capsys, src, dst):
    status, out, err = run(capsys, src, dst)
    assert status == 2, out
    assert err.strip()
    assert len(err) < 3_000
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--against", "engine"),
        ("--against", "engine=nosuch"),
        ("--against", "colour=red"),
        ("--against", "engine=cilium,engine=calico"),
        ("--vnet", "nonsense"),
        ("--gateway-subnet", "10.0.0.0/99"),
        ("--nsg", "/no/such/file"),
    ],
)
def test_an_odd_option_is_answered_with_a_sentence(capsys, option, value):
    status, _, err = run(capsys, "internet", "https://shop.example.com/", option, value)
    assert status == 2
    assert err.strip()
    assert "Traceback" not in err


def test_the_words_of_the_options_are_those_of_the_data():
    assert set(DATA_PLANES) == set(choices("data_plane"))
    assert list(TRAFFIC_POLICIES) == [policy.value for policy in TrafficPolicy]


def test_a_table_of_names_settles_where_a_host_leads(capsys, tmp_path):
    table = tmp_path / "names.yaml"
    table.write_text("names:\n  shop.example.com: [203.0.113.20]\n", encoding="utf-8")
    right = asked(capsys, "internet", "https://shop.example.com/cart", "--names", str(table))
    assert (right["verdict"], right["hops"][0]["premise"]) == ("allowed", False)
    table.write_text("names:\n  shop.example.com: [203.0.113.99]\n", encoding="utf-8")
    wrong = asked(capsys, "internet", "https://shop.example.com/cart", "--names", str(table))
    assert (wrong["verdict"], wrong["stopped_at"]) == ("denied", 1)
