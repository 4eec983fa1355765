"""Completes the scopes that Node sends."""

from __future__ import annotations

from marshal import loads
from typing import Any, Final, Optional

Scope = dict[str, Any]
#: Extensions in the scope of a request, even if the application changes the scope.
Offers = tuple[str, ...]
#: Common part of repeated requests of a connection, marshalled; then path, raw path, query string,
#: and the id if the application is told it.
Repeated = tuple[bytes, str, bytes, bytes, Optional[str]]
Known = dict[bytes, tuple[Scope, Offers]]

_OLD: Final = ("http.response.pathsend",)
_USUAL: Final = (*_OLD, "http.response.early_hint")
_ALL: Final = (*_USUAL, "http.response.trailers")
_WEBSOCKET: Final = ("websocket.http.response",)
_KNOWN_LIMIT: Final = 512
_KNOWN_BYTES: Final = 4096

#: `te` in marshal's format: the length in four bytes, then the bytes.
_TE: Final = b"\x02\x00\x00\x00te"


def make_http(
    sent: Scope | Repeated, payload: bytes, state: dict[str, Any], known: Known
) -> tuple[Scope, Offers]:
    """The scope of an HTTP request, and its extensions.

    `payload` is what Node sent, in marshal's format; `known` caches common parts.
    """
    if isinstance(sent, dict):
        scope, offers = sent, _find_offers(sent, payload)
    else:
        common, path, raw_path, query, request = sent
        base, offers = known.get(common) or _learn(common, known)
        scope = base.copy()
        scope["path"] = path
        scope["raw_path"] = raw_path
        scope["query_string"] = query
        scope["headers"] = base["headers"].copy()
        if request is not None:
            scope["taipan.request_id"] = request
    _add_request_id(scope)
    scope["asgi"] = {"version": "3.0", "spec_version": "2.5"}
    scope["state"] = state.copy()
    if "extensions" in scope:
        _add_extensions(scope, offers)
    else:
        scope["extensions"] = {name: {} for name in offers}
    return scope, offers


def complete_websocket(scope: Scope, state: dict[str, Any]) -> None:
    """Adds the keys of a WebSocket scope."""
    _add_request_id(scope)
    scope["asgi"] = {"version": "3.0", "spec_version": "2.5"}
    scope["state"] = state.copy()
    _add_extensions(scope, _WEBSOCKET)


def lifespan_scope(state: dict[str, Any]) -> Scope:
    """The scope of a lifespan; contains `state` itself, which the application fills."""
    return {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": state}


def _add_request_id(scope: Scope) -> None:
    request = scope.get("taipan.request_id")
    if request is not None:
        scope["headers"].append((b"x-request-id", request.encode()))


def _add_extensions(scope: Scope, offers: Offers) -> None:
    """Adds ours to what Node has sent, if anything, which is what it knows of the client."""
    sent = {name: dict(facts) for name, facts in scope.get("extensions", {}).items()}
    scope["extensions"] = {**{name: {} for name in offers}, **sent}


def _learn(common: bytes, known: Known) -> tuple[Scope, Offers]:
    scope: Scope = loads(common)
    learnt = scope, _find_offers(scope, common)
    if len(common) <= _KNOWN_BYTES:
        if len(known) >= _KNOWN_LIMIT:
            known.clear()
        known[common] = learnt
    return learnt


def _find_offers(scope: Scope, payload: bytes) -> Offers:
    # A server in front that speaks no HTTP passes on neither interim responses nor trailers.
    is_relayed = scope.pop("taipan.relayed", scope) is None
    if is_relayed or scope["http_version"] == "1.0":
        return _OLD
    if scope["http_version"] != "1.1":
        # HTTP/1 has trailers in chunks alone, which many clients do not look at.
        return _ALL
    return _ALL if _TE in payload and _takes_trailers(scope) else _USUAL


def _takes_trailers(scope: Scope) -> bool:
    """Whether the client sent `TE: trailers`."""
    codings = [value for name, value in scope["headers"] if name == b"te"]
    return any(
        coding.partition(b";")[0].strip().lower() == b"trailers"
        for coding in b",".join(codings).split(b",")
    )
