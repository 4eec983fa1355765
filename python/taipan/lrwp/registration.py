"""How a peer introduces itself to an agent, in versions 1.0 and 2.0 of the protocol."""

from __future__ import annotations

from typing import Final, NamedTuple, NoReturn

from taipan.lrwp.errors import AgentError, AgentGone, Refused, show_bytes
from taipan.lrwp.lengths import LENGTH_SIZE, format_length, parse_length
from taipan.lrwp.stream import AgentStream

#: Bytes of a name and of a virtual host.
_COMPONENT_LIMIT: Final = 200
#: Bytes of an answer, and of a challenge, which has 32 in practice.
_ANSWER_LIMIT: Final = 1024
_SEPARATOR: Final = b"\xff"
#: Seconds for the agent to decide, and to finish the text of a refusal, whose end nothing marks.
_ANSWER_TIME: Final = 5.0
_REFUSAL_TIME: Final = 1.0


class Registration(NamedTuple):
    """What a peer registers as."""

    #: A path below which it answers, or the end of paths, such as `.calc`.
    name: str
    #: The virtual host; empty for any.
    host: str = ""
    #: Version 2.0 is spoken where there is one.
    password: bytes = b""
    #: Reserved by the protocol; known peers leave it empty.
    filter: str = ""


def validate_registration(registration: Registration) -> None:
    """Raises `ValueError` for what no agent can take."""
    if not registration.name.strip("/"):
        raise ValueError("the name of the application is empty")
    for what, text in (("name", registration.name), ("virtual host", registration.host)):
        if not text.isprintable() or " " in text:
            raise ValueError(f"the {what} {text!r} has a space or a character that is not printed")
        size = len(text.encode("utf-8"))
        if size > _COMPONENT_LIMIT:
            raise ValueError(f"the {what} has {size} bytes; LRWP allows {_COMPONENT_LIMIT}")


def register(stream: AgentStream, registration: Registration) -> None:
    """Returns once the agent has accepted the peer. Raises `Refused` and `AgentError`."""
    stream.limit(_ANSWER_TIME)
    stream.send(format_registration(registration))
    if registration.password:
        _register_second(stream, registration.password)
    else:
        _register_first(stream)
    stream.limit(None)


def format_registration(registration: Registration) -> bytes:
    """The first message of a peer."""
    name, host = registration.name.encode("utf-8"), registration.host.encode("utf-8")
    if registration.password:
        return _SEPARATOR.join([b"", b"2.0", name, host, b""])
    # Without a last separator, which is optional, as all peers in Python do.
    return _SEPARATOR.join([name, host, registration.filter.encode("utf-8")])


def format_proof(challenge: bytes, password: bytes) -> bytes:
    """What proves that the peer knows the password."""
    size = len(password)
    proof = bytes(byte ^ password[at % size] for at, byte in enumerate(challenge))
    return format_length(len(proof)) + proof


def _register_first(stream: AgentStream) -> None:
    # Not a byte more, because the first request may follow at once.
    if stream.peek(2) != b"OK":
        _refuse(stream)
    stream.read(2)


def _register_second(stream: AgentStream, password: bytes) -> None:
    word = _read_word(stream)
    if word == b"CHALLENGE":
        length = parse_length(stream.read(LENGTH_SIZE))
        if not 0 < length <= _ANSWER_LIMIT:
            raise AgentError(f"its challenge has {length} bytes")
        stream.send(format_proof(stream.read(length), password))
        word = _read_word(stream)
    if word == b"REJECTED":
        raise Refused(show_bytes(_read_word(stream)))
    if word != b"OK":
        _raise_refusal(word)


def _read_word(stream: AgentStream) -> bytes:
    word = stream.read_until(_SEPARATOR, _ANSWER_LIMIT)
    # What is refused before the agent knows the version is answered as in version 1.0.
    return _refuse(stream) if word is None else word


def _refuse(stream: AgentStream) -> NoReturn:
    _raise_refusal(stream.read_rest(_ANSWER_LIMIT, _REFUSAL_TIME))


def _raise_refusal(answer: bytes) -> NoReturn:
    text = show_bytes(answer)
    if not answer:
        raise AgentGone("it closed the connection without an answer")
    if answer == b"ERROR: Out of resources":
        raise AgentError("it has no room for another peer")
    if answer.startswith((b"ERROR: ", b"Malformed ")):
        raise Refused(text.replace("ERROR: ", "", 1))
    raise AgentError(f"it does not speak LRWP, it answered {text!r}")
