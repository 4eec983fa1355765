"""The body of a response."""

from __future__ import annotations

import os
from typing import Any

from taipan.fields import LOCAL_REDIRECT, is_field_value, kind_of
from taipan.scripts.mod_python.levels import level_name
from taipan.scripts.mod_python.response_head import ResponseHead
from taipan.scripts.request.output import WholeResponse

_BLOCK = 64 * 1024


class Response(ResponseHead):
    """The members of a request that answer it."""

    #: Writing flushes only when it is asked to: pages hold what they write, so that it can be
    #: replaced by an error page.
    holds_writes = False
    #: The end of the response is sent after the request.
    eos_sent = 0

    @property
    def bytes_sent(self) -> int:
        """Bytes of the body that have left."""
        return self._request.output.sent

    @property
    def _bytes_queued(self) -> int:
        """Bytes and characters that wait to be sent."""
        return self._request.output.pending + self._request.text.pending

    @property
    def sent_bodyct(self) -> int:
        """1 if some of the body has left, else 0."""
        return int(self._request.output.sent > 0)

    def write(self, data: str | bytes, flush: int = 1) -> None:
        """Adds to the response, text as UTF-8, and sends it unless `flush` is 0."""
        if isinstance(data, str):
            self._request.text.write(data)
        elif isinstance(data, (bytes, bytearray, memoryview)):
            self._request.text.buffer.write(data)
        else:
            raise TypeError(f"req.write() takes str or bytes, not {kind_of(data)}: {data!r}")
        if flush and not self.holds_writes:
            self.flush()

    def flush(self) -> None:
        """Sends what was written so far, after the head if that has not left."""
        output = self._request.output
        self._request.text.flush()
        if output.begun or output.holding or output.answered:
            return
        # A filter that holds back what it was given may still fail.
        if output.body_filter is None or output.pending:
            output.begin(whole=False)

    def sendfile(self, path: str, offset: int = 0, len: int = -1) -> int:
        """Sends the content of a file, or `len` bytes of it. Gives their number."""
        sent = 0
        # A number would be a descriptor of the process, which closing takes from its owner.
        with open(os.fspath(path), "rb") as stream:
            stream.seek(offset)
            while len < 0 or sent < len:
                block = stream.read(_BLOCK if len < 0 else min(_BLOCK, len - sent))
                if not block:
                    break
                sent += block.__len__()
                self.write(block, 0)
        if not self.holds_writes:
            self.flush()
        return sent

    def internal_redirect(self, new_uri: str) -> None:
        """Lets the server answer by what this path of it leads to, as if it had been asked for.

        What was written is dropped. Raises `OSError` when something has been sent.
        """
        if not isinstance(new_uri, str):
            raise TypeError(f"internal_redirect() takes a str, not {kind_of(new_uri)}")
        if not new_uri.startswith("/") or not is_field_value(new_uri):
            raise ValueError(f"internal_redirect({new_uri!r}): a path with a slash first is wanted")
        if self.sent:
            raise OSError("Cannot redirect after headers have already been sent.")
        self._request.drop()
        fields = [("Location", new_uri), (LOCAL_REDIRECT, new_uri)]
        self._request.output.answer(WholeResponse("302 Found", fields, []))

    def log_error(self, message: str, level: Any = 0) -> None:
        """Writes to the log, by default an error."""
        self._request.settings.reporter.report(level_name(level), str(message))
