"""Computes for a moment and waits for a moment, as an answer of a database between two templates."""

import time

BODY = b"computed"
HEADERS = [("Content-Type", "text/plain"), ("Content-Length", str(len(BODY)))]


def application(environ, start_response):
    """Answers after 20 ms, of which it computes for some 2."""
    sum(number * number for number in range(20_000))
    time.sleep(0.018)
    start_response("200 OK", HEADERS)
    return [BODY]
