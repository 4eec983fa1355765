"""Reads a file of any size in pieces, with constant memory, and shows its size and hash."""

import hashlib
import re
from html import escape

from page import html, page

FORM = """
<form method=post enctype="multipart/form-data" class=card>
<label>A file <input type=file name=file required></label>
<button>Send</button>
</form>
"""
PIECE = 64 * 1024


def application(environ, start_response):
    if environ["REQUEST_METHOD"] != "POST":
        return html(start_response, page("Upload", FORM))
    boundary = re.search(r'boundary="?([^";]+)', environ.get("CONTENT_TYPE", ""))
    if boundary is None:
        body = page("Upload", "<p>Please send the form." + FORM)
        return html(start_response, body, "400 Bad Request")
    size, digest = 0, hashlib.sha256()
    for piece in file_of(environ["wsgi.input"], boundary[1].encode("latin-1")):
        size += len(piece)
        digest.update(piece)
    checksum = escape(digest.hexdigest())
    facts = f"<p>{size} bytes were received.</p><p>SHA-256: <code>{checksum}</code></p>"
    return html(start_response, page("Upload", facts + FORM))


def file_of(stream, boundary):
    """The content of the first part of a form, in pieces."""
    while stream.readline(PIECE).strip():
        pass  # the boundary and the header fields of the part
    end = b"\r\n--" + boundary
    held = b""
    while piece := stream.read(PIECE):
        held += piece
        at = held.find(end)
        if at >= 0:
            yield held[:at]
            while stream.read(PIECE):
                pass
            return
        # The boundary may be divided between two pieces.
        yield held[: -len(end)]
        held = held[-len(end) :]
