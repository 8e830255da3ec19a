"""Starts the dashboard: ``python -m lib.ui.serve`` takes the words that ``streamlit run app.py`` takes."""

from __future__ import annotations

import sys

from streamlit.web import cli

from lib.ui.quiet import ask_nobody


def main(words: list[str]) -> None:
    """Serve until the process is ended."""
    ask_nobody()
    cli.main(["run", "app.py", *words], prog_name="streamlit")


if __name__ == "__main__":
    main(sys.argv[1:])
