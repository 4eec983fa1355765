"""Serves ``module`` on a port with FastPySGI: ``serve_fastpysgi.py module port``."""

import importlib
import sys

import fastpysgi

# The command of the package has no option for this limit, which is below ten megabytes.
fastpysgi.server.max_content_length = 64 * 1024 * 1024
fastpysgi.run(
    importlib.import_module(sys.argv[1]).application,
    "127.0.0.1",
    int(sys.argv[2]),
    loglevel=0,
)
