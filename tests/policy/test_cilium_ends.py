"""Whom rules of Cilium mean: addresses outside, entities, Services and nodes.

Expectations are from docs.cilium.io ("Layer 3 Policies") and from pkg/policy/api of cilium/cilium.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from lib.model.snapshot import Coverage
from lib.policy.engine import Engine, compile_engine
from lib.policy.engines import profile
from tests.policy.build import endpoint_slice, engine_of
from tests.policy.cilium_rules import (
    SHOP,
    ccnp,
    cnp,
    into_server,
    verdict,
)
from tests.policy.test_semantics import ALL, CLIENT, NODES, SERVER, on_node


class TestOutside:
    """CIDR rules mean no pods and no nodes; names and groups have addresses that no manifest shows."""

    def egress(self, rule: str, *more: str) -> Engine:
        return engine_of(SHOP, NODES, on_node(SERVER, "node-1"), cnp(f"egress: [{{{rule}}}]"), *more)

    @pytest.mark.parametrize(
        ("rule", "inside", "outside"),
        [
            ("toCIDR: [203.0.113.0/24]", "allowed", "denied"),
            ("toCIDR: [203.0.113.9]", "allowed", "denied"),
            ("toCIDRSet: [{cidr: 0.0.0.0/0, except: [203.0.113.0/24]}]", "denied", "allowed"),
            ("toEntities: [world]", "allowed", "allowed"),
            ("toEntities: [world-ipv6]", "denied", "denied"),
            ("toEntities: [cluster]", "unknown", "unknown"),
            ("toEntities: [none]", "denied", "denied"),
            ("toFQDNs: [{matchName: example.com}]", "unknown", "unknown"),
            ("toGroups: [{aws: {securityGroupsIds: [sg-1]}}]", "unknown", "unknown"),
            ("toCIDRSet: [{cidrGroupRef: partners}]", "unknown", "unknown"),
            ("toEntities: [kube-apiserver]", "unknown", "unknown"),
        ],
    )
    def test_a_rule_about_outside(self, rule: str, inside: str, outside: str) -> None:
        engine = self.egress(rule)
        assert verdict(engine, "server", "203.0.113.9") == inside
        assert verdict(engine, "server", "198.51.100.1") == outside

    def test_a_cidr_over_everything_means_neither_pods_nor_nodes(self) -> None:
        client = on_node(CLIENT, "node-2") + "status: {phase: Running, podIP: 10.1.0.7}\n"
        engine = self.egress("toCIDR: [0.0.0.0/0, '::/0']", client)
        assert verdict(engine, "server", "client") == verdict(engine, "server", "node-2") == "denied"
        assert verdict(engine, "server", "198.51.100.1") == "allowed"

    def test_a_group_of_addresses_in_the_input_is_known(self) -> None:
        group = """
            apiVersion: cilium.io/v2
            kind: CiliumCIDRGroup
            metadata: {name: partners}
            spec: {externalCIDRs: [203.0.113.0/24]}
        """
        engine = self.egress("toCIDRSet: [{cidrGroupRef: partners, except: [203.0.113.128/25]}]", group)
        assert [verdict(engine, "server", f"203.0.113.{n}") for n in (9, 200)] == ["allowed", "denied"]

    def test_the_api_servers_addresses_are_those_of_its_service(self) -> None:
        endpoints = """
            apiVersion: discovery.k8s.io/v1
            kind: EndpointSlice
            metadata: {name: kubernetes, namespace: default, labels: {kubernetes.io/service-name: kubernetes}}
            addressType: IPv4
            endpoints: [{addresses: [203.0.113.9]}]
            ports: [{port: 443}]
        """
        for entity in ("kube-apiserver", "cluster"):
            engine = self.egress(f"toEntities: [{entity}]", endpoints)
            assert [verdict(engine, "server", f"203.0.113.{n}") for n in (9, 200)] == ["allowed", "denied"]
        on_node_2 = endpoints.replace("203.0.113.9", "10.9.0.2")
        assert verdict(self.egress("toEntities: [kube-apiserver]", on_node_2), "server", "node-2") == "allowed"

    def test_a_service_means_its_pods_or_its_addresses(self) -> None:
        service = """
            apiVersion: v1
            kind: Service
            metadata: {name: client, namespace: shop}
            spec: {selector: {app: client}, ports: [{port: 80}]}
        """
        rule = "toServices: [{k8sService: {serviceName: client, namespace: shop}}]"
        engine = self.egress(rule, on_node(CLIENT, "node-2"), service)
        assert verdict(engine, "server", "client") == "allowed"
        assert verdict(engine, "server", "203.0.113.9") == "denied"
        assert verdict(self.egress(rule, on_node(CLIENT, "node-2")), "server", "client") == "unknown"


API_SERVER = """
    apiVersion: discovery.k8s.io/v1
    kind: EndpointSlice
    metadata: {name: kubernetes, namespace: default, labels: {kubernetes.io/service-name: kubernetes}}
    addressType: IPv4
    endpoints: [{addresses: [203.0.113.9]}]
    ports: [{port: 443}]
"""


class TestEntities:
    """docs.cilium.io, "Entities Based", and pkg/policy/api/entity.go: a pod, another node, IPv4 and IPv6 outside.

    What a pod's own node has to do with ``host`` and ``remote-node`` is told in ``TestNodes``.
    """

    @pytest.mark.parametrize(
        ("entity", "pod_", "node", "ipv4", "ipv6"),
        [
            # "all: … the combination of all known clusters as well world and whitelists all communication"
            ("all", "allowed", "allowed", "allowed", "allowed"),
            # "world: … all endpoints outside of the cluster"; world-ipv4 and world-ipv6 those of one family
            ("world", "denied", "denied", "allowed", "allowed"),
            ("world-ipv4", "denied", "denied", "allowed", "denied"),
            ("world-ipv6", "denied", "denied", "denied", "allowed"),
            # "cluster: … all network endpoints inside of the local cluster … as well as the host, remote-node, …"
            ("cluster", "allowed", "allowed", "denied", "denied"),
            # "kube-apiserver: … the kube-apiserver in a Kubernetes cluster"
            ("kube-apiserver", "denied", "denied", "denied", "denied"),
            # None of these is a pod that Cilium manages, a node or an address outside: Cilium's health endpoints, its
            # Envoy for Ingress, endpoints without an identity yet, pods it does not manage; none "matches nothing".
            ("health", "denied", "denied", "denied", "denied"),
            ("ingress", "denied", "denied", "denied", "denied"),
            ("init", "denied", "denied", "denied", "denied"),
            ("unmanaged", "denied", "denied", "denied", "denied"),
            ("none", "denied", "denied", "denied", "denied"),
        ],
    )
    @pytest.mark.parametrize("direction", ["ingress", "egress"])
    def test_an_entity_means(self, direction: str, entity: str, pod_: str, node: str, ipv4: str, ipv6: str) -> None:
        peers = "fromEntities" if direction == "ingress" else "toEntities"
        rule = cnp(f"{direction}: [{{{peers}: [{entity}]}}]")
        objects = (SHOP, NODES, on_node(SERVER, "node-1"), on_node(CLIENT, "node-2"), API_SERVER, rule)
        engine = engine_of(*objects, profile=profile("cilium"))
        ends = ("client", "node-2", "198.51.100.1", "2001:db8::1")
        pairs = [(end, "server") if direction == "ingress" else ("server", end) for end in ends]
        assert [verdict(engine, *pair) for pair in pairs] == [pod_, node, ipv4, ipv6]

    @pytest.mark.parametrize("entity", ["kube-apiserver", "cluster", "all", "world"])
    def test_the_api_server_is_one_of_several(self, entity: str) -> None:
        engine = engine_of(SHOP, SERVER, API_SERVER, cnp(f"egress: [{{toEntities: [{entity}]}}]"))
        assert verdict(engine, "server", "203.0.113.9") == "allowed"

    @pytest.mark.parametrize(
        ("rule", "expected"),
        [
            ("ingressDeny: [{fromEntities: [world]}], ingress: [{fromEntities: [all]}]", ["allowed", "denied"]),
            ("ingressDeny: [{fromEntities: [cluster]}], ingress: [{fromEntities: [all]}]", ["denied", "unknown"]),
            ("ingressDeny: [{fromEntities: [none]}], ingress: [{fromEntities: [all]}]", ["allowed", "allowed"]),
        ],
    )
    def test_an_entity_may_be_denied(self, rule: str, expected: list[str]) -> None:
        engine = engine_of(SHOP, CLIENT, SERVER, cnp(rule))
        assert [verdict(engine, end, "server") for end in ("client", "198.51.100.1")] == expected


class TestServicesAndNodes:
    """docs.cilium.io, "Services based" and "Node based"."""

    SERVICES = """
        apiVersion: v1
        kind: Service
        metadata: {name: client, namespace: shop, labels: {tier: front}}
        spec: {selector: {app: client}, ports: [{port: 80}]}
---
        apiVersion: v1
        kind: Service
        metadata: {name: outside, namespace: shop, labels: {tier: back}}
        spec: {ports: [{port: 80}]}
    """

    @pytest.mark.parametrize(
        ("service", "client", "behind", "elsewhere"),
        [
            # "Services with selectors": the pods; "Services without selectors": the addresses of their endpoints
            ("k8sService: {serviceName: client, namespace: shop}", "allowed", "denied", "denied"),
            ("k8sService: {serviceName: outside, namespace: shop}", "denied", "allowed", "denied"),
            # The input may lack Services with the labels, since it is not said to be complete.
            (
                "k8sServiceSelector: {selector: {matchLabels: {tier: front}}, namespace: shop}",
                "allowed",
                "unknown",
                "unknown",
            ),
            (
                "k8sServiceSelector: {selector: {matchLabels: {tier: back}}, namespace: shop}",
                "unknown",
                "allowed",
                "unknown",
            ),
            (
                "k8sServiceSelector: {selector: {matchLabels: {tier: none}}, namespace: shop}",
                "unknown",
                "unknown",
                "unknown",
            ),
            ("k8sService: {serviceName: gone, namespace: shop}", "unknown", "unknown", "unknown"),
        ],
    )
    def test_a_service_means_what_stands_behind_it(
        self, service: str, client: str, behind: str, elsewhere: str
    ) -> None:
        documents = [*self.SERVICES.split("---"), endpoint_slice("outside", "203.0.113.9")]
        engine = engine_of(SHOP, CLIENT, SERVER, *documents, cnp(f"egress: [{{toServices: [{{{service}}}]}}]"))
        found = [verdict(engine, "server", end) for end in ("client", "203.0.113.9", "198.51.100.1")]
        assert found == [client, behind, elsewhere]

    @pytest.mark.parametrize(("complete", "elsewhere"), [(False, "unknown"), (True, "denied")])
    def test_a_service_without_selector_is_open_without_its_endpoint_slices(
        self, complete: bool, elsewhere: str
    ) -> None:
        """Who stands behind it is written by hand, and nothing but its EndpointSlices shows it."""
        rule = cnp("egress: [{toServices: [{k8sService: {serviceName: outside, namespace: shop}}]}]")
        snapshot = engine_of(SHOP, CLIENT, SERVER, *self.SERVICES.split("---"), rule).snapshot
        coverage = {**snapshot.coverage, **({"EndpointSlice": Coverage.COMPLETE} if complete else {})}
        engine = compile_engine(replace(snapshot, coverage=coverage))
        assert verdict(engine, "server", "198.51.100.1") == elsewhere
        # "Services without selectors" become addresses, which mean no pod.
        assert verdict(engine, "server", "client") == "denied"

    @pytest.mark.parametrize("direction", ["ingress", "egress"])
    def test_nodes_by_label_hang_on_a_setting(self, direction: str) -> None:
        """Only "when the node selector labels … is enabled" (--enable-node-selector-labels)."""
        nodes = NODES.replace("{name: node-2}", "{name: node-2, labels: {zone: a}}")
        key = "fromNodes" if direction == "ingress" else "toNodes"
        rule = cnp(f"{direction}: [{{{key}: [{{matchLabels: {{zone: a}}}}]}}]")
        engine = engine_of(SHOP, nodes, on_node(SERVER, "node-1"), CLIENT, rule)
        pairs = [
            (end, "server") if direction == "ingress" else ("server", end) for end in ("node-2", "client", "1.1.1.1")
        ]
        assert [verdict(engine, *pair) for pair in pairs] == ["unknown", "denied", "denied"]

    @pytest.mark.parametrize("direction", ["ingress", "egress"])
    def test_groups_of_a_provider_have_unknown_addresses_and_are_no_pods(self, direction: str) -> None:
        key = "fromGroups" if direction == "ingress" else "toGroups"
        rule = cnp(f"{direction}: [{{{key}: [{{aws: {{securityGroupsIds: [sg-1]}}}}]}}]")
        engine = engine_of(SHOP, SERVER, CLIENT, rule)
        pairs = [(end, "server") if direction == "ingress" else ("server", end) for end in ("client", "1.1.1.1")]
        assert [verdict(engine, *pair) for pair in pairs] == ["denied", "unknown"]


class TestNodes:
    """The entities of nodes: the pod's own and the others."""

    @pytest.mark.parametrize(
        ("entities", "own", "other"),
        [("[host]", "allowed", "denied"), ("[remote-node]", "allowed", "allowed"), ("[world]", "allowed", "denied")],
    )
    def test_a_pods_own_node_is_always_let_in(self, entities: str, own: str, other: str) -> None:
        engine = engine_of(SHOP, NODES, on_node(SERVER, "node-1"), cnp(f"ingress: [{{fromEntities: {entities}}}]"))
        assert (verdict(engine, "node-1", "server"), verdict(engine, "node-2", "server")) == (own, other)

    def test_both_entities_together_mean_every_node(self) -> None:
        rule = cnp("egress: [{toEntities: [host, remote-node]}]")
        engine = engine_of(SHOP, NODES, on_node(SERVER, "node-1"), rule, profile=profile("cilium"))
        assert verdict(engine, "server", "node-1") == verdict(engine, "server", "node-2") == "allowed"

    def test_a_policy_for_nodes_is_shown_and_governs_no_pod(self) -> None:
        rule = ccnp("ingress: [{}]", selects="nodeSelector: {}")
        assert into_server(rule) == ALL
