"""Ingress and Gateway controllers of AKS, looked up by the names that objects carry."""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from functools import cache
from typing import Any

from lib.facts.files import read_list
from lib.model.records import dataclass


@dataclass(frozen=True, slots=True)
class ControllerPods:
    """Where a controller's pods run and by which labels they are known.

    ``namespace`` is "" where it is the Gateway's own; ``{gateway}`` in a label's value stands for the Gateway's name.
    """

    namespace: str
    labels: tuple[tuple[str, str], ...]
    source: str


@dataclass(frozen=True, slots=True)
class Stage:
    """How a controller is supported for a while.

    ``state`` is ``supported``, ``security-patches``, ``ending``, ``unmaintained``, ``legacy`` or ``retired``.
    ``until`` is the last day, that of the whole month where the sources name no day; None for the last stage.
    """

    state: str
    says: str
    until: date | None
    day_is_known: bool


@dataclass(frozen=True, slots=True)
class Support:
    """How a controller is supported on one day; ``text`` says it in sentences."""

    state: str
    text: str


@dataclass(frozen=True, slots=True)
class IngressController:
    """One kind of controller and the names it answers to.

    ``kind`` is ``nginx``, ``envoy`` or ``azure``: whose matching rules apply. ``stages`` follow each other in time.
    A class controller that ends in ``/*`` stands for every
    name below it. ``pods`` is empty where it runs outside the cluster, or wherever it was installed.
    """

    id: str
    label: str
    kind: str
    hosting: str
    managed_by: str
    stages: tuple[Stage, ...]
    ingress_classes: tuple[str, ...]
    class_controllers: tuple[str, ...]
    annotations: tuple[str, ...]
    gateway_classes: tuple[str, ...]
    gateway_controllers: tuple[str, ...]
    sources: tuple[str, ...]
    checked: date
    pods: tuple[ControllerPods, ...] = ()

    def support(self, day: date | None = None) -> Support:
        """How it is supported on ``day``; None: on the day when the sources were read."""
        when = day or self.checked
        stage = next(s for s in self.stages if s.until is None or when <= s.until)
        this_month = stage.until is not None and not stage.day_is_known and when >= stage.until.replace(day=1)
        more = " That is this month; no source names the day." if this_month else ""
        return Support(stage.state, stage.says + more)

    def serves_class_controller(self, value: str) -> bool:
        """Whether ``value`` (an IngressClass's spec.controller) is this controller's."""
        return any(
            value.startswith(name[:-1]) if name.endswith("/*") else value == name for name in self.class_controllers
        )


def _stages(entries: list[dict[str, Any]]) -> tuple[Stage, ...]:
    found: list[Stage] = []
    since = ""
    for entry in entries:
        written = entry["until"] or ""
        until, words = _day(written)
        says = entry["says"].format(until=words, since=since)
        found.append(Stage(entry["state"], says, until, len(written) > len("2026-01")))
        since = words
    return tuple(found)


def _day(written: str) -> tuple[date | None, str]:
    """The last day of ``2026-03-02`` or ``2026-03``, and that in words; None for ""."""
    if not written:
        return None, ""
    year, month, *days = map(int, written.split("-"))
    if days:
        day = date(year, month, days[0])
        return day, f"{day.day} {day:%B %Y}"
    return date(year, month, monthrange(year, month)[1]), f"{date(year, month, 1):%B %Y}"


@cache
def ingress_controllers() -> tuple[IngressController, ...]:
    """Every controller that the data file knows, in its order."""
    return tuple(
        IngressController(
            id=entry["id"],
            label=entry["label"],
            kind=entry["kind"],
            hosting=entry["hosting"],
            managed_by=entry["managed_by"],
            stages=_stages(entry["stages"]),
            ingress_classes=tuple(entry["ingress_classes"]),
            class_controllers=tuple(entry["class_controllers"]),
            annotations=tuple(entry["annotations"]),
            gateway_classes=tuple(entry["gateway_classes"]),
            gateway_controllers=tuple(entry["gateway_controllers"]),
            sources=tuple(entry["sources"]),
            checked=entry["checked"],
            pods=tuple(
                ControllerPods(pods["namespace"], tuple(pods["labels"].items()), pods["source"])
                for pods in entry.get("pods", ())
            ),
        )
        for entry in read_list("ingress_controllers.yaml")
    )


def controller_by_class_controller(value: str) -> IngressController | None:
    """Who serves an IngressClass with spec.controller ``value``; None if nobody known. Ask this before the name."""
    return next((c for c in ingress_controllers() if c.serves_class_controller(value)), None)


def controller_by_ingress_class(name: str) -> IngressController | None:
    """Who usually serves ``ingressClassName: name``, for when the IngressClass object is not in the input."""
    return next((c for c in ingress_controllers() if name in c.ingress_classes), None)


def controller_by_annotation(value: str) -> IngressController | None:
    """Who serves an Ingress with the annotation ``kubernetes.io/ingress.class: value``; None if nobody known."""
    return next((c for c in ingress_controllers() if value in c.annotations), None)


def controller_by_gateway_controller(value: str) -> IngressController | None:
    """Who serves a GatewayClass with spec.controllerName ``value``; None if nobody known."""
    return next((c for c in ingress_controllers() if value in c.gateway_controllers), None)


def controller_by_gateway_class(name: str) -> IngressController | None:
    """Who usually serves ``gatewayClassName: name``, for when the GatewayClass object is not in the input."""
    return next((c for c in ingress_controllers() if name in c.gateway_classes), None)
