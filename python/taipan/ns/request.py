"""`Ns.Request`."""

from __future__ import annotations

from taipan.connection.request import Request as _Request
from taipan.connection.request import split_line


class Request(_Request):
    """A `Request` with the names of PyWX."""

    @property
    def urlc(self) -> int:
        """How many parts the path has."""
        return len(self.parts)

    @property
    def urlv(self) -> list[str]:
        """`parts`."""
        return self.parts

    def SkipUrl(self, count: int) -> str:
        """`skip_url`."""
        return self.skip_url(count)

    def SetRequestUrl(self, url: str) -> None:
        """`set_url`."""
        self.set_url(url)


def ParseRequest(line: str) -> Request:
    """The parts of a line such as `GET /path?query HTTP/1.1`. Raises `ValueError`."""
    return Request(*split_line(line))
