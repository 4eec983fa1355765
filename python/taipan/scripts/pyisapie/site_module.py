"""The module of a site, which answers its requests."""

from __future__ import annotations

import importlib.util
import os

from taipan.loader.errors import TargetError

#: Module that a site may do without.
USUAL_MODULE = "Isapi"


def find_module(root: str, name: str) -> str | None:
    """The name that the module of a site is imported by; None: there is none, and files answer."""
    if name != USUAL_MODULE:
        return name
    # PyISAPIe has it in its package.
    names = (name, f"Http.{name}")
    return next((one for one in names if find_module_file(root, one) is not None), None)


def find_module_file(root: str, name: str) -> str | None:
    """The file of a module in the folder."""
    path = os.path.join(root, *name.split("."))
    files = (f"{path}.py", os.path.join(path, "__init__.py"))
    return next(filter(os.path.isfile, files), None)


def check_module(root: str, name: str) -> list[str]:
    """The file of the module, if it is in the folder. Raises `TargetError` if it is nowhere."""
    found = find_module(root, name)
    file = None if found is None else find_module_file(root, found)
    if file is not None:
        return [file]
    if found is not None and importlib.util.find_spec(found.partition(".")[0]) is None:
        raise TargetError(f"there is no module {found} in {root}")
    return []
