"""The security groups of an input and what the visitor gave beside it; the texts stay in the session's memory."""

from __future__ import annotations

from dataclasses import dataclass, replace
from ipaddress import ip_network
from typing import Final

import streamlit as st

from lib.azure.probe_access import ProbeAccess, probe_accesses
from lib.azure.security_group import ProviderGroup, provider_group
from lib.azure.security_group_arrival import known_addresses
from lib.azure.security_group_match import KnownAddresses
from lib.azure.security_group_subnet import PortThrough, group_of_ones_own, through_subnet
from lib.loaders.security_rules import SecurityRulesReading, read_security_rules
from lib.model.security_rules import Attachment, SecurityGroup
from lib.model.sets import AddressSet
from lib.ui.page_context import PageContext
from lib.ui.provider_view import provider_settings

_TEXTS: Final = "netatlas.security-groups"
_RANGES_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups on a packet's way to the nodes, and what is known of the virtual network's addresses."""

    provider: ProviderGroup
    subnet: SecurityGroup | None
    known: KnownAddresses

    @property
    def on_the_way(self) -> tuple[SecurityGroup, ...]:
        """The subnet's group, where one was given, and the interfaces'."""
        return (self.provider.group,) if self.subnet is None else (self.subnet, self.provider.group)


def given_text(page: PageContext, attachment: Attachment) -> str:
    """What the visitor pasted for this input; "" for nothing."""
    kept: dict[tuple[str, str], str] = st.session_state.get(_TEXTS, {})
    return kept.get((page.loaded.id, attachment.name), "")


def keep_text(page: PageContext, attachment: Attachment, text: str) -> None:
    """Remember a pasted group until the session ends."""
    kept: dict[tuple[str, str], str] = st.session_state.get(_TEXTS, {})
    st.session_state[_TEXTS] = {**kept, (page.loaded.id, attachment.name): text}


def reading(page: PageContext, attachment: Attachment) -> SecurityRulesReading | None:
    """What was pasted, read; None where nothing was."""
    text = given_text(page, attachment)
    if not text.strip():
        return None
    return page.cached(
        ("pasted-group", attachment, text), lambda: read_security_rules(text, "pasted", attachment=attachment)
    )


def _readable(found: SecurityRulesReading | None) -> SecurityRulesReading | None:
    """None also for a text that holds no group: that is no group without rules."""
    return found if found is not None and found.is_group else None


def groups(page: PageContext) -> Groups:
    """The groups that the page judges by: AKS's own, reconciled into what the visitor gave of it, and the subnet's."""
    live, own = (_readable(reading(page, attachment)) for attachment in (Attachment.NIC, Attachment.SUBNET))
    existing = None if live is None else _own(live, Attachment.NIC)
    settings = provider_settings(page)
    key = ("nsg", given_text(page, Attachment.NIC), settings)
    provider = page.cached(key, lambda: provider_group(page.snapshot, existing, settings))
    known = page.cached((*key, None), lambda: known_addresses(page.snapshot, provider))
    return Groups(provider, None if own is None else _own(own, Attachment.SUBNET), known)


def in_network(page: PageContext, found: Groups, ranges: AddressSet | None) -> Groups:
    """The same groups where the visitor has said what the virtual network is; as they are for None."""
    if ranges is None:
        return found
    key = ("nsg", given_text(page, Attachment.NIC), provider_settings(page), ranges)
    return replace(found, known=page.cached(key, lambda: known_addresses(page.snapshot, found.provider, ranges)))


def _own(found: SecurityRulesReading, attachment: Attachment) -> SecurityGroup:
    return group_of_ones_own(found.name, found.rules, found.unplaced, attachment)


def network_ranges(text: str) -> tuple[AddressSet | None, tuple[str, ...]]:
    """The prefixes of a text, and what in it is none; None where there is no prefix in it."""
    found, wrong = [], []
    for word in text.replace(",", " ").split()[:_RANGES_MAX]:
        try:
            found.append(ip_network(word, strict=False))
        except ValueError:
            wrong.append(word)
    return (AddressSet.from_networks(found) if found else None), tuple(wrong)


def probes(page: PageContext, found: Groups) -> tuple[ProbeAccess, ...]:
    """Whether the health probes of all Services get through the groups on their way."""
    texts = tuple(given_text(page, attachment) for attachment in Attachment)
    return page.cached(
        ("nsg-probes", texts, provider_settings(page), found.known),
        lambda: tuple(probe_accesses(page.snapshot, found.provider, found.on_the_way, found.known)),
    )


def through(page: PageContext, found: Groups) -> tuple[PortThrough, ...]:
    """What the subnet's group lets through of the Services' ports; empty where none was given."""
    subnet = found.subnet
    if subnet is None:
        return ()
    texts = tuple(given_text(page, attachment) for attachment in Attachment)
    return page.cached(
        ("nsg-through", texts, provider_settings(page), found.known),
        lambda: tuple(through_subnet(page.snapshot, found.provider, subnet, found.known)),
    )
