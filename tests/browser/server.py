"""Starts NetAtlas as its users do, in a process that may reach nothing but this machine."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parents[2]
GUARD = Path(__file__).resolve().parent / "guard"
STARTUP_S = 60.0


def find_chromium() -> str | None:
    """The browser that NETATLAS_CHROMIUM names, else the first one on the PATH."""
    named = os.environ.get("NETATLAS_CHROMIUM")
    if named:
        return named
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@dataclass(frozen=True)
class Server:
    """A running NetAtlas; ``refusals`` is the file that the socket guard writes to."""

    url: str
    pid: int
    refusals: Path
    log: Path

    def refused(self) -> list[str]:
        """The connections and name look-ups beyond this machine that the process tried so far."""
        return self.refusals.read_text().splitlines() if self.refusals.exists() else []


def free_port() -> int:
    """A port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_server(
    folder: Path, *, script: str = "app.py", guarded: bool = True, base_path: str = "", options: Sequence[str] = ()
) -> Iterator[Server]:
    """Start ``script``, wait until it answers, and end it afterwards; ``folder`` takes its log.

    ``base_path`` is without slashes around it; ``options`` are more words for Streamlit.
    """
    port = free_port()
    server_log, refusals = folder / "server.log", folder / "refusals.log"
    environment = {k: v for k, v in os.environ.items() if not k.startswith("STREAMLIT_")}
    environment["NETATLAS_REFUSALS"] = str(refusals)
    if guarded:
        environment["PYTHONPATH"] = os.pathsep.join(
            filter(None, [str(GUARD), str(ROOT), environment.get("PYTHONPATH", "")])
        )
    command = [
        sys.executable,
        "-m",
        *(["lib.ui.serve"] if script == "app.py" else ["streamlit", "run", script]),
        "--server.port",
        str(port),
        "--server.headless",
        "true",
        *([f"--server.baseUrlPath={base_path}"] if base_path else ()),
        *options,
    ]
    with server_log.open("w") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        url = f"http://127.0.0.1:{port}" + (f"/{base_path}" if base_path else "")
        _wait(url, process, server_log)
        yield Server(url, process.pid, refusals, server_log)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + STARTUP_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended at once:\n{log.read_text()}")
        try:
            with urlopen(f"{url}/_stcore/health", timeout=2) as answer:
                if answer.status == 200:
                    return
        except (URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError(f"the server did not answer within {STARTUP_S:.0f} s:\n{log.read_text()}")
