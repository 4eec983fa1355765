"""Users, names of hosts, paths, and what the server does itself."""

from __future__ import annotations

import os
import posixpath
import socket

from taipan.ns.constants import OK
from taipan.ns.retired import retire


def GetUserHome(user: str) -> str:
    """The home folder of a user. Raises `KeyError`."""
    import pwd

    return pwd.getpwnam(user).pw_dir


def GetUid(user: str) -> int:
    """The number of a user; -1 if there is none."""
    import pwd

    try:
        return pwd.getpwnam(user).pw_uid
    except KeyError:
        return -1


def GetGid(group: str) -> int:
    """The number of a group; -1 if there is none."""
    import grp

    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        return -1


def GetHostByAddr(address: str) -> str | None:
    """The name of the host with this address; None if it is not known."""
    try:
        return socket.gethostbyaddr(address)[0]
    except (OSError, UnicodeError):
        return None


def GetAddrByHost(host: str) -> str | None:
    """The address of the host with this name; None if it is not known."""
    try:
        return socket.gethostbyname(host)
    except (OSError, UnicodeError):
        return None


def PathIsAbsolute(path: str) -> bool:
    """Whether the path begins at the root."""
    return os.path.isabs(path)


def NormalizePath(path: str) -> str:
    """The path without doubled slashes, `.` and `..`, and with a slash at its beginning."""
    return posixpath.normpath(f"/{path.lstrip('/')}")


def MakePath(*parts: str) -> str:
    """The parts with slashes between."""
    return posixpath.join(*(part if at == 0 else part.lstrip("/") for at, part in enumerate(parts)))


def WaitForStartup() -> int:
    """Requests come after the start of the server."""
    return OK


Encrypt = retire("Encrypt", "crypt() has left Python; hashlib.scrypt makes hashes of passwords")
LogRoll = retire("LogRoll", "the log is the standard error of the server; logrotate rolls files")
RollFile = retire("RollFile", "logging.handlers has files that roll")
RollFileByDate = retire("RollFileByDate", "logging.handlers has files that roll")
PurgeFiles = retire("PurgeFiles", "logging.handlers has files that roll and are removed")
StopServer = retire("StopServer", "SIGTERM stops the server")
