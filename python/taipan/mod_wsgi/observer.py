"""Runs requests as mod_wsgi tells of them: with events, metrics and its keys of the environ."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any

from taipan.events import Application, Environ
from taipan.loader.slot import Slot
from taipan.mod_wsgi.environ import describe_request
from taipan.mod_wsgi.events import (
    begin_request,
    end_request,
    enter_request,
    event_callbacks,
    fire,
    leave_request,
)
from taipan.mod_wsgi.metrics import note_begin, note_end
from taipan.native import get_ident
from taipan.wsgi.file_wrapper import FileWrapper


class Observer:
    """Observes the requests of a worker, once the application has asked for it."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._adds_keys = config.get("environ") == "mod_wsgi"

    def observe(self, slot: Slot, environ: Environ, application: Application) -> Observation:
        """A request begins."""
        began = time.time()
        request = str(environ.get("taipan.request_id"))
        if self._adds_keys:
            environ.update(describe_request(slot, environ, began))
            environ["mod_wsgi.callable_object"] = slot.name_of(application)
        return Observation(request, environ, application, began)


class Observation:
    """One request, from its begin to its end."""

    def __init__(
        self, request: str, environ: Environ, application: Application, began: float
    ) -> None:
        self._request = request
        self._began = began
        self._cpu = 0.0
        self._entered = 0.0
        self._data = begin_request(request)
        self._call = call = _Call(request)
        note_begin(request)
        if event_callbacks:
            facts = {
                **call.facts,
                "request_environ": environ,
                "application_object": application,
                "request_data": self._data,
                "daemon_connects": 0,
                "daemon_restarts": 0,
                "request_start": began,
                "queue_start": began,
                "daemon_start": began,
                "application_start": began,
            }
            self.enter()
            try:
                application = fire("request_started", facts)["application_object"]
            except BaseException:
                # A time limit; what subscribers raise is only logged.
                self.leave()
                self.end()
                raise
            self.leave()
        #: To be called in place of the application.
        self.application = call.wrap(application)

    def enter(self) -> None:
        """This thread goes on with the request."""
        enter_request(self._data)
        self._entered = time.thread_time()

    def leave(self) -> None:
        """This thread does something else, or nothing."""
        self._cpu += time.thread_time() - self._entered
        leave_request()

    def end(self) -> None:
        """The request is over."""
        call = self._call
        spent = time.time() - self._began
        note_end(self._request, spent, call.status)
        if event_callbacks:
            enter_request(self._data)
            fire(
                "request_finished",
                {
                    **call.facts,
                    "request_data": self._data,
                    "application_time": spent,
                    "response_status": call.status,
                    "output_length": call.length,
                    "output_writes": call.blocks,
                    "cpu_time": self._cpu,
                },
            )
            leave_request()
        end_request(self._request)


class _Call:
    """One call of an application, which tells what comes of it."""

    def __init__(self, request: str) -> None:
        self.facts = {"request_id": request, "thread_id": get_ident()}
        self.status = 0
        self.length = 0
        self.blocks = 0
        self._request = request

    def wrap(self, application: Application) -> Application:
        def call(environ: Environ, start_response: Any) -> Any:
            def start(status: str, headers: Any, exc_info: Any = None) -> Any:
                write = start_response(status, headers, exc_info)
                self.status = int(status[:3])
                self._fire(
                    "response_started",
                    response_status=status,
                    response_headers=headers,
                    exception_info=exc_info,
                )
                return write

            try:
                result = application(environ, start)
            except BaseException:
                self._fire("request_exception", exception_info=sys.exc_info())
                raise
            if (
                isinstance(result, FileWrapper)
                or result is None
                or isinstance(result, (str, bytes))
            ):
                return result
            if type(result) in (list, tuple):
                for block in result:
                    self._count(block)
                return result
            return self._observe(result)

        return call

    def _observe(self, result: Any) -> Iterator[bytes]:
        close = getattr(result, "close", None)
        try:
            for block in result:
                self._count(block)
                yield block
        except GeneratorExit:
            raise
        except BaseException:
            self._fire("request_exception", exception_info=sys.exc_info())
            raise
        finally:
            if close is not None:
                close()

    def _count(self, block: Any) -> None:
        self.blocks += 1
        self.length += len(block) if isinstance(block, bytes) else 0

    def _fire(self, name: str, **facts: Any) -> None:
        if event_callbacks:
            fire(name, {"request_id": self._request, **facts})
