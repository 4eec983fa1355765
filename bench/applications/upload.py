"""Reads the request body to its end and answers with the number of bytes."""

PIECE = 64 * 1024


def application(environ, start_response):
    """Counts the bytes of ``wsgi.input``; 0 for requests without a body."""
    rest = int(environ.get("CONTENT_LENGTH") or 0)
    count = 0
    while rest > 0:
        piece = environ["wsgi.input"].read(min(PIECE, rest))
        if not piece:
            break
        count += len(piece)
        rest -= len(piece)
    body = str(count).encode()
    start_response(
        "200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))]
    )
    return [body]
