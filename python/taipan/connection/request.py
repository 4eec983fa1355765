"""The first line of a request, and its parts."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

_LINE = re.compile(r"(?P<method>\S+)\s+(?P<target>\S.*?)(?:\s+HTTP/(?P<version>\d+\.\d+))?\s*")


class Request:
    """Method, path and query of a request."""

    def __init__(self, method: str, target: str, version: float = 0.9) -> None:
        """`target` is what stands between method and version. Raises `ValueError`."""
        self.method = method
        #: 1.1, or 1.0; 0.9 if the line names none.
        self.version = version
        self.line = f"{method} {target}"
        if version >= 1:
            self.line += f" HTTP/{version}"
        parts = urlsplit(target if "://" in target.partition("?")[0] else "")
        #: Those of an absolute URL in the line; mostly empty, and 0.
        self.protocol = parts.scheme
        self.host = parts.hostname or ""
        self.port = parts.port or 0
        path, _, self.query = target.partition("#")[0].partition("?")
        #: The path, decoded.
        self.url = _decode(parts.path or "/" if parts.scheme else path)

    @property
    def parts(self) -> list[str]:
        """The parts of the path."""
        return [part for part in self.url.split("/") if part]

    def skip_url(self, count: int) -> str:
        """The path without its first parts; empty if there are not so many."""
        parts = self.parts
        if count >= len(parts):
            return ""
        slash = "/" if self.url.endswith("/") else ""
        return "/" + "/".join(parts[count:]) + slash

    def set_url(self, url: str) -> None:
        """Changes path and query, for `run_request`."""
        path, mark, query = url.partition("?")
        self.url = _decode(path)
        self.query = query if mark else ""


def split_line(line: str) -> tuple[str, str, float]:
    """Method, target and version of a line like `GET /path?query HTTP/1.1`. Raises `ValueError`."""
    match = _LINE.fullmatch(line)
    if match is None:
        raise ValueError(f"{line!r} is no first line of a request")
    return match["method"], match["target"], float(match["version"] or 0.9)


def _decode(path: str) -> str:
    return unquote(path, "utf-8", "surrogateescape")
