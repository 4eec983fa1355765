"""Makes the environ of a request."""

from __future__ import annotations

from marshal import loads
from typing import Optional, Union

from taipan.events import Environ

#: Common part of repeated requests of a connection, marshalled; then PATH_INFO, QUERY_STRING,
#: REQUEST_URI, id, and the id once more if it is a field of the request, too.
Repeated = tuple[bytes, str, str, str, str, Optional[str]]
Sent = Union[Environ, Repeated]

#: What each request has of its own.
_DIFFERENT: Environ = dict.fromkeys(
    ("PATH_INFO", "QUERY_STRING", "REQUEST_URI", "taipan.request_id", "wsgi.input")
)
_KNOWN_LIMIT = 512
_KNOWN_BYTES = 4096


def make_environ(sent: Sent, base: Environ, known: dict[bytes, Environ]) -> Environ:
    """The environ, a new dict for each request.

    `base` has the keys that are equal in all requests of the application; `known` caches common
    parts.
    """
    if isinstance(sent, dict):
        sent.update(base)
        return sent
    common, path, query, uri, request, shared = sent
    environ = (known.get(common) or _learn(common, base, known)).copy()
    environ["PATH_INFO"] = path
    environ["QUERY_STRING"] = query
    environ["REQUEST_URI"] = uri
    environ["taipan.request_id"] = request
    if shared is not None:
        environ["HTTP_X_REQUEST_ID"] = shared
    return environ


def request_id(sent: Sent) -> str | None:
    """The id of the request, for the log."""
    return sent.get("taipan.request_id") if isinstance(sent, dict) else sent[4]


def request_line(sent: Sent) -> tuple[str, str]:
    """Method and path of the request, not decoded, for the log."""
    environ = sent if isinstance(sent, dict) else {**loads(sent[0]), "REQUEST_URI": sent[3]}
    return str(environ.get("REQUEST_METHOD")), str(environ.get("REQUEST_URI")).partition("?")[0]


def _learn(common: bytes, base: Environ, known: dict[bytes, Environ]) -> Environ:
    # What differs is there, too, so that a copy need not grow.
    environ: Environ = {**loads(common), **base, **_DIFFERENT}
    if len(common) <= _KNOWN_BYTES:
        if len(known) >= _KNOWN_LIMIT:
            known.clear()
        known[common] = environ
    return environ
