"""What is said about modules that are missing."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from taipan.loader.explain import explain_load_error
from taipan.loader.nearby import ROOT_MARKS, find_environments, find_module_folders

VECTORS = Path(__file__).parents[2] / "test" / "vectors"


@pytest.fixture
def folder(project, monkeypatch):
    """The project of which `app.py` is served, from its own folder."""
    project.write("proj/pyproject.toml", "")
    monkeypatch.chdir(project.folder / "proj")
    monkeypatch.setattr(sys, "executable", "/usr/bin/this-python")
    return project.folder / "proj"


def explain(project, line):
    project.write("proj/app.py", line)
    directory = str(project.folder / "proj")
    with pytest.raises((ImportError, AttributeError)) as caught:
        project.load("app.py", directory=directory)
    return explain_load_error(caught.value)


def test_marks_are_those_that_node_knows():
    assert list(ROOT_MARKS) == json.loads((VECTORS / "project-marks.json").read_text("utf-8"))


@pytest.mark.parametrize(
    ("path", "option"),
    [
        ("src/shop/__init__.py", "src"),
        ("lib/python/shop.py", os.path.join("lib", "python")),
        ("backend/shop/models.py", "backend"),
    ],
)
def test_what_is_the_persons_own_is_not_to_be_installed(project, folder, path, option):
    project.write(f"proj/{path}", "")
    text = explain(project, "import shop")
    assert "pip" not in text
    assert f"--app-dir {option} " in text and str(folder / option / "shop") in text
    assert "/usr/bin/this-python" in text


def test_a_target_in_a_package_that_lies_elsewhere_in_the_project(project, folder):
    project.write("proj/site/shop/wsgi.py", "")
    text = project.refuse("shop.wsgi", directory=str(folder))
    assert str(folder / "site" / "shop" / "wsgi.py") in text and "--app-dir site " in text
    text = project.refuse("shop.missing", directory=str(folder))
    assert str(folder / "site" / "shop") in text and "--app-dir site " in text


@pytest.mark.parametrize(
    ("path", "line", "hidden"),
    [
        ("secrets.py", "from secrets import token_hex", "the module secrets of Python"),
        ("secrets/__init__.py", "import secrets.more", "the module secrets of Python"),
        ("tool.py", "from tool import made", "the module tool in "),
    ],
)
def test_a_file_that_hides_a_module(project, folder, monkeypatch, path, line, hidden):
    project.write("installed/tool.py", "made = 1")
    monkeypatch.syspath_prepend(str(project.folder / "installed"))
    monkeypatch.delitem(sys.modules, "secrets", raising=False)
    project.write(f"proj/{path}", "")
    text = explain(project, line)
    assert f"; {path} hides {hidden}" in text and "give it another name" in text
    assert "pip" not in text


@pytest.mark.skipif(sys.version_info < (3, 10), reason="the error does not tell its module")
def test_a_file_that_hides_a_module_of_which_something_is_used(project, folder, monkeypatch):
    monkeypatch.delitem(sys.modules, "secrets", raising=False)
    project.write("proj/secrets.py", "")
    text = explain(project, "import secrets\nsecrets.token_hex")
    assert "; secrets.py hides the module secrets of Python" in text


def test_the_application_itself_hides_a_module(project, folder, monkeypatch):
    project.write("installed/app.py", "")
    monkeypatch.syspath_prepend(str(project.folder / "installed"))
    assert "; app.py hides the module app in " in explain(project, "from app import made")


def test_a_name_that_is_free_hides_nothing(project, folder):
    project.write("proj/models.py", "")
    assert " hides " not in explain(project, "from models import made")


@pytest.mark.parametrize(
    ("path", "line"),
    [("app.py", "from .models import Shop"), ("web/views.py", "from ..models import Shop")],
)
def test_a_relative_import_without_a_package(project, folder, path, line):
    project.write("proj/web/__init__.py", "")
    project.write("proj/web/views.py", "")
    project.write(f"proj/{path}", line)
    text = explain(project, line if path == "app.py" else "import web.views")
    assert "attempted relative import" in text
    assert "make an empty file __init__.py, or import without the dots" in text


@pytest.mark.parametrize("target", ["shop", "shop:app"])
def test_a_target_that_lies_elsewhere_in_the_project(project, folder, target):
    project.write("proj/backend/shop/__init__.py", "")
    text = project.refuse(target, directory=str(folder))
    assert "pip" not in text and "--app-dir backend" in text and "/usr/bin/this-python" in text


def test_a_target_above(project, folder, monkeypatch):
    project.write("proj/src/shop/__init__.py", "")
    inside = folder / "src" / "shop"
    monkeypatch.chdir(inside)
    assert "--app-dir .." in project.refuse("shop", directory=str(inside))


def test_what_is_no_source_is_passed_over(project, folder):
    for path in (
        ".hidden/gone.py",
        "node_modules/gone.py",
        "env/lib/gone.py",
        "deep/er/and/gone.py",
        "data/gone/x.txt",
    ):
        project.write(f"proj/{path}", "")
    project.write("proj/env/pyvenv.cfg", "")
    assert find_module_folders("gone", str(folder)) == []
    assert "-m pip install gone'" in explain(project, "import gone")


def test_modules_of_python_2_are_not_to_be_installed(project, folder):
    text = explain(project, "import urllib2")
    assert "module of Python 2, which has become urllib.request; 2to3 translates it" in text
    assert "pip" not in text
    project.write("proj/lib/urllib2.py", "")
    assert "makes it importable" in explain(project, "import urllib2")


@pytest.mark.parametrize("place", ["proj/.venv", "proj/venv", ".venv"])
def test_an_environment_near_by_is_named(project, folder, place):
    project.write(f"{place}/pyvenv.cfg", "")
    path = str(project.folder / place)
    text = explain(project, "import gone")
    assert f"{path} was not taken, --python {os.path.relpath(path)} selects it" in text
    assert "/usr/bin/this-python" in text
    refused = project.refuse("gone:app", directory=str(folder))
    assert f"{path} was not taken" in refused and "/usr/bin/this-python" in refused


def test_the_environment_that_is_used_is_not(project, folder, monkeypatch):
    project.write("proj/.venv/pyvenv.cfg", "")
    monkeypatch.setattr(sys, "prefix", str(folder / ".venv"))
    assert find_environments(str(folder)) == []
