"""WorkloadEndpoints and Profiles of Calico's, as sentences.

Expectations are from docs.tigera.io ("Profile", "Workload endpoint") and from felix/rules/endpoints.go and
libcalico-go/lib/backend/k8s/conversion of projectcalico/calico.
"""

from __future__ import annotations

import pytest
import yaml

from lib.model.policies import Direction
from lib.model.sets import Protocol
from lib.policy.ends import parse_end
from lib.policy.engine import Engine
from lib.policy.engines import profile as engine_profile
from lib.policy.explain import Explanation
from tests.policy.build import engine_of, load, namespace, policy, snapshot_of_yaml
from tests.policy.test_calico_policies import of
from tests.policy.test_semantics import ALL, ports_between

SHOP = namespace("shop", team="a")
TCP = {"TCP": [[1, 65535]]}


def endpoint(name: str, profiles: str | None = "[kns.shop, ksa.shop.default]", labels: str = "", more: str = "") -> str:
    """A WorkloadEndpoint as ``calicoctl get workloadendpoints -o yaml`` shows it."""
    named = f"profiles: {profiles}, " if profiles is not None else ""
    own = "projectcalico.org/namespace: shop, projectcalico.org/orchestrator: k8s"
    return f"""
apiVersion: projectcalico.org/v3
kind: WorkloadEndpoint
metadata: {{name: node--1-k8s-{name}-eth0, namespace: shop, labels: {{{own}, app: {name}{labels}}}}}
spec: {{orchestrator: k8s, pod: {name}, node: node-1, endpoint: eth0, {named}ipNetworks: [10.0.0.{len(name)}/32]{more}}}
"""


def profile(name: str, spec: str) -> str:
    return of("Profile", spec, name)


OPEN = profile("open", "ingress: [{action: Allow}], egress: [{action: Allow}]")
CLIENT = endpoint("client")


def reached(*documents: str) -> object:
    return ports_between(engine_of(SHOP, CLIENT, *documents), "shop/client", "shop/server")


def answer(engine: Engine) -> Explanation:
    ends = (parse_end(f"shop/{name}[Pod]", engine.snapshot) for name in ("client", "server"))
    return engine.explain(*ends, Protocol.TCP, 80)


class TestEndpoints:
    def test_a_workload_endpoint_is_its_pod(self) -> None:
        ports = ", ports: [{name: web, protocol: TCP, port: 8080}], serviceAccountName: robot"
        (workload,) = snapshot_of_yaml(SHOP, endpoint("server", more=ports)).workloads
        (pod,) = workload.pods
        assert str(workload.ref) == "shop/server[Pod]"
        assert pod.labels == {"app": "server"}
        assert (pod.node_name, pod.service_account, list(map(str, pod.ips))) == ("node-1", "robot", ["10.0.0.6"])
        assert [(p.name, p.port, p.protocol) for p in pod.ports] == [("web", 8080, Protocol.TCP)]

    def test_the_pod_itself_counts_before_its_endpoint(self) -> None:
        pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: server, namespace: shop, labels: {app: other}}\nspec: {}\n"
        (workload,) = snapshot_of_yaml(SHOP, endpoint("server", "[open]"), pod).workloads
        assert workload.pods[0].labels == {"app": "other"}
        assert workload.pods[0].profiles == ("open",)

    def test_policies_select_endpoints_by_label_and_by_named_port(self) -> None:
        ports = ", ports: [{name: web, protocol: TCP, port: 8080}]"
        spec = "podSelector: {matchLabels: {app: server}}\ningress: [{ports: [{port: web}]}]"
        assert reached(endpoint("server", more=ports), policy(spec)) == {"TCP": [[8080, 8080]]}

    def test_an_endpoint_of_another_orchestrator_is_told_and_left_out(self) -> None:
        spec = {"orchestrator": "openstack", "workload": "vm"}
        named = {"name": "vm", "namespace": "shop"}
        told = load(
            [{"apiVersion": "projectcalico.org/v3", "kind": "WorkloadEndpoint", "metadata": named, "spec": spec}]
        )
        assert [p.code for p in told.problems] == ["endpoint-without-pod"]
        assert told.snapshot.workloads == ()


class TestLabels:
    """To each endpoint in the profile, "in addition to the endpoint's own labels"."""

    ONLY_DEV = of("GlobalNetworkPolicy", "selector: stage == 'dev', types: [Ingress]", "dev")

    def test_a_profile_gives_its_labels_to_its_endpoints(self) -> None:
        dev = profile("dev", "labelsToApply: {stage: dev}, ingress: [{action: Allow}]")
        assert reached(endpoint("server", "[dev]"), dev, self.ONLY_DEV) == {}
        assert reached(endpoint("server", "[open]"), OPEN, dev, self.ONLY_DEV) == ALL

    def test_the_endpoints_own_label_counts_before_the_profiles(self) -> None:
        dev = profile("dev", "labelsToApply: {stage: dev}, ingress: [{action: Allow}]")
        assert reached(endpoint("server", "[dev]", ", stage: live"), dev, self.ONLY_DEV) == ALL

    def test_of_two_profiles_the_label_of_the_first_counts(self) -> None:
        dev = profile("dev", "labelsToApply: {stage: dev}, ingress: [{action: Allow}]")
        live = profile("live", "labelsToApply: {stage: live}, ingress: [{action: Allow}]")
        assert reached(endpoint("server", "[dev, live]"), dev, live, self.ONLY_DEV) == {}
        assert reached(endpoint("server", "[live, dev]"), dev, live, self.ONLY_DEV) == ALL


class TestRules:
    """felix/rules/endpoints.go: each profile in turn, then "Drop if no profiles matched"."""

    def test_calicos_own_profile_of_the_namespace_allows_everything(self) -> None:
        assert reached(endpoint("server")) == ALL

    def test_without_any_profile_everything_is_dropped(self) -> None:
        assert reached(endpoint("server", None)) == {}
        assert reached(endpoint("server", "[]")) == {}

    def test_calicos_own_profile_of_the_account_has_no_rules(self) -> None:
        assert reached(endpoint("server", "[ksa.shop.default]")) == {}

    def test_a_profile_of_that_name_in_the_input_is_what_it_says(self) -> None:
        assert reached(endpoint("server"), profile("kns.shop", "ingress: [{action: Allow, protocol: TCP}]")) == {}
        both = profile("kns.shop", "egress: [{action: Allow}], ingress: [{action: Allow, protocol: TCP}]")
        assert reached(endpoint("server"), both) == TCP

    def test_what_no_profile_decides_is_dropped(self) -> None:
        assert reached(endpoint("server", "[tcp]"), profile("tcp", "ingress: [{action: Allow, protocol: TCP}]")) == TCP

    def test_the_next_profile_is_asked_where_the_first_decides_nothing(self) -> None:
        first = profile("first", "ingress: [{action: Deny, protocol: UDP}]")
        assert reached(endpoint("server", "[first, open]"), first, OPEN) == {**TCP, "SCTP": [[1, 65535]]}
        assert reached(endpoint("server", "[open, first]"), first, OPEN) == ALL

    def test_a_profile_is_asked_only_where_no_policy_applies(self) -> None:
        isolating = policy("podSelector: {matchLabels: {app: server}}")
        assert reached(endpoint("server", "[open]"), OPEN, isolating) == {}

    def test_a_policy_that_allows_is_not_overruled_by_a_profile(self) -> None:
        allowing = policy("podSelector: {matchLabels: {app: server}}\ningress: [{}]")
        denying = profile("closed", "ingress: [{action: Deny}]")
        assert reached(endpoint("server", "[closed]"), denying, allowing) == ALL

    def test_what_the_last_tier_passes_is_left_to_the_profiles(self) -> None:
        passing = of("GlobalNetworkPolicy", "selector: app == 'server', ingress: [{action: Pass}]", "pass")
        tcp = profile("tcp", "ingress: [{action: Allow, protocol: TCP}]")
        assert reached(endpoint("server", "[tcp]"), passing, tcp) == TCP

    def test_rules_of_profiles_name_their_peers_by_label(self) -> None:
        rule = "ingress: [{action: Allow, source: {selector: app == 'client'}}]"
        assert reached(endpoint("server", "[some]"), profile("some", rule)) == ALL
        other = "ingress: [{action: Allow, source: {selector: app == 'x'}}]"
        assert reached(endpoint("server", "[some]"), profile("some", other)) == {}

    def test_profiles_that_allow_everything_isolate_nothing(self) -> None:
        own = profile("kns.shop", "ingress: [{action: Allow}], egress: [{action: Allow}]")
        for documents in ((own,), ()):
            told = answer(engine_of(SHOP, CLIENT, endpoint("server"), *documents))
            assert [d.reason.split(" for ")[0] for d in told.directions] == [
                "no policy selects shop/client[Pod]",
                "no policy selects shop/server[Pod]",
            ]

    def test_a_profile_isolates_for_the_direction_alone_in_which_none_allows_everything(self) -> None:
        half = profile("half", "egress: [{action: Allow}], ingress: [{action: Allow, protocol: TCP}]")
        engine = engine_of(SHOP, CLIENT, endpoint("server", "[half]"), half)
        (server,) = (classes[0] for w, classes in _members(engine) if w == "server")
        isolated = engine.reachability().isolated
        assert {d for d in Direction if isolated[d] >> server & 1} == {Direction.INGRESS}

    def test_what_a_profile_denies_before_it_allows_everything_is_denied(self) -> None:
        rules = "ingress: [{action: Deny, protocol: UDP}, {action: Allow}], egress: [{action: Allow}]"
        assert reached(endpoint("server", "[p]"), profile("p", rules)) == {**TCP, "SCTP": [[1, 65535]]}
        narrow = "ingress: [{action: Allow, source: {notNets: [10.0.0.0/8]}}], egress: [{action: Allow}]"
        assert reached(endpoint("server", "[p]"), profile("p", narrow)) == {}

    def test_pods_that_no_endpoint_tells_of_are_open_whatever_profiles_there_are(self) -> None:
        pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: server, namespace: shop}\nspec: {}\n"
        assert reached(pod, profile("kns.shop", "ingress: [{action: Deny}], egress: [{action: Allow}]")) == ALL
        engine = engine_of(SHOP, pod, pod.replace("server", "client"), profile("kns.shop", "ingress: [{action: Deny}]"))
        assert ports_between(engine, "shop/client", "shop/server") == ALL


class TestWhatIsNotKnown:
    def test_a_name_that_no_object_can_have_is_just_not_in_the_input(self) -> None:
        assert answer(engine_of(SHOP, CLIENT, endpoint("server", '["a\\u0000b"]'))).verdict == "unknown"

    def test_a_profile_that_is_not_in_the_input_makes_the_answer_unknown(self) -> None:
        told = answer(engine_of(SHOP, CLIENT, endpoint("server", "[mine]")))
        assert told.verdict == "unknown"
        assert "the rules of the Profile mine" in str(told.directions)

    def test_a_refused_profile_is_not_taken_for_calicos_own(self) -> None:
        documents = (SHOP, CLIENT, endpoint("server"), profile("kns.shop", "ingress: [{action: Maybe}]"))
        loaded = load(d for text in documents for d in _parsed(text))
        assert [p.code for p in loaded.problems if p.severity.label == "error"] == ["unsupported-value"]
        (found,) = loaded.snapshot.calico_profiles
        assert found.refused

    def test_pass_in_a_profile_is_not_guessed(self) -> None:
        told = answer(engine_of(SHOP, CLIENT, endpoint("server", "[p]"), profile("p", "ingress: [{action: Pass}]")))
        assert told.verdict == "unknown"


def _members(engine: Engine) -> list[tuple[str, tuple[int, ...]]]:
    members = engine.spaces.endpoints.members
    return [(w.ref.name, classes) for w, classes in zip(engine.snapshot.workloads, members, strict=True)]


def _parsed(text: str) -> list[dict[str, object]]:
    return [d for d in yaml.safe_load_all(text) if d]


def test_a_denied_flow_names_the_profile_and_its_line() -> None:
    closed = profile("closed", "egress: [{action: Allow}]")
    told = answer(engine_of(SHOP, CLIENT, endpoint("server", "[closed]"), closed))
    assert told.verdict == "denied"
    egress, ingress = told.directions
    assert (egress.verdict, ingress.verdict) == ("allowed", "denied")
    assert "closed[Profile] isolates shop/server" in ingress.reason
    (isolating,) = ingress.decisions[0].evidence.isolating
    assert (str(isolating.ref), isolating.source.document) == ("closed[Profile]", 4)


@pytest.mark.parametrize("engine", ["cilium", "azure-npm"])
def test_other_engines_do_not_know_profiles(engine: str) -> None:
    documents = (SHOP, CLIENT, endpoint("server", "[closed]"), profile("closed", ""))
    compiled = engine_of(*documents, profile=engine_profile(engine))
    assert ports_between(compiled, "shop/client", "shop/server") == ALL
