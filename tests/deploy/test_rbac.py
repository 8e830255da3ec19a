"""What the role grants is what the loader asks for, to the resource; nothing else, and nothing written."""

from __future__ import annotations

from itertools import product

import yaml

from lib.facts.config_maps import config_maps
from lib.loaders.cluster.resources import RESOURCES
from lib.loaders.cluster.uploaded import WAY_THAT_WORKS
from tests.deploy.render import CHART, Raw, file, of_kind, one, rendered

SETTINGS = {"serverCredentials": True, "networkPolicy": {"apiServers": [{"cidr": "10.0.0.1/32", "port": 443}]}}


def granted(rules: list[Raw]) -> set[tuple[str, str, str]]:
    return {(g, r, v) for rule in rules for g in rule["apiGroups"] for r in rule["resources"] for v in rule["verbs"]}


ASKED = {(each.group, each.plural, verb) for each in RESOURCES for verb in ("get", "list")}


def test_the_role_grants_what_the_loader_lists_and_no_more() -> None:
    rules = one(file("rbac.yaml"), "ClusterRole")["rules"]
    assert granted(rules) == ASKED
    assert all(rule.keys() == {"apiGroups", "resources", "verbs"} for rule in rules)


def test_of_config_maps_it_grants_those_by_name_that_the_loader_gets_in_kube_system() -> None:
    role = one(file("rbac.yaml"), "Role")
    (rule,) = role["rules"]
    assert role["metadata"]["namespace"] == "kube-system"
    assert granted([rule]) == {("", "configmaps", "get")}
    assert rule["resourceNames"] == list(config_maps())


def test_neither_secrets_nor_config_maps_nor_any_star_is_in_it() -> None:
    for _, resource, verb in granted(one(file("rbac.yaml"), "ClusterRole")["rules"]):
        assert resource not in ("secrets", "configmaps") and "*" not in resource and "/" not in resource
        assert verb in ("get", "list")


def test_the_charts_role_is_the_same() -> None:
    rules = one(file("rbac.yaml"), "ClusterRole")["rules"]
    assert yaml.safe_load((CHART / "rules.yaml").read_text("utf-8")) == rules
    assert one(rendered(SETTINGS), "ClusterRole")["rules"] == rules
    assert one(rendered(SETTINGS), "Role")["rules"] == one(file("rbac.yaml"), "Role")["rules"]


def test_role_and_account_are_bound_to_each_other_and_to_nobody_else() -> None:
    for objects, kind in product((file("rbac.yaml"), rendered(SETTINGS)), ("ClusterRole", "Role")):
        (binding,) = of_kind(objects, f"{kind}Binding")
        account, role = one(objects, "ServiceAccount"), one(objects, kind)
        assert binding["metadata"].get("namespace") == role["metadata"].get("namespace")
        assert binding["roleRef"] == {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": kind,
            "name": role["metadata"]["name"],
        }
        meta = account["metadata"]
        assert binding["subjects"] == [{"kind": "ServiceAccount", "name": meta["name"], "namespace": meta["namespace"]}]
        assert account["automountServiceAccountToken"] is False


def test_the_commands_that_are_shown_name_this_account() -> None:
    meta = one(file("rbac.yaml"), "ServiceAccount")["metadata"]
    assert f"create token {meta['name']} --namespace {meta['namespace']}" in WAY_THAT_WORKS


def test_the_chart_grants_nothing_unless_it_is_asked_to() -> None:
    objects = rendered({})
    for kind in ("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"):
        assert not of_kind(objects, kind)
    assert one(objects, "Deployment")["spec"]["template"]["spec"]["automountServiceAccountToken"] is False


def test_the_chart_and_the_file_can_be_applied_to_one_cluster() -> None:
    def names(objects: list[Raw]) -> set[tuple[str, str]]:
        return {(o["kind"], o["metadata"]["name"]) for o in objects}

    assert not names(file("rbac.yaml")) & names(rendered(SETTINGS))
