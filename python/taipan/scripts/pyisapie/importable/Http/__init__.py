"""The package `Http` of PyISAPIe."""

from taipan.scripts.pyisapie.interface import (
    DisableBuffer,
    Env,
    Header,
    Read,
    RunWSGI,
    Version,
    VersionInfo,
    Write,
)

#: It serves requests.
Loaded = True

#: Imported by name alone, as they have always been.
_BY_NAME = (Version, VersionInfo)

# `Config` is a module of the package.
__all__ = ["Config", "DisableBuffer", "Env", "Header", "Read", "RunWSGI", "Write"]
