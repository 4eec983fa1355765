"""Modules that left the standard library, and that scripts still import."""

import sys

import pytest

from taipan.forms import cgi_module
from taipan.loader.code_cache import CodeCache
from taipan.scripts import cgitb_module
from taipan.scripts.modules.folder_modules import FolderModules
from taipan.scripts.modules.given_modules import GIVEN_MODULES


class Absent:
    """Makes modules unknown to Python."""

    def find_spec(self, name, path=None, target=None):
        if name in GIVEN_MODULES:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


@pytest.fixture
def modules(tmp_path, monkeypatch):
    for name in GIVEN_MODULES:
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr(sys, "meta_path", [Absent(), *sys.meta_path])
    return FolderModules(str(tmp_path), CodeCache())


def run(modules, source):
    names = {"__builtins__": modules.refresh(), "__name__": "__main__"}
    exec(source, names)
    return names


def test_what_python_lacks_is_given(modules):
    names = run(modules, "import cgi, cgitb\nfrom cgi import FieldStorage, escape as e\n")
    assert names["cgi"] is cgi_module
    assert names["cgitb"] is cgitb_module
    assert names["FieldStorage"] is cgi_module.FieldStorage
    assert names["e"]("<") == "&lt;"


def test_files_are_loaded_as_modules(modules, tmp_path):
    (tmp_path / "beside.py").write_text("TEXT = 'beside'\n")
    (tmp_path / "a b.py").write_text(
        "from beside import TEXT\nCOUNT = globals().get('COUNT', 0) + 1\n"
    )
    source = f"import imp\nmade = imp.load_source('given_by_imp', {str(tmp_path / 'a b.py')!r})\n"
    try:
        made = run(modules, source)["made"]
        assert (made.TEXT, made.COUNT, sys.modules["given_by_imp"]) == ("beside", 1, made)
        # As ever, a module of the name is run again.
        assert run(modules, source)["made"] is made
        assert made.COUNT == 2
    finally:
        sys.modules.pop("given_by_imp", None)
    assert run(modules, "import imp\nm = imp.new_module('x')")["m"].__name__ == "x"
    with pytest.raises(FileNotFoundError):
        run(modules, "import imp\nimp.load_source('given_by_imp', '/nowhere.py')")
    assert "given_by_imp" not in sys.modules


def test_modules_beside_scripts_come_first(modules, tmp_path):
    (tmp_path / "cgi.py").write_text("NAME = 'own'\n")
    assert run(modules, "import cgi")["cgi"].NAME == "own"


def test_other_modules_stay_missing(modules):
    for source in ("import cgi.nothing", "import nowhere"):
        with pytest.raises(ModuleNotFoundError):
            run(modules, source)


@pytest.mark.parametrize(
    ("package", "module", "needed"),
    [("mod_python", "apache", "_apache"), ("webware", "Page", "WebUtils")],
)
def test_installed_packages_that_work_in_their_server_only_are_replaced(
    package, module, needed, tmp_path, monkeypatch
):
    installed = tmp_path / "installed" / package
    installed.mkdir(parents=True)
    (installed / "__init__.py").write_text("")
    (installed / f"{module}.py").write_text(f"import {needed}\n")
    (tmp_path / "site").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path / "installed"))
    site = FolderModules(str(tmp_path / "site"), CodeCache())
    names = run(site, f"import {package}.{module} as given\n")
    assert names["given"] is sys.modules[GIVEN_MODULES[f"{package}.{module}"]]


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="Python has none")
@pytest.mark.filterwarnings("ignore")
def test_what_python_has_is_its_own(tmp_path):
    code = "import cgi\nfrom cgi import escape, parse_qs"
    names = run(FolderModules(str(tmp_path), CodeCache()), code)
    assert names["cgi"].__name__ == "cgi"
    # Such as it had in Python 2.
    assert names["escape"]('<"') == '&lt;"'
    assert names["parse_qs"]("a=1") == {"a": ["1"]}


def test_a_traceback_goes_to_the_log_alone(modules, capsys):
    run(
        modules,
        "import cgitb; cgitb.enable()\ntry: 1 / 0\nexcept ZeroDivisionError: cgitb.handler()",
    )
    written = capsys.readouterr()
    assert written.out == "<p>A problem occurred in a Python script.</p>\n"
    assert "ZeroDivisionError" in written.err


def test_a_script_may_show_its_traceback(modules):
    names = run(
        modules,
        "import cgitb, sys\ntry: raise ValueError('<')\n"
        "except ValueError: a, b = cgitb.text(sys.exc_info()), cgitb.html(sys.exc_info())\n",
    )
    assert names["a"].endswith("ValueError: <\n")
    assert "ValueError: &lt;" in names["b"]
    assert cgitb_module.reset() == ""
