"""A session, as one request sees it."""

from __future__ import annotations

from typing import Any, Callable, NamedTuple

from taipan.sessions.cookies import find_ids, format_cookie, make_id, make_key
from taipan.sessions.errors import SessionError
from taipan.sessions.settings import SessionSettings
from taipan.sessions.store import SessionLock, SessionRecord, SessionStore
from taipan.sessions.values import decode_value, encode_value

Fields = list[tuple[str, str]]
#: Seconds after a request in which others that only read are not noted.
_NOTED = 1.0


class SessionRequest(NamedTuple):
    """What a session needs of its request."""

    #: The field Cookie.
    cookies: str
    #: Path of a new cookie.
    path: str
    #: It came by TLS.
    secure: bool
    #: Whether the head of the response has left, so that no cookie can be set.
    has_begun: Callable[[], bool]
    #: Writes to the log.
    report: Callable[[str], None]


#: Of sessions whose request is over.
_OVER = SessionRequest("", "/", False, lambda: True, lambda text: None)


class Session(dict[str, Any]):
    """The values that are kept for one client: a dict, which is stored when the request ends.

    Has the methods of mod_python's sessions. The request holds the session from its first use
    on, so that no other one changes it meanwhile.
    """

    #: Path of its cookie.
    _path: str
    #: The id that the client has, or gets by this response; None: neither.
    _id: str | None
    #: That of the id.
    _key: bytes
    #: Under which the store has it; empty: it is not there.
    _stored: bytes
    #: The values as they are in the store.
    _data: bytes
    #: The time of access that the store has; None: something there has to be changed.
    _noted: float | None
    #: The client knows the id.
    _announced: bool

    def __init__(
        self,
        store: SessionStore,
        settings: SessionSettings,
        request: SessionRequest,
        clock: Callable[[], float],
    ) -> None:
        super().__init__()
        self._store = store
        self._settings = settings
        self._request = request
        self._clock = clock
        self._locks: list[SessionLock] = []
        self._dropped = False
        self._forgotten = False
        self._start_anew(request.path)
        try:
            self._find()
        except BaseException:
            self.release()
            raise

    # By the names of mod_python.

    def is_new(self) -> bool:
        """The client has sent no id of a session that lives."""
        return self._new

    def id(self) -> str:
        """What the client knows the session by; it is given one if it has none.

        Raises `SessionError` if it is too late for that.
        """
        self.issue()
        if self._id is None:
            raise SessionError("session.id() came after the head of the response was sent")
        return self._id

    def created(self) -> float:
        """When the session began, in seconds since the epoch."""
        return self._created

    def last_accessed(self) -> float:
        """When this request began to use it: as in mod_python, not the one before."""
        return self._accessed

    def timeout(self) -> float:
        """Seconds without a request after which it ends."""
        # Pages print it.
        seconds = self._timeout
        return int(seconds) if int(seconds) == seconds else seconds

    def set_timeout(self, seconds: float) -> None:
        """Changes `timeout` for this session."""
        if not 0 <= seconds < float("inf"):
            raise ValueError(f"the timeout of a session cannot be {seconds!r} seconds")
        self._timeout = seconds
        self._noted = None

    def load(self) -> int:
        """Reads the values from the store again; 1, or 0 if it has ended."""
        record = self._store.load(self._stored, self._clock()) if self._stored else None
        self.clear()
        return int(record is not None and self._take(record))

    def save(self) -> None:
        """Stores what has changed. The end of the request does it, too, unless it fails.

        Raises `SessionError` if there is a value that cannot be stored, or too much of them.
        """
        if self._forgotten or (self._id is None and not self):
            return
        if self._id is None and not self.issue():
            self._request.report(
                "the session was begun after the head of the response had been sent, so it is"
                " lost; use it before the first output is flushed"
            )
            return
        data = encode_values(self, self._settings)
        if data == self._data and self._stored == self._key and self._is_noted:
            return
        # Makes room, too.
        self._store.sweep(self._clock())
        self._put(SessionRecord(data, self._created, self._accessed, self._timeout, self._path))

    def delete(self) -> None:
        """Removes the values, also from the store."""
        if self._stored:
            self._store.delete(self._stored)
        self._stored = b""
        self.clear()

    def invalidate(self) -> None:
        """Ends the session; what is put into it afterwards begins a new one."""
        self.delete()
        self._dropped = True
        # The cookie of another path would stay.
        self._start_anew(self._path)

    def lock(self) -> None:
        """Holds the session again after `unlock`, and reads what others have stored meanwhile."""
        if not self._locks and self._key:
            self._hold(self._key)
            if self._stored:
                self.load()

    def unlock(self) -> None:
        """Stores the session, and lets other requests use it from now on."""
        self.save()
        self.release()

    def cleanup(self) -> None:
        """Removes sessions whose time is over, as is done from time to time by itself."""
        self._store.sweep(self._clock())

    # Beyond mod_python.

    def renew(self) -> None:
        """Gives the client another id for the session, as has to be done when it logs in.

        The old id is worth nothing from the moment that the response is sent. Raises
        `SessionError` when that has begun.
        """
        if self._id is None or self._stored != self._key:
            self.issue()
            return
        if self._request.has_begun():
            raise SessionError("session.renew() came after the head of the response was sent")
        self._assign()

    def issue(self) -> bool:
        """Gives the client a session even if nothing is put into it; False: it is too late."""
        if self._id is not None:
            return True
        if self._request.has_begun():
            return False
        self._assign()
        return True

    def release(self) -> None:
        """Lets other requests use it, without storing it."""
        while self._locks:
            self._locks.pop().release()

    def close(self) -> None:
        """Ends its part in the request, which is not kept alive by it any more."""
        self.release()
        self._request = _OVER

    def forget(self) -> None:
        """Leaves it as it is in the store, and sends no cookie, because the request has failed."""
        self._forgotten = True

    def complete(self, fields: Fields) -> Fields:
        """The fields of the response with those of the session, which is stored before."""
        if self._forgotten:
            return fields
        self.save()
        added = [("Vary", "Cookie")]
        cookie = self._cookie()
        if cookie is not None:
            added.append(("Set-Cookie", cookie))
            if not any(name.lower() == "cache-control" for name, _ in fields):
                added.append(("Cache-Control", 'no-cache="Set-Cookie"'))
        return [*fields, *added]

    def _start_anew(self, path: str) -> None:
        now = self._clock()
        self._path = path
        self._id = None
        self._key = self._stored = self._data = b""
        self._noted = None
        self._announced = True
        self._new = True
        self._created = self._accessed = now
        self._timeout = self._settings.lifetime

    def _find(self) -> None:
        for identifier in find_ids(self._request.cookies, self._settings.cookie):
            if self._adopt(identifier):
                return

    def _adopt(self, identifier: str) -> bool:
        key = make_key(identifier)
        self._hold(key)
        record = self._store.load(key, self._clock())
        if record is None or not self._take(record):
            self.release()
            return False
        self._id, self._key, self._stored = identifier, key, key
        self._new = False
        self._path = record.path
        return True

    def _take(self, record: SessionRecord) -> bool:
        try:
            self.update(decode_values(record.data))
        except SessionError as error:
            self._request.report(f"a session is left out, because it cannot be read: {error}")
            return False
        self._data = record.data
        self._created = record.created
        self._noted = record.accessed
        self._timeout = record.timeout
        return True

    def _assign(self) -> None:
        self._id = make_id()
        self._key = make_key(self._id)
        self._announced = False
        self._hold(self._key)

    def _hold(self, key: bytes) -> None:
        lock = self._store.make_lock(key)
        # Before it is taken: an exception for this thread may come while it waits.
        self._locks.append(lock)
        lock.take(self._settings.lock_timeout)

    @property
    def _is_noted(self) -> bool:
        """The store need not be told of this request."""
        return self._noted is not None and self._accessed - self._noted < _NOTED

    def _put(self, record: SessionRecord) -> None:
        if not self._stored:
            self._store.insert(self._key, record)
        elif not self._store.change(self._stored, self._key, record):
            # Another request has ended it after this one let it go.
            return
        self._stored = self._key
        self._data = record.data
        self._noted = record.accessed

    def _cookie(self) -> str | None:
        if self._id is not None and not self._announced:
            self._announced = True
            value = self._id
        elif self._id is None and self._dropped:
            value = ""
        else:
            return None
        return format_cookie(value, self._path, self._request.secure, self._settings)


def encode_values(values: dict[Any, Any], settings: SessionSettings) -> bytes:
    """The values of a session as they are stored.

    Raises `SessionError` if there is one that cannot be stored, or too much of them.
    """
    data = encode_value(values)
    limit = settings.limit
    if len(data) > limit:
        raise SessionError(
            f"the session has {len(data)} bytes, more than {limit} (sessions.limit); store"
            " large things elsewhere, and their names here"
        )
    return data


def decode_values(data: bytes) -> dict[Any, Any]:
    """What was given to `encode_values`. Raises `SessionError` if these are no values."""
    values = decode_value(data)
    if not isinstance(values, dict):
        raise SessionError(f"it is a {type(values).__name__}")
    return values
