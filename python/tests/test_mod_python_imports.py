"""Modules of handlers: where they are looked for, and when they are imported anew."""

import sys

import pytest

from support.handler_site import CONFIG, Site
from taipan.error_page.report import describe_error
from taipan.loader.errors import TargetError
from taipan.scripts.checks import check_scripts
from taipan.tracebacks import format_exception

PARTS = {
    "t.py": "import part\ndef handler(req):\n  req.write(part.deep.TEXT)\n  return 0\n",
    "part.py": "import deep\n",
    "deep.py": "TEXT = 'old'\n",
}


def make(tmp_path, files, **config):
    site = Site(tmp_path, **config)
    for name, text in files.items():
        site.write(name, text)
    return site


def handle(code):
    return f"from mod_python import apache\ndef handler(req):\n  {code}\n  return 0\n"


def test_what_a_handler_imports_is_imported_anew(tmp_path):
    site = make(tmp_path, PARTS)
    assert site.get().body == "old"
    site.write("deep.py", "TEXT = 'new'\n")
    assert site.get().body == "new"
    site.write("t.py", "def handler(req):\n  req.write('another')\n  return 0\n")
    assert site.get().body == "another"


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("import kit.nothing", "No module named 'kit.nothing'"),
        ("from kit import nothing", "cannot import name 'nothing' from 'kit' ("),
        ("import kit\n  raise kit.Broken('text')", "kit.Broken: text\n"),
    ],
)
def test_errors_have_the_names_that_modules_are_imported_by(tmp_path, code, text):
    files = {"t.py": handle(code), "kit/__init__.py": "class Broken(Exception): pass\n"}
    folder = make(tmp_path, files).folders.of(str(tmp_path))
    folder.refresh()
    with pytest.raises(Exception) as caught:
        folder.import_file("t").handler(None)
    report = describe_error(caught.value)
    first = report.problems[0]
    for shown in (format_exception(caught.value), f"{first.kind}: {first.message}\n"):
        assert text in shown
        assert "_taipan_" not in shown


def test_nothing_is_looked_at_without_auto_reload(tmp_path):
    site = make(tmp_path, PARTS, autoReload=False)
    assert site.get().body == "old"
    site.write("deep.py", "TEXT = 'new'\n")
    assert site.get().body == "old"


def test_folders_of_the_path_come_after_that_of_the_handler(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "inner.py").write_text(f"TEXT = '{name}'")
    (tmp_path / "two/only.py").write_text("import inner\nTEXT = f'two, {inner.TEXT}'")
    (tmp_path / "two/own.py").write_text("TEXT = 'two'")
    (tmp_path / "site").mkdir()
    code = "import own, inner, only\ndef handler(req):\n"
    code += "  req.write(f'{own.TEXT}, {inner.TEXT}, {only.TEXT}')\n  return 0\n"
    path = [str(tmp_path / "one"), str(tmp_path / "two")]
    site = make(tmp_path / "site", {"t.py": code, "own.py": "TEXT = 'own'"}, path=path)
    assert site.get().body == "own, one, two, two"
    site = make(tmp_path / "site", {}, path=path, handler="only::inner.TEXT.split")
    assert site.check() == [str(tmp_path / "two/only.py")]
    (tmp_path / "one/inner.py").write_text("TEXT = 'changed'")
    assert make(tmp_path / "site", {}, path=path).get().body == "own, changed, two, two"


def test_routes_with_one_folder_have_their_own_path(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "inner.py").write_text(f"TEXT = '{name}'")
    code = "import part\ndef handler(req):\n  req.write(part.inner.TEXT)\n  return 0\n"
    files = {"t.py": code, "part.py": "import inner"}
    (tmp_path / "site").mkdir()
    first, second = (
        make(tmp_path / "site", files, path=[str(tmp_path / name)]) for name in ("one", "two")
    )
    assert [first.get().body, second.get().body, first.get().body] == ["one", "two", "one"]


def test_an_installed_mod_python_is_not_taken(tmp_path, monkeypatch):
    (tmp_path / "installed/mod_python").mkdir(parents=True)
    (tmp_path / "installed/mod_python/__init__.py").write_text("raise ImportError('Apache')")
    monkeypatch.syspath_prepend(str(tmp_path / "installed"))
    code = "import mod_python.util, mod_python.apache\nfrom mod_python import apache\n"
    code += "def handler(req):\n  req.write(str((mod_python.apache is apache, mod_python.util"
    code += ".__name__, 'mod_python' in __import__('sys').modules)))\n  return 0\n"
    site = make(tmp_path / "site", {"t.py": code})
    assert site.get().body == "(True, 'taipan.scripts.mod_python.util', False)"
    assert "mod_python" not in sys.modules


def test_import_module_gives_modules_by_their_files(tmp_path):
    code = "from mod_python import apache\ndef handler(req):\n"
    code += "  here = apache.import_module('part')\n"
    code += "  there = apache.import_module('part', path=[req.document_root() + '/sub'])\n"
    code += "  req.write(f'{here.TEXT} {there.TEXT} {here is apache.import_module(\"~/part\")}')\n"
    code += "  req.write(f' {there is apache.import_module(\"./sub/part.py\")}')\n  return 0\n"
    files = {"t.py": code, "part.py": "TEXT = 'here'", "sub/part.py": "import deep as d\n"}
    files["sub/part.py"] += "TEXT = d.TEXT"
    site = make(tmp_path, {**files, "sub/deep.py": "TEXT = 'there'"})
    assert site.get().body == "here there True True"
    site.write("sub/deep.py", "TEXT = 'changed'")
    assert site.get().body == "here changed True True"


def test_import_module_may_take_what_is_loaded(tmp_path):
    code = "req.write(apache.import_module('part', bool(req.args), path=['{0}/sub']).TEXT)"
    site = make(tmp_path, {"t.py": handle(code.format(tmp_path)), "sub/part.py": "TEXT = 'old'"})
    assert site.get().body == "old"
    site.write("sub/part.py", "TEXT = 'new'")
    assert site.get().body == "old"
    assert site.get("/x?anew").body == "new"


@pytest.mark.parametrize("name", ["nothing", "~/nothing", "mod_python.httpdconf"])
def test_import_module_finds_nothing(tmp_path, name):
    code = f"try: apache.import_module({name!r})\n  except ImportError as e: req.write(str(e))"
    body = make(tmp_path, {"t.py": handle(code)}).get().body
    assert body.startswith(("there is no module", "mod_python.httpdconf writes configuration"))


def test_httpdconf_is_refused_by_a_sentence(tmp_path):
    site = make(tmp_path, {"t.py": handle("from mod_python import httpdconf")})
    log = str(site.get().log)
    assert "ImportError: mod_python.httpdconf writes configuration for Apache" in log
    site = make(tmp_path, {"t.py": handle("import mod_python.httpdconf")})
    assert "ImportError: mod_python.httpdconf writes" in str(site.get().log)


def test_errors_of_a_module_are_its_own(tmp_path):
    site = make(tmp_path, {"t.py": "import nothing_like_it\n"})
    log = site.get().log
    assert log[0] == (
        "error: PythonHandler t: ModuleNotFoundError: No module named 'nothing_like_it'"
    )


def test_a_check_tells_what_a_start_would_miss(tmp_path):
    site = make(tmp_path, {"t.py": "def handler(req): return 0\n", "log.py": ""})
    legacy = {**CONFIG, "phases": {"log": "log"}}
    config = {"root": site.root, "directory": site.root, "kinds": {}, "handlers": []}
    with pytest.raises(
        TargetError,
        match=r"^modPython\.phases\.log: there is no loghandler in .*/log\.py; define it",
    ):
        check_scripts({**config, "legacy": legacy})
    legacy["phases"] = {"log": "t::handler"}
    assert check_scripts({**config, "legacy": legacy}) == [str(tmp_path / "t.py")]


def test_a_missing_package_with_the_name_of_the_folder_is_named(tmp_path):
    site = Site(tmp_path / "gone")
    site.write("t.py", "import gone.frontend\n")
    with pytest.raises(ModuleNotFoundError, match="No module named 'gone.frontend'"):
        site.check()
    site.write("frontend.py", "")
    site.write("t.py", "import gone.frontend\ndef handler(req):\n    return 0\n")
    assert site.check() == [str(tmp_path / "gone/t.py")]
