"""A fault of Azure annotations and load balancers for each code: the objects, and whose finding it is."""

from typing import Any

from tests.checks.objects import Raw, balanced, sport, web

PREFIX = "service.beta.kubernetes.io/"


def internal(values: dict[str, str], name: str = "web", **spec: Any) -> list[Raw]:
    """An internal load balancer with a ready pod, and annotations by their names without the prefix."""
    return public({"azure-load-balancer-internal": "true", **values}, name, **spec)


def public(values: dict[str, str], name: str = "web", address: str = "10.224.0.9", **spec: Any) -> list[Raw]:
    written = {PREFIX + key: value for key, value in values.items()}
    status = balanced(address)
    return web(name, type="LoadBalancer", status=status, clusterIP="10.0.0.9", annotations=written, **spec)


def labelled(name: str, number: int) -> list[Raw]:
    """A public load balancer that asks for an address and a DNS label."""
    values = {"azure-load-balancer-ipv4": "203.0.113.9", "azure-dns-label-name": name}
    ranges = ["198.51.100.0/24"]
    return public(values, name, "203.0.113.9", ports=[sport(number)], loadBalancerSourceRanges=ranges)


WEB = {"web"}
AZURE_CASES: dict[str, tuple[list[Raw], set[str]]] = {
    "azure-annotation-unknown": (internal({"azure-load-balancer-tcp-idle-timeuot": "5"}), WEB),
    "azure-annotation-dead": (internal({"azure-shared-securityrule": "true"}), WEB),
    "azure-annotation-invalid": (internal({"azure-load-balancer-tcp-idle-timeout": "3"}), WEB),
    "azure-annotation-misread": (internal({"azure-load-balancer-disable-tcp-reset": "yes"}), WEB),
    "azure-annotation-doubtful": (internal({"azure-load-balancer-tcp-idle-timeout": "31"}), WEB),
    "azure-annotation-without-effect": (internal({"azure-dns-label-name": "shop"}), WEB),
    "azure-annotations-conflict": (
        internal({"azure-allowed-ip-ranges": "10.0.0.0/8"}, loadBalancerSourceRanges=["10.0.0.0/8"]),
        WEB,
    ),
    "azure-source-ranges-with-tags": (
        internal({"azure-allowed-service-tags": "AzureCloud"}, loadBalancerSourceRanges=["10.0.0.0/8"]),
        WEB,
    ),
    "azure-source-range-invalid": (internal({"azure-allowed-ip-ranges": "10.0.0.1/8"}), WEB),
    "azure-load-balancer-refused": (
        internal(
            {
                "azure-load-balancer-health-probe-interval": "60",
                "azure-load-balancer-health-probe-num-of-probe": "2",
            }
        ),
        WEB,
    ),
    "azure-public-address-private": (public({"azure-load-balancer-ipv4": "10.224.0.9"}), WEB),
    "azure-node-ports-missing": (internal({}, allocateLoadBalancerNodePorts=False), WEB),
    "azure-listener-not-offered": (
        [
            {
                "apiVersion": "gateway.networking.k8s.io/v1",
                "kind": "GatewayClass",
                "metadata": {"name": "azure-alb-external"},
                "spec": {"controllerName": "alb.networking.azure.io/alb-controller"},
            },
            {
                "apiVersion": "gateway.networking.k8s.io/v1",
                "kind": "Gateway",
                "metadata": {"name": "web", "namespace": "shop"},
                "spec": {
                    "gatewayClassName": "azure-alb-external",
                    "listeners": [
                        {"name": "a", "port": 80, "protocol": "HTTP"},
                        {"name": "b", "port": 8080, "protocol": "HTTP"},
                    ],
                },
            },
        ],
        WEB,
    ),
    "azure-ipv6-needs-local": (
        [
            *internal({"azure-load-balancer-ipv6": "fd00::7"}, ipFamilies=["IPv4", "IPv6"]),
            {
                "apiVersion": "v1",
                "kind": "Node",
                "metadata": {"name": "n", "labels": {"kubernetes.azure.com/os-sku": "AzureLinux"}},
            },
        ],
        WEB,
    ),
    "azure-private-link-broken": (public({"azure-pls-create": "true"}), WEB),
    "azure-dns-label-taken": ([*labelled("web", 80), *labelled("other", 443)], {"web", "other"}),
    "azure-load-balancer-limit": (internal({}, ports=[sport(n) for n in range(1, 302)]), WEB),
    "azure-frontend-port-conflict": (
        [
            *internal({"azure-load-balancer-ipv4": "10.224.0.9"}),
            *internal({"azure-load-balancer-ipv4": "10.224.0.9"}, "other"),
        ],
        {"web", "other"},
    ),
}
