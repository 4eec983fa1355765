"""Classes of Cheetah templates, made once for each version of all that they are made of."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Sequence
from functools import lru_cache
from types import ModuleType
from typing import TYPE_CHECKING, Any, Callable, NamedTuple

from taipan.loader.code_cache import Built, FileCache, stamp_of
from taipan.loader.open_source import open_source
from taipan.loader.required import require_package
from taipan.module_names import plain_name
from taipan.native import allocate_lock
from taipan.psp.errors import PageSyntaxError
from taipan.scripts.folder_access import FolderAccess
from taipan.scripts.modules.folder_modules import MODULE_EXTENSIONS, FolderModules
from taipan.scripts.request.settings import ScriptSettings

if TYPE_CHECKING:
    from taipan.scripts.cheetah.compiler import CompiledTemplate

EXTENSION = ".tmpl"
#: Classes that are kept, and texts among them that are in no file.
_LIMIT = 4096
_TEXTS = 64


class _Known(NamedTuple):
    compiled: CompiledTemplate
    #: That of the modules which the template may have imported.
    generation: int
    module: ModuleType
    #: Templates that it has imported.
    used: dict[str, ModuleType]


class Templates:
    """Makes the classes of templates, which may extend templates and modules beside them."""

    def __init__(self, settings: ScriptSettings, folder: FolderAccess) -> None:
        self._folder = folder
        self._cache = FileCache(_compile_file, settings.cache_limit)
        self._cache.share(f"templates of {settings.mount}")
        self._lock = allocate_lock()
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._compile_text = lru_cache(_TEXTS)(_compile)

    def load(self, path: str, version: str | None = None) -> type:
        """The class of a template.

        Raises `PageSyntaxError`, `OSError`, what its code raises, and `ModuleNotFoundError`
        without CT3. `version` identifies the content of its own file; None: look.
        """
        compiled = self._cache.load(path, version)
        self._modules_of(path).refresh()
        known = self._find(path, compiled)
        if known is None:
            # The code of a template has state, so that two first requests may not run it twice.
            with self._lock:
                known = self._find(path, compiled) or self._define(path, compiled, ())
        return _class_of(known)

    def load_text(self, text: str, path: str) -> type:
        """The class of a template that is in no file, beside the file of this path."""
        compiled = self._compile_text(text.encode("utf-8", "surrogateescape"), path)
        with self._lock:
            return _class_of(self._make(path, compiled, (path,)))

    def _modules_of(self, path: str) -> FolderModules:
        return self._folder.modules_of(os.path.dirname(path))

    def _find(self, path: str, compiled: CompiledTemplate) -> _Known | None:
        known = self._known.get(path)
        if known is None or known.compiled is not compiled:
            return None
        if known.generation != self._modules_of(path).generation:
            return None
        for file, module in known.used.items():
            other = self._find_file(file)
            if other is None or other.module is not module:
                return None
        return known

    def _find_file(self, path: str) -> _Known | None:
        try:
            return self._find(path, self._cache.load(path))
        except (OSError, SyntaxError):
            return None

    def _define(self, path: str, compiled: CompiledTemplate, outer: tuple[str, ...]) -> _Known:
        known = self._make(path, compiled, (*outer, path))
        self._known.pop(path, None)
        self._known[path] = known
        if len(self._known) > _LIMIT:
            self._known.popitem(last=False)
        return known

    def _make(self, path: str, compiled: CompiledTemplate, chain: tuple[str, ...]) -> _Known:
        modules = self._modules_of(path)
        modules.refresh()
        generation = modules.generation
        used: dict[str, ModuleType] = {}
        module = ModuleType(f"{modules.package}.{compiled.name}")
        imports = self._importer(path, modules, used, chain)
        module.__dict__.update(
            __builtins__={**modules.builtins, "__import__": imports},
            __file__=path,
            __package__=modules.package,
        )
        exec(compiled.code, module.__dict__)
        _name_own(module, compiled)
        return _Known(compiled, generation, module, used)

    def _importer(
        self,
        path: str,
        modules: FolderModules,
        used: dict[str, ModuleType],
        chain: tuple[str, ...],
    ) -> Callable[..., ModuleType]:
        """`__import__` for the code of a template."""
        places = (os.path.dirname(path), self._folder.root)

        def load(file: str) -> ModuleType:
            if file in chain:
                raise PageSyntaxError(f"{os.path.basename(file)} extends itself", path, 1)
            compiled = self._cache.load(file)
            known = self._find(file, compiled) or self._define(file, compiled, chain)
            used[file] = known.module
            return known.module

        def import_module(
            name: str,
            globals: Any = None,
            locals: Any = None,
            fromlist: Sequence[str] = (),
            level: int = 0,
        ) -> ModuleType:
            file = "" if level else _find_template(name, places)
            # `#extends` makes `from name import name`.
            if file and fromlist:
                return load(file)
            try:
                return modules.import_module(name, globals, locals, fromlist, level)
            except ModuleNotFoundError as error:
                if not file or "." in name or plain_name(error.name or "") != name:
                    raise
                return load(file)

        return import_module


def _find_template(name: str, places: Sequence[str]) -> str:
    """The template of a dotted name; empty if there is none, or a module that goes first."""
    for place in places:
        stem = os.path.join(place, *name.split("."))
        inits = os.path.join(stem, "__init__.py")
        if os.path.isfile(inits) or any(os.path.isfile(stem + one) for one in MODULE_EXTENSIONS):
            return ""
        if os.path.isfile(stem + EXTENSION):
            return stem + EXTENSION
    return ""


def _name_own(module: ModuleType, compiled: CompiledTemplate) -> None:
    """Tells the class which names of its module are not for the client to give."""
    from taipan.scripts.cheetah.compiler import standard_names

    made = module.__dict__[compiled.name]
    own = (module.__dict__.keys() - standard_names()) | compiled.imports
    # Those that it extends were imported for that alone.
    own -= {compiled.name, *(one.__name__ for one in made.__mro__)}
    made.taipan_names = own_names(made) | own


def own_names(template: type) -> frozenset[str]:
    """Names that a template has imported or set in its module, and those of what it extends."""
    names: frozenset[str] = getattr(template, "taipan_names", frozenset())
    return names


def _class_of(known: _Known) -> type:
    found: type = known.module.__dict__[known.compiled.name]
    return found


def _compile_file(path: str) -> Built[CompiledTemplate]:
    with open_source(path) as stream:
        stamp = stamp_of(os.fstat(stream.fileno()))
        source = stream.read()
    return _compile(source, path), {path: stamp}


def _compile(source: bytes, path: str) -> CompiledTemplate:
    require_cheetah(path)
    from taipan.scripts.cheetah.compiler import compile_template

    return compile_template(source, path)


def require_cheetah(what: str) -> None:
    """Raises `ModuleNotFoundError` without CT3; `what` needs it."""
    require_package(
        "Cheetah.Template",
        distribution="CT3",
        reason=f"{what} needs Cheetah, which is not installed; install CT3",
    )
