"""etcd and kube-apiserver on loopback, with an administrator's token and an audit log.

The flags are those that the programs' own documentation has (etcd.io, "Configuration options"; kubernetes.io,
"kube-apiserver") and that controller-runtime's envtest starts them with. No controller, scheduler or kubelet runs, so
objects stay as they are put.
"""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import HTTPSHandler, OpenerDirector, ProxyHandler, Request, build_opener

from tests.browser.server import free_port
from tests.conftest import ROOT

CERTIFICATES = ROOT / "tests" / "cluster" / "certificates"
AUTHORITY = (CERTIFICATES / "ca.crt").read_text("utf-8")
PROGRAMS = ("etcd", "kube-apiserver")
START_S = 120.0
_ADMINISTRATOR = "administrators-token-of-this-test"
_AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata"}],
}
Raw = dict[str, Any]


def why_not() -> str:
    """Why there is nothing to start; "" where there is."""
    folder = os.environ.get("KUBEBUILDER_ASSETS", "")
    if not folder:
        return "KUBEBUILDER_ASSETS names no folder with etcd and kube-apiserver"
    missing = [name for name in PROGRAMS if not os.access(Path(folder) / name, os.X_OK)]
    return f"{folder} has no program {' nor '.join(missing)}" if missing else ""


@dataclass(frozen=True)
class Answer:
    """What the server said."""

    status: int
    body: Raw


@dataclass(frozen=True)
class ControlPlane:
    """A running API server; ``audit_log`` is the file that it writes."""

    url: str
    audit_log: Path

    def ask(self, method: str, path: str, body: Raw | None = None, token: str = _ADMINISTRATOR) -> Answer:
        """One request as the administrator, or with another token."""
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        data = None if body is None else json.dumps(body).encode()
        request = Request(self.url + path, data, headers, method=method)
        try:
            with _opener().open(request, timeout=30) as answer:
                return Answer(answer.status, _parsed(answer.read()))
        except HTTPError as error:
            with error:
                return Answer(error.code, _parsed(error.read()))

    def events(self, user: str) -> list[Raw]:
        """What the audit log has of a user's requests; waits until no more come."""
        found: list[Raw] = []
        for _ in range(20):
            before = len(found)
            lines = self.audit_log.read_text("utf-8").splitlines() if self.audit_log.exists() else []
            events = (json.loads(line) for line in lines if line.endswith("}"))
            found = [event for event in events if event["user"].get("username") == user]
            if found and len(found) == before:
                return found
            time.sleep(0.5)
        return found


def _opener() -> OpenerDirector:
    """Straight to loopback, whatever proxy the machine has."""
    return build_opener(ProxyHandler({}), HTTPSHandler(context=ssl.create_default_context(cadata=AUTHORITY)))


def _parsed(data: bytes) -> Raw:
    try:
        value = json.loads(data)
    except ValueError:
        return {"text": data.decode("utf-8", "replace")}
    return value if isinstance(value, dict) else {"value": value}


@contextmanager
def running_control_plane(folder: Path, service_ranges: str) -> Iterator[ControlPlane]:
    """Start both programs, wait until the server is ready, and end them afterwards.

    ``service_ranges`` are the blocks of Services' addresses, an IPv4 one first.
    """
    assets = Path(os.environ["KUBEBUILDER_ASSETS"])
    with ExitStack() as stack:
        etcd = stack.enter_context(_etcd(assets, folder))
        yield stack.enter_context(_api_server(assets, folder, etcd, service_ranges))


@contextmanager
def _etcd(assets: Path, folder: Path) -> Iterator[str]:
    client, peer = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    flags = {
        "name": "default",
        "data-dir": folder / "etcd",
        "listen-client-urls": client,
        "advertise-client-urls": client,
        "listen-peer-urls": peer,
        "initial-advertise-peer-urls": peer,
        "initial-cluster": f"default={peer}",
    }
    with _program(assets / "etcd", flags, folder) as process:
        _wait(process, folder, "etcd", lambda: _is_healthy(client))
        yield client


def _is_healthy(client: str) -> bool:
    with _opener().open(f"{client}/health", timeout=5) as answer:
        return str(_parsed(answer.read()).get("health")).lower() == "true"


@contextmanager
def _api_server(assets: Path, folder: Path, etcd: str, service_ranges: str) -> Iterator[ControlPlane]:
    port = free_port()
    tokens, policy, log = folder / "tokens.csv", folder / "audit-policy.json", folder / "audit.log"
    tokens.write_text(f'{_ADMINISTRATOR},administrator,administrator,"system:masters"\n')
    policy.write_text(json.dumps(_AUDIT_POLICY))
    flags = {
        "etcd-servers": etcd,
        "bind-address": "127.0.0.1",
        "advertise-address": "127.0.0.1",
        "secure-port": port,
        # Its own address is loopback, which no Endpoints may have.
        "endpoint-reconciler-type": "none",
        "service-cluster-ip-range": service_ranges,
        "cert-dir": folder / "certificates",
        "tls-cert-file": CERTIFICATES / "server.crt",
        "tls-private-key-file": CERTIFICATES / "server.key",
        "service-account-issuer": "https://kubernetes.default.svc.cluster.local",
        "service-account-key-file": CERTIFICATES / "server.crt",
        "service-account-signing-key-file": CERTIFICATES / "server.key",
        "token-auth-file": tokens,
        "authorization-mode": "RBAC",
        "allow-privileged": "true",
        # Nobody makes the accounts that pods name, and the samples' pods leave out what a standard asks for.
        "disable-admission-plugins": "ServiceAccount,PodSecurity",
        "audit-policy-file": policy,
        "audit-log-path": log,
        "audit-log-mode": "blocking",
    }
    plane = ControlPlane(f"https://127.0.0.1:{port}", log)
    with _program(assets / "kube-apiserver", flags, folder) as process:
        _wait(process, folder, "kube-apiserver", lambda: plane.ask("GET", "/readyz").status == 200)
        yield plane


@contextmanager
def _program(path: Path, flags: dict[str, Any], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [str(path), *(f"--{name}={value}" for name, value in flags.items())]
    environment = {"PATH": os.environ.get("PATH", ""), "HOME": str(folder)}
    with (folder / f"{path.name}.log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], folder: Path, name: str, is_ready: Any) -> None:
    log = folder / f"{name}.log"
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{name} ended at once:\n{log.read_text()[-4000:]}")
        try:
            if is_ready():
                return
        except (URLError, OSError):
            pass
        time.sleep(0.2)
    raise RuntimeError(f"{name} was not ready within {START_S:.0f} s:\n{log.read_text()[-4000:]}")
