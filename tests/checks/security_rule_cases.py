"""A fault of security rules for each code: the objects, and whose finding it is."""

from lib.facts.nsg import group_limits
from tests.checks.azure_cases import WEB, internal, public
from tests.checks.objects import Raw

_MOST = next(limit.value for limit in group_limits() if limit.name == "source_addresses")
# No two of them touch, so that they are not merged.
_TOO_MANY = ",".join(f"10.{i >> 7}.{(i & 127) * 2}.0/24" for i in range(_MOST + 1))
_CLOSED = {"azure-deny-all-except-load-balancer-source-ranges": "true"}
_RANGES = ["10.100.0.0/16"]

SECURITY_RULE_CASES: dict[str, tuple[list[Raw], set[str]]] = {
    "azure-security-rules-left-out": (public({"azure-allowed-ip-ranges": _TOO_MANY}), WEB),
    "azure-security-rules-disabled": (internal({"azure-disable-load-balancer-nsg-rule": "true"}), WEB),
    "azure-ranges-of-one-family": (
        internal({**_CLOSED}, loadBalancerSourceRanges=_RANGES, ipFamilies=["IPv4", "IPv6"]),
        WEB,
    ),
    "azure-ranges-leave-network-open": (internal({"azure-allowed-ip-ranges": "10.100.0.0/16"}), WEB),
    "azure-shared-frontend-closed": (
        [
            *internal({**_CLOSED}, loadBalancerSourceRanges=_RANGES),
            *internal({}, "other", ports=[{"port": 8080, "targetPort": 8080}]),
        ],
        WEB,
    ),
}
