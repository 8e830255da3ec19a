"""What can be wrong with a Service, an entry point or a route: code, severity and sentence travel together.

A view collects issues, and its state and its reason follow from them, so that a table, a graph and a finding can't
disagree. Why each matters and what to do stands in ``lib/checks/findings.yaml`` under the same code.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Final

from lib.model.problem import Severity
from lib.model.records import dataclass
from lib.model.refs import Source


class State(Enum):
    """How a row stands; ``value`` is the word that people see."""

    ERROR = "error"
    WARNING = "warning"
    NOT_CHECKED = "not checked"
    OK = "ok"

    @property
    def rank(self) -> int:
        """Position in a table that shows faulty rows first, 0 being the worst."""
        return list(State).index(self)


class Fault(Enum):
    """Every fault that routing can see; ``sentence`` has named placeholders that an Issue's evidence fills."""

    # Services
    SELECTS_NOTHING = (
        "service-selects-nothing",
        Severity.ERROR,
        "selector {selector} matches no pod in namespace {namespace}{hint}",
    )
    NO_READY_ENDPOINTS = (
        "service-no-ready-endpoints",
        Severity.ERROR,
        "none of its {endpoints} is {condition}",
    )
    NO_ENDPOINTS = (
        "service-no-endpoints",
        Severity.ERROR,
        "it has no selector, and nobody has written an EndpointSlice for it",
    )
    TARGET_PORT_UNDECLARED = (
        "service-target-port-undeclared",
        Severity.ERROR,
        "port {port} targets the container port {name}/{protocol}, which none of its pods declares{hint}",
    )
    TARGET_PORT_PARTLY_DECLARED = (
        "service-target-port-partly-declared",
        Severity.WARNING,
        "port {port} targets the container port {name}/{protocol}, which {workloads} do not declare on every pod",
    )
    ENDPOINTS_DISAGREE = (
        "service-endpoints-disagree",
        Severity.INFO,
        "its endpoint slices and its pods disagree: {differences}",
    )
    EXTERNAL_NAME_IS_ADDRESS = (
        "external-name-is-address",
        Severity.ERROR,
        "externalName {name} looks like an IP address, and cluster DNS answers with it as a name",
    )
    EXTERNAL_NAME_SELECTOR = (
        "external-name-selector",
        Severity.WARNING,
        "it is an ExternalName Service, so its selector {selector} is not used",
    )
    EXTERNAL_NAME_TARGET_PORT = (
        "external-name-target-port",
        Severity.WARNING,
        "it is an ExternalName Service, so port {port} is not translated to {target}",
    )
    HEADLESS_PORT_NOT_TRANSLATED = (
        "headless-port-not-translated",
        Severity.INFO,
        "it is headless, so clients reach its pods on {target}, not on port {port}",
    )
    AFFINITY_WITHOUT_EFFECT = (
        "session-affinity-without-effect",
        Severity.WARNING,
        "it is headless, so its session affinity ClientIP has no effect",
    )
    AFFINITY_TIMEOUT = (
        "session-affinity-timeout",
        Severity.ERROR,
        "its session affinity timeout of {seconds} s is not within {minimum}-{maximum} s",
    )
    LOAD_BALANCER_PENDING = (
        "load-balancer-pending",
        Severity.WARNING,
        "it is of type LoadBalancer and has no external address yet",
    )
    LOAD_BALANCER_REFUSED = (
        "azure-load-balancer-refused",
        Severity.ERROR,
        "Azure's provider stops at its load balancer: {reason}",
    )
    LOAD_BALANCER_OPEN = (
        "load-balancer-open-to-internet",
        Severity.WARNING,
        "its load balancer is public and no source range limits who may connect",
    )
    INTERNAL_ANNOTATION_SPELLING = (
        "internal-annotation-spelling",
        Severity.ERROR,
        'the annotation {annotation} is "{value}": only "true" makes the load balancer internal',
    )
    INTERNAL_WITH_PUBLIC_ADDRESS = (
        "internal-load-balancer-public-address",
        Severity.WARNING,
        "it asks for an internal load balancer and has the public address {addresses}",
    )
    LOCAL_POLICY_WITHOUT_NODE = (
        "local-policy-without-node",
        Severity.ERROR,
        "externalTrafficPolicy is Local and no ready node that takes load balancer traffic has a ready endpoint",
    )
    INTERNAL_LOCAL_GAPS = (
        "internal-local-policy-gaps",
        Severity.INFO,
        "internalTrafficPolicy is Local, so pods on {nodes} find no endpoint",
    )
    # Entry points
    NODE_PORT_CONFLICT = (
        "node-port-conflict",
        Severity.ERROR,
        "node port {port}/{protocol} is also taken by {others}",
    )
    HOST_PORT_CONFLICT = (
        "host-port-conflict",
        Severity.WARNING,
        "host port {port}/{protocol} is also taken by {others}, so no node can run both",
    )
    # Routes
    CLASS_UNKNOWN = (
        "ingress-class-missing",
        Severity.ERROR,
        "there is no IngressClass {name}, so no controller serves it",
    )
    CLASS_NOT_SET = (
        "ingress-class-not-set",
        Severity.WARNING,
        "it names no ingress class and there is no default IngressClass",
    )
    SEVERAL_DEFAULT_CLASSES = (
        "ingress-class-several-defaults",
        Severity.WARNING,
        "it names no ingress class and several are marked as default: {classes}",
    )
    CONTROLLER_RETIRED = (
        "ingress-controller-retired",
        Severity.WARNING,
        "{controller}: {state}",
    )
    CONTROLLER_FADING = (
        "ingress-controller-fading",
        Severity.INFO,
        "{controller}: {state}",
    )
    BACKEND_MISSING = (
        "route-backend-missing",
        Severity.ERROR,
        "{where} leads to Service {service}, which does not exist",
    )
    BACKEND_PORT_MISSING = (
        "route-backend-port-missing",
        Severity.ERROR,
        "{where} leads to port {port} of Service {service}, which has only {ports}",
    )
    BACKEND_WITHOUT_ENDPOINTS = (
        "route-backend-without-endpoints",
        Severity.ERROR,
        "{where} leads to Service {service}: {reason}",
    )
    BACKEND_EXTERNAL_NAME = (
        "route-backend-external-name",
        Severity.INFO,
        "{where} leads to the ExternalName Service {service}, which not every controller forwards to",
    )
    NO_BACKEND = (
        "route-no-backend",
        Severity.WARNING,
        "{where} has no backend and no filter that answers",
    )
    WEIGHTS_ZERO = (
        "route-weights-zero",
        Severity.WARNING,
        "{where} has backends, and all their weights are 0",
    )
    TLS_SECRET_MISSING = (
        "tls-secret-missing",
        Severity.ERROR,
        "the TLS Secret {secret} of host {host} does not exist",
    )
    TLS_SECRET_UNUSABLE = (
        "tls-secret-unusable",
        Severity.ERROR,
        "the Secret {secret} of host {host} has no {keys}",
    )
    ROUTE_CONFLICT = (
        "route-conflict",
        Severity.WARNING,
        "{where} is also routed by {others}; {outcome}",
    )
    GATEWAY_MISSING = (
        "route-gateway-missing",
        Severity.ERROR,
        "its parent {gateway} does not exist",
    )
    GATEWAY_CLASS_MISSING = (
        "gateway-class-missing",
        Severity.ERROR,
        "Gateway {gateway} names the GatewayClass {name}, which does not exist",
    )
    GATEWAY_CLASS_REFUSED = (
        "gateway-class-not-accepted",
        Severity.ERROR,
        "the controller of GatewayClass {name} has not accepted it",
    )
    NO_PARENT = (
        "route-no-parent",
        Severity.WARNING,
        "it names no parent, so nothing serves it",
    )
    MESH_PARENT = (
        "route-mesh-parent",
        Severity.INFO,
        "its parent {parent} is no Gateway, so it routes nothing that comes from outside",
    )
    NO_LISTENER = (
        "route-no-matching-listener",
        Severity.ERROR,
        "Gateway {gateway} has no listener {wanted}",
    )
    NOT_ALLOWED_NAMESPACE = (
        "route-namespace-not-allowed",
        Severity.ERROR,
        "routes from namespace {namespace} may not attach to {listeners} of Gateway {gateway}",
    )
    NOT_ALLOWED_KIND = (
        "route-kind-not-allowed",
        Severity.ERROR,
        "a {kind} may not attach to {listeners} of Gateway {gateway}",
    )
    NO_MATCHING_HOSTNAME = (
        "route-hostname-not-served",
        Severity.ERROR,
        "none of its hostnames {hostnames} fits {listeners} of Gateway {gateway}",
    )
    REFERENCE_NOT_GRANTED = (
        "reference-not-granted",
        Severity.ERROR,
        "{where} refers to {target} in another namespace, and no ReferenceGrant there permits it",
    )

    def __init__(self, code: str, severity: Severity, sentence: str) -> None:
        self.code, self.severity, self.sentence = code, severity, sentence


WITHOUT_ENDPOINTS: Final = frozenset({Fault.SELECTS_NOTHING, Fault.NO_READY_ENDPOINTS, Fault.NO_ENDPOINTS})
"""The faults that leave a Service without anybody who takes its connections."""

SUPPORT: Final = frozenset({Fault.CONTROLLER_RETIRED, Fault.CONTROLLER_FADING})
"""What a class's controller is told of once: its routes work, and none of them is the one to repair."""

WITHOUT_BACKEND: Final = frozenset(
    {Fault.BACKEND_MISSING, Fault.BACKEND_PORT_MISSING, Fault.BACKEND_WITHOUT_ENDPOINTS, Fault.NO_BACKEND}
)
"""The faults that let a route lead nowhere."""


@dataclass(frozen=True, slots=True)
class Issue:
    """One fault at one place in the input; ``evidence`` fills the sentence's placeholders."""

    fault: Fault
    source: Source
    evidence: tuple[tuple[str, str], ...] = ()

    @property
    def reason(self) -> str:
        """The sentence, filled, without a full stop."""
        return self.fault.sentence.format_map(dict(self.evidence))


def issue(fault: Fault, source: Source, **evidence: object) -> Issue:
    """An Issue whose evidence is given by name; the values become text."""
    return Issue(fault, source, tuple((key, str(value)) for key, value in evidence.items()))


def worst(issues: Iterable[Issue], unchecked: Iterable[str]) -> State:
    """The state that a row's issues amount to: notes of severity info leave it ok."""
    severities = {i.fault.severity for i in issues}
    if Severity.ERROR in severities:
        return State.ERROR
    if Severity.WARNING in severities:
        return State.WARNING
    return State.NOT_CHECKED if any(True for _ in unchecked) else State.OK


def reason_of(issues: Iterable[Issue], unchecked: Iterable[str]) -> str:
    """Why a row stands as it does, worst first; "" where it is ok. Issues of severity info are notes, not reasons."""
    serious = sorted((i for i in issues if i.fault.severity > Severity.INFO), key=lambda i: -i.fault.severity)
    return "; ".join(dict.fromkeys([*(i.reason for i in serious), *unchecked]))


def notes_of(issues: Iterable[Issue]) -> str:
    """What is worth knowing though nothing is wrong; "" for nothing."""
    return "; ".join(dict.fromkeys(i.reason for i in issues if i.fault.severity is Severity.INFO))
