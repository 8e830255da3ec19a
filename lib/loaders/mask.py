"""What stands in place of a value that must not be kept."""

from __future__ import annotations

from typing import Final

MASK: Final = "•••"
