"""``python -m lib``: the same results without a browser."""

import sys

from lib.cli import main

sys.exit(main(sys.argv[1:]))
