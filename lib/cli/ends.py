"""The ends of a flow as people write them on the command line."""

from __future__ import annotations

from ipaddress import ip_network

from lib.cli.load import UsageError
from lib.model.refs import ObjectRef
from lib.model.sets import AddressSet
from lib.model.snapshot import Snapshot
from lib.policy.explain import End

SHOWN_CANDIDATES = 20


def parse_end(text: str, snapshot: Snapshot) -> End:
    """A workload, pod or node by reference, or outside addresses by address, prefix or ``first-last[External]``.

    References are ``namespace/name``, ``namespace/kind/name``, ``namespace/name[Kind]``, ``node/NAME`` and
    ``node/NAME[Node]``; a workload wins over a pod of the same name. Raises UsageError with the candidates when none
    or several fit.
    """
    addresses = _addresses(text)
    if addresses is not None:
        return addresses
    named, kind = _split_kind(text)
    parts = named.split("/")
    if parts[0] == "node" and len(parts) == 2 and kind in ("", "Node"):
        nodes = [n for n in snapshot.nodes if n.name == parts[1]]
        if nodes:
            return nodes[0]
        raise UsageError(f"no node {parts[1]!r} in the input{_listed([f'node/{n.name}' for n in snapshot.nodes])}")
    if len(parts) == 3:
        parts, kind = [parts[0], parts[2]], parts[1]
    if len(parts) != 2:
        raise UsageError(f"{text!r} is no reference: write namespace/name, an address or a prefix")
    namespace, name = parts

    def fits(ref: ObjectRef) -> bool:
        same_kind = not kind or ref.kind.lower() == kind.lower()
        return ref.namespace == namespace and ref.name == name and same_kind

    workloads = [w for w in snapshot.workloads if fits(w.ref)]
    if len(workloads) == 1:
        return workloads[0]
    if len(workloads) > 1:
        raise UsageError(f"{text!r} is ambiguous{_listed([str(w.ref) for w in workloads])}")
    pods = [p for p in snapshot.pods if fits(p.ref)]
    if pods:
        return pods[0]
    near = [str(w.ref) for w in snapshot.workloads_by_namespace.get(namespace, ())]
    raise UsageError(f"no workload or pod {text!r} in the input{_listed(near)}")


def _addresses(text: str) -> AddressSet | None:
    bare = text.removesuffix("[External]").strip("[]") if "/" not in text or ":" in text else text
    first, dash, last = text.removesuffix("[External]").partition("-")
    try:
        if dash and text.endswith("[External]"):
            low, high = ip_network(first), ip_network(last)
            if low.version != high.version or int(low[0]) > int(high[0]):
                raise UsageError(f"{text!r} is no range of addresses: its first is after its last")
            interval = (int(low[0]), int(high[0]))
            return AddressSet(ipv4=(interval,)) if low.version == 4 else AddressSet(ipv6=(interval,))
        return AddressSet.from_networks([ip_network(bare, strict=False)])
    except ValueError:
        return None


def _split_kind(text: str) -> tuple[str, str]:
    if text.endswith("]") and "[" in text:
        named, _, kind = text[:-1].partition("[")
        return named, kind
    return text, ""


def _listed(candidates: list[str]) -> str:
    if not candidates:
        return ""
    more = f"\n  and {len(candidates) - SHOWN_CANDIDATES} more" if len(candidates) > SHOWN_CANDIDATES else ""
    return "; did you mean one of\n  " + "\n  ".join(sorted(candidates)[:SHOWN_CANDIDATES]) + more
