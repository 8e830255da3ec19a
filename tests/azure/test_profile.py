"""The profile of a cluster: each value with what shows it, or unknown."""

from __future__ import annotations

import pytest

from lib.azure.profile import CHOOSABLE, Basis, choices, cluster_profile
from lib.facts.cluster_profile import aspects
from lib.facts.networks import network_facts
from lib.model.snapshot import Snapshot
from tests.azure.load import sample, snapshot_of

NODE = """\
apiVersion: v1
kind: Node
metadata: {{name: {name}, labels: {{{labels}}}}}
status: {{addresses: [{{type: InternalIP, address: {address}}}]}}
---
"""


def node(name: str = "n0", address: str = "10.224.0.4", **labels: str) -> str:
    told = ", ".join(f'{key.replace("__", "/")}: "{value}"' for key, value in labels.items())
    return NODE.format(name=name, address=address, labels=told)


def labelled(key: str, value: str, name: str = "n0") -> str:
    return NODE.format(name=name, address="10.224.0.4", labels=f'"{key}": "{value}"')


SIGNS = [(name, sign) for name, aspect in aspects().items() for sign in aspect.node_labels]


@pytest.mark.parametrize(("name", "sign"), SIGNS, ids=lambda x: getattr(x, "value", x))
def test_every_label_that_proves_a_value_is_read_with_its_place(name: str, sign) -> None:
    found = getattr(cluster_profile(snapshot_of(labelled(sign.key, sign.value))), name)
    assert (found.value, found.basis) == (sign.means, Basis.SHOWN)
    assert sign.key in found.evidence
    assert found.source is not None and found.source.file == "input.yaml"


def test_signs_that_disagree_leave_the_value_unknown_and_are_both_told() -> None:
    key = "kubernetes.azure.com/podnetwork-type"
    found = cluster_profile(snapshot_of(labelled(key, "vnet", "a") + labelled(key, "vnetblock", "b"))).network_model
    assert (found.value, found.basis) == ("", Basis.UNKNOWN)
    assert "node a" in found.evidence and "node b" in found.evidence


def test_nothing_is_guessed_of_an_empty_input() -> None:
    for found in cluster_profile(Snapshot()).aspects:
        assert (found.value, found.text, found.basis) == ("", "unknown", Basis.UNKNOWN)
        assert found.evidence and found.source is None


def test_the_absence_of_a_sign_proves_nothing() -> None:
    found = cluster_profile(snapshot_of(node()))
    assert found.network_model.basis is found.data_plane.basis is Basis.UNKNOWN


def test_what_a_person_chooses_counts_and_what_the_input_shows_is_told_beside_it() -> None:
    shown = snapshot_of(labelled("kubernetes.azure.com/azure-cni-overlay", "true"))
    found = cluster_profile(shown, {"network_model": "node_subnet"}).network_model
    assert (found.value, found.basis, found.shown) == ("node_subnet", Basis.CHOSEN, "azure_cni_overlay")
    assert "Overlay" in found.evidence


def test_choosing_what_is_shown_anyway_changes_nothing() -> None:
    shown = snapshot_of(labelled("kubernetes.azure.com/azure-cni-overlay", "true"))
    assert cluster_profile(shown, {"network_model": "azure_cni_overlay"}) == cluster_profile(shown)


@pytest.mark.parametrize("name", CHOOSABLE)
def test_every_choice_is_taken_and_a_word_that_is_none_is_not(name: str) -> None:
    for value in choices(name):
        assert getattr(cluster_profile(Snapshot(), {name: value}), name).value == value
    assert getattr(cluster_profile(Snapshot(), {name: "<b>no</b>"}), name).value == ""


def test_the_shop_is_what_its_objects_say() -> None:
    found = cluster_profile(sample("shop"))
    assert found.network_model.value == "azure_cni_overlay_cilium"
    assert (found.policy_engine.value, found.data_plane.value) == ("cilium", "cilium")
    assert found.pod_addresses.text == "10.244.0.0-10.244.2.255"
    assert found.api_server.value == "public"
    assert found.outbound_type.basis is Basis.UNKNOWN
    assert found.network_model.text in {n.label for n in network_facts()}


@pytest.mark.parametrize(
    ("address", "value"), [("10.1.2.3", "private"), ("172.20.0.1", "private"), ("20.1.2.3", "public")]
)
def test_the_api_server_is_where_its_endpoints_say(address: str, value: str) -> None:
    text = f"""\
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{name: kubernetes, namespace: default, labels: {{kubernetes.io/service-name: kubernetes}}}}
addressType: IPv4
endpoints: [{{addresses: ["{address}"]}}]
ports: [{{name: https, port: 443, protocol: TCP}}]
"""
    found = cluster_profile(snapshot_of(text)).api_server
    assert (found.value, found.basis) == (value, Basis.SHOWN)
    assert address in found.evidence


def test_a_person_can_give_the_ranges_of_which_objects_show_only_addresses() -> None:
    found = cluster_profile(
        sample("shop"), {"service_addresses": "10.0.0.0/16", "pod_addresses": "10.244.0.0/16,fd00::/64"}
    )
    assert (found.service_addresses.text, found.service_addresses.basis) == ("10.0.0.0/16", Basis.CHOSEN)
    assert found.pod_addresses.text == "10.244.0.0/16, fd00::/64"
    assert "10.244.0.0-10.244.2.255" in found.pod_addresses.evidence
    assert found.node_addresses.basis is Basis.SHOWN


@pytest.mark.parametrize("text", ["", "<b>", "10.0.0.0/33", "10.0.0.0/16, x", ",".join(["10.0.0.0/16"] * 30)])
def test_what_is_no_list_of_prefixes_is_not_taken(text: str) -> None:
    assert cluster_profile(Snapshot(), {"pod_addresses": text}).pod_addresses.basis is Basis.UNKNOWN
