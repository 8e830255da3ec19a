"""What the tables' columns are called on a page, and what their technical words mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

import streamlit as st

# Column → heading and, for jargon, an explanation.
_COLUMNS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "addresses_needed": ("Needed", "Addresses at the autoscaler's maximum, with an upgrade's surge nodes."),
        "addresses_now": ("Now", "Addresses for the present number of nodes."),
        "addresses_at_maximum": ("At maximum", "Addresses with every pool at its maximum, without surge nodes."),
        "address_from": ("Address from", "What decides which address it is."),
        "backend_pool": ("Backend pool", "The pool of nodes that the rule sends to."),
        "backend_port": ("To port", "The Service port with floating IP, else the node port."),
        "distribution": ("Distribution", "Default: by five values of a connection. SourceIP: by the client's address."),
        "dns_name": ("DNS name", ""),
        "floating_ip": ("Floating IP", "The node sees the frontend's address as destination."),
        "frontend_port": ("Port", "The frontend's port."),
        "idle_timeout_minutes": ("Idle timeout in min", ""),
        "interval_s": ("Interval in s", ""),
        "nat_addresses": ("NAT addresses", "How many of the subnet it takes, and which of them are asked for."),
        "public_ip": ("Public IP", "The name of the public IP resource."),
        "tcp_reset": ("TCP reset", "Whether both ends are told when an idle connection is dropped."),
        "threshold": ("Threshold", "Failed probes in a row after which a node gets no new connections."),
        "after": ("After", "Under the engine that the cluster moves to."),
        "allowed_sources": ("Allowed sources", "Source ranges and service tags that limit a load balancer."),
        "arrival": ("From and to", "Of Services with the externalTrafficPolicy, which decides whose address pods see."),
        "assertion": ("Assertion", ""),
        "available": ("Available", "Usable addresses that the plan leaves free."),
        "basis": ("Shown by", "What kind of evidence says that the flow is needed."),
        "behaviours": ("Filters and rewrites", ""),
        "class": ("Class", "The IngressClass or GatewayClass that decides which controller serves the route."),
        "cluster_ips": ("Cluster IP", "The Service's own virtual address inside the cluster."),
        "conditions": ("Conditions", "Method, headers and query parameters that must match as well."),
        "container_port": ("Container port", "The port on the pod, after a named target port was resolved."),
        "decided_by": ("Decided by", "The rules of the workload's own policies; none where no policy selects it."),
        "effect": (
            "Effect",
            "Permits, denies: a rule decides. Passes: it leaves that to the next tier. Isolates: deny is the default.",
        ),
        "covered_by": ("Covered by", "The rules and policies that say or decide the same."),
        "endpoints": ("Ready endpoints", "Backends that take connections, of all that the Service has."),
        "external": ("External address", "Load balancer addresses, external IPs, or the name it stands for."),
        "external_traffic_policy": (
            "External traffic policy",
            "Cluster: any node forwards, and hides the client's address. Local: only nodes with a ready pod do.",
        ),
        "finding": ("Finding", ""),
        "fits": ("Fits", "Whether Azure takes this demand with the model."),
        "from": ("From", ""),
        "from_any_namespace": ("From a new namespace", "From an unlabelled pod of a namespace that is yet to be made."),
        "from_internet": ("From the Internet", "From public addresses, by the workload's own policies."),
        "from_own_namespace": ("From a new pod", "From an unlabelled new pod of the workload's own namespace."),
        "headroom": ("Headroom", "What is left until the limit."),
        "host_network": ("Host network", "One end uses its node's network, so that no NetworkPolicy covers it."),
        "internal_traffic_policy": (
            "Internal traffic policy",
            "Local: clients in the cluster reach only endpoints on their own node.",
        ),
        "isolated_egress": ("Egress", "Whether policies isolate its pods for what they send."),
        "isolated_ingress": ("Ingress", "Whether policies isolate its pods for what they receive."),
        "isolates": ("Isolates for", "The directions in which the selected pods are closed but for what rules permit."),
        "max_pods": ("Max pods", "Pods that one node can hold."),
        "addresses_per_node": ("Addresses a node", "What a full node takes of the pod subnet."),
        "batches": ("Batches", "Addresses come to a node in batches, when few are free, and go back when many are."),
        "binding_limit": ("Binding limit", "The limit that more nodes reach first."),
        "blocks_per_node": ("Blocks a node", "Whole /28 blocks of the pod subnet, for the life of the node."),
        "from_premises": ("Pods and on-premises", "Who can begin a connection."),
        "from_vnet": ("Pods and virtual networks", "Who can begin a connection, in the same or a peered network."),
        "ideal_max_pods": ("Max pods without waste", "The max pods that would fill as many blocks."),
        "migrations": ("What can change later", ""),
        "more_nodes": ("Room for nodes", "How many more nodes fit before this limit is reached."),
        "more_pods": ("Room for pods", "The pods of those nodes."),
        "needed_at_maximum": ("At maximum", "With every pool at its maximum, without surge nodes."),
        "needed_in_upgrade": ("In an upgrade", "At the maximum, with the surge nodes of an upgrade."),
        "needed_now": ("Needed now", ""),
        "new_pods": ("New pods", "What would be different for a pod that is not in the input."),
        "near": ("Near miss", ""),
        "nodes_at_peak": ("Peak", "Every pool at its maximum and all surge nodes."),
        "only_some": ("Only some of them", "What only some of these pods have, or what the input does not settle."),
        "open_for": ("Open for", "Directions in which no policy isolates the workload."),
        "order": ("Order", "Within its tier, the policy with the lowest number is asked first."),
        "not_known": ("Not known", "What the input does not settle; such flows stay closed until they are stated."),
        "now": ("Today", "What the present policies let through."),
        "path_type": (
            "Path type",
            "Exact: this path only. Prefix: whole path elements. ImplementationSpecific: as the controller likes.",
        ),
        "peer": ("Other end", ""),
        "permitted_by": ("Today permitted by", ""),
        "pod_cidr": ("Pod CIDR", "The smallest range of pod addresses that is outside the virtual network."),
        "pods": ("Pods", "How many of the pods have the flow, where not all of them do."),
        "ports": ("Ports", ""),
        "present": ("In the input", "Workloads of the input that the selector means today; 0: only pods yet to come."),
        "protocol": ("Protocol", ""),
        "reached_by": ("Who can reach it", ""),
        "reached": ("Passed", "When the growth that you gave needs more than there is."),
        "reserved_by_azure": ("Kept by Azure", "Addresses of every subnet that Azure does not give out."),
        "rule": ("Rule", "The rule's position in the policy, or the rule of Azure that is broken."),
        "selects": ("Selects", "Whom the policy is about; an empty selector means every pod of its namespace."),
        "rule_name": ("Rule", "The load balancing rule's name."),
        "rules": ("Special rules", "What sets the Service apart from an ordinary one."),
        "says": ("What it says", ""),
        "scope": ("Reach", "How far away a client can be."),
        "session_affinity": ("Session affinity", "ClientIP: a client keeps its backend for the given time."),
        "share_percent": ("Share in %", "The part of the requests that the backend gets, by its weight."),
        "smallest_prefix": ("Smallest prefix", "The longest prefix whose subnet is large enough."),
        "source": ("File and line", ""),
        "target_port": ("Target port", "The container port that the Service names, by number or by name."),
        "target_ports": ("Container ports", "Port numbers on the pods."),
        "to_internet": ("To the Internet", "To public addresses, by the workload's own policies."),
        "today": ("Before", "Under the engine that the cluster moves away from."),
        "then": ("Then", "What is let through with the recommended policies."),
        "tier": ("Tier", "Tiers are asked in this order: what one leaves open goes to the next."),
        "tls": ("TLS", "The certificate's Secret: found, missing, or not checked because no Secrets were supplied."),
        "snat": ("Source address outside", "Whose address the other end sees."),
        "subnet_shared_by_clusters": ("Shared node subnet", "Whether clusters may share a node subnet."),
        "usable": ("Usable", "Size less what Azure keeps."),
        "used_percent": ("Used in %", ""),
        "vnet_addresses": ("Network addresses", "Addresses that the model takes of the virtual network."),
        "wasted_per_node": ("Wasted a node", "Addresses of a node's blocks that no pod can use."),
        "why": ("Why", ""),
        "why_not": ("Why not", ""),
    }
)  # fmt: skip
_NUMBERS: Final = frozenset(
    [
        "more_nodes",
        "more_pods",
        "headroom",
        "value",
        "used",
        "nodes_now",
        "nodes_at_maximum",
        "extra_in_upgrade",
        "nodes_at_peak",
        "max_pods",
        "pods_at_maximum",
        "addresses_now",
        "addresses_at_maximum",
        "addresses_needed",
        "other_addresses",
        "reserved_by_azure",
        "usable",
        "available",
        "used_percent",
        "vnet_addresses",
        "nodes_at_most",
        "pods_at_most",
        "blocks_per_node",
        "addresses_per_node",
        "wasted_per_node",
        "ideal_max_pods",
        "needed_now",
        "needed_at_maximum",
        "needed_in_upgrade",
        "share_percent",
        "ingress_rules",
        "present",
        "egress_rules",
    ]
)
# Pixels for what the browser would make too narrow or too wide.
_WIDTHS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "snat": 300,
        "migrations": 420,
        "binding_limit": 300,
        "batches": 300,
        "limit": 330,
        "state": 112,
        "load_balancer": 150,
        "frontend": 270,
        "rule_name": 320,
        "frontend_port": 70,
        "backend_port": 75,
        "probe": 330,
        "public_ip": 440,
        "address_from": 300,
        "dns_name": 330,
        "severity": 105,
        "verdict": 105,
        "answer": 130,
        "type": 105,
        "service": 155,
        "path": 150,
        "path_type": 150,
        "reason": 300,
        "what": 740,
        "why": 460,
        "remedy": 420,
        "says": 420,
        "peer": 330,
        "decided_by": 330,
        "problem": 460,
        "rule": 220,
        "why_not": 420,
        "what_to_do": 460,
        "change": 90,
        "because": 420,
        "not_known": 620,
        "permitted_by": 420,
        "now": 150,
        "then": 150,
        "basis": 150,
        "arrival": 420,
        "today": 200,
        "after": 200,
        "reached_by": 320,
        "leads_to": 240,
        "note": 340,
        "workloads": 240,
        "endpoints": 120,
        "backend": 200,
        "conditions": 170,
        "conflict": 240,
        "sources": 420,
        "policy": 220,
        "effect": 100,
        "direction": 85,
        "tier": 130,
        "port": 70,
        "node_port": 90,
        "tls": 190,
        "subject": 200,
        "finding": 240,
        "addresses": 130,
        "ports": 220,
        "external": 130,
        "allowed_sources": 160,
        "namespace": 135,
    }
)
_ICONS: Final = MappingProxyType(
    {
        "error": "✖ error",
        "warning": "▲ warning",
        "info": "● info",
        "not checked": "○ not checked",
        "ok": "✔ ok",
        "allowed": "✔ allowed",
        "allowed on some ports": "✓ allowed on some ports",
        "partly allowed": "◐ partly allowed",
        "partial": "◐ partial",
        "denied": "✖ denied",
        "unknown": "? unknown",
        "open by default": "◇ open by default",
        "no pods": "– no pair to judge",
        "holds": "✔ holds",
        "fails": "✖ fails",
        "rejected": "✖ rejected",
        "selects no pod": "▲ selects no pod",
        "ignored": "▲ ignored by the engine",
        "staged": "○ staged, not enforced",
        "permits": "✔ permits",
        "denies": "✖ denies",
        "passes": "→ passes on",
        "isolates": "✖ isolates",
        "undecided": "? undecided",
        "wins": "✔ wins",
        "fits": "○ fits, but loses",
        "does not fit": "✖ does not fit",
        "internet": "● internet",
        "vnet": "◐ virtual network",
        "node network": "○ node network",
        "cluster": "· cluster",
        "Refused by Azure": "✖ refused by Azure",
        "Breaks later or is unsupported": "▲ breaks later",
        "Unwise": "● unwise",
    }
)
_PORTS: Final = frozenset(["port", "node_port", "frontend_port"])
_WITH_ICON: Final = frozenset(["state", "verdict", "severity", "effect", "answer", "scope", "class"])


def decorated(column: str, value: object) -> object:
    """A verdict or state with its icon before the word, a port without commas; everything else as it is."""
    if column in _PORTS and value is not None:
        return str(value)
    return _ICONS.get(value, value) if column in _WITH_ICON and isinstance(value, str) else value


def icon_word(word: str) -> str:
    """A verdict, state or severity with its icon."""
    return _ICONS.get(word, word)


def heading(column: str) -> str:
    """What a column is called on a page."""
    return _COLUMNS[column][0] if column in _COLUMNS else column.replace("_", " ").capitalize()


def column_config(columns: Iterable[str]) -> dict[str, Any]:
    """Headings, explanations and widths for a table's columns."""
    config: dict[str, Any] = {}
    for column in columns:
        help_ = _COLUMNS[column][1] if column in _COLUMNS else ""
        if column in _NUMBERS:
            config[column] = st.column_config.NumberColumn(heading(column), help=help_ or None, format="localized")
        else:
            width = _WIDTHS.get(column)
            config[column] = st.column_config.TextColumn(heading(column), help=help_ or None, width=width)
    return config
