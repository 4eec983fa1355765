"""The data of a request, as far as it is known without reading its body."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl

from taipan.error_page.masking import MASK, is_secret, mask_text
from taipan.error_page.trace import Variable
from taipan.logs import CURRENT_REQUEST
from taipan.tracebacks import shorten

_VALUE_LIMIT: Final = 1000
_URL_LIMIT: Final = 2000
_FIELD_LIMIT: Final = 100
_FORM_BYTES: Final = 64 * 1024
#: A cookie this long is likely to be a credential, whatever its name.
_LONG_COOKIE: Final = 16
_FORM_TYPE: Final = "application/x-www-form-urlencoded"

Pairs = Sequence[tuple[str, str]]


class RequestFacts(NamedTuple):
    """A request for people; secrets are masked."""

    method: str
    url: str
    #: Its id in the log; may be empty.
    identity: str
    #: Titles with names and values; none is empty.
    sections: tuple[tuple[str, tuple[Variable, ...]], ...]
    #: Its client is a browser that shows a page.
    wants_html: bool


def describe_request(request: Mapping[str, Any]) -> RequestFacts:
    """The request of an environ or a scope, also of one that the application has changed."""
    return _describe_environ(request) if "REQUEST_METHOD" in request else _describe_scope(request)


def _describe_environ(environ: Mapping[str, Any]) -> RequestFacts:
    read = _reader(environ)
    fields = [(_field_name(key[5:]), read(key)) for key in environ if key.startswith("HTTP_")]
    fields += [
        (_field_name(key), read(key)) for key in ("CONTENT_TYPE", "CONTENT_LENGTH") if read(key)
    ]
    target = read("REQUEST_URI") or read("SCRIPT_NAME") + read("PATH_INFO")
    host = read("HTTP_HOST") or read("SERVER_NAME")
    return _describe(
        read("REQUEST_METHOD"),
        (read("wsgi.url_scheme"), host, target),
        fields,
        form=_read_form(environ),
        identity=read("taipan.request_id"),
        client=read("REMOTE_ADDR"),
    )


def _describe_scope(scope: Mapping[str, Any]) -> RequestFacts:
    given = scope.get("headers") or ()
    fields = [
        (_field_name(bytes(name).decode("latin-1")), bytes(value).decode("latin-1"))
        for name, value in given
    ]
    path = bytes(scope.get("raw_path") or b"").decode("latin-1") or str(scope.get("path", ""))
    query = bytes(scope.get("query_string") or b"").decode("latin-1")
    client = scope.get("client") or ("",)
    host = dict(fields).get("Host", "")
    return _describe(
        str(scope.get("method", "GET")),
        (str(scope.get("scheme", "http")), host, f"{path}?{query}" if query else path),
        fields,
        form=(),
        identity=CURRENT_REQUEST.get() or "",
        client=str(client[0]),
    )


def _describe(
    method: str,
    address: tuple[str, str, str],
    fields: Pairs,
    *,
    form: Pairs,
    identity: str,
    client: str,
) -> RequestFacts:
    scheme, host, target = address
    query = target.partition("?")[2]
    cookies = [pair for name, value in fields if name == "Cookie" for pair in _split(value)]
    sections = (
        ("Query", _show(_parse(query))),
        ("Form", _show(form)),
        ("Headers", _show(sorted(fields))),
        ("Cookies", tuple(map(_show_cookie, cookies[:_FIELD_LIMIT]))),
        ("Client", _show([("Address", client)] if client else [])),
    )
    accept = ", ".join(value for name, value in fields if name == "Accept")
    url = shorten(mask_text(f"{scheme}://{host}{target}"), _URL_LIMIT)
    filled = tuple(section for section in sections if section[1])
    return RequestFacts(method, url, identity, filled, method != "HEAD" and _takes_html(accept))


def _takes_html(accept: str) -> bool:
    for item in accept.lower().split(","):
        kind, *parameters = (part.strip() for part in item.split(";"))
        refused = any(re.fullmatch(r"q=0(\.0*)?", parameter) for parameter in parameters)
        if kind in ("text/html", "application/xhtml+xml"):
            return not refused
    return False


def _reader(environ: Mapping[str, Any]) -> Any:
    return lambda key: str(environ.get(key) or "")


def _field_name(name: str) -> str:
    return "-".join(word.capitalize() for word in name.replace("_", "-").split("-"))


def _parse(text: str) -> Pairs:
    try:
        return parse_qsl(text, keep_blank_values=True, errors="replace", max_num_fields=1000)
    except ValueError:
        return ()


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


def _read_form(environ: Mapping[str, Any]) -> Pairs:
    """The fields of a body that has arrived whole."""
    body = environ.get("wsgi.input")
    kind = str(environ.get("CONTENT_TYPE") or "").partition(";")[0].strip().lower()
    if type(body) is not io.BytesIO or kind != _FORM_TYPE or body.closed:
        return ()
    with body.getbuffer() as view:
        if len(view) > _FORM_BYTES:
            return ()
        return _parse(bytes(view).decode("utf-8", "replace"))
