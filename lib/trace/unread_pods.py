"""Endpoints whose pod is not in the input: policies may select it by labels that nobody knows.

Their addresses are not outside the cluster, so that the engine's answer about an address is none about them.
"""

from __future__ import annotations

from collections.abc import Mapping

from lib.model.policies import Direction
from lib.model.refs import ObjectRef
from lib.model.sets import Address
from lib.model.snapshot import Snapshot
from lib.policy.engine import Engine
from lib.policy.explain import DirectionAnswer
from lib.policy.points import End
from lib.routing.reach import address_or_none


def unread_pods(snapshot: Snapshot) -> Mapping[Address, ObjectRef]:
    """The pods that slices name and the input lacks, by their addresses."""
    known = {pod.ref for pod in snapshot.pods}
    taken = {address for pod in snapshot.pods for address in pod.ips}
    found: dict[Address, ObjectRef] = {}
    for each in snapshot.endpoint_slices:
        for endpoint in each.endpoints:
            if endpoint.target is None or endpoint.target.kind != "Pod" or endpoint.target in known:
                continue
            for text in endpoint.addresses:
                address = address_or_none(text)
                if address is not None and address not in taken:
                    found.setdefault(address, endpoint.target)
    return found


def why_open(
    engine: Engine, unread: Mapping[Address, ObjectRef], ends: tuple[End, End], number: int, answer: DirectionAnswer
) -> str:
    """Why the policies of one of the two ends (0: the sender's) are not settled by ``answer``; "" where they are.

    Sure is what no policy has a part in: an end that none selects, and everybody where none governs the direction.
    """
    subject, peer = (pod_of(unread, end) for end in (ends[number], ends[1 - number]))
    if subject is not None:
        direction = (Direction.EGRESS, Direction.INGRESS)[number]
        # By its labels any of them may select it, also one that selects nobody in the input.
        if not any(p.is_about(direction) for p in engine.policies) and not engine.snapshot.rejected_policies:
            return ""
    elif peer is None or (answer.verdict == "allowed" and not answer.effects):
        return ""
    pod = subject if subject is not None else peer
    refused = engine.snapshot.unread_text("Pod")
    where = f"was not read: {refused}" if refused else "is not in the input"
    return f"{pod} {where}; what policies say of it by its labels is not known"


def pod_of(unread: Mapping[Address, ObjectRef], end: End) -> ObjectRef | None:
    """The pod that an end stands for and the input lacks."""
    return unread.get(end) if isinstance(end, Address) else None
