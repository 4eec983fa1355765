"""The script of every process with Python: `main.py MODULE` runs `main()` of a module of Taipan.

Embedded Python executes it as well, and children of `multiprocessing` import it again.
"""

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType
from typing import Optional

_FOLDER = os.path.dirname(os.path.abspath(__file__))


class _Loader(SourceFileLoader):
    """Writes no bytecode: the installed package stays as it is."""

    def set_data(self, path: str, data: object, *, _mode: int = 0o666) -> None:
        pass


class _Finder:
    """Finds `taipan` beside this script, so that the folder need not be on `sys.path`."""

    def find_spec(
        self,
        fullname: str,
        path: Optional[Sequence[str]] = None,
        target: Optional[ModuleType] = None,
    ) -> Optional[ModuleSpec]:
        if fullname.partition(".")[0] != "taipan":
            return None
        spec = PathFinder.find_spec(fullname, [_FOLDER] if path is None else path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Loader(fullname, spec.loader.path)
        return spec


def _remove_own_folder() -> None:
    """Takes the folder of this script, which Python puts on `sys.path`, away from applications."""
    own = {_FOLDER, os.path.realpath(_FOLDER)}
    sys.path[:] = [
        entry for entry in sys.path if os.path.abspath(entry or ".") not in own or not entry
    ]


_remove_own_folder()
sys.meta_path.insert(0, _Finder())

if __name__ == "__main__":
    if sys.version_info < (3, 9):
        sys.stderr.write("Taipan needs Python 3.9 or newer, this is %s\n" % sys.version.split()[0])
        sys.exit(5)
    import_module(sys.argv[1]).main()

elif __name__ == "__mp_main__":
    sys.meta_path.append(import_module("taipan.loader.files").FileModuleFinder())
