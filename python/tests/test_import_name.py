"""By which names the file of an application is a module, and that it is one only once."""

from __future__ import annotations

import importlib
import inspect
import linecache
import os
import pickle
import sys

import pytest

from taipan.loader.errors import TargetError

#: Registers what others add to it, as Flask does with views.
APP = """
class App:
    def __init__(self):
        self.added = []
    def __call__(self, environ, start_response):
        start_response("200 OK", [])
        return [" ".join([__name__, *self.added]).encode()]

app = App()
"""


def adds(module, word="view"):
    return f"from {module} import app\napp.added.append({word!r})\n"


def names_of(path):
    return {
        name
        for name, module in sys.modules.items()
        if getattr(module, "__file__", None) == str(path)
    }


def test_neighbours_find_the_module_that_serves(project):
    path = project.write("app.py", APP + "import views")
    project.write("views.py", adds("app"))
    assert project.call("app.py") == [b"app view"]
    assert names_of(path) == {"app"}


@pytest.mark.parametrize("target", [".", "./app.py", "sub/../app.py", "app.py:app", "app:app"])
def test_every_way_to_name_it_gives_one_module(project, target):
    path = project.write("app.py", APP + "import views")
    project.write("views.py", adds("app"))
    (project.folder / "sub").mkdir()
    assert project.call(target) == [b"app view"]
    assert project.call("app.py") == [b"app view"]
    assert names_of(path) == {"app"}


def test_it_is_a_module_as_import_makes_it(project):
    path = project.write("app.py", APP + "assert __name__ != '__main__'\nclass Point: pass")
    project.load("app.py")
    module = sys.modules["app"]
    assert module.__file__ == module.__spec__.origin == str(path)
    assert module.__spec__.name == "app" and module.__package__ == ""
    assert module.__spec__.has_location and not module.__spec__._initializing
    assert pickle.loads(pickle.dumps(module.Point)) is module.Point
    assert "class Point" in inspect.getsource(module.Point)
    assert linecache.getline(str(path), 2, module.__dict__) == "class App:\n"
    assert importlib.import_module("app") is module


@pytest.mark.parametrize(
    "name", ["json.py", "site.py", "code.py", "my-app.py", "x.wsgi", "taipan.py"]
)
def test_a_name_that_leads_elsewhere_is_not_taken(project, name):
    before = {name: sys.modules.get(name) for name in ("json", "site", "code", "taipan")}
    path = project.write(name, APP)
    (body,) = project.call(name)
    assert body.startswith(b"_taipan_app_")
    assert {name: sys.modules.get(name) for name in before} == before
    assert names_of(path) == {body.decode()}


def test_a_package_beside_the_file_has_the_name(project):
    project.write("app/__init__.py", "from app.inner import app")
    project.write("app/inner.py", APP)
    path = project.write("app.py", "from app import app")
    slot = project.slot("app.py")
    assert slot.load().application({}, lambda *_: None) == [b"app.inner"]
    assert slot.notice == ""
    assert all(name.startswith("_taipan_app_") for name in names_of(path))


@pytest.mark.parametrize("target", ["app", "app:app", "app.py"])
def test_a_folder_beside_the_file_that_is_no_package_does_not_hide_it(project, target):
    project.write("app/static.txt", "")
    project.write("app.py", APP)
    assert project.call(target) == [b"app"]


def test_of_two_files_of_one_name_the_second_keeps_a_private_one(project):
    first, second = project.write("a/app.py", APP), project.write("b/app.py", APP)
    one, two = project.slot("a/app.py"), project.slot("b/app.py")
    one.load()
    two.load()
    assert names_of(first) == {"app"} and one.notice == ""
    (private,) = names_of(second)
    assert private.startswith("_taipan_app_")
    assert str(first) in two.notice and str(second) in two.notice


def test_a_file_is_imported_once_for_all_applications_in_it(project):
    project.write("app.py", APP + "other = App()\nimport sys\nsys.loads.append(1)")
    sys.loads = []
    try:
        assert project.load("app.py:app").application.__class__ is not None
        project.load("app.py:other")
        assert sys.loads == [1]
    finally:
        del sys.loads


@pytest.mark.parametrize("more", [{"cacheCallables": False}, {"reloadOnModification": True}])
def test_what_is_executed_again_has_modules_of_its_own(project, more):
    project.write("app.py", APP)
    slot = project.slot("app.py", **more)
    (body,) = slot.resolve("")({}, lambda *_: None)
    assert body.startswith(b"_taipan_app_") and "app" not in sys.modules


def test_a_file_without_application_is_imported_anew_when_it_has_changed(project):
    path = project.write("app.py", "nothing = 1")
    slot = project.slot("app.py")
    with pytest.raises(TargetError):
        slot.load()
    path.write_text(APP)
    os.utime(path, ns=(1, 1))
    assert slot.resolve("")({}, lambda *_: None) == [b"app"]


def test_a_change_of_equal_length_is_seen_at_once(project):
    for word in ("one", "two"):
        path = project.write("app.py", APP + f"app.added.append('{word}')")
        os.utime(path, ns=(10**18, 10**18))
        project.cache = type(project.cache)()
        sys.modules.pop("app", None)
        assert project.call("app.py") == [f"app {word}".encode()]


def test_a_module_that_fails_is_no_module(project):
    project.write("app.py", "import helper\nraise ValueError('no')")
    project.write("helper.py", "")
    with pytest.raises(ValueError, match="no"):
        project.load("app.py")
    assert "app" not in sys.modules and "helper" in sys.modules


@pytest.mark.parametrize("target", ["src/shop/api/wsgi.py", "src/shop/api", "./src/shop/api/"])
def test_a_file_in_a_package_has_its_dotted_name(project, target):
    project.write("src/shop/__init__.py", "")
    project.write("src/shop/api/__init__.py", "")
    path = project.write("src/shop/api/wsgi.py", APP + "from . import views\nfrom ..word import W")
    project.write("src/shop/api/views.py", adds(".wsgi"))
    project.write("src/shop/word.py", "from shop.api.wsgi import app\nW = app.added.append('word')")
    assert project.call(target) == [b"shop.api.wsgi view word"]
    assert names_of(path) == {"shop.api.wsgi"}


def test_a_package_that_the_command_stands_in(project):
    project.write("shop/__init__.py", "")
    project.write("shop/wsgi.py", APP + "from . import views")
    project.write("shop/views.py", adds("shop.wsgi"))
    found = project.load("wsgi.py", directory=str(project.folder / "shop"))
    assert found.application({}, lambda *_: None) == [b"shop.wsgi view"]


@pytest.mark.parametrize("target", ["shop", "./shop", "shop/__init__.py"])
def test_the_factory_of_a_package_is_found_before_its_modules(project, target):
    project.write("shop/__init__.py", f"{APP}\ndel app\ndef create_app(): return App()")
    project.write("shop/main.py", "app = 'a blueprint'")
    assert project.call(target) == [b"shop"]


@pytest.mark.parametrize("target", ["shop", "./shop"])
def test_a_package_without_application_offers_its_usual_modules(project, target):
    project.write("shop/__init__.py", "")
    project.write("shop/wsgi.py", APP)
    assert project.call(target) == [b"shop.wsgi"]


@pytest.mark.parametrize("target", ["shop", "shop:app", "shop.wsgi", "shop.wsgi:app"])
def test_the_folder_src_is_looked_into(project, target):
    project.write("src/shop/__init__.py", "from .wsgi import app")
    project.write("src/shop/wsgi.py", APP)
    assert project.call(target) == [b"shop.wsgi"]


def test_a_module_in_src_does_not_hide_what_can_be_imported(project):
    project.write("src/shop/__init__.py", "raise AssertionError")
    project.write("shop.py", APP)
    assert project.call("shop") == [b"shop"]


# A project's folder with an `__init__.py` that does not make it a package.


@pytest.mark.parametrize("name", ["proj", "my-proj", "app", "test", "pytest"])
@pytest.mark.parametrize("inside", [True, False])
def test_a_stray_init_does_no_harm(project, name, inside):
    project.write(f"{name}/__init__.py", "")
    path = project.write(f"{name}/app.py", APP + "import views")
    project.write(f"{name}/views.py", adds("app"))
    directory = str(project.folder / name) if inside else str(project.folder)
    target = "app.py" if inside else f"{name}/app.py"
    assert project.load(target, directory=directory).application({}, lambda *_: None) == [
        b"app view"
    ]
    assert names_of(path) == {"app"}


def test_a_stray_init_above_a_package(project):
    project.write("__init__.py", "")
    project.write("shop/__init__.py", "")
    project.write("shop/settings.py", "WORD = 'set'")
    project.write(
        "shop/wsgi.py",
        f"{APP}\nimport importlib\napp.added.append(importlib.import_module('shop.settings').WORD)",
    )
    assert project.call("shop/wsgi.py") == [b"shop.wsgi set"]


def test_a_folder_of_the_name_of_what_it_imports(project):
    project.write("lib/framework/__init__.py", "class Base: pass")
    sys.path.insert(0, str(project.folder / "lib"))
    project.write("framework/__init__.py", "")
    project.write("framework/app.py", f"from framework import Base\n{APP}")
    assert project.call("app.py", directory=str(project.folder / "framework")) == [b"app"]


def test_neighbours_that_are_named_in_texts_are_found(project):
    project.write("proj/__init__.py", "")
    project.write("proj/late_neighbour.py", "WORD = 'late'")
    project.write(
        "proj/app.py",
        f"{APP}\nfrom importlib import import_module as load\n"
        "app.added.append(load('late_neighbour').WORD)",
    )
    assert project.call("proj/app.py") == [b"proj.app late"]


@pytest.mark.parametrize("module", ["backend.app", "app"])
def test_a_folder_without_init_is_a_package_of_the_same_module(project, module):
    path = project.write("backend/app.py", APP + "from backend import views")
    project.write("backend/views.py", adds(module))
    assert project.call("backend/app.py") == [b"app view"]
    loaded = sys.modules["app"]
    assert loaded.__spec__.name == "app"
    assert names_of(path) == {"app", module}
    assert sys.modules[module] is loaded


def test_a_package_that_imports_the_file_first(project):
    project.write("proj/__init__.py", "from app import app")
    path = project.write("proj/app.py", APP + "from . import views")
    project.write("proj/views.py", adds("proj.app"))
    found = project.load("app.py", directory=str(project.folder / "proj"))
    assert found.application({}, lambda *_: None) == [b"proj.app view"]
    assert names_of(path) == {"app", "proj.app"}


def test_modules_of_a_package_do_not_hide_others(project):
    project.write("src/shop/__init__.py", "")
    project.write("src/shop/types.py", "raise AssertionError")
    project.write("src/shop/hidden_third.py", "raise AssertionError")
    project.write("lib/hidden_third.py", "")
    sys.path.insert(0, str(project.folder / "lib"))
    project.write("src/shop/wsgi.py", f"import hidden_third\n{APP}")
    assert project.call("src/shop/wsgi.py") == [b"shop.wsgi"]
