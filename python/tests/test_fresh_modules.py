"""Modules that a template takes over from its children."""

import sys
from types import ModuleType

from taipan.fresh.standard_modules import find_imported


def test_those_of_python_and_of_taipan_are_found(monkeypatch):
    known = len(sys.modules)
    for name in ("this", "taipan.some_part", "requests_of_somebody", "wave"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setattr(sys.modules["wave"], "__spec__", sys.__spec__)
    assert list(find_imported(known)) == ["taipan.some_part", "wave"]
