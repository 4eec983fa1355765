"""The syntax of targets, and what they find."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from taipan.loader.errors import TargetError
from taipan.loader.explain import explain_load_error, format_load_error
from taipan.loader.target import parse_target

VECTORS = Path(__file__).parents[2] / "test" / "vectors"


APP = """
    def application(environ, start_response):
        start_response("200 OK", [])
        return [__name__.encode()]

    other = application
    class Class:
        def __call__(self, environ, start_response):
            return [b"instance"]
        def method(self, environ, start_response):
            return [b"method"]
    def factory(word="built"):
        return lambda environ, start_response: [word.encode()]
    class holder:
        app = staticmethod(lambda environ, start_response: [b"held"])
"""


@pytest.mark.parametrize(
    ("expression", "body"),
    [
        ("", b"pkg.mod"),
        (":other", b"pkg.mod"),
        (":Class()", b"instance"),
        (":Class().method", b"method"),
        (":factory()", b"built"),
        (":factory('given')", b"given"),
        (":factory(word='by name')", b"by name"),
        (":holder.app", b"held"),
    ],
)
def test_module_targets(project, expression, body):
    project.write("pkg/__init__.py", "")
    project.write("pkg/mod.py", APP)
    assert project.call(f"pkg.mod{expression}") == [body]


@pytest.mark.parametrize("name", ["json.py", "site.wsgi", "sub/__main__.py", "odd-name.py"])
def test_files_that_cannot_be_imported_are_modules_of_their_own(project, name):
    path = project.write(name, APP)
    (body,) = project.call(name)
    module = body.decode()
    assert module.startswith("_taipan_app_") and path.stem.replace("-", "_") in module
    assert sys.modules[module].__file__ == str(path)
    assert project.call(f"{name}:Class()") == [b"instance"]
    assert project.call(str(path)) == [body]


def test_file_targets_find_neighbours_dataclasses_and_pickle(project):
    project.write("neighbour.py", "VALUE = 'next door'")
    project.write(
        "app.py",
        """
        from __future__ import annotations
        import dataclasses, pickle
        import neighbour

        @dataclasses.dataclass
        class Point:
            x: int = 1

        assert pickle.loads(pickle.dumps(Point())) == Point()
        assert __name__ != "__main__"

        def app(environ, start_response):
            return [neighbour.VALUE.encode()]
        """,
    )
    assert project.call("app.py") == [b"next door"]


@pytest.mark.parametrize("name", ["application", "app", "handler"])
def test_usual_names(project, name):
    project.write("site_app.py", f"def {name}(environ, start_response): return [b'{name}']")
    assert project.load("site_app").expression == name
    assert project.call("site_app.py") == [name.encode()]


@pytest.mark.parametrize("name", ["create_app", "make_app"])
def test_usual_factories(project, name):
    project.write("made.py", f"def {name}(): return lambda environ, start_response: [b'made']")
    assert project.load("made.py").expression == f"{name}()"


def test_names_that_cannot_be_called_are_passed_over(project):
    project.write("app.py", "application = None\napp = lambda environ, start_response: [b'app']")
    assert project.call("app.py") == [b"app"]


def test_the_configured_callable_wins(project):
    project.write("app.py", APP)
    assert project.call("app.py:other", callable="Class()") == [b"instance"]


def test_the_message_says_what_was_tried_and_offers_what_is_there(project):
    project.write("app.py", "def serve(environ, start_response): ...\nclass Big: ...\n_no = serve")
    message = project.refuse("app.py")
    for word in ("application", "app", "handler", "create_app()", "make_app()", "serve", "Big()"):
        assert word in message
    assert "_no" not in message and "app.py:serve" in message
    assert "serve" in project.refuse("app.py:nope") and "'nope'" in project.refuse("app.py:nope")
    assert "without 'nope'" in project.refuse("app.py:Big().nope")


def test_a_file_without_callables_may_be_a_script(project):
    project.write("page.py", "print('hello')")
    message = project.refuse("page.py")
    assert "no callable at all" in message and "--scripts /=" in message


def test_a_name_that_is_no_callable_is_told_with_its_type(project):
    project.write("app.py", 'app = "text"')
    assert "app.py is a str, not callable" in project.refuse("app.py:app")
    assert "(app is a str, not callable)" in project.refuse("app.py")


def test_factories_with_arguments_are_told(project):
    project.write("app.py", "def create_app(config): ...")
    message = project.refuse("app.py:create_app()")
    assert "create_app(config)" in message and "config" in message
    assert "config" in project.refuse("app.py")


def test_a_factory_without_parentheses_is_noticed(project):
    project.write(
        "app.py",
        """
        def build(): return None
        class Site:
            def __call__(self, environ, start_response): ...
        """,
    )
    assert "build()" in project.refuse("app.py:build")
    assert "Site()" in project.refuse("app.py:Site")
    assert "None" in project.refuse("app.py:build()")


@pytest.mark.parametrize("expression", ["", ":app", ":make()", ":wrapped"])
def test_asgi_is_no_wsgi(project, expression):
    project.write(
        "app.py",
        """
        import functools
        class Framework:
            async def __call__(self, scope, receive, send): ...
        app = Framework()
        def make(): return app
        async def function(scope, receive, send): ...
        wrapped = functools.partial(function)
        """,
    )
    message = project.refuse(f"app.py{expression}", interface="wsgi")
    assert "WSGI" in message and "--interface asgi" in message
    assert project.load(f"app.py{expression}").interface == "asgi"


@pytest.mark.parametrize("folder", [".", "", "site"])
def test_folders(project, folder):
    base = folder if folder not in (".", "") else "site"
    project.write(f"{base}/wsgi.py", APP)
    target = str(project.folder / "site") if folder == "" else f"./{base}"
    assert project.load(target).expression == "application"


def test_of_several_files_of_a_folder_the_first_usual_name_is_taken(project):
    names = json.loads((VECTORS / "folder-files.json").read_text("utf-8"))
    assert len(names) > 1
    for name in reversed(names):
        project.write(f"site/{name}", f'def application(*_): return [b"{name}"]')
        assert project.call("./site") == [name.encode()]


def test_a_folder_that_holds_nothing_is_refused(project):
    (project.folder / "empty").mkdir()
    assert "manage.py" in project.refuse("./empty")


def test_a_package_folder_is_imported(project):
    project.write("shop/__init__.py", APP)
    assert project.call("./shop") == [b"shop"]
    assert project.call("shop") == [b"shop"]


DJANGO = """
    import sys
    raise SystemExit("manage.py must not run")
    def main():
        import os
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop_settings")
"""


@pytest.fixture
def django(project, monkeypatch):
    """Replaces the two modules of Django that are needed."""
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE", raising=False)
    project.write("lib/django/__init__.py", "")
    project.write("lib/django/core/__init__.py", "")
    project.write(
        "lib/django/core/wsgi.py",
        "def get_wsgi_application(): return lambda environ, start_response: [b'default']",
    )
    project.write(
        "lib/django/conf.py",
        """
        import importlib, os
        settings = importlib.import_module(os.environ["DJANGO_SETTINGS_MODULE"])
        """,
    )
    sys.path.insert(0, str(project.folder / "lib"))
    project.write("site/manage.py", DJANGO)
    yield project
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE", raising=False)


@pytest.mark.parametrize("name", ["WSGI_APPLICATION = 'shop_wsgi.made'", "WSGI_APPLICATION = None"])
def test_a_django_folder_is_loaded_through_its_settings(django, name):
    django.write("site/shop_settings.py", name)
    django.write("site/shop_wsgi.py", "def made(environ, start_response): return [b'configured']")
    expected = b"default" if name.endswith("None") else b"configured"
    assert django.call("./site") == [expected]
    assert django.call(".", directory=str(django.folder / "site")) == [expected]


def test_manage_py_stands_for_its_folder(django):
    django.write("site/shop_settings.py", "WSGI_APPLICATION = None")
    assert django.call("site/manage.py") == [b"default"]
    assert "is a Django project" in django.refuse("./site:application")
    django.write("other/manage.py", APP)
    assert django.call("other/manage.py") == django.call("other/manage.py:application")


def test_the_environment_names_the_settings_first(django, monkeypatch):
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "other_settings")
    django.write("site/other_settings.py", "WSGI_APPLICATION = 'nothing_here.application'")
    with pytest.raises(ModuleNotFoundError, match="nothing_here"):
        django.load("./site")


def test_missing_things_are_told_apart(project):
    assert "no module 'nothing'" in project.refuse("nothing.here:app")
    assert "no file or folder" in project.refuse("nothing.py")
    project.write("site.js", "")
    assert "no Python file by its name; write ./site.js" in project.refuse("site.js")
    assert "no file or folder" in project.refuse("not/here")
    project.write("app.py", "import nothing_inside")
    with pytest.raises(ModuleNotFoundError) as caught:
        project.load("app")
    assert "app.py" in format_load_error(caught.value)


def test_who_lacks_a_module_is_told(project, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/shop/venv/bin/python")
    monkeypatch.setattr(sys, "base_prefix", "/usr")
    monkeypatch.setattr(sys, "prefix", "/shop/venv")
    assert "/shop/venv/bin/python, virtual environment /shop/venv" in project.refuse("nothing:app")

    def explain(line):
        project.write("app.py", line)
        with pytest.raises(ImportError) as caught:
            project.load("app.py")
        return explain_load_error(caught.value)

    text = explain("import nothing_inside.deep")
    assert text.startswith("ModuleNotFoundError: No module named 'nothing_inside'; the Python is ")
    assert "/shop/venv/bin/python -m pip install nothing_inside'" in text and "--python" in text
    assert "pip" not in explain("import json.nothing")
    assert explain("raise ModuleNotFoundError('gone')") == "ModuleNotFoundError: gone"
    monkeypatch.setattr(sys, "prefix", "/usr")
    assert "no virtual environment" in explain("import nothing_inside")


@pytest.mark.parametrize("target", ["", ":app", "app.py:1+1", "app.py:f(x)", "app.py:a b", "a b"])
def test_bad_syntax_is_refused(project, target):
    project.write("app.py", APP)
    with pytest.raises(TargetError):
        parse_target(target, str(project.folder))


def test_an_exit_while_loading_is_explained(project):
    project.write("app.py", "import sys\nsys.exit(7)")
    with pytest.raises(SystemExit) as caught:
        project.load("app.py")
    assert "sys.exit(7)" in explain_load_error(caught.value)


def test_tracebacks_of_loading_show_only_the_user(project):
    project.write("inner.py", "def fail():\n    raise KeyError('lost')")
    project.write("app.py", "import inner\ninner.fail()")
    for target in ("app.py", "app"):
        with pytest.raises(KeyError) as caught:
            project.load(target)
        text = format_load_error(caught.value)
        assert "inner.py" in text and "app.py" in text and "KeyError: 'lost'" in text
        assert "importlib" not in text and "taipan/loader" not in text
    project.write("broken.py", "def broken(:")
    with pytest.raises(SyntaxError) as syntax:
        project.load("broken.py")
    assert "broken.py" in format_load_error(syntax.value)


def test_what_may_be_the_application_is_offered_first(project):
    project.write(
        "views.py",
        """
        class Framework:
            def __call__(self, environ, start_response): ...
        shop = Framework()
        def index(): ...
        """,
    )
    assert "Its callables are shop, index, Framework(): name one" in project.refuse("views.py")


def test_a_name_that_is_no_module_may_be_that_of_a_file(project):
    project.write("my-app.py", "")
    folder = str(project.folder)
    assert "; write 'my-app.py:app'" in project.refuse("my-app:app", directory=folder)
    assert "; write" not in project.refuse("your-app:app", directory=folder)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (
            "def app(config): ...",
            "it takes (config). A factory is called in the target, as in 'app.py:app(\"value\")'",
        ),
        ("def app(a, b, c, d): ...", "it takes (a, b, c, d). A factory"),
        ("class A:\n    def __call__(self, request): ...\napp = A()", "it takes (request)"),
    ],
)
def test_what_cannot_take_a_request_is_refused(project, source, reason):
    project.write("app.py", source)
    text = project.refuse("app.py:app")
    assert "takes neither (environ, start_response) nor (scope, receive, send): it takes" in text
    assert reason.replace("app.py:", f"{project.folder}/app.py:") in text


def test_an_application_with_a_server_of_its_own_is_named(project):
    pytest.importorskip("aiohttp")
    project.write("app.py", "from aiohttp import web\napp = web.Application()\n")
    assert "it is of aiohttp, which has a server of its own" in project.refuse("app.py")
