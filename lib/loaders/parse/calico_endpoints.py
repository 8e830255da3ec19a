"""Calico's WorkloadEndpoints, which stand for pods, and the Profiles that they name.

Source: api/pkg/apis/projectcalico/v3/profile.go, libcalico-go/lib/apis/internalapi/workloadendpoint.go and
felix/labelindex of projectcalico/calico.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from lib.loaders.documents import RawObject
from lib.loaders.parse.addresses import read_prefix
from lib.loaders.parse.calico_rules import read_rules
from lib.loaders.parse.fields import Fields
from lib.loaders.parse.metadata import open_object
from lib.loaders.parse.pods import PROTOCOLS
from lib.loaders.parse.session import Session, Unknown, field_names, quote
from lib.model.calico_policies import (
    NAMESPACE_KEY,
    NAMESPACE_PREFIX,
    ORCHESTRATOR_KEY,
    SERVICE_ACCOUNT_KEY,
    SERVICE_ACCOUNT_PREFIX,
    CalicoAction,
    CalicoProfile,
    CalicoRule,
    WorkloadEndpoint,
)
from lib.model.cluster import ContainerPort, Pod
from lib.model.labels import Labels
from lib.model.policies import Direction
from lib.model.records import replace
from lib.model.refs import ObjectRef
from lib.model.sets import FIRST_PORT, LAST_PORT, Address

_CALICOS_OWN: Final = frozenset({NAMESPACE_KEY, ORCHESTRATOR_KEY, SERVICE_ACCOUNT_KEY})
_KUBERNETES: Final = "k8s"


def parse_workload_endpoint(session: Session, raw: RawObject) -> WorkloadEndpoint | None:
    """A WorkloadEndpoint of a pod; one of another orchestrator (OpenStack) is not taken over."""
    reading = open_object(session, raw)
    spec = reading.root.section("spec")
    orchestrator = spec.text("orchestrator") or reading.labels.get(ORCHESTRATOR_KEY, _KUBERNETES)
    if orchestrator != _KUBERNETES:
        message = f"an endpoint of {quote(orchestrator)} is no pod and is left out"
        spec.warn("orchestrator", "endpoint-without-pod", message, "Read flows without this endpoint.")
        return None
    pod = Pod(
        ref=ObjectRef(reading.namespace, spec.text("pod") or reading.ref.name, "Pod"),
        source=raw.source,
        # What Calico adds itself follows from the namespace and the account.
        labels={key: value for key, value in reading.labels.items() if key not in _CALICOS_OWN},
        ports=endpoint_ports(spec),
        ips=_addresses(spec),
        node_name=spec.text("node"),
        service_account=spec.text("serviceAccountName") or reading.labels.get(SERVICE_ACCOUNT_KEY, "default"),
        deleting=reading.deleting,
        profiles=tuple(name for _, name in spec.texts("profiles")),
    )
    return None if reading.entry.failed else WorkloadEndpoint(reading.ref, raw.source, pod)


def endpoint_ports(spec: Fields) -> tuple[ContainerPort, ...]:
    """``spec.ports`` of an endpoint of a workload or a host."""
    found = []
    for port in spec.children("ports"):
        number = port.number_within("port", FIRST_PORT, LAST_PORT, 0)
        protocol = PROTOCOLS[port.choice("protocol", PROTOCOLS, "TCP")]
        if number:
            found.append(ContainerPort(number, protocol, port.text("name"), source=port.source))
    return tuple(found)


def _addresses(spec: Fields) -> tuple[Address, ...]:
    """``spec.ipNetworks``: blocks of one address each."""
    read = (read_prefix(spec.entry, (*spec.path, "ipNetworks", i), text) for i, text in spec.texts("ipNetworks"))
    return tuple(net.network_address for net in read if net is not None)


def parse_profile(session: Session, raw: RawObject) -> CalicoProfile:
    """A Profile; one that Calico would refuse is kept as such, since what it said may have closed something."""
    reading = open_object(session, raw, namespaced=False, unknown=Unknown.WARNS)
    spec = reading.root.section("spec")
    spec.only(field_names("ingress egress labelsToApply"))
    applied = spec.text_map("labelsToApply")
    rules = tuple(_judged(rule) for direction in Direction for rule in read_rules(spec, direction, ""))
    return CalicoProfile(reading.ref, raw.source, applied, rules, reading.entry.failed)


def _judged(rule: CalicoRule) -> CalicoRule:
    """Pass is meant for tiers; what it does in a Profile is written nowhere."""
    doubt = rule.doubt or ("what Pass means in a Profile" if rule.action is CalicoAction.PASS else "")
    return replace(rule, doubt=doubt)


def pods_of(
    pods: Iterable[Pod], endpoints: Iterable[WorkloadEndpoint], profiles: Mapping[str, CalicoProfile]
) -> Iterator[Pod]:
    """The pods, and those that only a WorkloadEndpoint tells of; of two endpoints of one pod the first counts."""
    of_endpoints: dict[ObjectRef, Pod] = {}
    for endpoint in endpoints:
        of_endpoints.setdefault(endpoint.pod.ref, endpoint.pod)
    for pod in pods:
        known = of_endpoints.pop(pod.ref, None)
        yield pod if known is None else _with_labels(replace(pod, profiles=known.profiles), profiles)
    for pod in of_endpoints.values():
        yield _with_labels(pod, profiles)


def _with_labels(pod: Pod, profiles: Mapping[str, CalicoProfile]) -> Pod:
    """The pod with the labels of its profiles, of which its own and those of the first count before others.

    What a profile says of the namespace and the account follows from these themselves.
    """
    applied: Labels = {}
    for name in pod.profiles or ():
        of_one = profiles[name].labels_to_apply if name in profiles else {}
        applied = {**of_one, **applied}
    prefixes = (NAMESPACE_PREFIX, SERVICE_ACCOUNT_PREFIX)
    added = {key: value for key, value in applied.items() if not key.startswith(prefixes)}
    return replace(pod, labels={**added, **pod.labels}) if added else pod
