"""Addresses and prefixes with a Problem for what the API server refuses, or will refuse from version 1.36.

Leading zeros, host bits and IPv4 in IPv6 form were taken by every version so far and stand in stored objects: they
are a warning, and the value counts as the lenient parser reads it.
"""

from __future__ import annotations

from ipaddress import ip_network

from lib.loaders.parse.session import Entry, Path, quote
from lib.loaders.parse.syntax import HOST_BITS, parse_lenient_address, parse_lenient_prefix
from lib.model.sets import Address, Network


def read_prefix(entry: Entry, path: Path, text: str) -> Network | None:
    """A prefix with its host bits masked; None after an error."""
    parsed = parse_lenient_prefix(text)
    if parsed is None:
        message = f"{quote(text)} is no address block in CIDR form"
        entry.error(path, "invalid-cidr", message, "Write an address and a prefix length, e.g. 10.0.0.0/8.")
        return None
    network, fault = parsed
    if fault:
        message = f"{quote(text)} is written with {fault} and counts as {network}"
        remedy = f"Write {network}: Kubernetes refuses such a new object from version 1.36."
        entry.warn(path, "cidr-not-canonical", message, remedy)
    return network


def read_schema_prefix(entry: Entry, path: Path, text: str) -> Network | None:
    """A prefix as the schemas of custom resources take it (``isCIDR``), its host bits masked; None after an error.

    Source: k8s.io/apiserver pkg/cel/library/cidr.go: no leading zeros, and no IPv4 address in IPv6 form.
    """
    parsed = parse_lenient_prefix(text)
    if parsed is None or parsed[1] in ("", HOST_BITS):
        return read_prefix(entry, path, text)
    network, fault = parsed
    message = f"{quote(text)} is written with {fault}, which the API server refuses in this kind"
    entry.error(path, "invalid-cidr", message, f"Write {network}, if that is what is meant.")
    return None


def read_net(entry: Entry, path: Path, text: str) -> Network | None:
    """A prefix with its host bits masked, or a single address as a block of its own; None after an error.

    Source: validator.go of Calico's libcalico-go: "An IP address is valid, and assumed to be fully masked".
    """
    written = text.partition("/")[0]
    address = parse_lenient_address(written)
    if address is not None and "." in written and ":" not in written and str(address) != written:
        # "The ParseIP and ParseCIDR functions now reject IPv4 addresses which contain decimal components with leading
        # zeros" (go.dev/doc/go1.17, net), and Calico asks these.
        message = f"{quote(text)} is written with leading zeros, which Calico refuses"
        entry.error(path, "invalid-cidr", message, f"Write {address}, if that is what is meant.")
        return None
    if (parsed := parse_lenient_prefix(text)) is not None:
        return parsed[0]
    if (address := parse_lenient_address(text)) is not None:
        return ip_network(address)
    message = f"{quote(text)} is no address and no address block in CIDR form"
    entry.error(path, "invalid-cidr", message, "Write an address, or one with a prefix length, e.g. 10.0.0.0/8.")
    return None


def read_address(entry: Entry, path: Path, text: str) -> Address | None:
    """An address; None after an error."""
    address = parse_lenient_address(text)
    if address is None:
        entry.error(path, "invalid-address", f"{quote(text)} is no IP address", "Write an IPv4 or IPv6 address.")
    elif str(address) != text and "." in text and ":" not in text:
        message = f"{quote(text)} is written with leading zeros and counts as {address}"
        remedy = f"Write {address}: Kubernetes refuses such a new object from version 1.36."
        entry.warn(path, "address-not-canonical", message, remedy)
    return address
