"""The environ of a request: what Node sends, and what does not change between requests."""

from __future__ import annotations

from marshal import loads
from typing import Union

from taipan.events import Environ

#: What the request has in common with others of its connection, in the format of marshal; then its
#: PATH_INFO, QUERY_STRING, REQUEST_URI and id.
Repeated = tuple[bytes, str, str, str, str]
Sent = Union[Environ, Repeated]

_KNOWN_LIMIT = 512
_KNOWN_BYTES = 4096


def make_environ(sent: Sent, base: Environ, known: dict[bytes, Environ]) -> Environ:
    """A dict that belongs to its request alone.

    `base` has the keys that are the same for every request of the application, and `known` is kept
    for the next call.
    """
    if isinstance(sent, dict):
        sent.update(base)
        return sent
    common, path, query, uri, request = sent
    environ = (known.get(common) or _learn(common, base, known)).copy()
    environ["PATH_INFO"] = path
    environ["QUERY_STRING"] = query
    environ["REQUEST_URI"] = uri
    environ["taipan.request_id"] = request
    return environ


def request_id(sent: Sent) -> str | None:
    """The id of the request, for the log."""
    return sent.get("taipan.request_id") if isinstance(sent, dict) else sent[4]


def _learn(common: bytes, base: Environ, known: dict[bytes, Environ]) -> Environ:
    environ: Environ = {**loads(common), **base}
    if len(common) <= _KNOWN_BYTES:
        if len(known) >= _KNOWN_LIMIT:
            known.clear()
        known[common] = environ
    return environ
