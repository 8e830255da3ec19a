"""Layer 7 below the ports of Cilium's rules: what Cilium refuses of it, and to what it narrows a flow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from lib.loaders.parse.fields import Fields
from lib.loaders.parse.session import field_names, quote
from lib.model.domain_names import NamePattern
from lib.model.policies import Direction
from lib.model.sets import LAST_PORT

_PROTOCOLS: Final = ("http", "kafka", "dns", "l7proto")
_NAME_CHARS: Final = 255
_NAMES: Final = {
    "matchName": re.compile(r"[-a-zA-Z0-9_]+(\.[-a-zA-Z0-9_]+)*\.?"),
    "matchPattern": re.compile(r"[-a-zA-Z0-9_*]+(\.[-a-zA-Z0-9_*]+)*\.?"),
}
_WORDS: Final = 200
# "Mismatch identifies what to do in case there is no match. The default is to drop the request. Otherwise the overall
# rule is still considered as matching, but the mismatches are logged in the access log." (pkg/policy/api/http.go)
_MISMATCHES: Final = ("LOG", "ADD", "DELETE", "REPLACE")
_KAFKA: Final = {
    "role": "role",
    "apiKey": "API key",
    "apiVersion": "API version",
    "clientID": "client ID",
    "topic": "topic",
}


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


def check_of_nodes(spec: Fields) -> None:
    """Report layer 7 rules in a policy of nodes, which "can also have layer 7 DNS rules, but no other kinds"."""
    for direction in Direction:
        for rule in spec.children(direction.field):
            for item in rule.children("toPorts"):
                rules = item.section("rules")
                if given := [key for key in ("http", "kafka") if rules.sequence(key)]:
                    message = "policies for nodes can't have layer 7 rules but those of DNS"
                    rules.error(given[0], "layer-7-for-nodes", message, "Remove them.")


def _check_dns(item: Fields, rules: Fields, direction: Direction) -> None:
    if not rules.has("dns"):
        return
    if direction is Direction.INGRESS and rules.sequence("dns"):
        rules.error("dns", "dns-on-ingress", "DNS rules are not allowed on ingress", "Remove them.")
    if not item.sequence("ports"):
        item.error(None, "dns-without-port", "DNS rules need the port 53 beside them", 'Add ports: [{port: "53"}].')
    for port in item.children("ports") if rules.sequence("dns") else ():
        first = port.text("port")
        # What has more digits, or others, is no port, which is told where ports are read.
        is_number = first.isascii() and first.isdigit() and len(first) <= len(str(LAST_PORT))
        if is_number and port.has("endPort") and (port.integer("endPort") or 0) > int(first):
            port.error("endPort", "dns-with-range", "DNS rules can't be used with a range of ports", "Remove endPort.")


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


def name_pattern(item: Fields) -> NamePattern | None:
    """``matchName`` or ``matchPattern``; None where there is neither, or what Cilium's schema refuses."""
    item.only(field_names("matchName matchPattern"))
    given = [key for key in ("matchName", "matchPattern") if item.text(key)]
    if len(given) > 1:
        message = "has both matchName and matchPattern, and must have one of them"
        item.error(None, "not-exactly-one", message, "Write another element for the other one.")
        return None
    for key in given:
        text = item.text(key)
        if len(text) > _NAME_CHARS or not _NAMES[key].fullmatch(text):
            message = f"{quote(text)} is no {'name' if key == 'matchName' else 'pattern of names'}"
            remedy = "Write a name such as example.com" + ("." if key == "matchName" else ", with * for a wildcard.")
            item.error(key, "invalid-domain-name", message, remedy)
            return None
        return NamePattern.exactly(text) if key == "matchName" else NamePattern.of_cilium(text)
    return None


def asked_names(item: Fields) -> Iterator[NamePattern]:
    """The names that an element of ``toPorts`` lets pods ask DNS for; its answers are read by Cilium's DNS proxy."""
    for query in item.section("rules").children("dns"):
        pattern = name_pattern(query)
        if pattern is not None:
            yield pattern


def narrowed_to(item: Fields) -> Iterator[str]:
    """To what an element of ``toPorts`` narrows its ports, in words; values of headers are not repeated."""
    rules = item.section("rules")
    for request in rules.children("http"):
        yield _http(request)[:_WORDS]
    for query in rules.children("dns"):
        name = query.text("matchName") or query.text("matchPattern")
        yield (f"DNS queries for {name}" if name else "DNS queries by a rule without a name")[:_WORDS]
    for request in rules.children("kafka"):
        yield _kafka(request)[:_WORDS]
    if protocol := rules.text("l7proto"):
        pairs = ["; ".join(f"{key} {value}" for key, value in each.data.items()) for each in rules.children("l7")]
        yield from (f"{protocol} requests with {words}"[:_WORDS] for words in pairs if words)
        if not any(pairs):
            yield f"{protocol} requests"[:_WORDS]
    names = [name for _, name in item.texts("serverNames")]
    if names:
        yield f"TLS connections to {', '.join(names)}"[:_WORDS]
    if item.has("terminatingTLS"):
        yield "TLS connections that Cilium's proxy ends"
    if item.has("originatingTLS"):
        yield "what Cilium's proxy sends on over TLS"
    if item.has("listener"):
        yield f"through the Envoy listener {item.section('listener').text('name')}, which may refuse more"[:_WORDS]


def _http(request: Fields) -> str:
    request.only(field_names("method host path headers headerMatches"))
    words = [request.text("method"), request.text("path")]
    host = request.text("host")
    headers = [_header(text) for _, text in request.texts("headers")]
    headers += [_header_match(each) for each in request.children("headerMatches")]
    return " ".join(
        (
            f"HTTP {' '.join(filter(None, words)) or 'requests'}",
            *((f"to the host {host}",) if host else ()),
            *((" and ".join(headers),) if headers else ()),
        )
    )


def _header(text: str) -> str:
    """``X-Token: hush`` without the value, which may be a secret."""
    name, _, value = text.partition(":") if ":" in text else text.partition(" ")
    return f"with the header {name.strip()}{' of a certain value' if value.strip() else ''}"


def _header_match(match: Fields) -> str:
    match.only(field_names("mismatch name secret value"))
    name = match.text("name")
    of_value = " of a certain value" if match.has("value") or match.has("secret") else ""
    mismatch = match.choice("mismatch", _MISMATCHES, "")
    if mismatch:
        return f"with or without the header {name}{of_value}, a mismatch being logged ({mismatch})"
    return f"with the header {name}{of_value}"


def _kafka(request: Fields) -> str:
    request.only(field_names("role apiKey apiVersion clientID topic"))
    words = [f"{label} {text}" for key, label in _KAFKA.items() if (text := request.text(key))]
    return f"Kafka requests with {', '.join(words)}" if words else "Kafka requests"
