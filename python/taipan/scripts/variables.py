"""The variables of CGI/1.1 (RFC 3875, 4.1)."""

from __future__ import annotations

from taipan.events import Environ

#: Credentials that programs may show or pass on unwittingly (RFC 3875, 4.1.18).
_SECRET = ("HTTP_AUTHORIZATION", "HTTP_PROXY_AUTHORIZATION")


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
    # The address may stand for the name (RFC 3875, 4.1.9).
    variables.setdefault(b"REMOTE_HOST", variables.get(b"REMOTE_ADDR", b""))
    rest = variables.get(b"PATH_INFO", b"")
    if rest:
        variables[b"PATH_TRANSLATED"] = variables[b"DOCUMENT_ROOT"].rstrip(b"/") + rest
    return variables
