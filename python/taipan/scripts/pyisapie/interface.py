"""What `from Http import *` gives, by the names of PyISAPIe."""

from __future__ import annotations

from taipan.scripts.pyisapie.body import Body, read_body
from taipan.scripts.pyisapie.config import REVISION, VERSION, VERSION_FULL, VERSION_TEXT
from taipan.scripts.pyisapie.request import IsapiRequest, require_isapi
from taipan.scripts.pyisapie.run_wsgi import Application, run_wsgi
from taipan.scripts.pyisapie.variables import server_variable

_FACTS = {
    "KeepAlive": lambda isapi: isapi.keep_alive,
    "HeadersSent": lambda isapi: isapi.script.output.begun,
    "DataSent": lambda isapi: isapi.script.output.sent > 0,
}


class Environment:
    """Variables of the server and of the request, as attributes; empty where there is none."""

    __slots__ = ()

    def __getattr__(self, name: str) -> str | bool:
        if name.startswith("__"):
            raise AttributeError(name)
        isapi: IsapiRequest = require_isapi()
        fact = _FACTS.get(name)
        return server_variable(isapi.script, name) if fact is None else bool(fact(isapi))


Env = Environment()


def Header(
    Header: object = None, Status: object = 0, Length: object = -1, Close: object = None
) -> None:
    """Adds header lines, and sets the status, the length of the only write, or the end.

    Raises `ValueError` for what is none, and `RuntimeError` when the head has left.
    """
    require_isapi().set_head(Header, status=Status, length=Length, close=Close)


def Read(Bytes: int | None = 0) -> Body | int:
    """Bytes of the body as text, all for 0; for a negative number how many there are."""
    return read_body(require_isapi().script.environ, Bytes)


def Write(Data: object) -> None:
    """Adds text to the response; bytes, too. Raises `ValueError` for all else."""
    require_isapi().write(Data)


def DisableBuffer() -> None:
    """Sends what is written from now on at once."""
    require_isapi().disable_buffer()


def RunWSGI(Application: Application, Base: str | None = "/") -> None:
    """Answers the request by a WSGI application, whose SCRIPT_NAME is `Base`.

    None is the path of the route.
    """
    run_wsgi(Application, Base)


class VersionFacts:
    """The version of PyISAPIe whose interface this is."""

    Version = VERSION_TEXT
    Full = VERSION_FULL
    Major, Minor, Release = VERSION
    Revision = REVISION

    def __str__(self) -> str:
        return self.Version


Version = VersionFacts()
VersionInfo = (*VERSION, REVISION)
