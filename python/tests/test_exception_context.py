"""Applications see no exception of Taipan, neither in `sys.exc_info()` nor as a context."""

from __future__ import annotations

import json

import pytest

from support.worker_process import WorkerProcess, target

PROGRAM = """
import json, sys

def application(environ, start_response):
    try:
        raise LookupError("own")
    except LookupError as error:
        context = repr(error.__context__)
    start_response("200 OK", [])
    return [json.dumps([repr(sys.exc_info()[1]), context]).encode()]
"""


@pytest.mark.parametrize("options", [{}, {"cacheCallables": False}], ids=["kept", "anew"])
def test_no_exception_is_being_handled_when_the_application_is_called(tmp_path, options):
    tmp_path.joinpath("app.py").write_text(PROGRAM)
    worker = WorkerProcess([target(str(tmp_path / "app.py"), **options)])
    try:
        thread = worker.threads[0]
        # A request that waits, and two that arrive together, one of which waits in the worker.
        answers = [thread.get()]
        thread.request()
        thread.request()
        answers += [thread.answer(), thread.answer()]
        assert [json.loads(answer.body) for answer in answers] == [["None", "None"]] * 3
    finally:
        worker.close()
