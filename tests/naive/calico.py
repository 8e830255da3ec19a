"""Calico's policies, one packet at a time.

Written from docs.tigera.io: "Network policy", "Global network policy", "Tier", "Network set", "Global network set",
"Get started with policy tiers", "Use service rules in policy", "Protect hosts"; and where those leave it open, from
projectcalico/calico: libcalico-go/lib/backend/syncersv1/updateprocessors/rules.go (how the selectors of one end are
joined), felix/calc/rule_scanner.go (named ports and notSelector), felix/rules/policy.go (nets of another family),
felix/calc/policy_sorter.go (orders) and libcalico-go/lib/backend/k8s/conversion (labels that endpoints inherit).
"""

from __future__ import annotations

from typing import Any

from tests.naive.calico_selector import matches
from tests.naive.flow import End, Packet, PodEnd, Raw
from tests.naive.objects import Objects, namespace_of
from tests.naive.selectors import inside

GROUPS = ("projectcalico.org", "crd.projectcalico.org")
KINDS = ("NetworkPolicy", "GlobalNetworkPolicy")
NAMESPACE, ACCOUNT, NAME = (f"projectcalico.org/{key}" for key in ("namespace", "serviceaccount", "name"))


def of_calico(objects: Objects, kind: str) -> list[Raw]:
    """The objects of one kind of Calico's, served by its API server or stored."""
    return [obj for group in GROUPS for obj in objects.of_kind(group, kind)]


class CalicoPolicies:
    """Calico's NetworkPolicies and GlobalNetworkPolicies; the staged kinds say nothing."""

    def __init__(self, objects: Objects, *, networks_match_pods: bool) -> None:
        self._objects = objects
        self._networks_match_pods = networks_match_pods
        self.policies = [policy for kind in KINDS for policy in of_calico(objects, kind)]
        self._sets = [s for kind in ("NetworkSet", "GlobalNetworkSet") for s in of_calico(objects, kind)]
        accounts = objects.of_kind("", "ServiceAccount")
        self._accounts = {(namespace_of(a), a["metadata"]["name"]): a["metadata"].get("labels") or {} for a in accounts}
        self._slices = objects.of_kind("discovery.k8s.io", "EndpointSlice")

    def applies(self, policy: Raw, packet: Packet) -> bool:
        """Whether a policy is about the packet's direction and selects its subject."""
        spec = policy["spec"]
        types = spec.get("types")
        if not types and policy["apiVersion"].startswith("crd."):
            types = ["Ingress", "Egress"]  # "Back compatibility: no Types means Ingress and Egress."
        if not types:
            types = ["Egress"] * bool(spec.get("egress"))
            types += ["Ingress"] * (bool(spec.get("ingress")) or not types)
        return packet.direction in types and self._selects(policy, packet.subject)

    def _selects(self, policy: Raw, pod: PodEnd) -> bool:
        spec, labels = policy["spec"], self._labels(pod)
        if policy["kind"] == "NetworkPolicy" and namespace_of(policy) != pod.namespace:
            return False
        return (
            matches(spec.get("selector") or "all()", labels)
            and matches(spec.get("namespaceSelector") or "all()", _inherited(labels, "pcns."))
            and matches(spec.get("serviceAccountSelector") or "all()", _inherited(labels, "pcsa."))
        )

    def action(self, policy: Raw, packet: Packet) -> str | None:
        """What the first rule that matches does: Allow, Deny or Pass; None where none matches, and Log is none."""
        for rule in policy["spec"].get(packet.direction.lower()) or []:
            if rule["action"] != "Log" and self._is_rule(policy, rule, packet):
                return str(rule["action"])
        return None

    def _is_rule(self, policy: Raw, rule: Raw, packet: Packet) -> bool:
        return (
            rule.get("ipVersion") in (None, packet.family)
            and ("protocol" not in rule or _is_protocol(rule["protocol"], packet.protocol))
            and ("notProtocol" not in rule or not _is_protocol(rule["notProtocol"], packet.protocol))
            and self._is_end(policy, rule.get("source") or {}, packet.source, packet)
            and self._is_end(policy, rule.get("destination") or {}, packet.destination, packet)
        )

    def _is_end(self, policy: Raw, entity: Raw, end: End, packet: Packet) -> bool:
        """Whether one end of the packet, which its address shows, is meant."""
        addresses = self._addresses(end, packet.family)
        for nets in (entity.get("nets"), entity.get("notNets")):
            if nets and not any((":" in net) == (packet.family == 6) for net in nets):
                return False  # "If the rule does not apply to the given IP version at all"
        if entity.get("nets") and not any(inside(net, a) for net in entity["nets"] for a in addresses):
            return False
        if any(inside(net, a) for net in entity.get("notNets") or [] for a in addresses):
            return False
        if "services" in entity and not self._is_service(policy, entity["services"], end, packet):
            return False
        return self._is_selected(policy, entity, end, packet)

    def _is_selected(self, policy: Raw, entity: Raw, end: End, packet: Packet) -> bool:
        positive = any(entity.get(key) for key in ("selector", "namespaceSelector", "serviceAccounts"))
        # "endpoints for a namespaced policy being limited to the namespace … as soon as _any_ of the selector fields
        # are used, including NotSelector"
        positive = positive or (bool(entity.get("notSelector")) and policy["kind"] == "NetworkPolicy")

        def means(labels: dict[str, str]) -> bool:
            if not positive:
                return True
            return self._in_scope(policy, entity, labels) and not (
                entity.get("notSelector") and matches(entity["notSelector"], labels)
            )

        if positive:
            if not self._known(end, packet.family, means):
                return False
        elif entity.get("notSelector") and self._known(
            end, packet.family, lambda labels: matches(entity["notSelector"], labels)
        ):
            return False
        if end != packet.destination:
            assert not entity.get("ports"), "which port the packet comes from is not asked"
            return True
        if entity.get("ports") and not self._is_port(entity["ports"], packet, means):
            return False
        return not (entity.get("notPorts") and self._is_port(entity["notPorts"], packet, means))

    def _known(self, end: End, family: int, means: Any) -> bool:
        """Whether an end is one of the endpoints that are meant, or its address in a network set that is."""
        if self._is_endpoint(end) and means(self._labels(end)):
            return True
        addresses = self._addresses(end, family)
        return any(
            inside(net, address)
            for network_set in self._sets
            if means(self._set_labels(network_set))
            for net in network_set["spec"].get("nets") or []
            for address in addresses
        )

    def _addresses(self, end: End, family: int) -> list[str]:
        """Packets have their sender's address, whoever that is, unless the engine was asked to read nets otherwise."""
        if self._is_endpoint(end) and not self._networks_match_pods:
            return []
        return self._objects.address(end, family)

    def _is_endpoint(self, end: End) -> bool:
        return isinstance(end, PodEnd) and not self._objects.on_host(end)

    def _in_scope(self, policy: Raw, entity: Raw, labels: dict[str, str]) -> bool:
        namespaced = NAMESPACE in labels
        if entity.get("namespaceSelector"):
            of_namespace = _inherited(labels, "pcns.")
            if not matches(entity["namespaceSelector"], of_namespace, is_global=not namespaced, every=namespaced):
                return False
        elif policy["kind"] == "NetworkPolicy" and labels.get(NAMESPACE) != namespace_of(policy):
            return False
        accounts = entity.get("serviceAccounts") or {}
        if accounts.get("names") and labels.get(ACCOUNT) not in accounts["names"]:
            return False
        if accounts.get("selector") and not matches(accounts["selector"], _inherited(labels, "pcsa.")):
            return False
        return matches(entity.get("selector") or "all()", labels)

    def _labels(self, pod: End) -> dict[str, str]:
        assert isinstance(pod, PodEnd)
        account = self._objects.pods[pod]["spec"].get("serviceAccountName") or "default"
        of_account = {**self._accounts.get((pod.namespace, account), {}), NAME: account}
        return {
            **self._of_namespace(pod.namespace),
            **{f"pcsa.{key}": value for key, value in of_account.items()},
            **self._objects.labels(pod),
            NAMESPACE: pod.namespace,
            ACCOUNT: account,
            "projectcalico.org/orchestrator": "k8s",
        }

    def _set_labels(self, network_set: Raw) -> dict[str, str]:
        own = network_set["metadata"].get("labels") or {}
        if network_set["kind"] == "GlobalNetworkSet":
            return dict(own)
        namespace = namespace_of(network_set)
        return {**self._of_namespace(namespace), **own, NAMESPACE: namespace}

    def _of_namespace(self, namespace: str) -> dict[str, str]:
        labels = {**self._objects.namespace_labels(namespace), NAME: namespace}
        return {f"pcns.{key}": value for key, value in labels.items()}

    def _is_port(self, ports: list[Any], packet: Packet, means: Any) -> bool:
        return any(
            self._is_named(port, packet, means) if _is_name(port) else _spans(port, packet.port) for port in ports
        )

    def _is_named(self, name: str, packet: Packet, means: Any) -> bool:
        end = packet.destination
        if not isinstance(end, PodEnd) or not self._is_endpoint(end) or not means(self._labels(end)):
            return False
        return packet.port in self._objects.ports_called(end, name, packet.protocol)

    def _is_service(self, policy: Raw, service: Raw, end: End, packet: Packet) -> bool:
        """ "Endpoint addresses and ports to allow will be automatically detected from the service" """
        namespace = service.get("namespace") or namespace_of(policy)
        for obj in self._slices:
            of_service = (obj["metadata"].get("labels") or {}).get("kubernetes.io/service-name")
            if (namespace_of(obj), of_service) != (namespace, service["name"]):
                continue
            if not any(
                address in endpoint["addresses"]
                for endpoint in obj["endpoints"]
                for address in self._objects.address(end, packet.family)
            ):
                continue
            if end == packet.source:
                return True
            if any((p.get("protocol", "TCP"), p["port"]) == (packet.protocol, packet.port) for p in obj["ports"]):
                return True
        return False


def _inherited(labels: dict[str, str], prefix: str) -> dict[str, str]:
    return {key.removeprefix(prefix): value for key, value in labels.items() if key.startswith(prefix)}


def _is_protocol(stated: str | int, protocol: str) -> bool:
    return stated in (protocol, {"TCP": 6, "UDP": 17, "SCTP": 132}[protocol])


def _is_name(port: str | int) -> bool:
    return isinstance(port, str) and not port.replace(":", "").isdigit()


def _spans(port: str | int, number: int) -> bool:
    first, _, last = str(port).partition(":")
    return int(first) <= number <= int(last or first)
