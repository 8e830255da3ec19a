"""How full every range of an address plan is, as rows of segments: what the picture of the address space draws."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from lib.ipplan.result import AddressPlan, ClusterPlan
from lib.ipplan.subnets import SubnetPlan, SubnetRole


class Part(Enum):
    """What a part of a range is; the value is the legend's words."""

    NOW = "in use now"
    GROWTH = "growth to the maximum"
    UPGRADE = "during an upgrade"
    OTHER = "endpoints and Services"
    RESERVED = "reserved"
    FREE = "free"
    MISSING = "missing"
    SUBNET = "subnet"
    ROOM = "room to grow"
    AVOIDED = "not for subnets"


@dataclass(frozen=True, slots=True)
class Segment:
    """``amount`` addresses (or nodes) of a range."""

    part: Part
    amount: int


@dataclass(frozen=True, slots=True)
class RangeRow:
    """One range of the plan.

    The segments add up to ``capacity``, or to more by the amount of a MISSING one. ``summary`` says in words how much
    is left.
    """

    title: str
    detail: str
    summary: str
    unit: str
    capacity: int
    segments: tuple[Segment, ...]

    @property
    def missing(self) -> int:
        """How much more the plan needs than the range has."""
        return sum(segment.amount for segment in self.segments if segment.part is Part.MISSING)

    @property
    def fullness(self) -> float:
        """Needed of capacity, as a fraction; over 1 when something is missing."""
        free = sum(segment.amount for segment in self.segments if segment.part is Part.FREE)
        return (self.capacity + self.missing - free) / self.capacity if self.capacity else float("inf")


def range_rows(plan: AddressPlan) -> tuple[RangeRow, ...]:
    """Every subnet that clusters use, then the clusters' pod CIDRs and service CIDRs; those that are alike are one."""
    rows = [_subnet(plan, subnet) for subnet in plan.subnets if subnet.role is not SubnetRole.OTHER]
    outside: dict[RangeRow, list[str]] = {}
    for cluster in plan.clusters:
        for row in (*_pod_cidr(cluster), _service_cidr(cluster)):
            outside.setdefault(row, []).append(cluster.demand.name)
    several = len(plan.clusters) > 1
    rows.extend(replace(row, title=_whose(names) + row.title) if several else row for row, names in outside.items())
    return tuple(rows)


def _whose(names: list[str]) -> str:
    return f"{', '.join(names)}: " if len(names) <= 2 else f"{len(names):,} clusters: "


def subnet_title(subnet: SubnetPlan) -> str:
    """What a subnet is called; one that was given by its prefix alone is named after the clusters in it."""
    if subnet.cidr is not None and subnet.name == str(subnet.cidr) and subnet.clusters:
        return f"{', '.join(subnet.clusters)}: {subnet.role.value}"
    return subnet.name


def _chosen_by(plan: AddressPlan, subnet: SubnetPlan, cidr: object) -> str:
    if not cidr:
        return "smallest that fits"
    return "pinned" if any(name == subnet.name for name, _ in plan.demand.kept) else "suggested"


def _subnet(plan: AddressPlan, subnet: SubnetPlan) -> RangeRow:
    cidr = plan.layout.cidr_of(subnet)
    if subnet.prefix is None:
        detail = "no prefix is large enough"
    elif subnet.is_chosen:
        detail = f"{cidr} · {subnet.role.value}"
    else:
        detail = f"{cidr or f'/{subnet.prefix}'} · {subnet.role.value} · {_chosen_by(plan, subnet, cidr)}"
    wanted = (
        Segment(Part.NOW, subnet.ips_now),
        Segment(Part.GROWTH, subnet.ips_at_max - subnet.ips_now),
        Segment(Part.UPGRADE, subnet.ips_needed - subnet.ips_at_max),
        Segment(Part.OTHER, subnet.ips_other),
        Segment(Part.RESERVED, subnet.reserved),
    )
    summary = _summary(subnet.usable, subnet.ips_needed + subnet.ips_other, "")
    return RangeRow(subnet_title(subnet), detail, summary, "addresses", subnet.size, _fit(wanted, subnet.size))


def _pod_cidr(cluster: ClusterPlan) -> tuple[RangeRow, ...]:
    plan = cluster.pod_cidr
    if plan is None:
        return ()
    wanted = (
        Segment(Part.NOW, plan.nodes_now),
        Segment(Part.GROWTH, plan.nodes_at_max - plan.nodes_now),
        Segment(Part.UPGRADE, plan.nodes_needed - plan.nodes_at_max),
    )
    detail = f"{plan.cidr} · outside the network"
    summary = _summary(plan.nodes_max, plan.nodes_needed, "nodes ")
    return (RangeRow("pod CIDR", detail, summary, "nodes", plan.nodes_max, _fit(wanted, plan.nodes_max)),)


def _service_cidr(cluster: ClusterPlan) -> RangeRow:
    plan = cluster.service_cidr
    wanted = (Segment(Part.RESERVED, plan.size - plan.usable), Segment(Part.OTHER, plan.services or 0))
    summary = f"{plan.usable:,} addresses" if plan.services is None else _summary(plan.usable, plan.services, "")
    detail = f"{plan.cidr} · virtual addresses"
    return RangeRow("service CIDR", detail, summary, "addresses", plan.size, _fit(wanted, plan.size))


def _fit(wanted: tuple[Segment, ...], capacity: int) -> tuple[Segment, ...]:
    """The wanted segments cut off at the capacity, and what is free or missing after them."""
    room, fitted = capacity, []
    for segment in wanted:
        amount = min(segment.amount, room)
        room -= amount
        fitted.append(Segment(segment.part, amount))
    missing = sum(segment.amount for segment in wanted) - capacity
    fitted.append(Segment(Part.MISSING, missing) if missing > 0 else Segment(Part.FREE, room))
    return tuple(segment for segment in fitted if segment.amount)


def _summary(usable: int, taken: int, unit: str) -> str:
    if taken > usable:
        return f"✖ {taken - usable:,} {unit}missing"
    percent = 100 * taken / usable if usable else 0.0
    used = "under 1" if 0 < percent < 1 else f"{percent:.0f}"
    return f"{usable - taken:,} {unit}free · {used} % used"
