"""Every fact is complete, says where it comes from, and is read by the code or shown to people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from datetime import date
from functools import cache
from pathlib import Path

import pytest
import yaml

from lib.facts.address_rules import address_rule, address_rules
from lib.facts.azure_resources import azure_resource_fact, azure_resource_facts
from lib.facts.calico_hosts import failsafe_ports
from lib.facts.cluster_dns import cluster_dns, node_local_dns
from lib.facts.cluster_profile import aspects
from lib.facts.config_maps import config_maps
from lib.facts.engine_settings import engine_settings
from lib.facts.engines import Known, engine, engine_facts
from lib.facts.files import FactsError
from lib.facts.ingress import (
    controller_by_annotation,
    controller_by_class_controller,
    controller_by_gateway_class,
    controller_by_gateway_controller,
    controller_by_ingress_class,
    ingress_controllers,
)
from lib.facts.name_rules import name_rule, name_rules
from lib.facts.networks import network, network_facts
from lib.facts.nsg import (
    attachment,
    custom_priorities,
    default_rules,
    group_limits,
    nsg_source_keys,
    provider_rules,
    service_tags,
    subnet_group_must_allow,
)
from lib.facts.other_engines import other_engines
from lib.facts.platforms import platforms
from lib.facts.reader import all_facts, find, get
from lib.facts.readings import SeenAs, Switches, readings
from lib.facts.service_annotations import service_annotation, service_annotations
from lib.facts.sources import describe, source

ROOT = Path(__file__).resolve().parents[2]
FIRST_CHECK = date(2026, 11, 22)


@cache
def code() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "lib").rglob("*.py")))


@pytest.mark.parametrize("fact", all_facts(), ids=lambda fact: f"{fact.name}-{fact.applies_to[0]}")
def test_every_fact_has_value_unit_model_source_and_date(fact):
    assert fact.value not in ("", ())
    assert isinstance(fact.unit, str)
    assert fact.applies_to == ("all",) or set(fact.applies_to) <= {found.id for found in network_facts()}
    assert fact.sources
    assert fact.checked >= FIRST_CHECK
    assert fact.value_text
    for claim in fact.conflict:
        assert claim.value != fact.value
        assert claim.sources


@pytest.mark.parametrize("fact", all_facts(), ids=lambda fact: f"{fact.name}-{fact.applies_to[0]}")
def test_every_fact_is_read_by_the_code_or_shown(fact):
    assert fact.shown != (f'"{fact.name}"' in code())


def test_no_fact_answers_twice_for_a_model():
    seen = [(fact.name, model) for fact in all_facts() for model in fact.applies_to]
    assert len(seen) == len(set(seen))
    everywhere = {fact.name for fact in all_facts() if fact.applies_to == ("all",)}
    assert not everywhere & {fact.name for fact in all_facts() if fact.applies_to != ("all",)}


def every_source_key() -> list[str]:
    keys = [key for fact in all_facts() for key in fact.sources]
    keys += [key for fact in all_facts() for claim in fact.conflict for key in claim.sources]
    keys += [key for found in network_facts() for key in found.sources]
    keys += [key for found in azure_resource_facts() for key in found.sources]
    keys += [key for found in engine_facts() for key in found.sources]
    keys += [sign.source for found in engine_facts() for sign in (*found.agents, *found.node_labels)]
    keys += [known.source for found in readings() for known in found.kinds]
    keys += [basis.source for found in readings() for basis in found.bases.values()]
    keys += [key for found in ingress_controllers() for key in found.sources]
    keys += [pods.source for found in ingress_controllers() for pods in found.pods]
    keys += [found.source for found in (cluster_dns(), node_local_dns(), failsafe_ports())]
    keys += [key for rule in address_rules() for key in rule.sources]
    keys += [key for found in service_annotations() for key in found.sources]
    keys += nsg_source_keys()
    keys += [setting.basis.source for setting in engine_settings()]
    keys += [found.source for found in (*other_engines(), *platforms())]
    keys += [key.source for found in config_maps().values() for key in found.keys]
    for found in aspects().values():
        signs = (*found.node_labels, *found.agents, *found.settings, *found.values)
        keys += [sign.source for sign in signs]
    return sorted(set(keys))


@pytest.mark.parametrize("key", every_source_key())
def test_every_source_key_says_what_it_stands_for(key):
    found = source(key)
    assert found.title and found.place and found.version and found.date
    assert str(found)
    assert "{}" not in found.place


@pytest.mark.parametrize("key", ["", "AKS", "AKS:", "NOPE:page.md", "AD:articles/no-such-page.md"])
def test_an_unknown_source_key_is_a_defect(key):
    with pytest.raises(FactsError):
        source(key)


def test_sources_read_as_one_line():
    assert describe(("CL:902",)) == "AKS release notes (Azure/AKS: CHANGELOG.md line 902; 8d1c8909, 2026-08-07)"
    assert describe(()) == ""


def test_places_of_one_collection_and_state_are_named_together() -> None:
    keys = ("CL:902", "AKS:faq.yml", "CL:782", "AKS:concepts-network.md", "AKS:faq.yml")
    parts = describe(keys).split("; ")
    assert [part.partition(" (")[0] for part in describe(keys).split("); ")] == [
        source("CL:1").title,
        source("AKS:faq.yml").title,
    ]
    assert describe(keys).count("articles/aks/") == 2 and "line 902, CHANGELOG.md line 782" in parts[0]
    dated = ("AD:articles/virtual-network/service-tags-overview.md", "AD:includes/azure-virtual-network-limits.md")
    assert describe(dated).count(source(dated[0]).title) == 2


@pytest.mark.parametrize("found", service_annotations(), ids=lambda found: found.name)
def test_every_annotation_has_a_form_words_a_source_and_a_date(found):
    assert found.type and found.sources
    assert found.state in ("", "dead", "ignored")
    assert found.checked >= FIRST_CHECK
    assert found.key.startswith("service.beta.kubernetes.io/")
    assert service_annotation(found.name) is found


def test_every_number_of_an_annotation_is_the_right_way_round():
    for found in service_annotations():
        limits = [n for n in (found.minimum, found.documented_maximum, found.maximum) if n is not None]
        assert limits == sorted(limits)
        if found.default.isdecimal() and found.minimum is not None:
            assert found.default_number >= found.minimum


def test_the_security_group_facts_are_complete():
    first, last = custom_priorities()
    assert first < provider_rules().first_priority < provider_rules().last_priority < last
    for direction in ("inbound", "outbound"):
        priorities = [rule.priority for rule in default_rules(direction)]
        assert priorities == sorted(set(priorities)) and priorities[0] > last
    assert {limit.name for limit in group_limits()} == {"rules", "source_addresses", "destination_addresses"}
    assert all(limit.sources and limit.value and limit.checked >= FIRST_CHECK for limit in group_limits())
    assert provider_rules().sources and provider_rules().checked >= FIRST_CHECK
    assert all(tag.means for tag in service_tags())
    assert attachment().says and attachment().sources
    assert len(subnet_group_must_allow()) == 3


@pytest.mark.parametrize("rule", address_rules(), ids=lambda rule: rule.code)
def test_every_rule_has_words_a_class_a_remedy_and_a_source_and_is_applied(rule):
    assert rule.problem_class in ("refused", "breaks", "unwise")
    assert rule.rule.endswith(".") and rule.remedy.endswith(".")
    assert rule.sources
    assert rule.checked >= FIRST_CHECK
    assert f'"{rule.code}"' in code()


@pytest.mark.parametrize("found", network_facts(), ids=lambda found: found.id)
def test_every_network_model_is_complete(found):
    assert found.label and found.status_text and found.snat and found.windows_text
    assert set(found.policy_engines) <= {item.id for item in engine_facts()}
    assert found.checked >= FIRST_CHECK
    get("nodes_per_cluster", found.id)


@pytest.mark.parametrize("found", engine_facts(), ids=lambda found: found.id)
def test_every_engine_is_complete_and_runs_somewhere(found):
    assert found.label and found.state_text and found.sources
    assert found.checked >= FIRST_CHECK
    assert any(found.id in model.policy_engines for model in network_facts())


@pytest.mark.parametrize("found", [f for f in engine_facts() if f.id != "none"], ids=lambda found: found.id)
def test_every_engine_that_enforces_has_an_agent_by_which_it_is_known(found):
    assert found.agents
    assert all(sign.source for sign in (*found.agents, *found.node_labels))


def test_every_engine_has_a_reading_and_so_have_the_apis_own_words():
    assert [found.id for found in readings()] == ["kubernetes", *(found.id for found in engine_facts())]


@pytest.mark.parametrize("found", readings(), ids=lambda found: found.id)
def test_every_answer_of_a_reading_stands_on_words_and_a_source_or_on_the_reason_why_none_settles_it(found):
    assert all(basis.words and basis.source for basis in found.bases.values())
    left_out = {switch.name for switch in fields(Switches)} - found.bases.keys()
    if found.switches.enforces:
        # Only what is not every engine's matter may go without saying.
        assert left_out <= {"policy_kinds", "kinds_by_version", "end_port_from", "ignored_labels"}
    else:
        assert left_out == {switch.name for switch in fields(Switches)} - {"enforces"}


@pytest.mark.parametrize("found", readings(), ids=lambda found: found.id)
def test_what_hangs_on_a_version_is_unknown_without_it(found):
    known = found.switches.end_port is not Known.UNKNOWN
    assert (found.switches.end_port_from is None) == known
    assert found.switches.cluster_policy_source in SeenAs


def test_the_ends_of_azure_network_policy_manager():
    """AKS:use-network-policies.md."""
    ends = {end.operating_system: end.last_day for end in engine("azure-npm").ends}
    assert ends == {"windows": date(2026, 9, 30), "linux": date(2028, 9, 30)}


@pytest.mark.parametrize(
    ("look_up", "name", "expected"),
    [
        (controller_by_ingress_class, "webapprouting.kubernetes.azure.com", "app-routing-nginx"),
        (controller_by_ingress_class, "azure-alb-external", "application-gateway-for-containers"),
        (controller_by_ingress_class, "azure-application-gateway", "agic"),
        (controller_by_ingress_class, "nginx", "ingress-nginx"),
        (controller_by_ingress_class, "traefik", None),
        (controller_by_ingress_class, "", None),
        (controller_by_class_controller, "webapprouting.kubernetes.azure.com/nginx", "app-routing-nginx"),
        (controller_by_class_controller, "webapprouting.kubernetes.azure.com/nginx/internal", "app-routing-nginx"),
        (controller_by_class_controller, "webapprouting.kubernetes.azure.com/nginxes", None),
        (controller_by_class_controller, "k8s.io/ingress-nginx", "ingress-nginx"),
        (controller_by_class_controller, "azure/application-gateway", "agic"),
        (
            controller_by_class_controller,
            "alb.networking.azure.io/alb-controller",
            "application-gateway-for-containers",
        ),
        (controller_by_annotation, "azure/application-gateway", "agic"),
        (controller_by_annotation, "addon-http-application-routing", "http-application-routing"),
        (controller_by_annotation, "nginx", "ingress-nginx"),
        (controller_by_gateway_class, "approuting-istio", "app-routing-gateway-api"),
        (controller_by_gateway_class, "istio", "istio"),
        (controller_by_gateway_class, "azure-alb-external", "application-gateway-for-containers"),
        (controller_by_gateway_class, "cilium", None),
        (controller_by_gateway_controller, "istio.io/gateway-controller", "istio"),
        (
            controller_by_gateway_controller,
            "alb.networking.azure.io/alb-controller",
            "application-gateway-for-containers",
        ),
    ],
)
def test_a_controller_is_found_by_the_names_objects_carry(look_up, name, expected):
    found = look_up(name)
    assert (found.id if found is not None else None) == expected


def test_no_name_leads_to_two_controllers():
    for field in ("ingress_classes", "class_controllers", "annotations", "gateway_classes", "gateway_controllers"):
        names = [name for found in ingress_controllers() for name in getattr(found, field)]
        assert len(names) == len(set(names)), field


def test_asking_for_what_is_not_there_is_a_defect():
    assert find("max_pods_default", "byo_cni") is None
    for ask in (lambda: get("no_such_fact"), lambda: engine("weave"), lambda: network("x"), lambda: address_rule("x")):
        with pytest.raises(FactsError):
            ask()


def test_a_value_is_only_read_as_what_it_is():
    with pytest.raises(FactsError):
        _ = get("service_cidr_default").number
    with pytest.raises(FactsError):
        _ = get("service_cidr_default").fraction
    with pytest.raises(FactsError):
        _ = get("surge_percent_rounding").networks


@pytest.mark.parametrize("found", azure_resource_facts(), ids=lambda found: found.name)
def test_every_version_and_bound_of_azures_resources_is_complete_and_used(found):
    assert found.value and found.note.endswith(".") and found.sources
    assert found.checked >= FIRST_CHECK
    assert f'"{found.name}"' in code()


def test_an_unknown_name_of_azures_resources_is_a_defect():
    with pytest.raises(FactsError):
        azure_resource_fact("no-such-thing")


@pytest.mark.parametrize("found", name_rules(), ids=lambda found: found.kind)
def test_every_rule_for_names_is_complete_and_used(found):
    assert found.label and found.words and found.sources and 1 <= found.shortest < found.longest
    assert found.checked >= FIRST_CHECK
    assert f'"{found.kind}"' in code()
    assert not found.takes("a" * (found.longest + 1)) and found.takes("a" * found.longest)
    assert not found.takes("a/b") and not found.takes("a\n")


def test_a_rule_for_names_of_nothing_is_a_defect():
    with pytest.raises(FactsError):
        name_rule("no-such-thing")


def keys_again(node: yaml.Node) -> list[str]:
    """The keys that stand twice in one mapping, with their lines: YAML's readers keep the last and say nothing."""
    found = []
    for mapping in [n for n in walk(node) if isinstance(n, yaml.MappingNode)]:
        keys = [
            (key.value if isinstance(key.value, str) else str(key), key.start_mark.line + 1) for key, _ in mapping.value
        ]
        seen: set[str] = set()
        for name, line in keys:
            if name in seen:
                found.append(f"line {line}: {name}")
            seen.add(name)
    return found


def walk(node: yaml.Node) -> Iterator[yaml.Node]:
    yield node
    if isinstance(node, yaml.MappingNode):
        for pair in node.value:
            for inner in pair:
                yield from walk(inner)
    elif isinstance(node, yaml.SequenceNode):
        for inner in node.value:
            yield from walk(inner)


@pytest.mark.parametrize("path", sorted((ROOT / "lib").rglob("*.yaml")), ids=lambda path: path.name)
def test_no_data_file_has_a_key_twice(path):
    for document in yaml.compose_all(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader):
        assert keys_again(document) == []


def test_a_key_that_stands_twice_is_seen_wherever_it_stands():
    assert keys_again(yaml.compose("a: 1\nb:\n  - {c: 1, d: 2, c: 3}\na: 2\n")) == ["line 4: a", "line 3: c"]


@pytest.mark.parametrize("controller", ingress_controllers(), ids=lambda c: c.id)
def test_the_stages_of_a_controllers_support_follow_each_other_and_the_last_has_no_end(controller) -> None:
    *ending, last = controller.stages
    days = [stage.until for stage in ending]
    assert last.until is None and None not in days and days == sorted(days)
    assert all(stage.says.endswith(".") and "{" not in stage.says for stage in controller.stages)


# ingress_nginx_retirement: upstream_maintenance_ends 2026-03, aks_app_routing_nginx_security_patches_until 2026-11
# (AKS:includes/ingress-nginx-retirement.md, CL:262); HTTP application routing retired 2025-03-03 (CL:1148).
@pytest.mark.parametrize(
    ("controller", "day", "state", "said"),
    [
        ("app-routing-nginx", date(2026, 10, 31), "security-patches", "until November 2026"),
        ("app-routing-nginx", date(2026, 11, 30), "security-patches", "no source names the day"),
        ("app-routing-nginx", date(2026, 12, 1), "unmaintained", "until November 2026 only"),
        ("ingress-nginx", date(2026, 2, 28), "ending", "ends in March 2026."),
        ("ingress-nginx", date(2026, 3, 1), "ending", "no source names the day"),
        ("ingress-nginx", date(2026, 4, 1), "unmaintained", "ended in March 2026"),
        ("http-application-routing", date(2025, 3, 2), "ending", "Is retired on 3 March 2025"),
        ("http-application-routing", date(2025, 3, 3), "retired", "Retired on 3 March 2025"),
        ("agic", date(2030, 1, 1), "legacy", "Still shipped"),
    ],
)
def test_a_controllers_support_is_that_of_the_day(controller: str, day: date, state: str, said: str) -> None:
    found = next(c for c in ingress_controllers() if c.id == controller).support(day)
    assert found.state == state and said in found.text
    assert ("no source names the day" in found.text) == ("no source names the day" in said)
