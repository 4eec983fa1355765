"""Runs a script and a page of ours in the template, so that children find everything warm.

The interpreter adapts code to what it does while it runs. A child would do that for itself in
its first and only run, and get copies of all the memory that is written meanwhile.
"""

from __future__ import annotations

import os
from marshal import dumps, loads
from typing import Any

from taipan import frames
from taipan.dispatch import Dispatcher
from taipan.events import Environ
from taipan.fresh.child_socket import ChildSocket
from taipan.fresh.progress import Progress
from taipan.loader.code_cache import file_stamp
from taipan.logs import Requests
from taipan.native import socketpair
from taipan.scripts.slot import make_script_slot
from taipan.serving import Serving
from taipan.wsgi.call import base_environ

#: CPython specializes code after several runs.
_TIMES = 40
_FOLDER = os.path.join(os.path.dirname(__file__), "site")
_FILES = (("script.py", "script"), ("page.psp", "psp"))
_BYTES = 65536


def rehearse(serving: Serving) -> None:
    """Runs what scripts need; no effect where none are served."""
    config = serving.config
    item = next((one for one in config["applications"] if one["kind"] == "scripts"), None)
    if item is None:
        return
    place = {"root": _FOLDER, "directory": _FOLDER, "mount": _FOLDER}
    # Those of the site are not in this folder.
    without: dict[str, Any] = {"kinds": {}, "handlers": [], "legacy": None}
    slot = make_script_slot({**item, **place, **without}, config, serving.logs)
    slot.base = base_environ(
        serving.logs.errors, multithread=False, multiprocess=True, run_once=True
    )
    slot.load()
    dispatcher = Dispatcher([slot], serving.logs, Requests(), serving.settings)
    before = os.getcwd()
    try:
        for name, kind in _FILES:
            environ = _make_environ(os.path.join(_FOLDER, name), kind)
            for _ in range(_TIMES):
                _run(dispatcher, environ)
    finally:
        os.chdir(before)


def _run(dispatcher: Dispatcher, environ: Environ) -> None:
    near, far = socketpair()
    with near, far:
        transport = ChildSocket(near, 1, frames.Decoder(), Progress())
        dispatcher.dispatch(loads(dumps((0, environ, b""))), transport)
        far.recv(_BYTES)


def _make_environ(path: str, kind: str) -> Environ:
    url = f"/{os.path.basename(path)}"
    facts: dict[str, Any] = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": url,
        "PATH_INFO": "",
        "QUERY_STRING": "",
        "REQUEST_URI": url,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "REMOTE_PORT": "40000",
        "HTTP_HOST": "localhost",
        "HTTP_ACCEPT": "*/*",
        "wsgi.url_scheme": "http",
        "SCRIPT_FILENAME": path,
        "DOCUMENT_ROOT": os.path.dirname(path),
        "taipan.script_kind": kind,
        "taipan.script_version": str(file_stamp(path)),
        "taipan.request_id": "rehearsal",
    }
    return facts
