"""PTL: modules, targets and modules beside scripts, by the compiler of Quixote."""

import importlib
import os
import sys
import traceback

import pytest

from taipan.loader.code_cache import CodeCache
from taipan.loader.errors import TargetError
from taipan.loader.explain import explain_load_error
from taipan.loader.ptl import compile_ptl
from taipan.loader.target import parse_target
from taipan.scripts.modules.application_file import ApplicationFiles
from taipan.scripts.modules.folder_modules import FolderModules
from taipan.scripts.modules.handlers import Handlers
from taipan.scripts.modules.module_folders import ModuleFolders

pytest.importorskip("quixote")

PAGES = """\
from quixote.ptl import ptl_html

@ptl_html
def hello(name):
    F'<b>'
    name
    F'</b>'

def fails():
    raise RuntimeError("line 10")
"""
APP = """
    from pages import hello
    def app(environ, start_response):
        return [str(hello("<&>")).encode()]
"""
APP_IN_PTL = """
    from quixote.ptl import ptl_html

    @ptl_html
    def page(name):
        F'<i>'
        name
        F'</i>'

    def app(environ, start_response):
        return [__name__.encode(), str(page('<')).encode()]
"""


@pytest.fixture(autouse=True)
def without_bytecode(monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)


def test_an_application_imports_it_without_enable_ptl(project):
    project.write("pages.ptl", PAGES)
    project.write("app.py", APP)
    assert project.call("app.py") == [b"<b>&lt;&amp;&gt;</b>"]


def test_packages_have_it_inside(project):
    project.write("shop/__init__.py", "from shop.ui.pages import hello")
    project.write("shop/ui/__init__.py", "")
    project.write("shop/ui/pages.ptl", PAGES)
    project.write("app.py", APP.replace("pages", "shop"))
    assert project.call("app.py") == [b"<b>&lt;&amp;&gt;</b>"]


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("site.ptl:app", b"_taipan_app_site_"),
        ("front.ptl", b"front"),
        ("pkg/front.ptl:app", b"pkg.front"),
        ("pkg.front:app", b"pkg.front"),
        ("front", b"front"),
    ],
)
def test_a_target_may_be_in_ptl(project, target, name):
    project.write("pkg/__init__.py", "")
    for path in ("site.ptl", "front.ptl", "pkg/front.ptl"):
        project.write(path, APP_IN_PTL)
    module, page = project.call(target)
    assert module.startswith(name) and page == b"<i>&lt;</i>"


def test_a_target_is_imported_once(project):
    project.write("front.ptl", "COUNT = []\nimport other\n" + APP_IN_PTL.replace("    ", "", 1))
    project.write("other.py", "import front\nfront.COUNT.append(1)")
    project.write("front.ptl", "COUNT = []\nimport other\ndef app(e, s):\n    return COUNT\n")
    assert project.call("front.ptl") == [1]


def test_a_module_may_have_the_name_of_the_extension(tmp_path):
    assert parse_target("quixote.ptl", str(tmp_path)).module == "quixote.ptl"
    with pytest.raises(TargetError, match="there is no file or folder"):
        parse_target("./pages.ptl", str(tmp_path))


def test_python_goes_first(project):
    project.write("pages.ptl", PAGES)
    project.write("pages.py", "def hello(name): return 'python'")
    project.write("app.py", APP)
    assert project.call("app.py") == [b"python"]


def test_tracebacks_name_its_lines(project, monkeypatch):
    path = project.write("lines.ptl", PAGES)
    monkeypatch.syspath_prepend(str(path.parent))
    with pytest.raises(RuntimeError) as caught:
        importlib.import_module("lines").fails()
    last = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert (last.filename, last.lineno) == (str(path), 10)
    assert last.line == 'raise RuntimeError("line 10")'


@pytest.mark.parametrize(
    ("source", "line"),
    [
        (b"\nx = (\n", None),
        (b"\n\ndef f() 3\n", 3),
        (b"if x:\n      a\n   b\n", 3),
        (b"a = 1\n\nb = '\xff'\n", 3),
        (b"# -*- coding: nonsense -*-\n", None),
    ],
)
def test_errors_of_syntax_name_the_file(source, line):
    with pytest.raises(SyntaxError) as caught:
        compile_ptl(source, "/srv/pages.ptl")
    assert caught.value.filename == "/srv/pages.ptl"
    assert line in (None, caught.value.lineno)


def test_without_quixote_the_error_says_what_to_install(project, monkeypatch):
    path = project.write("pages.ptl", PAGES)
    project.write("app.py", APP)
    monkeypatch.setitem(sys.modules, "quixote.ptl.ptl_import", None)
    with pytest.raises(ModuleNotFoundError) as caught:
        project.call("app.py")
    text = explain_load_error(caught.value)
    assert f"{path} is in PTL, which Quixote compiles: install Quixote" in text
    assert text.endswith("-m pip install Quixote'")


def write(path, text):
    path.write_text(text)
    os.utime(path, (1e9, 1e9))


def run(modules, code):
    names = {"__builtins__": modules.refresh()}
    exec(code, names)
    return names


class TestBesideScripts:
    @pytest.fixture
    def modules(self, tmp_path):
        return FolderModules(str(tmp_path), CodeCache())

    def test_each_folder_has_its_own(self, tmp_path):
        for name in "ab":
            (tmp_path / name).mkdir()
            (tmp_path / name / "pages.ptl").write_text(PAGES.replace("<b>", f"<{name}>"))
        for name in "ab":
            modules = FolderModules(str(tmp_path / name), CodeCache())
            page = run(modules, "from pages import hello; page = str(hello('<'))")["page"]
            assert page == f"<{name}>&lt;</b>"

    def test_what_changes_is_imported_again(self, modules, tmp_path):
        write(tmp_path / "pages.ptl", PAGES)
        (tmp_path / "user.py").write_text("from pages import hello")
        code = "from user import hello; page = str(hello(1))"
        assert run(modules, code)["page"] == "<b>1</b>"
        (tmp_path / "pages.ptl").write_text(PAGES.replace("<b>", "<em>"))
        assert run(modules, code)["page"] == "<em>1</b>"

    def test_packages_have_it_and_import_each_other(self, modules, tmp_path):
        (tmp_path / "ui").mkdir()
        (tmp_path / "ui/__init__.py").write_text("from .pages import hello\nimport other")
        (tmp_path / "ui/pages.ptl").write_text(PAGES)
        (tmp_path / "other.ptl").write_text("NAME = __name__")
        names = run(modules, "import ui; page = str(ui.hello('<')); name = ui.other.NAME")
        assert names["page"] == "<b>&lt;</b>" and names["name"].endswith(".other")

    def test_no_bytecode_is_written(self, modules, tmp_path, monkeypatch):
        monkeypatch.setattr(sys, "dont_write_bytecode", False)
        (tmp_path / "pages.ptl").write_text(PAGES)
        run(modules, "import pages")
        assert os.listdir(tmp_path) == ["pages.ptl"]

    def test_tracebacks_name_its_lines(self, modules, tmp_path):
        (tmp_path / "pages.ptl").write_text(PAGES)
        with pytest.raises(RuntimeError) as caught:
            run(modules, "import pages; pages.fails()")
        last = traceback.extract_tb(caught.value.__traceback__)[-1]
        assert (last.filename, last.lineno) == (str(tmp_path / "pages.ptl"), 10)

    @pytest.mark.parametrize("target", ["pages.ptl:hello", "pages:hello"])
    def test_handlers_may_be_in_it(self, tmp_path, target):
        (tmp_path / "pages.ptl").write_text(PAGES)
        handlers = Handlers(str(tmp_path), ModuleFolders(str(tmp_path)))
        assert str(handlers.check(target).find()("<")) == "<b>&lt;</b>"

    def test_a_file_of_an_application_may_be_in_ptl(self, modules, tmp_path):
        code = "from pages import hello\ndef application(environ, start): return hello(F'<')"
        (tmp_path / "site.ptl").write_text(code)
        (tmp_path / "pages.ptl").write_text(PAGES)
        path = str(tmp_path / "site.ptl")
        application = ApplicationFiles().load(path, modules.refresh())
        assert str(application({}, None)) == "<b><</b>"
