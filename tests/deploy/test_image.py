"""The image's files: everything pinned, everything that is copied is there, and nobody in particular runs it."""

from __future__ import annotations

import json
import re
from importlib.metadata import PackageNotFoundError, requires, version

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.conftest import ROOT
from tests.deploy.render import CHART, DEPLOY

DOCKERFILE = (DEPLOY / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
IGNORE = (DEPLOY / "Dockerfile.dockerignore").read_text("utf-8").split()


def pins(name: str) -> dict[str, Requirement]:
    """The requirements of a file by canonical name."""
    lines = (line.partition("#")[0].strip() for line in (ROOT / name).read_text("utf-8").splitlines())
    found = (Requirement(line) for line in lines if line)
    return {canonicalize_name(each.name): each for each in found}


def pinned(requirement: Requirement) -> str:
    (only,) = requirement.specifier
    assert only.operator == "==" and "*" not in only.version
    return only.version


def closure(names: set[str]) -> set[str]:
    """The packages, as far as they are installed here, and all that they bring along on Linux."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name in found:
            continue
        found.add(name)
        try:
            needed = [Requirement(text) for text in requires(name) or ()]
        except PackageNotFoundError:
            continue
        environment = {"sys_platform": "linux", "platform_system": "Linux", "extra": ""}
        waiting += [r.name for r in needed if r.marker is None or r.marker.evaluate(environment)]
    return found


def test_every_package_of_the_image_has_one_version() -> None:
    constraints = pins("deploy/constraints.txt")
    for requirement in constraints.values():
        pinned(requirement)
    wanted = {**pins("requirements.txt"), **pins("deploy/requirements-login.txt")}
    assert {name: pinned(constraints[name]) for name in wanted} == {n: pinned(r) for n, r in wanted.items()}
    assert closure(set(wanted)) <= constraints.keys()


def test_the_versions_fit_together() -> None:
    constraints = pins("deploy/constraints.txt")
    for name in closure(set(pins("requirements.txt"))):
        if version(name) != pinned(constraints[name]):
            continue
        for text in requires(name) or ():
            needed = Requirement(text)
            other = constraints.get(canonicalize_name(needed.name))
            if other is not None and (needed.marker is None or needed.marker.evaluate({"extra": ""})):
                assert needed.specifier.contains(pinned(other), prereleases=True), f"{name} wants {needed}"


def test_the_base_is_one_version_of_an_image_by_its_usual_name() -> None:
    assert re.search(r"^ARG BASE=python:3\.\d+\.\d+-slim-\w+$", DOCKERFILE, re.M)
    assert set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.M)) == {"${BASE}"}


def test_nobody_in_particular_runs_it_and_the_chart_says_the_same() -> None:
    assert re.findall(r"^USER (.+)$", DOCKERFILE, re.M) == ["10001:10001"]
    assert "runAsUser: 10001" in (CHART / "templates" / "deployment.yaml").read_text("utf-8")


def test_everything_that_is_copied_is_there_and_let_through() -> None:
    copied = [source for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.M) for source in line.split()[:-1]]
    assert copied
    for source in copied:
        assert (ROOT / source).exists()
        assert f"!{source}" in IGNORE
    assert IGNORE[0] == "*"
    assert IGNORE.index(".streamlit/secrets.toml") > IGNORE.index("!.streamlit")


def test_it_starts_the_way_in_that_asks_nobody_for_its_address() -> None:
    (words,) = re.findall(r"^ENTRYPOINT (.+)$", DOCKERFILE, re.M)
    assert json.loads(words) == ["python", "-m", "lib.ui.serve"]


def test_no_secret_is_an_argument_or_a_variable_of_the_image() -> None:
    assert not re.search(r"(?i)password|token|secret", DOCKERFILE)
