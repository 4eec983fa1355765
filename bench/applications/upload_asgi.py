"""Reads the request body to its end and answers with the number of bytes."""


async def application(scope, receive, send):
    """Counts the bytes as they come; 0 for requests without a body."""
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])
    count = 0
    more = True
    while more:
        message = await receive()
        count += len(message.get("body", b""))
        more = message.get("more_body", False)
    body = b"%d" % count
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
