"""`python -m taipan.lrwp`: see `--help`."""

import sys

from taipan.lrwp.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
