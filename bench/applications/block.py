"""An answer of 64 KiB in one piece."""

BODY = b"x" * 65536
HEADERS = [("Content-Type", "text/plain"), ("Content-Length", str(len(BODY)))]


def application(environ, start_response):
    """Answers every request with the same block."""
    start_response("200 OK", HEADERS[:])
    return [BODY]
