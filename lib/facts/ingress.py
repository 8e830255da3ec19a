"""Ingress and Gateway controllers of AKS, looked up by the names that objects carry."""

from __future__ import annotations

from datetime import date
from functools import cache

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
class IngressController:
    """One kind of controller and the names it answers to.

    ``kind`` is ``nginx``, ``envoy`` or ``azure``: whose matching rules apply. ``state`` is ``supported``,
    ``security-patches``, ``unmaintained``, ``legacy`` or ``retired``; ``state_text`` says it in a sentence and
    ``ends`` is the date that goes with it ("" without one). A class controller that ends in ``/*`` stands for every
    name below it. ``pods`` is empty where it runs outside the cluster, or wherever it was installed.
    """

    id: str
    label: str
    kind: str
    hosting: str
    managed_by: str
    state: str
    state_text: str
    ends: str
    ingress_classes: tuple[str, ...]
    class_controllers: tuple[str, ...]
    annotations: tuple[str, ...]
    gateway_classes: tuple[str, ...]
    gateway_controllers: tuple[str, ...]
    sources: tuple[str, ...]
    checked: date
    pods: tuple[ControllerPods, ...] = ()

    def serves_class_controller(self, value: str) -> bool:
        """Whether ``value`` (an IngressClass's spec.controller) is this controller's."""
        return any(
            value.startswith(name[:-1]) if name.endswith("/*") else value == name for name in self.class_controllers
        )


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
            state=entry["state"],
            state_text=entry["state_text"],
            ends=str(entry["ends"] or ""),
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
