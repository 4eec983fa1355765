"""The script behind `taipan check`."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys

import pytest

from support.worker_process import PYTHON_FOLDER, target


def check(*applications, **more):
    done = subprocess.run(
        [sys.executable, str(PYTHON_FOLDER / "main.py"), "taipan.inspection"],
        input=json.dumps({"applications": applications, **more}).encode(),
        capture_output=True,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done.stderr


def test_a_folder_of_scripts_is_there_or_not(tmp_path):
    folders = [
        {
            "kind": "scripts",
            "name": "site/",
            "interface": "script",
            "root": str(path),
            "kinds": {},
            "handlers": [],
            "directory": str(tmp_path),
            "isHandler": False,
        }
        for path in (tmp_path, tmp_path / "none")
    ]
    there, gone = check(*folders)[0]["applications"]
    assert (there["loads"], there["interface"]) == (True, "script")
    assert there["found"] == "a folder of scripts and files"
    assert (gone["loads"], gone["summary"]) == (False, f"there is no folder {tmp_path / 'none'}")


def test_handlers_are_there_or_not(tmp_path):
    (tmp_path / "act.py").write_text("def main(conn): pass")

    def check_target(target):
        names = {"kind": "scripts", "name": "x", "interface": "script", "root": str(tmp_path)}
        facts = {"kinds": {}, "handlers": [target], "directory": str(tmp_path), "isHandler": True}
        return check({**names, **facts})[0]["applications"][0]

    there = check_target("act.py:main")
    assert (there["loads"], there["found"]) == (True, f"a handler in {tmp_path / 'act.py'}")
    gone = check_target("act.py:other")
    assert (gone["loads"], gone["traceback"]) == (False, "")
    assert "act.py has no 'other'. Its callables are main" in gone["summary"]


@pytest.mark.parametrize(
    ("legacy", "found"),
    [
        (
            {"kind": "mod_python", "handler": "mod_python.publisher"},
            "handlers of mod_python: mod_python.publisher",
        ),
        (
            {"kind": "mod_python", "phases": {"access": "hello"}},
            "handlers of mod_python: those of its phases",
        ),
        ({"kind": "pyisapie", "module": "Isapi"}, "the module Isapi of a PyISAPIe site"),
    ],
)
def test_legacy_servers_are_named(tmp_path, legacy, found):
    (tmp_path / "hello.py").write_text("def accesshandler(req): return 0")
    (tmp_path / "Isapi.py").write_text("def Request(): return True")
    names = {"kind": "scripts", "name": "x", "interface": "script", "root": str(tmp_path)}
    facts = {"kinds": {}, "handlers": [], "directory": str(tmp_path), "isHandler": False}
    usual = {"path": [], "options": {}, "phases": {}, "autoReload": True, "debug": False}
    given = {**usual, "filters": {"input": [], "output": []}, **legacy}
    report = check({**names, **facts, "legacy": given})[0]["applications"][0]
    assert (report.get("summary"), report.get("found")) == (None, found)


def test_the_interpreter_is_described():
    report, _ = check(searchPath=["/x"])
    assert report["version"] == platform.python_version()
    assert os.path.samefile(report["executable"], sys.executable)
    assert report["prefix"] == sys.prefix and report["basePrefix"] == sys.base_prefix
    assert report["implementation"] == "cpython"
    assert report["path"][0] == "/x" and str(PYTHON_FOLDER) not in report["path"]
    assert report["gil"] is not report["freeThreading"]
    library = report["libpython"]
    assert library is None or os.path.exists(library)
    assert report["applications"] == []


def test_applications_are_loaded_and_described(tmp_path):
    (tmp_path / "good.py").write_text("print('noise')\ndef app(environ, start_response): ...\n")
    (tmp_path / "bad.py").write_text("import os\nos.write(1, b'raw noise')\n1 / 0\n")
    (tmp_path / "leaving.py").write_text("import sys\nsys.exit(4)\n")
    report, errors = check(
        target("good:app", directory=str(tmp_path), name="one"),
        target("bad.py", directory=str(tmp_path), name="two"),
        target("leaving.py", directory=str(tmp_path), name="three"),
        target("good:nope", directory=str(tmp_path), name="four"),
    )
    one, two, three, four = report["applications"]
    assert one == {
        "name": "one",
        "loads": True,
        "interface": "wsgi",
        "place": "good",
        "expression": "app",
        "found": "function good.app",
        "notes": [],
    }
    assert (two["name"], two["loads"]) == ("two", False)
    assert two["summary"].startswith("ZeroDivisionError") and "bad.py" in two["traceback"]
    assert "sys.exit(4)" in three["summary"]
    assert "'nope'" in four["summary"] and four["traceback"] == ""
    assert b"noise" in errors and b"raw noise" in errors


def test_a_second_file_of_one_name_has_a_note(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "app.py").write_text("def app(environ, start_response): ...\n")
    (tmp_path / "bad.py").write_text("1 / 0\n")
    names = ("a/app.py", "b/app.py", "bad.py")
    report, _ = check(*(target(name, directory=str(tmp_path)) for name in names))
    first, second, bad = report["applications"]
    assert first["notes"] == bad["notes"] == []
    (note,) = second["notes"]
    assert "b/app.py is loaded as a module of its own" in note
