"""From a context to what a connection needs: where, by which certificate authority, and as whom."""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from lib.loaders.cluster.errors import ClusterError
from lib.loaders.cluster.exec_plugin import run_plugin
from lib.loaders.cluster.kubeconfig import Context, Entry, Kubeconfig
from lib.loaders.parse.session import quote

IN_CLUSTER: Final = "in-cluster"
"""What the service account of the pod that NetAtlas runs in is called among the contexts."""
SERVICE_ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_SCHEMES: Final = ("https", "http")
_SERVER: Final = re.compile(
    r"https?://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+(?:%25[A-Za-z0-9._-]+)?\])(?::\d{1,5})?(?:/[A-Za-z0-9._~%/:=,+-]*)?"
)
"""What a server's URL may be written of: two readers of a URL must not see two hosts in it."""


@dataclass(frozen=True, slots=True)
class Login:
    """Where to connect and with what; its ``repr`` shows the server's URL only.

    ``authority`` is PEM (""; the system's). ``verify`` False: the server's certificate isn't looked at. ``headers`` are
    sent with each request: the credentials, and whom to impersonate.
    """

    server: str
    authority: str = field(default="", repr=False)
    verify: bool = True
    tls_server_name: str = field(default="", repr=False)
    proxy: str = field(default="", repr=False)
    certificate: str = field(default="", repr=False)
    key: str = field(default="", repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @property
    def encrypted(self) -> bool:
        """Whether the server is reached by TLS."""
        return self.server.startswith("https://")


def log_in(config: Kubeconfig, context: Context, *, may_ask: bool = False) -> Login:
    """Resolve the credentials of a context, files and plugins included; for an upload, check it before.

    ``may_ask``: a plugin may ask for a login on the terminal. Raises ClusterError where something is missing or can't
    be read.
    """
    cluster, user = config.clusters.get(context.cluster), config.users.get(context.user)
    if cluster is None:
        raise _bad(f"the context {quote(context.name)} names the cluster {quote(context.cluster)}, which it has not")
    if user is None and context.user:
        raise _bad(f"the context {quote(context.name)} names the user {quote(context.user)}, which it has not")
    server = server_url(cluster)
    proxy = cluster.text("proxy-url")
    if proxy and urlsplit(proxy).scheme not in _SCHEMES:
        raise _bad("its proxy-url is neither http nor https; SOCKS proxies are not supported")
    token, certificate, key, basic = "", "", "", ""
    if user is not None:
        certificate, key = _pem(user, "client-certificate"), _pem(user, "client-key")
        token = _token(user)
        if not token and isinstance(plugin := user.fields.get("exec"), dict):
            answer = run_plugin(plugin, cluster.fields, user.folder, may_ask=may_ask)
            token = answer.token
            certificate, key = answer.certificate or certificate, answer.key or key
        if user.text("username") and not token:
            basic = base64.b64encode(f"{user.text('username')}:{user.text('password')}".encode()).decode()
    if bool(certificate) != bool(key):
        raise _bad(f"the user {quote(context.user)} has a client certificate without its key, or the other way round")
    credential = f"Bearer {token}" if token else f"Basic {basic}" if basic else ""
    headers = [("Authorization", credential)] if credential else []
    if user is not None:
        headers += _impersonation(user)
    return Login(
        server=server,
        authority=_pem(cluster, "certificate-authority"),
        verify=not cluster.flag("insecure-skip-tls-verify"),
        tls_server_name=cluster.text("tls-server-name"),
        proxy=proxy,
        certificate=certificate,
        key=key,
        headers=tuple((name, _header(value)) for name, value in headers),
    )


def service_account_login(environment: Mapping[str, str] | None = None, folder: Path = SERVICE_ACCOUNT) -> Login:
    """The login of the pod that this runs in. Raises ClusterError outside of a cluster."""
    environment = os.environ if environment is None else environment
    host, port = environment.get("KUBERNETES_SERVICE_HOST", ""), environment.get("KUBERNETES_SERVICE_PORT", "")
    if not host or not port or not runs_in_cluster(folder):
        message = "this does not run in a pod with a service account"
        raise ClusterError("not-in-cluster", message, "Name a context of a kubeconfig")
    token, authority = (_read(folder / name).decode("ascii", "replace").strip() for name in ("token", "ca.crt"))
    shown = f"[{host}]" if ":" in host else host
    return Login(f"https://{shown}:{port}", authority, headers=(("Authorization", _header(f"Bearer {token}")),))


def runs_in_cluster(folder: Path = SERVICE_ACCOUNT) -> bool:
    """Whether a service account was handed to this pod."""
    return (folder / "token").is_file() and (folder / "ca.crt").is_file()


def server_url(cluster: Entry) -> str:
    """The URL of a cluster's API server, without a slash at its end. Raises ClusterError where it is none."""
    server = cluster.text("server").rstrip("/")
    try:
        url = urlsplit(server)
        usable = _SERVER.fullmatch(server) is not None and bool(url.hostname) and (url.port is None or url.port > 0)
    except ValueError:
        usable = False
    if not usable:
        raise _bad(f"the server of the cluster {quote(cluster.name)} is no URL such as https://host:443")
    return server


def _token(user: Entry) -> str:
    token, path = user.text("token"), user.path("tokenFile")
    if path is not None:
        # The file counts before the token that stands beside it, as long as it can be read.
        with suppress(ClusterError) if token else nullcontext():
            return _read(path).decode("ascii", "replace").strip()
    if token:
        return token
    provider = user.fields.get("auth-provider")
    if isinstance(provider, dict):
        settings = provider.get("config")
        found = [settings.get(key) for key in ("id-token", "access-token")] if isinstance(settings, dict) else []
        token = next((each for each in found if isinstance(each, str) and each), "")
        if not token:
            remedy = "Use an exec plugin (for Entra ID: `kubelogin convert-kubeconfig`), which is what replaced it"
            message = f"the auth-provider of {quote(user.name)} holds no token, and tokens are not renewed here"
            raise ClusterError("no-token", message, remedy)
        return token
    return ""


def _pem(entry: Entry, key: str) -> str:
    """The PEM text of ``KEY-data``, else of the file that ``KEY`` names; "" without either."""
    data = entry.text(f"{key}-data")
    if data:
        try:
            return base64.b64decode(data, validate=False).decode("ascii")
        except (binascii.Error, ValueError):
            raise _bad(f"{key}-data of {quote(entry.name)} is no base64 of a PEM text") from None
    path = entry.path(key)
    if path is None:
        return ""
    try:
        return _read(path).decode("ascii")
    except UnicodeDecodeError:
        raise _bad(f"the file of {key} of {quote(entry.name)} is no PEM text") from None


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(1 << 20)
    except OSError as error:
        raise _bad(f"{path}: {error.strerror or 'it cannot be read'}") from None


def _impersonation(user: Entry) -> Iterator[tuple[str, str]]:
    """The headers of ``as``, ``as-uid``, ``as-groups`` and ``as-user-extra``, which the official client has not."""
    if name := user.text("as"):
        yield "Impersonate-User", name
    if uid := user.text("as-uid"):
        yield "Impersonate-Uid", uid
    groups: Any = user.fields.get("as-groups")
    yield from (("Impersonate-Group", group) for group in groups or () if isinstance(group, str))
    extra: Any = user.fields.get("as-user-extra")
    for key, values in extra.items() if isinstance(extra, dict) else ():
        yield from ((f"Impersonate-Extra-{_header(key)}", value) for value in values or () if isinstance(value, str))


def _header(value: str) -> str:
    """A value that may stand in a header. Raises ClusterError, without showing it, where it may not."""
    if not value.isascii() or not value.isprintable():
        raise _bad("a credential or a name to impersonate has characters that no request can carry")
    return value


def _bad(what: str) -> ClusterError:
    return ClusterError(
        "bad-kubeconfig", f"the kubeconfig can't be used: {what}", "Correct it; `kubectl config view` shows it"
    )
