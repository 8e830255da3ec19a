"""One end of a rule of Calico's: selectors, addresses, Services and ports, refused where its validator refuses them.

Source: libcalico-go/lib/validator/v3 and, for how the selectors of one end are joined,
libcalico-go/lib/backend/syncersv1/updateprocessors/rules.go of projectcalico/calico.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lib.loaders.parse.addresses import read_net
from lib.loaders.parse.fields import Fields
from lib.loaders.parse.session import field_names, quote
from lib.model.calico_policies import (
    NAMESPACE_KEY,
    NAMESPACE_PREFIX,
    SERVICE_ACCOUNT_KEY,
    SERVICE_ACCOUNT_PREFIX,
    CalicoPorts,
    EntityRule,
    ServiceMatch,
)
from lib.model.calico_selector import (
    All,
    CalicoSelector,
    Compare,
    Comparison,
    Global,
    Has,
    Not,
    conjunction,
    leaves,
    parse_calico_selector,
    rewritten,
)
from lib.model.errors import ModelError
from lib.model.patterns import pattern
from lib.model.sets import FIRST_PORT, LAST_PORT, Network, PortSet, Protocol

_ENTITY_FIELDS: Final = field_names(
    "nets selector namespaceSelector services ports notNets notSelector notPorts serviceAccounts"
)
WITH_PORTS: Final = {protocol.value: protocol for protocol in Protocol}
"""The protocols of which a rule may name ports, by their names."""
_PORT_RANGE: Final = pattern(r"([0-9]+):([0-9]+)")
_PORT_NAME: Final = pattern(r"[a-zA-Z0-9_.-]{1,128}")
IN_A_NAMESPACE: Final = Has(NAMESPACE_KEY)


def in_namespace(name: str) -> CalicoSelector:
    """What stands in one namespace."""
    return Compare(NAMESPACE_KEY, Comparison.EQUAL, frozenset({name}))


def selector_text(fields: Fields, key: str, *, may_be_global: bool = False) -> CalicoSelector | None:
    """A selector; None where it is absent, empty or refused."""
    text = fields.text(key)
    if not text.strip(" \t"):
        return None
    try:
        found = parse_calico_selector(text)
    except ModelError as fault:
        message = f"{quote(text)} is no selector: {fault}"
        fields.error(key, "invalid-selector", message, 'Write a Calico selector, e.g. role == "db" && has(tier).')
        return None
    if not may_be_global and any(isinstance(leaf, Global) for leaf in leaves(found)):
        message = "global() may stand in the namespaceSelector of a rule only"
        fields.error(key, "misplaced-global", message, "Remove global(), or move it to a rule's namespaceSelector.")
        return None
    return found


def of_namespaces(selector: CalicoSelector | None) -> CalicoSelector | None:
    """A namespaceSelector as one over endpoints."""
    if selector is None:
        return None
    return rewritten(selector, NAMESPACE_PREFIX, IN_A_NAMESPACE, Not(IN_A_NAMESPACE))


def read_entity(entity: Fields, end: str, namespace: str, protocol: str) -> EntityRule:
    """One end of a rule: ``end`` is source or destination, ``protocol`` what the rule says of it."""
    entity.only(_ENTITY_FIELDS)
    selector = selector_text(entity, "selector")
    namespaces = selector_text(entity, "namespaceSelector", may_be_global=True)
    not_selector = selector_text(entity, "notSelector")
    accounts = _accounts(entity.child("serviceAccounts"))
    service = _service(entity, namespace)
    joined = _joined(selector, namespaces, accounts, not_selector, namespace)
    ports = _ports(entity, "ports", protocol, service, end)
    not_ports = _ports(entity, "notPorts", protocol, service, end)
    nets, not_nets = _nets(entity, "nets"), _nets(entity, "notNets")
    return EntityRule(
        source=entity.source,
        text=_entity_text(entity.data, nets, not_nets, ports, not_ports, service),
        selector=joined,
        not_selector=not_selector,
        nets=nets or None,
        not_nets=not_nets,
        ports=ports,
        not_ports=not_ports,
        service=service,
    )


def _joined(
    selector: CalicoSelector | None,
    namespaces: CalicoSelector | None,
    accounts: CalicoSelector | None,
    not_selector: CalicoSelector | None,
    namespace: str,
) -> CalicoSelector | None:
    """One selector over endpoints: a namespaced policy's are limited to its namespace as soon as one is given."""
    if selector is None and namespaces is None and accounts is None and (not_selector is None or not namespace):
        return None
    scope = of_namespaces(namespaces)
    if scope is None and namespace:
        scope = in_namespace(namespace)
    return conjunction(scope, accounts, selector)


def _accounts(fields: Fields | None) -> CalicoSelector | None:
    if fields is None:
        return None
    fields.only(frozenset({"names", "selector"}))
    selector = selector_text(fields, "selector")
    names = frozenset(name for _, name in fields.texts("names"))
    labels = None if selector is None else rewritten(selector, SERVICE_ACCOUNT_PREFIX, All(), Global())
    if not names:
        return labels
    return conjunction(labels, Compare(SERVICE_ACCOUNT_KEY, Comparison.IN, names))


def _service(entity: Fields, namespace: str) -> ServiceMatch | None:
    fields = entity.child("services")
    if fields is None:
        return None
    fields.only(frozenset({"name", "namespace"}))
    name = fields.text("name")
    if not name:
        fields.error("name", "missing-service-name", "must name a Service", "Add the Service's name.")
    for key in ("selector", "notSelector", "namespaceSelector", "nets", "notNets", "serviceAccounts"):
        if entity.data.get(key):
            message = f"may not stand beside services at the same end of a rule: {key}"
            entity.error("services", "services-with-selector", message, "Split the rule in two.")
    where = fields.text("namespace") or namespace
    if not where:
        message = "a GlobalNetworkPolicy has no namespace of its own to look for the Service in"
        fields.error("namespace", "missing-service-namespace", message, "Add the Service's namespace.")
    return ServiceMatch(where, name)


def _nets(entity: Fields, key: str) -> tuple[Network, ...]:
    read = (read_net(entity.entry, (*entity.path, key, index), text) for index, text in entity.texts(key))
    return tuple(net for net in read if net is not None)


def _ports(entity: Fields, key: str, protocol: str, service: ServiceMatch | None, end: str) -> CalicoPorts | None:
    values = entity.sequence(key)
    if not values:
        return None
    if protocol not in WITH_PORTS:
        message = "needs the rule's protocol to be TCP, UDP or SCTP"
        entity.error(key, "ports-without-protocol", message, "Add protocol: TCP, UDP or SCTP to the rule.")
    if service is not None and end == "destination":
        message = "may not stand beside services, which has the ports of the Service's endpoints"
        entity.error(key, "ports-with-services", message, "Remove the ports.")
    numbers, names = PortSet(), set()
    for index, value in enumerate(values):
        read = _port(value)
        if read is None:
            message = f"{quote(value)} is no port from 1 to 65535, range of ports (80:90) or port name"
            entity.entry.error((*entity.path, key, index), "invalid-port", message, "Write a port, a range or a name.")
        elif isinstance(read, str):
            names.add(read)
        else:
            numbers |= read
    return CalicoPorts(numbers, frozenset(names))


def _port(value: Any) -> PortSet | str | None:
    if type(value) is int or (isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 7):
        first = last = int(value)
    elif isinstance(value, str) and (span := _PORT_RANGE.fullmatch(value)) and len(value) < 14:
        first, last = int(span[1]), int(span[2])
    else:
        return str(value) if isinstance(value, str) and _PORT_NAME.fullmatch(value) else None
    # "port range invalid, port number must be between 1 and 65535" (validator.go of libcalico-go)
    return PortSet.of(first, last) if FIRST_PORT <= first <= last <= LAST_PORT else None


def _entity_text(
    data: Mapping[str, Any],
    nets: tuple[Network, ...],
    not_nets: tuple[Network, ...],
    ports: CalicoPorts | None,
    not_ports: CalicoPorts | None,
    service: ServiceMatch | None,
) -> str:
    words = [
        f"{label} {data[key]}"
        for key, label in (
            ("selector", "selector"),
            ("namespaceSelector", "in namespaces"),
            ("notSelector", "not"),
        )
        if isinstance(data.get(key), str) and data[key]
    ]
    accounts = data.get("serviceAccounts")
    if isinstance(accounts, dict):
        names, chosen = accounts.get("names"), accounts.get("selector")
        named = ", ".join(map(str, names)) if isinstance(names, list) else ""
        words.append(" ".join(filter(None, ("service accounts", named, str(chosen or "")))))
    if nets:
        words.append(f"nets {', '.join(map(str, nets))}")
    if not_nets:
        words.append(f"not nets {', '.join(map(str, not_nets))}")
    if service is not None:
        words.append(f"the Service {service.namespace}/{service.name}")
    if ports is not None:
        words.append(f"ports {ports}")
    if not_ports is not None:
        words.append(f"not ports {not_ports}")
    return ", ".join(words)
