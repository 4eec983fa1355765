"""A folder with an application, and what the loader makes of it."""

from __future__ import annotations

import textwrap

import pytest

from taipan.loader.code_cache import CodeCache
from taipan.loader.errors import TargetError
from taipan.loader.slot import make_slot


class Project:
    def __init__(self, folder):
        self.folder = folder
        self.cache = CodeCache()

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), "utf-8")
        return path

    def slot(self, target, **more):
        config = {"kind": "target", "name": "a", "target": target, "directory": str(self.folder)}
        return make_slot({**config, **more}, self.cache)

    def load(self, target, **more):
        return self.slot(target, **more).load()

    def call(self, target, **more):
        return self.load(target, **more).application({}, lambda status, headers: None)

    def refuse(self, target, **more):
        with pytest.raises(TargetError) as caught:
            self.load(target, **more)
        return str(caught.value)
