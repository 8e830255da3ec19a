"""The chart renders to valid objects, refuses what could not work, and the plain manifests are what it renders."""

from __future__ import annotations

import helm_python as helm
import kubernetes_validate
import pytest

from tests.deploy.render import CHART, SETTINGS, Raw, file, of_kind, one, rendered

VERSIONS = ("1.30", "1.37")


def pod_of(objects: list[Raw]) -> Raw:
    spec: Raw = one(objects, "Deployment")["spec"]["template"]["spec"]
    return spec


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("values", SETTINGS.values(), ids=SETTINGS.keys())
def test_every_object_is_valid(values: Raw, version: str) -> None:
    objects = rendered(values)
    assert objects
    for obj in objects:
        kubernetes_validate.validate(obj, version, strict=True)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", ["rbac.yaml", "netatlas.yaml"])
def test_every_object_of_the_plain_manifests_is_valid(name: str, version: str) -> None:
    for obj in file(name):
        kubernetes_validate.validate(obj, version, strict=True)


def test_an_invalid_object_would_be_seen() -> None:
    deployment = one(rendered({}), "Deployment")
    deployment["spec"]["template"]["spec"]["containers"][0]["portz"] = []
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(deployment, VERSIONS[-1], strict=True)


def test_the_plain_manifests_are_the_namespace_and_what_the_chart_renders() -> None:
    namespace, *others = file("netatlas.yaml")
    assert namespace == one(file("rbac.yaml"), "Namespace")
    assert others == rendered({})


def test_helm_finds_nothing_wrong() -> None:
    assert not helm.lint(str(CHART))["errors"]


REFUSED = {
    "a login without its Secret": ({"login": {"enabled": True}}, "login.secretName"),
    "credentials that lead nowhere": ({"serverCredentials": True}, "networkPolicy.apiServers"),
    "kubeconfigs that lead nowhere": ({"allowedApiServers": ["api.example.com"]}, "networkPolicy.apiServers"),
    "a login that leads nowhere": (
        {"login": {"enabled": True, "secretName": "s"}},
        "networkPolicy.loginProvider",
    ),
    "an Ingress without a host": ({"ingress": {"enabled": True}}, "ingress.host"),
    "a path with slashes around it": ({"basePath": "/netatlas/"}, "basePath"),
    "a host that is a URL": ({"allowedHosts": ["https://example.com"]}, "allowedHosts"),
    "a value that is none": ({"replica": 2}, "replica"),
    "a digest that is none": ({"image": {"digest": "latest"}}, "digest"),
    "no peer at all": ({"networkPolicy": {"ingressFrom": []}}, "ingressFrom"),
    "a peer that is everybody": ({"networkPolicy": {"ingressFrom": [{}]}}, "ingressFrom"),
}


@pytest.mark.parametrize(("values", "word"), REFUSED.values(), ids=REFUSED.keys())
def test_what_could_not_work_is_refused_by_name(values: Raw, word: str) -> None:
    with pytest.raises(helm.HelmError, match=word), helm.Chart.load(str(CHART)) as chart:
        chart.validate_schema(values)
        chart.render(values, name="netatlas", namespace="netatlas")


@pytest.mark.parametrize("values", SETTINGS.values(), ids=SETTINGS.keys())
def test_the_pod_is_of_the_restricted_standard(values: Raw) -> None:
    """Pod Security Standards, "Restricted" (kubernetes.io), and a root file system that nobody writes to."""
    pod = pod_of(rendered(values))
    assert not pod.keys() & {"hostNetwork", "hostPID", "hostIPC", "initContainers"}
    assert {key for volume in pod["volumes"] for key in volume} <= {"name", "emptyDir", "secret"}
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 10001
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    (container,) = pod["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert all("hostPort" not in port for port in container["ports"])
    assert container["resources"]["limits"].keys() >= {"cpu", "memory", "ephemeral-storage"}
    assert container["resources"]["requests"].keys() >= {"cpu", "memory"}


@pytest.mark.parametrize("values", SETTINGS.values(), ids=SETTINGS.keys())
def test_probes_service_and_policy_name_the_port_that_the_server_listens_on(values: Raw) -> None:
    objects = rendered(values)
    (container,) = pod_of(objects)["containers"]
    (port,) = container["ports"]
    assert f"--server.port={port['containerPort']}" in container["args"]
    path = f"/{values['basePath']}/_stcore/health" if values.get("basePath") else "/_stcore/health"
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert container[probe]["httpGet"] == {"path": path, "port": port["name"]}
    assert one(objects, "Service")["spec"]["ports"][0]["targetPort"] == port["name"]
    for policy in of_kind(objects, "NetworkPolicy"):
        assert [p["port"] for rule in policy["spec"]["ingress"] for p in rule["ports"]] == [port["name"]]


def test_one_replica_by_default_and_a_budget_for_more() -> None:
    assert one(rendered({}), "Deployment")["spec"]["replicas"] == 1
    assert not of_kind(rendered({}), "PodDisruptionBudget")
    assert one(rendered({"replicas": 2}), "PodDisruptionBudget")["spec"]["maxUnavailable"] == 1


def test_the_switches_reach_the_server() -> None:
    def environment(values: Raw) -> dict[str, str]:
        return {e["name"]: e["value"] for e in pod_of(rendered(values))["containers"][0]["env"]}

    assert environment({}) == {
        "NETATLAS_ALLOW_SERVER_CREDENTIALS": "0",
        "NETATLAS_ALLOWED_API_SERVERS": "",
        "NETATLAS_REQUIRE_LOGIN": "0",
    }
    assert environment(SETTINGS["with the server's own credentials"])["NETATLAS_ALLOW_SERVER_CREDENTIALS"] == "1"
    kubeconfigs = environment(SETTINGS["with visitors' kubeconfigs"])
    assert kubeconfigs["NETATLAS_ALLOWED_API_SERVERS"] == "api.example.com,10.1.0.0/16"
    assert environment(SETTINGS["with a login"])["NETATLAS_REQUIRE_LOGIN"] == "1"


def test_another_release_has_other_names() -> None:
    one_release, other = ({(o["kind"], o["metadata"]["name"]) for o in rendered({}, n)} for n in ("netatlas", "second"))
    assert not one_release & other
