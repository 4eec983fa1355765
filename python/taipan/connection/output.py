"""The response of a connection, piece by piece."""

from __future__ import annotations

import os
from datetime import datetime
from typing import Any, BinaryIO, ClassVar, Union

from taipan.connection.blocks import read_blocks
from taipan.connection.body import RequestBody
from taipan.connection.response import ConnectionResponse, OutputHeaders
from taipan.connection.times import format_time
from taipan.field_set import FieldSet
from taipan.scripts.request.current import ScriptRequest

_Data = Union[str, bytes, bytearray, memoryview]


class ConnectionOutput(RequestBody):
    """Head and body, as the script makes them."""

    headers_type: ClassVar[type[OutputHeaders]] = OutputHeaders

    def __init__(self, script: ScriptRequest) -> None:
        super().__init__(script)
        self._response = ConnectionResponse(script, self.headers_type)

    def join(self) -> None:
        """Lets the head of the output have what is set here."""
        self._script.output.complete_head = self._response.complete

    @property
    def output_headers(self) -> OutputHeaders:
        """Header fields of the response."""
        return self._response.headers

    @property
    def status(self) -> int:
        """Status of the response. Setting it raises `RuntimeError` when it has been sent."""
        return self._response.status

    @status.setter
    def status(self, status: int) -> None:
        self._response.status = status

    @property
    def response_status(self) -> int:
        """The same as `status`."""
        return self._response.status

    @property
    def response_length(self) -> int:
        """Bytes of the body of a whole reply, or of what has been sent."""
        return self._response.length or self._response.sent

    @property
    def content_sent(self) -> int:
        """Bytes of the body that have left."""
        return self._response.sent

    def set_headers(self, name: str, value: Any) -> None:
        """Adds a field, and keeps those of the same name."""
        self.output_headers.put(name, value)

    def cond_set_headers(self, name: str, value: Any) -> None:
        """Adds a field unless there is one of this name."""
        if name not in self.output_headers:
            self.output_headers.put(name, value)

    def replace_headers(self, fields: FieldSet) -> None:
        """Makes all fields those of a set."""
        self.output_headers.assign(fields)

    def set_required_headers(self, kind: str | None = None, length: int = -1) -> None:
        """Sets type and length, if they are given; the server adds Date and Server itself."""
        if kind:
            self.set_type_header(kind)
        if length >= 0:
            self.set_length_header(length)

    def set_type_header(self, kind: str) -> None:
        """Sets Content-Type; what is written afterwards is the body, without header lines."""
        self.output_headers.replace("Content-Type", kind)

    def set_length_header(self, length: int) -> None:
        """Sets Content-Length."""
        self.output_headers.replace("Content-Length", int(length))

    def set_last_modified_header(self, time: float | datetime) -> None:
        """Sets Last-Modified from seconds of the epoch."""
        self.output_headers.replace("Last-Modified", format_time(time))

    def set_expires_header(self, time: str | float | datetime) -> None:
        """Sets Expires from a text, or from seconds of the epoch."""
        text = time if isinstance(time, str) else format_time(time)
        self.output_headers.replace("Expires", text)

    def write(self, data: _Data) -> int:
        """Adds to the body, text as UTF-8; tells how many bytes. It has no header lines."""
        block = to_bytes(data)
        self._response.add(block)
        return len(block)

    def printf_header(self, text: str, *values: Any) -> int:
        """Adds formatted text to the body."""
        return self.write(text % values if values else text)

    def send_fp(self, file: BinaryIO, size: int = -1) -> int:
        """Adds up to `size` bytes of an open file; tells how many."""
        return sum(map(self.write, read_blocks(file.read, size)))

    def send_fd(self, descriptor: int, size: int = -1) -> int:
        """Adds up to `size` bytes of an open descriptor; tells how many."""
        with os.fdopen(descriptor, "rb", closefd=False, buffering=0) as file:
            return self.send_fp(file, size)

    def flush_headers(self, status: int | None = None) -> None:
        """Ends the head: what follows is the body, which then leaves as it is written."""
        self._response.begin(status)

    def flush(self) -> None:
        """Sends what was written so far."""
        self._script.text.flush()

    def close(self) -> None:
        """Ends the response now; the script may go on, but what it writes is dropped."""
        self._response.close()


def to_bytes(data: _Data) -> bytes:
    """Text as UTF-8, other data as it is."""
    if isinstance(data, str):
        return data.encode("utf-8", "surrogateescape")
    if isinstance(data, (bytes, bytearray, memoryview)):
        return bytes(data)
    raise TypeError(f"the body must be text or bytes, not {type(data).__name__}")
