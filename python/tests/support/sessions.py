"""Sessions without a server."""

from __future__ import annotations

from contextlib import contextmanager

from taipan.sessions.session import SessionRequest
from taipan.sessions.sessions import Sessions
from taipan.sessions.settings import SessionSettings

BEGIN = 1_000_000.0


class Clock:
    def __init__(self):
        self.now = BEGIN

    def __call__(self):
        return self.now


#: Of the present test.
_clients: list[Client] = []


def close_stores() -> None:
    """Closes what the clients of a test have opened."""
    while _clients:
        opened = _clients.pop().sessions._opened
        if opened is not None:
            opened.close()


class Client:
    """Sends requests, and keeps their cookie as a browser does."""

    def __init__(self, settings, clock=None):
        self.clock = clock or Clock()
        self.sessions = Sessions(settings, self.clock)
        self.cookies = ""
        #: Fields of the last response.
        self.fields = []
        self.records = []
        self.begun = False
        _clients.append(self)

    def open(self, **more):
        given = {
            "cookies": self.cookies,
            "path": "/",
            "secure": False,
            "has_begun": lambda: self.begun,
            "report": self.records.append,
        }
        return self.sessions.open(SessionRequest(**{**given, **more}))

    @contextmanager
    def request(self, **more):
        """A request that sends its head at its end; nothing is stored if it fails."""
        session = self.open(**more)
        self.begun = False
        try:
            yield session
            self.finish(session)
        finally:
            session.release()

    def finish(self, session):
        self.fields = session.complete([("Content-Type", "text/plain")])
        for name, value in self.fields:
            if name == "Set-Cookie":
                self.cookies = value.partition(";")[0]

    def cookie(self):
        """The whole Set-Cookie of the last response; None if there was none."""
        return dict(self.fields).get("Set-Cookie")


def sqlite_settings(folder, **more):
    return SessionSettings(store=f"sqlite:{folder}/sessions.db", **more)
