"""What `Http.Config` says, and what becomes of it."""

from __future__ import annotations

from types import ModuleType
from typing import Any, Callable, Final, NamedTuple, Union

from taipan.scripts.pyisapie.headers import Fields, parse_headers

#: Of the interface, which is that of the trunk of PyISAPIe.
VERSION: Final = (1, 1, 0)
REVISION: Final = 198
VERSION_TEXT: Final = ".".join(map(str, VERSION))
VERSION_FULL: Final = f"{VERSION_TEXT}.{REVISION}"

_LEAST_BUFFER, _MOST_BUFFER = 64, 131072

InterpreterMap = Union[str, Callable[..., Any], None]

#: Names and values of `Http.Config` before a site changes them.
DEFAULTS: Final[dict[str, Any]] = {
    "Debug": False,
    "InterpreterMap": None,
    "BufferSize": _MOST_BUFFER,
    "KeepAlive": True,
    "DefaultHeaders": ("Content-Type: text/html; charset=utf-8",),
    "StaticHeaders": (f"X-Powered-By: PyISAPIe-{VERSION_FULL}",),
}


class SiteConfig(NamedTuple):
    """The checked configuration of an interpreter."""

    #: Bytes of output that are held; 0: none.
    buffer_size: int
    keep_alive: bool
    #: Sent if a script sets none.
    default_fields: Fields
    #: Always sent.
    static_fields: Fields
    interpreter_map: InterpreterMap


def parse_config(module: ModuleType) -> SiteConfig:
    """Checks `Http.Config`. Raises `ValueError`."""

    def value_of(name: str) -> Any:
        return getattr(module, name, DEFAULTS[name])

    size, chosen = value_of("BufferSize"), value_of("InterpreterMap")
    if size is not None and not (type(size) is int and _LEAST_BUFFER <= size <= _MOST_BUFFER):
        raise ValueError(
            f"Http.Config.BufferSize is {size!r}; it is None, or a number of bytes from"
            f" {_LEAST_BUFFER} to {_MOST_BUFFER}"
        )
    if chosen is not None and not isinstance(chosen, str) and not callable(chosen):
        raise ValueError(
            f"Http.Config.InterpreterMap is {chosen!r}; it is None, the name of a variable, or a"
            " function"
        )
    return SiteConfig(
        size or 0,
        bool(value_of("KeepAlive")),
        _parse_fields("DefaultHeaders", value_of("DefaultHeaders")),
        _parse_fields("StaticHeaders", value_of("StaticHeaders")),
        chosen,
    )


def _parse_fields(name: str, value: object) -> Fields:
    try:
        return parse_headers(value or ())
    except ValueError as error:
        raise ValueError(f"Http.Config.{name}: {error}") from None


#: Of code that runs in no interpreter yet.
USUAL: Final = parse_config(ModuleType("usual"))
