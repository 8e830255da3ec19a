"""A plan as flat rows of texts, as a form and its tables hold it, and as the link that carries it whole."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from lib.ipplan.demand import AddressPlanInput
from lib.ipplan.write import to_document

Texts = dict[str, str]
PLAN_FIELDS: Final = ("vnet", "vnet_name", "resource_group", "connected", "start", "keep")
CLUSTER_FIELDS: Final = (
    "name", "model", "node_subnet", "pod_subnet", "pod_cidr", "service_cidr", "dns_service_ip", "dual_stack",
    "pod_cidr_ipv6", "service_cidr_ipv6", "pod_cidr_now", "services", "load_balancer_ports", "internal_load_balancers",
    "private_link_services", "private_link_ips", "private_endpoints", "other_addresses", "api_server_vnet_integration",
    "policy_engine", "outbound_type", "outbound_ips", "outbound_ports_per_node", "pods_ceiling",
    "growth_per_month", "target_date",
)  # fmt: skip
POOL_FIELDS: Final = (
    "cluster", "name", "nodes", "nodes_max", "max_pods", "surge", "mode", "os", "max_unavailable", "replaced",
    "auto_provisioned", "pods_expected", "zones", "node_subnet", "pod_subnet", "egress_prefix",
)  # fmt: skip
SUBNET_FIELDS: Final = ("service", "name", "prefix", "cidr", "ipv6", "delegation")
PACKED: Final = "plan"
READABLE_CHARS_MAX: Final = 1_500
LINK_CHARS_MAX: Final = 6_000
ROWS_MAX: Final = 20_000
_UNPACKED_BYTES_MAX: Final = 2_000_000


@dataclass(frozen=True, slots=True)
class Sheet:
    """The texts of a plan as a person typed them, right or wrong; "" and a missing key both mean left open.

    Every pool names its ``cluster``, which may be left out where there is only one.
    """

    plan: Texts
    clusters: tuple[Texts, ...]
    pools: tuple[Texts, ...]
    subnets: tuple[Texts, ...] = ()

    def document(self) -> dict[str, Any]:
        """The mapping that ``read_plan`` reads; a pool of an unknown cluster is left to the reader to refuse."""
        names = names_of(self.clusters)
        by_cluster: dict[str, list[Texts]] = {name: [] for name in names}
        lost: list[Texts] = []
        for pool in self.pools:
            cluster = pool.get("cluster") or names[0]
            rest = _given({key: value for key, value in pool.items() if key != "cluster"})
            if cluster in by_cluster:
                by_cluster[cluster].append(rest)
            else:
                lost.append({**rest, "cluster": cluster})
        clusters: list[dict[str, Any]] = [
            {**_given(cluster), "name": name, "pools": [*by_cluster[name], *(lost if name == names[0] else [])]}
            for cluster, name in zip(self.clusters, names, strict=True)
        ]
        found: dict[str, Any] = {**_given(self.plan), "clusters": clusters}
        if self.subnets:
            found["extra_subnets"] = [_given(subnet) for subnet in self.subnets]
        return found


def names_of(clusters: Iterable[Texts]) -> list[str]:
    """The names of the clusters, as the reader gives them to those without one."""
    return [cluster.get("name") or ("cluster" if i == 0 else f"cluster{i}") for i, cluster in enumerate(clusters)]


def sheet_of(demand: AddressPlanInput) -> Sheet:
    """The sheet of a demand that was read."""
    document = to_document(demand)
    several = len(demand.clusters) > 1
    pools = tuple(
        _texts({"cluster": cluster["name"], **pool} if several else pool)
        for cluster in document["clusters"]
        for pool in cluster["pools"]
    )
    return Sheet(
        plan=_texts(
            {
                "start": document.get("start"),
                "vnet": document.get("vnet"),
                "vnet_name": document.get("vnet_name"),
                "resource_group": document.get("resource_group"),
                "connected": [f"{_one(o.get('name', ''))} {o['cidr']}".strip() for o in document.get("connected", [])],
                "keep": [f"{name}={cidr}" for name, cidr in document.get("keep", {}).items()],
            }
        ),
        clusters=tuple(_texts({k: v for k, v in c.items() if k != "pools"}) for c in document["clusters"]),
        pools=pools,
        subnets=tuple(_texts(subnet) for subnet in document.get("extra_subnets", [])),
    )


def to_link(sheet: Sheet) -> Texts | None:
    """The sheet as the parameters of a link: readable where it is short, else packed; None where it is too long."""
    found = _given(sheet.plan)
    if len(sheet.clusters) == 1:
        found |= _given(sheet.clusters[0])
    else:
        found["clusters"] = rows_text(sheet.clusters)
    found |= _given({"pools": rows_text(sheet.pools), "subnets": rows_text(sheet.subnets)})
    if sum(len(key) + len(value) for key, value in found.items()) <= READABLE_CHARS_MAX:
        return found
    content = {"plan": sheet.plan, "clusters": sheet.clusters, "pools": sheet.pools, "subnets": sheet.subnets}
    data = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    packed = base64.urlsafe_b64encode(zlib.compress(data.encode(), 9)).decode().rstrip("=")
    return {PACKED: packed} if len(packed) <= LINK_CHARS_MAX else None


def from_link(values: Mapping[str, str], default: Sheet) -> tuple[Sheet, str]:
    """The sheet that a link's parameters name and a sentence on what of them can't be read, "" where all can.

    What the link does not name is taken from ``default``; parameters that are none of a plan's are left alone.
    """
    if PACKED in values:
        found = _unpacked(values[PACKED])
        return (
            (found, "") if found is not None else (default, "The link's plan can't be read: it is cut off or changed.")
        )
    clusters = rows_of(values["clusters"]) if "clusters" in values else default.clusters
    own = {key: values[key] for key in CLUSTER_FIELDS if key in values}
    if len(clusters) == 1:
        clusters = ({**clusters[0], **own},)
    pools = rows_of(values["pools"]) if values.get("pools") else default.pools
    subnets = rows_of(values["subnets"]) if "subnets" in values else default.subnets
    plan = {**default.plan, **{key: values[key] for key in PLAN_FIELDS if key in values}}
    if not clusters or len(clusters) + len(pools) + len(subnets) > ROWS_MAX:
        return default, "The link's plan can't be read: it names no cluster, or too much."
    return Sheet(plan, clusters, pools, subnets), ""


def rows_text(rows: Iterable[Texts]) -> str:
    """Rows as ``name=apps,nodes=3;name=…``; the characters that part fields and rows become spaces."""
    return ";".join(
        ",".join(f"{key.replace('_', '-')}={_one(value)}" for key, value in _given(row).items()) for row in rows if row
    )


def rows_of(text: str) -> tuple[Texts, ...]:
    """The opposite of ``rows_text``; what has no ``=`` is kept as a field of that name, for the reader to refuse."""
    found = []
    for row in text.split(";")[: ROWS_MAX + 1]:
        parts = [part.partition("=") for part in row.split(",") if part.strip()]
        texts = {
            key.strip().replace("-", "_"): value.strip() if equals else key.strip() for key, equals, value in parts
        }
        if texts:
            found.append(texts)
    return tuple(found)


def _unpacked(text: str) -> Sheet | None:
    if len(text) > LINK_CHARS_MAX:
        return None
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        unpacker = zlib.decompressobj()
        data = unpacker.decompress(packed, _UNPACKED_BYTES_MAX)
        if unpacker.unconsumed_tail or not unpacker.eof:
            return None
        content = json.loads(data)
    except (binascii.Error, zlib.error, ValueError, RecursionError):
        return None
    if not isinstance(content, dict) or not _is_texts(content.get("plan")):
        return None
    rows = [content.get(key) for key in ("clusters", "pools", "subnets")]
    if not all(isinstance(part, list) and all(_is_texts(row) for row in part) for part in rows):
        return None
    clusters, pools, subnets = (tuple(part) for part in rows if isinstance(part, list))
    if not clusters or len(clusters) + len(pools) + len(subnets) > ROWS_MAX:
        return None
    return Sheet(content["plan"], clusters, pools, subnets)


def _is_texts(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(v, str) for pair in value.items() for v in pair)


def _given(texts: Mapping[str, str]) -> Texts:
    return {key: value for key, value in texts.items() if value != ""}


def _texts(values: Mapping[str, Any]) -> Texts:
    return {key: _text(value) for key, value in values.items() if value is not None and value != []}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return (", " if any("/" in str(item) for item in value) else " ").join(map(str, value))
    return str(value)


def _one(value: str) -> str:
    return value.replace(",", " ").replace(";", " ")
