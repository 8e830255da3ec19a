"""Layer 7 below the ports of Cilium's rules: what Cilium refuses of it, and to what it narrows a flow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lib.loaders.parse.fields import Fields
from lib.loaders.parse.session import field_names
from lib.model.policies import Direction

_PROTOCOLS: Final = ("http", "kafka", "dns", "l7proto")


def check_layer_7(item: Fields, direction: Direction) -> None:
    """Report what pkg/policy/api/rule_validation.go of cilium/cilium does not take in an element of ``toPorts``."""
    rules = item.section("rules")
    rules.only(field_names("http kafka dns l7proto l7"))
    given = [key for key in _PROTOCOLS if rules.has(key)]
    if len(given) > 1:
        rules.error(None, "not-exactly-one", "names several layer 7 protocols", "Keep one of them.")
    if rules.has("l7") and not rules.text("l7proto"):
        rules.error("l7", "l7-without-protocol", "stands without l7proto", "Name the protocol in l7proto.")
    _check_dns(item, rules, direction)
    _check_around(item, given, direction)
    if given:
        for port in item.children("ports"):
            if port.text("protocol").upper() != "TCP" and "dns" not in given:
                message = "layer 7 rules but those of DNS are for TCP only; without protocol the port means any"
                port.error(
                    "protocol" if port.has("protocol") else None, "layer-7-needs-tcp", message, "Write protocol: TCP."
                )
            if port.text("port").strip("0") == "" and port.text("port"):
                port.error(
                    "port", "layer-7-on-every-port", "layer 7 rules can't be used with port 0", "Name the ports."
                )


def _check_dns(item: Fields, rules: Fields, direction: Direction) -> None:
    if not rules.has("dns"):
        return
    if direction is Direction.INGRESS and rules.sequence("dns"):
        rules.error("dns", "dns-on-ingress", "DNS rules are not allowed on ingress", "Remove them.")
    if not item.sequence("ports"):
        item.error(None, "dns-without-port", "DNS rules need the port 53 beside them", 'Add ports: [{port: "53"}].')


def _check_around(item: Fields, given: list[str], direction: Direction) -> None:
    names = [name for _, name in item.texts("serverNames")]
    if "" in names:
        item.error("serverNames", "empty-server-name", "holds an empty name", "Remove it.")
    if names and given and not item.has("terminatingTLS"):
        message = "stands beside layer 7 rules without terminatingTLS"
        item.error(
            "serverNames", "server-names-beside-layer-7", message, "Add terminatingTLS, or remove one of the two."
        )
    if item.has("listener") and direction is Direction.INGRESS:
        item.error("listener", "listener-on-ingress", "a listener is not allowed on ingress", "Remove it.")
    if item.has("listener") and given:
        item.error("listener", "listener-beside-layer-7", "stands beside layer 7 rules", "Keep one of the two.")


def narrowed_to(item: Fields) -> Iterator[str]:
    """To what an element of ``toPorts`` narrows its ports; values of headers are not repeated."""
    rules = item.section("rules")
    for request in rules.children("http"):
        words = [request.text("method"), request.text("host"), request.text("path")]
        headers = " with certain headers" if request.has("headers") or request.has("headerMatches") else ""
        yield f"HTTP {' '.join(filter(None, words)) or 'requests'}{headers}"[:200]
    for query in rules.children("dns"):
        yield f"DNS queries for {query.text('matchName') or query.text('matchPattern') or 'any name'}"[:200]
    if rules.sequence("kafka"):
        yield "certain Kafka requests"
    if rules.text("l7proto"):
        yield f"certain requests of {rules.text('l7proto')}"[:200]
    names = [name for _, name in item.texts("serverNames")]
    if names:
        yield f"TLS connections to {', '.join(names)}"[:200]
