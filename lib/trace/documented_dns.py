"""The cluster's DNS where the input does not hold it: as its documentation places and labels it."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from lib.facts.cluster_dns import cluster_dns
from lib.model.cluster import ContainerPort, Pod, Workload
from lib.model.policies import Direction
from lib.model.refs import ObjectRef, Source
from lib.model.sets import Protocol
from lib.policy.engine import compile_engine
from lib.policy.explain import DirectionAnswer
from lib.trace.context import Context

_NOWHERE: Final = Source("", 0)
_NAME: Final = "the documented DNS server"


def leaving_to_documented_dns(context: Context, sender: Workload | Pod, protocol: Protocol) -> DirectionAnswer:
    """What the sender's policies say to a query, were there a DNS server with the documented namespace and labels.

    Only the sender's neighbours are compiled with it: what others may do changes nothing for it.
    """
    known = context.snapshot
    kept = {sender.namespace, cluster_dns().namespace}
    near = replace(
        known,
        workloads=(*(w for w in known.workloads if w.namespace in kept), _server()),
        network_policies=tuple(p for p in known.network_policies if p.ref.namespace in kept),
        cilium_policies=tuple(p for p in known.cilium_policies if p.ref.namespace in (*kept, "")),
    )
    engine = compile_engine(near, context.engine.profile)
    answer = engine.explain(sender, near.workload_by_ref[_server().ref], protocol, cluster_dns().port)
    return next(each for each in answer.directions if each.direction is Direction.EGRESS)


def _server() -> Workload:
    fact = cluster_dns()
    ref = ObjectRef(fact.namespace, _NAME, "Deployment")
    ports = tuple(ContainerPort(fact.port, protocol) for protocol in (Protocol.UDP, Protocol.TCP))
    pod = Pod(replace(ref, kind="Pod"), _NOWHERE, labels=dict(fact.labels), ports=ports, owner=ref, from_template=True)
    return Workload(ref, _NOWHERE, (pod,), labels=dict(fact.labels))
