"""``metadata`` of every object: name, namespace, labels, owners, and the few annotations that networking needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from lib.loaders.documents import RawObject
from lib.loaders.kinds import KEPT_ANNOTATIONS
from lib.loaders.parse.fields import Fields
from lib.loaders.parse.session import Entry, Session, Unknown, field_names, quote
from lib.loaders.parse.syntax import is_plain_name, label_fault, subdomain_fault
from lib.model.labels import Labels
from lib.model.records import dataclass
from lib.model.refs import ObjectRef

DEFAULT_NAMESPACE: Final = "default"
TOP_FIELDS: Final = frozenset({"apiVersion", "kind", "metadata"})
METADATA_FIELDS: Final = field_names(
    "annotations clusterName creationTimestamp deletionGracePeriodSeconds deletionTimestamp finalizers generateName "
    "generation labels managedFields name namespace ownerReferences resourceVersion selfLink uid"
)


@dataclass(frozen=True, slots=True)
class Owner:
    """One ownerReference; the owner stands in the same namespace or is cluster-scoped."""

    kind: str
    name: str
    controller: bool


@dataclass(slots=True)
class Reading:
    """An object whose metadata was read: its Entry, its root, and what metadata says."""

    entry: Entry
    root: Fields
    meta: Fields
    ref: ObjectRef
    labels: Labels
    api_version: str

    @property
    def namespace(self) -> str:
        """The object's namespace; "" for a cluster-scoped one."""
        return self.ref.namespace

    @property
    def annotations(self) -> Labels:
        """The annotations that networking needs; all others stay behind."""
        found = self.meta.text_map("annotations")
        return {k: v for k, v in found.items() if k.startswith(KEPT_ANNOTATIONS)} if found else found

    @property
    def deleting(self) -> bool:
        """Whether a deletionTimestamp is set."""
        return self.meta.has("deletionTimestamp")

    @property
    def uid(self) -> str:
        """``metadata.uid``, "" in a manifest."""
        return self.meta.text("uid")

    @property
    def created(self) -> str:
        """``creationTimestamp`` as written, "" where absent."""
        value = self.meta.data.get("creationTimestamp")
        return "" if value is None else str(value)[:64]


def rough_ref(obj: Mapping[str, Any], kind: str, namespaced: bool) -> ObjectRef:
    """The name of an object that may be broken: what is not readable is shown as ``?``."""
    meta = obj.get("metadata")
    data = meta if isinstance(meta, Mapping) else {}
    name, namespace = data.get("name"), data.get("namespace")
    if name is None:
        name = data.get("generateName")
    if not namespaced:
        return ObjectRef("", _shown(name), kind)
    return ObjectRef(
        _shown(namespace) if namespace is not None and namespace != "" else DEFAULT_NAMESPACE, _shown(name), kind
    )


def _shown(name: object) -> str:
    if not isinstance(name, str) or not name:
        return "?"
    return str(name) if is_plain_name(name) else quote(name)[1:-1]


def open_object(
    session: Session,
    raw: RawObject,
    *,
    namespaced: bool = True,
    unknown: Unknown = Unknown.IGNORED,
    name_fault: Callable[[str], str] = subdomain_fault,
    fields: frozenset[str] = frozenset({"spec", "status"}),
) -> Reading:
    """Read ``metadata`` and check names, labels and (for strict kinds) the outermost fields."""
    obj = raw.obj
    entry = Entry(session, raw.source, rough_ref(obj, raw.kind, namespaced), unknown)
    root = Fields(entry, obj)
    meta = root.section("metadata")
    entry.live = meta.has("uid") or bool(meta.data.get("resourceVersion"))
    if unknown is not Unknown.IGNORED:
        root.only(TOP_FIELDS | fields)
        meta.only(METADATA_FIELDS)
    _check_names(meta, namespaced, name_fault)
    labels = meta.labels("labels")
    _check_annotations(meta)
    return Reading(entry, root, meta, entry.subject, labels, raw.api_version)


def _check_names(meta: Fields, namespaced: bool, name_fault: Callable[[str], str]) -> None:
    name = meta.text("name")
    if name:
        _check_name(meta, "name", name, name_fault)
    elif not isinstance(meta.data.get("name"), str | None):
        pass  # the wrong type is reported already
    elif generated := meta.text("generateName"):
        meta.warn(
            "generateName",
            "generated-name",
            f"the server will add a random ending to {quote(generated)}",
            "Nothing to do; the object is listed by the beginning of its name.",
        )
    else:
        meta.error(None, "missing-name", "the object has no metadata.name", "Add metadata.name.")
    if namespaced and (namespace := meta.text("namespace")):
        _check_name(meta, "namespace", namespace, label_fault)


def _check_name(meta: Fields, key: str, name: str, name_fault: Callable[[str], str]) -> None:
    """Report a name that the server refuses; the object counts where the name is a plain word all the same.

    What a name like ``web_1`` or ``Web`` means is clear, and nothing that is decided depends on its characters.
    """
    fault = name_fault(name)
    if not fault:
        return
    message = f"{quote(name)} {fault}"
    if is_plain_name(name):
        message += "; the API server refuses it, here the object counts"
        meta.warn(key, "invalid-name", message, "Give the object a valid name.")
    else:
        meta.error(key, "invalid-name", message, "Give the object a valid name.")


def _check_annotations(meta: Fields) -> None:
    session = meta.entry.session
    for key in meta.text_map("annotations"):
        if key not in session.valid_keys and (fault := session.key_fault(key.lower())):
            message = f"the key {quote(key)} {fault}"
            meta.error("annotations", "invalid-annotation-key", message, "Correct the annotation's key.")


def owner_of(meta: Fields) -> Owner | None:
    """The controlling ownerReference, else the first one; None for an object on its own.

    A Node as owner is none: the pods that a kubelet starts from its own files have nothing else in common. The API
    server refuses an owner without a kind; hand-written pods that name one still belong together, so ``kind`` is "".
    """
    references = meta.data.get("ownerReferences")
    if not references:
        return None
    if type(references) is list and len(references) == 1 and type(references[0]) is dict:
        only = Fields(meta.entry, references[0], (*meta.path, "ownerReferences", 0))
        return _owner(only)
    found: Owner | None = None
    for reference in meta.children("ownerReferences"):
        owner = _owner(reference)
        if owner is not None and owner.controller:
            return owner
        found = found or owner
    return found


def _owner(reference: Fields) -> Owner | None:
    kind, name = reference.text("kind"), reference.text("name")
    if not name or kind == "Node":
        return None
    if not kind:
        message = f"the owner {quote(name)} has no kind; pods that name it count as one workload all the same"
        reference.warn(None, "owner-without-kind", message, "Add the owner's apiVersion, kind and uid.")
    return Owner(kind, name, reference.boolean("controller"))
