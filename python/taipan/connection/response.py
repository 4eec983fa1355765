"""The response of a connection: its head, and how it joins with what the script prints."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from typing import Any, NamedTuple

from taipan.field_set import FieldSet
from taipan.fields import LOCAL_REDIRECT, validate_name, validate_value
from taipan.scripts.request.current import ScriptRequest
from taipan.scripts.request.head import HTML_FIELD, ScriptHead, status_line
from taipan.scripts.request.output import WholeResponse

#: Fields that a response has once; what is printed counts more than what was set before.
_SINGLE = frozenset(
    (
        "content-length",
        "content-type",
        "date",
        "etag",
        "expires",
        "last-modified",
        "location",
        "retry-after",
        "server",
    )
)


class OutputHeaders(FieldSet):
    """Header fields of the response. Raises `RuntimeError` for changes once they have left."""

    def __init__(self, response: ConnectionResponse) -> None:
        # Otherwise they would refer to each other.
        self._response = weakref.ref(response)
        super().__init__(name="output headers")

    def _check(self, key: Any, value: Any) -> tuple[str, str]:
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        lower = validate_name(key)
        validate_value(key, value)
        response = self._response()
        if lower == "content-type" and response is not None:
            response.begin_body()
        return key, value

    def _change(self, pairs: list[tuple[str, str]]) -> None:
        response = self._response()
        if response is None:
            raise RuntimeError("cannot change the header fields: the request is over")
        response.require_open("change the header fields")
        super()._change(pairs)


class Reply(NamedTuple):
    """A whole response."""

    #: The method that makes it.
    by: str
    status: int
    body: bytes | Iterable[bytes] = b""
    #: Content-Type; empty: none.
    kind: str = ""
    #: Further fields.
    fields: tuple[tuple[str, str], ...] = ()


class ConnectionResponse:
    """One for each request with a connection object."""

    def __init__(self, request: ScriptRequest, headers_type: type[OutputHeaders]) -> None:
        self._request = request
        self._output = request.output
        self._status: int | None = None
        self._answered_by = ""
        #: Length of the body of a whole reply, or of what has been sent.
        self.length = 0
        self.headers = headers_type(self)

    @property
    def answered(self) -> str:
        """What has answered, for messages; empty before."""
        return self._answered_by if self._output.answered else ""

    @property
    def status(self) -> int:
        """200 unless it is set."""
        return self._status or 200

    @status.setter
    def status(self, status: int) -> None:
        self.require_open("set the status")
        self._status = require_status(status)
        # Whoever chooses a status wants that response, even without a body.
        self._output.may_be_empty = True

    @property
    def sent(self) -> int:
        """Bytes of the body that have left."""
        return self._output.sent

    def require_open(self, action: str) -> None:
        """Raises `RuntimeError` when it is too late for `action`."""
        if self._request.over:
            raise RuntimeError(f"cannot {action}: the request is over")
        if self.answered:
            raise RuntimeError(f"cannot {action}: {self.answered} has answered the request already")
        if self._output.begun:
            raise RuntimeError(
                f"cannot {action}: a part of the response has been sent already, because more than"
                " 64 KiB were written, or by a flush"
            )

    def begin_body(self) -> None:
        """What is written from now on has no header lines at its beginning, unless it has begun."""
        output = self._output
        if output.make_head is None and not output.begun and not self._request.has_output:
            output.make_head = _plain_head

    def add(self, data: bytes) -> None:
        """Adds to the body."""
        if self._output.answered:
            self.require_open("write")
        self.begin_body()
        self._output.may_be_empty = True
        self._request.text.pass_on()
        self._output.add(data)

    def begin(self, status: int | None = None) -> None:
        """Sends the head, with the first bytes of the body or at the end of the script."""
        self.require_open("send the head")
        if status is not None:
            self.status = status
        self.begin_body()
        self._output.may_be_empty = True
        self._request.text.pass_on()
        self._output.begin(whole=True)

    def answer(self, reply: Reply) -> None:
        """Makes the whole response. What was written before is dropped."""
        self.require_open(reply.by)
        status = status_line(require_status(reply.status))
        fields = [*([("Content-Type", reply.kind)] if reply.kind else []), *reply.fields]
        for name, value in fields:
            validate_name(name)
            validate_value(name, value)
        self._request.text.pass_on()
        self._status = int(status[:3])
        body = reply.body
        self.length = len(body) if isinstance(body, bytes) else 0
        blocks = [body] if isinstance(body, bytes) else body
        self._output.answer(WholeResponse(status, self._join(fields), blocks))
        self._answered_by = f"{reply.by}()"

    def close(self) -> None:
        """Sends what there is as the whole response."""
        self._request.text.flush() if self._output.begun else self._request.text.pass_on()
        self._answered_by = self.answered or "close()"
        self._output.complete()

    def redirect(self, by: str, target: str) -> None:
        """Has the server answer with another path of its own."""
        self.require_open(by)
        self._request.text.pass_on()
        fields = [("Location", target), (LOCAL_REDIRECT, target)]
        self._output.answer(WholeResponse("302 Found", fields, [b""]))
        self._answered_by = f"{by}()"

    def reset(self) -> None:
        """Takes back an answer that has not been sent."""
        self._status = None
        self.headers.truncate(0)
        if self._output.make_head is _plain_head:
            self._output.make_head = None

    def complete(self, head: ScriptHead) -> ScriptHead:
        """The head of the output with what was set here."""
        fields = head.fields
        if "Content-Type" in self.headers:
            # The default of pages is not what one of them says.
            fields = [field for field in fields if (field[0].title(), field[1]) != HTML_FIELD]
        status = head.status
        if head.usual and self._status is not None:
            status = status_line(self._status)
        elif head.usual and "Location" in self.headers:
            status = status_line(302)
        # A redirect within the server has no other fields, and no status.
        usual = head.usual and self._status is None
        self._status = int(status[:3])
        return ScriptHead(status, self._join(fields), head.body_at, usual=usual)

    def _join(self, fields: list[tuple[str, str]]) -> list[tuple[str, str]]:
        given = {name.lower() for name, _ in fields} & _SINGLE
        return [*(own for own in self.headers.items() if own[0].lower() not in given), *fields]


def require_status(status: Any) -> int:
    """The status of a response. Raises `ValueError` unless it is a number from 200 to 599."""
    number = int(status) if isinstance(status, (int, str)) and str(status).isdigit() else 0
    if not 200 <= number <= 599:
        raise ValueError(f"the status {status!r} must be a number from 200 to 599")
    return number


def _plain_head() -> ScriptHead:
    """The head of output that is all body."""
    return ScriptHead("200 OK", [HTML_FIELD], 0, usual=True)
