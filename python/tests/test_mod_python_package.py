"""Where the package `mod_python` is imported from."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = str(Path(__file__).parents[1])
#: As `ModPythonServer` does it.
INSTALL = (
    "import sys\nfrom taipan.scripts.modules.given_finder import install_given_finder\n"
    "install_given_finder('mod_python', '_apache')\n"
    "install_given_finder('mod_python', '_apache')\n"
)


def run(code, *path):
    """What code prints in a Python that has these folders."""
    program = f"import sys\nsys.path[:0] = {[*map(str, path), ROOT]!r}\n{code}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stderr == ""
    return done.stdout.strip()


def test_what_is_installed_imports_it(tmp_path):
    code = "from mod_python import apache, util\nimport mod_python.psp\n"
    code += "import mod_python\nfrom mod_python.apache import OK\n"
    (tmp_path / "frontend.py").write_text(code)
    values = (
        "frontend.apache is ours, frontend.apache is sys.modules['mod_python.apache'],"
        " frontend.mod_python.psp.PSP.__name__, ours.__spec__.name == ours.__name__,"
        " frontend.mod_python.util is frontend.util, frontend.OK"
    )
    code = f"{INSTALL}import frontend\nfrom taipan.scripts.mod_python import apache as ours\n"
    assert run(f"{code}print(({values}))", tmp_path) == str((True, True, "PSP", True, True, 0))


def load_route(folder, **config):
    """Code that loads the handlers of a route for this folder, as at its start."""
    return (
        "from support.handler_site import CONFIG\n"
        "from taipan.scripts.kinds import check_legacy\n"
        "from taipan.scripts.modules.module_folders import ModuleFolders\n"
        f"config = {{**CONFIG, **{config!r}}}\n"
        f"folders = ModuleFolders.of_legacy({str(folder)!r}, config)\n"
        "files = check_legacy(config, folders)\n"
    )


def test_all_of_it_is_imported_at_once(tmp_path):
    (tmp_path / "site").mkdir()
    code = "from mod_python import *\nfound = [name for name in dir() if name[0] != '_']\n"
    for folder, name in ((tmp_path, "frontend"), (tmp_path / "site", "own")):
        (folder / f"{name}.py").write_text(f"{code}def handler(req):\n    return apache.OK\n")
    found = str(["apache", "cgihandler", "psp", "publisher", "util", "version"])
    for name in ("frontend", "own"):
        code = load_route(tmp_path / "site", handler=name)
        code += f"print(next(m for n, m in sys.modules.items() if n.endswith('{name}')).found)"
        assert run(code, tmp_path, f"{ROOT}/tests") == found


def test_an_installed_handler_is_loaded_at_the_start(tmp_path):
    (tmp_path / "site").mkdir()
    code = "from mod_python import apache\ndef handler(req):\n    return apache.OK\n"
    (tmp_path / "frontend.py").write_text(code)
    code = load_route(tmp_path / "site", handler="frontend") + "print(files)"
    assert run(code, tmp_path, f"{ROOT}/tests") == str([str(tmp_path / "frontend.py")])


def test_installed_modules_import_what_is_in_the_folders_of_a_route(tmp_path):
    for folder in ("installed", "site", "lib"):
        (tmp_path / folder).mkdir()
    (tmp_path / "installed/frontend.py").write_text("import app, first\nhandler = app.handler\n")
    (tmp_path / "installed/first.py").write_text("")
    (tmp_path / "lib/app.py").write_text("def handler(req):\n    return 0\n")
    (tmp_path / "lib/first.py").write_text("raise RuntimeError('hides what is installed')")
    code = load_route(tmp_path / "site", handler="frontend", path=[str(tmp_path / "lib")])
    code += "print(sys.modules['frontend'].handler.__code__.co_filename)"
    folders = (tmp_path / "installed", f"{ROOT}/tests")
    assert run(code, *folders) == str(tmp_path / "lib/app.py")


@pytest.mark.parametrize("name", ["mod_python.nothing", "mod_pythons", "mod_python.apache.x"])
def test_other_names_are_not_found(name):
    code = f"{INSTALL}try:\n  import {name}\nexcept ImportError as error:\n  print(error.name)"
    assert run(code) == name


def test_an_installed_one_that_works_is_not_hidden(tmp_path):
    (tmp_path / "mod_python").mkdir()
    (tmp_path / "mod_python/__init__.py").write_text("mine = True")
    (tmp_path / "_apache.py").write_text("")
    assert run(f"{INSTALL}import mod_python\nprint(mod_python.mine)", tmp_path) == "True"


def test_that_of_apache_is_hidden_where_it_cannot_work(tmp_path):
    (tmp_path / "mod_python").mkdir()
    (tmp_path / "mod_python/__init__.py").write_text("")
    (tmp_path / "mod_python/apache.py").write_text("import _apache")
    code = f"{INSTALL}import mod_python.apache\nprint(mod_python.apache.OK)"
    assert run(code, tmp_path) == "0"


def test_nothing_is_found_without_a_route_for_it():
    code = "import taipan.scripts.folder\ntry:\n  import mod_python\n"
    assert run(f"{code}except ModuleNotFoundError:\n  print('none')") == "none"


def test_the_package_loads_its_modules_when_they_are_asked_for():
    code = "import sys\nimport taipan.scripts.mod_python as package\nname = package.__name__\n"
    code += "print(f'{name}.util' in sys.modules, package.util.__name__ == f'{name}.util')\n"
    code += "print(hasattr(package, 'nothing'))"
    assert run(code) == "False True\nFalse"


def test_cleanups_of_the_process_run_at_its_end():
    code = "from taipan.scripts.mod_python import apache\n"
    assert run(f"{code}apache.register_cleanup(print, 'end')\nprint('begin')") == "begin\nend"


def test_its_version():
    code = "from mod_python import version, mp_version\nprint(version.version == mp_version)"
    assert run(f"{INSTALL}{code}") == "True"
