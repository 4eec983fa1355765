"""Server variables by the names of IIS."""

from __future__ import annotations

import os
from typing import Callable, Final
from urllib.parse import quote, unquote

from taipan.scripts.request.current import ScriptRequest
from taipan.scripts.request.fields import request_fields
from taipan.scripts.request.variables import name_server

#: Of the only site.
INSTANCE_PATH: Final = "/LM/W3SVC/1"

_SERVER = (b"SERVER_NAME", b"SERVER_PORT", b"HTTP_HOST")

_Compute = Callable[[ScriptRequest], str]


def server_variable(request: ScriptRequest, name: str) -> str:
    """The value of a variable; empty if there is none."""
    key = name.upper()
    compute = _COMPUTED.get(key)
    if compute is not None:
        return compute(request)
    value = request.environ.get(key)
    return _text(value) if isinstance(value, str) else ""


def variable_names(request: ScriptRequest) -> list[str]:
    """Names of all variables that have a value, but for credentials."""
    names = {name for name in request.environ if name.isupper()}.union(_COMPUTED)
    hidden = {"AUTH_PASSWORD", "HTTP_AUTHORIZATION", "HTTP_PROXY_AUTHORIZATION"}
    hidden |= {"ALL_HTTP", "ALL_RAW"}
    return sorted(name for name in names - hidden if server_variable(request, name))


def url_path(request: ScriptRequest) -> str:
    """The whole path of the request, decoded: IIS does not divide it."""
    environ = request.environ
    return _text(environ["SCRIPT_NAME"] + environ["PATH_INFO"]) or "/"


def script_file(request: ScriptRequest) -> str:
    """The file that the path names, whether there is one or not; empty if it can name none."""
    if _names_file(request):
        return request.path
    return _translate(request)


def _names_file(request: ScriptRequest) -> bool:
    return not request.environ["PATH_INFO"] or os.path.isfile(request.path)


def _translate(request: ScriptRequest) -> str:
    rest = _text(request.environ["PATH_INFO"])
    # What code makes of such a path may be outside of the folder.
    if ".." in rest.split("/") or "\0" in rest:
        return ""
    return request.path + rest


def _text(value: str) -> str:
    return value if value.isascii() else value.encode("latin-1").decode("utf-8", "surrogateescape")


def _script_name(request: ScriptRequest) -> str:
    name = _text(request.environ["SCRIPT_NAME"])
    return (name or "/") if _names_file(request) else url_path(request)


def _environ(name: str, default: str = "") -> _Compute:
    return lambda request: _text(str(request.environ.get(name, default)))


def _server(name: str) -> _Compute:
    """A variable about the server, as the client names it."""
    key = name.encode()

    def compute(request: ScriptRequest) -> str:
        environ = request.environ
        variables: dict[bytes, bytes] = {
            one: environ.get(one.decode(), "").encode("latin-1") for one in _SERVER
        }
        variables[b"REQUEST_SCHEME"] = environ["wsgi.url_scheme"].encode()
        name_server(variables)
        return variables[key].decode("utf-8", "surrogateescape")

    return compute


def _password(request: ScriptRequest) -> str:
    from taipan.connection import connection_of

    return connection_of(request).auth_passwd or ""


def _is_secure(request: ScriptRequest) -> bool:
    return bool(request.environ["wsgi.url_scheme"] == "https")


def _all_http(request: ScriptRequest) -> str:
    return "".join(
        f"HTTP_{name.upper().replace('-', '_')}:{_text(value)}\n"
        for name, value in request_fields(request.environ)
    )


def _all_raw(request: ScriptRequest) -> str:
    return "".join(f"{name}: {_text(value)}\r\n" for name, value in request_fields(request.environ))


def _cache_url(request: ScriptRequest) -> str:
    scheme, name = request.environ["wsgi.url_scheme"], _server("SERVER_NAME")(request)
    port = _server("SERVER_PORT")(request)
    query = _text(request.environ["QUERY_STRING"])
    path = quote(os.fsencode(url_path(request)))
    return f"{scheme}://{name}:{port}{path}" + (f"?{query}" if query else "")


def _metabase_path(request: ScriptRequest) -> str:
    return f"{INSTANCE_PATH}/ROOT{unquote(request.settings.mount.rstrip('/'))}"


def _physical_path(request: ScriptRequest) -> str:
    return os.path.join(request.settings.root, "")


#: Those that are not in the environ by the same name and with the same meaning.
_COMPUTED: dict[str, _Compute] = {
    "ALL_HTTP": _all_http,
    "ALL_RAW": _all_raw,
    "APPL_MD_PATH": _metabase_path,
    "APPL_PHYSICAL_PATH": _physical_path,
    "AUTH_PASSWORD": _password,
    "AUTH_USER": _environ("REMOTE_USER"),
    "CACHE_URL": _cache_url,
    "GATEWAY_INTERFACE": lambda request: "CGI/1.1",
    "HTTPS": lambda request: "on" if _is_secure(request) else "off",
    "HTTP_CONTENT_LENGTH": _environ("CONTENT_LENGTH"),
    "HTTP_CONTENT_TYPE": _environ("CONTENT_TYPE"),
    "HTTP_METHOD": _environ("REQUEST_METHOD"),
    "HTTP_URL": _environ("REQUEST_URI"),
    "HTTP_VERSION": _environ("SERVER_PROTOCOL"),
    "INSTANCE_ID": lambda request: "1",
    "INSTANCE_META_PATH": lambda request: INSTANCE_PATH,
    "LOCAL_ADDR": _server("SERVER_ADDR"),
    "LOGON_USER": _environ("REMOTE_USER"),
    "ORIG_PATH_INFO": url_path,
    "PATH_INFO": url_path,
    "PATH_TRANSLATED": _translate,
    "REMOTE_HOST": _environ("REMOTE_ADDR"),
    "REQUEST_SCHEME": _environ("wsgi.url_scheme"),
    "SCRIPT_NAME": _script_name,
    "SCRIPT_TRANSLATED": script_file,
    "SERVER_ADDR": _server("SERVER_ADDR"),
    "SERVER_NAME": _server("SERVER_NAME"),
    "SERVER_PORT": _server("SERVER_PORT"),
    "SERVER_PORT_SECURE": lambda request: "1" if _is_secure(request) else "0",
    "SERVER_SOFTWARE": _environ("taipan.software"),
    "UNENCODED_URL": _environ("REQUEST_URI"),
    "UNMAPPED_REMOTE_USER": _environ("REMOTE_USER"),
    "URL": url_path,
}
