"""Modules whose files change while they are imported."""

import builtins

import pytest

from taipan.loader.code_cache import CodeCache
from taipan.scripts.modules.folder_modules import FolderModules


@pytest.fixture
def modules(tmp_path, monkeypatch):
    made = FolderModules(str(tmp_path), CodeCache())

    def change(text):
        (tmp_path / "busy.py").write_text(text)
        # As the next request does it.
        made.refresh()

    monkeypatch.setattr(builtins, "change", change, raising=False)
    return made


def test_are_imported_again(modules, tmp_path):
    (tmp_path / "busy.py").write_text("change('NAME = 2')\nNAME = 1")
    (tmp_path / "outer.py").write_text("from busy import NAME")
    names = {"__builtins__": modules.refresh()}
    exec("import outer", names)
    assert names["outer"].NAME == 2


def test_may_raise_key_errors_of_their_own(modules, tmp_path):
    (tmp_path / "busy.py").write_text("change('{}[2]')\n{}[1]")
    with pytest.raises(KeyError, match="1"):
        exec("import busy", {"__builtins__": modules.refresh()})
