"""`Ns.ConfigGet...`: the option `config` of the route."""

from __future__ import annotations

from collections.abc import Mapping

from taipan.ns.set import Set
from taipan.scripts.request.current import require_request

_TRUE = ("1", "t", "true", "y", "yes", "on")
_FALSE = ("0", "f", "false", "n", "no", "off")


def ConfigGetValue(section: str, key: str) -> str | None:
    """A value; case does not matter. None if there is none."""
    found = ConfigGetSection(section)
    value: str | None = None if found is None else found.get(key)
    return value


def ConfigGetValueExact(section: str, key: str) -> str | None:
    """A value of a key in this very case."""
    found = ConfigGetSection(section)
    value: str | None = None if found is None else found.get(key, exact=True)
    return value


ConfigGet = ConfigGetValue
ConfigGetExact = ConfigGetValueExact


def ConfigGetInt(section: str, key: str) -> int | None:
    """A value that is a number; None for other values."""
    try:
        return int(ConfigGetValue(section, key) or "")
    except ValueError:
        return None


def ConfigGetBool(section: str, key: str) -> bool | None:
    """A value that is one of yes, true, on, 1, or their contraries; None for other values."""
    text = (ConfigGetValue(section, key) or "").lower()
    return True if text in _TRUE else False if text in _FALSE else None


ConfigGetValueInt = ConfigGetInt
ConfigGetValueBool = ConfigGetBool


def ConfigGetSection(section: str) -> Set | None:
    """All values of a section; None if there is none."""
    for name, values in _sections().items():
        if name.lower() == section.lower():
            return Set(name, values.items())
    return None


def ConfigGetSections() -> list[Set]:
    """All sections."""
    return [Set(name, values.items()) for name, values in _sections().items()]


def ConfigGetPath(server: str | None = None, module: str | None = None, *parts: str) -> str:
    """The name of a section: `ns/server/SERVER/module/MODULE/...`."""
    name = "ns" if server is None else f"ns/server/{server}"
    if module is not None:
        name += f"/module/{module}"
    return "/".join((name, *parts))


def _sections() -> Mapping[str, Mapping[str, str]]:
    return require_request().settings.config
