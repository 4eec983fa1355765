"""URLs, HTML and files of the site."""

from __future__ import annotations

import os
import posixpath
import time
from html import escape
from mimetypes import guess_type
from typing import BinaryIO, NamedTuple
from urllib.parse import quote_plus, unquote, unquote_plus, urljoin, urlsplit

from taipan.connection.facts import parse_query
from taipan.connection.times import format_time, parse_time
from taipan.ns.constants import ERROR, OK
from taipan.ns.retired import retire
from taipan.ns.set import Set
from taipan.scripts.request.current import require_request

_TIMEOUT_SECONDS = 30
#: Longest page that is fetched.
_PAGE_LIMIT = 16 * 1024 * 1024


class ParsedUrl(NamedTuple):
    """The parts of a URL; empty ones are absent."""

    protocol: str
    host: str
    port: str
    #: The folder, without slashes around it.
    path: str
    #: What is behind the last slash.
    tail: str


def PageRoot(server: str | None = None) -> str:
    """The folder of the route."""
    return require_request().settings.root


def UrlToFile(*server_and_url: str) -> str:
    """The path of a file below the folder of the route; `..` does not leave it.

    Takes the path of a URL, after the name of a server if there are two arguments. Raises
    `ValueError` for a NUL.
    """
    path = urlsplit(f"http://x/{server_and_url[-1].lstrip('/')}").path
    if "\0" in path:
        raise ValueError(f"the URL {server_and_url[-1]!r} has a NUL")
    below = posixpath.normpath(_below_mount(path)).lstrip("/")
    root = PageRoot()
    return os.path.join(root, below) if below not in ("", ".") else root


def UrlIsFile(*server_and_url: str) -> bool:
    """Whether the URL is that of a file."""
    return os.path.isfile(UrlToFile(*server_and_url))


def UrlIsDir(*server_and_url: str) -> bool:
    """Whether the URL is that of a folder."""
    return os.path.isdir(UrlToFile(*server_and_url))


def ParseUrl(url: str) -> ParsedUrl:
    """The parts of a URL."""
    parts = urlsplit(url)
    path, _, tail = parts.path.rpartition("/")
    port = "" if parts.port is None else str(parts.port)
    return ParsedUrl(parts.scheme, parts.hostname or "", port, path.lstrip("/"), tail)


def AbsoluteUrl(url: str, base: str) -> str:
    """The URL with what it lacks taken from `base`."""
    return urljoin(base, url)


def RelativeUrl(url: str, location: str) -> str:
    """The URL without the location, if it begins with it."""
    rest = url[len(location) :]
    inside = url.startswith(location) and rest[:1] in ("", "/")
    return (rest or "/") if inside else url


def EncodeUrl(text: str) -> str:
    """The text for a query string."""
    return quote_plus(text, errors="surrogateescape")


def DecodeUrl(text: str) -> str:
    """The text of a query string."""
    return unquote_plus(text, errors="surrogateescape")


def QuoteHtml(text: str) -> str:
    """The text for HTML, also within quotes."""
    return escape(text)


def HttpTime(seconds: float | None = None) -> str:
    """Seconds of the epoch, now without them, as in header fields."""
    return format_time(time.time() if seconds is None else seconds)


def ParseHttpTime(text: str) -> int:
    """Seconds of the epoch; 0 for what is no time."""
    return parse_time(text) or 0


def GetMimeType(name: str) -> str:
    """The media type that the name of a file suggests; `*/*` for others."""
    return guess_type(name)[0] or "*/*"


def ParseHeader(fields: Set, line: str) -> int:
    """Adds a header line; one that begins with a space goes on with the last."""
    text = line.rstrip("\r\n")
    if text[:1] in (" ", "\t"):
        if not fields:
            return ERROR
        fields.put_value(fields.last, f"{fields.value(fields.last)} {text.strip()}")
        return OK
    name, colon, value = text.partition(":")
    if not colon:
        return ERROR
    fields.put(name, value.strip())
    return OK


def QueryToSet(query: str, fields: Set | None = None) -> Set:
    """The fields of a query string; adds them to `fields`."""
    found = Set("query") if fields is None else fields
    for key, value in parse_query(query.encode("utf-8", "surrogateescape")):
        found.put(key, value)
    return found


def FetchPage(url: str, server: str | None = None) -> bytes:
    """The content of the file of a URL of this site. Raises `OSError`."""
    with open(UrlToFile(url), "rb") as file:
        return _read_limited(file)


def FetchURL(url: str, headers: Set | None = None) -> bytes:
    """The page at an address of the Web; adds its header fields to `headers`.

    Raises `OSError` if there is none within 30 seconds, and `ValueError` for other addresses and
    more than 16 MiB.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        raise ValueError(f"{url!r} is no address of the Web; it must begin with http or https")
    from urllib.request import urlopen

    with urlopen(url, timeout=_TIMEOUT_SECONDS) as page:
        if headers is not None:
            for name, value in page.headers.items():
                headers.put(name, value)
        return _read_limited(page)


RegisterReturn = retire("RegisterReturn", "the option errorPages of the route names such pages")


def _below_mount(path: str) -> str:
    """The path without that of the route."""
    mount = unquote(require_request().settings.mount).rstrip("/")
    return path[len(mount) :] if f"{path}/".startswith(f"{mount}/") else path


def _read_limited(file: BinaryIO) -> bytes:
    data = file.read(_PAGE_LIMIT + 1)
    if len(data) > _PAGE_LIMIT:
        raise ValueError(f"the page is longer than {_PAGE_LIMIT} bytes")
    return data
