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
