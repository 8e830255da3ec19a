"""kubeconfig files: where they are found, how several become one, and what is said of broken ones."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from lib.loaders.cluster.errors import ClusterError
from lib.loaders.cluster.kubeconfig import own_kubeconfig, uploaded_kubeconfig
from lib.loaders.cluster.login import log_in
from tests.cluster.reading import kubeconfig, written


def named(name: str, server: str, current: bool = True) -> dict[str, Any]:
    """A kubeconfig of which everything has one name."""
    config = {
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "clusters": [{"name": name, "cluster": {"server": server}}],
        "users": [{"name": name, "user": {"token": f"token-of-{name}"}}],
    }
    return {"current-context": name, **config} if current else config


def test_an_explicit_file_counts_alone(tmp_path: Path) -> None:
    one = written(tmp_path, named("one", "https://one"), "one")
    two = written(tmp_path, named("two", "https://two"), "two")
    found = own_kubeconfig(str(one), {"KUBECONFIG": str(two)}, tmp_path)
    assert list(found.contexts) == ["one"]


def test_the_variable_comes_before_the_home_folder(tmp_path: Path) -> None:
    (tmp_path / ".kube").mkdir()
    written(tmp_path / ".kube", named("home", "https://home"))
    two = written(tmp_path, named("two", "https://two"), "two")
    assert own_kubeconfig("", {"KUBECONFIG": str(two)}, tmp_path).current == "two"
    assert own_kubeconfig("", {}, tmp_path).current == "home"


def test_of_several_files_the_first_to_say_something_counts(tmp_path: Path) -> None:
    first = written(tmp_path, named("a", "https://first", current=False), "first")
    second = named("a", "https://second")
    second["contexts"].append({"name": "b", "context": {"cluster": "a", "user": "a"}})
    later = written(tmp_path, second | {"current-context": "b"}, "later")
    paths = os.pathsep.join([str(first), str(tmp_path / "absent"), "", str(later)])
    found = own_kubeconfig("", {"KUBECONFIG": paths}, tmp_path)
    assert list(found.contexts) == ["a", "b"]
    assert found.current == "b"
    assert found.clusters["a"].text("server") == "https://first"


def test_relative_paths_start_from_the_file_that_has_them(tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "token.txt").write_text("from-a-file\n", "utf-8")
    config = kubeconfig("https://c", {"tokenFile": "token.txt"})
    found = own_kubeconfig(str(written(folder, config)))
    assert ("Authorization", "Bearer from-a-file") in log_in(found, found.context()).headers


def test_contexts_tell_cluster_user_and_namespace() -> None:
    found = uploaded_kubeconfig(json.dumps(kubeconfig("https://c")).encode())
    context = found.context()
    assert (context.name, context.cluster, context.user, context.namespace) == ("test", "c", "u", "shop")


def test_an_unknown_context_names_the_known_ones() -> None:
    found = uploaded_kubeconfig(json.dumps(kubeconfig("https://c")).encode())
    with pytest.raises(ClusterError, match=r'no context "prod".*"test"'):
        found.context("prod")


def test_where_there_is_no_kubeconfig_the_places_are_told(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match=r"--kubeconfig, else the files of KUBECONFIG, else ~/.kube/config"):
        own_kubeconfig(environment={}, home=tmp_path).context()


def test_a_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="No such file"):
        own_kubeconfig(str(tmp_path / "absent"))


SECRET = "planted-5e0f"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        f"- {SECRET}",
        f"kind: Secret\ntoken: {SECRET}",
        f"users: {SECRET}",
        f"users: [{SECRET}]",
        f"users: [{{name: a, user: {SECRET}}}]",
        f"users: [{{name: a, user: {{token: {SECRET}}}}}, {{name: a, user: {{}}}}]",
        f"current-context: [{SECRET}]",
        f"contexts: [{{name: a, context: {{cluster: [{SECRET}]}}}}]",
        f"users: [{{name: a, user: {{token: '{SECRET}}}}}]",
        f"a: &a [{SECRET}]\nb: &b [*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b]\n" + "d: [" + "*c," * 4000 + "]",
        "[" * 10_000,
        f"kind: Config\n---\ntoken: {SECRET}",
        "x" * 2_000_000,
        "\x00\x01",
    ],
)
def test_a_broken_file_is_told_without_its_content(text: str) -> None:
    with pytest.raises(ClusterError) as caught:
        found = uploaded_kubeconfig(text.encode())
        log_in(found, found.context())
    assert SECRET not in str(caught.value) + repr(caught.value)


@pytest.mark.parametrize(
    ("user", "cluster"),
    [
        ({"token": [SECRET]}, {}),
        ({"token": f"{SECRET}\r\nX-Evil: 1"}, {}),
        ({"client-certificate-data": f"!{SECRET}"}, {}),
        ({"client-certificate-data": "QUJD"}, {}),
        ({"token": SECRET}, {"server": f"ftp://{SECRET}"}),
        ({"token": SECRET}, {"server": f"https://me:{SECRET}@host"}),
        ({"token": SECRET}, {"server": f"https://host?{SECRET}"}),
        ({"token": SECRET}, {"server": "https://host:99999999"}),
        ({"token": SECRET}, {"proxy-url": f"socks5://{SECRET}"}),
        ({"token": SECRET, "as": f"a\nImpersonate-Group: {SECRET}"}, {}),
    ],
)
def test_a_credential_that_can_not_be_used_is_told_without_it(user: dict[str, Any], cluster: dict[str, Any]) -> None:
    config = kubeconfig("https://c", user)
    config["clusters"][0]["cluster"].update(cluster)
    found = uploaded_kubeconfig(json.dumps(config).encode())
    with pytest.raises(ClusterError) as caught:
        log_in(found, found.context())
    assert SECRET not in str(caught.value)


def test_nothing_shows_a_credential() -> None:
    config = kubeconfig("https://c", {"token": SECRET, "password": SECRET, "username": "me"})
    found = uploaded_kubeconfig(json.dumps(config).encode())
    shown = [found, found.users["u"], log_in(found, found.context())]
    assert SECRET not in " ".join(map(repr, shown)) + " ".join(map(str, shown))


def test_a_token_file_counts_before_the_token_beside_it(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from-the-file\n")
    for name, expected in (("token", "from-the-file"), ("absent", "beside-it")):
        user = {"token": "beside-it", "tokenFile": name}
        found = own_kubeconfig(str(written(tmp_path, kubeconfig("https://a.example.com", user))))
        assert log_in(found, found.context()).headers == (("Authorization", f"Bearer {expected}"),)
