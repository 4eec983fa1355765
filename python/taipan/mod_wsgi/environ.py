"""The keys that mod_wsgi adds to the environ."""

from __future__ import annotations

import os
from typing import Any

from taipan.events import Environ
from taipan.loader.slot import Slot
from taipan.mod_wsgi.place import PLACE, VERSION
from taipan.native import get_ident


def describe_request(slot: Slot, environ: Environ, began: float) -> dict[str, Any]:
    """The keys for a request that this process has begun at that time."""
    address = environ.get("SERVER_NAME", "")
    client = ":".join(environ[key] for key in ("REMOTE_ADDR", "REMOTE_PORT") if environ.get(key))
    keys = {
        "mod_wsgi.version": VERSION,
        "mod_wsgi.process_group": PLACE.process_group,
        "mod_wsgi.application_group": PLACE.application_group,
        "mod_wsgi.request_handler": "wsgi-script",
        "mod_wsgi.handler_script": "",
        "mod_wsgi.script_reloading": "1",
        "mod_wsgi.listener_host": environ.get("SERVER_ADDR", address),
        "mod_wsgi.listener_port": environ.get("SERVER_PORT", ""),
        "mod_wsgi.script_name": environ.get("SCRIPT_NAME", ""),
        "mod_wsgi.path_info": environ.get("PATH_INFO", ""),
        "mod_wsgi.mount_point": environ.get("SCRIPT_NAME", ""),
        "mod_wsgi.server_pid": str(os.getppid()),
        "mod_wsgi.request_id": environ.get("taipan.request_id", ""),
        "mod_wsgi.connection_id": client,
        "mod_wsgi.thread_id": get_ident(),
        "mod_wsgi.request_start": began,
        "mod_wsgi.queue_start": began,
        "mod_wsgi.daemon_start": began,
        "mod_wsgi.application_start": began,
        "REQUEST_SCHEME": environ.get("wsgi.url_scheme", "http"),
    }
    if os.path.isfile(slot.place):
        keys["SCRIPT_FILENAME"] = slot.place
        keys["DOCUMENT_ROOT"] = os.path.dirname(slot.place)
    return keys
