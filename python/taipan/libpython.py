"""Finds the shared library of this Python."""

from __future__ import annotations

import glob
import os
import sys
import sysconfig


def find_libpython() -> str | None:
    """Path of the shared library of this Python; None if there is none."""
    variable = sysconfig.get_config_var
    names = [name for name in (variable("INSTSONAME"), variable("LDLIBRARY")) if name]
    version = f"{sys.version_info[0]}.{sys.version_info[1]}{getattr(sys, 'abiflags', '')}"
    names += [f"libpython{version}.so.1.0", f"libpython{version}.so", f"libpython{version}.dylib"]
    folders = [variable("LIBDIR"), variable("LIBPL"), os.path.join(sys.base_prefix, "lib")]
    # Builds from an archive keep the library next to the folders of their prefix.
    folders.append(sys.base_prefix)
    multiarch = variable("MULTIARCH")
    if multiarch:
        folders += [os.path.join("/usr/lib", multiarch), os.path.join("/lib", multiarch)]
    for folder in folders:
        for name in names:
            path = os.path.join(folder or "", name)
            if folder and (".so" in name or ".dylib" in name) and os.path.exists(path):
                return path
    for path in glob.glob(os.path.join(sys.base_prefix, "lib", f"libpython{version}*.so*")):
        return path
    return None
