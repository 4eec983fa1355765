"""What the worker adds to a scope."""

from __future__ import annotations

from typing import Any, Final

Scope = dict[str, Any]
#: Names of the extensions that a request may use, whatever its application does with the scope.
Offers = frozenset[str]

_OLD: Final = frozenset(("http.response.pathsend",))
_USUAL: Final = _OLD | {"http.response.early_hint"}
_ALL: Final = _USUAL | {"http.response.trailers"}

#: `te` as marshal writes it: bytes are a length in four bytes and themselves.
_TE: Final = b"\x02\x00\x00\x00te"


def complete_http(scope: Scope, state: dict[str, Any], payload: bytes) -> Offers:
    """Adds the keys of an HTTP request, and tells which extensions they offer.

    `payload` is the scope in marshal's format.
    """
    scope["asgi"] = {"version": "3.0", "spec_version": "2.5"}
    scope["state"] = state.copy()
    if scope["http_version"] == "1.0":
        scope["extensions"] = {"http.response.pathsend": {}}
        return _OLD
    scope["extensions"] = {"http.response.pathsend": {}, "http.response.early_hint": {}}
    if _TE in payload and _takes_trailers(scope):
        scope["extensions"]["http.response.trailers"] = {}
        return _ALL
    return _USUAL


def complete_websocket(scope: Scope, state: dict[str, Any]) -> None:
    """Adds the keys of a WebSocket."""
    scope["asgi"] = {"version": "3.0", "spec_version": "2.5"}
    scope["state"] = state.copy()
    scope["extensions"] = {"websocket.http.response": {}}


def lifespan_scope(state: dict[str, Any]) -> Scope:
    """The scope of a lifespan; `state` itself, which the application fills."""
    return {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": state}


def _takes_trailers(scope: Scope) -> bool:
    """The client said `TE: trailers`."""
    if scope["http_version"] != "1.1":
        return False
    codings = [value for name, value in scope["headers"] if name == b"te"]
    return any(
        coding.partition(b";")[0].strip().lower() == b"trailers"
        for coding in b",".join(codings).split(b",")
    )
