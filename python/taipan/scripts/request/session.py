"""`taipan.session`: the session of the present request."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import TYPE_CHECKING, Any

from taipan.native import allocate_lock
from taipan.scripts.request.current import ScriptRequest, current_request
from taipan.sessions.process import process_sessions

if TYPE_CHECKING:
    from taipan.sessions.session import Session


def session_of(request: ScriptRequest) -> Session:
    """The session of a request, which holds it from the first call on.

    Raises `SessionBusy` if another request holds it for too long.
    """
    if request.outer is not None:
        return session_of(request.outer)
    if request.session is not None:
        return request.session
    # A thread that the script has started may ask for it at the same time.
    request.__dict__.setdefault("session_mutex", allocate_lock())
    with request.session_mutex:
        if request.session is None:
            request.session = _open_session(request)
        return request.session


def _open_session(request: ScriptRequest) -> Session:
    from taipan.sessions.session import SessionRequest

    environ = request.environ
    sessions = process_sessions()
    reporter = request.settings.reporter
    session = sessions.open(
        SessionRequest(
            cookies=environ.get("HTTP_COOKIE", ""),
            path=sessions.settings.path or request.settings.mount.rstrip("/") or "/",
            secure=environ["wsgi.url_scheme"] == "https",
            has_begun=lambda: request.output.begun,
            report=lambda text: reporter.report("error", f"{request.path}: {text}"),
        )
    )
    request.releases.append(session.close)
    request.output.extend_head(session.complete)
    return session


class CurrentSession(MutableMapping[str, Any]):
    """The session of the request that the caller serves, with the methods of `Session`."""

    def __getitem__(self, name: str) -> Any:
        return _current()[name]

    def __setitem__(self, name: str, value: Any) -> None:
        _current()[name] = value

    def __delitem__(self, name: str) -> None:
        del _current()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(_current())

    def __len__(self) -> int:
        return len(_current())

    def __contains__(self, name: object) -> bool:
        return name in _current()

    def __repr__(self) -> str:
        return repr(_current()) if current_request() is not None else "<taipan.session>"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(_current(), name)

    def renew(self) -> None:
        """Gives the client another id for the session, as has to be done when it logs in."""
        _current().renew()

    def invalidate(self) -> None:
        """Ends the session; what is put into it afterwards begins a new one."""
        _current().invalidate()


def _current() -> Session:
    request = current_request()
    if request is None:
        raise RuntimeError("taipan.session belongs to a request, and this code serves none")
    return session_of(request)


#: `from taipan import session`.
session = CurrentSession()
