"""The source that a target names."""

from __future__ import annotations

import os

from taipan.loader.code_cache import CodeCache
from taipan.loader.django import find_settings
from taipan.loader.errors import TargetError
from taipan.loader.files import add_to_path
from taipan.loader.finding import USUAL_FACTORIES, USUAL_NAMES
from taipan.loader.source import (
    FOLDER_FILES,
    DjangoSource,
    FileSource,
    ImportedFileSource,
    ModuleSource,
    Source,
)
from taipan.loader.syntax import read_bindings
from taipan.loader.target import Target


def open_target(
    target: Target, directory: str, cache: CodeCache, interface: str = "auto", once: bool = True
) -> Source:
    """The source of a parsed target. Raises `TargetError`.

    `once` says that a file is loaded for good, and not for each request or version of it.
    """
    if directory:
        add_to_path(directory)
    if target.module:
        return ModuleSource(target.module, directory)
    if not os.path.isdir(target.path):
        folder, name = os.path.split(target.path)
        if name == "manage.py" and os.path.isfile(target.path) and find_settings(target.path):
            return DjangoSource(folder, interface)
        path = target.path
    else:
        is_django = os.path.isfile(os.path.join(target.path, "manage.py"))
        found = None if is_django and not target.expression else _find_file(target)
        if found is None and is_django:
            return DjangoSource(target.path, interface)
        if found is None:
            raise TargetError(
                f"the folder {target.path} has neither manage.py nor {', '.join(FOLDER_FILES)},"
                " and is not a package; --scripts /=DIR serves the scripts and files of a folder"
            )
        path = found
    return ImportedFileSource(path, cache, directory) if once else FileSource(path, cache)


def _find_file(target: Target) -> str | None:
    """The file of a folder that is the application; that of a package when it says so."""
    package = os.path.join(target.path, "__init__.py")
    wanted = {target.expression.partition("(")[0].partition(".")[0]} - {""}
    if read_bindings(package) & (wanted or {*USUAL_NAMES, *USUAL_FACTORIES}):
        return package
    paths = [os.path.join(target.path, name) for name in FOLDER_FILES]
    return next((path for path in (*paths, package) if os.path.isfile(path)), None)
