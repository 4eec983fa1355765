"""`Session`: what is kept for a client."""

from __future__ import annotations

from collections.abc import MutableMapping
from hashlib import sha256
from typing import Any, NoReturn, Protocol

from taipan.asp.code_pages import find_code_page
from taipan.scripts.asp.contents import HIDDEN, KeptValues, WithContents
from taipan.scripts.asp.response import Response

_LCID = f"{HIDDEN}lcid"
#: SessionID of a session whose end is an event.
NUMBER = f"{HIDDEN}id"


class Stored(Protocol):
    """What a session is kept in: a session of the server, or what is left of one."""

    def id(self) -> str:
        """What the client knows it by."""

    def timeout(self) -> float:
        """Seconds without a request after which it ends."""

    def set_timeout(self, seconds: float) -> None:
        """Changes `timeout`."""


class Session(WithContents):
    """The object `Session`."""

    def __init__(
        self, stored: Stored, values: MutableMapping[str, Any], response: Response | None
    ) -> None:
        self._stored = stored
        self._values = values
        self._response = response
        self._contents = KeptValues(values)
        self._abandoned = False

    @property
    def SessionID(self) -> str:
        """A number for the session, which is no key to it."""
        known = self._values.get(NUMBER)
        return str(known) if known else session_number(self._stored.id())

    @property
    def Timeout(self) -> float:
        """Minutes without a request after which it ends."""
        minutes = self._stored.timeout() / 60
        return int(minutes) if minutes == int(minutes) else minutes

    @Timeout.setter
    def Timeout(self, minutes: float) -> None:
        self._stored.set_timeout(float(minutes) * 60)

    def Abandon(self) -> None:
        """Ends the session with the page; until then its values are there."""
        self._abandoned = True

    def Lock(self) -> None:
        """Nothing: other pages of the client wait anyway until this one ends."""

    def Unlock(self) -> None:
        """Nothing likewise."""

    @property
    def LCID(self) -> int:
        """Number of a locale, which has no effect."""
        return int(self._values.get(_LCID, 1033))

    @LCID.setter
    def LCID(self, number: int) -> None:
        self._values[_LCID] = int(number)

    @property
    def CodePage(self) -> int:
        """That of the response."""
        return find_code_page(0).number if self._response is None else self._response.CodePage

    @CodePage.setter
    def CodePage(self, number: int) -> None:
        if self._response is not None:
            self._response.CodePage = number


class NoSession:
    """Stands for `Session` in pages that have none."""

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        raise RuntimeError("this page has no Session, because it says EnableSessionState=False")

    def __call__(self, name: str) -> NoReturn:
        self.__getattr__(name)

    def __getitem__(self, name: str) -> NoReturn:
        self.__getattr__("Contents")

    def __setitem__(self, name: str, value: Any) -> NoReturn:
        self.__getattr__("Contents")


def session_number(identifier: str) -> str:
    """A number that says nothing of the id."""
    digest = sha256(b"SessionID " + identifier.encode("ascii")).digest()
    return str(int.from_bytes(digest[:6], "big"))
