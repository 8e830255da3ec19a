"""Every page with a generated cluster of a thousand workloads: drawn within its caps, and without a stall."""

import time
from functools import cache

import pytest

from benchmarks.emit import yaml_documents
from benchmarks.generate import Shape, cluster
from lib.graph.fold import READABLE
from lib.loaders.manifests import InputFile
from lib.ui.loaded import LoadedInput, load
from tests.pages.app import PAGES, figures, open_loaded, words

# Generous, since two test processes and a browser may share the machine; what it finds is a stall, not a slow second.
PATIENCE_S = 45


@cache
def large() -> LoadedInput:
    text = "".join(yaml_documents(cluster(Shape(1000, policies_per_namespace=40, namespaces=12))))
    return load("upload:", "a large cluster", (InputFile("large.yaml", text.encode()),), assume_complete=True)


@pytest.mark.parametrize("page", PAGES)
def test_a_thousand_workloads_are_shown_without_a_stall(page: str) -> None:
    loaded = large()
    begun = time.perf_counter()
    app = open_loaded(page, loaded)
    assert time.perf_counter() - begun < PATIENCE_S
    assert not app.error
    for figure in figures(app):
        cards = [t for t in figure["data"] if t["type"] == "bar" and "customdata" in t]
        assert all(len(t["customdata"]) <= READABLE for t in cards)


def test_a_graph_that_is_too_large_says_how_it_was_folded() -> None:
    assert "are folded by namespace" in words(open_loaded("services", large()))
    assert "are folded by namespace" in words(open_loaded("policy_flows", large(), graph="Workloads"))
