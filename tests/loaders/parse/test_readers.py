"""Every kind has a reader that is found when an object comes, whatever that object holds."""

from __future__ import annotations

import pytest

from lib.loaders.documents import RawObject
from lib.loaders.parse import KIND_READERS, parse_object
from lib.loaders.parse.session import Session
from lib.model.refs import Source


@pytest.mark.parametrize("kind", sorted(KIND_READERS))
def test_the_reader_of_every_kind_is_found(kind: str) -> None:
    reader = KIND_READERS[kind]
    # Of ConfigMaps only those of kube-system that have settings of the network are handed to their reader.
    name, namespace = ("cilium-config", "kube-system") if kind == "ConfigMap" else ("a", "b")
    for version in (*reader.served, *reader.removed):
        obj = {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": namespace}, "spec": {}}
        session = Session()
        read = parse_object(session, RawObject(obj, Source("a.yaml", 1), version, kind), reader)
        assert read is not None or session.problems
