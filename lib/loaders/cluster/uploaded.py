"""What an uploaded kubeconfig may not do: run a program, read a file of this machine, reach a host not listed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from lib.loaders.cluster.access import Access
from lib.loaders.cluster.errors import ClusterError
from lib.loaders.cluster.kubeconfig import Context, Entry, Kubeconfig
from lib.loaders.cluster.login import server_url
from lib.loaders.parse.session import field_names, quote

_USER_FIELDS: Final = field_names(
    "token client-certificate-data client-key-data username password as as-uid as-groups as-user-extra extensions"
)
_CLUSTER_FIELDS: Final = field_names(
    "server certificate-authority-data tls-server-name insecure-skip-tls-verify proxy-url disable-compression "
    "extensions"
)
_RUNS: Final = {
    "exec": "runs a program",
    "auth-provider": "runs a program or asks another server",
    "cmd-path": "runs a program",
}
_READS: Final = {key.lower(): key for key in ("tokenFile", "client-certificate", "client-key", "certificate-authority")}

WAY_THAT_WORKS: Final = """\
kubectl apply -f deploy/rbac.yaml
kubectl config view --minify --flatten --raw -o json \\
  | jq --arg token "$(kubectl create token netatlas --namespace netatlas --duration 1h)" \\
      '.users = [{name: "netatlas", user: {token: $token}}] | .contexts[0].context.user = "netatlas"' \\
  > netatlas.kubeconfig"""
"""A kubeconfig with a token that ends after an hour, for clusters whose people log in through Entra ID as well."""

_REMEDY: Final = (
    "Upload a kubeconfig with a token of a service account instead, which needs neither: apply deploy/rbac.yaml and "
    "put the token of `kubectl create token netatlas --namespace netatlas --duration 1h` into it"
)


def check_upload(config: Kubeconfig, context: Context, access: Access) -> None:
    """Let an uploaded kubeconfig pass, or raise ClusterError with every reason why not, and the way that works."""
    reasons = list(_reasons(config, context, access))
    if reasons:
        raise ClusterError("upload-refused", f"the uploaded kubeconfig is refused: {'; '.join(reasons)}", _REMEDY)


def _reasons(config: Kubeconfig, context: Context, access: Access) -> Iterator[str]:
    user, cluster = config.users.get(context.user), config.clusters.get(context.cluster)
    for entry, known in ((user, _USER_FIELDS), (cluster, _CLUSTER_FIELDS)):
        if entry is not None:
            yield from _fields(entry, known)
    if cluster is not None and access.shared:
        yield from _of_shared(cluster, access)


def _fields(entry: Entry, known: frozenset[str]) -> Iterator[str]:
    is_unknown = False
    for key in entry.fields:
        # Who reads JSON in Go doesn't mind the case of a key.
        word = str(key).lower()
        if word in _RUNS:
            yield f"{word} of {quote(entry.name)} {_RUNS[word]} on this machine"
        elif word in _READS:
            yield f"{_READS[word]} of {quote(entry.name)} names a file of this machine"
        elif key not in known:
            # It isn't named: a slip such as `{token:x}` makes the credential part of the key.
            is_unknown = True
    if is_unknown:
        yield f"{quote(entry.name)} has a field that no kubeconfig has, or that is not known here"


def _of_shared(cluster: Entry, access: Access) -> Iterator[str]:
    name = quote(cluster.name)
    if cluster.flag("insecure-skip-tls-verify"):
        yield f"{name} says not to verify the server's certificate"
    if cluster.fields.get("proxy-url") is not None:
        yield f"{name} goes through a proxy"
    url = urlsplit(server_url(cluster))
    if url.scheme != "https":
        yield f"the server of {name} is not reached by https"
    if not access.allowed.names_host(url.hostname or ""):
        yield (
            f"the server of {name} is not on the list of API servers that this server connects to, which its operator "
            "keeps in NETATLAS_ALLOWED_API_SERVERS"
        )
