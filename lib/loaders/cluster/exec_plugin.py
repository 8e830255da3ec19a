"""Credential plugins (az, kubelogin) of one's own kubeconfig: a program that answers with a token or a certificate.

The official client's runner waits for ever, and on failure writes what the plugin said to the log and goes on as
nobody; so it is run here.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from lib.loaders.cluster.errors import ClusterError
from lib.loaders.parse.session import quote

TIMEOUT_S: Final = 60.0
_LOG_IN: Final = "Log in again as the plugin asks for (for Entra ID: `az login`, or `kubelogin convert-kubeconfig`)"


@dataclass(frozen=True, slots=True)
class PluginAnswer:
    """A plugin's credentials; empty where it gave none of that sort. Never shown."""

    token: str = field(default="", repr=False)
    certificate: str = field(default="", repr=False)
    key: str = field(default="", repr=False)


def run_plugin(
    plugin: Mapping[str, Any],
    cluster: Mapping[str, Any],
    folder: Path | None,
    *,
    may_ask: bool = False,
    timeout_s: float = TIMEOUT_S,
) -> PluginAnswer:
    """Run a kubeconfig's ``exec`` and return what it answered. Raises ClusterError, with nothing of its output.

    ``may_ask``: somebody sits before the terminal, if there is one. Then it may ask for a login there, and takes its
    time for the answer.
    """
    version, command = plugin.get("apiVersion"), plugin.get("command")
    if not isinstance(version, str) or not isinstance(command, str) or not command:
        raise _failed("exec has no apiVersion or no command", "Correct the user's exec in the kubeconfig")
    terminal = may_ask and sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()
    interactive = terminal and plugin.get("interactiveMode", "IfAvailable") != "Never"
    # A relative path with a slash starts from the kubeconfig's folder; a bare name is looked up in PATH.
    program = str((folder or Path()) / command) if "/" in command and not Path(command).is_absolute() else command
    try:
        # S603: the user's own kubeconfig names the program, as for kubectl; uploads never come here.
        done = subprocess.run(  # noqa: S603
            [program, *_texts(plugin.get("args"))],
            stdin=None if interactive else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=None if interactive else subprocess.DEVNULL,
            env=_environment(plugin, cluster, version, interactive=interactive),
            timeout=None if interactive else timeout_s,
            check=False,
        )
    except FileNotFoundError:
        hint = plugin.get("installHint")
        remedy = f"Install it: {quote(hint)}" if isinstance(hint, str) else "Install it, or correct the kubeconfig"
        raise _failed(f"the plugin {quote(command)} was not found", remedy) from None
    except subprocess.TimeoutExpired:
        raise _failed(f"the plugin {quote(command)} did not answer within {timeout_s:.0f} s", _LOG_IN) from None
    except OSError as error:
        raise _failed(f"the plugin {quote(command)} can't be run: {error.strerror}", "Check its rights") from None
    if done.returncode:
        raise _failed(f"the plugin {quote(command)} ended with status {done.returncode}", _LOG_IN)
    return _answer(done.stdout, command, version)


def _failed(message: str, remedy: str) -> ClusterError:
    return ClusterError("plugin-failed", message, remedy)


def _texts(value: Any) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _environment(
    plugin: Mapping[str, Any], cluster: Mapping[str, Any], version: str, *, interactive: bool
) -> dict[str, str]:
    found = dict(os.environ)
    for item in plugin.get("env") or ():
        if isinstance(item, dict) and isinstance(item.get("name"), str) and isinstance(item.get("value"), str):
            found[item["name"]] = item["value"]
    spec: dict[str, Any] = {"interactive": interactive}
    if plugin.get("provideClusterInfo"):
        spec["cluster"] = {key: value for key, value in cluster.items() if key != "extensions"}
    info = {"apiVersion": version, "kind": "ExecCredential", "spec": spec}
    return found | {"KUBERNETES_EXEC_INFO": json.dumps(info)}


def _answer(output: bytes, command: str, version: str) -> PluginAnswer:
    try:
        answer = json.loads(output)
    except (ValueError, RecursionError):
        answer = None
    status = answer.get("status") if isinstance(answer, dict) else None
    if not isinstance(answer, dict) or not isinstance(status, dict) or answer.get("apiVersion") != version:
        message = f"the plugin {quote(command)} answered with something else than an ExecCredential of {quote(version)}"
        raise _failed(message, "Update the plugin, or correct the apiVersion in the kubeconfig")
    texts = [status.get(key) for key in ("token", "clientCertificateData", "clientKeyData")]
    token, certificate, key = (each if isinstance(each, str) else "" for each in texts)
    if not token and not (certificate and key):
        raise _failed(f"the plugin {quote(command)} gave neither a token nor a certificate with its key", _LOG_IN)
    return PluginAnswer(token, certificate, key)
