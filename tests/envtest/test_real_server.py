"""A real API server: the same answers as from files, nothing written, no Secret asked for."""

from __future__ import annotations

from lib.facts.config_maps import config_maps
from lib.loaders.bundle.write import write_bundle
from lib.loaders.cluster.connection import Connection
from lib.loaders.cluster.doctor import Permission, examine_login, missing_named, missing_rules
from lib.loaders.cluster.listing import PAGE
from lib.loaders.cluster.login import Login
from lib.loaders.cluster.read import read_cluster
from lib.loaders.cluster.resources import CONFIG_MAPS, KINDS, RESOURCES
from lib.loaders.manifests import InputFile, read_inputs
from lib.model.snapshot import Coverage
from tests.cluster.reading import loaded
from tests.deploy.render import file
from tests.envtest.answers import answers, file_snapshot, live_snapshot, read_live
from tests.envtest.conftest import Prepared
from tests.envtest.control_plane import AUTHORITY
from tests.envtest.put import PLANT, put_all, token_of

# The server puts objects of its own into these.
SERVERS_OWN = frozenset({"default", "kube-node-lease", "kube-public"})
UNPRIVILEGED = "netatlas-nobody"


def namespaces_of(prepared: Prepared) -> frozenset[str]:
    found = {obj["metadata"]["namespace"] for obj in prepared.objects if obj["metadata"].get("namespace")}
    return frozenset(found) - SERVERS_OWN


def login_of(prepared: Prepared, token: str) -> Login:
    headers = (("Authorization", f"Bearer {token}"),)
    return Login(prepared.plane.url, authority=AUTHORITY, headers=headers)


def test_the_server_takes_every_object_of_the_sample(prepared: Prepared) -> None:
    assert prepared.refusals == []


def test_every_kind_is_complete_for_a_login_with_the_role(prepared: Prepared) -> None:
    found = read_live(prepared.plane.url, prepared.token)
    assert {kind: found.coverage[kind] for kind in KINDS} == dict.fromkeys(KINDS, Coverage.COMPLETE)
    assert not found.read.problems


def test_the_pages_data_equals_that_from_the_files(prepared: Prepared) -> None:
    found = read_live(prepared.plane.url, prepared.token)
    live = live_snapshot(found)
    files = file_snapshot(prepared.objects, dict(live.coverage))
    namespaces = namespaces_of(prepared)
    assert namespaces
    one, other = answers(live, namespaces), answers(files, namespaces)
    for page in one:
        assert one[page], f"{page} of {prepared.name} has no row"
        assert one[page] == other[page], page


def test_a_list_of_several_pages_is_read_whole_and_no_object_twice(prepared: Prepared) -> None:
    made = {f"account-{number:04}" for number in range(2 * PAGE + 1)}
    accounts = [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": "netatlas"}}
        for name in sorted(made)
    ]
    assert put_all(prepared.plane, accounts) == []
    found = read_live(prepared.plane.url, prepared.token)
    names = [raw.obj["metadata"]["name"] for raw in found.read.objects if raw.kind == "ServiceAccount"]
    assert len(names) == len(set(names))
    assert made <= set(names)


def test_nothing_is_written_and_no_secret_is_asked_for(prepared: Prepared) -> None:
    before = versions(prepared)
    told = {event["auditID"] for event in prepared.plane.events(prepared.user)}
    read_live(prepared.plane.url, prepared.token)
    with Connection(login_of(prepared, prepared.token)) as connection:
        examine_login(connection)
    events = [event for event in prepared.plane.events(prepared.user) if event["auditID"] not in told]
    assert events
    assert {event["verb"] for event in events} <= {"get", "list"}
    asked = {
        (event["objectRef"].get("apiGroup", ""), event["objectRef"]["resource"])
        for event in events
        if "objectRef" in event
    }
    assert asked <= {(resource.group, resource.plural) for resource in (*RESOURCES, CONFIG_MAPS)}
    of_maps = [event for event in events if event.get("objectRef", {}).get("resource") == CONFIG_MAPS.plural]
    assert {(e["verb"], e["objectRef"].get("namespace")) for e in of_maps} == {("get", "kube-system")}
    assert {event["objectRef"]["name"] for event in of_maps} == set(config_maps())
    assert not [event for event in events if "secrets" in event["requestURI"]]
    assert versions(prepared) == before


def versions(prepared: Prepared) -> dict[str, str]:
    """The version of every object that could have been written."""
    found = {}
    for path in ("/api/v1/pods", "/api/v1/services", "/api/v1/secrets", "/apis/networking.k8s.io/v1/networkpolicies"):
        for item in prepared.plane.ask("GET", path).body["items"]:
            found[f"{path} {item['metadata']['uid']}"] = item["metadata"]["resourceVersion"]
    return found


def test_a_secret_of_the_cluster_is_in_nothing_that_is_read_or_saved(prepared: Prepared) -> None:
    secrets = prepared.plane.ask("GET", "/api/v1/secrets").body["items"]
    assert secrets and all("token" in secret["data"] for secret in secrets)
    found = read_live(prepared.plane.url, prepared.token)
    snapshot = loaded(found).snapshot
    assert snapshot.coverage_of("Secret") is Coverage.NOT_SUPPLIED
    bundle = read_inputs([InputFile("s.zip", write_bundle(found.read, snapshot.coverage))])
    assert PLANT not in repr(found) + repr(bundle.objects)
    assert not [raw for raw in (*found.read.objects, *bundle.objects) if raw.kind == "Secret"]


def test_the_server_itself_refuses_secrets_to_the_role(prepared: Prepared) -> None:
    assert prepared.plane.ask("GET", "/api/v1/secrets", token=prepared.token).status == 403
    assert prepared.plane.ask("GET", "/api/v1/configmaps", token=prepared.token).status == 403
    of_system = "/api/v1/namespaces/kube-system/configmaps"
    assert prepared.plane.ask("GET", of_system, token=prepared.token).status == 403
    # The server itself makes this one; it is none of those that the role names.
    of_api = f"{of_system}/extension-apiserver-authentication"
    assert prepared.plane.ask("GET", of_api, token=prepared.token).status == 403
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "written"}}
    assert prepared.plane.ask("POST", "/api/v1/namespaces", body, token=prepared.token).status == 403


def test_the_doctor_finds_nothing_missing(prepared: Prepared) -> None:
    with Connection(login_of(prepared, prepared.token)) as connection:
        examined = examine_login(connection)
    assert {each.permission for each in examined} <= {Permission.GRANTED, Permission.NOT_INSTALLED}
    assert not missing_rules(examined) and not missing_named(examined)


def test_what_a_login_may_not_list_is_refused_and_the_doctor_prints_its_rule(prepared: Prepared) -> None:
    token = unprivileged(prepared)
    with Connection(login_of(prepared, token)) as connection:
        examined = examine_login(connection)
        found = read_cluster(connection)
    assert missing_rules(examined) == (
        {"apiGroups": ["networking.k8s.io"], "resources": ["networkpolicies"], "verbs": ["get", "list"]},
    )
    assert found.coverage["NetworkPolicy"] is Coverage.REFUSED
    assert found.coverage["Pod"] is Coverage.COMPLETE


def unprivileged(prepared: Prepared) -> str:
    """A token of an account that has the role but for NetworkPolicies."""
    (role,) = (obj for obj in file("rbac.yaml") if obj["kind"] == "ClusterRole")
    rules = [
        {**rule, "resources": [r for r in rule["resources"] if (r, rule["apiGroups"]) != CUT]} for rule in role["rules"]
    ]
    names = {"name": UNPRIVILEGED}
    subject = {"kind": "ServiceAccount", "name": UNPRIVILEGED, "namespace": "netatlas"}
    group = "rbac.authorization.k8s.io"
    objects = [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {**names, "namespace": "netatlas"}},
        {"apiVersion": f"{group}/v1", "kind": "ClusterRole", "metadata": names, "rules": rules},
        {
            "apiVersion": f"{group}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": names,
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": UNPRIVILEGED},
            "subjects": [subject],
        },
    ]
    assert put_all(prepared.plane, objects) == []
    return token_of(prepared.plane, UNPRIVILEGED, "netatlas")


CUT = ("networkpolicies", ["networking.k8s.io"])
