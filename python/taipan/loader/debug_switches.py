"""Lets frameworks show errors that they catch, with `--dev`: by the switch that each documents."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, MutableMapping
from typing import Any, Callable, Final, NamedTuple, NoReturn

from taipan.loader.django import find_active_settings
from taipan.loader.importable import find_class
from taipan.tracebacks import summarize

_DEPTH: Final = 8
#: Where wrappers of applications keep what they wrap.
_WRAPPED: Final = ("app", "application", "wsgi_app", "asgi_app", "wrapped")
_FILES: Final = (".flaskenv", ".quartenv", ".env")
_FLASK_DEBUG: Final = "FLASK_DEBUG"
_ON: Final = "1"
_OFF: Final = ("0", "false", "no", "off", "n", "f", "")


class _Variable(NamedTuple):
    """A variable that a framework reads when an application is made."""

    framework: str
    #: Imported where it is used.
    module: str
    name: str
    #: A framework that imports it, too.
    unless: str = ""


class _Attribute(NamedTuple):
    """An attribute of applications."""

    framework: str
    module: str
    #: Class of the applications in that module.
    kind: str
    #: Sets it, unless the application has set it; whether it was set.
    turn_on: Callable[[Any], bool]
    #: What it sets.
    setting: str
    #: The variable by which people turn it off; empty for none.
    variable: str = ""
    #: What is to be done then.
    turn_off: Callable[[Any], object] = lambda _application: None


def _debug_starlette(application: Any) -> bool:
    """`debug`, as long as the middleware that reads it has not been made."""
    changed = False
    base: Any = find_class("starlette.applications", "Starlette")
    for one in _list_mounted(application):
        is_fresh = getattr(one, "middleware_stack", None) is None
        if isinstance(one, base) and is_fresh and not one.debug:
            one.debug = changed = True
    return changed


def _propagate_quart(application: Any) -> bool:
    """`PROPAGATE_EXCEPTIONS`: by `debug` Quart would show a page, but no line in the log."""
    config = application.config
    if not _leave_flask_debug(application) or config.get("PROPAGATE_EXCEPTIONS") is not None:
        return False
    config["PROPAGATE_EXCEPTIONS"] = True
    return True


def _leave_flask_debug(application: Any) -> bool:
    """Quart reads the variable of Flask; whether it had."""
    config = application.config
    if not config.get("DEBUG") or os.environ.get(_FLASK_DEBUG) != _ON:
        return False
    config["DEBUG"] = False
    return True


def _let_bottle_raise(application: Any) -> bool:
    if application.catchall is not True:
        return False
    application.catchall = False
    return True


def _let_falcon_raise(application: Any) -> bool:
    """Its handler of all errors becomes one that lets them through, unless there is another."""
    handlers = application._error_handlers
    if handlers.get(Exception) != application._python_error_handler:
        return False
    is_async = isinstance(application, find_class("falcon.asgi", "App") or ())
    application.add_error_handler(Exception, _raise_async if is_async else _raise)
    return True


def _raise(_request: Any, _response: Any, error: Exception, _params: Any) -> NoReturn:
    raise error


async def _raise_async(
    _request: Any, _response: Any, error: Exception, _params: Any, **_more: Any
) -> NoReturn:
    raise error


def _debug_sanic(application: Any) -> bool:
    """The mode that `debug=True` of its own server sets."""
    state = application.state
    if state.is_debug:
        return False
    state.mode = type(state.mode).DEBUG
    return True


def _display_in_quixote(application: Any) -> bool:
    config = application.publisher.config
    if config.display_exceptions is not None:
        return False
    config.display_exceptions = True
    return True


_VARIABLES: Final = (
    _Variable("Flask", "flask", _FLASK_DEBUG, unless="quart"),
    _Variable("Litestar", "litestar", "LITESTAR_DEBUG"),
)
_ATTRIBUTES: Final = (
    _Attribute("FastAPI", "fastapi", "FastAPI", _debug_starlette, "debug = True"),
    _Attribute(
        "Starlette", "starlette.applications", "Starlette", _debug_starlette, "debug = True"
    ),
    _Attribute(
        framework="Quart",
        module="quart",
        kind="Quart",
        turn_on=_propagate_quart,
        setting="PROPAGATE_EXCEPTIONS = True",
        variable="QUART_DEBUG",
        turn_off=_leave_flask_debug,
    ),
    _Attribute("Bottle", "bottle", "Bottle", _let_bottle_raise, "catchall = False"),
    _Attribute(
        "Falcon",
        "falcon",
        "App",
        _let_falcon_raise,
        "an error handler that raises for all exceptions",
    ),
    _Attribute("Sanic", "sanic", "Sanic", _debug_sanic, "state.mode = Mode.DEBUG"),
    _Attribute("Quixote", "quixote.wsgi", "QWIP", _display_in_quixote, "display_exceptions = True"),
)


class DebugSwitches:
    """Turns on what is not set otherwise, and knows what people should be told."""

    def __init__(self, environ: MutableMapping[str, str], folder: str) -> None:
        """Sets variables for what is loaded from now on; `folder` may have files that do."""
        self._given = {**_read_files(folder), **environ}
        self._untold = [
            one for one in _VARIABLES if one.name not in environ and not self._is_off(one.name)
        ]
        for one in self._untold:
            environ[one.name] = _ON

    def turn_on(self, application: Any) -> list[str]:
        """Sets the attributes of an application; what was done, also by variables, for the log.

        Never raises: an application is served without its errors as well.
        """
        try:
            return self._turn_on(application)
        except Exception as error:
            return [f"--dev could not let errors be shown in the browser: {summarize(error)}"]

    def _turn_on(self, application: Any) -> list[str]:
        notes = [_tell(f"{one.name}={_ON}", one.framework, one.name) for one in self._list_used()]
        for inner in _unwrap(application):
            for switch in _ATTRIBUTES:
                kind = find_class(switch.module, switch.kind)
                if kind is None or not isinstance(inner, kind):
                    continue
                if self._is_off(switch.variable):
                    switch.turn_off(inner)
                elif switch.turn_on(inner):
                    notes.append(_tell(switch.setting, switch.framework, switch.variable))
        return notes + _advise_django(application)

    def _list_used(self) -> Iterator[_Variable]:
        for one in list(self._untold):
            if one.module in sys.modules and one.unless not in sys.modules:
                self._untold.remove(one)
                yield one

    def _is_off(self, variable: str) -> bool:
        return self._given.get(variable, "on").lower() in _OFF


def _advise_django(application: Any) -> list[str]:
    """Django has a page of its own, but much else depends on its switch."""
    settings = find_active_settings(application)
    if settings is None or settings.DEBUG:
        return []
    return ["errors are shown in the browser only with DEBUG = True in the settings of Django"]


def _tell(setting: str, framework: str, variable: str) -> str:
    off = f"{variable}=0 turns that off" if variable else "--reload in its place leaves that"
    return f"--dev sets {setting} of {framework}, so that errors are shown in the browser; {off}"


def _unwrap(application: Any) -> Iterator[Any]:
    """The application, and those that it wraps, as far as that can be seen."""
    for _ in range(_DEPTH):
        yield application
        # Not by getattr, because an object may have any attribute.
        known = getattr(application, "__dict__", None)
        inner = [known[name] for name in _WRAPPED if name in known] if type(known) is dict else []
        if not inner:
            return
        application = inner[0]


def _list_mounted(application: Any, depth: int = _DEPTH) -> Iterator[Any]:
    """The application, and those in its routes."""
    yield application
    routes = getattr(application, "routes", None)
    for route in routes if isinstance(routes, (list, tuple)) and depth > 0 else ():
        inner = getattr(route, "app", None)
        if inner is not None and inner is not application:
            for one in _unwrap(inner):
                yield from _list_mounted(one, depth - 1)


def _read_files(folder: str) -> dict[str, str]:
    """Variables of the files that the frameworks' own commands read."""
    values: dict[str, str] = {}
    for name in reversed(_FILES):
        try:
            with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as stream:
                text = stream.read(1024 * 1024)
        except OSError:
            continue
        for match in re.finditer(r"^\s*(?:export\s+)?(\w+)\s*=\s*(.*?)\s*$", text, re.MULTILINE):
            values[match.group(1)] = match.group(2).strip("'\"")
    return values
