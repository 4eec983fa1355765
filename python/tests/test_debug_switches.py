"""Frameworks show their errors in development; what people have set themselves stays."""

from __future__ import annotations

import sys

import pytest

from taipan.loader.debug_switches import DebugSwitches


@pytest.fixture
def load(project, monkeypatch):
    """Loads the source of a module with frameworks; gives its application and the notes."""

    def load_source(needed, source, environ=None, files=None):
        pytest.importorskip(needed)
        for name, text in (files or {}).items():
            project.write(name, text)
        project.write("site_of_test.py", source)
        own = dict(environ or {})
        switches = DebugSwitches(own, str(project.folder))
        for name, value in own.items():
            monkeypatch.setenv(name, value)
        monkeypatch.syspath_prepend(str(project.folder))
        sys.modules.pop("site_of_test", None)
        application = __import__("site_of_test").app
        notes = switches.turn_on(application)
        return application, [note for note in notes if f"of {needed}" in note.lower()]

    return load_source


FLASK = "from flask import Flask\napp = Flask(__name__)\n"


def test_flask_has_its_variable_before_it_is_made(load, monkeypatch):
    # As in a process without Quart, which imports Flask.
    monkeypatch.delitem(sys.modules, "quart", raising=False)
    application, [note] = load("flask", FLASK)
    assert application.debug
    assert note == (
        "--dev sets FLASK_DEBUG=1 of Flask, so that errors are shown in the browser;"
        " FLASK_DEBUG=0 turns that off"
    )


@pytest.mark.parametrize(
    ("environ", "files"),
    [
        ({"FLASK_DEBUG": "0"}, {}),
        ({}, {".flaskenv": "FLASK_APP=x\nexport FLASK_DEBUG = 'false'\n"}),
        ({}, {".env": "FLASK_DEBUG=0\n"}),
        ({}, {".env": "FLASK_DEBUG=1\n", ".flaskenv": "FLASK_DEBUG=no"}),
    ],
)
def test_flask_stays_as_its_variable_says(load, environ, files):
    application, notes = load("flask", FLASK, environ, files)
    assert (application.debug, notes) == (False, [])


def test_files_that_say_yes_are_heard(load, monkeypatch):
    monkeypatch.delitem(sys.modules, "quart", raising=False)
    application, notes = load("flask", FLASK, {}, {".flaskenv": "FLASK_DEBUG=1\n"})
    assert application.debug and len(notes) == 1


def test_what_a_flask_application_says_wins(load):
    application, _ = load("flask", FLASK + "app.debug = False\n")
    assert not application.debug


STARLETTE = """
    from starlette.applications import Starlette
    from starlette.routing import Mount
    deepest = Starlette()
    inner = Starlette(routes=[Mount("/deepest", deepest)])
    class Wrapper:
        def __init__(self, app):
            self.app = app
    whole = Starlette(routes=[Mount("/inner", Wrapper(inner))])
    app = Wrapper(whole)
    app.known = (whole, inner, deepest)
"""


def test_starlette_and_what_is_mounted_in_it(load):
    application, [note] = load("starlette", STARLETTE)
    assert [one.debug for one in application.known] == [True, True, True]
    assert "debug = True of Starlette" in note and "--reload in its place" in note


def test_starlette_whose_debug_is_set_needs_nothing(load):
    source = "from starlette.applications import Starlette\napp = Starlette(debug=True)\n"
    assert load("starlette", source)[1] == []


def test_starlette_that_runs_already_is_left_alone(load):
    source = """
        from starlette.applications import Starlette
        app = Starlette()
        app.middleware_stack = app.build_middleware_stack()
    """
    application, notes = load("starlette", source)
    assert (application.debug, notes) == (False, [])


def test_fastapi_is_named(load):
    application, [note] = load("fastapi", "import fastapi\napp = fastapi.FastAPI()\n")
    assert application.debug and note.startswith("--dev sets debug = True of FastAPI")


QUART = "from quart import Quart\napp = Quart(__name__)\n"


@pytest.mark.parametrize(
    ("more", "environ", "expected"),
    [
        ("", {}, (False, True, 1)),
        ("", {"QUART_DEBUG": "0"}, (False, None, 0)),
        ("app.config['PROPAGATE_EXCEPTIONS'] = False\n", {}, (False, False, 0)),
        ("app.debug = False\n", {}, (False, None, 0)),
    ],
)
def test_quart_lets_errors_through(load, more, environ, expected):
    application, notes = load("quart", QUART + more, environ)
    assert (application.debug, application.config["PROPAGATE_EXCEPTIONS"], len(notes)) == expected


def test_bottle_lets_errors_through(load):
    application, [note] = load("bottle", "import bottle\napp = bottle.Bottle()\n")
    assert application.catchall is False and "catchall = False of Bottle" in note
    source = "import bottle\napp = bottle.Bottle()\napp.catchall = False\n"
    assert load("bottle", source)[1] == []


@pytest.mark.parametrize("module", ["falcon", "falcon.asgi"])
def test_falcon_lets_errors_through(load, module):
    source = f"import {module}\napp = {module}.App()\n"
    application, [note] = load("falcon", source)
    assert "error handler" in note
    handler = application._find_error_handler(KeyError("marker"))
    with pytest.raises(KeyError, match="marker"):
        answer = handler(None, None, KeyError("marker"), {})
        answer.send(None)
    own = (
        f"import {module}\n"
        "async def handle(request, response, error, parameters): pass\n"
        f"app = {module}.App()\napp.add_error_handler(Exception, handle)\n"
    )
    assert load("falcon", own)[1] == []


def test_sanic_shows_errors(load):
    source = "from sanic import Sanic\nSanic.test_mode = True\napp = Sanic('shop_{}')\n"
    application, [note] = load("sanic", source.format("a"))
    assert application.debug and "state.mode = Mode.DEBUG of Sanic" in note
    own = source.format("b") + "app.state.mode = type(app.state.mode).DEBUG\n"
    assert load("sanic", own)[1] == []


def test_litestar_has_its_variable(load):
    source = "from litestar import Litestar\napp = Litestar([])\n"
    assert load("litestar", source)[0].debug
    assert not load("litestar", source, {"LITESTAR_DEBUG": "0"})[0].debug
    assert not load("litestar", source.replace("[]", "[], debug=False"))[0].debug


ALL_OFF = {"FLASK_DEBUG": "0", "LITESTAR_DEBUG": "0"}


class Everything:
    """Has every attribute."""

    def __getattr__(self, name):
        return self


@pytest.mark.parametrize("application", [print, Everything(), object(), Everything])
def test_other_applications_need_nothing(application):
    assert DebugSwitches(dict(ALL_OFF), "/nowhere").turn_on(application) == []


def test_a_switch_that_fails_is_told():
    bottle = pytest.importorskip("bottle")

    class Odd(bottle.Bottle):
        @property
        def catchall(self):
            raise RuntimeError("odd")

    [note] = DebugSwitches(dict(ALL_OFF), "/nowhere").turn_on(Odd())
    assert "RuntimeError: odd" in note
