"""Assertions: how they are read, what they mean, and that they find the sample's planted faults.

Whether a flow is permitted is the engine's matter and tested there; here clusters are small enough to judge by eye.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
import yaml

from lib.assertions import Outcome, Result, check_assertions
from lib.cli import main
from lib.loaders.assertions import SCHEMA, read_assertions
from lib.model.sets import ConnectionSet, Protocol
from lib.model.snapshot import Coverage
from lib.policy.engine import compile_engine
from tests.policy.build import engine_of, namespace, pod, policy

ROOT = Path(__file__).parents[1]
DOCUMENTED = json.loads((ROOT / "docs/assertions.schema.json").read_text(encoding="utf-8"))

# web → api → db on 5432 is permitted, nothing else inside; api may be reached from outside.
CLUSTER = (
    namespace("shop", team="a"),
    namespace("data", team="b"),
    pod("web", tier="front"),
    pod("api", tier="app"),
    pod("db", namespace="data", tier="data"),
    policy("podSelector: {matchLabels: {tier: front}}\npolicyTypes: [Ingress]", name="web"),
    policy(
        "podSelector: {matchLabels: {tier: app}}\npolicyTypes: [Ingress, Egress]\n"
        "ingress: [{ports: [{port: 443}]}]\n"
        "egress: [{to: [{namespaceSelector: {matchLabels: {team: b}}}], ports: [{port: 5432}]}]",
        name="api",
    ),
    policy(
        "podSelector: {}\npolicyTypes: [Ingress, Egress]\n"
        "ingress: [{from: [{namespaceSelector: {matchLabels: {team: a}}, podSelector: {matchLabels: {tier: app}}}], "
        "ports: [{port: 5432}]}]",
        name="db",
        namespace="data",
    ),
)


def text_of(*assertions: str) -> str:
    return f"schema: {SCHEMA}\nassertions:\n" + "".join(f"  - {a}\n" for a in assertions)


def results(*assertions: str, cluster: Iterable[str] = CLUSTER) -> tuple[Result, ...]:
    text = text_of(*assertions)
    jsonschema.validate(yaml.safe_load(text), DOCUMENTED)
    reading = read_assertions(text, "a.yaml")
    assert reading.problems == ()
    return check_assertions(engine_of(*cluster), reading.assertions)


@pytest.mark.parametrize(
    ("assertion", "outcome"),
    [
        ("allow: {from: shop/api, to: data/db, ports: TCP 5432}", Outcome.HOLDS),
        ("allow: {from: shop/api, to: data/db, ports: TCP 5432-5433}", Outcome.FAILS),
        ("allow: {from: shop/api, to: data/db}", Outcome.FAILS),
        ("allow: {from: any workload, to: shop/api, ports: [TCP 443]}", Outcome.FAILS),
        ("allow: {from: internet, to: shop/api, ports: TCP 443}", Outcome.HOLDS),
        ("allow: {from: 198.51.100.7, to: 'shop/api[Pod]', ports: TCP 443}", Outcome.HOLDS),
        ("allow: {from: shop/api, to: 198.51.100.0/24, ports: TCP 443}", Outcome.FAILS),
        ("allow: {from: shop/web, to: outside}", Outcome.HOLDS),
        ("deny: {from: {namespace: shop, labels: tier=front}, to: data/db}", Outcome.HOLDS),
        ("deny: {from: {namespaces: team=a}, to: {namespace: [data]}}", Outcome.FAILS),
        ("deny: {from: {namespaces: team=a}, to: {namespace: [data]}, ports: UDP}", Outcome.HOLDS),
        ("deny: {from: '2001:db8::/32', to: shop/api, ports: TCP 443}", Outcome.FAILS),
        ("deny: {from: internet, to: data/db}", Outcome.HOLDS),
        ("only: {from: shop/api, to: data/db}", Outcome.HOLDS),
        ("only: {from: shop/web, to: data/db}", Outcome.FAILS),
        ("only: {from: shop/web, to: data/db, ports: TCP 80}", Outcome.HOLDS),
        ("only: {from: [outside, shop/web], to: shop/api}", Outcome.HOLDS),
        ("only: {from: [internet, shop/web], to: shop/api}", Outcome.FAILS),
        ("no-path: {from: internet, to: data/db, ports: TCP 80}", Outcome.HOLDS),
        ("no-path: {from: internet, to: data/db}", Outcome.FAILS),
        ("no-path: {from: data/db, to: outside}", Outcome.HOLDS),
        ("no-path: {from: shop/web, to: [shop/web, data/db]}", Outcome.FAILS),
    ],
)
def test_an_assertion(assertion: str, outcome: Outcome) -> None:
    (result,) = results(assertion)
    assert result.outcome is outcome, result.message
    assert bool(result.examples) == (outcome is not Outcome.HOLDS)


def test_a_failure_names_the_flow_its_ports_and_the_policies_behind_it() -> None:
    (result,) = results("deny: {from: shop/api, to: data/db, ports: TCP}")
    (example,) = result.examples
    assert (example.src, example.dst) == ("shop/api[Pod]", "data/db[Pod]")
    assert example.ports == ConnectionSet.of(Protocol.TCP, 5432)
    assert "shop/api[NetworkPolicy] spec.egress[0]" in example.reason
    assert "data/db[NetworkPolicy] spec.ingress[0]" in example.reason
    assert [(str(d.policy), d.effect, d.source.path_text) for d in example.decided] == [
        ("shop/api[NetworkPolicy]", "permits", "spec.egress[0]"),
        ("data/db[NetworkPolicy]", "permits", "spec.ingress[0]"),
    ]


def test_a_path_is_told_hop_by_hop() -> None:
    (result,) = results("no-path: {from: internet, to: data/db}")
    (example,) = result.examples
    assert example.over == ("shop/api[Pod]",)
    assert "shop/api[Pod] → data/db[Pod]: permitted by shop/api[NetworkPolicy] spec.egress[0]" in example.reason
    assert "data/db[NetworkPolicy]" in {str(d.policy) for d in example.decided}
    assert "shop/api[Pod] → data/db[Pod]" in result.message


def test_an_end_that_selects_nothing_fails() -> None:
    (result,) = results("deny: {from: {labels: tier=typo}, to: data/db}")
    assert (result.outcome, result.count) == (Outcome.FAILS, 0)
    assert "tier=typo" in result.message


def test_what_nobody_knows_is_unknown_and_not_hidden() -> None:
    name = """
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata: {name: names, namespace: shop}
        spec: {endpointSelector: {}, egress: [{toFQDNs: [{matchName: example.com}]}]}
    """
    (result,) = results("deny: {from: shop/web, to: internet}", cluster=(CLUSTER[0], CLUSTER[2], name))
    assert result.outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("schema: other/1\nassertions: []\n", "unknown-schema", 1),
        (text_of("deny: {from: internet, to: nowhere}"), "unknown-end", 3),
        (text_of("deny: {from: internet, to: a/b, ports: TCP 70000}"), "invalid-port", 3),
        (text_of("deny: {from: internet, to: a/b}", "allow: {from: a/b}"), "missing-end", 4),
        (text_of("deny: {from: internet, to: {labels: 'a in'}}"), "invalid-selector", 3),
        (text_of("deny: {from: internet, to: {}}"), "missing-end", 3),
        (text_of("name: both\n    deny: {from: a/b, to: a/b}\n    allow: {from: a/b, to: a/b}"), "not-exactly-one", 3),
        (text_of("dney: {from: a/b, to: a/b}"), "unknown-field", 3),
        ("a: [\n", "yaml-syntax", 2),
        ("", "no-assertions", 1),
        ("[]", "wrong-type", 1),
    ],
)
def test_a_fault_is_told_with_its_line(text: str, code: str, line: int) -> None:
    problems = [p for p in read_assertions(text, "a.yaml").problems if p.severity.label == "error"]
    assert (code, line) in [(p.code, p.line) for p in problems], problems


def test_a_faulty_assertion_does_not_keep_the_others_from_being_checked() -> None:
    reading = read_assertions(text_of("deny: {from: nowhere, to: a/b}", "deny: {from: a/b, to: c/d}"), "a.yaml")
    assert [a.line for a in reading.assertions] == [4]
    assert len(reading.problems) == 1


def test_the_samples_assertions_find_its_planted_faults(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["check", str(ROOT / "sample_data/shop"), "--assert", str(ROOT / "docs/shop.assert.yaml")]
    assert main([*arguments, "--format", "json", "--fail-on", "error"]) == 1
    found = json.loads(capsys.readouterr().out)["assertions"]
    # Faults 6, 7 and 8 of the sample's README.
    assert [a["outcome"] for a in found] == ["fails", "fails", "fails", "holds", "holds", "holds"]
    assert found[0]["source"].endswith("shop.assert.yaml:5")
    main([*arguments, "--format", "sarif"])
    rules = [r["ruleId"] for r in json.loads(capsys.readouterr().out)["runs"][0]["results"]]
    assert rules.count("assertion-fails") == 3


def test_the_command_says_what_is_wrong_with_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(text_of("deny: {from: nowhere, to: a/b}"), encoding="utf-8")
    assert main(["check", str(ROOT / "sample_data/shop"), "--assert", str(file)]) == 2
    assert f"{file}:3: " in capsys.readouterr().err
    assert main(["check", str(ROOT / "sample_data/shop"), "--assert", str(tmp_path / "none.yaml")]) == 2


def test_the_example_of_the_documentation_is_read_and_fits_its_schema() -> None:
    text = (ROOT / "docs/assertions.md").read_text(encoding="utf-8").partition("```yaml\n")[2].partition("```")[0]
    jsonschema.validate(yaml.safe_load(text), DOCUMENTED)
    reading = read_assertions(text, "docs.yaml")
    assert reading.problems == ()
    assert [a.kind.value for a in reading.assertions] == ["only", "no-path", "deny", "allow"]


def test_findings_are_listed_by_namespace_and_assertions_all_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    shop = str(ROOT / "sample_data/shop")
    main(["check", shop, "-n", "shop-data", "--assert", str(ROOT / "docs/shop.assert.yaml"), "--format", "json"])
    found = json.loads(capsys.readouterr().out)
    assert {f["subject"].partition("/")[0] for f in found["findings"]} == {"shop-data"}
    assert len(found["assertions"]) == 6
    assert main(["check", shop, "-n", "nosuch"]) == 2


def test_what_is_too_much_to_judge_is_unknown_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lib.assertions.check.PAIRS_MAX", 5)
    (result,) = results("allow: {from: any workload, to: any workload}")
    assert (result.outcome, "too many" in result.message) == (Outcome.UNKNOWN, True)
    monkeypatch.setattr("lib.assertions.check.ROWS_MAX", 3)
    (result,) = results("deny: {from: internet, to: data/db}")
    assert (result.outcome, "more than 3 flows" in result.message) == (Outcome.UNKNOWN, True)


V4_RULES = """
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: some, namespace: a}
    spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}], ports: [{port: 443}]}]}
"""


@pytest.mark.parametrize(("ips", "outcome"), [("10.0.0.9", Outcome.HOLDS), ("10.0.0.9 fd00::9", Outcome.FAILS)])
@pytest.mark.parametrize("word", ["internet", "outside"])
def test_words_for_addresses_mean_the_families_of_the_cluster(word: str, ips: str, outcome: Outcome) -> None:
    """As in ``explain``: no packet of IPv6 comes to a pod that has no such address."""
    status = f"status: {{phase: Running, podIPs: [{', '.join(f'{{ip: {ip!r}}}' for ip in ips.split())}]}}\n"
    cluster = (pod("web", "a") + status, V4_RULES)
    for assertion in (f"allow: {{from: {word}, to: a/web, ports: TCP 443}}", f"only: {{from: {word}, to: a/web}}"):
        (result,) = results(assertion, cluster=cluster)
        expected = outcome
        if assertion.startswith("only"):
            # Private addresses come in as well; of IPv6 none does, by the rule.
            expected = Outcome.FAILS if word == "internet" else Outcome.HOLDS
        assert result.outcome is expected, result.message


def test_the_flow_to_blame_is_told_as_far_as_it_was_asked_about() -> None:
    (result,) = results("deny: {from: shop/web, to: 169.254.169.254}")
    assert result.examples[0].dst == "169.254.169.254[External]"


@pytest.mark.parametrize(
    ("assertion", "outcome"),
    [
        ("deny: {from: shop/web, to: shop/web}", Outcome.FAILS),
        ("allow: {from: shop/web, to: shop/web}", Outcome.FAILS),
        ("only: {from: shop/web, to: shop/web, ports: TCP 80}", Outcome.HOLDS),
    ],
)
def test_one_workload_at_both_ends_is_not_said_to_hold_unasked(assertion: str, outcome: Outcome) -> None:
    (result,) = results(assertion)
    assert result.outcome is outcome, result.message
    if outcome is Outcome.FAILS:
        assert "flows among these are not judged" in result.message


def test_check_asks_the_engine_that_was_chosen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Azure Network Policy Manager knows no policies of Cilium's."""
    closed = """
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: closed, namespace: a}
spec: {endpointSelector: {}, ingress: [{}]}
"""
    manifests, assertions = tmp_path / "cluster.yaml", tmp_path / "assertions.yaml"
    manifests.write_text("---".join((pod("web", "a"), pod("db", "a"), closed)))
    assertions.write_text("schema: netatlas.assertions/1\nassertions:\n- deny: {from: a/web, to: a/db}\n")
    for engine, status in (("cilium", 0), ("azure-npm", 1)):
        asked = ["check", str(manifests), "--assert", str(assertions), "--engine", engine]
        assert main([*asked, "--format", "json"]) == status
        assert json.loads(capsys.readouterr().out)["engine"] == engine


def outcome_without(kind: str, assertion: str, *cluster: str) -> Outcome:
    """The outcome on a cluster of which a server refused one kind."""
    engine = engine_of(*(cluster or CLUSTER))
    snapshot = replace(engine.snapshot, coverage={**engine.snapshot.coverage, kind: Coverage.REFUSED})
    reading = read_assertions(text_of(assertion), "a.yaml")
    (found,) = check_assertions(compile_engine(snapshot), reading.assertions)
    assert found.outcome is not Outcome.UNKNOWN or kind in found.message
    return found.outcome


GROUP = "deny: {from: internet, to: {namespace: data}}"
NAMED = "deny: {from: internet, to: data/db}"
ONLY = "only: {from: shop/api, to: data/db}"
ABSENT = "deny: {from: internet, to: {labels: tier=absent}}"
PATH = "no-path: {from: data/db, to: shop/web}"
BROKEN = "deny: {from: {namespace: shop}, to: {namespace: data}}"
LABELLED = "deny: {from: internet, to: {namespaces: team=b}}"


@pytest.mark.parametrize("kind", ["Pod", "CronJob", "DaemonSet"])
@pytest.mark.parametrize(
    ("assertion", "complete", "unread"),
    [
        (GROUP, Outcome.HOLDS, Outcome.UNKNOWN),
        (ONLY, Outcome.HOLDS, Outcome.UNKNOWN),
        (PATH, Outcome.HOLDS, Outcome.UNKNOWN),
        (ABSENT, Outcome.FAILS, Outcome.UNKNOWN),
        (NAMED, Outcome.HOLDS, Outcome.HOLDS),
        (BROKEN, Outcome.FAILS, Outcome.FAILS),
    ],
)
def test_that_no_flow_is_to_blame_hangs_on_every_workload(
    kind: str, assertion: str, complete: Outcome, unread: Outcome
) -> None:
    assert outcome_without("Gateway", assertion) is complete
    assert outcome_without(kind, assertion) is unread


def test_ends_by_labels_of_namespaces_hang_on_the_namespaces() -> None:
    assert outcome_without("Gateway", LABELLED) is Outcome.HOLDS
    assert outcome_without("Namespace", LABELLED) is Outcome.UNKNOWN
    assert outcome_without("Namespace", LABELLED, *CLUSTER[2:]) is Outcome.UNKNOWN


def test_the_command_leads_from_a_failure_to_the_lines_that_decided(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifests, assertions = tmp_path / "cluster.yaml", tmp_path / "assertions.yaml"
    lines = policy("podSelector: {}\ningress: [{from: [{podSelector: {}}]}]").strip().splitlines()
    manifests.write_text("\n---\n".join((pod("web").strip(), pod("db").strip(), "\n".join(lines))))
    assertions.write_text("schema: netatlas.assertions/1\nassertions:\n- deny: {from: shop/web, to: shop/db}\n")
    line = next(n for n, text in enumerate(manifests.read_text().splitlines(), 1) if "podSelector: {}}]" in text)
    for form in ("text", "sarif", "csv", "json"):
        assert main(["check", str(manifests), "--assert", str(assertions), "--format", form]) == 1
        assert f"{manifests}:{line}" in capsys.readouterr().out, form


@pytest.mark.parametrize("ports", ["80", "[80]", "[TCP 443, 80]"])
def test_a_port_without_a_protocol_is_told_how_to_write_it(ports: str) -> None:
    text = f"schema: netatlas.assertions/1\nassertions:\n- deny: {{from: a/b, to: c/d, ports: {ports}}}\n"
    reading = read_assertions(text, "a.yaml")
    (problem,) = reading.problems
    assert (problem.line, problem.message.endswith("80 is a port without its protocol")) == (3, True)
    assert problem.remedy == "Write TCP 80."
    assert reading.assertions == ()


def at(text: str, *addresses: str, node: str = "") -> str:
    """A pod with addresses, on a node where one is named."""
    listed = ", ".join(f"{{ip: {each}}}" for each in addresses)
    placed = text.replace("spec:", f"spec:\n  nodeName: {node}") if node else text
    return f"{placed}status: {{phase: Running, podIP: '{addresses[0]}', podIPs: [{listed}]}}\n"


ADDRESSED = (
    *CLUSTER[:2],
    at(CLUSTER[2], "10.244.0.2"),
    at(CLUSTER[3], "10.244.0.3"),
    at(CLUSTER[4], "10.244.0.4"),
    *CLUSTER[5:],
    """
    apiVersion: v1
    kind: Node
    metadata: {name: node-1}
    status: {addresses: [{type: InternalIP, address: 10.224.0.4}, {type: InternalIP, address: garbage}]}
    """,
    """
    apiVersion: v1
    kind: Service
    metadata: {name: db, namespace: data}
    spec: {selector: {tier: data}, clusterIP: 10.0.0.10, clusterIPs: [10.0.0.10], ports: [{port: 5432}]}
    """,
)


@pytest.mark.parametrize(
    ("assertion", "outcome", "said"),
    [
        # As between shop/api and data/db, whose addresses these are.
        ("allow: {from: 10.244.0.3, to: 10.244.0.4, ports: TCP 5432}", Outcome.HOLDS, "shop/api[Pod] is meant"),
        ("deny: {from: 10.244.0.3/32, to: data/db, ports: TCP 5432}", Outcome.FAILS, "shop/api[Pod] is meant"),
        ("deny: {from: 10.244.0.2, to: data/db}", Outcome.HOLDS, "10.244.0.2 is an address of shop/web[Pod]"),
        ("only: {from: 10.244.0.3, to: 10.244.0.4}", Outcome.HOLDS, "data/db[Pod] is meant"),
        ("deny: {from: 10.224.0.4, to: data/db}", Outcome.UNKNOWN, "node/node-1, and flows of nodes are not judged"),
        (
            "deny: {from: shop/web, to: 10.0.0.10}",
            Outcome.UNKNOWN,
            "data/db[Service], and policies see",
        ),
        (
            "deny: {from: 10.0.0.0/8, to: data/db}",
            Outcome.HOLDS,
            "3 pods, such as shop/web[Pod], and of 1 node",
        ),
        ("deny: {from: 10.245.0.0/16, to: data/db}", Outcome.HOLDS, "as expected"),
    ],
)
def test_addresses_of_pods_mean_these_and_prefixes_over_them_say_so(
    assertion: str, outcome: Outcome, said: str
) -> None:
    (result,) = results(assertion, cluster=ADDRESSED)
    assert (result.outcome, said in result.message) == (outcome, True), result.message


def test_an_address_of_one_of_several_unlike_pods_is_left_to_explain() -> None:
    owner = "{{kind: StatefulSet, name: s, apiVersion: apps/v1, uid: u, controller: true}}"
    owned = f"labels: {{{{tier: front, app: {{app}}}}}}, ownerReferences: [{owner}]"
    pods = [
        f"apiVersion: v1\nkind: Pod\nmetadata: {{name: s-{i}, namespace: shop, {owned.format(app=app)}}}\n"
        f"spec: {{containers: [{{name: c, image: i}}]}}\nstatus: {{phase: Running, podIPs: [{{ip: 10.244.1.{i}}}]}}\n"
        for i, app in ((1, "a"), (2, "b"))
    ]
    closes = policy("podSelector: {matchLabels: {app: a}}\npolicyTypes: [Egress]", name="a")
    (result,) = results("deny: {from: 10.244.1.1, to: 198.51.100.7}", cluster=(*pods, closes, *CLUSTER))
    assert result.outcome is Outcome.UNKNOWN
    assert "policies tell the pods of shop/s[StatefulSet] apart" in result.message
    (alike,) = results("deny: {from: 10.244.1.1, to: 198.51.100.7}", cluster=(*pods, *CLUSTER))
    assert alike.outcome is Outcome.FAILS
