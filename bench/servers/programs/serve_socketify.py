"""Serves ``module`` on a port with socketify: ``serve_socketify.py module port``."""

import importlib
import sys

from socketify import WSGI, AppListenOptions

application = importlib.import_module(sys.argv[1]).application
WSGI(application).listen(AppListenOptions(port=int(sys.argv[2]), host="127.0.0.1")).run(
    1
)
