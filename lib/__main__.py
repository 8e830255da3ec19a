"""``python -m lib``: the same results without a browser."""

import sys

from lib.cli import main
from lib.cli.process import begin, leave

begin()
leave(main(sys.argv[1:]))
