"""Ingress and Gateway classes → the controller that serves them."""

from __future__ import annotations

from datetime import date
from typing import Final

from lib.facts.ingress import (
    IngressController,
    Support,
    controller_by_annotation,
    controller_by_class_controller,
    controller_by_gateway_class,
    controller_by_gateway_controller,
    controller_by_ingress_class,
)
from lib.model.records import dataclass, replace
from lib.model.refs import Source
from lib.model.routes import Gateway, GatewayClass, Ingress, IngressClass
from lib.model.snapshot import Snapshot
from lib.routing.coverage import not_checked
from lib.routing.faults import Fault, Issue, issue

# States of a controller that nobody should start to use; the words are those of the facts file.
_FADING: Final = {
    "security-patches": Fault.CONTROLLER_FADING,
    "ending": Fault.CONTROLLER_FADING,
    "unmaintained": Fault.CONTROLLER_RETIRED,
    "retired": Fault.CONTROLLER_RETIRED,
}


@dataclass(frozen=True, slots=True)
class ClassAnswer:
    """Which class counts and who serves it.

    ``name`` is "" where none is named and none is the default. ``how`` says where the name comes from: spec,
    annotation, default or none. ``controller_name`` is the class object's own word ("" where the object is not in the
    input), ``controller`` what is known of it, None for another or an unknown one. ``source`` is where the class is
    named; ``support`` how the controller is supported on the day that was asked about, None where nobody asked.
    """

    name: str
    how: str
    controller_name: str
    controller: IngressController | None
    issues: tuple[Issue, ...] = ()
    unchecked: tuple[str, ...] = ()
    source: Source | None = None
    support: Support | None = None

    @property
    def label(self) -> str:
        """The controller in words: its name, ``other (NAME)`` or ``unknown``."""
        if self.controller is not None:
            return self.controller.label
        return f"other ({self.controller_name})" if self.controller_name else "unknown"

    @property
    def state_text(self) -> str:
        """What is known of the controller's support; "" where nothing is."""
        return self.support.text if self.support else ""

    def on(self, day: date | None) -> ClassAnswer:
        """The answer with the controller's support on ``day``, and an issue where it ends; None: as facts have it."""
        if self.controller is None:
            return self
        support = self.controller.support(day)
        fault = _FADING.get(support.state)
        if fault is None or self.source is None:
            return replace(self, support=support)
        told = issue(fault, self.source, controller=self.controller.label, state=support.text.rstrip("."))
        return replace(self, support=support, issues=(told, *self.issues))

    @property
    def is_nginx(self) -> bool:
        """Whether Ingress NGINX's matching rules apply."""
        return self.controller is not None and self.controller.kind == "nginx"

    @property
    def key(self) -> str:
        """What Ingresses have in common that one controller serves together."""
        return self.controller_name or (self.controller.id if self.controller else "") or self.name


def class_of_ingress(snapshot: Snapshot, ingress: Ingress) -> ClassAnswer:
    """The class and controller of an Ingress: its field, else its annotation, else the default IngressClass."""
    if ingress.class_from_annotation:
        return _annotated(snapshot, ingress)
    if ingress.class_name:
        source = ingress.source.at("spec", "ingressClassName")
        return _named(snapshot, ingress.class_name, "spec", source)
    defaults = [c for c in snapshot.ingress_classes if c.is_default]
    if len(defaults) == 1:
        return _known(defaults[0], "default", ingress.source)
    if defaults:
        classes = ", ".join(sorted(c.name for c in defaults))
        found = issue(Fault.SEVERAL_DEFAULT_CLASSES, ingress.source, classes=classes)
        return ClassAnswer("", "none", "", None, (found,))
    if snapshot.is_complete("IngressClass"):
        return ClassAnswer("", "none", "", None, (issue(Fault.CLASS_NOT_SET, ingress.source),))
    return ClassAnswer("", "none", "", None, (), (not_checked(snapshot, "the default class", "IngressClass"),))


def _annotated(snapshot: Snapshot, ingress: Ingress) -> ClassAnswer:
    """The annotation names a controller rather than an IngressClass, so that no object of that name need exist."""
    source = ingress.source.at("metadata", "annotations", "kubernetes.io/ingress.class")
    controller = controller_by_annotation(ingress.class_name)
    if controller is None:
        found = next((c for c in snapshot.ingress_classes if c.name == ingress.class_name), None)
        if found is not None:
            return _known(found, "annotation", source)
    return ClassAnswer(ingress.class_name, "annotation", "", controller, source=source)


def _named(snapshot: Snapshot, name: str, how: str, source: Source) -> ClassAnswer:
    found = next((c for c in snapshot.ingress_classes if c.name == name), None)
    if found is not None:
        return _known(found, how, source)
    controller = controller_by_ingress_class(name)
    if snapshot.is_complete("IngressClass"):
        return ClassAnswer(name, how, "", None, (issue(Fault.CLASS_UNKNOWN, source, name=name),))
    unchecked = (not_checked(snapshot, f"class {name}", "IngressClass"),)
    return ClassAnswer(name, how, "", controller, (), unchecked, source)


def _known(found: IngressClass, how: str, source: Source) -> ClassAnswer:
    controller = controller_by_class_controller(found.controller)
    return ClassAnswer(found.name, how, found.controller, controller, source=source)


def class_of_gateway(snapshot: Snapshot, gateway: Gateway) -> ClassAnswer:
    """The class and controller of a Gateway."""
    name = gateway.class_name
    source = gateway.source.at("spec", "gatewayClassName")
    found = next((c for c in snapshot.gateway_classes if c.name == name), None)
    if found is not None:
        return _known_gateway_class(found, source)
    if snapshot.is_complete("GatewayClass"):
        missing = issue(Fault.GATEWAY_CLASS_MISSING, source, gateway=gateway.ref.qualified_name, name=name)
        return ClassAnswer(name, "spec", "", None, (missing,))
    controller = controller_by_gateway_class(name)
    unchecked = (not_checked(snapshot, f"class {name}", "GatewayClass"),)
    return ClassAnswer(name, "spec", "", controller, (), unchecked, source)


def _known_gateway_class(found: GatewayClass, source: Source) -> ClassAnswer:
    controller = controller_by_gateway_controller(found.controller)
    refused = (issue(Fault.GATEWAY_CLASS_REFUSED, source, name=found.name),) if found.accepted is False else ()
    return ClassAnswer(found.name, "spec", found.controller, controller, refused, source=source)
