"""The response of a WSGI application: `start_response`, `write`, and checks of its body."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from typing import Any, Callable

from taipan.dropped_fields import report_dropped
from taipan.events import Reporter, Transport
from taipan.fields import Head
from taipan.frames import HEAD_LENGTH
from taipan.wsgi.dechunk import ChunkDecoder
from taipan.wsgi.file_wrapper import FileWrapper, RegularFile, find_regular_file
from taipan.wsgi.head import make_head

#: Responses up to this size leave in one piece, copied together with their head.
ONE_PIECE = 64 * 1024


class ProtocolError(RuntimeError):
    """The application broke a rule of PEP 3333."""


class Response:
    """Connects application and transport. Sends nothing before the first byte of the body."""

    #: The last byte was sent; further blocks are not needed.
    ended = False
    _bodyless = False
    _chunks: ChunkDecoder | None = None
    _sent = 0

    # What each response reads is kept by the object, since defaults of the class are read in more
    # steps than that takes.
    def __init__(self, transport: Transport, is_head: bool, reporter: Reporter) -> None:
        #: The head was sent.
        self.begun = False
        #: The exchange is over.
        self.closed = False
        self._head: Head | None = None
        self._transport = transport
        self._is_head = is_head
        self._reporter = reporter

    def start_response(
        self, status: Any, headers: Any, exc_info: Any = None
    ) -> Callable[[bytes], None]:
        """`start_response` of PEP 3333; raises in the application without side effects."""
        if exc_info:
            try:
                if self.begun:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                # Avoids a reference circle: the traceback refers to its frames.
                exc_info = None
        elif self._head is not None:
            raise ProtocolError("start_response() was called a second time without exc_info")
        if self.closed:
            raise ProtocolError("start_response() was called after the end of the request")
        head = make_head(status, headers)
        if head.dropped:
            report_dropped(head.dropped, self._reporter)
        self._chunks = ChunkDecoder() if head.chunked else None
        self._bodyless = self._is_head or not head.has_body
        self._head = head
        return self.write

    def write(self, data: bytes, /) -> None:
        """`write` of PEP 3333: sends at once."""
        if self.closed:
            raise ProtocolError("write() was called after the end of the response")
        if not isinstance(data, bytes):
            raise TypeError(f"write() takes bytes, not {type(data).__name__}")
        if not self.send_block(data):
            raise ProtocolError("write() was given more bytes than Content-Length announced")

    def send_block(self, block: bytes) -> bool:
        """Sends a piece of the body; False if it was cut at the Content-Length."""
        if self._chunks is not None and not self._bodyless:
            block = self._chunks.decode(block)
        if not block:
            return True
        head = self._head
        if head is None:
            raise ProtocolError("the application sent a body before it called start_response()")
        if self._bodyless:
            if not self.ended:
                self._begin(head, b"", True)
            return True
        if self.ended:
            return False
        fits = True
        last = False
        if head.length is not None:
            left = head.length - self._sent
            last = len(block) >= left
            if len(block) > left:
                block, fits = block[:left], False
        self._sent += len(block)
        if self.begun:
            self._transport.write(block, last)
            self.ended = last
        else:
            self._begin(head, block, last)
        return fits

    def send_whole(self, blocks: list[Any] | tuple[Any, ...]) -> bool:
        """Sends a list or tuple in one piece; False if that is not possible."""
        head = self._head
        if head is None:
            raise ProtocolError("the application returned without having called start_response()")
        if len(blocks) == 1 and type(blocks[0]) is bytes:
            body: bytes = blocks[0]
            # The most frequent case.
            size = len(body)
            if size <= ONE_PIECE and not self.begun and self._chunks is None and not self._bodyless:
                if size == head.length:
                    self.begun = self.ended = True
                    self._transport.send(head.status, head.flags, size, head.fields, body, True)
                    return True
                if head.length is None:
                    # As `with_length`, without a head object for each response.
                    fields = head.fields + b"Content-Length: %d\r\n" % size
                    self.begun = self.ended = True
                    self._transport.send(
                        head.status, head.flags | HEAD_LENGTH, size, fields, body, True
                    )
                    return True
        else:
            for block in blocks:
                require_bytes(block)
            if not self._fits_one_piece(blocks):
                return False
            body = b"".join(blocks)
        if self.begun or self._chunks is not None or len(body) > ONE_PIECE:
            return False
        if head.length is not None and len(body) > head.length and not self._bodyless:
            self._report_beyond()
        self._send_whole(head, body, True)
        return True

    def send_sequence(self, blocks: list[bytes] | tuple[bytes, ...]) -> Generator[None, None, None]:
        """Sends a list or tuple block by block; its length is known before the head is sent."""
        if self._head is not None and not self.begun and self._chunks is None:
            self._head = self._head.with_length(sum(map(len, blocks)))
        for block in blocks:
            if not self.send_block(block):
                self._report_beyond()
            if self.ended:
                return
            yield

    def send_file(self, wrapper: FileWrapper) -> Generator[None, None, None]:
        """Sends the file of a returned file wrapper."""
        head = self._head
        file = None
        if head is not None and not self.begun and self._chunks is None:
            file = find_regular_file(wrapper.filelike)
        if head is None or file is None:
            yield from self.send_iterable(wrapper)
        elif self._bodyless:
            self._begin(head.with_length(file.length), b"", True)
        elif file.length <= ONE_PIECE:
            self._send_whole(head, _read_whole(wrapper.filelike, file.length), False)
        elif (head.length is None or head.length <= file.length) and head.length != 0:
            yield from self._send_regular(head.with_length(file.length), file, wrapper)
        else:
            yield from self.send_iterable(wrapper)

    def send_iterable(self, iterable: Iterable[Any]) -> Generator[None, None, None]:
        """Sends block by block; stops at the Content-Length, or when the rest is not needed."""
        iterator = iter(iterable)
        # A file may be longer than the wanted part.
        is_file = isinstance(iterable, FileWrapper)
        if type(iterable) is not FileWrapper and self._may_count(iterable):
            for first in iterator:
                self._send_single(first, iterator)
                break
        if self.ended:
            return
        for block in iterator:
            if type(block) is not bytes:
                require_bytes(block)
            if self._head is None:
                raise ProtocolError(
                    "the application returned a block without having called start_response()"
                )
            if block and not self.send_block(block) and not is_file:
                self._report_beyond()
            if self.ended:
                return
            if block:
                yield

    def end(self, free: bool) -> None:
        """The application has returned all blocks; `free`: nothing of it runs any more."""
        head = self._head
        if head is None:
            raise ProtocolError("the application never called start_response()")
        if self.ended:
            return
        if self._chunks is not None and not self._bodyless and not self._chunks.done:
            raise ProtocolError("the application sent its body in chunks without a last chunk")
        if not self.begun:
            if head.length is None and not self._bodyless:
                head = head.with_length(0)
            if head.length and not self._bodyless:
                self._begin(head, b"", False)
                self._raise_short(head)
            self._begin(head, b"", True)
        elif head.length is not None and self._sent < head.length:
            self._raise_short(head)
        else:
            self.ended = True
            self._transport.write(b"", True, free)

    def _send_single(self, block: Any, others: Iterator[Any]) -> None:
        """Sends the only block of an iterable; others that follow can only be logged."""
        require_bytes(block)
        head = self._head
        framed = head is None or head.length is not None or self.begun or self._chunks is not None
        if head is None or framed or not block:
            if not self.send_block(block):
                self._report_beyond()
            return
        self._head = head.with_length(len(block))
        self.send_block(block)
        if not self._bodyless and any(others):
            self._reporter.report(
                "error",
                "the application returned an iterable with a len() of 1 that has more blocks; the"
                " others are dropped, because the first one counted as the whole body",
            )

    def _begin(self, head: Head, data: bytes, last: bool) -> None:
        self.begun = True
        self._transport.begin(head.status, head.flags, head.length or 0, head.fields, data, last)
        self.ended = last

    def _send_whole(self, head: Head, body: bytes, free: bool) -> None:
        length = head.length
        if self._bodyless:
            if length is None and body:
                head = head.with_length(len(body))
            body = b""
        elif length is None:
            # As `with_length`, without a head object for each response.
            size = len(body)
            fields = head.fields + b"Content-Length: %d\r\n" % size
            self.begun = self.ended = True
            self._transport.send(head.status, head.flags | HEAD_LENGTH, size, fields, body, free)
            return
        elif length > len(body):
            self._sent = len(body)
            self._begin(head, body, False)
            self._raise_short(head)
        elif length < len(body):
            body = body[:length]
        self.begun = self.ended = True
        self._transport.send(head.status, head.flags, head.length or 0, head.fields, body, free)

    def _send_regular(
        self, head: Head, file: RegularFile, wrapper: FileWrapper
    ) -> Generator[None, None, None]:
        self._head = head
        self.begun = True
        length = head.length or 0
        taken = self._transport.begin_file(
            head.status, head.flags, length, head.fields, file.descriptor, file.offset
        )
        while taken is None:
            yield
            taken = self._transport.file_taken
        if taken:
            self._sent = length
            self.ended = True
        else:
            yield from self.send_iterable(wrapper)

    def _may_count(self, iterable: Iterable[Any]) -> bool:
        """Whether the length of a single block is that of the body (PEP 3333)."""
        try:
            return self._sent == 0 and len(iterable) == 1  # type: ignore[arg-type]
        except Exception:
            return False

    def _fits_one_piece(self, blocks: Iterable[bytes]) -> bool:
        return sum(map(len, blocks)) <= ONE_PIECE

    def _raise_short(self, head: Head) -> None:
        raise ProtocolError(
            f"the application announced {head.length} bytes of body and sent {self._sent}"
        )

    def _report_beyond(self) -> None:
        assert self._head is not None
        self._reporter.report(
            "error",
            f"the application announced {self._head.length} bytes of body and sent more; the rest"
            " is dropped",
        )


def require_bytes(block: object) -> None:
    """Raises `TypeError` for a block that is not bytes."""
    if not isinstance(block, bytes):
        raise TypeError(f"the blocks of a response must be bytes, not {type(block).__name__}")


def _read_whole(filelike: Any, length: int) -> bytes:
    parts = []
    left = length
    while left > 0 and (block := filelike.read(left)):
        require_bytes(block)
        parts.append(block)
        left -= len(block)
    return b"".join(parts)
