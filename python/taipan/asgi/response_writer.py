"""The frames of one HTTP response: its head, its body, and what may leave together."""

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
#: The head is there, and waits for the first event of the body.
STARTED = 1
BODY = 2
#: The body is out, and its trailers are awaited.
TRAILERS = 3
#: The answer is out. What comes is dropped.
ENDED = 4
#: As ended, but the application still gives a body that nobody gets.
DROPPING = 5


class ResponseWriter(Stream):
    """A stream with the frames of a response. What may be sent is for the caller to know."""

    __slots__ = ("_joint", "_joint_end", "_joint_size", "_joint_turn", "phase", "sent")

    # Set by `ResponseStream`: an `__init__` here would be one call more for each request.
    phase: int
    #: Bytes of the body that were given.
    sent: int

    def put_whole(self, head: Head, data: bytes) -> None:
        """The head and all of the body; their Content-Length is added where there is none."""
        status, flags, length, fields, _, _ = head
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
            ANSWER_HEADER.pack(ANSWER, 0, self.number, total, status, flags, size, lines),
            fields,
            data,
        )
        if self.tail == 0:
            outbox.on_output()
        if self.waiters:
            self.wake()

    def put_head(self, head: Head) -> None:
        """The head, before its body."""
        status, flags, length, fields, _, _ = head
        size = 10 + len(fields)
        header = STREAM_HEAD_HEADER.pack(HEAD, flags, self.number, size, status, length or 0)
        self.phase = BODY
        #: The last frame of the body: in which turn, where it begins and ends there, its bytes.
        self._joint_turn = -1
        self._joint = self._joint_end = self._joint_size = 0
        self.outbox.put((header, fields))

    def put_more(self, data: bytes) -> None:
        """A piece that others follow. Those of one turn leave together anyway, in one frame."""
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
        """The last piece."""
        self.phase = ENDED
        outbox = self.outbox
        self.put_piece(DATA, 0, DATA_LAST, data)
        if self.remainder is None:
            self.turn = outbox.turn
            self.tail = len(outbox.parts) - 2
        self.wake()

    def put_before_trailers(self, data: bytes) -> None:
        """The last piece of a body that trailers follow."""
        self.phase = TRAILERS
        self.put_piece(DATA, 0, 0, data)

    def put_file(self, file: FileRemainder) -> None:
        """The whole body from a file: by Node if it can, else piece by piece."""
        self.phase = ENDED
        self.file = file
        self.put(FILE, 0, FILE_PAYLOAD.pack(file.descriptor, 0, file.left))
        self.wake()

    def put_file_before_trailers(self, file: FileRemainder) -> None:
        """The same for a body that trailers follow."""
        self.phase = TRAILERS
        self.remainder = file
        self.pump()
