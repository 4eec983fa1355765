"""Serves ``module`` on a port with bjoern: ``serve_bjoern.py module port``."""

import importlib
import sys

import bjoern

bjoern.run(
    importlib.import_module(sys.argv[1]).application, "127.0.0.1", int(sys.argv[2])
)
