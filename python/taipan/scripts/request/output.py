"""What a script prints, on its way to the response."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Callable, NamedTuple

from taipan.fields import LOCAL_REDIRECT
from taipan.scripts.request.errors import OutputError
from taipan.scripts.request.head import ScriptHead, parse_head
from taipan.scripts.request.spool import Spool

#: Output up to this size leaves in one piece, with a Content-Length.
ONE_PIECE = 64 * 1024

StartResponse = Callable[..., Callable[[bytes], None]]
Fields = list[tuple[str, str]]


class WholeResponse(NamedTuple):
    """A whole response."""

    status: str
    fields: Fields
    body: Iterable[bytes]

    def close(self) -> None:
        """Closes the file that the body may be."""
        close = getattr(self.body, "close", None)
        if close is not None:
            close()


class ScriptOutput:
    """Collects output until its head is known and it has to leave."""

    #: Bytes of the body that have left.
    sent = 0
    #: No output at all is a response, too.
    may_be_empty = False
    #: Nothing leaves before `finish`, which may know the length of all.
    holding = False
    #: Bytes that are held until more comes or the output is whole.
    limit = ONE_PIECE
    #: Writing cannot wait for the client.
    spools = False
    _spool: Spool | None = None
    _size = 0
    #: What is wrong if there is no output at all.
    nothing = "the script printed nothing"
    _answered = False

    # What each request reads is kept by the object, since defaults of the class are read in more
    # steps than that takes.
    def __init__(self, start_response: StartResponse) -> None:
        #: Bytes that a whole response came instead of.
        self.dropped = 0
        #: What was printed has no head.
        self.bare = False
        #: Makes the head where it is not printed; None: it is the start of the output.
        self.make_head: Callable[[], ScriptHead] | None = None
        #: Adds what was set by other means than output.
        self.complete_head: Callable[[ScriptHead], ScriptHead] | None = None
        #: Takes output in its place, and puts what becomes of it.
        self.body_filter: Callable[[bytes], None] | None = None
        self._write: Callable[[bytes], None] | None = None
        self._ended = False
        self._answer: WholeResponse | None = None
        self._start_response = start_response
        self._pieces: list[bytes] = []

    @property
    def begun(self) -> bool:
        """The head has left, so that errors can only cut the response."""
        return self._write is not None

    @property
    def answered(self) -> bool:
        """A whole response stands, which nothing is added to."""
        return self._answered

    @property
    def pending(self) -> int:
        """Bytes that have not left."""
        return self._size

    def add(self, data: bytes) -> None:
        """Takes a piece of output; sends what is too much to be held."""
        if self._ended:
            self._add_late(data)
        elif self.body_filter is not None:
            self.body_filter(data)
        else:
            self.put(data)

    def put(self, data: bytes) -> None:
        """Takes a piece of the body that no filter changes."""
        if self._write is not None:
            self._write(data)
            self.sent += len(data)
            return
        self._pieces.append(data)
        self._size += len(data)
        if self._size > self.limit:
            self.send()

    def send(self) -> None:
        """Sends what has been collected, once the head is whole."""
        if self._pieces and not self.holding:
            self.begin(whole=False)

    def begin(self, *, whole: bool) -> None:
        """Sends the head and what has been collected; `whole`: the head is, if one was printed."""
        if self._write is not None:
            return
        collected = self._take()
        head = self._find_head(collected, whole)
        if head is None:
            self._pieces, self._size = [collected], len(collected)
            return
        self._write = write = self._start_response(head.status, head.fields)
        body = collected[head.body_at :]
        self.sent = len(body)
        if self.spools:
            write(body[:ONE_PIECE])
            self._spool = Spool()
            self._write = self._spool.write
            self._write(body[ONE_PIECE:])
        else:
            write(body)

    def answer(self, answer: WholeResponse) -> None:
        """Makes the whole response, instead of what was and will be written."""
        self.dropped += len(self._take())
        self._answer = answer
        self._answered = self._ended = True

    def complete(self) -> None:
        """Sends the whole response now; what is written afterwards is dropped."""
        begun = self._write is not None
        self._answered = self._ended = True
        if begun:
            return
        answer = self._answer or WholeResponse(*self._make_whole(self._take()))
        fields = answer.fields
        if isinstance(answer.body, list) and not _has_length(fields):
            # The client sees its end while the script goes on.
            fields = [*fields, ("Content-Length", str(sum(map(len, answer.body))))]
        try:
            self._write = write = self._start_response(answer.status, fields)
            for block in answer.body:
                write(block)
                self.sent += len(block)
        finally:
            answer.close()

    def close(self) -> None:
        """Drops what is written from now on; the response is whole."""
        self._answered = self._ended = True

    def extend_head(self, complete: Callable[[Fields], Fields]) -> None:
        """Lets `complete` add fields when the head leaves, whoever makes it."""
        start = self._start_response
        self._start_response = lambda status, fields: start(status, _extend(fields, complete))

    def drop(self) -> None:
        """Forgets what has not left."""
        self._take()
        if self._answer is not None:
            self._answer.close()
            self._answer = None
            self._answered = self._ended = False

    def finish(self, last: bytes = b"") -> Iterable[bytes]:
        """The rest of the body, with the last output. Raises `OutputError` if it is no response."""
        filtered = self.body_filter is not None
        if self._pieces or filtered or self._ended or self._write is not None:
            if last:
                self.add(last)
            last = self._take()
        self._ended = True
        if self._write is not None:
            return self._spool or []
        status, fields, body = self._answer or self._make_whole(last)
        if isinstance(body, list):
            # For what comes after the response.
            self.sent = sum(map(len, body))
        self._start_response(status, fields)
        if self.make_head is not None or self.complete_head is not None:
            # It refers to the request, which refers to this.
            self.make_head = self.complete_head = None
        return body

    def _make_whole(self, collected: bytes) -> tuple[str, Fields, list[bytes]]:
        """The response of what has been collected, which is all."""
        if not collected and not self.may_be_empty:
            raise OutputError(self.nothing)
        head = self._find_head(collected, True)
        assert head is not None
        status, fields, at, _, _ = head
        body = collected[at:]
        return status, fields if body else _with_redirect(head), [body]

    def _find_head(self, collected: bytes, whole: bool) -> ScriptHead | None:
        """The head of the response; None if more output is needed to know."""
        head = parse_head(collected, whole=whole) if self.make_head is None else self.make_head()
        if head is None:
            return None
        if self.complete_head is not None:
            return self.complete_head(head)
        if head.bare:
            self.bare = True
        return head

    def _add_late(self, data: bytes) -> None:
        if not self._answered:
            raise ValueError("the request is over")
        self.dropped += len(data)

    def _take(self) -> bytes:
        pieces = self._pieces
        self._pieces, self._size = [], 0
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _has_length(fields: Fields) -> bool:
    return any(name.lower() == "content-length" for name, _ in fields)


def _extend(fields: Fields, complete: Callable[[Fields], Fields]) -> Fields:
    completed = complete(fields)
    if all(name != LOCAL_REDIRECT for name, _ in fields):
        return completed
    # A cookie has to reach the client, which follows the redirect then.
    if all(name != "Set-Cookie" for name, _ in completed[len(fields) :]):
        return fields
    return [(name, value) for name, value in completed if name != LOCAL_REDIRECT]


def _with_redirect(head: ScriptHead) -> Fields:
    """Tells Node to follow a local redirect within the server (RFC 3875, 6.2.2)."""
    if head.usual and len(head.fields) == 1:
        name, value = head.fields[0]
        if name.lower() == "location" and value.startswith("/"):
            return [(name, value), (LOCAL_REDIRECT, value)]
    return head.fields
