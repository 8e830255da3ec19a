"""Path matching of both APIs, and the decoded form of a request's path."""

from __future__ import annotations


def elements(path: str) -> tuple[str, ...]:
    """The parts of a path between its slashes; a slash at the end adds none."""
    inner = path[1:] if path.startswith("/") else path
    inner = inner[:-1] if inner.endswith("/") else inner
    return tuple(inner.split("/")) if inner else ()


def prefix_matches(pattern: str, path: str) -> bool:
    """Whether ``path`` begins with ``pattern``, element by element, whole elements only, case-sensitive.

    ``/foo`` takes ``/foo``, ``/foo/`` and ``/foo/bar``, not ``/foobar`` (networking/v1, PathTypePrefix; Gateway API,
    PathMatchPathPrefix).
    """
    wanted = elements(pattern)
    return elements(path)[: len(wanted)] == wanted


def exact_matches(pattern: str, path: str) -> bool:
    """Whether ``path`` is ``pattern``: a slash at the end counts, and so does case."""
    return pattern == path
