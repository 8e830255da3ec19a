"""Which input this visitor looks at: what ``src`` in the URL names, which is the first sample where it is absent."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import Final

import streamlit as st

from lib.loaders.domain_names import NamesReading, read_names
from lib.loaders.manifests import InputFile
from lib.ui import moments
from lib.ui.load_job import Load, LoadJob
from lib.ui.loaded import LoadedInput, build, load
from lib.ui.samples import FIRST, sample

SOURCE_KEY: Final = "src"
NAMESPACES_KEY: Final = "ns"
LABELS_KEY: Final = "labels"
NOTHING: Final = "none"
_DEFAULT: Final = f"sample:{FIRST}"
_PREFIX: Final = "netatlas."
_UPLOAD: Final = _PREFIX + "upload"
_JOB: Final = _PREFIX + "job"
_NAMES: Final = _PREFIX + "names"
_NOTICE: Final = _PREFIX + "notice"
_FAILED: Final = _PREFIX + "failed_load"
CLUSTER_KEYS: Final = (_PREFIX + "kubeconfig", _PREFIX + "cluster")
"""Credentials of the session: they go with the input that they were brought for."""
_PATIENCE_S: Final = 0.9
_HIDDEN: Final = "<style>.st-key-source-in-url { display: none; }</style>"


@dataclass(frozen=True, slots=True)
class Current:
    """What to show: the input (None: nothing is loaded) and a sentence on why it isn't what was asked for."""

    loaded: LoadedInput | None
    notice: str = ""


@dataclass(frozen=True, slots=True)
class GivenNames:
    """A table of domain names as the visitor gave it; ``key`` tells it from others. Never in the URL."""

    text: str
    key: str
    reading: NamesReading


def current() -> Current:
    """The input for this run; loads the sample that is asked for and takes over an upload that is ready.

    Called before anything else is drawn that depends on the input.
    """
    _take_over()
    asked = _asked()
    notice = st.session_state.pop(_NOTICE, "")
    found = _find(asked)
    if found is None and asked != NOTHING:
        notice = notice or _why_not(asked)
    if found is not None and (given := given_names(found)) is not None:
        found = found.with_names(given.reading.table, given.key)
    return Current(found, notice)


def choose_sample(name: str) -> None:
    """Look at a bundled sample from now on; for callbacks."""
    _switch(f"sample:{name}")


def choose_upload() -> None:
    """Look at the visitor's own input again; for callbacks."""
    upload = own_input()
    if upload is not None:
        _switch(upload.id)


def clear() -> None:
    """Forget the visitor's own input and show nothing; for callbacks."""
    cancel()
    forget_failed_load()
    moments.forget()
    for kept in (_UPLOAD, _NAMES, *CLUSTER_KEYS):
        st.session_state.pop(kept, None)
    _switch(NOTHING)


def start_load(title: str, files: tuple[InputFile, ...], *, assume_complete: bool) -> None:
    """Load the visitor's own files; a short load ends before this returns, a longer one goes on behind the page."""
    st.session_state.pop(CLUSTER_KEYS[1], None)
    start(title, partial(load, "upload:", title, files, assume_complete=assume_complete))


def start(title: str, loading: Load, *, to_compare: bool = False, by_upload: bool = False) -> None:
    """Load an input of the visitor's own, instead of what is being loaded; a short load ends before this returns.

    ``to_compare``: it is kept beside what is shown and does not take its place. ``by_upload``: by a kubeconfig that the
    visitor uploaded.
    """
    cancel()
    forget_failed_load()
    job = LoadJob.start(title, loading, to_compare=to_compare, by_upload=by_upload)
    st.session_state[_JOB] = job
    job.wait(_PATIENCE_S)
    _take_over()


def given_names(loaded: LoadedInput) -> GivenNames | None:
    """The table of domain names that the visitor gave beside an input, if any."""
    kept: dict[str, GivenNames] = st.session_state.get(_NAMES, {})
    return kept.get(_names_for(loaded))


def give_names(loaded: LoadedInput, text: str, file: str) -> None:
    """Judge an input with a table of domain names from now on, or with none where ``text`` is blank; for callbacks.

    All inputs of the visitor's own share one, so that it stays when manifests are corrected and loaded again.
    """
    kept: dict[str, GivenNames] = dict(st.session_state.get(_NAMES, {}))
    kept.pop(_names_for(loaded), None)
    if text.strip():
        key = sha256(f"{file}\n{text}".encode("utf-8", "replace")).hexdigest()
        kept[_names_for(loaded)] = GivenNames(text, key, read_names(text, file))
    st.session_state[_NAMES] = kept


def _names_for(loaded: LoadedInput) -> str:
    return loaded.id if loaded.is_sample else "own"


def state_completeness(assume_complete: bool) -> None:
    """Build the visitor's own input again with or without "this is everything in the cluster"; for callbacks."""
    upload = own_input()
    if upload is not None and upload.assume_complete != assume_complete:
        st.session_state[_UPLOAD] = build(upload.id, upload.title, upload.read, assume_complete=assume_complete)


def own_input() -> LoadedInput | None:
    """What the visitor loaded last, if anything."""
    upload: LoadedInput | None = st.session_state.get(_UPLOAD)
    return upload


def failed_load() -> LoadedInput | None:
    """The last load, if it gave not one object; it was never shown as an input."""
    failed: LoadedInput | None = st.session_state.get(_FAILED)
    return failed


def forget_failed_load() -> None:
    """Stop telling of it; for callbacks."""
    st.session_state.pop(_FAILED, None)


def running_job() -> LoadJob | None:
    """The load that is still going on, if any."""
    job: LoadJob | None = st.session_state.get(_JOB)
    return job


def cancel() -> None:
    """Stop the load that is going on, if any; what is shown stays."""
    job = st.session_state.pop(_JOB, None)
    if job is not None:
        job.cancel()


def _take_over() -> None:
    """Make a finished load the current input.

    One that failed, or that gave not one object, leaves everything as it was, and says so.
    """
    job = running_job()
    if job is None or not job.done:
        return
    del st.session_state[_JOB]
    if job.result is not None and not job.result.object_count:
        st.session_state[_FAILED] = job.result
    elif job.result is not None and job.to_compare:
        moments.choose(job.result)
    elif job.result is not None:
        before = own_input()
        if before is not None:
            moments.keep_earlier(before, job.result)
        st.session_state[_UPLOAD] = job.result
        # A cluster that was read again stays where it is shown, with its filters, and does not push itself forward.
        if before is None or job.result.live is None or before.id != job.result.id:
            _switch(job.result.id)
    elif job.failure:
        st.session_state[_NOTICE] = job.failure


def _switch(source: str) -> None:
    """Show another input; filters name things of the old one and go with it."""
    forget_failed_load()
    st.session_state[SOURCE_KEY] = "" if source == _DEFAULT else source
    st.session_state[NAMESPACES_KEY] = []
    st.session_state[LABELS_KEY] = ""


def _asked() -> str:
    """The source in the URL.

    Only a widget's value stays in the URL when the page changes, and a select box would put its options' titles
    there; so an unseen text field carries the source.
    """
    st.html(_HIDDEN)
    with st.container(key="source-in-url"):
        asked = st.text_input("Source in the URL", key=SOURCE_KEY, bind="query-params")
    return asked or _DEFAULT


def _find(source: str) -> LoadedInput | None:
    kind, _, name = source.partition(":")
    if kind == "sample":
        return _load_sample(name) if sample(name) else None
    upload = own_input()
    return upload if upload is not None and upload.id == source else None


def sample_input(source: str) -> LoadedInput:
    """A bundled sample by its id. Raises KeyError where there is no such sample."""
    found = _load_sample(source.removeprefix("sample:"))
    if found is None:
        raise KeyError(source)
    return found


def _why_not(source: str) -> str:
    if source.startswith("cluster:"):
        return (
            "The cluster behind this link was read in an earlier session, whose login was not kept: connect it again."
        )
    if source.startswith("upload:"):
        return "The input behind this link was loaded in an earlier session and was not kept: load it again."
    return "There is no such sample: choose another, or load manifests."


@st.cache_resource(max_entries=12, show_spinner=False)
def _load_sample(name: str) -> LoadedInput | None:
    """A bundled sample; the only input that is shared between visitors."""
    found = sample(name)
    if found is None:
        return None
    return load(f"sample:{name}", found.title, found.files())
