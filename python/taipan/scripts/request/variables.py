"""The variables of CGI/1.1 (RFC 3875, 4.1)."""

from __future__ import annotations

import os
import re

from taipan.events import Environ

#: Credentials that programs may show or pass on unwittingly (RFC 3875, 4.1.18).
_SECRET = ("HTTP_AUTHORIZATION", "HTTP_PROXY_AUTHORIZATION")
_AUTHORITY = re.compile(rb"(\[[^\]]+\]|[^:]+)(?::(\d*))?")


def cgi_variables(environ: Environ) -> dict[bytes, bytes]:
    """The variables of a request as bytes, as programs get them."""
    variables = {
        key.encode("latin-1"): value.encode("latin-1")
        for key, value in environ.items()
        if key.isupper() and type(value) is str and key not in _SECRET
    }
    variables[b"GATEWAY_INTERFACE"] = b"CGI/1.1"
    variables[b"SERVER_SOFTWARE"] = str(environ["taipan.software"]).encode("latin-1")
    variables[b"REQUEST_SCHEME"] = str(environ["wsgi.url_scheme"]).encode("latin-1")
    name_server(variables)
    # The address may stand for the name (RFC 3875, 4.1.9).
    variables.setdefault(b"REMOTE_HOST", variables.get(b"REMOTE_ADDR", b""))
    rest = variables.get(b"PATH_INFO", b"")
    # It never names a file outside of the folder.
    if rest and b".." not in rest.split(b"/"):
        variables[b"PATH_TRANSLATED"] = variables[b"DOCUMENT_ROOT"].rstrip(b"/") + rest
    return variables


def cgi_texts(environ: Environ) -> dict[str, str]:
    """Likewise as text; the variables of the process, such as its keys, are not among them."""
    pairs = cgi_variables(environ).items()
    return {os.fsdecode(name): os.fsdecode(value) for name, value in pairs}


def name_server(variables: dict[bytes, bytes]) -> None:
    """The server as the client does (RFC 3875, 4.1.14), as scripts make links of it."""
    variables.setdefault(b"SERVER_ADDR", variables.get(b"SERVER_NAME", b""))
    found = _AUTHORITY.fullmatch(variables.get(b"HTTP_HOST", b""))
    if found is not None:
        usual = b"443" if variables[b"REQUEST_SCHEME"] == b"https" else b"80"
        variables[b"SERVER_NAME"] = found[1]
        variables[b"SERVER_PORT"] = found[2] or usual
