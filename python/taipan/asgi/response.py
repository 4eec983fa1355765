"""The response of an ASGI application: checks its events and its body."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from typing import Any

from taipan.answers import Failure, answer_flags, failure_answer
from taipan.asgi.disconnects import is_disconnect
from taipan.asgi.events import Event, ProtocolError, require_bytes, require_key, unexpected
from taipan.asgi.files import open_file, read_file
from taipan.asgi.head import make_head, make_trailers
from taipan.asgi.outbox import Outbox
from taipan.asgi.remainder import FileRemainder
from taipan.asgi.response_writer import (
    BODY,
    DROPPING,
    ENDED,
    IDLE,
    STARTED,
    TRAILERS,
    ResponseWriter,
)
from taipan.dropped_fields import report_dropped
from taipan.events import ClientDisconnected, Settings
from taipan.fields import Head, kind_of
from taipan.frames import DATA
from taipan.frames import TRAILERS as TRAILERS_FRAME
from taipan.tracebacks import format_exception, summarize

#: Bytes or pieces of a body that an application may send for a response without one.
_DROPPED_BYTES = 1024 * 1024
_DROPPED_PIECES = 1024
#: Files up to this size are read in one piece.
_ONE_PIECE = 64 * 1024
_TRAILER_BYTES = 64 * 1024


class ResponseStream(ResponseWriter):
    """A stream with a response."""

    __slots__ = (
        "_dropped",
        "_dropped_bytes",
        "_head",
        "_is_head",
        "_trailer_lines",
        "_trailers",
    )

    def __init__(
        self, outbox: Outbox, settings: Settings, number: int, request: str, is_head: bool
    ) -> None:
        ResponseWriter.__init__(self, outbox, settings, number, request)
        self.phase = IDLE
        self.sent = 0
        self._is_head = is_head
        self._head: Head | None = None
        self._trailers = False
        self._trailer_lines = b""

    def start(self, event: Event, trailers: bool = False) -> None:
        """Handles `http.response.start`. Raises without side effects."""
        if self.phase != IDLE:
            if self.phase >= ENDED:
                return
            raise unexpected(event, "a second time")
        self.require_client()
        head = make_head(require_key(event, "status"), event.get("headers", ()))
        if head.dropped:
            report_dropped(head.dropped, self.settings.reporter)
        self._head = head
        self._trailers = trailers and bool(event.get("trailers", False))
        self.phase = STARTED

    def body(self, event: Event) -> bool:
        """Handles `http.response.body`. True if it was empty, with more to follow."""
        data = event.get("body", b"")
        if type(data) is not bytes:
            data = require_bytes(event, "body", data)
        more = event.get("more_body", False)
        phase = self.phase
        head = self._head
        if phase == BODY and more and data and self.gone is None:
            if head is not None and head.length is not None:
                self._check_length(head, len(data))
            self.put_more(data)
            return False
        if phase >= ENDED:
            return phase == DROPPING and self._drop(data, more)
        if head is None:
            raise unexpected(event, "before http.response.start")
        if phase == TRAILERS:
            raise unexpected(event, "after the end of the body")
        self.require_client()
        if self._is_head or not head.has_body:
            self._answer_bodyless(head, data, more)
        elif phase == STARTED and not more and not self._trailers:
            if head.length is None:
                self.put_whole(head, data)
            else:
                self._answer_whole(head, data)
        else:
            self._answer_piece(head, data, more)
            return bool(more) and not data
        return False

    def path(self, event: Event) -> None:
        """Handles `http.response.pathsend`. Raises `OSError` if the file cannot be opened."""
        name = require_key(event, "path")
        if not isinstance(name, str):
            raise TypeError(f"'path' of {event['type']} must be a str, not {kind_of(name)}")
        if not os.path.isabs(name):
            raise ProtocolError(f"'path' of {event['type']} must be absolute: {name!r}")
        if self.phase >= ENDED:
            return
        head = self._head
        if head is None:
            raise unexpected(event, "before http.response.start")
        if self.phase != STARTED:
            raise unexpected(event, "after a part of the body")
        self.require_client()
        descriptor, size = open_file(name)
        try:
            length = self._file_length(head, size)
        except BaseException:
            os.close(descriptor)
            raise
        self._answer_file(
            head.with_length(length), FileRemainder(descriptor, length, not self._trailers)
        )

    def trailers(self, event: Event) -> None:
        """Handles `http.response.trailers`."""
        if self.phase >= ENDED:
            return
        if self.phase != TRAILERS:
            raise unexpected(event, "before the end of a body that has trailers")
        self.require_client()
        lines = make_trailers(event.get("headers", ()))
        self._trailer_lines += lines
        if len(self._trailer_lines) > _TRAILER_BYTES:
            raise ProtocolError(f"the trailers are longer than {_TRAILER_BYTES} bytes")
        if not event.get("more_trailers", False):
            self.phase = ENDED
            self.put(TRAILERS_FRAME, 0, self._trailer_lines)
            self.wake()

    def end(self) -> None:
        """The application has returned."""
        phase = self.phase
        if phase >= ENDED or self.gone is not None:
            return
        head = self._head
        if phase == TRAILERS or (phase == BODY and head is not None and head.length == self.sent):
            self.put_last(b"")
            return
        if phase == IDLE:
            text = "the application returned without a response"
        else:
            text = "the application returned before the end of its response"
        self.report("error", text)
        self.refuse(ProtocolError(text))

    def fail(self, error: BaseException) -> None:
        """The application raised."""
        if self.cancelled and isinstance(error, asyncio.CancelledError):
            if self.gone is None and self.phase < ENDED:
                self.refuse(error, 503)
            return
        if (self.gone is not None or self.phase == DROPPING) and is_disconnect(error):
            return
        self.report("error", summarize(error), format_exception(error))
        if self.phase < ENDED and self.gone is None:
            self.refuse(error)

    def refuse(self, error: BaseException, status: int = 500) -> None:
        """Answers instead of the application, or aborts its response."""
        if self.phase > STARTED:
            self.phase = ENDED
            self.abort(summarize(error))
            return
        text = "Internal Server Error" if status == 500 else "Service Unavailable"
        failure = Failure(status, text, error)
        fields, body = failure_answer(failure, self.described, self.settings.dev)
        self.answer(status, b"%s\r\n%s" % (text.encode(), fields), body)

    @property
    def described(self) -> Mapping[str, Any]:
        """The request, for those who are told about an error."""
        return self.scope

    def answer(self, status: int, fields: bytes, body: bytes) -> None:
        """Sends a complete response of the worker itself."""
        flags = answer_flags(fields.partition(b"\r\n")[2])
        self._head = Head(status, flags, len(body), fields)
        if self._is_head:
            self._answer_bodyless(self._head, body, False)
        else:
            self._answer_whole(self._head, body)

    def _answer_whole(self, head: Head, data: bytes) -> None:
        size = len(data)
        if head.length is not None and head.length != size:
            self._check_length(head, size)
            self.put_head(head)
            self._fall_short(head, data)
        self.put_whole(head, data)

    def _answer_piece(self, head: Head, data: bytes, more: bool) -> None:
        size = len(data)
        self._check_length(head, size)
        if self.phase == STARTED:
            self.put_head(head)
        if more:
            if data:
                self.put_more(data)
        elif head.length is not None and self.sent + size < head.length:
            self._fall_short(head, data)
        elif self._trailers:
            self.put_before_trailers(data)
        else:
            self.put_last(data)

    def _file_length(self, head: Head, size: int) -> int:
        if head.length is None:
            return size
        if head.length > size:
            raise ProtocolError(
                f"the file has {size} of the {head.length} bytes that Content-Length announced"
            )
        return head.length

    def _answer_file(self, head: Head, file: FileRemainder) -> None:
        if self._is_head or not head.has_body:
            file.close()
            self._answer_bodyless(head, b"", False)
        elif file.left <= _ONE_PIECE and not self._trailers:
            try:
                data = read_file(file)
            finally:
                file.close()
            self._answer_whole(head, data)
        else:
            self.put_head(head)
            if self._trailers:
                self.put_file_before_trailers(file)
            else:
                self.put_file(file)

    def _answer_bodyless(self, head: Head, data: bytes, more: bool) -> None:
        if data and not more:
            head = head.with_length(len(data))
        self.put_head(head)
        self.put_last(b"")
        if more:
            self.phase = DROPPING
            self._dropped = 0
            self._dropped_bytes = 0

    def _drop(self, data: bytes, more: bool) -> bool:
        """Lets an application end a body that is dropped, but not continue forever."""
        if not more:
            self.phase = ENDED
            return False
        self._dropped += 1
        self._dropped_bytes += len(data)
        if self._dropped > _DROPPED_PIECES or self._dropped_bytes > _DROPPED_BYTES:
            raise ClientDisconnected("the body of this response is not sent to anyone")
        return True

    def _check_length(self, head: Head, size: int) -> None:
        if head.length is not None and self.sent + size > head.length:
            raise ProtocolError(
                f"the body has more bytes than the {head.length} that Content-Length announced"
            )

    def _fall_short(self, head: Head, data: bytes) -> None:
        self.sent += len(data)
        if len(data) <= self.window:
            self.put_piece(DATA, 0, 0, data)
        self.phase = ENDED
        text = f"the body ended after {self.sent} of the {head.length} bytes of Content-Length"
        self.abort(text)
        raise ProtocolError(text)
