"""Loads, keeps and reloads a configured application."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any, Callable
from urllib.parse import parse_qsl

from taipan.events import Environ
from taipan.loader.code_cache import CodeCache, Stamp
from taipan.loader.django import let_errors_be_logged
from taipan.loader.errors import LeftOut, NotLoaded, Refusal, TargetError
from taipan.loader.explain import explain_load_error, format_load_error
from taipan.loader.finding import Found
from taipan.loader.one_at_a_time import explain_one_at_a_time
from taipan.loader.open_target import open_target
from taipan.loader.source import FileSource, Source
from taipan.loader.static_files import StaticFiles, prepare_static_files
from taipan.loader.target import parse_target
from taipan.native import allocate_lock

if TYPE_CHECKING:
    from taipan.loader.debug_switches import DebugSwitches

__all__ = [
    "NotLoaded",
    "Refusal",
    "Slot",
    "make_slot",
]


class Slot:
    """An application of the configuration.

    `application` is the callable for all requests; None: call `resolve` for each request. `lock` is
    held during each request if the application allows only one at a time.
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        open_source: Callable[[], tuple[Source, str]],
        switches: DebugSwitches | None = None,
    ) -> None:
        self.name = str(config["name"])
        #: It only says who may come in to others, and is nothing to start for.
        self.guards = config["kind"] == "guard"
        #: It can be loaded at its first request, too.
        self.late = config["kind"] == "file"
        self.run_once = not config.get("cacheCallables", True)
        #: As in modjy, an application loaded for each request runs one request at a time.
        self.multithread = bool(config.get("multithread", True)) and not self.run_once
        self.lock = None if self.multithread else allocate_lock()
        self.application: Callable[..., Any] | None = None
        #: Why it cannot be served; None if it can, and before it is loaded.
        self.failure: BaseException | None = None
        #: Called when a request changes `failure`.
        self.on_change: Callable[[], None] = _ignore
        #: Has another process load what this one could not, because its file has changed: called
        #: with its version. None: the request that finds the change loads the file.
        self.ask_for_another: Callable[[str], None] | None = None
        #: Description for people.
        self.description = ""
        #: Of the callable that was found last.
        self.static_files: StaticFiles | None = None
        #: What people should know about the callable that was found last.
        self.notes: list[str] = []
        self._switches = switches
        #: `wsgi` or `asgi`; `auto` until the application has been loaded.
        self.interface = str(config.get("interface", "auto"))
        #: Keys that are equal in all environs.
        self.base: Environ = {}
        #: Environs without what differs between the requests of one connection.
        self.known: dict[bytes, Environ] = {}
        self._reload = bool(config.get("reloadOnModification", False))
        self._query_name: str | None = config.get("callableQueryName")
        #: Requests may say which callable they are for.
        self._dispatched = bool(config.get("dispatched"))
        self._expression = ""
        self._wanted = self.interface
        self._open_source = open_source
        self._source: Source | None = None
        self._loading = allocate_lock()
        self._loaded = False
        self._module: ModuleType | None = None
        #: Version of the source in the last attempt to load it.
        self._tried: Stamp | None = None
        self._callables: dict[str, Found] = {}

    @property
    def place(self) -> str:
        """The file, folder or module of the application; empty before it is loaded."""
        return "" if self._source is None else self._source.place

    def name_of(self, application: Callable[..., Any]) -> str:
        """The expression that gave a callable of this slot; else the one that was configured."""
        for found in tuple(self._callables.values()):
            if found.application is application:
                return found.expression
        return self._expression

    @property
    def notice(self) -> str:
        """What the person should know although it works; empty for nothing."""
        return "" if self._source is None else self._source.notice

    @property
    def loads_in_requests(self) -> bool:
        """Whether a request loads its file in any case."""
        return self.late or self.run_once or self._reload

    @property
    def stays(self) -> bool:
        """Whether all requests get the same callable while its file does not change."""
        return not self.run_once and self._query_name is None

    def load(self) -> Found:
        """Loads the application at the start. Raises what loading raises."""
        with self._loading:
            try:
                return self._find_configured()
            except NotLoaded:
                raise
            except BaseException as error:
                self.fail(error)
                raise

    def resolve(
        self, query: str, interface: str = "wsgi", given: str | None = None
    ) -> Callable[..., Any]:
        """The callable for a request. Raises `Refusal`, `NotLoaded`, or what loading raises.

        `interface` is how the caller will call it; `given` is the callable that Node has chosen.
        """
        chosen = self._choose(query)
        with self._loading:
            before = self.failure
            try:
                if given is not None:
                    application = self._find_given(given, interface)
                elif chosen is not None and chosen != self._expression:
                    application = self._find_chosen(chosen, interface)
                else:
                    application = self._find_configured(interface).application
            except (NotLoaded, Refusal):
                raise
            except BaseException as error:
                if not self.run_once:
                    self.fail(error)
                    self.on_change()
                raise
            if before is not None and self.failure is None:
                self.on_change()
            return application

    def describe(self) -> dict[str, object]:
        """What Node is told of it."""
        error = self.failure
        files = self.static_files
        return {
            "name": self.name,
            "interface": "" if self.interface == "auto" else self.interface,
            "found": self.description if error is None else "",
            "notes": self.notes if error is None else [],
            "staticFiles": files.location if files is not None and error is None else None,
            "failure": "" if error is None else explain_load_error(error),
            "traceback": "" if error is None else format_load_error(error),
            "leftOut": isinstance(error, LeftOut),
        }

    def fail(self, error: BaseException) -> None:
        """Marks it as failed until the version of its file changes."""
        self.failure = error
        self.application = None

    def _find_configured(self, called: str | None = None) -> Found:
        self._require_loaded()
        if self.failure is not None and not self.run_once:
            raise NotLoaded(self.failure)
        found = self._find(self._expression, called)
        if not (self.run_once or self._reload or self._query_name or self._dispatched):
            self.application = found.application
        self.description = found.description
        self.failure = None
        return found

    def _choose(self, query: str) -> str | None:
        if self._query_name is None or not query:
            return None
        pairs = parse_qsl(query, keep_blank_values=True, encoding="latin-1")
        values = [value for name, value in pairs if name == self._query_name]
        if not values:
            return None
        if len(values) > 1 or not values[0]:
            raise Refusal(400, f"give the parameter {self._query_name} once, with a name")
        if not values[0].isidentifier() or values[0].startswith("_"):
            raise Refusal(404, "there is no such application")
        return values[0]

    def _find(self, expression: str, called: str | None) -> Found:
        found = self._callables.get(expression)
        if found is None or self.run_once:
            assert self._source is not None
            found = self._source.find(self._module, expression, self._wanted)
            expected = called if self.interface == "auto" else self.interface
            if expected not in (None, found.interface):
                raise TargetError(
                    f"{found.expression} of {self.place} is an {found.interface.upper()}"
                    f" application, but was served as {str(expected).upper()}"
                )
            self.interface = found.interface
            let_errors_be_logged(found.application)
            self.notes = [] if self._switches is None else self._switches.turn_on(found.application)
            self.static_files = prepare_static_files(
                found.application, found.interface, dev=self._switches is not None
            )
            self.notes += filter(None, [self.static_files.note, self._respect(found.application)])
            found = found._replace(application=self.static_files.application)
            self._callables[expression] = found
        return found

    def _respect(self, application: Callable[..., Any]) -> str:
        """Lets one thread at a time call an application that has to be alone; says so."""
        if not self.base.get("wsgi.multithread"):
            return ""
        note = explain_one_at_a_time(application)
        if note:
            self.multithread = False
            self.lock = allocate_lock()
            self.base["wsgi.multithread"] = False
            self.known.clear()
        return note

    def _find_given(self, name: str, called: str) -> Callable[..., Any]:
        self._require_loaded()
        if self.failure is not None and not self.run_once:
            raise NotLoaded(self.failure)
        try:
            return self._find(name, called).application
        except TargetError as error:
            record = f"a request of application {self.name} was not dispatched: {error}"
            raise Refusal(500, "Internal Server Error", record) from None

    def _find_chosen(self, name: str, called: str) -> Callable[..., Any]:
        self._require_loaded()
        value = getattr(self._module, name, None)
        own = getattr(value, "__module__", None) == getattr(self._module, "__name__", "")
        if not own or not callable(value):
            raise Refusal(404, "there is no such application")
        try:
            return self._find(name, called).application
        except TargetError:
            raise Refusal(404, "there is no such application") from None

    def _require_loaded(self) -> None:
        if self._loaded and self.failure is None and not (self._reload or self.run_once):
            return
        if isinstance(self.failure, LeftOut):
            raise NotLoaded(self.failure)
        version = self._version()
        if version == self._tried and not self.run_once:
            if self._loaded:
                return
            if self.failure is not None:
                raise NotLoaded(self.failure)
        if self.failure is not None and self.ask_for_another is not None:
            self._tried = version
            self.ask_for_another(repr(version))
            raise NotLoaded(self.failure)
        if self._source is None:
            self._source, self._expression = self._open_source()
            version = self._version()
        self._loaded = False
        self._callables = {}
        self._tried = version
        self._module = self._source.load()
        self._loaded = True
        self.failure = None

    def _version(self) -> Stamp | None:
        try:
            return None if self._source is None else self._source.stamp()
        except (OSError, TargetError):
            return None


def make_slot(
    config: Mapping[str, Any], cache: CodeCache, switches: DebugSwitches | None = None
) -> Slot:
    """Makes the slot of an application as in `src/core/application.ts`. Loads nothing.

    With `switches`, as in development, errors are shown that the framework catches.
    """
    if config["kind"] == "file":
        folder = str(config["appDirectory"])
        path = os.path.normpath(os.path.join(folder, str(config["appFilename"])))
        return Slot(config, lambda: (FileSource(path, cache), str(config["callable"])), switches)

    def open_source() -> tuple[Source, str]:
        directory = str(config.get("directory") or os.getcwd())
        target = parse_target(str(config["target"]), directory, config.get("callable"))
        interface = str(config.get("interface", "auto"))
        once = bool(config.get("cacheCallables", True)) and not config.get("reloadOnModification")
        return open_target(target, directory, cache, interface, once=once), target.expression

    return Slot(config, open_source, switches)


def _ignore() -> None:
    """Does nothing."""
