"""The request that the caller's script serves."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable
from contextvars import ContextVar
from functools import cached_property
from typing import TYPE_CHECKING, Any, Callable, Protocol, TextIO, cast

from taipan.events import Environ
from taipan.scripts.request.made_late import MadeLate
from taipan.scripts.request.output import ScriptOutput
from taipan.scripts.request.settings import ScriptSettings
from taipan.scripts.request.text_output import LONG_TEXT, Diversion, TextOutput
from taipan.scripts.request.variables import cgi_variables

if TYPE_CHECKING:
    import logging
    from _thread import LockType

    from taipan.sessions.session import Session

#: Answers a request.
Run = Callable[[], None]


class Resource(Protocol):
    """What a request has for its own use."""

    def release(self) -> None:
        """Gives it back. May be called twice, and never raises."""


#: Namespace of a request whose script does not run. Nobody changes it.
_NOTHING: dict[str, Any] = {}


class ScriptRequest:
    """What belongs to one request, and lasts no longer."""

    #: The process's own streams are used again, also by threads that the script has left.
    over = False
    #: `os.environ` shows its variables.
    has_environment = True
    #: Held while the session is opened; there is none before it is asked for.
    session_mutex: LockType
    #: That of the page which includes the script.
    outer: ScriptRequest | None = None
    #: To be released at its end.
    held: set[Resource] | None = None
    #: Of the root logger, once the script has asked for them or set it.
    log_handlers: list[logging.Handler] | None = None
    log_level: int | None = None
    #: The form in its body and query, once it has been read.
    form: Any = None
    #: Attributes of `sys` for this request, by name.
    replaced = MadeLate[dict[str, Any]]("_replaced", dict)
    #: To be called when the script ends, the last one first.
    exits = MadeLate[list[Callable[[], Any]]]("_exits", list)
    #: To be called when the request is over.
    releases = MadeLate[list[Callable[[], Any]]]("_releases", list)
    #: The connection object, once it is asked for.
    connection: Any = None
    #: Globals of the script, once it runs.
    namespace: dict[str, Any] = _NOTHING
    #: What its server of old keeps of it.
    legacy: Any = None

    # What each request reads is kept by the object, since defaults of the class are read in more
    # steps than that takes.
    def __init__(
        self, path: str, environ: Environ, output: ScriptOutput, settings: ScriptSettings
    ) -> None:
        #: This process was forked by the script.
        self.forked = False
        #: Once it has been used.
        self.session: Session | None = None
        self._replaced: dict[str, Any] | None = None
        self._exits: list[Callable[[], Any]] | None = None
        self._releases: list[Callable[[], Any]] | None = None
        #: Called when the client has the whole response, and the request still has all that it
        #: holds.
        self.after: Callable[[], None] | None = None
        #: Who sends the response will end the request.
        self.followed = False
        #: The file of the script.
        self.path = path
        self.environ = environ
        self.output = output
        self.settings = settings
        #: The text that becomes the response.
        self.text = text = TextOutput(output)
        #: `sys.stdout`, until the script replaces it.
        self.stdout: Any = text

    def set_arguments(self) -> None:
        """Gives it the `sys.argv` of CGI."""
        query = self.environ.get("QUERY_STRING", "")
        self.replaced["argv"] = [self.path, query] if query else [self.path]

    def write_printed(self, text: str, /) -> int:
        """`write` for `print`, which gives nothing but text, wherever that goes."""
        output = self.text
        texts = output.printed
        texts.append(text)
        size = len(text)
        if size > LONG_TEXT or len(texts) > output.most_texts:
            output.pass_on()
        return size

    def detach(self, stdout: TextIO) -> None:
        """Makes `stdout` its output and its input empty."""
        self.output.nothing = (
            "the script has not answered by the connection object, and with attachStdio off what it"
            " prints is no response"
        )
        self.leave_prints(stdout)
        self.body = io.TextIOWrapper(io.BytesIO(), "utf-8")

    def leave_prints(self, stdout: TextIO) -> None:
        """Has `stdout` take what is printed, which is no part of the response then."""
        self.stdout = stdout
        self.print_to(None)

    def take_prints(self) -> None:
        """Makes what is printed the response."""
        self.stdout = self.text
        self.print_to(None)

    def print_to(self, write: Callable[[str], Any] | None) -> None:
        """Has `write` take what is printed; None: `stdout` does."""
        if write is None and self.stdout is not self.text:
            write = self.stdout.write
        self.text.divert(write)

    @cached_property
    def body(self) -> TextIO:
        """The body of the request as text."""
        stream = io.TextIOWrapper(
            self.environ["wsgi.input"], "utf-8", "surrogateescape", newline="\n"
        )
        return cast(TextIO, stream)

    @cached_property
    def variables(self) -> dict[bytes, bytes]:
        """The content of `os.environ`."""
        return {**_PROCESS, **cgi_variables(self.environ)}

    @property
    def has_output(self) -> bool:
        """Something has been written that has not left."""
        return self.text.pending > 0 or self.output.pending > 0

    def text_variables(self) -> dict[str, str]:
        """The variables as text: not `os.environ`, which may be the process's."""
        return {os.fsdecode(key): os.fsdecode(value) for key, value in self.variables.items()}

    def hold(self, resource: Resource) -> set[Resource]:
        """Releases `resource` at the end, unless it is taken out of the set that is returned."""
        if self.held is None:
            self.held = set()
            self.releases.append(self._release_held)
        self.held.add(resource)
        return self.held

    def finish(self) -> Iterable[bytes]:
        """Ends the script as a program ends; gives the rest of the response."""
        if self._exits:
            self.exit()
        output = self.output
        output.holding = True
        if self._replaced and "stdout" in self._replaced:
            # It may write to the response.
            getattr(self._replaced["stdout"], "flush", int)()
        if self.session is not None and output.begun:
            self.session.save()
        return output.finish(self.text.take_last())

    def exit(self) -> None:
        """Calls what the script has registered for its end."""
        while self.exits:
            self.exits.pop()()

    def end(self) -> None:
        """Runs what comes after the response, and gives back what the request holds."""
        try:
            if self.after is not None:
                self.after()
        finally:
            self.release()

    def release(self) -> None:
        """Gives back what it holds. May be called twice."""
        self.over = True
        self.text.printed = _LATE
        # Objects in it refer to the request.
        self.namespace = _NOTHING
        releases = self._releases
        while releases:
            releases.pop()()
        if self.connection is not None:
            # It refers to the request.
            self.__dict__.pop("connection", None)

    def _release_held(self) -> None:
        for resource in list(self.held or ()):
            resource.release()

    def drop(self) -> None:
        """Forgets output that has not been sent."""
        self.text.drop()
        self.output.drop()


#: What threads print that outlive their request belongs to the process.
_LATE = Diversion(lambda text: sys.__dict__["stdout"].process.write(text))


#: The process's own variables, which `os.environ` shows outside of requests.
_PROCESS: dict[bytes, bytes] = os.environ.__dict__["_data"]

#: What takes the text that the caller prints: `write_printed` of the request that it serves, which
#: is found by it. Threads started by a script inherit it.
PRINT: ContextVar[Any] = ContextVar("taipan_print")


def latest_request() -> ScriptRequest | None:
    """The request that the caller serves, or has been started by; None outside of requests."""
    write = PRINT.get(None)
    return None if write is None else cast(ScriptRequest, write.__self__)


def current_request() -> ScriptRequest | None:
    """The request that the caller serves; None outside of requests."""
    request = latest_request()
    return None if request is None or request.over else request


def current_environment() -> ScriptRequest | None:
    """The request whose variables `os.environ` shows; None: those of the process."""
    request = latest_request()
    hidden = request is None or request.over or not request.has_environment
    return None if hidden else request


def require_request() -> ScriptRequest:
    """The request that the caller serves. Raises `RuntimeError` outside of requests."""
    request = current_request()
    if request is None:
        raise RuntimeError(
            "there is no connection here: only scripts, pages and functions of a route have one,"
            " while they serve a request"
        )
    return request
