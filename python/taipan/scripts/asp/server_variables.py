"""`Request.ServerVariables`: the variables that IIS had."""

from __future__ import annotations

import os

from taipan.scripts.asp.values import Collection, collect
from taipan.scripts.request.current import ScriptRequest
from taipan.scripts.request.fields import request_fields
from taipan.scripts.request.variables import cgi_texts


def read_variables(request: ScriptRequest) -> Collection:
    """Those of CGI by the rules of IIS, and its own."""
    variables = cgi_texts(request.environ)
    fields = [(name, value) for name, value in variables.items() if name.startswith("HTTP_")]
    hidden = ("Authorization", "Proxy-Authorization")
    raw = [pair for pair in request_fields(request.environ) if pair[0] not in hidden]
    root = os.fsdecode(request.environ["DOCUMENT_ROOT"].encode("latin-1"))
    path = variables["SCRIPT_NAME"] + variables.get("PATH_INFO", "")
    secure = variables["REQUEST_SCHEME"] == "https"
    # PATH_INFO is the whole path there.
    own = {
        "ALL_HTTP": "".join(f"{name}:{value}\n" for name, value in fields),
        "ALL_RAW": "".join(f"{name}: {value}\r\n" for name, value in raw),
        "APPL_MD_PATH": request.settings.mount,
        "APPL_PHYSICAL_PATH": f"{root.rstrip('/')}/",
        "AUTH_USER": variables.get("REMOTE_USER", ""),
        "HTTPS": "on" if secure else "off",
        "INSTANCE_ID": "1",
        "LOCAL_ADDR": variables["SERVER_ADDR"],
        "LOGON_USER": variables.get("REMOTE_USER", ""),
        "PATH_INFO": path,
        "PATH_TRANSLATED": request.path,
        "SERVER_PORT_SECURE": "1" if secure else "0",
        "URL": path,
    }
    return collect({**variables, **own}.items())
