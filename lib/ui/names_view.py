"""Domain names in policies: how much is unknown for want of their addresses, and where to give those."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from lib.flows import unknown_for_names
from lib.loaders.domain_names import CHARS_MAX
from lib.loaders.limits import MIB
from lib.policy.domain_names import listed, patterns
from lib.ui import results, session
from lib.ui.navigation import spec
from lib.ui.page_context import PageContext
from lib.ui.problems import say_problems
from lib.ui.text import plain

_ROUND: Final = "netatlas.names_round"
_TYPED: Final = "names"
_FORM: Final = (
    "Each name with its addresses or prefixes. The table is taken at its word: a name in it has these addresses and no "
    "others. With complete: true no other name has any, so that patterns such as *.example.com are settled too. "
    "docs/names.md tells it all; `--names FILE` gives the same file to the command line."
)
_PLACEHOLDER: Final = "names:\n  api.example.com: [203.0.113.7, 2001:db8::7]\ncomplete: false"


def say_open_names(page: PageContext, choice: str) -> None:
    """How many flows are unknown since the addresses of names are, with the way to the table; nothing without names."""
    engine = results.engine(page, choice)
    names = engine.open_names
    if not names:
        return
    rows = results.flows(page, choice).rows
    key = ("unknown-for-names", choice, page.view)
    count = page.cached(key, lambda: unknown_for_names(engine, rows))
    if count:
        flows = f"{count:,} of the flows below {'is' if count == 1 else 'are'} unknown since the input does not show"
    else:
        flows = "None of the flows below hangs on what the input does not show,"
    _say(f":material/dns: {flows} the addresses of {_some(names)} in policies: ", names)


def say_unproven_names(page: PageContext, choice: str) -> None:
    """That nothing is proven of what hangs on names without addresses, with the way to the table; else nothing."""
    names = results.engine(page, choice).open_names
    if names:
        start = f":material/dns: What hangs on the addresses of {_some(names)} in present policies is not settled, "
        _say(f"{start}since the input does not show them: ", names)


def _some(names: Sequence[str]) -> str:
    return "a domain name" if len(names) == 1 else f"{len(names):,} domain names"


def _say(start: str, names: Sequence[str]) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"{start}{plain(listed(list(names)), 300)}.", width="content")
        st.page_link(spec("input").path, label="Give their addresses", icon=":material/edit:")


def show_names(page: PageContext) -> None:
    """The table of names where some policy has one, to be typed or handed over as a file."""
    named = dict.fromkeys(map(str, patterns(page.snapshot, results.profile_of(page, "kubernetes"))))
    given = session.given_names(page.loaded)
    if not named and given is None:
        return
    st.subheader("Domain names", anchor=False)
    open_names = results.engine(page, "kubernetes").open_names
    settled = len(named) - len(open_names)
    count = "1 domain name" if len(named) == 1 else f"{len(named):,} domain names"
    unknown = f" What hangs on {plain(listed(list(open_names)), 300)} is unknown." if open_names else ""
    st.markdown(f"{count} in policies; the addresses of {settled:,} are settled.{unknown}")
    round_ = st.session_state.get(_ROUND, 0)
    typed, uploaded = f"names-text-{round_}", f"names-file-{round_}"
    st.text_area(
        "Names and their addresses as YAML",
        value=given.text if given is not None else "",
        key=typed,
        height=180,
        max_chars=CHARS_MAX,
        placeholder=_PLACEHOLDER,
        help=_FORM,
        on_change=_take_text,
        args=(page, typed),
    )
    st.file_uploader(
        "Or a file with them",
        key=uploaded,
        max_upload_size=CHARS_MAX // MIB,
        on_change=_take_file,
        args=(page, uploaded),
    )
    st.caption("The table stays in this session's memory, and goes with Clear.")
    if given is not None:
        say_problems(given.reading.problems)


def _take_text(page: PageContext, key: str) -> None:
    session.give_names(page.loaded, st.session_state[key] or "", _TYPED)


def _take_file(page: PageContext, key: str) -> None:
    file: UploadedFile | None = st.session_state[key]
    if file is not None:
        session.give_names(page.loaded, file.getvalue().decode("utf-8", "replace"), file.name)
        st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1
