"""Writes the frames of an HTTP response, and joins those that can leave together."""

from __future__ import annotations

from taipan.asgi.remainder import FileRemainder
from taipan.asgi.stream import WINDOW, Stream
from taipan.fields import Head
from taipan.frames import (
    ANSWER,
    ANSWER_HEADER,
    ANSWER_PREFIX,
    DATA,
    DATA_LAST,
    FILE,
    FILE_PAYLOAD,
    HEAD,
    HEAD_LENGTH,
    HEADER,
    STREAM_HEAD_HEADER,
)

IDLE = 0
#: The head is known and waits for the first event of the body.
STARTED = 1
BODY = 2
#: The body is sent, trailers follow.
TRAILERS = 3
#: The response is complete; further events are dropped.
ENDED = 4
#: As ENDED, but the application still sends a body that is dropped.
DROPPING = 5


class ResponseWriter(Stream):
    """A stream that writes the frames of a response. The caller checks the order of events."""

    __slots__ = ("_joint", "_joint_end", "_joint_size", "_joint_turn", "phase", "sent")

    # Set by `ResponseStream`, because an `__init__` here would cost a call for each request.
    phase: int
    #: Bytes of the body so far.
    sent: int

    def put_whole(self, head: Head, data: bytes) -> None:
        """Sends head and complete body; adds a Content-Length if there is none."""
        flags, length, fields = head.flags, head.length, head.fields
        size = len(data)
        if size > WINDOW:
            self.put_head(head.with_length(size))
            self.put_last(data)
            return
        if length is None:
            flags |= HEAD_LENGTH
            fields = b"%sContent-Length: %d\r\n" % (fields, size)
        outbox = self.outbox
        parts = outbox.parts
        self.phase = ENDED
        self.turn = outbox.turn
        self.tail = len(parts)
        lines = len(fields)
        total = ANSWER_PREFIX + lines + size
        parts += (
            ANSWER_HEADER.pack(ANSWER, 0, self.number, total, head.status, flags, size, lines),
            fields,
            data,
        )
        if self.tail == 0:
            outbox.on_output()
        if self.waiters:
            self.wake()

    def put_head(self, head: Head) -> None:
        """Sends the head before the body."""
        fields = head.fields
        size = 10 + len(fields)
        header = STREAM_HEAD_HEADER.pack(
            HEAD, head.flags, self.number, size, head.status, head.length or 0
        )
        self.phase = BODY
        #: The last frame of the body, to join it with the next piece: turn, start, end, bytes.
        self._joint_turn = -1
        self._joint = self._joint_end = self._joint_size = 0
        self.outbox.put((header, fields))

    def put_more(self, data: bytes) -> None:
        """Sends a piece of the body. Those of one turn of the loop are joined into one frame."""
        size = len(data)
        self.sent += size
        if size > self.window:
            self.put_piece(DATA, 0, 0, data)
            return
        self.window -= size
        outbox = self.outbox
        parts = outbox.parts
        end = len(parts)
        if self._joint_end == end and self._joint_turn == outbox.turn:
            self._joint_size += size
            parts[self._joint] = HEADER.pack(DATA, 0, self.number, self._joint_size)
            parts.append(data)
            self._joint_end = end + 1
        else:
            self._joint_turn = outbox.turn
            self._joint = end
            self._joint_end = end + 2
            self._joint_size = size
            outbox.put((HEADER.pack(DATA, 0, self.number, size), data))

    def put_last(self, data: bytes) -> None:
        """Sends the last piece."""
        self.phase = ENDED
        outbox = self.outbox
        self.put_piece(DATA, 0, DATA_LAST, data)
        if self.remainder is None:
            self.turn = outbox.turn
            self.tail = len(outbox.parts) - 2
        self.wake()

    def put_before_trailers(self, data: bytes) -> None:
        """Sends the last piece before trailers."""
        self.phase = TRAILERS
        self.put_piece(DATA, 0, 0, data)

    def put_file(self, file: FileRemainder) -> None:
        """Sends a file as the whole body: by Node if it can, else piece by piece."""
        self.phase = ENDED
        self.file = file
        self.put(FILE, 0, FILE_PAYLOAD.pack(file.descriptor, 0, file.left))
        self.wake()

    def put_file_before_trailers(self, file: FileRemainder) -> None:
        """The same before trailers."""
        self.phase = TRAILERS
        self.remainder = file
        self.pump()
