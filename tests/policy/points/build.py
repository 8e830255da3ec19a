"""How a point is written down, and the manifests that the points share."""

from __future__ import annotations

from dataclasses import dataclass

from lib.model.sets import Protocol
from tests.policy import test_calico_policies as calico
from tests.policy import test_cilium_policies as cilium
from tests.policy import test_cluster_policies as cluster
from tests.policy.build import endpoint_slice, namespace, pod, policy
from tests.policy.switch_words import placed

WEB, API = pod("web", app="web"), pod("api", app="api", ports="[{name: http, containerPort: 8080}]")
STRANGER = pod("web", namespace="other", app="web")
NAMESPACES = namespace("shop", team="a"), namespace("other", team="b")
BASE = (*NAMESPACES, WEB, API, STRANGER)
W, A, S = "shop/web", "shop/api", "other/web"
TO_API = "podSelector: {matchLabels: {app: api}}\n"
ANY_API = TO_API + "policyTypes: [Ingress]\n"
OUT_WEB = "podSelector: {matchLabels: {app: web}}\npolicyTypes: [Egress]\n"
TCP, UDP, SCTP = Protocol.TCP, Protocol.UDP, Protocol.SCTP


@dataclass(frozen=True)
class Point:
    """One sentence of a point: what is asked over the documents, and the answer."""

    number: int
    sentence: str
    documents: tuple[str, ...]
    src: str
    dst: str
    expected: str
    port: int = 80
    protocol: Protocol = TCP
    engine: str = "kubernetes"
    base: tuple[str, ...] = BASE

    def __str__(self) -> str:
        return f"point-{self.number:02}-{self.sentence}"


def p(number: int, sentence: str, spec: str, src: str, dst: str, expected: str, **more: object) -> Point:
    """A point about one NetworkPolicy."""
    return Point(number, sentence, (policy(spec),), src, dst, expected, **more)  # type: ignore[arg-type]


def ingress(peers: str = "", ports: str = "") -> str:
    parts = ([f"from: {peers}"] if peers else []) + ([f"ports: {ports}"] if ports else [])
    return f"{ANY_API}ingress: [{{{', '.join(parts)}}}]"


def egress(peers: str = "", ports: str = "") -> str:
    parts = ([f"to: {peers}"] if peers else []) + ([f"ports: {ports}"] if ports else [])
    return f"{OUT_WEB}egress: [{{{', '.join(parts)}}}]"


def by(expression: str) -> str:
    return ingress(f"[{{podSelector: {{matchExpressions: [{expression}]}}}}]")


HOST = placed(pod("host", host=True, app="web"), "node-1")
ON_1, ON_2 = placed(API, "node-1"), placed(API, "node-2")
SIDECAR = "  initContainers: [{name: s, image: i, %sports: [{name: side, containerPort: 7}]}]\n"
DUAL = API + "status: {phase: Running, podIPs: [{ip: 10.2.0.6}, {ip: 'fd00::6'}]}\n"
DUAL_WEB = WEB + "status: {phase: Running, podIPs: [{ip: 10.2.0.5}, {ip: 'fd00::5'}]}\n"
TWO_NAMES = "[{name: dns, containerPort: 53, protocol: UDP}]"
API_SLICE = endpoint_slice("kubernetes", "203.0.113.9", "default", 443)
PLAIN_SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: legacy, namespace: shop}
spec: {ports: [{port: 80}]}
---"""
PLAIN_SERVICE += endpoint_slice("legacy", "203.0.113.7")


def cnp(spec: str, selects: str = "app: api") -> str:
    return cilium.cnp(spec, selects=f"endpointSelector: {{matchLabels: {{{selects}}}}}")


def ccnp(spec: str) -> str:
    return cilium.ccnp(spec, selects="endpointSelector: {matchLabels: {app: api}}")


def kcnp(spec: str, **more: object) -> str:
    return cluster.cnp(spec, **more).replace("app: server", "app: api")  # type: ignore[arg-type]


def anp(spec: str, **more: object) -> str:
    return cluster.anp(spec, **more).replace("app: server", "app: api")  # type: ignore[arg-type]


def banp(spec: str) -> str:
    return cluster.banp(spec).replace("app: server", "app: api")


def gnp(spec: str, name: str = "rule", order: str = "", tier: str = "") -> str:
    return calico.gnp(spec, name, order, tier).replace("app == 'server'", "app == 'api'")


def np(spec: str, name: str = "rule", order: str = "") -> str:
    return calico.np(spec, name, order).replace("app == 'server'", "app == 'api'")


GET_80 = "ingress: [{fromEndpoints: [{}], toPorts: [{ports: [{port: '80', protocol: TCP}], "
GET_80 += "rules: {http: [{method: GET}]}}]}]"
DENY, ALLOW, PASS = cluster.DENY, cluster.ALLOW, cluster.PASS
ACCEPT = cluster.ACCEPT
C_ALLOW, C_DENY, C_LOG, C_PASS = (f"{{action: {a}}}" for a in ("Allow", "Deny", "Log", "Pass"))
OPEN, SHUT = policy(TO_API + "ingress: [{}]", name="open"), policy(TO_API, name="shut")
PLATFORM = calico.of("Tier", "order: 100", "platform")
FROM_WEB = "{action: Allow, source: {selector: %s}}"
