"""The data of a request, as far as it is known without reading its body."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from taipan.error_page.body import Body, find_content, parse_pairs, read_body
from taipan.error_page.masking import MASK, is_secret, mask_text
from taipan.error_page.secret_values import is_telling
from taipan.error_page.trace import Variable
from taipan.error_page.values import format_values
from taipan.events import BODY_KEY
from taipan.logs import CURRENT_REQUEST
from taipan.tracebacks import shorten

_VALUE_LIMIT: Final = 1000
_URL_LIMIT: Final = 2000
_FIELD_LIMIT: Final = 100
#: A cookie this long is likely to be a credential, whatever its name.
_LONG_COOKIE: Final = 16
#: Keys of an environ and of a scope that are shown otherwise.
_SHOWN: Final = frozenset(["CONTENT_TYPE", "CONTENT_LENGTH", "headers", BODY_KEY])

Pairs = Sequence[tuple[str, str]]


class RequestFacts(NamedTuple):
    """A request for people; secrets are masked."""

    method: str
    url: str
    #: Its id in the log; may be empty.
    identity: str
    #: Titles with names and values; none is empty.
    sections: tuple[tuple[str, tuple[Variable, ...]], ...]
    #: All else that the environ or the scope has.
    others: tuple[str, tuple[Variable, ...]]
    #: What its client takes: `html`, `json` or `text`.
    wanted: str
    #: Texts that were masked, and may be elsewhere, too.
    secrets: tuple[str, ...]


class _Given(NamedTuple):
    """A request as it came."""

    method: str
    scheme: str
    host: str
    target: str
    identity: str
    fields: Pairs
    body: Body
    others: tuple[str, tuple[Variable, ...]]


def describe_request(request: Mapping[str, Any]) -> RequestFacts:
    """The request of an environ or a scope, also of one that the application has changed."""
    return _describe(_of_environ(request) if "REQUEST_METHOD" in request else _of_scope(request))


def _of_environ(environ: Mapping[str, Any]) -> _Given:
    read = _reader(environ)
    fields = [(_field_name(key[5:]), read(key)) for key in environ if key.startswith("HTTP_")]
    fields += [
        (_field_name(key), read(key)) for key in ("CONTENT_TYPE", "CONTENT_LENGTH") if read(key)
    ]
    return _Given(
        read("REQUEST_METHOD"),
        read("wsgi.url_scheme"),
        read("HTTP_HOST") or read("SERVER_NAME"),
        read("REQUEST_URI") or read("SCRIPT_NAME") + read("PATH_INFO"),
        read("taipan.request_id"),
        fields,
        read_body(find_content(environ), read("CONTENT_TYPE")),
        ("Environ", _show_others(environ)),
    )


def _of_scope(scope: Mapping[str, Any]) -> _Given:
    fields = [
        (_field_name(bytes(name).decode("latin-1")), bytes(value).decode("latin-1"))
        for name, value in scope.get("headers") or ()
    ]
    named = dict(fields)
    path = bytes(scope.get("raw_path") or b"").decode("latin-1") or str(scope.get("path", ""))
    query = bytes(scope.get("query_string") or b"").decode("latin-1")
    return _Given(
        str(scope.get("method", "GET")),
        str(scope.get("scheme", "http")),
        named.get("Host", ""),
        f"{path}?{query}" if query else path,
        CURRENT_REQUEST.get() or "",
        fields,
        read_body(find_content(scope), named.get("Content-Type", "")),
        ("Scope", _show_others(scope)),
    )


def _describe(given: _Given) -> RequestFacts:
    method, fields = given.method, given.fields
    query = parse_pairs(given.target.partition("?")[2])
    cookies = [pair for name, value in fields if name == "Cookie" for pair in _split(value)]
    title, body = given.body
    # Of whatever name, because any may be a session.
    unnamed = [("cookie", value) for _, value in cookies]
    named = (*query, *body, *cookies, *unnamed, *fields, *_list_credentials(fields))
    sections = (
        ("Query", _show(query)),
        (title, _show(body)),
        ("Cookies", tuple(map(_show_cookie, cookies[:_FIELD_LIMIT]))),
        ("Headers", _show(sorted(fields))),
    )
    url = shorten(mask_text(f"{given.scheme}://{given.host}{given.target}"), _URL_LIMIT)
    return RequestFacts(
        method,
        url,
        given.identity,
        tuple(section for section in sections if section[1]),
        given.others,
        "text" if method == "HEAD" else _choose_kind(fields),
        tuple(value for name, value in named if is_telling(name, value)),
    )


def _choose_kind(fields: Pairs) -> str:
    accept = ", ".join(value for name, value in fields if name == "Accept").lower()
    kinds = list(_list_kinds(accept))
    if "text/html" in kinds or "application/xhtml+xml" in kinds:
        return "html"
    is_json = any(kind == "application/json" or kind.endswith("+json") for kind in kinds)
    return "json" if is_json else "text"


def _list_kinds(accept: str) -> Iterator[str]:
    for item in accept.split(","):
        kind, *parameters = (part.strip() for part in item.split(";"))
        if not any(re.fullmatch(r"q=0(\.0*)?", parameter) for parameter in parameters):
            yield kind


def _list_credentials(fields: Pairs) -> Iterator[tuple[str, str]]:
    for name, value in fields:
        if name != "Authorization":
            continue
        scheme, _, credentials = value.partition(" ")
        yield name, credentials
        if scheme.lower() == "basic":
            yield "password", _decode(credentials).partition(":")[2]


def _decode(credentials: str) -> str:
    try:
        return base64.b64decode(credentials).decode("utf-8", "replace")
    except binascii.Error:
        return ""


def _show_others(request: Mapping[str, Any]) -> tuple[Variable, ...]:
    chosen = [
        (str(key), value)
        for key, value in request.items()
        if key not in _SHOWN and not str(key).startswith("HTTP_")
    ]
    named = sorted(chosen, key=lambda pair: pair[0])[:_FIELD_LIMIT]
    names = [shorten(name, _VALUE_LIMIT) for name, _ in named]
    return tuple(map(Variable, names, format_values(named)))


def _reader(environ: Mapping[str, Any]) -> Any:
    return lambda key: str(environ.get(key) or "")


def _field_name(name: str) -> str:
    return "-".join(word.capitalize() for word in name.replace("_", "-").split("-"))


def _split(cookies: str) -> Iterable[tuple[str, str]]:
    for part in cookies.split(";"):
        name, _, value = part.strip().partition("=")
        if name:
            yield name, value


def _show(pairs: Pairs) -> tuple[Variable, ...]:
    return tuple(
        Variable(
            shorten(name, _VALUE_LIMIT),
            MASK if is_secret(name) else shorten(mask_text(value), _VALUE_LIMIT),
        )
        for name, value in pairs[:_FIELD_LIMIT]
    )


def _show_cookie(pair: tuple[str, str]) -> Variable:
    name, value = pair
    hidden = is_secret(name) or len(value) >= _LONG_COOKIE
    return Variable(shorten(name, _VALUE_LIMIT), MASK if hidden else mask_text(value))
