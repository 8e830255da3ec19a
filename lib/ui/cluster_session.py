"""What a visitor's session knows of clusters: an uploaded kubeconfig, what is read, how often it is read again."""

from __future__ import annotations

import os
import time
from functools import partial
from typing import Final

import streamlit as st

from lib.loaders.cluster.access import Access, access_of, is_from_elsewhere
from lib.loaders.cluster.errors import ClusterError
from lib.loaders.cluster.kubeconfig import Kubeconfig, own_kubeconfig, uploaded_kubeconfig
from lib.ui import session
from lib.ui.live_load import ClusterTarget, load_cluster

_UPLOADED, _TARGET = session.CLUSTER_KEYS
_EVERY_MIN: Final = "netatlas.refresh_every_min"
_ASKED_AT: Final = "netatlas.cluster_asked_at"


def visitors_access() -> Access:
    """What this server lets the visitor of this run do. Raises ClusterError where the operator's list is no list."""
    bound_to = st.config.get_option("server.address") or ""
    return access_of(str(bound_to), os.environ, through_proxy=is_from_elsewhere(st.context.headers))


def kubeconfig(access: Access) -> Kubeconfig | None:
    """The visitor's upload, else the server's own where it may be used. Raises ClusterError where it is broken."""
    uploaded: Kubeconfig | None = st.session_state.get(_UPLOADED)
    if uploaded is not None:
        return uploaded
    return own_kubeconfig() if access.own_credentials else None


def take_upload(data: bytes) -> None:
    """Keep a kubeconfig for this session, in its memory only. Raises ClusterError where it is none."""
    st.session_state[_UPLOADED] = uploaded_kubeconfig(data)


def forget_upload() -> None:
    """Forget the uploaded kubeconfig and whatever login came of it, and stop what reads by it; for callbacks."""
    st.session_state.pop(_UPLOADED, None)
    job = session.running_job()
    if job is not None and job.by_upload:
        session.cancel()
    target = st.session_state.get(_TARGET)
    if target is not None and target.is_upload:
        st.session_state.pop(_TARGET, None)


def connect(target: ClusterTarget) -> None:
    """Read a cluster from now on."""
    st.session_state[_TARGET] = target
    _read(target)


def read_to_compare(target: ClusterTarget) -> None:
    """Read a second cluster, or the same once more, beside what is shown; its login is not kept for that."""
    session.start(target.context, partial(load_cluster, target, None), to_compare=True, by_upload=target.is_upload)


def target() -> ClusterTarget | None:
    """The cluster that the visitor's own input was read from, while its login is kept."""
    found: ClusterTarget | None = st.session_state.get(_TARGET)
    own = session.own_input()
    if found is None or own is None or own.live is None or own.id != found.id:
        return None
    return found


def refresh() -> None:
    """Read the cluster again; for callbacks and for the clock."""
    found = target()
    if found is not None and session.running_job() is None:
        _read(found)


def every_min() -> int:
    """How often it is read again, in minutes; 0: when the visitor says so."""
    return int(st.session_state.get(_EVERY_MIN) or 0)


def set_every_min(minutes: int) -> None:
    """Read it again every so many minutes; 0: never."""
    st.session_state[_EVERY_MIN] = minutes


def is_due() -> bool:
    """Whether the clock says to read it again."""
    asked_at: float = st.session_state.get(_ASKED_AT, 0.0)
    return bool(every_min()) and time.monotonic() - asked_at >= 60 * every_min()


def _read(found: ClusterTarget) -> None:
    st.session_state[_ASKED_AT] = time.monotonic()
    own = session.own_input()
    before = own if own is not None and own.live is not None and own.id == found.id else None
    session.start(found.context, partial(load_cluster, found, before), by_upload=found.is_upload)


__all__ = [
    "ClusterError",
    "connect",
    "every_min",
    "forget_upload",
    "is_due",
    "kubeconfig",
    "read_to_compare",
    "refresh",
    "set_every_min",
    "take_upload",
    "target",
    "visitors_access",
]
