"""The lifespan of an ASGI application."""

from __future__ import annotations

import asyncio
from typing import Any

from taipan.asgi.events import Event, ProtocolError, require_type, unexpected
from taipan.asgi.scope import lifespan_scope
from taipan.events import Application, Reporter
from taipan.loader.errors import Explained
from taipan.tracebacks import LINE_LIMIT, TEXT_LIMIT, format_exception, shorten, summarize

_NEW = 0
_STARTING = 1
_STARTED = 2
_STOPPING = 3
_ENDED = 4

_AWAITED = {
    "lifespan.startup.complete": (_NEW, _STARTING),
    "lifespan.startup.failed": (_NEW, _STARTING),
    "lifespan.shutdown.complete": (_STOPPING,),
    "lifespan.shutdown.failed": (_STOPPING,),
}
#: Time for a lifespan to return after its last event.
_RETURN_SECONDS = 1.0


class StartupFailed(Explained):
    """The application sent `lifespan.startup.failed`."""

    def __init__(self, message: str) -> None:
        lines = message.strip().splitlines() or ["it gave no reason"]
        reason = shorten(lines[-1], LINE_LIMIT)
        # One line is said already.
        details = shorten(message, TEXT_LIMIT) if len(lines) > 1 else ""
        super().__init__(f"its lifespan startup failed: {reason}", details)


class Lifespan:
    """Runs the lifespan of an application in a task of its own."""

    def __init__(self, name: str, application: Application, reporter: Reporter) -> None:
        loop = asyncio.get_running_loop()
        #: Set by the application, and passed to its requests.
        self.state: dict[str, Any] = {}
        self._name = name
        self._application = application
        self._reporter = reporter
        self._phase = _NEW
        self._failed: str | None = None
        self._error: BaseException | None = None
        self._told = False
        self._started: asyncio.Future[None] = loop.create_future()
        self._stop: asyncio.Future[None] = loop.create_future()
        self._stopped: asyncio.Future[None] = loop.create_future()
        self.task: asyncio.Task[None] = loop.create_task(self._run())

    async def startup(self) -> None:
        """Returns when the application has started, or has no lifespan. Raises `StartupFailed`."""
        await asyncio.wait({self._started})
        if self._failed is not None:
            # Frameworks raise what they have told about.
            await asyncio.wait({self.task}, timeout=_RETURN_SECONDS)
            raise StartupFailed(self._failed) from self._error

    async def shutdown(self, seconds: float) -> None:
        """Lets the application shut down; cancels it after `seconds`."""
        if self._phase == _STARTED:
            self._phase = _STOPPING
            _settle(self._stop)
            await asyncio.wait({self._stopped}, timeout=seconds)
            if not self._stopped.done():
                text = f"the lifespan of application {self._name} did not end within {seconds:g} s"
                self._reporter.report("warning", text)
            # Gives it time to return by itself.
            await asyncio.wait({self.task}, timeout=_RETURN_SECONDS)
        self._phase = _ENDED
        if not self.task.done():
            self.task.cancel()
            await asyncio.wait({self.task}, timeout=_RETURN_SECONDS)

    async def _receive(self) -> Event:
        if self._phase == _NEW:
            self._phase = _STARTING
            return {"type": "lifespan.startup"}
        await asyncio.wait({self._stop})
        if self._told:
            await asyncio.get_running_loop().create_future()
        self._told = True
        return {"type": "lifespan.shutdown"}

    async def _send(self, event: Any) -> None:
        kind = require_type(event)
        awaited = _AWAITED.get(kind)
        if awaited is None:
            raise ProtocolError(f"{kind!r} is not an event of a lifespan")
        if self._phase not in awaited or self._failed is not None:
            raise unexpected(event, "when it was not expected")
        if kind == "lifespan.startup.complete":
            self._phase = _STARTED
            _settle(self._started)
        elif kind == "lifespan.startup.failed":
            self._failed = str(event.get("message") or "")
            _settle(self._started)
        else:
            if kind == "lifespan.shutdown.failed":
                message = event.get("message", "") or "it gave no reason"
                text = f"the lifespan of application {self._name} failed to shut down: {message}"
                self._reporter.report("error", text)
            self._phase = _ENDED
            _settle(self._stopped)

    async def _run(self) -> None:
        error: BaseException | None = None
        try:
            await self._application(lifespan_scope(self.state), self._receive, self._send)
        except BaseException as caught:
            error = caught
        self._error = error
        phase, self._phase = self._phase, _ENDED
        self._tell(phase, error)
        self._reporter.end_request()
        _settle(self._started)
        _settle(self._stopped)

    def _tell(self, phase: int, error: BaseException | None) -> None:
        """Logs an unexpected end."""
        if self._failed is not None or phase == _ENDED:
            return
        if phase < _STARTED:
            if isinstance(error, SystemExit):
                code = error.code
                self._failed = code if isinstance(code, str) else f"it called sys.exit({code!r})"
                return
            why = "it returned" if error is None else summarize(error)
            text = f"application {self._name} runs without lifespan: {why}"
            if phase == _NEW or error is None:
                self._reporter.report("info", text)
            else:
                # Not a refusal of lifespans, because it has received an event.
                self._reporter.report("warning", text, format_exception(error))
        elif error is not None:
            level = "error" if phase == _STOPPING else "warning"
            text = f"the lifespan of application {self._name} ended: {summarize(error)}"
            self._reporter.report(level, text, format_exception(error))
        elif phase == _STARTED:
            text = f"the lifespan of application {self._name} ended before its shutdown"
            self._reporter.report("info", text)


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
