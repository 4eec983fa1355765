"""What scripts change of the root logger."""

import contextvars
import logging
import threading

import pytest

from support.connections import Lab
from taipan.scripts.process.root_logger import install_root_logger
from taipan.scripts.request.current import PRINT, ScriptRequest
from taipan.scripts.request.output import ScriptOutput


@pytest.fixture
def make_request(tmp_path):
    """Makes requests; each is a function that calls another in its context."""
    install_root_logger()
    settings = Lab(str(tmp_path)).settings
    requests = []

    def make(outer=None):
        output = ScriptOutput(lambda *_: None)
        request = ScriptRequest(str(tmp_path / "x.py"), {}, output, settings)
        request.outer = outer
        context = contextvars.copy_context()
        context.run(PRINT.set, request.write_printed)
        requests.append(request)
        return request, context.run

    yield make
    for request in requests:
        request.release()


def test_handlers_and_level_are_those_of_the_request(make_request):
    before = logging.root.handlers[:], logging.root.level
    request, run = make_request()
    _, run_other = make_request()
    logger = logging.getLogger("test_script_root_logger")

    def configure():
        logging.basicConfig(level=logging.DEBUG, force=True)
        return logging.root.level, len(logging.root.handlers), logger.isEnabledFor(logging.DEBUG)

    assert run(configure) == (logging.DEBUG, 1, True)
    assert run(lambda: logging.root.level) == logging.DEBUG
    assert (logging.root.handlers, logging.root.level) == before
    assert run_other(lambda: (logging.root.handlers, logging.root.level)) == before
    request.release()
    assert run(lambda: (logging.root.handlers, logging.root.level)) == before
    assert logger.isEnabledFor(logging.DEBUG) == (before[1] <= logging.DEBUG)


def test_a_list_that_takes_their_place_is_that_of_the_request(make_request):
    before = logging.root.handlers
    _, run = make_request()
    own = [logging.NullHandler()]
    run(setattr, logging.root, "handlers", own)
    assert run(lambda: logging.root.handlers) is own
    assert logging.root.handlers is before


def test_a_script_in_a_page_changes_it_for_the_page(make_request):
    outer, run = make_request()
    _, run_inner = make_request(outer)
    run_inner(logging.root.setLevel, logging.ERROR)
    assert run(lambda: logging.root.level) == logging.ERROR


def test_outside_of_requests_it_is_as_ever(make_request):
    level = logging.root.level
    handler = logging.NullHandler()
    logging.root.addHandler(handler)
    logging.root.setLevel(logging.CRITICAL)
    try:
        seen = []
        thread = threading.Thread(target=lambda: seen.append(logging.root.level))
        thread.start()
        thread.join()
        assert seen == [logging.CRITICAL]
        _, run = make_request()
        assert handler in run(lambda: logging.root.handlers)
    finally:
        logging.root.setLevel(level)
        logging.root.removeHandler(handler)
