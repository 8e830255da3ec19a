"""Certificates of Ingresses and listeners: which Secret, and whether it is there."""

from __future__ import annotations

from enum import Enum
from typing import Final

from lib.model.records import dataclass
from lib.model.refs import ObjectRef, Source
from lib.model.routes import Gateway, Ingress, IngressTLS, Listener
from lib.model.snapshot import Snapshot
from lib.routing.coverage import not_checked
from lib.routing.faults import Fault, Issue, issue
from lib.routing.hostnames import ingress_host_matches
from lib.routing.references import is_granted

KEY_VAULT_ANNOTATION: Final = "kubernetes.azure.com/tls-cert-keyvault-uri"
APP_GATEWAY_CERTIFICATE_ANNOTATION: Final = "appgw.ingress.kubernetes.io/appgw-ssl-certificate"
# core/v1, SecretTypeTLS: the keys that a TLS Secret must have.
_TLS_KEYS: Final = ("tls.crt", "tls.key")


class SecretState(Enum):
    """What is known of a certificate; ``value`` is the word in tables."""

    FOUND = "found"
    MISSING = "missing"
    NOT_CHECKED = "not checked"
    NOT_GRANTED = "not granted"
    UNUSABLE = "unusable"
    MANAGED = "from the controller"


@dataclass(frozen=True, slots=True)
class SecretView:
    """A certificate that a host uses; ``ref`` is None where the controller brings its own."""

    ref: ObjectRef | None
    state: SecretState
    note: str = ""

    def __str__(self) -> str:
        name = self.ref.name if self.ref else "certificate"
        return f"{name}: {self.state.value}" + (f" ({self.note})" if self.note else "")


@dataclass(frozen=True, slots=True)
class TlsView:
    """TLS of one route row; ``mode`` is none, terminate or passthrough."""

    mode: str = "none"
    secrets: tuple[SecretView, ...] = ()
    issues: tuple[Issue, ...] = ()
    unchecked: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "; ".join(map(str, self.secrets)) or self.mode


NO_TLS = TlsView()


def tls_of_host(snapshot: Snapshot, ingress: Ingress, host: str) -> TlsView:
    """TLS for one host of an Ingress; an entry without hosts is for every host."""
    entries = [entry for entry in ingress.tls if _covers(entry, host)]
    if not entries:
        certificate = ingress.annotations.get(APP_GATEWAY_CERTIFICATE_ANNOTATION)
        if certificate:
            return TlsView("terminate", (SecretView(None, SecretState.MANAGED, f"Application Gateway {certificate}"),))
        return NO_TLS
    views = [_of_entry(snapshot, ingress, entry, host) for entry in entries]
    return TlsView(
        "terminate",
        tuple(v for view in views for v in view.secrets),
        tuple(i for view in views for i in view.issues),
        tuple(u for view in views for u in view.unchecked),
    )


def key_vault_secret(ingress: Ingress) -> str:
    """The Secret into which the application routing add-on puts a certificate of Key Vault (app-routing-dns-ssl.md)."""
    return f"keyvault-{ingress.ref.name}"


def _covers(entry: IngressTLS, host: str) -> bool:
    if not entry.hosts:
        return True
    return host in entry.hosts or (
        not host.startswith("*.") and any(ingress_host_matches(h, host) for h in entry.hosts)
    )


def _of_entry(snapshot: Snapshot, ingress: Ingress, entry: IngressTLS, host: str) -> TlsView:
    if not entry.secret:
        return TlsView("terminate", (SecretView(None, SecretState.MANAGED, "no Secret named"),))
    ref = ObjectRef(ingress.ref.namespace, entry.secret, "Secret")
    from_vault = KEY_VAULT_ANNOTATION in ingress.annotations and entry.secret == key_vault_secret(ingress)
    if from_vault and ref not in snapshot.secret_by_ref and not snapshot.is_complete("Secret"):
        return TlsView("terminate", (SecretView(ref, SecretState.MANAGED, "made from Key Vault"),))
    return _checked(snapshot, ref, entry.source, host or "*")


def _checked(snapshot: Snapshot, ref: ObjectRef, source: Source, host: str) -> TlsView:
    secret = snapshot.secret_by_ref.get(ref)
    name = ref.qualified_name
    if secret is None:
        if snapshot.is_complete("Secret"):
            missing = issue(Fault.TLS_SECRET_MISSING, source, secret=name, host=host)
            return TlsView("terminate", (SecretView(ref, SecretState.MISSING),), (missing,))
        unchecked = (not_checked(snapshot, f"TLS Secret {name}", "Secret"),)
        return TlsView("terminate", (SecretView(ref, SecretState.NOT_CHECKED),), (), unchecked)
    absent = [key for key in _TLS_KEYS if key not in secret.keys]
    if absent and secret.keys:
        unusable = issue(Fault.TLS_SECRET_UNUSABLE, source, secret=name, host=host, keys=" and no ".join(absent))
        return TlsView("terminate", (SecretView(ref, SecretState.UNUSABLE),), (unusable,))
    return TlsView("terminate", (SecretView(ref, SecretState.FOUND),))


def tls_of_listener(snapshot: Snapshot, gateway: Gateway, listener: Listener) -> TlsView:
    """TLS of a Gateway's listener: its certificates exist, and may be referred to across namespaces."""
    if listener.protocol not in ("HTTPS", "TLS") and not listener.tls_mode:
        return NO_TLS
    if listener.tls_mode == "Passthrough":
        return TlsView("passthrough")
    if not listener.certificates:
        # app-routing-gateway-api-dns-tls.md: the add-on fetches the certificate that this option names.
        vault = KEY_VAULT_ANNOTATION in listener.tls_options
        why = "made from Key Vault" if vault else "no certificate named"
        return TlsView("terminate", (SecretView(None, SecretState.MANAGED, why),))
    secrets: list[SecretView] = []
    issues: list[Issue] = []
    unchecked: list[str] = []
    for ref in listener.certificates:
        granted = is_granted(snapshot, gateway.ref, ref)
        name = ref.qualified_name
        if granted is False:
            where = f"listener {listener.name} of Gateway {gateway.ref.qualified_name}"
            issues.append(issue(Fault.REFERENCE_NOT_GRANTED, listener.source, where=where, target=f"Secret {name}"))
            secrets.append(SecretView(ref, SecretState.NOT_GRANTED))
            continue
        if granted is None:
            unchecked.append(not_checked(snapshot, f"the grant for Secret {name}", "ReferenceGrant"))
        if ref.kind != "Secret":
            secrets.append(SecretView(ref, SecretState.NOT_CHECKED, ref.kind))
            continue
        view = _checked(snapshot, ref, listener.source, listener.hostname or "*")
        secrets += view.secrets
        issues += view.issues
        unchecked += view.unchecked
    return TlsView("terminate", tuple(secrets), tuple(issues), tuple(unchecked))
