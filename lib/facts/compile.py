"""Compile the data files that every command reads: ``python -m lib.facts.compile``, after each change of one of them.

The YAML files stay the data; a compiled one of another text is not used, only slower answers would tell.
"""

from __future__ import annotations

import json
from binascii import crc32
from datetime import date
from typing import Any, Final

from lib.facts.files import COMPILED, DATE, FOLDER, read_yaml

NAMES: Final = ("ingress_controllers.yaml", "policy_engines.yaml", "policy_readings.yaml")
"""The data files that are read whatever was asked."""


def compiled(data: bytes) -> str:
    """The compiled form of a data file's text. Raises TypeError for values that JSON can't hold, but for dates."""
    return json.dumps({"crc32": crc32(data), "data": read_yaml(data)}, default=_date, indent=1) + "\n"


def _date(value: Any) -> dict[str, str]:
    # A time of day is a date to Python, and would come back without it.
    if type(value) is not date:
        raise TypeError(f"{value!r} can't be compiled")
    return {DATE: value.isoformat()}


def main() -> None:
    """Write the compiled form of every file in ``NAMES``."""
    COMPILED.mkdir(exist_ok=True)
    for name in NAMES:
        (COMPILED / f"{name}.json").write_text(compiled((FOLDER / name).read_bytes()), encoding="ascii")


if __name__ == "__main__":
    main()
