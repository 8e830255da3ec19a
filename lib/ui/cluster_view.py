"""Connecting a cluster: which contexts there are, the way to bring one's own, and why something is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import streamlit as st

from lib.loaders.cluster.access import ALLOW_OWN, Access
from lib.loaders.cluster.errors import ClusterError
from lib.loaders.cluster.kubeconfig import Context, Kubeconfig
from lib.loaders.cluster.login import runs_in_cluster, server_url
from lib.loaders.cluster.uploaded import WAY_THAT_WORKS, check_upload
from lib.ui import cluster_session, session
from lib.ui.live_load import INSECURE, SERVERS_EYES, ClusterTarget, service_account
from lib.ui.text import plain


@dataclass(frozen=True, slots=True)
class _Use:
    """What a context is chosen for; ``suffix`` keeps the widgets of two forms apart."""

    suffix: str
    verb: str
    read: Callable[[ClusterTarget], None]


_CONNECT: Final = _Use("", "Connect", cluster_session.connect)
_COMPARE: Final = _Use("-to-compare", "Read it to compare", cluster_session.read_to_compare)
_ROUND: Final = "netatlas.kubeconfig_round"
_FAULT: Final = "netatlas.kubeconfig_fault"
_CONTEXT: Final = "netatlas.context"
_UPLOAD_MB: Final = 1
_CHARS: Final = 600


def show_connect() -> None:
    """The form; what it reads is shown like any other input."""
    st.subheader("Connect a cluster", anchor=False)
    with st.container(border=True, key="connect-cluster"):
        st.markdown(
            "Read a cluster through its API server: **get and list only**, and never a Secret. "
            "What the login may not list is called unknown, not empty."
        )
        try:
            access = cluster_session.visitors_access()
            config = cluster_session.kubeconfig(access)
        except ClusterError as error:
            _tell(error)
            access, config = Access(shared=True, own_credentials=False), None
        _show_contexts(config, access, _CONNECT)
        _show_upload(config, access)


def show_contexts_to_compare() -> None:
    """The contexts of which one can be read beside what is shown."""
    try:
        access = cluster_session.visitors_access()
        config = cluster_session.kubeconfig(access)
    except ClusterError as error:
        _tell(error)
        return
    _show_contexts(config, access, _COMPARE)


def _show_contexts(config: Kubeconfig | None, access: Access, use: _Use) -> None:
    contexts = list(config.contexts.values()) if config is not None else []
    if config is None and not access.own_credentials:
        st.caption(
            "This server is open to others than its own user, so its own kubeconfig and service account are off; "
            f"its operator may turn them on with {ALLOW_OWN}=1. Upload a kubeconfig of your own "
            f"{'below' if use is _CONNECT else 'on the page Input'}."
        )
    elif not contexts:
        st.caption("No kubeconfig was found where kubectl looks for one: KUBECONFIG, then ~/.kube/config.")
    if access.shared and access.own_credentials and (config is None or not config.uploaded):
        st.warning(SERVERS_EYES, icon=":material/visibility:")
    if config is not None and contexts:
        _choose(config, contexts, access, use)
    if access.own_credentials and runs_in_cluster() and (config is None or not config.uploaded):
        st.button(
            "Read the cluster that this runs in",
            icon=":material/hub:",
            on_click=use.read,
            args=(service_account(access),),
            key=f"connect-in-cluster{use.suffix}",
            disabled=session.running_job() is not None,
        )


def _choose(config: Kubeconfig, contexts: list[Context], access: Access, use: _Use) -> None:
    names, key = [context.name for context in contexts], _CONTEXT + use.suffix
    if st.session_state.get(key) not in names:
        st.session_state[key] = config.current if config.current in names else names[0]
    chosen = st.selectbox(
        f"Context ({len(names):,} in the {'uploaded ' if config.uploaded else ''}kubeconfig)",
        names,
        key=key,
        format_func=lambda name: _described(config.contexts[name], current=name == config.current),
    )
    context = config.contexts[chosen]
    cluster = config.clusters.get(context.cluster)
    try:
        server = server_url(cluster) if cluster is not None else ""
        insecure = cluster is not None and (cluster.flag("insecure-skip-tls-verify") or server.startswith("http://"))
        if config.uploaded:
            check_upload(config, context, access)
    except ClusterError as error:
        _tell(error)
        return
    if insecure:
        st.error(INSECURE, icon=":material/no_encryption:")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            use.verb,
            type="primary",
            icon=":material/lan:",
            on_click=use.read,
            args=(ClusterTarget(chosen, access, config),),
            key=f"connect{use.suffix}",
            disabled=session.running_job() is not None,
        )
        st.caption(f"{plain(server or 'no server is named', 120)}", width="content")


def _described(context: Context, *, current: bool) -> str:
    """A context with its cluster, user and namespace; the label of an option is plain text."""
    words = [context.name + (" (current)" if current else "")]
    words += [
        f"cluster {context.cluster}",
        f"user {context.user or '–'}",
        f"namespace {context.namespace or 'default'}",
    ]
    return "  ·  ".join(word[:80] for word in words)


def _show_upload(config: Kubeconfig | None, access: Access) -> None:
    if config is not None and config.uploaded:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption("The uploaded kubeconfig is kept in this session's memory only.", width="content")
            st.button("Forget it", icon=":material/delete:", on_click=_forget, key="forget-kubeconfig")
        return
    key = f"kubeconfig-{st.session_state.get(_ROUND, 0)}"
    with st.expander("Upload a kubeconfig for this session", icon=":material/key:", expanded=access.shared):
        st.caption(
            "It may hold a token or a client certificate, and may not run programs or name files: for clusters of "
            "Entra ID make one with a token that ends after an hour, in a shell where kubectl is logged in."
        )
        st.code(WAY_THAT_WORKS, language="bash")
        st.file_uploader(
            "A kubeconfig; it is never written down",
            key=key,
            max_upload_size=_UPLOAD_MB,
            on_change=_take,
            args=(key,),
        )
        fault = st.session_state.pop(_FAULT, None)
        if fault is not None:
            _tell(fault)


def _take(key: str) -> None:
    """Keep the parsed kubeconfig and let go of the file, so that its bytes lie in one place only."""
    uploaded = st.session_state.get(key)
    if uploaded is None:
        return
    try:
        cluster_session.take_upload(uploaded.getvalue())
    except ClusterError as error:
        st.session_state[_FAULT] = error
    st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1


def _forget() -> None:
    cluster_session.forget_upload()


def _tell(error: ClusterError) -> None:
    st.error(plain(error.args[0], _CHARS), icon=":material/block:")
    st.caption(plain(error.remedy, _CHARS))
