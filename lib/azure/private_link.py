"""The Private Link Service of a Service's frontend."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lib.azure import annotations as names
from lib.azure.annotations import Annotations
from lib.azure.frontends import CLUSTER_SUBNET, NODE_RESOURCE_GROUP, Frontend
from lib.facts.reader import get
from lib.facts.service_annotations import service_annotation
from lib.model.sets import Family


@dataclass(frozen=True, slots=True)
class PrivateLinkService:
    """A Private Link Service on the IPv4 frontend.

    ``addresses`` are the NAT addresses that it asks for, as written; of ``address_count`` in all the others are
    chosen. Empty ``visibility`` means that only roles decide who sees it.
    """

    name: str
    resource_group: str
    subnet: str
    address_count: int
    addresses: tuple[str, ...]
    proxy_protocol: bool
    visibility: tuple[str, ...]
    auto_approval: tuple[str, ...]
    domain_names: tuple[str, ...]


def private_link_of(annotations: Annotations, frontends: Iterable[Frontend]) -> PrivateLinkService | None:
    """The Private Link Service that the annotations ask for; None without one, and without an IPv4 frontend."""
    frontend = next((f for f in frontends if f.family is Family.IPV4), None)
    if frontend is None or not annotations.flag(names.PLS_CREATE):
        return None
    count = annotations.number(names.PLS_ADDRESS_COUNT)
    return PrivateLinkService(
        name=annotations.text(names.PLS_NAME) or get("pls_name_prefix").text + frontend.name,
        resource_group=annotations.text(names.PLS_RESOURCE_GROUP) or NODE_RESOURCE_GROUP,
        subnet=annotations.text(names.PLS_SUBNET) or annotations.internal_subnet or CLUSTER_SUBNET,
        address_count=service_annotation(names.PLS_ADDRESS_COUNT).default_number if count is None else count,
        addresses=annotations.words(names.PLS_ADDRESSES),
        proxy_protocol=annotations.flag(names.PLS_PROXY_PROTOCOL),
        visibility=annotations.words(names.PLS_VISIBILITY),
        auto_approval=annotations.words(names.PLS_AUTO_APPROVAL),
        domain_names=annotations.words(names.PLS_DOMAIN_NAMES),
    )
