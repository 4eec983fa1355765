"""What lies near an application: modules of its project, and virtual environments."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator

#: What marks the root of a project, as in `src/backends/discover/project-folders.ts`.
ROOT_MARKS = (
    "pyproject.toml",
    "setup.py",
    "manage.py",
    "requirements.txt",
    "uv.lock",
    "Pipfile",
    ".git",
)
_ENVIRONMENTS = (".venv", "venv", "env", ".env")
_PASSED_OVER = {"node_modules", "__pycache__", "site-packages"}
_MOST_FOLDERS = 1000


def find_module_folders(name: str, start: str = "") -> list[str]:
    """Folders of the project that hold a module or a package of this name, the nearest first.

    The name may be a path with packages.
    """
    found = []
    for folder in _list_folders(_start_folders(start)):
        path = os.path.join(folder, name)
        if os.path.isfile(f"{path}.py") or _has_python(path):
            found.append(folder)
    return found


def find_environments(start: str = "") -> list[str]:
    """Virtual environments beside and above the application that this Python is not of."""
    own = os.path.realpath(sys.prefix)
    found: list[str] = []
    for folder in _start_folders(start):
        for above in _list_above(folder):
            for name in _ENVIRONMENTS:
                path = os.path.join(above, name)
                if os.path.isfile(os.path.join(path, "pyvenv.cfg")):
                    if os.path.realpath(path) != own and path not in found:
                        found.append(path)
    return found


def _start_folders(start: str) -> list[str]:
    """Where the application is imported from: what stands on `sys.path` before Python's own."""
    standard = os.path.dirname(os.__file__)
    folders = [start] if start else []
    for entry in sys.path:
        if entry.startswith(os.path.dirname(standard)):
            break
        folders.append(entry)
    return list(dict.fromkeys(os.path.abspath(folder) for folder in (*folders, os.getcwd())))


def _list_folders(starts: Iterable[str]) -> Iterator[str]:
    """The folders, those above them up to the root of the project, and those two levels below."""
    seen: set[str] = set()
    roots = []
    for start in starts:
        above = _list_project(start)
        roots.append(above[-1])
        for folder in above:
            if folder not in seen:
                seen.add(folder)
                yield folder
    for root in dict.fromkeys(roots):
        for folder in _list_below(root, 2):
            if folder not in seen:
                seen.add(folder)
                yield folder
            if len(seen) >= _MOST_FOLDERS:
                return


def _list_project(folder: str) -> list[str]:
    """The folder, then its parents up to the nearest root; the folder alone outside of projects."""
    folders = []
    for above in _list_above(folder):
        folders.append(above)
        if any(os.path.exists(os.path.join(above, mark)) for mark in ROOT_MARKS):
            return folders
    return [folder]


def _list_above(folder: str) -> Iterator[str]:
    while True:
        yield folder
        parent = os.path.dirname(folder)
        if parent == folder:
            return
        folder = parent


def _list_below(folder: str, levels: int) -> Iterator[str]:
    try:
        with os.scandir(folder) as entries:
            inner = sorted(entry.path for entry in entries if _is_source_folder(entry))
    except OSError:
        return
    yield from inner
    if levels > 1:
        for path in inner:
            yield from _list_below(path, levels - 1)


def _is_source_folder(entry: os.DirEntry[str]) -> bool:
    return (
        not entry.name.startswith(".")
        and entry.name not in _PASSED_OVER
        and entry.is_dir()
        and not os.path.exists(os.path.join(entry.path, "pyvenv.cfg"))
    )


def _has_python(folder: str) -> bool:
    try:
        return any(name.endswith(".py") for name in os.listdir(folder))
    except OSError:
        return False
