"""Where a load stands, in words."""

from __future__ import annotations

import os
import sys
from traceback import FrameSummary

import pytest

from taipan.load_place import describe_place, describe_server

INSTALLED = os.path.join(sys.prefix, "lib", "site-packages")
STANDARD = os.path.dirname(os.__file__)
UNDER = 'under if __name__ == "__main__":'


@pytest.fixture
def frame(tmp_path, monkeypatch):
    """Makes a frame of a file of the person, who works in its folder."""
    monkeypatch.chdir(tmp_path)

    def make(number, code, name="<module>", path="app.py"):
        place = os.path.join(path if os.path.isabs(path) else tmp_path, path)
        return FrameSummary(str(place), number, name, line=code)

    return make


def library(path, name):
    return FrameSummary(os.path.join(INSTALLED, path), 1, name, line="...")


def standard(path, name):
    return FrameSummary(os.path.join(STANDARD, path), 1, name, line="...")


def test_a_line_that_waits(frame):
    frames = [
        frame(1, "import shop"),
        FrameSummary("<frozen importlib._bootstrap>", 1, "_find_and_load", line=""),
        frame(7, "pool.connect()", "connect", "shop.py"),
        library("pool.py", "connect"),
        standard("socket.py", "recv"),
    ]
    assert describe_place(frames) == "shop.py line 7 is in pool.connect()"
    assert describe_server(frames) == ""


def test_a_line_that_serves(frame):
    frames = [frame(9, "app.run(debug=True)"), library("flask/app.py", "run")]
    expected = f"app.py line 9 is in app.run(debug=True); put it {UNDER}"
    assert describe_place(frames) == expected
    assert describe_server([*frames, standard("socketserver.py", "serve_forever")]) == expected


def test_a_function_that_serves_is_called_by_the_module(frame):
    frames = [frame(9, "main()"), frame(5, "uvicorn.run(", "main"), library("uvicorn.py", "run")]
    expected = f"app.py line 5 is in uvicorn.run(...); put app.py line 9, which calls that, {UNDER}"
    assert describe_place(frames) == expected


def test_a_factory_that_serves(frame):
    frames = [frame(5, "app.run()", "create_app"), library("flask/app.py", "run")]
    expected = "app.py line 5 is in app.run(); remove that: Taipan serves the application"
    assert describe_place(frames) == expected


@pytest.mark.parametrize("path", ["subprocess.py", "asyncio/runners.py"])
def test_what_only_has_the_name_is_no_server(frame, path):
    frames = [frame(3, "run(work())"), standard(path, "run")]
    assert describe_place(frames) == "app.py line 3 is in run(work())"


def test_the_servers_of_the_standard_library(frame):
    frames = [frame(3, "server.serve_forever()"), standard("socketserver.py", "serve_forever")]
    assert describe_server(frames).endswith(UNDER)


def test_without_code_of_the_person_there_is_nothing_to_say(frame):
    assert describe_place([]) == describe_server([]) == ""
    assert describe_place([library("a.py", "run"), standard("socket.py", "recv")]) == ""
    assert describe_place([FrameSummary("<string>", 1, "<module>", line="x")]) == ""
    assert describe_place([frame(3, "")]) == "app.py line 3"
