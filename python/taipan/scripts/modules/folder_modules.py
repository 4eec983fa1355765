"""Modules beside scripts: each folder has its own, and changed files are imported again.

A module `helper` of a folder is imported as a submodule of a package made for the folder, so that
two folders may have modules of one name, and everything is as the import system has it.
"""

from __future__ import annotations

import builtins
import functools
import hashlib
import importlib
import importlib.util
import os
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from importlib.machinery import ModuleSpec, SourceFileLoader
from types import CodeType, ModuleType
from typing import Any, Protocol

from taipan.folders import is_below
from taipan.loader import ptl
from taipan.loader.code_cache import UNSURE_NS, CodeCache
from taipan.loader.files import FileLoader
from taipan.looks import forget_looks
from taipan.module_names import PREFIX
from taipan.scripts.modules import given_modules
from taipan.scripts.modules.loaded_files import LoadedFiles
from taipan.template_facts import publish

#: In names of modules for dots of their files (U+2024).
_DOT = "\u2024"
#: Times that an import is begun again because files have changed meanwhile.
_TRIES = 10
MODULE_EXTENSIONS = (".py", ptl.EXTENSION)
_SOURCE_LOADERS = (SourceFileLoader, ptl.PtlLoader)
_import: Any = builtins.__import__
_builtins = vars(builtins)


class GivesModules(Protocol):
    """Has the modules of each folder of a route."""

    @property
    def root(self) -> str:
        """Absolute path of the folder whose modules are found in all."""

    def of(self, folder: str) -> FolderModules:
        """The modules of a folder, given by its absolute path."""


class FolderModules:
    """The modules of one folder; those of `root` are found, too."""

    def __init__(
        self,
        folder: str,
        code: CodeCache,
        root: FolderModules | None = None,
        given: Mapping[str, Any] | None = None,
        *,
        reloads: bool = True,
        folders: GivesModules | None = None,
        variant: str = "",
    ) -> None:
        """`reloads`: when files change. The modules of a folder exist once for each `variant`."""
        place = f"{folder}\0{variant}" if variant else folder
        digest = hashlib.sha256(os.fsencode(place)).hexdigest()[:12]
        self._package = f"{PREFIX}{digest}"
        #: Absolute path.
        self.folder = folder
        self._code = code
        self._root = root
        #: Builtins besides those of Python; by default those of `root`.
        self._given: Mapping[str, Any] = given or (root._given if root is not None else {})
        self._loaded = _finder.files.setdefault(self._package, LoadedFiles())
        #: Folders that modules may have imported some of, with their generations. A dict is not
        #: added to, since threads go through it.
        self._sources: dict[FolderModules, int] = {} if root is None else {root: root.generation}
        self._reloads = reloads
        #: Those of the route; None: there are no others.
        self.folders = folders
        #: Those of files, with the turn of their import.
        self._imported: dict[str, tuple[int, ModuleType]] = {}
        self._names: frozenset[str] = frozenset()
        self._listed = 0
        #: Builtins of all code in the folder.
        self.builtins: dict[str, Any] = {}
        self._builtins_size = 0
        #: Of the folders that processes with one request publish.
        self.topic: str = f"folders of {folder}" if root is None else root.topic

    def refresh(self) -> dict[str, Any]:
        """Forgets modules whose files have changed; gives the builtins for code that runs now."""
        loaded = self._loaded
        stale = bool(loaded.stamps) and self._reloads and loaded.have_changed()
        if self._sources:
            stale = self._refresh_sources() or stale
        if stale:
            self._forget()
        if self._builtins_size != len(_builtins):
            self._builtins_size = len(_builtins)
            self.builtins.update(_builtins)
            self.builtins["__import__"] = self.import_module
            self.builtins.update(self._given)
            publish(self.topic, self.folder)
        forget_looks()
        return self.builtins

    def _refresh_sources(self) -> bool:
        """Whether one of them has forgotten its modules."""
        stale = False
        sources = self._sources
        for source, generation in sources.items():
            source.refresh()
            if source.generation != generation:
                stale = True
                sources[source] = source.generation
        return stale

    def import_module(
        self,
        name: str,
        globals: Any = None,
        locals: Any = None,
        fromlist: Sequence[str] = (),
        level: int = 0,
    ) -> ModuleType:
        """`__import__` for the code of the folder."""
        top = "" if level else name.partition(".")[0]
        if top in given_modules.REPLACED_PACKAGES:
            given = given_modules.import_given(name, fromlist)
            if given is not None:
                return given
        above = self._find_above(globals, level) if level > 1 else None
        if above is not None:
            return above._import_own(name, fromlist) if name else above._import_from(fromlist)
        owner = None if level else self._find_owner(top)
        if owner is None:
            try:
                result: ModuleType = _import(name, globals, locals, fromlist, level)
                if name in given_modules.LOST_NAMES:
                    given_modules.restore_names(result)
                return result
            except ModuleNotFoundError as error:
                if level or error.name != top:
                    raise
                owner = self._find_folder(top)
                if owner is None:
                    given = given_modules.import_given(name, fromlist) or self._import_by_folder(
                        name, fromlist
                    )
                    if given is None:
                        raise
                    return given
        return owner._import_own(name, fromlist)

    def import_file(self, stem: str) -> ModuleType:
        """The module of a file in the folder. Raises `ModuleNotFoundError`, also of its imports."""
        turn, module = self._imported.get(stem, (-1, None))
        if module is None or turn != self._loaded.turn:
            turn = self._loaded.turn
            module = self._import_own(stem, ("",))
            self._imported[stem] = turn, module
        return module

    def import_dotted_file(self, stem: str) -> ModuleType:
        """Likewise, of a file such as `a.b.py`, which `import` cannot name."""
        return self._import_own(stem.replace(".", _DOT), ("",))

    def note(self, path: str) -> None:
        """Remembers the version of a file that is imported."""
        self._loaded.note(path)

    @property
    def generation(self) -> int:
        """Changes when modules are forgotten that code of the folder may have imported."""
        return self._loaded.turn

    @property
    def code(self) -> CodeCache:
        """Compiled code of all files."""
        return self._code

    def find_dotted_file(self, fullname: str, file: str) -> ModuleSpec | None:
        """The module with a full name that is in this file of the folder."""
        path = os.path.join(self.folder, file)
        loader = _ModuleLoader(fullname, path, self)
        return importlib.util.spec_from_file_location(fullname, path, loader=loader)

    def _import_own(self, name: str, fromlist: Sequence[str]) -> ModuleType:
        for _ in range(_TRIES):
            turn = self._loaded.turn
            try:
                return self._import_once(name, fromlist)
            except KeyError as error:
                # Another request has forgotten it meanwhile, and importlib misses it.
                missing = str(error.args[0]) if error.args else ""
                if turn == self._loaded.turn or not missing.startswith(self._package):
                    raise
        return self._import_once(name, fromlist)

    def _import_once(self, name: str, fromlist: Sequence[str]) -> ModuleType:
        package = self.package
        module = importlib.import_module(f"{package}.{name}")
        if not fromlist:
            return sys.modules[f"{package}.{name.partition('.')[0]}"]
        for one in _names_of(module, fromlist):
            # Submodules that are named after `from` are imported, too.
            if one and not hasattr(module, one) and hasattr(module, "__path__"):
                try:
                    importlib.import_module(f"{module.__name__}.{one}")
                except ModuleNotFoundError as error:
                    if error.name != f"{module.__name__}.{one}":
                        raise
        return module

    @property
    def package(self) -> str:
        """Name of the package that the modules belong to, for relative imports."""
        if self._package not in sys.modules:
            package = ModuleType(self._package)
            package.__path__ = [self.folder]
            sys.modules[self._package] = package
            _finder.folders[self._package] = self
        return self._package

    def close(self) -> None:
        """Forgets all modules; for folders that nothing is imported from any more."""
        self._forget()
        sys.modules.pop(self._package, None)
        _finder.folders.pop(self._package, None)
        _finder.files.pop(self._package, None)

    def _import_by_folder(self, name: str, fromlist: Sequence[str]) -> ModuleType | None:
        """What has the name of the route's folder in front, as contexts of Webware have it."""
        root = self if self._root is None else self._root
        top, _, rest = name.partition(".")
        if top != os.path.basename(root.folder):
            return None
        if rest and not root._has(rest):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name) from None
        # It is None for `import a.b as c`.
        fromlist = fromlist or ()
        if not rest:
            return root._import_from(fromlist)
        module = root._import_own(rest, ("", *fromlist))
        return module if fromlist else sys.modules[root.package]

    def _import_from(self, fromlist: Sequence[str]) -> ModuleType:
        """The package of the folder, with modules that are named after `from`."""
        package = sys.modules[self.package]
        for one in fromlist:
            if one in self._list():
                self._import_own(one, ("",))
        return package

    def _find_above(self, names: Any, level: int) -> FolderModules | None:
        """The folder of a relative import that leads out of this one; None if none does.

        Contexts of Webware are packages, and so are the folders in them.
        """
        package = str((names or {}).get("__package__") or "")
        folder = self.folder
        for _ in range(level - 1 - package.count(".")):
            folder = os.path.dirname(folder)
        if not package or folder == self.folder or self.folders is None:
            return None
        root = self.folders.root
        if not is_below(folder, root):
            return None
        above = self.folders.of(folder)
        if above not in self._sources:
            above.refresh()
            self._sources = {**self._sources, above: above.generation}
        return above

    def _has(self, name: str) -> bool:
        first = name.partition(".")[0]
        return first in self._list() or os.path.isdir(os.path.join(self.folder, first))

    def _find_owner(self, top: str) -> FolderModules | None:
        if top in sys.builtin_module_names:
            return None
        if top in self._list():
            return self
        return None if self._root is None else self._root._find_owner(top)

    def _find_folder(self, top: str) -> FolderModules | None:
        if os.path.isdir(os.path.join(self.folder, top)):
            return self
        return None if self._root is None else self._root._find_folder(top)

    def _list(self) -> frozenset[str]:
        """Names of modules and packages in the folder, as of now."""
        changed = os.stat(self.folder).st_mtime_ns
        if changed != self._listed:
            self._names = frozenset(filter(None, map(self._module_name, os.listdir(self.folder))))
            sure = time.time_ns() - changed > UNSURE_NS
            self._listed = changed if sure else 0
            # Finders of other kinds may be here, which have the method, too.
            finder: Any = sys.path_importer_cache.get(self.folder)
            if finder is not None:
                finder.invalidate_caches()
        return self._names

    def _module_name(self, file: str) -> str:
        stem, extension = os.path.splitext(file)
        if extension in MODULE_EXTENSIONS:
            return stem
        is_package = os.path.isfile(os.path.join(self.folder, file, "__init__.py"))
        return file if is_package else ""

    def _forget(self) -> None:
        with self._loaded.lock:
            self._loaded.forget()
            self._imported.clear()
            for name in [name for name in sys.modules if name.startswith(f"{self._package}.")]:
                del sys.modules[name]


class _ModuleLoader(FileLoader):
    """Loads a module of a folder, without bytecode files."""

    def __init__(self, name: str, path: str, folder: FolderModules) -> None:
        super().__init__(name, path, folder.code)
        self._folder = folder

    def get_code(self, fullname: str) -> CodeType:
        """The code of this version of the file."""
        self._folder.note(self.path)
        return super().get_code(fullname)

    def exec_module(self, module: ModuleType) -> None:
        """Runs the file with imports from its folder."""
        module.__dict__["__builtins__"] = self._folder.builtins
        super().exec_module(module)


class _Finder:
    """Finds the modules of all folders."""

    def __init__(self) -> None:
        self.folders: dict[str, FolderModules] = {}
        self.files: dict[str, LoadedFiles] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module in the folder whose package the name begins with."""
        folder = self.folders.get(fullname.partition(".")[0])
        if folder is None:
            return None
        *_, name = fullname.rpartition(".")
        if _DOT in name:
            return folder.find_dotted_file(fullname, f"{name.replace(_DOT, '.')}.py")
        spec = ptl.find_module(fullname, path)
        if spec is None or type(spec.loader) not in _SOURCE_LOADERS or spec.origin is None:
            return spec
        return importlib.util.spec_from_file_location(
            fullname,
            spec.origin,
            loader=_ModuleLoader(fullname, spec.origin, folder),
            submodule_search_locations=spec.submodule_search_locations,
        )


_finder = _Finder()
sys.meta_path.insert(0, _finder)


def modules_of_code(names: Mapping[str, Any]) -> FolderModules | None:
    """The modules beside code with these globals; None if it is not that of a folder."""
    own = names.get("__builtins__")
    finds = own.get("__import__") if isinstance(own, dict) else None
    modules = getattr(finds, "__self__", None)
    return modules if isinstance(modules, FolderModules) else None


_import_module = importlib.import_module


@functools.wraps(_import_module)
def _import_for_caller(name: str, package: str | None = None) -> ModuleType:
    modules = modules_of_code(sys._getframe(1).f_globals)
    if modules is None or name.startswith("."):
        return _import_module(name, package)
    # A name that every module has, so that the last one of a dotted path is given.
    return modules.import_module(name, fromlist=("__name__",))


importlib.import_module = _import_for_caller


def _names_of(module: ModuleType, fromlist: Sequence[str]) -> Iterable[str]:
    """What is imported of a module; for `*` what its `__all__` names, submodules included."""
    return getattr(module, "__all__", ()) if "*" in fromlist else fromlist
