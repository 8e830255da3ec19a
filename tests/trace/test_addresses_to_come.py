"""Load balancers whose address no status shows: the trace takes it for granted, says so, and goes on.

Expectations: the cloud provider writes its rules for the frontend, whatever its address will be; the Internet gets to
public frontends alone; Azure's default rules (nsg.yaml) let in the virtual network, and nobody else.
"""

from __future__ import annotations

from typing import Any

import pytest

from lib.azure.security_group_match import Fit, KnownAddresses, Packet, Place, match
from lib.azure.security_group_subnet import group_of_ones_own
from lib.azure.unassigned import Unassigned
from lib.model.errors import ModelError
from lib.model.refs import ObjectRef
from lib.model.security_rules import Access, Attachment, RuleDirection, SecurityGroup, SecurityRule
from lib.model.sets import Family
from lib.trace.hop import Hop, HopKind, HopVerdict, Trace
from tests.trace.build import CLIENT, FRONT, block, cluster, kinds, policy, service, verdicts, walk
from tests.trace.test_controllers import DOCUMENTED, URL, ingress, running

ALLOWED, DENIED, UNKNOWN = HopVerdict.ALLOWED, HopVerdict.DENIED, HopVerdict.UNKNOWN
WAY = ["address", "security rules", "load balancing rule", "health probe", "node", "policies of the receiver", "pod"]
PREFIX = "service.beta.kubernetes.io/"
INTERNAL = {f"{PREFIX}azure-load-balancer-internal": "true"}
WANTED = "10.20.9.10"
ASKING = INTERNAL | {f"{PREFIX}azure-load-balancer-ipv4": "10.20.9.10"}
TO = "svc/shop/web:80"


def balanced(annotations: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    return service(kind="LoadBalancer", annotations=annotations or {}, **more)


def hop_of(found: Trace, kind: HopKind) -> Hop:
    return next(hop for hop in found.hops if hop.kind is kind)


def premises(found: Trace) -> str:
    return found.sentence.partition("Taken for granted: ")[2]


def denying(destination: str) -> SecurityGroup:
    rule = SecurityRule("no", 200, RuleDirection.INBOUND, Access.DENY, destinations=(destination,), ports=("*",))
    rest = SecurityRule("yes", 300, RuleDirection.INBOUND, Access.ALLOW, destinations=("*",), ports=("*",))
    return group_of_ones_own("mine", (rule, rest), (), Attachment.SUBNET)


def test_a_public_service_without_status_is_traced_to_its_pods():
    found = walk(cluster(balanced()), "internet", TO)
    assert (kinds(found), found.verdict) == (WAY, ALLOWED)
    assert "the public IP address that Azure will give" in premises(found)
    security = hop_of(found, HopKind.SECURITY)
    assert security.verdict is ALLOWED
    assert [d.effect for d in security.deciders] == ["Allow"]
    assert "the IPv4 frontend address of shop/web" in hop_of(found, HopKind.ADDRESS).subject


@pytest.mark.parametrize(("ranges", "security"), [("198.51.100.0/24", ALLOWED), ("192.0.2.0/24", DENIED)])
def test_source_ranges_decide_in_the_rules_and_on_the_node(ranges, security):
    found = walk(cluster(balanced(loadBalancerSourceRanges=[ranges])), CLIENT, TO)
    assert hop_of(found, HopKind.SECURITY).verdict is security
    node = next(hop for hop in found.hops if hop.kind is HopKind.SERVICE)
    assert (node.verdict, found.verdict) == (security, security)
    assert "Azure will give" in premises(found)


def test_the_probe_and_the_receivers_policies_are_asked():
    closed = policy("in", policyTypes=["Ingress"])
    found = walk(cluster(balanced(externalTrafficPolicy="Local"), closed), "internet", TO, "cilium")
    assert kinds(found) == WAY
    assert (found.verdict, verdicts(found)[HopKind.INGRESS]) == (DENIED, DENIED)


@pytest.mark.parametrize(
    ("annotations", "src", "destination", "expected"),
    [
        ({}, "internet", "*", DENIED),
        ({}, "internet", "0.0.0.0/0", DENIED),
        # No public address is private, and a public frontend is not in the virtual network.
        ({}, "internet", "10.0.0.0/8", ALLOWED),
        ({}, "internet", "VirtualNetwork", ALLOWED),
        ({}, "internet", "Internet", DENIED),
        # Azure may choose an address in the range or beside it.
        ({}, "internet", "20.0.0.0/8", UNKNOWN),
        ({}, "internet", "2001:db8::/32", ALLOWED),
        (INTERNAL, "vnet", "VirtualNetwork", DENIED),
        (INTERNAL, "vnet", "Internet", ALLOWED),
        (INTERNAL, "vnet", "10.224.0.0/24", UNKNOWN),
        # A node has that address, so that no frontend gets it.
        (INTERNAL, "vnet", "10.224.0.4", ALLOWED),
    ],
)
def test_a_group_of_ones_own_is_judged_by_what_is_known_of_the_address(annotations, src, destination, expected):
    found = walk(cluster(balanced(annotations)), src, TO, subnet_group=denying(destination))
    assert hop_of(found, HopKind.SECURITY).verdict is expected


def test_without_floating_ip_the_nodes_are_asked():
    without = {f"{PREFIX}azure-disable-load-balancer-floating-ip": "true"}
    found = walk(cluster(balanced(without)), "internet", TO, subnet_group=denying("10.224.0.0/24"))
    hop = hop_of(found, HopKind.SECURITY)
    # Nothing says that these two nodes are all.
    assert hop.verdict is UNKNOWN
    assert "to 10.224.0.4: rule no (200) of mine on the subnet denies it" in hop.reason


def test_the_internet_has_no_way_to_an_internal_frontend_and_the_virtual_network_has():
    objects = cluster(balanced(INTERNAL))
    assert walk(objects, "internet", TO).verdict is DENIED
    found = walk(objects, "vnet", TO)
    assert (kinds(found), found.verdict) == (WAY, ALLOWED)
    assert "the internal address that Azure will give" in premises(found)


def test_a_named_public_ip_is_told_with_the_line_that_names_it():
    found = walk(cluster(balanced({f"{PREFIX}azure-pip-name": "my-pip"})), "internet", TO)
    assert (found.verdict, "my-pip" in premises(found)) == (ALLOWED, True)


@pytest.mark.parametrize(
    ("service_", "src", "address", "key"),
    [
        (balanced(ASKING), "vnet", WANTED, "azure-load-balancer-ipv4"),
        (balanced(INTERNAL, loadBalancerIP=WANTED), "vnet", WANTED, "spec.loadBalancerIP"),
        (balanced(loadBalancerIP="203.0.113.20"), "internet", "203.0.113.20", "spec.loadBalancerIP"),
        (
            balanced(
                INTERNAL | {f"{PREFIX}azure-load-balancer-ipv6": "fd00::10"}, ipFamilies=["IPv6"], clusterIP="fd01::1",
                clusterIPs=["fd01::1"],
            ),
            "vnet", "fd00::10", "azure-load-balancer-ipv6",
        ),
    ],
    ids=["annotation", "spec", "public", "IPv6"],
)  # fmt: skip
def test_an_address_that_a_service_asks_for_leads_to_it(service_, src, address, key):
    written = f"[{address}]:80" if ":" in address else f"{address}:80"
    objects = cluster(service_)
    for to in (written, TO):
        found = walk(objects, src, to)
        first = found.hops[0]
        assert (first.kind, first.subject) == (HopKind.ADDRESS, f"{address} of Service shop/web")
        assert kinds(found)[:3] == WAY[:3]
        assert f"asks for with {key}" in premises(found)
        # Internal IPv6 frontends have no floating IP: the nodes are asked, whose IPv6 addresses are not in the input.
        assert hop_of(found, HopKind.SECURITY).verdict is (UNKNOWN if ":" in address else ALLOWED)


def test_what_the_status_shows_counts_before_what_is_asked_for():
    asking = balanced(ASKING, status=[{"ip": "10.224.0.200"}])
    assert walk(cluster(asking), "vnet", "10.224.0.200:80").verdict is ALLOWED
    with pytest.raises(ModelError, match="nothing to trace"):
        walk(cluster(asking), "vnet", f"{WANTED}:80")


def test_a_pod_reaches_an_address_that_is_asked_for_on_its_own_node():
    objects = cluster(balanced(ASKING))
    found = walk(objects, "shop/client", f"{WANTED}:80")
    assert (found.verdict, found.hops[-1].subject) == (ALLOWED, "shop/web[Pod]")
    assert "asks for" in premises(found) and HopKind.SECURITY not in verdicts(found)


@pytest.mark.parametrize("src", ["vnet", "shop/client"])
def test_an_address_that_the_provider_refuses_leads_nowhere(src):
    """A public load balancer cannot have a private address: the provider makes no rule at all for it."""
    found = walk(cluster(balanced(loadBalancerIP=WANTED)), src, f"{WANTED}:80")
    assert found.verdict is DENIED
    assert "no address of the Internet" in hop_of(found, HopKind.ADDRESS).reason
    assert not found.premises


@pytest.mark.parametrize(
    "more", [{"loadBalancerClass": "example.com/lb"}, {"status": [{"hostname": "lb.example.com"}]}], ids=str
)
def test_what_nobody_knows_stays_unknown(more):
    found = walk(cluster(balanced(**more)), "internet", TO)
    assert (kinds(found), found.verdict) == (["address"], UNKNOWN)


def test_both_families_of_a_dual_stack_service_are_traced():
    dual = balanced(ipFamilies=["IPv4", "IPv6"], ipFamilyPolicy="RequireDualStack")
    found = walk(cluster(dual), "internet", TO)
    subjects = [way.hops[0].subject for way in found.by_family]
    assert subjects == [f"the {family} frontend address of shop/web" for family in ("IPv4", "IPv6")]


@pytest.mark.parametrize("src", ["internet", "shop/client"])
def test_a_controllers_front_without_status_is_passed_as_well(src):
    controller, front = running(DOCUMENTED[0])
    front["status"] = {}
    route = ingress(DOCUMENTED[0].ingress_classes[0])
    found = walk(cluster(service(), route, controller, front), src, URL)
    assert found.verdict is ALLOWED
    assert HopKind.ADDRESS in verdicts(found) and found.hops[-1].subject == "shop/web[Pod]"
    assert "Azure" in premises(found)
    assert (HopKind.SECURITY in verdicts(found)) is (src == "internet")


def test_an_address_that_the_routes_own_status_shows_is_not_one_that_azure_will_give():
    controller, front = running(DOCUMENTED[0])
    front["status"] = {}
    route = ingress(DOCUMENTED[0].ingress_classes[0], addresses=(FRONT,))
    found = walk(cluster(service(), route, controller, front), "internet", URL)
    hop = hop_of(found, HopKind.ADDRESS)
    assert hop.subject.startswith(f"{FRONT} of Service ") and not hop.premise


@pytest.mark.parametrize(
    ("src", "words"), [("vnet", "the virtual network"), ("internet", "the Internet"), (CLIENT, CLIENT)]
)
def test_an_address_of_nobody_is_said_to_be_so_and_the_sender_is_named(src, words):
    with pytest.raises(ModelError) as raised:
        walk(cluster(), src, "10.20.9.99:443")
    said = f"10.20.9.99 is no address of anything in the input, and {words} is outside the cluster"
    assert str(raised.value) == f"{said}: there is nothing to trace"


@pytest.mark.parametrize("status", [[], [{"ip": "203.0.113.10"}]], ids=["to come", "known"])
@pytest.mark.parametrize("traffic_policy", ["Cluster", "Local"])
def test_a_rule_for_other_ports_is_told_where_the_receivers_policies_stop_it(status, traffic_policy):
    other = [{"from": [block("0.0.0.0/0")], "ports": [{"port": 80}]}]
    closed = policy("in", policyTypes=["Ingress"], ingress=other)
    objects = cluster(balanced(status=status, externalTrafficPolicy=traffic_policy), closed, plane="cilium")
    hop = hop_of(walk(objects, "internet", TO, "cilium"), HopKind.INGRESS)
    assert hop.verdict is DENIED
    assert "shop/in[NetworkPolicy] spec.ingress[0] takes no part: it names other ports: TCP 80." in hop.notes
    assert hop.change.startswith("an ingress rule that permits TCP 8080 from the Internet, in a policy that selects")


@pytest.mark.parametrize(
    ("unused", "theirs_unused", "expected"),
    [(True, True, Fit.NO), (True, False, Fit.NO), (False, True, Fit.NO), (False, False, Fit.OPEN)],
)
def test_two_frontends_without_an_address_may_be_one_only_where_both_name_a_public_ip(unused, theirs_unused, expected):
    to = Unassigned(ObjectRef("shop", "a", "Service"), Family.IPV4, True, "the IPv4 frontend address of shop/a", unused)
    rule = SecurityRule(
        "r", 500, RuleDirection.INBOUND, Access.ALLOW, "Tcp", ("*",), ("*",), (), ("80",),
        open_destinations=("the IPv4 frontend address of shop/b",), open_destinations_unused=theirs_unused,
    )  # fmt: skip
    assert match(rule, Packet(Place.INTERNET, to, 80), KnownAddresses()).fit is expected
