"""Taking an address plan along: code that makes it, a document for a review, tables."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Final

import streamlit as st

from lib.ipplan.export.resources import obstacles
from lib.ipplan.export.write import write_code
from lib.ipplan.result import AddressPlan
from lib.ipplan.serialise import to_json
from lib.reports.plan_review import plan_review
from lib.tables.plan import subnet_rows
from lib.ui.export import to_csv
from lib.ui.text import plain

_LINES_SHOWN: Final = 400
# What a file is called, its type, and the language that the page colours it in.
_CODE: Final = {
    "bicep": ("Bicep", "main.bicep", "text/plain", "bicep"),
    "terraform": ("Terraform", "main.tf", "text/plain", "hcl"),
    "az": ("az commands", "address-plan.sh", "text/x-shellscript", "bash"),
}


def show_export(answer: AddressPlan) -> None:
    """Buttons for every form of the plan, and a look at the code; the files are made on the click."""
    st.subheader("Take it along", anchor=False)
    reasons = obstacles(answer)
    with st.container(horizontal=True, gap="small"):
        for language, (label, file, mime, _) in _CODE.items():
            _button(label, file, mime, partial(_code, answer, language), disabled=bool(reasons))
        _button("Markdown for a review", "address-plan.md", "text/markdown", partial(_review, answer))
        _button("CSV", "address-plan.csv", "text/csv", partial(_csv, answer))
        _button("JSON", "address-plan.json", "application/json", partial(_json, answer))
    if reasons:
        for reason in reasons:
            st.info(f"No code yet. {plain(reason, 400)}", icon=":material/code_off:")
        return
    if answer.problems:
        st.caption("What is wrong with the plan stands at the top of the code.")
    with st.expander("Look at the code", icon=":material/code:"):
        options = list(_CODE)
        chosen = st.segmented_control(
            "Language", options, format_func=lambda key: _CODE[key][0], default=options[0], key="plan-code",
            label_visibility="collapsed",
        )  # fmt: skip
        _show_code(answer, str(chosen or options[0]))


def _show_code(answer: AddressPlan, language: str) -> None:
    lines = "".join(write_code(answer, language)).splitlines()
    st.code("\n".join(lines[:_LINES_SHOWN]), language=_CODE[language][3], height=480)
    if len(lines) > _LINES_SHOWN:
        st.caption(f"The first {_LINES_SHOWN:,} of {len(lines):,} lines; the file holds all of them.")


def _button(label: str, file: str, mime: str, data: Callable[[], bytes], *, disabled: bool = False) -> None:
    st.download_button(
        label, data=data, file_name=f"netatlas-{file}" if file.startswith("address") else file, mime=mime,
        icon=":material/download:", key=f"plan-export-{file}", on_click="ignore", disabled=disabled,
    )  # fmt: skip


def _code(answer: AddressPlan, language: str) -> bytes:
    return "".join(write_code(answer, language)).encode()


def _review(answer: AddressPlan) -> bytes:
    return "".join(plan_review(answer)).encode()


def _csv(answer: AddressPlan) -> bytes:
    return to_csv(subnet_rows(answer))


def _json(answer: AddressPlan) -> bytes:
    return (json.dumps(to_json(answer), ensure_ascii=False, indent=1) + "\n").encode()
