"""Handlers: functions of files and modules."""

import os

import pytest

from taipan.loader.errors import TargetError
from taipan.scripts.modules.handlers import Handlers
from taipan.scripts.modules.module_folders import ModuleFolders

ACT = """
from pkg.helper import TEXT
import beside

def main(conn):
    return TEXT + beside.TEXT

class Publisher:
    made = []
    def __init__(self, name="usual"):
        self.made.append(name)
        self.name = name
    def handle(self, conn):
        return self.name

number = 5
"""


def write(path, text):
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    # Older than what may be written again unseen.
    os.utime(path, (1e9, 1e9))


@pytest.fixture
def handlers(tmp_path):
    write(tmp_path / "tools/act.py", ACT)
    write(tmp_path / "tools/beside.py", "TEXT = ' beside'")
    write(tmp_path / "pkg/helper.py", "TEXT = 'helper'")
    write(tmp_path / "pkg/__init__.py", "")
    write(tmp_path / "site/own.py", "def main(conn): return 'own'")
    return Handlers(str(tmp_path), ModuleFolders(str(tmp_path / "site")))


def call(handlers, target):
    return handlers.load(target).find()(None)


def test_files_import_what_is_beside_them(handlers, tmp_path):
    assert call(Handlers(str(tmp_path), ModuleFolders(str(tmp_path))), "tools/act.py:main") == (
        "helper beside"
    )


def test_modules_are_of_the_directory_or_the_folder_of_scripts(handlers):
    assert call(handlers, "own:main") == "own"
    assert handlers.load("pkg.helper:TEXT.upper").find()() == "HELPER"
    assert handlers.load("json:dumps").find()(1) == "1"


def test_changes_are_seen_by_the_next_request(handlers, tmp_path):
    handlers = Handlers(str(tmp_path), ModuleFolders(str(tmp_path)))
    assert call(handlers, "tools/act.py:main") == "helper beside"
    assert handlers.load("tools/act.py:main").module is handlers.load("tools/act.py:main").module
    write(tmp_path / "pkg/helper.py", "TEXT = 'changed'")
    assert call(handlers, "tools/act.py:main") == "changed beside"
    write(tmp_path / "tools/act.py", "def main(conn): return 'another'")
    assert call(handlers, "tools/act.py:main") == "another"


def test_changes_are_seen_where_python_would_find_the_module_too(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    write(tmp_path / "namespace_only/mod.py", "def main(conn): return 'one'")
    handlers = Handlers(str(tmp_path), ModuleFolders(str(tmp_path)))
    assert call(handlers, "namespace_only.mod:main") == "one"
    write(tmp_path / "namespace_only/mod.py", "def main(conn): return 'another'")
    assert call(handlers, "namespace_only.mod:main") == "another"


def test_calls_are_made_for_each_request_and_not_by_a_check(handlers, tmp_path):
    handlers = Handlers(str(tmp_path), ModuleFolders(str(tmp_path)))
    target = "tools/act.py:Publisher('given').handle"
    made = handlers.check(target).module.Publisher.made
    assert made == []
    assert [call(handlers, target), call(handlers, target)] == ["given", "given"]
    assert made == ["given", "given"]


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("tools/act.py", "names no function; write it like 'tools/act.py:main'"),
        ("tools/none.py:main", "there is no file or folder"),
        ("tools/act.py:none", "act.py has no 'none'. Its callables are main"),
        ("tools/act.py:number", "number of .*act.py cannot be called: it is int"),
        ("tools/act.py:none()", "act.py has no 'none'"),
        ("tools/act.py:1 + 1", "may contain names, dots and calls only"),
        ("tools:main", "tools is no module"),
        ("pkg.none:main", "there is no module pkg.none"),
        ("nowhere.to:main", "there is no module nowhere.to"),
        ("pkg.helper:main", "pkg.helper has no 'main'"),
    ],
)
def test_what_is_not_there_is_named(tmp_path, handlers, target, message):
    with pytest.raises(TargetError, match=message):
        Handlers(str(tmp_path), ModuleFolders(str(tmp_path))).check(target)


def test_what_a_module_misses_is_another_error(handlers, tmp_path):
    write(tmp_path / "tools/broken.py", "import tools.none.such")
    handlers = Handlers(str(tmp_path), ModuleFolders(str(tmp_path)))
    with pytest.raises(ModuleNotFoundError, match="none"):
        handlers.check("tools/broken.py:main")


def test_a_file_that_goes_away_is_named(tmp_path, handlers):
    handlers = Handlers(str(tmp_path), ModuleFolders(str(tmp_path)))
    handlers.check("tools/act.py:main")
    (tmp_path / "tools/act.py").unlink()
    with pytest.raises(TargetError, match="there is no file .*act.py"):
        handlers.load("tools/act.py:main")
