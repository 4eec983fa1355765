"""Reports whether this Python can run inside Node."""

from __future__ import annotations

import json
import os
import platform
import sys
import sysconfig

from taipan.libpython import find_libpython


def main() -> None:
    """Writes one JSON object to stdout."""
    libpython = find_libpython()
    json.dump(
        {
            "version": platform.python_version(),
            "executable": os.path.abspath(sys.executable),
            "prefix": sys.prefix,
            "libpython": libpython,
            "freeThreaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
            "utf8Mode": sys.flags.utf8_mode == 1,
            "devMode": sys.flags.dev_mode,
            "obstacle": find_obstacle(libpython),
        },
        sys.stdout,
    )


def find_obstacle(libpython: str | None) -> str | None:
    """Why this Python cannot run inside Node; None if it can."""
    if sys.implementation.name != "cpython":
        return f"{platform.python_implementation()} cannot run inside another program; use CPython"
    if libpython is None:
        return explain_missing_library()
    try:
        import ctypes
    except ImportError as error:
        return (
            f"its module ctypes cannot be imported ({error}); build it with libffi installed"
            " ('apt install libffi-dev' on Debian and Ubuntu)"
        )
    try:
        library = ctypes.CDLL(libpython)
    except OSError as error:
        return f"its shared library cannot be loaded ({error})"
    if sys.version_info >= (3, 14) and not hasattr(
        library, "PyUnstable_ThreadState_SetStackProtection"
    ):
        return "this version supports only its own stack; use a newer patch release"
    return None


def explain_missing_library() -> str:
    """How to get a shared library for this kind of installation."""
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    if os.sep + os.path.join(".pyenv", "versions") + os.sep in sys.base_prefix + os.sep:
        return (
            "it has no shared library; build it again with one:"
            " PYTHON_CONFIGURE_OPTS=--enable-shared"
            f" pyenv install --force {platform.python_version()}"
        )
    if sys.base_prefix == "/usr":
        return (
            f"it has no shared library; install the package that contains it: 'apt install"
            f" libpython{version}' on Debian and Ubuntu, 'dnf install python3-libs' on Fedora"
        )
    return (
        "it has no shared library; use one that was built with --enable-shared, such as the Python"
        f" of the system with its library package (libpython{version} on Debian and Ubuntu)"
    )
