"""The module `Session`: what a server keeps for one client from request to request."""

from __future__ import annotations

import re
import time
from typing import Any
from urllib.parse import unquote

from taipan.scripts.mod_python.cookie import Cookie, SignedCookie, add_cookie, get_cookie
from taipan.scripts.request.current import ScriptRequest
from taipan.sessions.cookies import make_id, make_key
from taipan.sessions.errors import SessionError
from taipan.sessions.process import process_sessions
from taipan.sessions.session import decode_values, encode_values
from taipan.sessions.sessions import Sessions
from taipan.sessions.store import SessionLock, SessionRecord

__all__ = [
    "BaseSession",
    "COOKIE_NAME",
    "DFT_TIMEOUT",
    "DbmSession",
    "FileSession",
    "MemorySession",
    "Session",
]

COOKIE_NAME = "pysid"
#: Seconds without a request after which a session ends.
DFT_TIMEOUT = 30 * 60

_ID = re.compile("[0-9a-f]{32}")
#: Options by the names of mod_python 3.3, and those before.
_COOKIE_NAMES = ("mod_python.session.cookie_name", "session.cookie_name", "session_cookie_name")
_PATHS = ("mod_python.session.application_path", "session.application_path", "ApplicationPath")
_DOMAINS = ("mod_python.session.application_domain", "session.application_domain")
_TYPES = ("mod_python.session.session_type", "session.session_type", "session")


class BaseSession(dict[Any, Any]):
    """The values that are kept for one client, once they are saved.

    Other requests of the client that use the session wait for the end of this one, unless `lock`
    is 0. They are in the store of all sessions of the server, so that all workers have them; a
    subclass may keep them elsewhere by `do_load`, `do_save` and `do_delete`.
    """

    def __init__(
        self,
        req: Any,
        sid: str | None = None,
        secret: str | bytes | None = None,
        lock: int = 1,
        timeout: float = 0,
    ) -> None:
        super().__init__()
        self._req, self._secret = req, secret
        self._lock = lock
        self._held: SessionLock | None = None
        self._in_store = False
        self._invalid = False
        self._new = True
        self._created = self._accessed = time.time()
        self._timeout: float = timeout or self._sessions.settings.lifetime
        self._sid = self._read_id(sid)
        self.init_lock()
        if self._sid and not self._open():
            self._sid = ""
        if not self._sid:
            self._begin(timeout)
        self._accessed = time.time()

    def _read_id(self, given: str | None) -> str:
        """The id that the client or the caller names, if it looks like one."""
        if given:
            if _ID.fullmatch(str(given)) is None:
                raise ValueError(f"Invalid Session ID: sid={given}")
            return str(given)
        name = self._cookie_name
        if self._secret:
            kind: dict[str, Any] = {"secret": self._secret, "mismatch": Cookie.IGNORE}
            cookie = get_cookie(self._req, name, SignedCookie, **kind)
        else:
            cookie = get_cookie(self._req, name)
        return cookie.value if cookie and _ID.fullmatch(cookie.value) else ""

    def _open(self) -> bool:
        self.lock()
        if self.load():
            self._new = False
            return True
        # One that was never issued, or has ended, is no id that anybody may choose.
        self.unlock()
        return False

    def _begin(self, timeout: float) -> None:
        self.clear()
        self._created = time.time()
        self._timeout = timeout or self._sessions.settings.lifetime
        self._in_store = False
        self._sid = make_id()
        self.lock()
        add_cookie(self._req, self.make_cookie())

    def make_cookie(self) -> Cookie:
        """The cookie that tells the client its id."""
        name = self._cookie_name
        cookie: Cookie
        if self._secret:
            cookie = SignedCookie(name, self._sid, secret=self._secret)
        else:
            cookie = Cookie(name, self._sid)
        domain = self._option(_DOMAINS)
        if domain:
            cookie.domain = domain  # type: ignore[attr-defined]  # as cookies take all
        cookie.path = self._option(_PATHS) or self._folder()  # type: ignore[attr-defined]  # as cookies take all
        return cookie

    def is_new(self) -> bool:
        """The client has sent no id of a session that lives."""
        return self._new

    def id(self) -> str:
        """What the client knows it by."""
        return self._sid

    def created(self) -> float:
        """When it began, in seconds since the epoch."""
        return self._created

    def last_accessed(self) -> float:
        """When this request began to use it."""
        return self._accessed

    def timeout(self) -> float:
        """Seconds without a request after which it ends."""
        # Pages print it.
        return int(self._timeout) if int(self._timeout) == self._timeout else self._timeout

    def set_timeout(self, secs: float) -> None:
        """Changes `timeout` for this session, once it is saved."""
        if not 0 <= secs < float("inf"):
            raise ValueError(f"the timeout of a session cannot be {secs!r} seconds")
        self._timeout = secs

    def load(self) -> int:
        """Reads the values from the store; 1, or 0 if it has none."""
        found = self.do_load()
        if found is None or time.time() - found["_accessed"] > found["_timeout"]:
            return 0
        self._created, self._accessed = found["_created"], found["_accessed"]
        self._timeout = found["_timeout"]
        self.update(found["_data"])
        return 1

    def save(self) -> None:
        """Stores it; without, nothing is kept of this request."""
        if not self._invalid:
            self.do_save(
                {
                    "_data": self.copy(),
                    "_created": self._created,
                    "_accessed": self._accessed,
                    "_timeout": self._timeout,
                }
            )

    def delete(self) -> None:
        """Removes the values, also from the store."""
        self.do_delete()
        self.clear()

    def invalidate(self) -> None:
        """Ends the session, and takes the cookie away; `save` does nothing any more."""
        cookie = self.make_cookie()
        cookie.expires = 0
        add_cookie(self._req, cookie)
        self.delete()
        self._invalid = True

    def init_lock(self) -> None:
        """For subclasses that lock by themselves."""

    def lock(self) -> None:
        """Lets requests of the same session wait. Raises `SessionBusy` after a time-out."""
        if not self._lock or self._held is not None:
            return
        key = make_key(self._sid)
        # A request that makes a second object for its session does not wait for itself.
        held = _held_by(self._req)
        if key in held:
            return
        lock = self._sessions.store.make_lock(key)
        # Before it is taken: an exception for this thread may come while it waits.
        held[key] = self._held = lock
        lock.take(self._sessions.settings.lock_timeout)

    def unlock(self) -> None:
        """Lets the others go on."""
        if self._held is None:
            return
        held = _held_by(self._req)
        for key in [key for key, lock in held.items() if lock is self._held]:
            del held[key]
        self._held.release()
        self._held = None

    def cleanup(self) -> None:
        """Removes sessions whose time is over, as is done from time to time by itself."""
        self.do_cleanup()

    def do_cleanup(self) -> None:
        """What `cleanup` does."""
        self._sessions.store.sweep(time.time())

    def do_load(self) -> dict[str, Any] | None:
        """What was given to `do_save`; None if there is nothing."""
        record = self._sessions.store.load(make_key(self._sid), time.time())
        if record is None:
            return None
        try:
            values = decode_values(record.data)
        except SessionError as error:
            self._req.log_error(f"a session is left out, because it cannot be read: {error}")
            return None
        self._in_store = True
        return {
            "_data": values,
            "_created": record.created,
            "_accessed": record.accessed,
            "_timeout": record.timeout,
        }

    def do_save(self, dict: dict[str, Any]) -> None:
        """Stores the session. Raises `SessionError` for values that cannot be stored."""
        sessions, key = self._sessions, make_key(self._sid)
        record = SessionRecord(
            encode_values(dict["_data"], sessions.settings),
            dict["_created"],
            dict["_accessed"],
            dict["_timeout"],
            self._folder(),
        )
        sessions.store.sweep(time.time())
        if not self._in_store:
            sessions.store.insert(key, record)
            self._in_store = True
        else:
            # False for one that another request has ended after this one let it go.
            sessions.store.change(key, key, record)

    def do_delete(self) -> None:
        """Removes it from the store."""
        self._sessions.store.delete(make_key(self._sid))
        self._in_store = False

    @property
    def _sessions(self) -> Sessions:
        return process_sessions()

    def _option(self, names: tuple[str, ...]) -> str:
        options = self._req.get_options()
        found = (options[name] for name in names if options.get(name))
        return str(next(found, ""))

    @property
    def _cookie_name(self) -> str:
        return self._option(_COOKIE_NAMES) or COOKIE_NAME

    def _folder(self) -> str:
        """Path of the folder of the handler."""
        mount: str = _script_request(self._req).settings.mount
        path = mount if mount.endswith("/") else f"{mount}/"
        return path if self._req.uri.startswith(unquote(path)) else "/"


class MemorySession(BaseSession):
    """As mod_python's of this name; kept where all sessions are."""

    def __init__(
        self,
        req: Any,
        sid: str | None = None,
        secret: str | bytes | None = None,
        timeout: float = 0,
        lock: int = 1,
    ) -> None:
        super().__init__(req, sid=sid, secret=secret, timeout=timeout, lock=lock)


class DbmSession(BaseSession):
    """As mod_python's of this name; kept where all sessions are, whatever `dbm` says."""

    def __init__(
        self,
        req: Any,
        dbm: str | None = None,
        sid: str | None = None,
        secret: str | bytes | None = None,
        dbmtype: Any = None,
        timeout: float = 0,
        lock: int = 1,
    ) -> None:
        super().__init__(req, sid=sid, secret=secret, timeout=timeout, lock=lock)


class FileSession(BaseSession):
    """As mod_python's of this name; kept where all sessions are."""

    def __init__(
        self,
        req: Any,
        sid: str | None = None,
        secret: str | bytes | None = None,
        timeout: float = 0,
        lock: int = 1,
        fast_cleanup: int = -1,
        verify_cleanup: int = -1,
    ) -> None:
        super().__init__(req, sid=sid, secret=secret, timeout=timeout, lock=lock)


_KINDS: dict[str, type[BaseSession]] = {
    "MemorySession": MemorySession,
    "DbmSession": DbmSession,
    "FileSession": FileSession,
}


def Session(
    req: Any,
    sid: str | None = None,
    secret: str | bytes | None = None,
    timeout: float = 0,
    lock: int = 1,
) -> BaseSession:
    """The session of a request, of the class that the option `session_type` names."""
    options = req.get_options()
    name = next((options[one] for one in _TYPES if options.get(one)), "DbmSession")
    kind = _KINDS.get(name)
    if kind is None:
        raise ValueError(f"Unknown session type {name}: use one of {', '.join(_KINDS)}")
    return kind(req, sid=sid, secret=secret, timeout=timeout, lock=lock)


def _script_request(req: Any) -> ScriptRequest:
    found: ScriptRequest = req._request
    return found


def _held_by(req: Any) -> dict[bytes, SessionLock]:
    """The locks of sessions that a request has; its end releases them."""
    request = _script_request(req)
    held: dict[bytes, SessionLock] | None = request.__dict__.get("session_locks")
    if held is None:
        held = request.__dict__["session_locks"] = {}
        request.releases.append(lambda: _release(held))
    return held


def _release(held: dict[bytes, SessionLock]) -> None:
    while held:
        held.popitem()[1].release()
