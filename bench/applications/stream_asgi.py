"""64 KiB in sixteen pieces, without Content-Length."""

PIECE = bytes(4096)
COUNT = 16
HEADERS = [(b"content-type", b"application/octet-stream")]


async def application(scope, receive, send):
    """Sends the same piece repeatedly."""
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    for _ in range(COUNT):
        await send({"type": "http.response.body", "body": PIECE, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
