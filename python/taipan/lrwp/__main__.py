"""`python -m taipan.lrwp`: see `--help`."""

import sys

from taipan.lrwp.command import main

sys.exit(main(sys.argv[1:]))
