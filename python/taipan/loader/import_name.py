"""By which name a file is imported."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from typing import NamedTuple

from taipan.loader import ptl
from taipan.loader.files import add_to_path
from taipan.loader.importable import find_place, is_elsewhere, is_same
from taipan.loader.syntax import Imports, read_imports


class ImportName(NamedTuple):
    """A name that an import leads to the file by."""

    #: Dotted; empty when there is none, and the file has to be executed as a module of its own.
    name: str
    #: The file of another module that has the name; empty when that is not the reason.
    taken_by: str = ""


class _Place(NamedTuple):
    """A folder that imports may start from, and the packages from there down to a file."""

    root: str
    packages: tuple[str, ...]

    @property
    def first(self) -> str:
        return os.path.join(self.root, *self.packages[:1])


def find_import_name(path: str, directory: str = "") -> ImportName:
    """The name of a file, after what it needs has been put on `sys.path`.

    Imports start above the packages that the file lies in, and from `directory`, which is on
    `sys.path`. Files whose name leads elsewhere (`json.py`) or is none (`my-app.py`, `site.wsgi`)
    have no name.
    """
    folder, base = os.path.split(path)
    stem, suffix = os.path.splitext(base)
    if suffix not in (".py", ptl.EXTENSION) or not stem.isidentifier():
        add_to_path(folder)
        return ImportName("")
    importlib.invalidate_caches()
    place = _choose_place(path)
    if not place.packages:
        add_to_path(folder)
        found = find_place(stem)
        return ImportName(stem) if is_same(found, path) else _without_name(found, path)
    found = _enter_package(place, path, directory)
    if is_same(found, path):
        return ImportName(".".join([*place.packages, *([stem] if stem != "__init__" else [])]))
    add_to_path(folder)
    return _without_name(found, path)


def _without_name(found: str, path: str) -> ImportName:
    """A module beside the file, such as a package of its name, is no surprise."""
    inside = found.startswith(os.path.join(os.path.dirname(path), ""))
    is_main = os.path.basename(path) == "__main__.py"
    return ImportName("", "" if inside or is_main else found)


def find_root(folder: str) -> str:
    """The folder above all packages that a folder lies in."""
    while os.path.isfile(os.path.join(folder, "__init__.py")) and folder != os.path.dirname(folder):
        folder = os.path.dirname(folder)
    return folder


def _choose_place(path: str) -> _Place:
    """Where imports start, as the imports of the file want it; else above all of its packages.

    An `__init__.py` in a project's folder, which is no package, must do no harm.
    """
    places = list(_list_places(path))
    if len(places) == 1:
        return places[0]
    imports = read_imports(path)
    needed = 1 if os.path.basename(path) == "__init__.py" else 0
    fitting = [one for one in places if len(one.packages) >= max(imports.level, needed)]
    for place in fitting:
        if place.packages and _names_itself(place, imports):
            return place
    for place in reversed(fitting):
        if _has_neighbours(place, imports, os.path.splitext(os.path.basename(path))[0]):
            return place
    usable = [one for one in fitting if _is_free(one)]
    return (usable or fitting or places)[0]


def _list_places(path: str) -> Iterator[_Place]:
    """All that are possible, the one with the longest name first."""
    folder = os.path.dirname(path)
    root = find_root(folder)
    inside = os.path.relpath(folder, root)
    packages = [] if inside == os.curdir else inside.split(os.sep)
    for index in range(len(packages) + 1):
        yield _Place(os.path.join(root, *packages[:index]), tuple(packages[index:]))


def _names_itself(place: _Place, imports: Imports) -> bool:
    """The file imports something by the name of its own package."""
    package = place.packages[0]
    for name in (*imports.names, *imports.mentioned):
        first, _, rest = name.partition(".")
        if first == package and (
            _holds(place.first, rest.partition(".")[0])
            or (name in imports.names and not is_elsewhere(package, place.root))
        ):
            return True
    return False


def _has_neighbours(place: _Place, imports: Imports, stem: str) -> bool:
    """The file imports what lies in the folder, and nowhere else."""
    firsts = {name.partition(".")[0] for name in imports.names} - {stem, *place.packages[:1]}
    return any(
        _holds(place.root, first) and not is_elsewhere(first, place.root) for first in firsts
    )


def _is_free(place: _Place) -> bool:
    """Nothing else has the name of the package."""
    if not place.packages:
        return True
    return all(name.isidentifier() for name in place.packages) and not is_elsewhere(
        place.packages[0], place.root
    )


def _holds(folder: str, name: str) -> bool:
    """The folder has a module of the name."""
    path = os.path.join(folder, name)
    return bool(name) and (
        os.path.isfile(f"{path}.py") or os.path.isfile(os.path.join(path, "__init__.py"))
    )


def _enter_package(place: _Place, path: str, directory: str) -> str:
    """Puts the root on `sys.path`; without a change where the name leads to another file, given."""
    before = list(sys.path)
    if place.root not in sys.path:
        # What a person put first stays first, also when it lies within the package.
        inside = os.path.join(directory, "").startswith(os.path.join(place.first, ""))
        at = sys.path.index(directory) + 1 if inside and directory in sys.path else 0
        sys.path.insert(at, place.root)
    folder, base = os.path.split(path)
    if folder not in sys.path:
        sys.path.append(folder)
    found = find_place(place.packages[0])
    if is_same(found, os.path.join(place.first, "__init__.py")):
        beside = ptl.find_module(os.path.splitext(base)[0], [folder])
        found = "" if beside is None else beside.origin or ""
    if not is_same(found, path):
        sys.path[:] = before
    return found
