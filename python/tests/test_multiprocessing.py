"""Child processes of an application that is a file."""

from __future__ import annotations

import pytest

from support.worker_process import WorkerProcess, target

PROGRAM = """
import multiprocessing
from concurrent.futures import ProcessPoolExecutor

class Work:
    def __init__(self, value):
        self.value = value

def double(work):
    return Work(work.value * 2)

def application(environ, start_response):
    context = multiprocessing.get_context(environ["QUERY_STRING"])
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        result = pool.submit(double, Work(21)).result()
    start_response("200 OK", [])
    return [str(result.value).encode()]
"""


@pytest.mark.parametrize("method", ["spawn", "forkserver", "fork"])
@pytest.mark.parametrize("name", ["app.py", "my site.wsgi", "shop/wsgi.py"])
def test_they_find_what_the_file_defines(tmp_path, method, name):
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "__init__.py").write_text("")
    tmp_path.joinpath(name).write_text(PROGRAM)
    worker = WorkerProcess([target(str(tmp_path / name))])
    try:
        answer = worker.threads[0].get(QUERY_STRING=method)
        assert (answer.status, answer.body) == (200, b"42")
    finally:
        worker.close()
