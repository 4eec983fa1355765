"""A large body: pieces from a generator at ``/pieces``, an open file at ``/file``."""

import os

PIECE = 64 * 1024
PATH = os.environ["BENCH_FILE"]
SIZE = os.path.getsize(PATH)


def application(environ, start_response):
    """Sends the bytes of ``BENCH_FILE`` in the way that the path names."""
    start_response(
        "200 OK",
        [("Content-Type", "application/octet-stream"), ("Content-Length", str(SIZE))],
    )
    if environ["PATH_INFO"] == "/file":
        return open_file(environ)
    return make_pieces()


def open_file(environ):
    """Uses ``wsgi.file_wrapper`` if the server has it."""
    file = open(PATH, "rb")  # noqa: SIM115 - the server closes it
    wrapper = environ.get("wsgi.file_wrapper")
    return wrapper(file, PIECE) if wrapper else iter(lambda: file.read(PIECE), b"")


def make_pieces():
    """Yields the same piece until the size is reached."""
    piece = bytes(PIECE)
    for _ in range(SIZE // PIECE):
        yield piece
