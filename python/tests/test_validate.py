"""Applications under wsgiref.validate, which checks both sides."""

from __future__ import annotations

import pytest

from support.worker_process import WorkerProcess, target

VALIDATED = """
from wsgiref.validate import validator

def inner(environ, start_response):
    path = environ["PATH_INFO"]
    plain = [("Content-Type", "text/plain")]
    if path == "/nothing":
        start_response("204 No Content", [])
        return []
    write = start_response("200 OK", plain)
    if path == "/echo":
        return [environ["wsgi.input"].read(100000)]
    if path == "/lines":
        return list(environ["wsgi.input"])
    if path == "/line":
        return [environ["wsgi.input"].readline(), environ["wsgi.input"].readlines()[0]]
    if path == "/write":
        write(b"written ")
        return [b"and returned"]
    if path == "/errors":
        environ["wsgi.errors"].write("text")
        environ["wsgi.errors"].writelines(["a", "b"])
        environ["wsgi.errors"].flush()
        return [b"noted"]
    return (block for block in (b"a ", b"", b"stream"))

app = validator(inner)
"""


@pytest.fixture(scope="module")
def worker(tmp_path_factory):
    folder = tmp_path_factory.mktemp("validated")
    (folder / "app.py").write_text(VALIDATED)
    worker = WorkerProcess([target("app.py", directory=str(folder))])
    yield worker
    assert "without being closed" not in str(worker.logs())
    worker.close()


@pytest.mark.parametrize(
    ("path", "method", "body", "expected"),
    [
        ("/", "GET", b"", b"a stream"),
        ("/", "HEAD", b"", b""),
        ("/nothing", "GET", b"", b""),
        ("/echo", "POST", b"echo", b"echo"),
        ("/lines", "POST", b"a\nb\nc", b"a\nb\nc"),
        ("/line", "POST", b"a\nb\nc", b"a\nb\n"),
        ("/write", "GET", b"", b"written and returned"),
        ("/errors", "GET", b"", b"noted"),
    ],
)
@pytest.mark.parametrize("pulled", [False, True])
def test_the_validator_finds_nothing(worker, path, method, body, expected, pulled):
    more = {"pieces": [body]} if pulled else {"body": body}
    answer = worker.threads[0].get(PATH_INFO=path, REQUEST_METHOD=method, **more)
    assert (answer.aborted, answer.body) == (None, expected), worker.logs()
    assert answer.status == (204 if path == "/nothing" else 200)
