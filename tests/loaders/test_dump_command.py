"""The dump commands ask for every kind that is read and for no Secret, and survive kinds that aren't there."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from lib.facts.config_maps import config_maps
from lib.loaders.dump_command import GROUPS, OUTPUT, az_command, kubectl_command
from lib.loaders.kinds import READ

SHELLS = [shell for shell in ("bash", "dash", "zsh") if shutil.which(shell)]
FAKE_KUBECTL = """#!/bin/sh
# Knows namespaces, the newest TLSRoutes but one, and that listing nodes is forbidden.
case "$3" in
  /api/v1/namespaces) echo '{"kind":"NamespaceList","apiVersion":"v1","items":[]}' ;;
  /apis/gateway.networking.k8s.io/v1alpha3/tlsroutes) echo '{"kind":"TLSRouteList","items":[]}' ;;
  /apis/gateway.networking.k8s.io/v1alpha2/tlsroutes) echo '{"kind":"TLSRouteList","old":true,"items":[]}' ;;
  /api/v1/nodes) echo "Error from server (Forbidden)" >&2; exit 1 ;;
  *) echo "Error from server (NotFound)" >&2; exit 1 ;;
esac
"""


def plural(kind: str) -> str:
    """The resource name of a kind, by the API's convention."""
    name = kind.lower()
    if name == "endpoints":
        return name
    if name.endswith("s"):
        return f"{name}es"
    return f"{name[:-1]}ies" if name.endswith("cy") else f"{name}s"


def test_every_kind_that_is_read_is_asked_for() -> None:
    # Calico makes these two of pods and namespaces, and of the API server's own storage they are no part.
    of_calicoctl = {"WorkloadEndpoint", "Profile"}
    wanted = {plural(kind) for group, kind in READ if group != "extensions" and kind not in of_calicoctl}
    assert {kind for _, _, kinds in GROUPS for kind in kinds} == wanted


@pytest.mark.parametrize("command", [kubectl_command(), az_command()], ids=["kubectl", "az"])
def test_no_command_names_secrets(command: str) -> None:
    assert "secret" not in command.lower()


@pytest.mark.parametrize("command", [kubectl_command(), az_command()], ids=["kubectl", "az"])
def test_config_maps_are_asked_for_by_name_and_never_listed(command: str) -> None:
    asked = re.findall(r"\S*configmaps\S*", command)
    wanted = [f"namespaces/kube-system/configmaps/{name}" for name in config_maps()]
    assert [each.rstrip(";") for each in asked] == wanted


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("command", [kubectl_command(), az_command()], ids=["kubectl", "az"])
def test_the_command_is_valid_shell(shell: str, command: str) -> None:
    subprocess.run([shell, "-n"], input=command, text=True, check=True)


@pytest.fixture
def bin_folder(tmp_path: Path) -> Path:
    """A folder with a kubectl that answers from a table, and an az that runs its command in a shell."""
    folder = tmp_path / "bin"
    folder.mkdir()
    fake_az = '#!/bin/sh\nwhile [ "$1" != --command ]; do shift; done\nexec sh -c "$2"\n'
    for name, text in (("kubectl", FAKE_KUBECTL), ("az", fake_az)):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    return folder


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("command", [kubectl_command(), az_command()], ids=["kubectl", "az"])
def test_missing_and_forbidden_kinds_are_skipped_and_the_newest_version_is_taken(
    shell: str, command: str, bin_folder: Path, tmp_path: Path
) -> None:
    environment = {**os.environ, "PATH": f"{bin_folder}:{os.environ['PATH']}", "GROUP": "g", "CLUSTER": "c"}
    # Inside a script that stops at the first fault, too.
    subprocess.run([shell, "-ec", command], cwd=tmp_path, env=environment, check=True, timeout=60)
    lines = [json.loads(line) for line in (tmp_path / OUTPUT).read_text().splitlines() if line]
    assert lines == [
        {"kind": "NamespaceList", "apiVersion": "v1", "items": []},
        {"kind": "TLSRouteList", "items": []},
    ]
