"""Parses the head of what a script prints (RFC 3875, 6)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from taipan.scripts.request.errors import OutputError

#: Longest head in bytes.
HEAD_LIMIT = 64 * 1024
_KEPT_BYTES = 512
_KEPT_HEADS = 512

_BEGIN = re.compile(rb"[A-Za-z-]+:")
_FIELD_LINE = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+:")
#: A blank line; at the start there are no fields.
_END = re.compile(rb"(?:^|\r?\n)\r?\n")
_STATUS = re.compile(r"([1-9][0-9][0-9])(?:[ \t]+(.*))?")
#: At least one of these is in the head of a CGI response.
_CGI_FIELDS = ("content-type", "location", "status")
#: Of those that a script prints twice the last one counts, as in Apache's `mod_cgi`.
_SINGLE = ("content-type", "content-length", "location", "etag", "last-modified")
#: What output is that does not say it.
HTML_FIELD = ("Content-Type", "text/html; charset=utf-8")


class ScriptHead(NamedTuple):
    """The head of a response, and where its body begins in the output."""

    status: str
    #: Not to be changed: other responses have them, too.
    fields: list[tuple[str, str]]
    body_at: int
    #: The output began without a head.
    bare: bool = False
    #: Nothing names the status, so that it is the usual one.
    usual: bool = False


def parse_head(output: bytes, *, whole: bool) -> ScriptHead | None:
    """The head at the start of the output; None if more output is needed to know.

    `whole`: nothing follows. Raises `OutputError` if the head is malformed or too long.
    """
    end = output.find(b"\n\n", 0, _KEPT_BYTES)
    known = _known.get(output[:end]) if end > 0 else None
    if known is not None:
        return known
    if not output and not whole:
        return None
    if not _BEGIN.match(output) and not _may_begin_head(output, whole):
        return ScriptHead("200 OK", [HTML_FIELD], 0, bare=True, usual=True)
    blank = _END.search(output, 0, HEAD_LIMIT + 4)
    if blank is not None:
        return _make_head(output[: blank.start()], blank.end())
    if len(output) > HEAD_LIMIT:
        raise OutputError(f"printed header lines of more than {HEAD_LIMIT // 1024} KiB")
    if not whole:
        return None
    if _names_cgi_field(output):
        return _make_head(output, len(output))
    return ScriptHead("200 OK", [HTML_FIELD], 0, bare=True, usual=True)


def _may_begin_head(output: bytes, whole: bool) -> bool:
    line, newline, _ = output[: HEAD_LIMIT + 1].partition(b"\n")
    if line in (b"", b"\r"):
        return bool(newline) or not whole
    if _FIELD_LINE.match(line):
        return True
    # The name may go on in the next block.
    return not newline and not whole and re.fullmatch(rb"[^\s:]*", line) is not None


def _names_cgi_field(output: bytes) -> bool:
    names = (line.partition(b":")[0].strip().lower() for line in output.splitlines())
    return any(name.decode("latin-1") in _CGI_FIELDS for name in names)


#: Heads that end with two LF, without these; scripts repeat them.
_known: dict[bytes, ScriptHead] = {}


def _make_head(block: bytes, body_at: int) -> ScriptHead:
    status, usual, fields = _parse_block(block)
    head = ScriptHead(status, fields, body_at, usual=usual)
    if block and body_at == len(block) + 2 and body_at <= _KEPT_BYTES:
        if len(_known) >= _KEPT_HEADS:
            _known.clear()
        _known[block] = head
    return head


def _parse_block(block: bytes) -> tuple[str, bool, list[tuple[str, str]]]:
    status = ""
    location = False
    fields: list[tuple[str, str]] = []
    for name, value in _fields_of(block.decode("latin-1")):
        known = name.lower()
        if known == "status":
            status = parse_status(value)
            continue
        location = location or known == "location"
        if known in _SINGLE:
            fields = [field for field in fields if field[0].lower() != known]
        fields.append((name, value))
    if not block:
        fields.append(HTML_FIELD)
    return status or ("302 Found" if location else "200 OK"), not status, fields


def _fields_of(block: str) -> list[tuple[str, str]]:
    fields: list[tuple[str, str]] = []
    for line in re.split(r"\r?\n", block):
        if line[:1] in (" ", "\t"):
            # Older scripts continue values in the next line.
            if fields:
                fields[-1] = fields[-1][0], f"{fields[-1][1]} {line.strip()}"
            continue
        name, colon, value = line.partition(":")
        if colon and _FIELD_LINE.fullmatch(f"{name}:".encode("latin-1")):
            fields.append((name, value.strip(" \t")))
        elif line:
            raise OutputError(f"printed {line[:80]!r} among its header lines, which is none")
    return fields


def parse_status(value: str) -> str:
    """The status line for what a script says. Raises `OutputError`."""
    match = _STATUS.fullmatch(value)
    if match is None or not 200 <= int(match[1]) <= 599:
        raise OutputError(f"printed the status {value!r}; write a number from 200 to 599")
    return value if match[2] else status_line(int(match[1]))


@lru_cache(64)
def status_line(status: int) -> str:
    """A status with its usual phrase."""
    from http import HTTPStatus

    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"{status} Status"
