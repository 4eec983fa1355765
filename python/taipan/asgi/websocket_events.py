"""Parses the events of a WebSocket that an application sends."""

from __future__ import annotations

from typing import Final

from taipan.asgi.events import Event, ProtocolError, require_bytes
from taipan.fields import kind_of
from taipan.frames import MESSAGE_TEXT

NORMAL_CLOSURE: Final = 1000
#: RFC 6455, 5.5: a control frame has up to 125 bytes, two of them for the code.
_REASON_BYTES = 123


def parse_message(event: Event) -> tuple[bytes, int]:
    """The bytes of a message, and the flag for text."""
    text = event.get("text")
    data = event.get("bytes")
    if (text is None) == (data is None):
        raise ProtocolError("websocket.send must have either 'text' or 'bytes'")
    if text is None:
        return (data if type(data) is bytes else require_bytes(event, "bytes", data)), 0
    if not isinstance(text, str):
        raise TypeError(f"'text' of websocket.send must be a str, not {kind_of(text)}")
    return text.encode(), MESSAGE_TEXT


def parse_close(event: Event) -> tuple[int, str]:
    """The code and the reason of `websocket.close`."""
    code = event.get("code")
    if code is None:
        code = NORMAL_CLOSURE
    if not isinstance(code, int) or isinstance(code, bool):
        raise TypeError(f"'code' of websocket.close must be an int, not {kind_of(code)}")
    # RFC 6455, 7.4, and codes registered later.
    if not (1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999):
        raise ProtocolError(f"websocket.close must not use code {code}")
    reason = event.get("reason")
    if reason is None:
        reason = ""
    if not isinstance(reason, str):
        raise TypeError(f"'reason' of websocket.close must be a str, not {kind_of(reason)}")
    if len(reason.encode()) > _REASON_BYTES:
        raise ProtocolError(f"'reason' of websocket.close is longer than {_REASON_BYTES} bytes")
    return int(code), reason
