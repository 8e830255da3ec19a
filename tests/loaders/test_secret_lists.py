"""A server's list of Secrets over all namespaces is complete, though nothing but names and types is kept of it."""

import io
from pathlib import Path

from lib.loaders.assemble import assemble
from lib.loaders.manifests import inputs_from_paths, read_inputs
from lib.model.snapshot import Coverage

SECRET = """\
- apiVersion: v1
  kind: Secret
  metadata:
    name: {name}
    namespace: {namespace}
    {extra}
  type: kubernetes.io/tls
"""
UID = "uid: 00000000-0000-4000-8000-00000000000{}"


def coverage_of(folder: Path, extra: tuple[str, str]) -> Coverage:
    items = SECRET.format(name="a", namespace="one", extra=extra[0]) + SECRET.format(
        name="b", namespace="two", extra=extra[1]
    )
    path = folder / "secrets.yaml"
    path.write_text(f"apiVersion: v1\nitems:\n{items}kind: List\n", encoding="utf-8")
    inputs, _ = inputs_from_paths([str(path)], io.BytesIO())
    return assemble(read_inputs(inputs), title="secrets").snapshot.coverage_of("Secret")


def test_list_with_uids_was_written_by_a_server_and_is_complete(tmp_path: Path) -> None:
    assert coverage_of(tmp_path, (UID.format(1), UID.format(2))) is Coverage.COMPLETE


def test_list_written_by_hand_is_partial(tmp_path: Path) -> None:
    assert coverage_of(tmp_path, ("labels: {}", "labels: {}")) is Coverage.PARTIAL


def test_what_is_no_uid_is_not_kept(tmp_path: Path) -> None:
    assert coverage_of(tmp_path, ("uid: hunter2", "uid: hunter2")) is Coverage.PARTIAL
