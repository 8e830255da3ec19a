"""``python -m lib``: the same results without a browser."""

import sys

from lib.process import begin, leave

# Before the rest is imported, which makes more objects than many an input.
begin()

from lib.cli import main  # noqa: E402

leave(main(sys.argv[1:]))
