"""The clusters that come with NetAtlas."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from lib.loaders.manifests import InputFile, inputs_from_paths
from lib.ui.navigation import ROOT

FOLDER: Final = ROOT / "sample_data"
FIRST: Final = "shop"
_SUFFIXES: Final = frozenset({".yaml", ".yml", ".json"})


@dataclass(frozen=True, slots=True)
class Sample:
    """One bundled input: a folder that holds manifests; ``name`` is its path below ``sample_data``."""

    name: str
    title: str
    path: Path

    def files(self) -> tuple[InputFile, ...]:
        """Its files, named from the top of NetAtlas, as a command line there would name them."""
        files, _ = inputs_from_paths([self.path])
        return tuple(InputFile(Path(f.name).relative_to(ROOT).as_posix(), f.data) for f in files)


@cache
def samples() -> tuple[Sample, ...]:
    """Every bundled sample, the one that a first visit sees before the others."""
    found = sorted(_below(FOLDER, "", ""), key=lambda sample: (sample.name != FIRST, sample.name))
    return tuple(found)


def sample(name: str) -> Sample | None:
    """The sample of that name; a name from a URL is only ever compared, never joined to a path."""
    return next((s for s in samples() if s.name == name), None)


def _below(folder: Path, name: str, parent: str) -> Iterator[Sample]:
    if not folder.is_dir():
        return
    title = _title(folder, parent) if name else ""
    if name and any(p.suffix in _SUFFIXES for p in folder.iterdir()):
        yield Sample(name, title, folder)
        return
    for child in sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith((".", "_"))):
        yield from _below(child, f"{name}/{child.name}" if name else child.name, title)


def _title(folder: Path, parent: str) -> str:
    readme = folder / "README.md"
    own = ""
    if readme.is_file():
        heading = readme.read_text("utf-8").split("\n", 1)[0]
        own = heading.removeprefix("#").strip()
    own = own or folder.name.replace("-", " ").replace("_", " ").capitalize()
    return f"{parent}: {own.lower()}" if parent else own
