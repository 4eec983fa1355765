"""A request as an agent sends it: variables, and a body of known length."""

from __future__ import annotations

import tempfile
from io import BytesIO
from typing import BinaryIO, Callable, Final

from taipan.lrwp.errors import AgentError
from taipan.lrwp.lengths import LENGTH_SIZE, parse_length
from taipan.lrwp.stream import AgentStream

#: Bytes of a body or of a response that are kept in memory; more are kept in a temporary file.
MEMORY_LIMIT: Final = 1024 * 1024
#: Bytes of the variables. Agents take far less from clients.
_VARIABLES_LIMIT: Final = 4 * 1024 * 1024

#: Variables by name; both are bytes, because agents say nothing about a charset.
Variables = dict[bytes, bytes]


class PeerRequest:
    """A request that has arrived whole. `close` removes its temporary file."""

    def __init__(self, variables: Variables, body: BinaryIO, length: int) -> None:
        self.variables = variables
        self.body = body
        #: Bytes of the body.
        self.length = length

    def close(self) -> None:
        """Forgets the body."""
        self.body.close()


def read_request(stream: AgentStream) -> PeerRequest:
    """The next request, whose first byte should have arrived.

    Raises `AgentError`, or `OSError` when there is no room for the body.
    """
    size = parse_length(stream.read(LENGTH_SIZE))
    if size > _VARIABLES_LIMIT:
        raise AgentError(f"it sent {size} bytes of variables; {_VARIABLES_LIMIT} are allowed")
    variables = parse_variables(stream.read(size))
    length = parse_length(stream.read(LENGTH_SIZE))
    body = keep_body(length, lambda file: stream.copy(length, file))
    return PeerRequest(variables, body, length)


def parse_variables(data: bytes) -> Variables:
    """Takes `NAME=VALUE` between NULs to pieces; what has no name or no `=` is left out."""
    pairs = (piece.partition(b"=") for piece in data.split(b"\0"))
    return {name: value for name, equals, value in pairs if name and equals}


def keep_body(length: int, copy: Callable[[BinaryIO], None]) -> BinaryIO:
    """A file with a body of this length, which `copy` writes."""
    body: BinaryIO = BytesIO() if length <= MEMORY_LIMIT else tempfile.TemporaryFile()
    try:
        copy(body)
        body.seek(0)
    except BaseException:
        body.close()
        raise
    return body
