"""Whether the value of an Azure annotation is one that the cloud provider takes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

from lib.azure.annotations import TRUE, address_of, is_dns_label, is_prefix_id, number_of, ranges_of
from lib.azure.frontends import is_pair
from lib.azure.probes import PortIndex, is_probe_protocol
from lib.facts.reader import get
from lib.facts.service_annotations import AnnotationFacts, ValueForm
from lib.model.sets import Family, family_of

_BOOLEANS: Final = (TRUE, "false")


class Outcome(Enum):
    """What the provider does with a value that is not as it should be; the value is the finding's code."""

    INVALID = "azure-annotation-invalid"
    """It refuses the Service, or Azure refuses what it asks for."""
    MISREAD = "azure-annotation-misread"
    """It goes on as if something else stood there."""
    BAD_RANGE = "azure-source-range-invalid"
    """It leaves out the rule that lets the Internet in, and refuses everything else."""


@dataclass(frozen=True, slots=True)
class ValueFault:
    """What is wrong with a value: the form that it should have, and as what it counts ("" where it is refused)."""

    outcome: Outcome
    wanted: str
    counts_as: str = ""


def value_fault(facts: AnnotationFacts, value: str, ports: PortIndex) -> ValueFault | None:
    """What is wrong with the value of one annotation; None where nothing is."""
    match facts.form:
        case ValueForm.BOOL | ValueForm.EXACT_TRUE:
            if value.lower() in _BOOLEANS:
                return None
            return ValueFault(Outcome.MISREAD, '"true" or "false"', "false")
        case ValueForm.INT:
            return None if number_of(value, facts) is not None else ValueFault(Outcome.INVALID, _number_words(facts))
        case ValueForm.IPV4:
            return _address(value, Family.IPV4)
        case ValueForm.IPV6:
            return _address(value, Family.IPV6)
        case ValueForm.RANGES:
            bad = ranges_of(item.strip() for item in value.strip().split(",")).invalid
            wanted = f"prefixes without host bits, which {_some(bad)} {'is' if len(bad) == 1 else 'are'} not"
            return ValueFault(Outcome.BAD_RANGE, wanted) if bad else None
        case ValueForm.ADDRESSES:
            bad = tuple(item for item in value.strip().split(",") if address_of(item) is None)
            return ValueFault(Outcome.INVALID, "addresses with a comma and no space between them") if bad else None
        case ValueForm.SPACED_ADDRESSES:
            found = [address_of(item) for item in value.split()]
            right = all(a is not None and family_of(a) is Family.IPV4 for a in found)
            return None if right else ValueFault(Outcome.INVALID, "IPv4 addresses with spaces between them")
        case ValueForm.PAIRS:
            bad = tuple(item for item in value.split(",") if item.strip() and not is_pair(item))
            return ValueFault(Outcome.MISREAD, "pairs such as a=b,c=d", f"if {_some(bad)} were absent") if bad else None
        case ValueForm.PROTOCOL:
            known = is_probe_protocol(value)
            return None if known else ValueFault(Outcome.MISREAD, "Tcp, Http or Https", "Tcp")
        case ValueForm.PORT:
            found_port = ports.find(value)
            wanted = "a port number from 0 to 65535 or the name of one of the Service's ports"
            return None if found_port is not None else ValueFault(Outcome.INVALID, wanted)
        case ValueForm.LABEL:
            right = not value or is_dns_label(value)
            wanted = f"lower-case letters, digits and hyphens, as in {get('public_dns_label').text}"
            return None if right else ValueFault(Outcome.INVALID, wanted)
        case ValueForm.RESOURCE_ID:
            right = not value or is_prefix_id(value)
            return None if right else ValueFault(Outcome.INVALID, "the resource ID of a public IP prefix")
        case ValueForm.NAMES:
            empty = any(not item.strip() for item in value.split(","))
            return (
                ValueFault(Outcome.MISREAD, "names with commas between them", "if one name were empty")
                if empty
                else None
            )
        case ValueForm.NAME:
            wanted = "the name of an Azure resource: letters, digits, underscores, periods and hyphens"
            return _named(value, "azure_resource_name", wanted)
        case ValueForm.RESOURCE_GROUP:
            wanted = "the name of a resource group, whose last character is no period"
            return _named(value.strip(), "azure_resource_group_name", wanted)
        case ValueForm.TEXT | ValueForm.PATH | ValueForm.SPACED_NAMES:
            return None


def _named(value: str, fact: str, wanted: str) -> ValueFault | None:
    right = not value.strip() or re.fullmatch(get(fact).text, value)
    return None if right else ValueFault(Outcome.INVALID, wanted)


def _address(value: str, family: Family) -> ValueFault | None:
    found = address_of(value)
    if not value or (found is not None and family_of(found) is family):
        return None
    return ValueFault(Outcome.INVALID, f"an {family.label} address")


def _number_words(facts: AnnotationFacts) -> str:
    least = f" from {facts.minimum}" if facts.minimum is not None else ""
    most = f" to {facts.maximum}" if facts.maximum is not None else " on" if least else ""
    return f"a whole number{least}{most}"


def _some(items: tuple[str, ...]) -> str:
    shown = ", ".join(f'"{item[:40]}"' for item in items[:3])
    return f"{shown} and {len(items) - 3} more" if len(items) > 3 else shown
