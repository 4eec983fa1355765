"""Servlets: modules with a class of their own name."""

from __future__ import annotations

import errno
import keyword
import os
from types import ModuleType

from taipan.module_names import plain_name
from taipan.scripts.folder_access import FolderAccess
from taipan.scripts.webware.servlets import Servlet


def load_servlet(folder: FolderAccess, path: str) -> type[Servlet]:
    """The class of a module, which is kept like those beside scripts.

    Raises `OSError` if the file cannot be read, `TypeError` without a servlet, and what the module
    raises.
    """
    place, file = os.path.split(path)
    name = os.path.splitext(file)[0]
    # Webware hides the first, and cannot import the others.
    if name == "__init__" or "." in name:
        raise FileNotFoundError(errno.ENOENT, "No servlet", path)
    modules = folder.modules_of(place)
    modules.refresh()
    try:
        module = modules.import_file(name)
    except ModuleNotFoundError as error:
        if plain_name(error.name or "") != name or os.path.isfile(path):
            raise
        raise FileNotFoundError(errno.ENOENT, "Not there any more", path) from None
    return _find_class(module, name, path)


def _find_class(module: ModuleType, name: str, path: str) -> type[Servlet]:
    # As Webware has it, for names that classes cannot have.
    other = name.replace("-", "_").replace(" ", "_")
    other += "_" * keyword.iskeyword(other)
    found = getattr(module, name, None) or getattr(module, other, None)
    if isinstance(found, type) and issubclass(found, Servlet):
        return found
    if found is None:
        raise TypeError(f"{path} has no class {other}, which a servlet of Webware has")
    raise TypeError(
        f"{other} of {path} is no servlet; derive it from Page, as by 'from Page import Page'"
    )
