"""What the extension itself gives; `Http` is made of it."""

from taipan.scripts.pyisapie import config
from taipan.scripts.pyisapie.interface import DisableBuffer, Env, Header, Read, Write

Version = config.VERSION_TEXT
VersionFull = config.VERSION_FULL
VersionMajor, VersionMinor, VersionRelease = config.VERSION
VersionRevision = config.REVISION

__all__ = [
    "DisableBuffer",
    "Env",
    "Header",
    "Read",
    "Version",
    "VersionFull",
    "VersionMajor",
    "VersionMinor",
    "VersionRelease",
    "VersionRevision",
    "Write",
]
