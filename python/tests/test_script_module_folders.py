"""The modules of all folders of a route."""

import os

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
