"""What is wrong with the Azure annotations of a Service, each as a finding with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from functools import cache
from typing import Final

from lib.azure import annotations as names
from lib.azure.annotation_effects import without_effect
from lib.azure.annotation_values import Outcome, value_fault
from lib.azure.annotations import Annotations, address_of
from lib.azure.balanced import is_azure_load_balancer, why_left_out
from lib.azure.probes import PortIndex
from lib.facts.service_annotations import PORT_PLACEHOLDER, AnnotationFacts, prefix, service_annotations
from lib.model.finding import Finding, finding
from lib.model.refs import Source
from lib.model.services import Service

# What can't be meant for anybody but the Azure provider, however it is written; port_ is followed by a port's number.
_AZURE: Final = re.compile(
    r"(?:services?\.(?:beta\.|alpha\.)?kubernetes\.io/)?(?:azure[-_]?(?!$)|port[-_]).*", re.IGNORECASE
)
_PORT: Final = re.compile(r"port_([1-9][0-9]{0,4})_(.+)")
_PORT_AS_MEANT: Final = re.compile(r"port[_-]0*([1-9][0-9]{0,4})[_-](.+)", re.IGNORECASE)
# What keys for every cloud begin with; other clouds' own are none of ours.
_ANY_CLOUD: Final = "azure-"
_SHOWN: Final = 60
_HINTS: Final = 20
_LETTERS_APART: Final = 3
_ALIKE: Final = 0.8


def annotation_faults(service: Service) -> Iterator[Finding]:
    """Every fault of the Azure annotations of one Service, of whatever type."""
    annotations = Annotations(service)
    ports = PortIndex.of(service)
    balanced = is_azure_load_balancer(service)
    hints = 0
    for key, value in service.annotations.items():
        if not (_AZURE.fullmatch(key) or key == prefix() + names.LEGACY_RANGES or _misses_the_name(key)):
            continue
        source = service.source.at("metadata", "annotations", key)
        facts, port = _facts_of(key)
        if facts is None:
            # Comparing names is slow, and an input may have any number of unknown ones.
            hints += 1
            hint = _hint(key) if hints <= _HINTS else ""
            yield _finding(service, source, "azure-annotation-unknown", key, hint=hint)
        elif not balanced:
            yield _finding(service, source, "azure-annotation-without-effect", key, why=_not_balanced(service))
        elif facts.state:
            yield _finding(service, source, "azure-annotation-dead", key, why=facts.effect)
        elif port is not None and not _names_a_port(service, ports, facts, port):
            why = f"the Service has no port {port}"
            yield _finding(service, source, "azure-annotation-without-effect", key, why=why)
        else:
            yield from _value_faults(service, source, key, facts, value, ports)
    if balanced:
        for found in without_effect(annotations):
            yield _finding(service, found.source, "azure-annotation-without-effect", found.key, why=found.why)
        yield from _together(annotations)


def _finding(service: Service, source: Source, code: str, key: str, **evidence: object) -> Finding:
    return finding(code, service.ref, source, annotation=key, **evidence)


def _value_faults(
    service: Service, source: Source, key: str, facts: AnnotationFacts, value: str, ports: PortIndex
) -> Iterator[Finding]:
    fault = value_fault(facts, value, ports)
    shown = f"{value[:_SHOWN]}…" if len(value) > _SHOWN else value
    if fault is not None and not _is_told_elsewhere(facts, value):
        evidence = {"value": shown, "wanted": fault.wanted}
        if fault.outcome is Outcome.MISREAD:
            evidence["counts_as"] = fault.counts_as
        yield _finding(service, source, fault.outcome.value, key, **evidence)
    elif facts.documented_maximum is not None and facts.conflict:
        number = names.number_of(value, facts)
        if number is not None and number > facts.documented_maximum:
            yield _finding(service, source, "azure-annotation-doubtful", key, value=shown, conflict=facts.conflict)


def _is_told_elsewhere(facts: AnnotationFacts, value: str) -> bool:
    """Whether ``lib.routing`` finds the fault already: the spelling of ``true`` for internal load balancers."""
    return facts.name == names.INTERNAL and value.strip().lower() == names.TRUE


def _not_balanced(service: Service) -> str:
    return why_left_out(service) or f"the Service is of type {service.type.value}"


def _names_a_port(service: Service, ports: PortIndex, facts: AnnotationFacts, port: int) -> bool:
    """Whether a port annotation is read: for the Service's ports, and the timing for the health check node port."""
    timing = facts.name in (names.PORT_PROBE_INTERVAL, names.PORT_PROBE_THRESHOLD)
    return port in ports.by_number or (timing and port == service.health_check_node_port)


def _misses_the_name(key: str) -> bool:
    """Whether a key would be one of the provider's with ``azure-`` before its name."""
    return key.startswith(prefix()) and _ANY_CLOUD + key[len(prefix()) :].lower() in _by_name()


@cache
def _by_name() -> dict[str, AnnotationFacts]:
    return {facts.name: facts for facts in service_annotations()}


def _facts_of(key: str) -> tuple[AnnotationFacts | None, int | None]:
    """What is known of a key, and the port that it names."""
    if not key.startswith(prefix()):
        return None, None
    name = key[len(prefix()) :]
    if name.lower() == names.CONFIGURATIONS:
        return _by_name()[names.CONFIGURATIONS], None
    if found := _PORT.fullmatch(name):
        return _by_name().get(f"port_{PORT_PLACEHOLDER}_{found[2]}"), int(found[1])
    return (None if "{" in name else _by_name().get(name)), None


def _hint(key: str) -> str:
    """The nearest name that there is."""
    name = key.rpartition("/")[2].lower()
    found = _PORT_AS_MEANT.fullmatch(name)
    wanted = f"port_{PORT_PLACEHOLDER}_{found[2]}" if found else name
    if _misses_the_name(key):
        wanted = _ANY_CLOUD + name
    alike = [known for known in _by_name() if abs(len(known) - len(wanted)) <= _LETTERS_APART]
    near = get_close_matches(wanted, alike, 1, _ALIKE)
    if not near:
        return ""
    if PORT_PLACEHOLDER in near[0] and not found:
        return f"; write the number of a port for {PORT_PLACEHOLDER}"
    meant = near[0].replace(PORT_PLACEHOLDER, found[1]) if found else near[0]
    return f"; {prefix()}{meant} is one"


def _together(annotations: Annotations) -> Iterator[Finding]:
    """What can't stand together, and what the sources say different things of."""
    service, spec = annotations.service, annotations.source_ranges
    spec_source = service.source.at("spec", "loadBalancerSourceRanges")
    if spec.invalid:
        wanted = f"prefixes without host bits, which {spec.invalid[0]} is not"
        key = "spec.loadBalancerSourceRanges"
        yield _finding(service, spec_source, Outcome.BAD_RANGE.value, key, value=spec.invalid[0], wanted=wanted)
    if spec.valid and annotations.allowed_ranges.valid:
        name = names.ALLOWED_RANGES if annotations.text(names.ALLOWED_RANGES) is not None else names.LEGACY_RANGES
        why = "the provider takes source ranges from one of them only, and stops at this Service"
        yield _conflict(annotations, name, "spec.loadBalancerSourceRanges", why)
    if spec and annotations.text(names.ALLOWED_TAGS) is not None:
        yield _finding(
            service,
            annotations.source(names.ALLOWED_TAGS),
            "azure-source-ranges-with-tags",
            annotations.key(names.ALLOWED_TAGS),
        )
    pinned = next((n for n in (names.PIP_NAME, names.IPV4, names.IPV6) if annotations.text(n)), None)
    if annotations.text(names.CONFIGURATIONS) is not None and pinned is not None:
        why = "an address that is asked for decides over the load balancer by itself"
        yield _conflict(annotations, names.CONFIGURATIONS, annotations.key(pinned), why)
    yield from _private_link(annotations)


def _conflict(annotations: Annotations, name: str, other: str, why: str) -> Finding:
    source, key = annotations.source(name), annotations.key(name)
    return _finding(annotations.service, source, "azure-annotations-conflict", key, other=other, why=why)


def _private_link(annotations: Annotations) -> Iterator[Finding]:
    if not annotations.flag(names.PLS_CREATE):
        return
    count = annotations.number(names.PLS_ADDRESS_COUNT)
    wanted = annotations.words(names.PLS_ADDRESSES)
    most = _by_name()[names.PLS_ADDRESS_COUNT].default_number if count is None else count
    if len(wanted) > most and all(address_of(a) is not None for a in wanted):
        why = f"it names {len(wanted)} addresses, and the count is {most}"
        yield _conflict(annotations, names.PLS_ADDRESSES, annotations.key(names.PLS_ADDRESS_COUNT), why)
    seen = set(annotations.words(names.PLS_VISIBILITY))
    unseen = [s for s in annotations.words(names.PLS_AUTO_APPROVAL) if s not in seen]
    if unseen and "*" not in seen:
        why = "subscriptions are approved of that do not see it"
        yield _conflict(annotations, names.PLS_AUTO_APPROVAL, annotations.key(names.PLS_VISIBILITY), why)
