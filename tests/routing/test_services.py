"""Services: who is selected, where ports lead, which endpoints are ready, who can connect, and what is wrong."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from lib.model.refs import ObjectRef
from lib.model.services import SessionAffinity, TrafficPolicy
from lib.model.sets import Protocol
from lib.model.snapshot import Coverage, Snapshot
from lib.routing.faults import Fault, State
from lib.routing.reach import INTERNAL_ANNOTATION, Scope
from lib.routing.services import ServiceView, service_views
from tests.routing.make import (
    COMPLETE,
    app,
    endpoint,
    node,
    pod,
    port,
    ref,
    service,
    slice_of,
    snapshot,
    sport,
    svc,
    template,
    workload,
)


def view(found: Snapshot, name: str = "web") -> ServiceView:
    return next(v for v in service_views(found) if v.service.name == name)


def faults(found: ServiceView) -> set[Fault]:
    return {i.fault for i in found.issues}


NO_SLICES = {**COMPLETE, "EndpointSlice": Coverage.NOT_SUPPLIED, "Endpoints": Coverage.NOT_SUPPLIED}


def test_a_selector_takes_the_pods_of_its_own_namespace_only() -> None:
    other = app("web", namespace="other")
    found = view(snapshot(svc("web"), app("web"), other, coverage=NO_SLICES))
    assert [w.ref.namespace for w in found.workloads] == ["shop"]
    assert found.state is State.OK


def test_all_labels_of_the_selector_must_match() -> None:
    both = workload("both", pod("both", {"app": "web", "tier": "front"}))
    half = workload("half", pod("half", {"app": "web"}))
    found = view(snapshot(service("web", {"app": "web", "tier": "front"}, sport(80)), both, half, coverage=NO_SLICES))
    assert [w.ref.name for w in found.workloads] == ["both"]


def test_pods_that_have_ended_are_no_endpoints() -> None:
    done = workload("done", pod("done", {"app": "web"}, phase="Succeeded"), pod("bad", {"app": "web"}, phase="Failed"))
    found = view(snapshot(svc("web"), done))
    assert found.pods == ()
    assert faults(found) == {Fault.SELECTS_NOTHING}


def test_a_selector_that_matches_nothing_is_an_error_and_names_the_near_miss() -> None:
    pods = workload("cart", pod("cart-1", {"name": "carts", "part": "shop"}))
    found = view(snapshot(service("web", {"name": "cart", "part": "shop"}, sport(80)), pods))
    assert found.state is State.ERROR
    assert found.reason == (
        "selector name=cart,part=shop matches no pod in namespace shop; "
        "the pods of shop/cart[Deployment] have name=carts"
    )


def test_a_slip_of_the_pen_is_named() -> None:
    pods = workload("notes", pod("n", {"name": "notifications"}))
    assert "have name=notifications" in view(snapshot(service("web", {"name": "notification"}), pods)).reason
    assert "have" not in view(snapshot(service("web", {"name": "cart"}), pods)).reason


def test_without_all_pods_nothing_is_said_to_be_missing() -> None:
    found = view(snapshot(svc("web"), coverage={"Service": Coverage.COMPLETE}))
    assert found.state is State.NOT_CHECKED
    assert found.reason == "its pods not checked: Pod not supplied"
    assert found.issues == ()


def test_a_workload_scaled_to_zero_is_named() -> None:
    template = pod("web", {"app": "web"})
    idle = workload("web", replicas=0, labels={"team": "shop"}, to_come=(template,))
    assert "shop/web[Deployment] is scaled to 0" in view(snapshot(svc("web"), idle)).reason
    # A selector takes pods by their own labels, never by those of what makes them.
    other = workload("web", replicas=0, labels={"app": "web"}, to_come=(replace(template, labels={"app": "x"}),))
    assert "scaled to 0" not in view(snapshot(svc("web"), other)).reason


# discovery.k8s.io/v1, EndpointConditions: only ready endpoints get new connections.
@pytest.mark.parametrize(
    ("states", "ready", "not_ready", "state"),
    [
        ([True, True], 2, 0, State.OK),
        ([True, False], 1, 1, State.OK),
        ([False, False], 0, 2, State.ERROR),
    ],
)
def test_readiness_follows_from_pods_without_slices(
    states: list[bool], ready: int, not_ready: int, state: State
) -> None:
    pods = [pod(f"web-{i}", {"app": "web"}, ready=r) for i, r in enumerate(states)]
    found = view(snapshot(svc("web"), workload("web", *pods), coverage=NO_SLICES))
    assert (found.endpoints.ready, found.endpoints.not_ready, found.endpoints.origin) == (ready, not_ready, "pods")
    assert found.state is state


def test_a_pod_template_has_unknown_readiness_and_is_no_fault() -> None:
    found = view(snapshot(svc("web"), workload("web", template("web", {"app": "web"}))))
    assert (found.endpoints.ready, found.endpoints.unknown) == (0, 1)
    assert found.state is State.OK


def test_a_pending_pod_without_address_is_selected_but_not_ready() -> None:
    waiting = workload("web", pod("web-1", {"app": "web"}, phase="Pending", ready=None))
    found = view(snapshot(svc("web"), waiting, coverage=NO_SLICES))
    assert len(found.pods) == 1
    assert faults(found) == {Fault.NO_READY_ENDPOINTS}


def test_slices_decide_where_they_are_supplied() -> None:
    slices = slice_of("web", endpoint("10.0.0.1", "web-0", ready=False), endpoint("10.0.0.2", "web-1"))
    found = view(snapshot(svc("web"), app("web", count=2, ready=True), slices))
    assert (found.endpoints.origin, found.endpoints.ready, found.endpoints.not_ready) == ("EndpointSlice", 1, 1)
    assert "ready but listed as not ready: web-0" in found.notes
    assert found.state is State.OK


def test_a_service_whose_pods_no_slice_lists_has_no_endpoints() -> None:
    others = slice_of("other", endpoint("10.0.0.1"))
    found = view(snapshot(svc("web"), app("web", count=2), others))
    assert found.reason == "none of its 2 pods is listed in an EndpointSlice"


def test_an_input_without_a_single_slice_is_read_from_its_pods() -> None:
    found = view(snapshot(svc("web"), app("web")))
    assert (found.endpoints.origin, found.state) == ("pods", State.OK)


def test_one_pod_in_two_slices_counts_once() -> None:
    four = slice_of("web", endpoint("10.0.0.1", "web-0"))
    six = slice_of("web", endpoint("fd00::1", "web-0"), family="IPv6")
    found = view(snapshot(svc("web"), app("web"), four, six))
    assert [e.addresses for e in found.endpoints.items] == [("10.0.0.1", "fd00::1")]


def test_endpoint_slices_are_preferred_to_their_mirrored_endpoints() -> None:
    old = slice_of("web", endpoint("10.0.0.1", "web-0"), kind="Endpoints")
    new = slice_of("web", endpoint("10.0.0.1", "web-0"))
    found = view(snapshot(svc("web"), app("web"), old, new))
    assert (found.endpoints.origin, len(found.endpoints.items)) == ("EndpointSlice", 1)


def test_a_slice_without_a_selected_pod_is_noted_as_a_difference() -> None:
    slices = slice_of("web", endpoint("10.0.0.1", "web-0"), endpoint("10.0.0.7", "gone"))
    assert "listed but not selected: gone" in view(snapshot(svc("web"), app("web"), slices)).notes


def test_a_terminating_endpoint_takes_no_new_connections_but_drains() -> None:
    ending = endpoint("10.0.0.1", "web-0", ready=False, serving=True, terminating=True)
    found = view(snapshot(svc("web"), app("web"), slice_of("web", ending)))
    assert (found.endpoints.usable, found.endpoints.draining) == (0, 1)
    assert Fault.NO_READY_ENDPOINTS in faults(found)


def test_publish_not_ready_addresses_sends_to_pods_that_are_not_ready() -> None:
    nats = service("web", {"app": "web"}, sport(80), publish_not_ready_addresses=True)
    found = view(snapshot(nats, app("web", ready=False), coverage=NO_SLICES))
    assert (found.endpoints.usable, found.state) == (1, State.OK)
    assert "publishes addresses that are not ready" in found.rules


# networking: a named targetPort is looked up by name and protocol, on every pod for itself.
def test_a_named_target_port_resolves_on_each_pod() -> None:
    old = workload("v1", pod("v1", {"app": "web"}, port(8080, "http")))
    new = workload("v2", pod("v2", {"app": "web"}, port(9090, "http")))
    found = view(snapshot(svc("web", 80, "http"), old, new, coverage=NO_SLICES))
    assert found.ports[0].numbers == (8080, 9090)
    assert [(t.workload.ref.name, t.port) for t in found.ports[0].targets] == [("v1", 8080), ("v2", 9090)]


@pytest.mark.parametrize("declared", [port(8080, "web"), port(8080, "http", "UDP"), port(8080)])
def test_a_named_target_port_needs_name_and_protocol(declared: object) -> None:
    found = view(snapshot(svc("web", 80, "http"), app("web", declared), coverage=NO_SLICES))  # type: ignore[arg-type]
    assert faults(found) == {Fault.TARGET_PORT_UNDECLARED}
    assert found.state is State.ERROR


def test_a_port_that_only_some_pods_declare_is_a_warning() -> None:
    good = workload("good", pod("good", {"app": "web"}, port(8080, "http")))
    bare = workload("bare", pod("bare", {"app": "web"}))
    found = view(snapshot(svc("web", 80, "http"), good, bare, coverage=NO_SLICES))
    assert faults(found) == {Fault.TARGET_PORT_PARTLY_DECLARED}
    assert found.state is State.WARNING


def test_a_number_need_not_be_declared() -> None:
    found = view(snapshot(svc("web", 80, 8080), app("web"), coverage=NO_SLICES))
    assert found.state is State.OK
    assert found.ports[0].numbers == (8080,)
    assert not found.ports[0].targets[0].declared


def test_a_service_port_is_found_by_number_and_by_name() -> None:
    found = view(snapshot(service("web", {"app": "web"}, sport(53, name="dns", protocol="UDP"), sport(80))))
    by_name, by_number = found.port("dns"), found.port(80)
    assert by_name is not None and by_name.port.protocol is Protocol.UDP
    assert by_number is not None and by_number.port.port == 80
    assert found.port(81) is None


def test_a_service_without_selector_needs_endpoints_written_by_hand() -> None:
    bare = service("web", None, sport(80))
    assert faults(view(snapshot(bare))) == {Fault.NO_ENDPOINTS}
    assert view(snapshot(bare, slice_of("web", endpoint("192.0.2.7")))).state is State.OK
    unknown = view(snapshot(bare, coverage={**COMPLETE, "EndpointSlice": Coverage.PARTIAL}))
    assert (unknown.state, unknown.reason) == (
        State.NOT_CHECKED,
        "its endpoints not checked: EndpointSlice partly supplied",
    )


def test_an_external_name_is_a_dns_alias_without_pods() -> None:
    alias = service("web", {"app": "web"}, type="ExternalName", external_name="example.com")
    found = view(snapshot(alias, app("web")))
    assert (found.pods, found.endpoints.items) == ((), ())
    assert faults(found) == {Fault.EXTERNAL_NAME_SELECTOR}


@pytest.mark.parametrize(("name", "fault"), [("10.0.0.1", True), ("10.0.0.1.example.com", False)])
def test_an_external_name_that_is_an_address_is_an_error(name: str, fault: bool) -> None:
    found = view(snapshot(service("web", None, type="ExternalName", external_name=name)))
    assert (Fault.EXTERNAL_NAME_IS_ADDRESS in faults(found)) is fault


def test_an_external_name_does_not_translate_ports() -> None:
    alias = service("web", None, sport(80, 8080), type="ExternalName", external_name="example.com")
    assert faults(view(snapshot(alias))) == {Fault.EXTERNAL_NAME_TARGET_PORT}


def test_a_headless_service_does_not_translate_ports() -> None:
    found = view(snapshot(replace(svc("web", 80, 8080), headless=True), app("web"), coverage=NO_SLICES))
    assert faults(found) == {Fault.HEADLESS_PORT_NOT_TRANSLATED}
    assert found.state is State.OK


def test_session_affinity_of_a_headless_service_has_no_effect() -> None:
    sticky = replace(svc("web"), headless=True, session_affinity=SessionAffinity.CLIENT_IP)
    assert faults(view(snapshot(sticky, app("web"), coverage=NO_SLICES))) == {Fault.AFFINITY_WITHOUT_EFFECT}


@pytest.mark.parametrize(("seconds", "fault"), [(0, True), (1, False), (86400, False), (86401, True)])
def test_session_affinity_timeouts_reach_from_a_second_to_a_day(seconds: int, fault: bool) -> None:
    sticky = replace(svc("web"), session_affinity=SessionAffinity.CLIENT_IP, session_affinity_timeout_s=seconds)
    found = view(snapshot(sticky, app("web"), coverage=NO_SLICES))
    assert (Fault.AFFINITY_TIMEOUT in faults(found)) is fault


# cloud-provider-azure: only the exact value "true" gives an internal load balancer.
@pytest.mark.parametrize(
    ("value", "scope", "fault"),
    [
        ("true", Scope.VNET, False),
        ("True", Scope.INTERNET, True),
        (" true", Scope.INTERNET, True),
        ("false", Scope.INTERNET, False),
        (None, Scope.INTERNET, False),
    ],
)
def test_only_true_makes_a_load_balancer_internal(value: str | None, scope: Scope, fault: bool) -> None:
    annotations = {} if value is None else {INTERNAL_ANNOTATION: value}
    balancer = service("web", {"app": "web"}, sport(80), type="LoadBalancer", annotations=annotations)
    found = view(snapshot(balancer, app("web"), coverage=NO_SLICES))
    assert found.reach.scope is scope
    assert (Fault.INTERNAL_ANNOTATION_SPELLING in faults(found)) is fault


@pytest.mark.parametrize(
    ("address", "scope"),
    [
        ("203.0.113.9", Scope.INTERNET),
        ("10.224.0.9", Scope.VNET),
        ("172.16.0.1", Scope.VNET),
        ("172.32.0.1", Scope.INTERNET),
        ("fd00::1", Scope.VNET),
        ("2001:db8::1", Scope.INTERNET),
        ("100.64.0.1", Scope.VNET),
    ],
)
def test_a_load_balancers_address_says_who_reaches_it(address: str, scope: Scope) -> None:
    balancer = service("web", {"app": "web"}, sport(80), type="LoadBalancer", lb=(address,))
    assert view(snapshot(balancer, app("web"), coverage=NO_SLICES)).reach.scope is scope


def test_source_ranges_name_who_may_connect() -> None:
    balancer = service(
        "web", {"app": "web"}, sport(80), type="LoadBalancer", lb=("203.0.113.9",), ranges=("198.51.100.0/24",)
    )
    found = view(snapshot(balancer, app("web"), coverage=NO_SLICES))
    assert found.sources == ("198.51.100.0/24",)
    assert str(found.reach) == "198.51.100.0/24 only"
    assert Fault.LOAD_BALANCER_OPEN not in faults(found)


@pytest.mark.parametrize("ranges", [(), ("0.0.0.0/0",), ("198.51.100.0/24", "0.0.0.0/0")])
def test_a_public_load_balancer_without_limits_is_open(ranges: tuple[str, ...]) -> None:
    balancer = service("web", {"app": "web"}, sport(80), type="LoadBalancer", lb=("203.0.113.9",), ranges=ranges)
    assert Fault.LOAD_BALANCER_OPEN in faults(view(snapshot(balancer, app("web"), coverage=NO_SLICES)))


PREFIX = "service.beta.kubernetes.io/"
OPEN, CLOSED = True, False


@pytest.mark.parametrize(
    ("annotations", "ranges", "opened", "reached"),
    [
        ({"azure-allowed-ip-ranges": "0.0.0.0/0"}, (), OPEN, "the internet"),
        ({"azure-allowed-ip-ranges": "0.0.0.0/1, 128.0.0.0/1"}, (), OPEN, "the internet"),
        ({"load-balancer-source-ranges": "::/0"}, (), OPEN, "the internet"),
        ({"azure-allowed-service-tags": "AzureCloud,Internet"}, (), OPEN, "the internet"),
        # kube-proxy holds the spec's ranges, whomever the security rules let in.
        ({"azure-allowed-service-tags": "Internet"}, ("198.51.100.0/24",), CLOSED, "198.51.100.0/24, Internet only"),
        # "treated exactly like azure-allowed-ip-ranges by this provider"
        ({"load-balancer-source-ranges": "198.51.100.0/24"}, (), CLOSED, "198.51.100.0/24 only"),
        ({"azure-allowed-service-tags": "AzureCloud"}, (), CLOSED, "AzureCloud only"),
        # A range with host bits is invalid: the Internet's rule is withheld.
        ({"azure-allowed-ip-ranges": "10.0.0.1/0"}, (), CLOSED, "10.0.0.1/0 only"),
        # A public frontend without the Internet's rule.
        ({"azure-load-balancer-internal": "True"}, (), CLOSED, "the internet, where a security rule of your own"),
        ({"azure-disable-load-balancer-nsg-rule": "TRUE"}, (), CLOSED, "the internet, where a security rule of your"),
    ],
)
def test_who_gets_in_is_read_from_the_annotations_as_the_azure_provider_reads_them(
    annotations: dict[str, str], ranges: tuple[str, ...], opened: bool, reached: str
) -> None:
    """Source: pkg/provider/loadbalancer/configuration.go and accesscontrol.go of cloud-provider-azure."""
    balancer = service(
        "web",
        {"app": "web"},
        sport(80),
        type="LoadBalancer",
        lb=("203.0.113.9",),
        ranges=ranges,
        annotations={PREFIX + key: value for key, value in annotations.items()},
    )
    found = view(snapshot(balancer, app("web"), coverage=NO_SLICES))
    assert (Fault.LOAD_BALANCER_OPEN in faults(found)) is opened
    assert str(found.reach).startswith(reached)


def test_a_load_balancer_without_address_is_pending_in_a_cluster_and_fine_in_a_manifest() -> None:
    manifest = service("web", {"app": "web"}, sport(80), type="LoadBalancer")
    assert Fault.LOAD_BALANCER_PENDING not in faults(view(snapshot(manifest, app("web"))))
    live = replace(manifest, cluster_ips=(ip_address("10.0.0.5"),))
    assert Fault.LOAD_BALANCER_PENDING in faults(view(snapshot(live, app("web"))))


def test_local_policy_needs_an_endpoint_on_a_node_that_takes_traffic() -> None:
    local = service(
        "web",
        {"app": "web"},
        sport(80),
        type="LoadBalancer",
        external_traffic_policy=TrafficPolicy.LOCAL,
        lb=("10.0.0.9",),
    )
    label = {"node.kubernetes.io/exclude-from-external-load-balancers": "true"}
    left_out = node("node-1", labels=label)
    lone = view(snapshot(local, app("web"), left_out, node("node-2"), coverage=NO_SLICES))
    assert faults(lone) == {Fault.LOCAL_POLICY_WITHOUT_NODE}
    assert faults(view(snapshot(local, app("web"), node("node-1"), node("node-2"), coverage=NO_SLICES))) == set()
    partly = {**NO_SLICES, "Node": Coverage.PARTIAL}
    assert faults(view(snapshot(local, app("web"), left_out, coverage=partly))) == set()


def test_internal_local_policy_names_the_nodes_without_endpoint() -> None:
    local = replace(svc("web"), internal_traffic_policy=TrafficPolicy.LOCAL)
    found = view(snapshot(local, app("web"), node("node-1"), node("node-2"), coverage=NO_SLICES))
    assert found.notes == "internalTrafficPolicy is Local, so pods on node-2 find no endpoint"
    assert found.state is State.OK


def test_faulty_services_come_first() -> None:
    found = service_views(snapshot(svc("a-good"), svc("z-bad"), app("a-good"), coverage=NO_SLICES))
    assert [v.ref for v in found] == [ref("Service", "z-bad"), ref("Service", "a-good")]


def test_an_empty_selector_takes_every_pod_of_the_namespace() -> None:
    found = view(
        snapshot(service("web", {}, sport(80)), app("a"), app("b"), app("c", namespace="x"), coverage=NO_SLICES)
    )
    assert [w.ref for w in found.workloads] == [ObjectRef("shop", n, "Deployment") for n in ("a", "b")]


@pytest.mark.parametrize(
    ("labels", "front"),
    [
        ({"gateway.networking.k8s.io/gateway-name": "public"}, True),
        ({"app.kubernetes.io/managed-by": "aks-app-routing-operator"}, True),
        ({"app.kubernetes.io/managed-by": "Helm"}, False),
        ({}, False),
    ],
)
def test_an_ingress_controllers_own_load_balancer_may_be_open(labels: dict[str, str], front: bool) -> None:
    balancer = service("web", {"app": "web"}, sport(80), type="LoadBalancer", lb=("203.0.113.9",), labels=labels)
    found = view(snapshot(balancer, app("web"), coverage=NO_SLICES))
    assert (Fault.LOAD_BALANCER_OPEN not in faults(found)) is front
