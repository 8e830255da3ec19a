"""Calico's policies, one packet at a time.

Written from docs.tigera.io: "Network policy", "Global network policy", "Tier", "Network set", "Global network set",
"Get started with policy tiers", "Use service rules in policy", "Protect hosts"; and where those leave it open, from
projectcalico/calico: libcalico-go/lib/backend/syncersv1/updateprocessors/rules.go (how the selectors of one end are
joined), felix/calc/rule_scanner.go (named ports and notSelector), felix/rules/policy.go (nets of another family),
felix/calc/policy_sorter.go (orders) and libcalico-go/lib/backend/k8s/conversion (labels that endpoints inherit).
"""

from __future__ import annotations

from collections.abc import Callable
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
        self._hosts = {h["spec"]["node"]: h for h in of_calico(objects, "HostEndpoint")}
        # "uses the expectedIPs field to resolve label selectors to IP addresses"
        self._sets += [
            {"kind": "GlobalNetworkSet", "metadata": h["metadata"], "spec": {"nets": h["spec"]["expectedIPs"]}}
            for h in self._hosts.values()
        ]
        accounts = objects.of_kind("", "ServiceAccount")
        self._accounts = {(namespace_of(a), a["metadata"]["name"]): a["metadata"].get("labels") or {} for a in accounts}
        self._known_labels: dict[End, dict[str, str]] = {}
        # None of this hangs on the packet's port.
        self._applying: dict[tuple[int, str, End], bool] = {}
        self._meant: dict[tuple[int, End, int], bool] = {}
        self._slices = objects.of_kind("discovery.k8s.io", "EndpointSlice")

    def applies(self, policy: Raw, packet: Packet) -> bool:
        """Whether a policy is about the packet's direction and selects its subject."""
        key = (id(policy), packet.direction, packet.subject)
        if key not in self._applying:
            self._applying[key] = self._is_about(policy, packet)
        return self._applying[key]

    def _is_about(self, policy: Raw, packet: Packet) -> bool:
        early = policy["spec"].get("preDNAT") or policy["spec"].get("doNotTrack")
        return not early and self.is_about(policy, packet.direction) and self._selects(policy, packet.subject)

    def is_about(self, policy: Raw, direction: str) -> bool:
        """Whether a policy is about a direction."""
        spec = policy["spec"]
        types = spec.get("types")
        if not types and policy["apiVersion"].startswith("crd."):
            types = ["Ingress", "Egress"]  # "Back compatibility: no Types means Ingress and Egress."
        if not types:
            types = ["Egress"] * bool(spec.get("egress"))
            types += ["Ingress"] * (bool(spec.get("ingress")) or not types)
        return direction in types

    def _selects(self, policy: Raw, pod: PodEnd) -> bool:
        if self._objects.on_host(pod):
            host = self._hosts.get(self._objects.node(pod))
            return host is not None and self.selects_host(policy, host)
        spec, labels = policy["spec"], self._labels(pod)
        if policy["kind"] == "NetworkPolicy" and namespace_of(policy) != pod.namespace:
            return False
        return (
            matches(spec.get("selector") or "all()", labels)
            and matches(spec.get("namespaceSelector") or "all()", _inherited(labels, "pcns."))
            and matches(spec.get("serviceAccountSelector") or "all()", _inherited(labels, "pcsa."))
        )

    def selects_host(self, policy: Raw, host: Raw) -> bool:
        """Host endpoints are in no namespace, and have no service account."""
        if policy["kind"] == "NetworkPolicy":
            return False
        spec, none = policy["spec"], dict[str, str]()
        for field in ("namespaceSelector", "serviceAccountSelector"):
            if spec.get(field) and not matches(spec[field], none, is_global=True, every=False):
                return False
        return matches(spec.get("selector") or "all()", host["metadata"].get("labels") or none)

    def action(self, policy: Raw, packet: Packet) -> str | None:
        """What the first rule that matches does: Allow, Deny or Pass; None where none matches, and Log is none."""
        for rule in policy["spec"].get(packet.direction.lower()) or []:
            if rule["action"] != "Log" and self.is_rule(policy, rule, packet):
                return str(rule["action"])
        return None

    def is_rule(self, policy: Raw, rule: Raw, packet: Packet) -> bool:
        """Whether a packet fulfils every condition of a rule."""
        return (
            rule.get("ipVersion") in (None, packet.family)
            and ("protocol" not in rule or _is_protocol(rule["protocol"], packet.protocol))
            and ("notProtocol" not in rule or not _is_protocol(rule["notProtocol"], packet.protocol))
            and ("icmp" not in rule or rule["icmp"]["type"] == packet.port)
            and self._is_end(policy, rule.get("source") or {}, packet.source, packet)
            and self._is_end(policy, rule.get("destination") or {}, packet.destination, packet)
        )

    def _is_end(self, policy: Raw, entity: Raw, end: End, packet: Packet) -> bool:
        """Whether one end of the packet, which its address shows, is meant, with the port that it has."""
        if not entity:
            return True
        key = (id(entity), end, packet.family)
        if key not in self._meant:
            self._meant[key] = self._is_meant(policy, entity, end, packet.family)
        if not self._meant[key]:
            return False
        if "services" in entity and not self._is_service(policy, entity["services"], end, packet):
            return False
        if end != packet.destination:
            assert not entity.get("ports"), "which port the packet comes from is not asked"
            return True
        if entity.get("ports") and not self._is_port(policy, entity, entity["ports"], packet):
            return False
        return not (entity.get("notPorts") and self._is_port(policy, entity, entity["notPorts"], packet))

    def _is_meant(self, policy: Raw, entity: Raw, end: End, family: int) -> bool:
        """Whether an end is meant by its address, its labels or those of a network set with its address."""
        addresses = self._addresses(end, family)
        for nets in (entity.get("nets"), entity.get("notNets")):
            if nets and not any((":" in net) == (family == 6) for net in nets):
                return False  # "If the rule does not apply to the given IP version at all"
        if entity.get("nets") and not any(inside(net, a) for net in entity["nets"] for a in addresses):
            return False
        if any(inside(net, a) for net in entity.get("notNets") or [] for a in addresses):
            return False
        without = entity.get("notSelector")
        if self._is_positive(policy, entity):
            return self._known(end, family, lambda labels: self._means(policy, entity, labels))
        return not without or not self._known(end, family, lambda labels: matches(without, labels))

    def _is_positive(self, policy: Raw, entity: Raw) -> bool:
        """Whether only endpoints and network sets that are known can be meant.

        "endpoints for a namespaced policy being limited to the namespace … as soon as _any_ of the selector fields are
        used, including NotSelector"
        """
        fields = ["selector", "namespaceSelector", "serviceAccounts"]
        fields += ["notSelector"] if policy["kind"] == "NetworkPolicy" else []
        return any(entity.get(field) for field in fields)

    def _means(self, policy: Raw, entity: Raw, labels: dict[str, str]) -> bool:
        """Whether an endpoint or network set is selected, by everything that selects and does not."""
        without = entity.get("notSelector")
        return self._in_scope(policy, entity, labels) and not (without and matches(without, labels))

    def _known(self, end: End, family: int, means: Callable[[dict[str, str]], bool]) -> bool:
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
        if pod not in self._known_labels:
            assert isinstance(pod, PodEnd)
            self._known_labels[pod] = self._all_labels(pod)
        return self._known_labels[pod]

    def _all_labels(self, pod: PodEnd) -> dict[str, str]:
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

    def _is_port(self, policy: Raw, entity: Raw, ports: list[Any], packet: Packet) -> bool:
        return any(
            self._is_named(policy, entity, port, packet) if _is_name(port) else _spans(port, packet.port)
            for port in ports
        )

    def _is_named(self, policy: Raw, entity: Raw, name: str, packet: Packet) -> bool:
        end = packet.destination
        if not isinstance(end, PodEnd) or not self._is_endpoint(end):
            return False
        if self._is_positive(policy, entity) and not self._means(policy, entity, self._labels(end)):
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
    return stated in (protocol, {"TCP": 6, "UDP": 17, "SCTP": 132, "ICMP": 1, "ICMPv6": 58, "GRE": 47}[protocol])


def _is_name(port: str | int) -> bool:
    return isinstance(port, str) and not port.replace(":", "").isdigit()


def _spans(port: str | int, number: int) -> bool:
    first, _, last = str(port).partition(":")
    return int(first) <= number <= int(last or first)
