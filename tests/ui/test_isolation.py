"""What one visitor loaded is not within another's reach, and goes when the visitor does."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable
from typing import Any, TypeVar

from streamlit.runtime.caching import clear_session_resource_cache
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner_utils.script_run_context import ScriptRunContext, add_script_run_ctx
from streamlit.runtime.state import SafeSessionState, SessionState

from lib.ui.loaded import LoadedInput, load
from lib.ui.results_store import ResultsStore, store_of
from tests.ui.kit import loaded, namespaces

T = TypeVar("T")


def as_visitor(session: str, work: Callable[[], T]) -> T:
    """Do ``work`` as a script run of that session would."""
    context = ScriptRunContext(
        session_id=session,
        _enqueue=lambda _: None,
        query_string="",
        session_state=SafeSessionState(SessionState(), lambda: None),
        uploaded_file_mgr=MemoryUploadedFileManager("/mock"),
        main_script_path="",
        user_info={"email": None},
        fragment_storage=None,  # type: ignore[arg-type]
        pages_manager=None,  # type: ignore[arg-type]
    )
    done: list[T] = []
    thread = threading.Thread(target=lambda: done.append(work()))
    add_script_run_ctx(thread, context)
    thread.start()
    thread.join(20)
    return done[0]


def own(name: str) -> LoadedInput:
    return loaded({"mine.yaml": namespaces(name)})


def test_results_of_the_same_upload_are_kept_for_each_visitor_apart() -> None:
    mine, theirs = own("same"), own("same")
    assert mine.key == theirs.key
    stores = [as_visitor(session, lambda: store_of(mine)) for session in ("one", "one", "two")]
    assert stores[0] is stores[1]
    assert stores[0] is not stores[2]
    assert as_visitor("one", lambda: store_of(mine).get("k", lambda: "of one")) == "of one"
    assert as_visitor("two", lambda: store_of(theirs).get("k", lambda: "of two")) == "of two"


def test_results_of_a_sample_are_shared() -> None:
    sample = load("sample:test", "test", ())
    stores = [as_visitor(session, lambda: store_of(sample)) for session in ("one", "two")]
    assert stores[0] is stores[1]


def test_an_upload_with_a_samples_content_is_not_taken_for_the_sample() -> None:
    sample, upload = load("sample:test", "test", ()), load("upload:", "test", ())
    assert sample.key == upload.key
    assert as_visitor("one", lambda: store_of(sample)) is not as_visitor("one", lambda: store_of(upload))


def test_results_go_with_the_session() -> None:
    mine = own("gone")
    store = as_visitor("leaving", lambda: store_of(mine))
    before: weakref.ref[ResultsStore] = weakref.ref(store)
    del store
    gc.collect()
    assert before() is not None
    clear_session_resource_cache("leaving")
    gc.collect()
    assert before() is None


def test_nothing_keeps_an_input_once_its_session_is_gone() -> None:
    state = {"upload": own("private")}
    # The input itself is slotted and can't be watched, its documents can.
    documents: Any = weakref.ref(state["upload"].read.documents)
    as_visitor("leaving", lambda: store_of(state["upload"]).get("snapshot", lambda: state["upload"].snapshot))
    clear_session_resource_cache("leaving")
    gc.collect()
    assert documents() is not None
    state.clear()
    gc.collect()
    assert documents() is None
