"""What an object is called and where in the input it stands."""

from __future__ import annotations

from typing import Final

from lib.model.records import dataclass

PathStep = str | int


OUTSIDE_SUFFIX: Final = "[External]"
"""Stands behind addresses outside the cluster where ends of flows are written."""
INGRESS_CONTROLLER: Final = "{ingress-controller}"
"""The end of the rows of ``flows`` that come from routes."""


@dataclass(frozen=True, slots=True, order=True)
class ObjectRef:
    """Names one Kubernetes object.

    ``namespace`` is "" for cluster-scoped kinds. ``str()`` gives the form that every table and report uses:
    ``shop/web[Deployment]``, or ``agic[IngressClass]`` without a namespace.
    """

    namespace: str
    name: str
    kind: str

    @property
    def qualified_name(self) -> str:
        """``namespace/name``, or the bare name of a cluster-scoped object."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name

    def __str__(self) -> str:
        return f"{self.qualified_name}[{self.kind}]"


@dataclass(frozen=True, slots=True, order=True)
class Source:
    """Where in the input a value stands: file, document and the path of keys inside the object.

    ``document`` counts from 1 inside the file; ``item`` is the position in a ``kind: List`` (-1: the document is the
    object itself). ``path`` starts at the object, e.g. ``("spec", "ingress", 0, "from", 1)``. Lines are not kept here:
    ``loaders.locate`` finds them from the document's text.
    """

    file: str
    document: int
    path: tuple[PathStep, ...] = ()
    item: int = -1

    def at(self, *steps: PathStep) -> Source:
        """The same place, ``steps`` deeper."""
        return Source(self.file, self.document, self.path + steps, self.item)

    @property
    def path_text(self) -> str:
        """The path in kubectl's notation, e.g. ``spec.ingress[0].from[1]``; "" for the object itself."""
        return format_path(self.path)


def format_path(path: tuple[PathStep, ...]) -> str:
    """Write a path of keys and positions as ``spec.ports[0].name``; keys that hold a dot are put in brackets."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif "." in step or "/" in step:
            text += f"[{step!r}]"
        else:
            text += f".{step}" if text else step
    return text
