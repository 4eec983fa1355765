"""The modules of all folders of a route."""

import os

import pytest

from taipan.scripts.modules.module_folders import ModuleFolders


def test_modules_of_the_root_stay_loaded_in_a_route_of_many_folders(tmp_path):
    root = str(tmp_path)
    file = tmp_path / "many_folders_helper.py"
    file.write_text("value = 1")
    folders = ModuleFolders(root)
    for number in range(1000):
        folders.of(f"{root}/{number}")

    def load():
        folders.of(root).refresh()
        return folders.of(root).import_file("many_folders_helper")

    assert load().value == 1
    file.write_text("value = 22")
    os.utime(file, (1, 1))
    changed = load()
    assert changed.value == 22
    assert load() is changed


def test_the_folder_of_the_route_is_a_package_of_its_name(tmp_path):
    site = tmp_path / "Shop"
    (site / "Admin").mkdir(parents=True)
    (site / "Admin/__init__.py").write_text("")
    (site / "Admin/Tool.py").write_text("from Shop.Page import NAME\nimport Shop.Page")
    (site / "Page.py").write_text("NAME = __name__")
    folders = ModuleFolders(str(site))
    for place in (site, site / "Admin"):
        names = {"__builtins__": folders.of(str(place)).refresh()}
        exec("from Shop import Page; import Shop.Admin.Tool as Tool; import Shop", names)
        assert names["Page"].NAME == names["Tool"].NAME == names["Shop"].Page.NAME
        assert names["Tool"].Shop.Page is names["Page"]
    for code in ("from Shop import Nothing", "import Shop.Nothing", "import Shops"):
        with pytest.raises(ImportError, match="Nothing|Shops"):
            exec(code, {"__builtins__": folders.of(str(site)).refresh()})


def test_relative_imports_lead_to_folders_above(tmp_path):
    site = tmp_path / "Shop"
    (site / "admin/deep").mkdir(parents=True)
    (site / "Site.py").write_text("NAME = 'site'")
    (site / "other").mkdir()
    (site / "other/Tool.py").write_text("NAME = 'tool'")
    (site / "admin/Base.py").write_text("from ..Site import NAME\nBASE = 'base'")
    code = "from ..Base import BASE, NAME\nfrom ... import Site"
    code += "\nfrom ...other.Tool import NAME as TOOL"
    (site / "admin/deep/Main.py").write_text(code)
    (site / "admin/deep/Out.py").write_text("from ....secret import KEY")
    (tmp_path / "secret.py").write_text("KEY = 1")
    folders = ModuleFolders(str(site))

    def load(name):
        modules = folders.of(str(site / "admin/deep"))
        modules.refresh()
        return modules.import_file(name)

    main = load("Main")
    assert (main.BASE, main.NAME, main.Site.NAME, main.TOOL) == ("base", "site", "site", "tool")
    assert load("Main") is main
    (site / "admin/Base.py").write_text("from ..Site import NAME\nBASE = 'changed'")
    os.utime(site / "admin/Base.py", (1, 1))
    assert load("Main").BASE == "changed"
    (site / "Site.py").write_text("NAME = 'new'")
    os.utime(site / "Site.py", (1, 1))
    assert (load("Main").NAME, load("Main").BASE) == ("new", "changed")
    with pytest.raises(ImportError, match="beyond top-level package"):
        load("Out")
    with pytest.raises(ImportError, match="no known parent package"):
        names = {"__builtins__": folders.of(str(site / "admin")).builtins, "__name__": "__main__"}
        exec("from ..Site import NAME", {**names, "__package__": ""})


def test_importlib_finds_the_modules_beside_its_caller(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name / "plugins").mkdir(parents=True)
        (tmp_path / name / "plugins/extra.py").write_text(f"NAME = {name!r}")
        (tmp_path / name / "beside.py").write_text(
            "import importlib\nload = lambda: importlib.import_module('plugins.extra')"
        )
        code = "import importlib, plugins.extra\nfrom importlib import import_module as load\n"
        code += "found = importlib.import_module('plugins.extra')\n"
        code += "beside = load('beside').load()\nposix = load('os.path')\n"
        folders = ModuleFolders(str(tmp_path / name))
        names = {"__builtins__": folders.of(folders.root).refresh()}
        exec(code, names)
        assert names["found"].NAME == name
        assert names["found"] is names["beside"] is names["plugins"].extra
        assert names["posix"] is os.path
        with pytest.raises(ModuleNotFoundError, match="nowhere"):
            exec("load('nowhere')", names)
